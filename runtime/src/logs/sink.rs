//! From a guest's writes to the file: bounded, never waiting.

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use engine::Output;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{Channel, Log, file::Progress, line};

/// Bytes of a container that may wait for the disk; more is dropped and counted.
const WAITING: usize = 1024 * 1024;
/// A line longer than this is written in parts, as containerd does.
const LONGEST: usize = 16 * 1024;

/// Writes the logs of a node's containers: one task, whatever their number.
pub(crate) struct Logs {
    queue: Arc<Queue>,
    stop: CancellationToken,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Each sink is in here at most once, so this is bounded by the number of containers.
#[derive(Default)]
struct Queue {
    ready: Mutex<VecDeque<Arc<Buffer>>>,
    changed: Notify,
    /// The logs of runs that have not ended, for those who follow.
    live: Mutex<HashMap<PathBuf, Log>>,
}

/// Where one run of a container prints to. The last line is written when it is closed.
#[derive(Clone)]
pub(crate) struct Sink {
    buffer: Arc<Buffer>,
    queue: Arc<Queue>,
}

struct Buffer {
    log: Log,
    state: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    /// What was printed since the last line break; stdout, stderr.
    unfinished: [Vec<u8>; 2],
    dropped: u64,
    queued: bool,
    closed: bool,
}

/// One of a sink's two ends.
struct End {
    sink: Sink,
    channel: Channel,
}

impl Logs {
    pub(crate) fn start() -> Self {
        let (queue, stop) = (Arc::<Queue>::default(), CancellationToken::new());
        let writer = Mutex::new(Some(tokio::spawn(write(Arc::clone(&queue), stop.clone()))));
        Self { queue, stop, writer }
    }

    /// What a container that is about to start prints to.
    pub(crate) fn sink(&self, log: Log) -> Sink {
        self.queue.live.lock().insert(log.path().to_owned(), log.clone());
        let buffer = Arc::new(Buffer { log, state: Mutex::default() });
        Sink { buffer, queue: Arc::clone(&self.queue) }
    }

    /// How far the log at `path` is, if its run has not ended.
    pub(crate) fn progress(&self, path: &Path) -> Option<watch::Receiver<Progress>> {
        self.queue.live.lock().get(path).map(Log::progress)
    }

    /// Writes what waits, then ends.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the log writer failed");
        }
    }
}

impl Sink {
    pub(crate) fn output(&self, channel: Channel) -> Arc<dyn Output> {
        Arc::new(End { sink: self.clone(), channel })
    }

    /// Writes what has no line break yet; followers end when it is on disk.
    pub(crate) fn close(&self) {
        let mut state = self.buffer.state.lock();
        state.closed = true;
        for channel in [Channel::Stdout, Channel::Stderr] {
            let rest = std::mem::take(&mut state.unfinished[channel as usize]);
            if !rest.is_empty() {
                line::write(&mut state.lines, Timestamp::now(), channel, true, &rest);
            }
        }
        self.enqueue(&mut state);
    }

    fn print(&self, channel: Channel, bytes: &[u8]) {
        let mut state = self.buffer.state.lock();
        let now = Timestamp::now();
        let mut unfinished = std::mem::take(&mut state.unfinished[channel as usize]);
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let (text, whole) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            unfinished.extend_from_slice(text);
            while unfinished.len() > LONGEST {
                let rest = unfinished.split_off(LONGEST);
                state.push(now, channel, false, &unfinished);
                unfinished = rest;
            }
            if whole {
                state.push(now, channel, true, &unfinished);
                unfinished.clear();
            }
        }
        state.unfinished[channel as usize] = unfinished;
        self.enqueue(&mut state);
    }

    fn enqueue(&self, state: &mut Pending) {
        if !state.queued && (state.closed || !state.lines.is_empty()) {
            state.queued = true;
            self.queue.ready.lock().push_back(Arc::clone(&self.buffer));
            self.queue.changed.notify_one();
        }
    }
}

impl Output for End {
    fn write(&self, bytes: &[u8]) {
        self.sink.print(self.channel, bytes);
    }
}

impl Pending {
    fn push(&mut self, now: Timestamp, channel: Channel, whole: bool, text: &[u8]) {
        if self.lines.len() + text.len() > WAITING {
            self.dropped += 1;
            return;
        }
        if self.dropped > 0 {
            let note = format!("[{} lines were dropped: they were printed faster than the disk takes them]", self.dropped);
            self.dropped = 0;
            line::write(&mut self.lines, now, Channel::Stderr, true, note.as_bytes());
        }
        line::write(&mut self.lines, now, channel, whole, text);
    }
}

async fn write(queue: Arc<Queue>, stop: CancellationToken) {
    loop {
        let batch = std::mem::take(&mut *queue.ready.lock());
        if batch.is_empty() {
            tokio::select! {
                () = queue.changed.notified() => {}
                () = stop.cancelled() => return,
            }
            continue;
        }
        let flushed = Arc::clone(&queue);
        let written = tokio::task::spawn_blocking(move || batch.iter().for_each(|buffer| buffer.flush(&flushed))).await;
        if let Err(error) = written {
            tracing::error!(%error, "writing logs failed");
        }
    }
}

impl Buffer {
    fn flush(&self, queue: &Queue) {
        let (lines, closed) = {
            let mut state = self.state.lock();
            state.queued = false;
            (std::mem::take(&mut state.lines), state.closed)
        };
        if !lines.is_empty()
            && let Err(error) = self.log.append(&lines)
        {
            tracing::warn!(%error, path = %self.log.path().display(), "cannot write a container's log");
        }
        if closed {
            self.log.end();
            queue.live.lock().remove(self.log.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_of_both_ends_arrive_whole() {
        let dir = tempfile::tempdir().unwrap();
        let logs = Logs::start();
        let sink = logs.sink(Log::new(dir.path().join("0.log")));
        let (out, err) = (sink.output(Channel::Stdout), sink.output(Channel::Stderr));
        out.write(b"hel");
        err.write(b"oops\n");
        out.write(b"lo\nbye");
        sink.close();
        logs.stop().await;
        let text = std::fs::read_to_string(dir.path().join("0.log")).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(lines, ["stderr F oops", "stdout F hello", "stdout F bye"]);
        assert!(sink.buffer.log.progress().borrow().ended);
    }

    #[test]
    fn a_flood_is_cut_and_says_so() {
        let mut pending = Pending::default();
        let text = vec![b'x'; 1000];
        for _ in 0..2000 {
            pending.push(Timestamp::UNIX_EPOCH, Channel::Stdout, true, &text);
        }
        assert!(pending.lines.len() <= WAITING + 200_000 && pending.dropped > 0);
        pending.lines.clear();
        pending.push(Timestamp::UNIX_EPOCH, Channel::Stdout, true, b"after");
        assert!(String::from_utf8_lossy(&pending.lines).contains("lines were dropped"));
    }
}
