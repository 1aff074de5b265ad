//! Who gets the next request: an idle instance, a new one, or the queue.
use super::{
    answer::Progress,
    instance::{Failure, Instance},
};
use crate::{Body, Exit, Reason, executor::Executor, host::Sandbox, module::Linked, trap};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Instances of one guest at most.
const MAX_INSTANCES: usize = 64;
/// Requests that may wait for an instance; what comes on top is answered 503.
const MAX_WAITING: usize = 1024;
/// How long an instance is kept without work.
const IDLE: Duration = Duration::from_secs(10);
/// Traps in a row that end the container.
const STRIKES: u32 = 5;

pub(crate) struct Pool {
    executor: Arc<Executor>,
    linked: Linked,
    sandbox: Arc<Sandbox>,
    state: Mutex<State>,
    exit: watch::Sender<Option<Exit>>,
    stop: CancellationToken,
    /// Requests that came before [`Pool::drain`] and are not answered yet.
    counted: AtomicUsize,
    draining: AtomicBool,
    drained: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Warm instances, the one used last at the end: it has the warmest caches, and the others get to grow cold and go.
    idle: Vec<(u64, oneshot::Sender<Job>)>,
    next_idle: u64,
    workers: usize,
    strikes: u32,
    /// The most that one instance was seen to hold; zero before the first.
    footprint: u64,
    /// Set once: no request is taken any more, and this is told when the last worker is gone.
    ending: Option<Exit>,
}

pub(super) struct Job {
    pub(super) request: Request<Body>,
    /// Dropped unsent when the guest fails.
    pub(super) reply: oneshot::Sender<Response<Body>>,
    pub(super) progress: Arc<Progress>,
    _ticket: Option<Ticket>,
}

impl Pool {
    pub(crate) fn new(
        executor: Arc<Executor>,
        linked: Linked,
        sandbox: Arc<Sandbox>,
        exit: watch::Sender<Option<Exit>>,
    ) -> Arc<Pool> {
        Arc::new(Pool {
            executor,
            linked,
            sandbox,
            state: Mutex::default(),
            exit,
            stop: CancellationToken::new(),
            counted: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
        })
    }

    pub(crate) async fn handle(self: &Arc<Pool>, request: Request<Body>) -> Response<Body> {
        let (reply, answer) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let job = Job { request, reply, progress: progress.clone(), _ticket: Ticket::take(self) };
        if let Err(why) = self.submit(job) {
            return unavailable(why);
        }
        match answer.await {
            Ok(response) => response,
            Err(_) if self.stop.is_cancelled() && !progress.trapped() => unavailable("the container has stopped"),
            Err(_) => plain(StatusCode::BAD_GATEWAY, "the guest failed"),
        }
    }

    /// Ends all instances; the first `exit` given is the one that counts.
    pub(crate) fn end(&self, exit: Exit) {
        let mut state = self.state.lock();
        if state.ending.is_some() {
            return;
        }
        state.ending = Some(exit);
        self.stop.cancel();
        let waiting = std::mem::take(&mut state.waiting);
        state.idle.clear();
        self.tell_if_gone(&state);
        drop(state);
        drop(waiting);
    }

