//! Giving a Service its addresses and ports, and the claims that keep them its own.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::default::{needs_cluster_ip, needs_health_port, needs_node_port, unset};
use crate::{
    field::Error,
    kind::Allocator,
    kinds::read::{integer, list, text},
};

/// What the Service holds: `ip/10.43.0.9`, `port/tcp/30080`.
pub(super) fn claims(service: &Value) -> Vec<String> {
    let spec = &service["spec"];
    let addresses = list(spec, &["clusterIPs"]).iter().filter_map(Value::as_str).filter(|ip| *ip != "None");
    let ports = list(spec, &["ports"]).iter().filter(|port| !unset(&port["nodePort"]));
    let mut claims: Vec<String> = addresses.map(|ip| format!("ip/{ip}")).collect();
    claims.extend(ports.map(|port| port_claim(text(port, &["protocol"]), integer(port, &["nodePort"]))));
    if !unset(&spec["healthCheckNodePort"]) {
        claims.push(port_claim("TCP", integer(spec, &["healthCheckNodePort"])));
    }
    claims
}

fn port_claim(protocol: &str, port: i64) -> String {
    format!("port/{}/{port}", protocol.to_lowercase())
}

/// Fills in what is missing and checks what was asked for; what `old` holds stays without a check.
pub(super) fn allocate(service: &mut Value, old: Option<&Value>, allocator: &Allocator<'_>) -> Result<(), Error> {
    let held = old.map(claims).unwrap_or_default();
    let free = |claim: &str| held.iter().any(|h| h == claim) || !(allocator.taken)(claim);
    let first = service["metadata"]["namespace"] == "default" && service["metadata"]["name"] == "kubernetes";
    let spec = &mut service["spec"];
    if needs_cluster_ip(spec) {
        families(spec);
        match text(spec, &["clusterIP"]) {
            "None" => {}
            "" => give_address(spec, allocator)?,
            _ => check_addresses(spec, &free, first, allocator)?,
        }
    }
    if needs_node_port(spec) {
        node_ports(spec, &free, allocator)?;
    }
    if needs_health_port(spec) && unset(&spec["healthCheckNodePort"]) {
        let port = pick_port(&[], "TCP", allocator)
            .ok_or_else(|| Error::internal("spec.healthCheckNodePort", "failed to allocate a nodePort: range is full"))?;
        spec["healthCheckNodePort"] = port.into();
    }
    Ok(())
}

fn families(spec: &mut Value) {
    if list(spec, &["ipFamilies"]).is_empty() {
        spec["ipFamilies"] = json!(["IPv4"]);
    }
    if text(spec, &["ipFamilyPolicy"]).is_empty() {
        spec["ipFamilyPolicy"] = "SingleStack".into();
    }
}

/// The network's first address, and how many it has.
fn network(allocator: &Allocator<'_>) -> (u32, u32) {
    let (base, prefix) = allocator.service_network;
    let size = 1_u32.checked_shl(32 - u32::from(prefix)).unwrap_or(u32::MAX);
    (u32::from(base) & !(size - 1), size)
}

fn give_address(spec: &mut Value, allocator: &Allocator<'_>) -> Result<(), Error> {
    let (base, size) = network(allocator);
    // users who choose addresses themselves do so near the beginning: what is given out stays away from there
    let band = (size / 16).clamp(16, 256).min(size / 2);
    let claim = |start: u32| move |n: u32| format!("ip/{}", Ipv4Addr::from(base + start + n));
    let high = allocator.pick(size.saturating_sub(band + 1), claim(band)).map(|n| band + n);
    // the first two are the network's own and the API server's
    let offset = high.or_else(|| allocator.pick(band.saturating_sub(2), claim(2)).map(|n| 2 + n));
    let offset = offset.ok_or_else(|| Error::internal("spec.clusterIP", "failed to allocate a serviceIP: range is full"))?;
    let address = Ipv4Addr::from(base + offset).to_string();
    spec["clusterIPs"] = json!([address]);
    spec["clusterIP"] = address.into();
    Ok(())
}

fn check_addresses(spec: &Value, free: &dyn Fn(&str) -> bool, first: bool, allocator: &Allocator<'_>) -> Result<(), Error> {
    let (base, size) = network(allocator);
    let refuse = |ip: &str, why: &str| {
        let detail = format!("failed to allocate IP {ip}: {why}");
        Err(Error::invalid("spec.clusterIPs", spec["clusterIPs"].clone(), detail))
    };
    for text in list(spec, &["clusterIPs"]).iter().filter_map(Value::as_str) {
        // what is no address at all is validation's to refuse
        let Ok(ip) = text.parse::<Ipv4Addr>() else { continue };
        let offset = u32::from(ip).wrapping_sub(base);
        if offset == 0 || offset >= size - 1 {
            let range = format!("{}/{}", Ipv4Addr::from(base), allocator.service_network.1);
            let why = format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is {range}");
            return refuse(text, &why);
        }
        if !free(&format!("ip/{ip}")) || (offset == 1 && !first) {
            return refuse(text, "provided IP is already allocated");
        }
    }
    Ok(())
}

fn node_ports(spec: &mut Value, free: &dyn Fn(&str) -> bool, allocator: &Allocator<'_>) -> Result<(), Error> {
    let asked =
        |port: &Value| (text(port, &["protocol"]).to_owned(), integer(port, &["port"]), integer(port, &["nodePort"]));
    let mut ports: Vec<(String, i64, i64)> = list(spec, &["ports"]).iter().map(asked).collect();
    for (i, (protocol, _, number)) in ports.iter().enumerate().filter(|(_, port)| port.2 != 0) {
        let path = format!("spec.ports[{i}].nodePort");
        let range = &allocator.node_ports;
        if !u16::try_from(*number).is_ok_and(|n| range.contains(&n)) {
            let (start, end) = (range.start(), range.end());
            let why = format!("provided port is not in the valid range. The range of valid ports is {start}-{end}");
            return Err(Error::invalid(path, *number, why));
        }
        if !free(&port_claim(protocol, *number)) {
            return Err(Error::invalid(path, *number, "provided port is already allocated"));
        }
    }
    for i in 0..ports.len() {
        if ports[i].2 != 0 {
            continue;
        }
        let (protocol, port, _) = ports[i].clone();
        // the same port under another protocol is reached at the same number, if that is free
        let twin = ports.iter().find(|other| other.1 == port && other.0 != protocol && other.2 != 0).map(|other| other.2);
        let twin = twin.filter(|number| free(&port_claim(&protocol, *number)));
        let given = twin.or_else(|| pick_port(&ports, &protocol, allocator)).ok_or_else(|| {
            Error::internal(format!("spec.ports[{i}].nodePort"), "failed to allocate a nodePort: range is full")
        })?;
        ports[i].2 = given;
        spec["ports"][i]["nodePort"] = given.into();
    }
    Ok(())
}

/// A port that is free, and not one of `mine`, which nobody has claimed yet.
fn pick_port(mine: &[(String, i64, i64)], protocol: &str, allocator: &Allocator<'_>) -> Option<i64> {
    let start = u32::from(*allocator.node_ports.start());
    let count = u32::from(*allocator.node_ports.end()) - start + 1;
    let own = |claim: &str| mine.iter().any(|(protocol, _, number)| port_claim(protocol, *number) == claim);
    let taken = |claim: &str| own(claim) || (allocator.taken)(claim);
    let others = Allocator { taken: &taken, node_ports: allocator.node_ports.clone(), ..*allocator };
    others.pick(count, |n| port_claim(protocol, i64::from(start + n))).map(|n| i64::from(start + n))
}
