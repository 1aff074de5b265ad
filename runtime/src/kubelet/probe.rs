//! One look at a container: HTTP or TCP through the fabric, or a program in its sandbox.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use engine::NetError;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use k8s_openapi::{
    api::core::v1::{Container, HTTPGetAction, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::exec::Sandbox;
use crate::network::Fabric;

/// As much of an answer as is read; what is longer was healthy enough to be sent.
const LONGEST: usize = 10 * 1024;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Success,
    /// Upstream's words, after `Liveness probe failed: `.
    Failure(String),
    /// The probe itself cannot be made: it says nothing of the container.
    Error(String),
}

/// Where a probe goes from and to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) fabric: Fabric,
    pub(crate) from: IpAddr,
    pub(crate) pod: IpAddr,
    /// Where the programs of probes and hooks run.
    pub(crate) sandbox: Option<Sandbox>,
}

/// `probe` as [`resolved`] left it.
pub(crate) async fn probe(target: &Target, probe: &Probe) -> Outcome {
    let timeout = Duration::from_secs(probe.timeout_seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or(1).max(1));
    if let Some(action) = &probe.http_get {
        return http(target, action, timeout).await;
    }
    if let Some(action) = &probe.tcp_socket {
        return tcp(target, action.host.as_deref(), &action.port, timeout).await;
    }
    if let Some(action) = &probe.exec {
        return exec(target, action.command.as_deref().unwrap_or_default(), timeout).await;
    }
    Outcome::Error("gRPC probes are not supported by this node".to_owned())
}

/// A program that must end with 0.
pub(crate) async fn exec(target: &Target, command: &[String], timeout: Duration) -> Outcome {
    let Some(sandbox) = &target.sandbox else { return Outcome::Error("container not running".to_owned()) };
    match tokio::time::timeout(timeout, sandbox.run(command)).await {
        Ok(Ok((exit, _))) if exit.code == 0 => Outcome::Success,
        Ok(Ok((_, printed))) => Outcome::Failure(printed),
        Ok(Err(error)) => Outcome::Error(format!("failed to exec in container: {error}")),
        Err(_) => {
            let command = command.join(" ");
            Outcome::Failure(format!("command timed out: {command:?} timed out after {}s", timeout.as_secs()))
        }
    }
}

/// A connection, nothing more.
pub(crate) async fn tcp(target: &Target, host: Option<&str>, port: &IntOrString, timeout: Duration) -> Outcome {
    let to = match address(target, host, port) {
        Ok(to) => to,
        Err(error) => return Outcome::Error(error),
    };
    match tokio::time::timeout(timeout, target.fabric.connect(target.from, to)).await {
        Ok(Ok(_)) => Outcome::Success,
        Ok(Err(error)) => Outcome::Failure(dial(to, &error)),
        Err(_) => Outcome::Failure(format!("dial tcp {to}: i/o timeout")),
    }
}

/// A request as probes and hooks make it.
pub(crate) async fn http(target: &Target, action: &HTTPGetAction, timeout: Duration) -> Outcome {
    if action.scheme.as_deref() == Some("HTTPS") {
        return Outcome::Error("HTTPS probes are not supported by this node".into());
    }
    let to = match address(target, action.host.as_deref(), &action.port) {
        Ok(to) => to,
        Err(error) => return Outcome::Error(error),
    };
    let path = action.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let url = format!("Get \"http://{to}{path}\"");
    match tokio::time::timeout(timeout, get(target, to, &path, action)).await {
        Ok(Ok(code)) if (200..400).contains(&code) => Outcome::Success,
        Ok(Ok(code)) => Outcome::Failure(format!("HTTP probe failed with statuscode: {code}")),
        Ok(Err(error)) => Outcome::Failure(format!("{url}: {error}")),
        Err(_) => {
            Outcome::Failure(format!("{url}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"))
        }
    }
}

