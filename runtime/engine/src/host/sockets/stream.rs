//! A connection as wasi:io streams: polled in place, without a task or a buffer per direction.
use crate::Stream;
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Handle,
    task::JoinHandle,
    time::timeout,
};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// Read at most at once; on the stack, so that a connection that waits holds nothing.
const READ: usize = 16 << 10;
/// Taken from a guest at most at once.
const WRITE: usize = 64 << 10;
/// How long bytes that a guest has written are delivered after it has gone, as a kernel would.
const LINGER: Duration = Duration::from_secs(30);

type Shared = Arc<Mutex<Box<dyn Stream>>>;

/// Both directions. Clones are the same connection: the socket keeps one to shut it down.
#[derive(Clone)]
pub(super) struct Connection {
    reading: Arc<Mutex<Reading>>,
    writing: Arc<Mutex<Writing>>,
}

struct Reading {
    stream: Shared,
    ahead: Bytes,
    state: ReadState,
}

enum ReadState {
    Open,
    Failed(io::Error),
    Closed,
}

struct Writing {
    stream: Shared,
    control: Handle,
    state: WriteState,
}

enum WriteState {
    Open,
    /// What the connection would not take at once is on its way in a task, for the guest may never ask again.
    Behind(JoinHandle<io::Result<()>>),
    Failed(io::Error),
    Closed,
}

pub(super) struct Reader(Arc<Mutex<Reading>>);
pub(super) struct Writer(Arc<Mutex<Writing>>);

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>, control: Handle) -> Connection {
        let stream = Arc::new(Mutex::new(stream));
        let reading = Reading { stream: stream.clone(), ahead: Bytes::new(), state: ReadState::Open };
        let writing = Writing { stream, control, state: WriteState::Open };
        Connection { reading: Arc::new(Mutex::new(reading)), writing: Arc::new(Mutex::new(writing)) }
    }

    pub(super) fn reader(&self) -> Reader {
        Reader(self.reading.clone())
    }

    pub(super) fn writer(&self) -> Writer {
        Writer(self.writing.clone())
    }

    pub(super) fn shut_reading(&self) {
        let mut reading = self.reading.lock();
        reading.ahead = Bytes::new();
        reading.state = ReadState::Closed;
    }

    pub(super) fn shut_writing(&self) {
        self.writing.lock().shut();
    }
}

impl Reading {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.ahead.is_empty() || !matches!(self.state, ReadState::Open) {
            return Poll::Ready(());
        }
        let mut space = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut space);
        match ready!(Pin::new(&mut *self.stream.lock()).poll_read(context, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => self.state = ReadState::Closed,
            Ok(()) => self.ahead = Bytes::copy_from_slice(buffer.filled()),
            Err(error) => self.state = ReadState::Failed(error),
        }
        Poll::Ready(())
    }

    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 && self.poll(&mut Context::from_waker(Waker::noop())).is_ready() && self.ahead.is_empty() {
            return match std::mem::replace(&mut self.state, ReadState::Closed) {
                ReadState::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
                ReadState::Open | ReadState::Closed => Err(StreamError::Closed),
            };
        }
        Ok(self.ahead.split_to(size.min(self.ahead.len())))
    }
}

impl Writing {
    /// Ready when the guest may write, or must hear that it cannot any more.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let WriteState::Behind(task) = &mut self.state {
            self.state = match ready!(Pin::new(task).poll(context)) {
                Ok(Ok(())) => WriteState::Open,
                Ok(Err(error)) => WriteState::Failed(error),
                Err(lost) => WriteState::Failed(io::Error::other(lost)),
            };
        }
        Poll::Ready(())
    }

    fn check(&mut self) -> StreamResult<usize> {
        if self.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Ok(0);
        }
        match std::mem::replace(&mut self.state, WriteState::Closed) {
            WriteState::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
            WriteState::Closed => Err(StreamError::Closed),
            open @ (WriteState::Open | WriteState::Behind(_)) => {
                self.state = open;
                Ok(WRITE)
            }
        }
    }

    fn write(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > self.check()? {
            return Err(StreamError::trap("wrote more than the stream permits"));
        }
        match write_all(&self.stream, &mut bytes, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => {
                self.state = WriteState::Closed;
                return Err(StreamError::LastOperationFailed(error.into()));
            }
            Poll::Pending => {
                let stream = self.stream.clone();
                self.behind(async move { poll_fn(|context| write_all(&stream, &mut bytes, context)).await });
            }
        }
        Ok(())
    }

    /// Says the end to the other side, after what is still on its way.
    fn shut(&mut self) {
        let before = std::mem::replace(&mut self.state, WriteState::Closed);
        let stream = self.stream.clone();
        match before {
            WriteState::Failed(_) | WriteState::Closed => {}
            WriteState::Open => self.linger(async move { shutdown(&stream).await }),
            WriteState::Behind(task) => self.linger(async move {
                task.await.map_err(io::Error::other)??;
                shutdown(&stream).await
            }),
        }
    }

    fn behind(&mut self, work: impl Future<Output = io::Result<()>> + Send + 'static) {
        self.state = WriteState::Behind(self.control.spawn(lingering(work)));
    }

    fn linger(&self, work: impl Future<Output = io::Result<()>> + Send + 'static) {
        let work = lingering(work);
        self.control.spawn(async move {
            if let Err(error) = work.await {
                tracing::debug!(%error, "connection ended before its last bytes were taken");
            }
        });
    }
}

/// Outlives the guest, but not by more than a fixed time: it holds the connection open.
async fn lingering(work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    timeout(LINGER, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn write_all(stream: &Shared, bytes: &mut Bytes, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    let mut stream = stream.lock();
    while !bytes.is_empty() {
        let written = ready!(Pin::new(&mut *stream).poll_write(context, bytes))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        drop(bytes.split_to(written));
    }
    Pin::new(&mut *stream).poll_flush(context)
}

async fn shutdown(stream: &Shared) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *stream.lock()).poll_shutdown(context)).await
}

#[async_trait::async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        poll_fn(|context| self.0.lock().poll(context)).await;
    }
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.0.lock().read(size)
    }
}

#[async_trait::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        poll_fn(|context| self.0.lock().poll(context)).await;
    }
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().write(bytes)
    }

    /// Writes are on their way by themselves.
    fn flush(&mut self) -> StreamResult<()> {
        self.0.lock().check().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.0.lock().check()
    }
}
