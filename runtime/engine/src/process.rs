//! Commands and core modules: run to the exit.
use crate::{
    Exit,
    host::Sandbox,
    module::{Linked, Pre},
    trap,
};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) async fn run(linked: Linked, sandbox: Arc<Sandbox>, kill: CancellationToken, exit: watch::Sender<Option<Exit>>) {
    // a killed guest is dropped at the end of the statement, before anybody hears of its exit
    let ended = tokio::select! {
        biased;
        () = kill.cancelled() => Exit::killed(),
        result = attempt(&linked, &sandbox) => result.unwrap_or_else(|error| trap::exit_of(&error)),
    };
    exit.send_replace(Some(ended));
}

/// In the pool, or beside it when it is full.
async fn attempt(linked: &Linked, sandbox: &Sandbox) -> Result<Exit, wasmtime::Error> {
    if let Some(pooled) = &linked.pooled {
        match start(pooled, sandbox).await {
            Err(full) if full.is::<wasmtime::PoolConcurrencyLimitError>() => {}
            ended => return ended,
        }
    }
    start(&linked.on_demand, sandbox).await
}

async fn start(pre: &Pre, sandbox: &Sandbox) -> Result<Exit, wasmtime::Error> {
    match pre {
        Pre::Command(pre) => {
            let mut store = sandbox.store(pre.engine())?;
            let command = pre.instantiate_async(&mut store).await?;
            let result = command.wasi_cli_run().call_run(&mut store).await?;
            Ok(Exit::code(if result.is_ok() { 0 } else { 1 }))
        }
        Pre::Core(pre) => {
            let mut store = sandbox.core_store(pre.module().engine())?;
            let instance = pre.instantiate_async(&mut store).await?;
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
            start.call_async(&mut store, ()).await?;
            Ok(Exit::code(0))
        }
        Pre::Handler(_) => Err(wasmtime::format_err!("a request handler does not run by itself")),
    }
}