    pub(crate) async fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        loop {
            let changed = self.drained.notified();
            if self.counted.load(Ordering::SeqCst) == 0 {
                return;
            }
            changed.await;
        }
    }

    fn submit(self: &Arc<Pool>, mut job: Job) -> Result<(), &'static str> {
        let mut state = self.state.lock();
        if state.ending.is_some() {
            return Err("the container has stopped");
        }
        while let Some((_, worker)) = state.idle.pop() {
            match worker.send(job) {
                Ok(()) => return Ok(()),
                Err(back) => job = back, // its worker is just going
            }
        }
        if self.may_grow(&state) {
            state.workers += 1;
            drop(state);
            self.hire(job);
        } else if state.waiting.len() < MAX_WAITING {
            state.waiting.push_back(job);
        } else {
            return Err("too many requests wait");
        }
        Ok(())
    }

    /// The first instance always may: if it does not fit the memory limit, that ends the container. Others only if they fit.
    fn may_grow(&self, state: &State) -> bool {
        let fits = match self.sandbox.workload.memory_limit {
            Some(limit) => {
                let all = state.footprint.saturating_mul(state.workers as u64 + 1);
                state.footprint > 0 && all <= limit && self.sandbox.meter.fits(state.footprint)
            }
            None => true,
        };
        state.workers == 0 || (state.workers < MAX_INSTANCES && fits)
    }

    /// Spawns a worker that is counted already.
    fn hire(self: &Arc<Pool>, first: Job) {
        let worker = Worker(self.clone());
        self.executor.spawn(self.sandbox.meter.clone(), async move {
            let pool = worker.0.clone();
            tokio::select! {
                biased;
                () = pool.stop.cancelled() => {}
                () = pool.work(first) => {}
            }
            drop(worker);
        });
    }

    async fn work(self: &Arc<Pool>, first: Job) {
        let mut instance = match Instance::new(&self.linked, &self.sandbox).await {
            Ok(instance) => instance,
            Err(error) => return self.failed(&error),
        };
        self.measured(&instance);
        let mut next = Some(first);
        while let Some(job) = next {
            match instance.serve(job).await {
                Ok(()) => self.state.lock().strikes = 0,
                Err(Failure::Request(reason)) => tracing::warn!(guest = self.name(), "request failed: {reason:#}"),
                Err(Failure::Trap(error)) => return self.failed(&error),
            }
            self.measured(&instance);
            next = self.next().await;
        }
    }

    /// Learns from an instance how large they are, and then whether those who wait may have another.
    fn measured(self: &Arc<Pool>, instance: &Instance) {
        let mut state = self.state.lock();
        state.footprint = state.footprint.max(instance.memory());
        if !state.waiting.is_empty() && state.ending.is_none() && self.may_grow(&state) {
            let job = state.waiting.pop_front().expect("just seen");
            state.workers += 1;
            drop(state);
            self.hire(job);
        }
    }

    /// The next request, or none when there was nothing to do for a while.
    async fn next(&self) -> Option<Job> {
        let (sender, mut receiver) = oneshot::channel();
        let id = {
            let mut state = self.state.lock();
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state.next_idle += 1;
            let id = state.next_idle;
            state.idle.push((id, sender));
            id
        };
        if let Ok(job) = tokio::time::timeout(IDLE, &mut receiver).await {
            return job.ok();
        }
        let mut state = self.state.lock();
        match state.idle.iter().position(|(other, _)| *other == id) {
            Some(place) => {
                state.idle.remove(place);
                None
            }
            None => receiver.try_recv().ok(), // a job was handed over in the same moment
        }
    }

    fn failed(&self, error: &wasmtime::Error) {
        let exit = trap::exit_of(error);
        let strikes = {
            let mut state = self.state.lock();
            state.strikes += 1;
            state.strikes
        };
        tracing::warn!(guest = self.name(), strikes, "guest failed: {}", exit.message);
        if exit.reason == Reason::OomKilled || strikes >= STRIKES {
            self.end(match exit.reason {
                Reason::Completed => Exit { reason: Reason::Error, ..exit },
                Reason::Error | Reason::OomKilled => exit,
            });
        }
    }

    fn tell_if_gone(&self, state: &State) {
        if state.workers == 0 && state.ending.is_some() {
            self.exit.send_replace(state.ending.clone());
        }
    }

    fn name(&self) -> &str {
        &self.sandbox.workload.name
    }
}

/// Keeps the count of workers right however one ends, and replaces it when requests wait.
struct Worker(Arc<Pool>);

impl Drop for Worker {
    fn drop(&mut self) {
        let pool = &self.0;
        let mut state = pool.state.lock();
        if state.ending.is_none()
            && let Some(job) = state.waiting.pop_front()
        {
            drop(state);
            return pool.hire(job);
        }
        state.workers -= 1;
        pool.tell_if_gone(&state);
    }
}

/// A request that [`Pool::drain`] waits for.
struct Ticket(Arc<Pool>);

impl Ticket {
    fn take(pool: &Arc<Pool>) -> Option<Ticket> {
        pool.counted.fetch_add(1, Ordering::SeqCst);
        let ticket = Ticket(pool.clone());
        (!pool.draining.load(Ordering::SeqCst)).then_some(ticket)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.0.counted.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.drained.notify_waiters();
        }
    }
}

pub(crate) fn unavailable(why: &'static str) -> Response<Body> {
    plain(StatusCode::SERVICE_UNAVAILABLE, why)
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::from(text).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
