//! The guests' own threads and the clock that slices them.
//!
//! Guests never run on the control plane's threads. A guest's slice ends when the epoch advances: it yields, and goes to the back of
//! its thread's queue. The order of that queue is the one thing to replace for scheduling by weight: [`Executor::spawn`] is the only way in.
use crate::meter::Meter;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::runtime;

/// The longest a guest runs before it yields.
const SLICE: Duration = Duration::from_micros(500);
/// How many slices without a running guest pass before the clock sleeps. Below it, requests in close succession wake nobody.
const SLICES_BEFORE_SLEEP: u32 = 20;
/// Threads for file operations, which block; guests that wait for one hold none.
const FILE_THREADS: usize = 16;
/// Polls between two looks at timers. The default of 61 would be 30 ms when every poll is a whole slice.
const POLLS_PER_TIMER_CHECK: u32 = 7;

pub(crate) struct Executor {
    /// Taken when dropped.
    runtime: Option<runtime::Runtime>,
    clock: Arc<Clock>,
    ticker: Option<JoinHandle<()>>,
}

impl Executor {
    pub(crate) fn start(threads: usize, engines: Vec<wasmtime::Engine>) -> io::Result<Executor> {
        let next = AtomicUsize::new(0);
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name_fn(move || format!("guest-{}", next.fetch_add(1, Ordering::Relaxed)))
            .event_interval(POLLS_PER_TIMER_CHECK)
            .max_blocking_threads(FILE_THREADS)
            .enable_all()
            .build()?;
        let clock = Arc::new(Clock::default());
        let ticker = thread::Builder::new().name("guest-clock".to_owned()).spawn({
            let clock = clock.clone();
            move || clock.run(&engines)
        })?;
        Ok(Executor { runtime: Some(runtime), clock, ticker: Some(ticker) })
    }

    /// Runs `guest` to its end; its owner ends it by cancelling what the future waits on. `meter` is charged with its CPU time.
    pub(crate) fn spawn(&self, meter: Arc<Meter>, guest: impl Future<Output = ()> + Send + 'static) {
        let clock = self.clock.clone();
        let ticker = self.ticker.as_ref().expect("the ticker is there until drop").thread().clone();
        let runtime = self.runtime.as_ref().expect("the runtime is there until drop");
        runtime.spawn(Metered { guest: Box::pin(guest), meter, clock, ticker, pause: None });
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.clock.stopped.store(true, Ordering::SeqCst);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            if ticker.join().is_err() {
                tracing::error!("the guests' clock panicked");
            }
        }
        if let Some(runtime) = self.runtime.take() {
            // not the blocking shutdown: the last handle may be dropped on any thread, a guest's included
            runtime.shutdown_background();
        }
    }
}

/// Advances the epoch while a guest runs, and sleeps otherwise.
#[derive(Default)]
struct Clock {
    running: AtomicUsize,
    asleep: AtomicBool,
    stopped: AtomicBool,
}

impl Clock {
    fn run(&self, engines: &[wasmtime::Engine]) {
        let mut idle = 0;
        while !self.stopped.load(Ordering::SeqCst) {
            if self.running.load(Ordering::SeqCst) > 0 {
                idle = 0;
                engines.iter().for_each(wasmtime::Engine::increment_epoch);
            } else if idle == SLICES_BEFORE_SLEEP {
                idle = 0;
                self.sleep();
                continue;
            } else {
                idle += 1;
            }
            thread::sleep(SLICE);
        }
    }

    /// Says that it sleeps before it looks a last time, and a guest says that it runs before it looks whether to wake: one of them sees the other.
    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        if self.running.load(Ordering::SeqCst) == 0 && !self.stopped.load(Ordering::SeqCst) {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

/// Charges each poll of a guest to its meter.
struct Metered {
    guest: Pin<Box<dyn Future<Output = ()> + Send>>,
    meter: Arc<Meter>,
    clock: Arc<Clock>,
    ticker: thread::Thread,
    /// Until the quota allows more.
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Future for Metered {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Metered { guest, meter, clock, ticker, pause } = &mut *self;
        // again after each pause: another instance may have used up what there was
        loop {
            if let Some(waiting) = pause.as_mut() {
                if waiting.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                *pause = None;
            }
            match meter.throttled() {
                Some(until) => *pause = Some(Box::pin(tokio::time::sleep_until(until.into()))),
                None => break,
            }
        }
        clock.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running { clock, meter, since: Instant::now() };
        if clock.asleep.load(Ordering::SeqCst) {
            ticker.unpark();
        }
        guest.as_mut().poll(context)
    }
}

/// Counts a guest out also when its host code panics.
struct Running<'a> {
    clock: &'a Clock,
    meter: &'a Meter,
    since: Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.clock.running.fetch_sub(1, Ordering::SeqCst);
        self.meter.charge(self.since.elapsed());
    }
}
