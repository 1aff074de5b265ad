//! HTTP and HTTPS as probes and hooks speak them.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use engine::Stream;
use http::{HeaderValue, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::HTTPGetAction;

use super::{Outcome, Target, address, dial, tls};

/// As much of an answer as is read; what is longer was healthy enough to be sent.
const LONGEST: usize = 10 * 1024;
/// Redirects that are followed, as Go's client does.
const MOST_REDIRECTS: usize = 10;

/// Where one request goes.
#[derive(Clone)]
struct Place {
    tls: bool,
    to: SocketAddr,
    path: String,
}

struct Answer {
    code: u16,
    location: Option<String>,
    body: String,
}

/// A request as probes and hooks make it. Redirects are followed as long as they stay on the host.
pub(crate) async fn http(target: &Target, action: &HTTPGetAction, timeout: Duration) -> Outcome {
    let to = match address(target, action.host.as_deref(), &action.port) {
        Ok(to) => to,
        Err(error) => return Outcome::Error(error),
    };
    let path = action.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut place = Place { tls: action.scheme.as_deref() == Some("HTTPS"), to, path };
    let asked = tokio::time::timeout(timeout, ask(target, &mut place, action)).await;
    match asked {
        Ok(Ok(Answer { code, body, .. })) if (300..400).contains(&code) => {
            Outcome::Warning(format!("Probe terminated redirects, Response body: {body}"))
        }
        Ok(Ok(Answer { code, .. })) if (200..300).contains(&code) => Outcome::Success,
        Ok(Ok(Answer { code, .. })) => Outcome::Failure(format!("HTTP probe failed with statuscode: {code}")),
        Ok(Err(error)) => Outcome::Failure(format!("Get \"{}\": {error}", place.url())),
        Err(_) => Outcome::Failure(format!(
            "Get \"{}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            place.url()
        )),
    }
}

async fn ask(target: &Target, place: &mut Place, action: &HTTPGetAction) -> Result<Answer, String> {
    for _ in 0..=MOST_REDIRECTS {
        let answer = get(target, place, action).await?;
        let location = answer.location.as_deref().filter(|_| matches!(answer.code, 301 | 302 | 303 | 307 | 308));
        match location.and_then(|location| place.redirected(location)) {
            Some(next) => *place = next,
            None => return Ok(answer),
        }
    }
    Err(format!("stopped after {MOST_REDIRECTS} redirects"))
}

impl Place {
    fn url(&self) -> String {
        format!("{}://{}{}", if self.tls { "https" } else { "http" }, self.to, self.path)
    }

    /// Where `location` leads; `None` if that is another host.
    fn redirected(&self, location: &str) -> Option<Place> {
        if !location.contains("://") && !location.starts_with("//") {
            let base = self.path.split(['?', '#']).next().unwrap_or("/");
            let base = &base[..=base.rfind('/').unwrap_or(0)];
            let path = if location.starts_with('/') { location.to_owned() } else { format!("{base}{location}") };
            return Some(Place { path, ..self.clone() });
        }
        let uri: Uri = location.parse().ok()?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = uri.host()?;
        let same = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip == self.to.ip());
        let tls = uri.scheme_str().map_or(self.tls, |scheme| scheme == "https");
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        same.then(|| Place { tls, to: SocketAddr::new(self.to.ip(), port), path: path.to_owned() })
    }
}

async fn get(target: &Target, place: &Place, action: &HTTPGetAction) -> Result<Answer, String> {
    let to = place.to;
    let stream = target.fabric.connect(target.from, to).await.map_err(|error| dial(to, &error))?;
    let stream: Box<dyn Stream> = if place.tls { tls::connect(stream, to.ip()).await? } else { stream };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let headers = action.http_headers.as_deref().unwrap_or_default();
    let mut request = http::Request::get(&place.path).header(header::CONNECTION, HeaderValue::from_static("close"));
    for (name, usual) in [("host", to.to_string()), ("user-agent", "kube-probe/1.35".into()), ("accept", "*/*".into())] {
        if !headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
            request = request.header(name, usual);
        }
    }
    for header in headers {
        // an empty value means: without that header
        if !header.value.is_empty() {
            request = request.header(&header.name, &header.value);
        }
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let code = response.status().as_u16();
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // read, so that the guest is not cut off in the middle of its answer; a body too long or broken changes nothing
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
        Ok(Answer { code, location, body })
    };
    let answer = std::pin::pin!(answer);
    let connection = std::pin::pin!(connection);
    match futures::future::select(answer, connection).await {
        futures::future::Either::Left((answer, _)) => answer,
        // the connection ended first: the answer is there, or never comes
        futures::future::Either::Right((_, answer)) => answer.await,
    }
}
