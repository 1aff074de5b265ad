//! HTTP/1.1 by hand, a connection for each request: a failed request is seen as it happened, and nothing tries again.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) fn get(address: &str, path: &str) -> std::io::Result<Response> {
    send(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"))
}

pub(crate) fn post_form(address: &str, path: &str, form: &str) -> std::io::Result<Response> {
    let length = form.len();
    send(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
        ),
    )
}

fn send(address: &str, request: &str) -> std::io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let broken = || std::io::Error::other(format!("not an answer: {answer:?}"));
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunk(body).ok_or_else(broken)? } else { body.to_owned() };
    Ok(Response { status, body })
}

/// The chunks' contents; `None` if the last one is missing: the answer broke off.
fn unchunk(mut rest: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix("\r\n")?;
    }
}

/// Waits until the address answers 200.
#[track_caller]
pub(crate) fn until_served(address: &str, path: &str) -> Response {
    let began = Instant::now();
    loop {
        match get(address, path) {
            Ok(response) if response.status == 200 => return response,
            other => assert!(
                began.elapsed() < super::harness::PATIENCE,
                "{address}{path} is not served: {:?}",
                other.map(|response| (response.status, response.body))
            ),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks again until `found` is content with the answer.
#[track_caller]
pub(crate) fn until(address: &str, path: &str, found: impl Fn(&Response) -> bool) {
    let began = Instant::now();
    while !get(address, path).is_ok_and(|response| found(&response)) {
        assert!(began.elapsed() < super::harness::PATIENCE, "{address}{path} never showed it");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A request every 5 ms, from when it is made until it is ended.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(usize, Vec<String>)>,
}

impl Load {
    pub(crate) fn start(address: &str, path: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (address, path, stopped) = (address.to_owned(), path.to_owned(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let (mut sent, mut failed) = (0, Vec::new());
            while !stopped.load(Ordering::Relaxed) {
                let due = Instant::now() + Duration::from_millis(5);
                sent += 1;
                match get(&address, &path) {
                    Ok(response) if response.status == 200 => {}
                    Ok(response) => failed.push(format!("request {sent}: {} {}", response.status, response.body)),
                    Err(error) => failed.push(format!("request {sent}: {error}")),
                }
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            (sent, failed)
        });
        Self { stop, thread }
    }

    /// How many requests were sent, and what went wrong with those that failed.
    pub(crate) fn end(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load ran")
    }
}
