//! Low-priority threads that turn wasm into machine code.
use crate::GuestKind;
use bytes::Bytes;
use tokio::sync::oneshot;

/// Below everything that serves: a large guest compiles for seconds.
const NICENESS: i32 = 10;

pub(crate) struct Compiler {
    /// wasmtime compiles functions in parallel on the rayon pool that it is called in, hence a pool of our own.
    pool: rayon::ThreadPool,
}

impl Compiler {
    pub(crate) fn new(threads: usize) -> Result<Compiler, rayon::ThreadPoolBuildError> {
        let lower_priority = |_| {
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "compiling at normal priority");
            }
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("compile-{n}"))
            .start_handler(lower_priority)
            .build()?;
        Ok(Compiler { pool })
    }

    pub(crate) async fn compile(
        &self,
        engine: &wasmtime::Engine,
        kind: GuestKind,
        wasm: Bytes,
    ) -> Result<Vec<u8>, wasmtime::Error> {
        let (send, receive) = oneshot::channel();
        let engine = engine.clone();
        self.pool.spawn(move || {
            let code = match kind {
                GuestKind::Core => engine.precompile_module(&wasm),
                GuestKind::Handler | GuestKind::Command => engine.precompile_component(&wasm),
            };
            // nobody waits any more: the code is dropped, as the caller was
            drop(send.send(code));
        });
        receive.await.unwrap_or_else(|_| Err(wasmtime::format_err!("the compiler panicked")))
    }
}
