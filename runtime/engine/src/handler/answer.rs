//! The way of an answer out of an instance, and what becomes of it when the instance fails on the way.
use super::pool::plain;
use crate::{Body, BoxError};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::sync::oneshot;
use wasmtime_wasi_http::p2::{bindings::http::types::ErrorCode, body::HyperOutgoingBody};

/// How far a request has come.
#[derive(Default)]
pub(super) struct Progress {
    answered: AtomicBool,
    /// The guest failed or was stopped before its function returned.
    broken: AtomicBool,
    /// It was this request in which the guest trapped.
    trapped: AtomicBool,
}

impl Progress {
    pub(super) fn trap(&self) {
        self.trapped.store(true, Ordering::Release);
    }

    pub(super) fn trapped(&self) -> bool {
        self.trapped.load(Ordering::Acquire)
    }

    /// What the guest's answer is given to.
    pub(super) fn sender(
        self: Arc<Progress>,
        reply: oneshot::Sender<Response<Body>>,
    ) -> impl FnOnce(Result<Response<HyperOutgoingBody>, ErrorCode>) + Send + Sync + 'static {
        move |answer| {
            self.answered.store(true, Ordering::Release);
            let response = match answer {
                Ok(response) => response.map(|body| Unless { broken: self, body }.boxed_unsync()),
                Err(code) => {
                    tracing::debug!(?code, "the guest answered with an error");
                    plain(StatusCode::INTERNAL_SERVER_ERROR, "the guest answered with an error")
                }
            };
            // a client that went away needs no answer
            drop(reply.send(response));
        }
    }
}

/// Held while the guest's function runs: if it goes without [`Serving::done`], the body has not come to its end.
pub(super) struct Serving(Option<Arc<Progress>>);

impl Serving {
    pub(super) fn begin(progress: Arc<Progress>) -> Serving {
        Serving(Some(progress))
    }

    /// Whether the guest answered.
    pub(super) fn done(mut self) -> bool {
        self.0.take().is_some_and(|progress| progress.answered.load(Ordering::Acquire))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(progress) = &self.0 {
            progress.broken.store(true, Ordering::Release);
        }
    }
}

/// A body whose end counts only if the guest did not break: wasmtime-wasi-http lets one that was dropped look finished.
struct Unless {
    broken: Arc<Progress>,
    body: HyperOutgoingBody,
}

impl http_body::Body for Unless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None if self.broken.broken.load(Ordering::Acquire) => {
                Poll::Ready(Some(Err("the guest failed while answering".into())))
            }
            frame => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
