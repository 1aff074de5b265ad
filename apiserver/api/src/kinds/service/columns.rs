//! What `kubectl get services` shows.

use serde_json::Value;

use crate::{
    kind::Column,
    kinds::{
        columns::{labels, or_none},
        read::{at, integer, list, text},
    },
};

pub(super) static COLUMNS: &[Column] = &[
    Column::NAME,
    Column::text("Type", |service| text(service, &["spec", "type"]).into()),
    Column::text("Cluster-IP", |service| {
        or_none(list(service, &["spec", "clusterIPs"]).first().and_then(Value::as_str).unwrap_or_default())
    }),
    Column::text("External-IP", external),
    Column::text("Port(s)", ports),
    Column::AGE,
    Column::text("Selector", |service| labels(at(service, &["spec", "selector"]))).wide(),
];

fn external(service: &Value) -> Value {
    let given = list(service, &["spec", "externalIPs"]).iter().filter_map(Value::as_str);
    match text(service, &["spec", "type"]) {
        "ClusterIP" | "NodePort" => or_none(given.collect::<Vec<_>>().join(",")),
        "LoadBalancer" => {
            let ingress = list(service, &["status", "loadBalancer", "ingress"]).iter();
            let balanced = ingress.filter_map(|point| match (text(point, &["ip"]), text(point, &["hostname"])) {
                ("", "") => None,
                ("", name) => Some(name),
                (ip, _) => Some(ip),
            });
            let all: Vec<&str> = balanced.chain(given).collect();
            if all.is_empty() { "<pending>".into() } else { all.join(",").into() }
        }
        "ExternalName" => text(service, &["spec", "externalName"]).into(),
        _ => "<unknown>".into(),
    }
}

fn ports(service: &Value) -> Value {
    let ports = list(service, &["spec", "ports"]).iter().map(|port| {
        let protocol = text(port, &["protocol"]);
        match (integer(port, &["port"]), integer(port, &["nodePort"])) {
            (port, 0) => format!("{port}/{protocol}"),
            (port, node) => format!("{port}:{node}/{protocol}"),
        }
    });
    or_none(ports.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// pkg/printers/internalversion/printers_test.go
    #[test]
    fn rows() {
        for (spec, expected) in [
            (
                json!({"type": "ClusterIP", "clusterIPs": ["10.9.8.7"], "ports": [{"port": 80, "protocol": "TCP"}]}),
                ["ClusterIP", "10.9.8.7", "<none>", "80/TCP", "<none>"],
            ),
            (
                json!({"type": "NodePort", "clusterIPs": ["10.9.8.7"], "selector": {"b": "c", "a": "b"},
                    "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}),
                ["NodePort", "10.9.8.7", "<none>", "80:30080/TCP,53/UDP", "a=b,b=c"],
            ),
            (
                json!({"type": "ExternalName", "externalName": "my.database.example.com"}),
                ["ExternalName", "<none>", "my.database.example.com", "<none>", "<none>"],
            ),
            (
                json!({"type": "LoadBalancer", "clusterIPs": ["None"]}),
                ["LoadBalancer", "None", "<pending>", "<none>", "<none>"],
            ),
        ] {
            let service = json!({"metadata": {"name": "s"}, "spec": spec});
            let cells = |names: [&str; 5]| {
                names.map(|n| {
                    let column = COLUMNS.iter().find(|c| c.name == n).expect("listed above");
                    (column.cell)(&service)
                })
            };
            assert_eq!(cells(["Type", "Cluster-IP", "External-IP", "Port(s)", "Selector"]), expected.map(Value::from));
        }
    }
}
