//! One instance, one request at a time.
use super::{answer::Serving, pool::Job};
use crate::{
    Body,
    host::{Sandbox, State},
    module::{Linked, Pre},
};
use http::{HeaderValue, Request, header};
use http_body_util::BodyExt;
use wasmtime::Store;
use wasmtime_wasi_http::{
    Error, WasiHttpView,
    p2::bindings::{Proxy, ProxyPre, http::types::Scheme},
};

pub(super) struct Instance {
    store: Store<State>,
    proxy: Proxy,
}

pub(super) enum Failure {
    /// The guest never saw the request, or answered nothing; it can go on.
    Request(wasmtime::Error),
    /// The instance is unusable.
    Trap(wasmtime::Error),
}

impl Instance {
    /// In the pool, or beside it when it is full.
    pub(super) async fn new(linked: &Linked, sandbox: &Sandbox) -> Result<Instance, wasmtime::Error> {
        if let Some(Pre::Handler(pooled)) = &linked.pooled {
            match Instance::from(pooled, sandbox).await {
                Err(full) if full.is::<wasmtime::PoolConcurrencyLimitError>() => {}
                made => return made,
            }
        }
        match &linked.on_demand {
            Pre::Handler(pre) => Instance::from(pre, sandbox).await,
            Pre::Command(_) | Pre::Core(_) => Err(wasmtime::format_err!("not a request handler")),
        }
    }

    async fn from(pre: &ProxyPre<State>, sandbox: &Sandbox) -> Result<Instance, wasmtime::Error> {
        let mut store = sandbox.store(pre.engine())?;
        let proxy = pre.instantiate_async(&mut store).await?;
        Ok(Instance { store, proxy })
    }

    pub(super) fn memory(&self) -> u64 {
        self.store.data().memory()
    }

    /// Ends when the guest's function does: the answer is on its way since the guest set it, its body since the guest wrote it.
    pub(super) async fn serve(&mut self, job: Job) -> Result<(), Failure> {
        let Job { request, reply, progress, .. } = job;
        let request = incoming(request);
        let send = progress.clone().sender(reply);
        let mut http = self.store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request).map_err(Failure::Request)?;
        let out = http.new_response_outparam_from_callback(send).map_err(Failure::Request)?;
        self.store.set_epoch_deadline(1);
        let serving = Serving::begin(progress.clone());
        let handler = self.proxy.wasi_http_incoming_handler();
        if let Err(error) = handler.call_handle(&mut self.store, request, out).await {
            // known before the reply goes with the instance: the container may be ending by then
            progress.trap();
            return Err(Failure::Trap(error));
        }
        match serving.done() {
            true => Ok(()),
            false => Err(Failure::Request(wasmtime::format_err!("the guest returned without an answer"))),
        }
    }
}

/// wasi:http wants an authority; HTTP/1.0 clients and probes may name none.
fn incoming(
    mut request: Request<Body>,
) -> Request<impl http_body::Body<Data = bytes::Bytes, Error = Error> + Send + 'static> {
    if request.uri().authority().is_none() && !request.headers().contains_key(header::HOST) {
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("localhost"));
    }
    request.map(|body| body.map_err(|error| Error::InternalError(Some(error.to_string()))))
}