async fn get(target: &Target, to: SocketAddr, path: &str, action: &HTTPGetAction) -> Result<u16, String> {
    let stream = target.fabric.connect(target.from, to).await.map_err(|error| dial(to, &error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let headers = action.http_headers.as_deref().unwrap_or_default();
    let mut request = http::Request::get(path).header("connection", "close");
    for (name, usual) in [("host", to.to_string()), ("user-agent", "kube-probe/1.35".into()), ("accept", "*/*".into())] {
        if !headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
            request = request.header(name, usual);
        }
    }
    for header in headers {
        request = request.header(&header.name, &header.value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let code = response.status().as_u16();
        // read, so that the guest is not cut off in the middle of its answer; a body too long or broken changes nothing
        let _ = Limited::new(response.into_body(), LONGEST).collect().await;
        Ok(code)
    };
    let answer = std::pin::pin!(answer);
    let connection = std::pin::pin!(connection);
    match futures::future::select(answer, connection).await {
        futures::future::Either::Left((answer, _)) => answer,
        // the connection ended first: the answer is there, or never comes
        futures::future::Either::Right((_, answer)) => answer.await,
    }
}

fn address(target: &Target, host: Option<&str>, port: &IntOrString) -> Result<SocketAddr, String> {
    let ip = match host.filter(|host| !host.is_empty()) {
        Some(host) => host.parse().map_err(|_| format!("host {host:?} is not an IP address"))?,
        None => target.pod,
    };
    let number = match port {
        IntOrString::Int(number) => u16::try_from(*number).ok().filter(|port| *port > 0),
        IntOrString::String(name) => return Err(format!("couldn't find port {name:?}")),
    };
    number.map(|port| SocketAddr::new(ip, port)).ok_or_else(|| format!("invalid port number: {port:?}"))
}

/// The probe with the names of ports replaced by their numbers: it is kept as long as the container runs, the container's
/// spec is not. A name nobody has stays.
pub(crate) fn resolved(container: &Container, probe: &Probe) -> Probe {
    let mut probe = probe.clone();
    if let Some(action) = &mut probe.http_get {
        action.port = resolved_port(container, &action.port);
    }
    if let Some(action) = &mut probe.tcp_socket {
        action.port = resolved_port(container, &action.port);
    }
    probe
}

/// A port's number instead of its name.
pub(crate) fn resolved_port(container: &Container, port: &IntOrString) -> IntOrString {
    let IntOrString::String(name) = port else { return port.clone() };
    let named = container.ports.iter().flatten().find(|port| port.name.as_deref() == Some(name));
    let number = named.map(|port| port.container_port).or_else(|| name.parse().ok());
    number.map_or_else(|| port.clone(), IntOrString::Int)
}

/// A refused connection in Go's words: clients and tests match on them.
fn dial(to: SocketAddr, error: &NetError) -> String {
    match error {
        NetError::TimedOut => format!("dial tcp {to}: i/o timeout"),
        other => format!("dial tcp {to}: connect: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_have_numbers_or_names() {
        let container: Container =
            serde_json::from_value(json!({ "name": "c", "ports": [{ "name": "web", "containerPort": 3000 }] })).unwrap();
        let named = |name: &str| resolved_port(&container, &IntOrString::String(name.into()));
        assert_eq!(named("web"), IntOrString::Int(3000));
        assert_eq!(named("8080"), IntOrString::Int(8080));
        assert_eq!(named("other"), IntOrString::String("other".into()));
    }

    #[test]
    fn a_port_that_is_none_is_said() {
        let target = Target { fabric: Fabric::new(), from: [127, 0, 0, 1].into(), pod: [10, 0, 0, 2].into(), sandbox: None };
        let at = |port| address(&target, None, &port);
        assert_eq!(at(IntOrString::Int(80)), Ok(SocketAddr::from(([10, 0, 0, 2], 80))));
        assert!(at(IntOrString::Int(0)).unwrap_err().starts_with("invalid port number"));
        assert_eq!(at(IntOrString::String("x".into())), Err("couldn't find port \"x\"".into()));
    }
}
