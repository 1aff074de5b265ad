//! One look at a container: HTTP, gRPC or TCP through the fabric, or a program in its sandbox.

/// HTTP and HTTPS as probes and hooks speak them.
mod get;
/// `grpc.health.v1`, by hand.
mod grpc;
/// TLS of probes.
mod tls;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use engine::NetError;
use k8s_openapi::{
    api::core::v1::{Container, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::exec::Sandbox;
use crate::network::Fabric;
pub(crate) use get::http;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Success,
    /// A success that is worth an event.
    Warning(String),
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
    match &probe.grpc {
        Some(action) => grpc::grpc(target, action, timeout).await,
        None => Outcome::Error("missing probe handler".to_owned()),
    }
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
mod tests;
