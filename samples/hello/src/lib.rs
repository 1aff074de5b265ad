//! Says hello over HTTP, and which pod it was that said it.

use std::io::Write as _;

use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

wasip2::http::proxy::export!(Hello);

struct Hello;

impl wasip2::exports::http::incoming_handler::Guest for Hello {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let (status, kind, body) = answer(&request);
        let headers = Fields::new();
        headers.set("content-type", &[kind.as_bytes().to_vec()]).expect("a header of our own is valid");
        let outgoing = OutgoingResponse::new(headers);
        outgoing.set_status_code(status).expect("a status of our own is valid");
        let sink = outgoing.body().expect("the body is taken once");
        ResponseOutparam::set(response, Ok(outgoing));
        let mut stream = sink.write().expect("the stream is taken once");
        // a client that left needs no answer
        if stream.write_all(body.as_bytes()).is_ok() && stream.flush().is_ok() {
            drop(stream);
            let _ = OutgoingBody::finish(sink, None);
        }
    }
}

fn answer(request: &IncomingRequest) -> (u16, &'static str, String) {
    let path = request.path_with_query().unwrap_or_default();
    match (request.method(), path.split('?').next().unwrap_or_default()) {
        (Method::Get, "/") if wants_html(request) => (200, "text/html; charset=utf-8", page()),
        (Method::Get, "/") => (200, "text/plain; charset=utf-8", format!("hello from {}\n", pod())),
        (Method::Get, "/health") => (200, "text/plain; charset=utf-8", "ok\n".into()),
        (Method::Get, _) => (404, "text/plain; charset=utf-8", "not found\n".into()),
        _ => (405, "text/plain; charset=utf-8", "only GET is answered here\n".into()),
    }
}

fn wants_html(request: &IncomingRequest) -> bool {
    let accepts = request.headers().get("accept");
    accepts.iter().any(|value| value.windows(9).any(|window| window == b"text/html"))
}

/// The manifest passes the pod's name by the downward API.
fn pod() -> String {
    std::env::var("POD_NAME").unwrap_or_else(|_| "a pod without POD_NAME".into())
}

fn page() -> String {
    let pod = pod();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>hello</title>\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;display:grid;place-content:center;min-height:90vh;text-align:center;\
         color:#12343b;background:#f4f1ea}}code{{background:#fff;padding:.1em .4em;border-radius:.3em}}</style>\
         <h1>hello</h1><p>from pod <code>{pod}</code></p><p>Reload: a Service picks a pod for each connection.</p>\n"
    )
}
