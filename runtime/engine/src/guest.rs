//! A handle on what runs: requests in, exit and usage out.
use crate::{
    Error, Exit, Usage, Workload,
    executor::Executor,
    handler::Pool,
    host,
    meter::Meter,
    module::{Linked, Pre},
    process,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use std::sync::Arc;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// Streams either way; dropping it cancels.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// The last clone to go kills the guest.
#[derive(Clone)]
pub struct Guest(Arc<Inner>);

struct Inner {
    meter: Arc<Meter>,
    exit: watch::Receiver<Option<Exit>>,
    shape: Shape,
}

enum Shape {
    Handler(Arc<Pool>),
    Process {
        kill: CancellationToken,
        /// Keeps the threads it runs on.
        _executor: Arc<Executor>,
    },
}

impl Guest {
    pub(crate) fn start(
        executor: Arc<Executor>,
        linked: Linked,
        workload: Workload,
        control: Handle,
    ) -> Result<Guest, Error> {
        let meter = Arc::new(Meter::new(workload.memory_limit));
        let sandbox = Arc::new(host::Sandbox { workload, meter: meter.clone(), control });
        sandbox.check()?;
        let (sender, exit) = watch::channel(None);
        let shape = match linked.on_demand {
            Pre::Handler(_) => Shape::Handler(Pool::new(executor, linked, sandbox, sender)),
            Pre::Command(_) | Pre::Core(_) => {
                let kill = CancellationToken::new();
                executor.spawn(meter.clone(), process::run(linked, sandbox, kill.clone(), sender));
                Shape::Process { kill, _executor: executor }
            }
        };
        Ok(Guest(Arc::new(Inner { meter, exit, shape })))
    }

    /// Answers with what the guest says; 502 when it traps, 503 when it has ended or too many requests wait. A process answers 503.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        match &self.0.shape {
            Shape::Handler(pool) => pool.handle(request).await,
            Shape::Process { .. } => crate::handler::unavailable("not a request handler"),
        }
    }

    /// Resolves when a process has ended, a handler has trapped too often, or either was killed; nothing of it runs any more then.
    pub async fn exited(&self) -> Exit {
        let mut exit = self.0.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().expect("waited for some"),
            // the executor ended before the guest could say anything
            Err(_) => Exit::killed(),
        }
    }

    /// Resolves when the requests that are here now are answered. Later ones are still answered, but not waited for.
    pub async fn drain(&self) {
        if let Shape::Handler(pool) = &self.0.shape {
            pool.drain().await;
        }
    }

    /// Ends it at its next yield, half a millisecond away at most; [`Guest::exited`] tells when it is gone.
    pub fn kill(&self) {
        self.0.kill();
    }

    pub fn usage(&self) -> Usage {
        self.0.meter.usage()
    }
}

impl Inner {
    fn kill(&self) {
        match &self.shape {
            Shape::Handler(pool) => pool.end(Exit::killed()),
            Shape::Process { kill, .. } => kill.cancel(),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.kill();
    }
}
