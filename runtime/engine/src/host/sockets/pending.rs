//! An operation under way on the control plane's runtime, asked after by the guest without waiting.
use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tokio::{runtime::Handle, task::JoinHandle};

/// Dropping it cancels the operation.
pub(super) struct Pending<T> {
    task: JoinHandle<T>,
    done: Option<Result<T, Lost>>,
}

/// The operation's task panicked, or the runtime is being shut down.
#[derive(Debug)]
pub(super) struct Lost;

impl<T: Send + 'static> Pending<T> {
    pub(super) fn start(control: &Handle, operation: impl Future<Output = T> + Send + 'static) -> Pending<T> {
        Pending { task: control.spawn(operation), done: None }
    }

    pub(super) async fn ready(&mut self) {
        poll_fn(|context| self.poll(context)).await;
    }

    /// The result, once; none while it is under way.
    pub(super) fn take(&mut self) -> Option<Result<T, Lost>> {
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => self.done.take(),
            Poll::Pending => None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.done.is_none() {
            let result = std::task::ready!(Pin::new(&mut self.task).poll(context));
            self.done = Some(result.map_err(|_| Lost));
        }
        Poll::Ready(())
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
