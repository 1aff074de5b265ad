//! A handle on what runs: requests in, exit and usage out.
use crate::{
    Error, Exit, Mount, Program, Usage, Workload,
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
    sandbox: Arc<host::Sandbox>,
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
        let meter = Arc::new(Meter::new(workload.memory_limit, workload.cpu_quota));
        Guest::run(executor, linked, host::Sandbox { workload, meter, control })
    }

    /// A program in this guest's sandbox.
    pub(crate) fn beside(&self, executor: Arc<Executor>, linked: Linked, program: Program) -> Result<Guest, Error> {
        if matches!(linked.on_demand, Pre::Handler(_)) {
            return Err(Error::Unsupported("a request handler does not run by itself".to_owned()));
        }
        let own = &self.0.sandbox;
        let Program { args, stdout, stderr } = program;
        let workload = Workload { args, stdout, stderr, ..own.workload.clone() };
        Guest::run(executor, linked, host::Sandbox { workload, meter: own.meter.clone(), control: own.control.clone() })
    }

    fn run(executor: Arc<Executor>, linked: Linked, sandbox: host::Sandbox) -> Result<Guest, Error> {
        sandbox.check()?;
        let sandbox = Arc::new(sandbox);
        let (sender, exit) = watch::channel(None);
        let shape = match linked.on_demand {
            Pre::Handler(_) => Shape::Handler(Pool::new(executor, linked, sandbox.clone(), sender)),
            Pre::Command(_) | Pre::Core(_) => {
                let kill = CancellationToken::new();
                let run = process::run(linked, sandbox.clone(), kill.clone(), sender);
                executor.spawn(sandbox.meter.clone(), run);
                Shape::Process { kill, _executor: executor }
            }
        };
        Ok(Guest(Arc::new(Inner { sandbox, exit, shape })))
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
        self.0.sandbox.meter.usage()
    }

    /// Other limits from now on: bytes of memory, thousandths of a CPU.
    pub fn set_limits(&self, memory: Option<u64>, cpu: Option<u64>) {
        self.0.sandbox.meter.set_limits(memory, cpu);
    }

    /// The directories it was given.
    pub fn mounts(&self) -> &[Mount] {
        &self.0.sandbox.workload.mounts
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
