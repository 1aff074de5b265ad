//! A request handler that does what its path says.
use std::io::{Read, Write};
use wasip2::{
    http::{
        outgoing_handler,
        types::{Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme},
    },
    io::streams::StreamError,
};

wasip2::http::proxy::export!(Handler);

struct Handler;

/// How many requests this instance has seen.
static mut SEEN: u32 = 0;

impl wasip2::exports::http::incoming_handler::Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        match path {
            "/echo" => echo(request, out),
            "/trap" => std::process::abort(),
            "/late-trap" => {
                let (body, mut stream) = begin(out);
                stream.write_all(b"begun").unwrap();
                std::mem::forget((body, stream));
                std::process::abort()
            }
            "/silent" => {}
            "/spin" => loop {
                std::hint::black_box(());
            },
            "/sleep" => {
                std::thread::sleep(std::time::Duration::from_millis(query.parse().unwrap()));
                answer(out, "slept")
            }
            "/allocate" => {
                let bytes = vec![1u8; query.parse().unwrap()];
                answer(out, &std::hint::black_box(bytes).len().to_string())
            }
            "/seen" => {
                // one request at a time: nothing races
                let seen = unsafe {
                    SEEN += 1;
                    SEEN
                };
                answer(out, &seen.to_string())
            }
            "/env" => {
                println!("asked for {query}");
                answer(out, &std::env::var(query).unwrap_or_default())
            }
            "/get" => answer(out, &get(query)),
            _ => answer(out, "hello"),
        }
    }
}

fn begin(out: ResponseOutparam) -> (OutgoingBody, wasip2::io::streams::OutputStream) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    (body, stream)
}

fn answer(out: ResponseOutparam, text: &str) {
    let (body, mut stream) = begin(out);
    stream.write_all(text.as_bytes()).unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

/// Chunk by chunk, so that a body larger than memory would pass.
fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let input = incoming.stream().unwrap();
    let (body, mut stream) = begin(out);
    loop {
        match input.blocking_read(16 << 10) {
            Ok(bytes) => stream.write_all(&bytes).unwrap(),
            Err(StreamError::Closed) => break,
            Err(error) => panic!("{error:?}"),
        }
    }
    drop((stream, input));
    IncomingBody::finish(incoming);
    OutgoingBody::finish(body, None).unwrap();
}

fn get(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&if scheme == "http" { Scheme::Http } else { Scheme::Https })).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(&format!("/{path}"))).unwrap();
    let future = match outgoing_handler::handle(request, None) {
        Ok(future) => future,
        Err(code) => return format!("{code:?}"),
    };
    future.subscribe().block();
    let response = match future.get().unwrap().unwrap() {
        Ok(response) => response,
        Err(code) => return format!("{code:?}"),
    };
    let body = response.consume().unwrap();
    let mut text = String::new();
    body.stream().unwrap().read_to_string(&mut text).unwrap();
    format!("{} {text}", response.status())
}
