//! A board of posts over HTTP, kept in MySQL or in a file on a volume.

mod mysql;
mod page;
mod posts;
mod socket;

use std::io::{Read as _, Write as _};

use posts::Posts;
use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

wasip2::http::proxy::export!(Board);

/// A form larger than this is refused.
const MOST: u64 = 64 * 1024;

struct Board;

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl wasip2::exports::http::incoming_handler::Guest for Board {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let answer = answer(request);
        if answer.status >= 500 {
            eprintln!("answered {}: {}", answer.status, answer.body.trim_end());
        }
        send(answer, response);
    }
}

fn answer(request: IncomingRequest) -> Answer {
    let path = request.path_with_query().unwrap_or_default();
    match (request.method(), path.split('?').next().unwrap_or_default()) {
        (Method::Get, "/" | "/post") => list(),
        (Method::Post, "/post" | "/") => add(request),
        (Method::Get, "/health") => text(200, "ok\n"),
        (_, "/" | "/post" | "/health") => text(405, "this method is not answered here\n"),
        _ => text(404, "not found\n"),
    }
}

fn list() -> Answer {
    match Posts::from_env().and_then(|mut posts| posts.list()) {
        Ok(posts) => Answer {
            status: 200,
            headers: vec![("content-type", "text/html; charset=utf-8".into())],
            body: page::render(&posts, &pod()),
        },
        Err(error) => text(500, &format!("cannot list the posts: {error}\n")),
    }
}

fn add(request: IncomingRequest) -> Answer {
    let form = match read_form(request) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let field = |name: &str| form.iter().find(|(field, _)| field == name).map(|(_, value)| value.trim().to_owned());
    let (Some(title), Some(content)) = (field("title"), field("content")) else {
        return text(400, "the form needs the fields `title` and `content`\n");
    };
    if title.is_empty() || content.is_empty() {
        return text(400, "`title` and `content` must not be empty\n");
    }
    match Posts::from_env().and_then(|mut posts| posts.add(&title, &content)) {
        Ok(()) => Answer { status: 303, headers: vec![("location", "/post".into())], body: String::new() },
        Err(error) => text(500, &format!("cannot add the post: {error}\n")),
    }
}

fn read_form(request: IncomingRequest) -> Result<Vec<(String, String)>, Answer> {
    let broken = |_| text(400, "the request's body broke off\n");
    let body = request.consume().expect("the body is taken once");
    let stream = body.stream().expect("the stream is taken once");
    let mut bytes = Vec::new();
    stream.take(MOST + 1).read_to_end(&mut bytes).map_err(broken)?;
    if bytes.len() as u64 > MOST {
        return Err(text(413, "a post may not be larger than 64 KiB\n"));
    }
    Ok(form_urlencoded::parse(&bytes).into_owned().collect())
}

fn send(answer: Answer, response: ResponseOutparam) {
    let headers = Fields::new();
    for (name, value) in &answer.headers {
        headers.set(name, &[value.as_bytes().to_vec()]).expect("a header of our own is valid");
    }
    let outgoing = OutgoingResponse::new(headers);
    outgoing.set_status_code(answer.status).expect("a status of our own is valid");
    let sink = outgoing.body().expect("the body is taken once");
    ResponseOutparam::set(response, Ok(outgoing));
    let mut stream = sink.write().expect("the stream is taken once");
    // a client that left needs no answer
    if stream.write_all(answer.body.as_bytes()).is_ok() && stream.flush().is_ok() {
        drop(stream);
        let _ = OutgoingBody::finish(sink, None);
    }
}

fn text(status: u16, body: &str) -> Answer {
    Answer { status, headers: vec![("content-type", "text/plain; charset=utf-8".into())], body: body.to_owned() }
}

/// The pod that answers; Kubernetes gives every container its pod's name as `HOSTNAME`.
fn pod() -> String {
    std::env::var("HOSTNAME").unwrap_or_default()
}
