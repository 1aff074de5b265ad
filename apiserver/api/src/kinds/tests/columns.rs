//! Rows of tables, as in pkg/printers/internalversion/printers_test.go.

use super::*;

/// The cells of all columns but ages.
fn row(kind: &Kind, object: &Value) -> Vec<String> {
    let columns = kind.columns.iter().filter(|column| column.name != "Age");
    let cell = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    columns.map(|column| cell((column.cell)(object))).collect()
}

fn names(kind: &Kind) -> Vec<String> {
    let shown =
        |column: &crate::kind::Column| if column.priority == 0 { column.name.into() } else { format!("({})", column.name) };
    kind.columns.iter().map(shown).collect()
}

#[test]
fn names_of_columns() {
    for (kind, expected) in [
        (&POD, "Name Ready Status Restarts Age (IP) (Node) (Nominated Node) (Readiness Gates)"),
        (&SERVICE, "Name Type Cluster-IP External-IP Port(s) Age (Selector)"),
        (&DEPLOYMENT, "Name Ready Up-to-date Available Age (Containers) (Images) (Selector)"),
        (&REPLICA_SET, "Name Desired Current Ready Age (Containers) (Images) (Selector)"),
        (&REPLICATION_CONTROLLER, "Name Desired Current Ready Age (Containers) (Images) (Selector)"),
        (&NODE, "Name Status Roles Age Version (Internal-IP) (External-IP) (OS-Image) (Kernel-Version) (Container-Runtime)"),
        (&NAMESPACE, "Name Status Age"),
        (&ENDPOINTS, "Name Endpoints Age"),
        (&ENDPOINT_SLICE, "Name AddressType Ports Endpoints Age"),
        (&CONFIG_MAP, "Name Data Age"),
        (&SECRET, "Name Type Data Age"),
        (&SERVICE_ACCOUNT, "Name Secrets Age"),
        (&LEASE, "Name Holder Age"),
        (&EVENT, "Last Seen Type Reason Object (Subobject) (Source) Message (First Seen) (Count) (Name)"),
    ] {
        assert_eq!(names(kind).join(" "), expected);
    }
}

#[test]
fn rows_of_workloads() {
    let workload = |selector: Value, status: Value| {
        json!({"metadata": {"name": "w"}, "status": status, "spec": {
            "replicas": 5, "selector": selector,
            "template": {"spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "j"}]}},
        }})
    };
    let labels = json!({"matchLabels": {"b": "c", "a": "b"}});
    let status = json!({"replicas": 4, "readyReplicas": 3, "updatedReplicas": 2, "availableReplicas": 1});
    assert_eq!(row(&DEPLOYMENT, &workload(labels.clone(), status.clone())), ["w", "3/5", "2", "1", "a,b", "i,j", "a=b,b=c"]);
    assert_eq!(row(&REPLICA_SET, &workload(labels, status.clone())), ["w", "5", "4", "3", "a,b", "i,j", "a=b,b=c"]);
    assert_eq!(
        row(&REPLICATION_CONTROLLER, &workload(json!({"a": "b"}), json!({}))),
        ["w", "5", "0", "0", "a,b", "i,j", "a=b"]
    );
}

#[test]
fn rows_of_nodes() {
    let node = json!({
        "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}},
        "spec": {"unschedulable": true},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.35.0", "osImage": "Coracle"},
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        },
    });
    assert_eq!(
        row(&NODE, &node),
        [
            "n",
            "Ready,SchedulingDisabled",
            "edge,worker",
            "v1.35.0",
            "10.0.0.1",
            "<none>",
            "Coracle",
            "<unknown>",
            "<unknown>"
        ]
    );
    let silent = json!({"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}});
    assert_eq!(row(&NODE, &silent)[1..3], ["NotReady", "<none>"]);
    assert_eq!(row(&NODE, &json!({"metadata": {"name": "n"}}))[1], "Unknown");
}

#[test]
fn rows_of_endpoints() {
    let addresses = |ips: [&str; 2]| ips.map(|ip| json!({"ip": ip}));
    let endpoints = json!({"metadata": {"name": "e"}, "subsets": [
        {"addresses": addresses(["10.0.0.1", "10.0.0.2"]), "ports": [{"port": 80}, {"port": 81}]},
        {"addresses": addresses(["fd00::1", "10.0.0.4"]), "ports": [{"port": 82}]},
    ]});
    assert_eq!(row(&ENDPOINTS, &endpoints), ["e", "10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 3 more..."]);
    assert_eq!(row(&ENDPOINTS, &json!({"metadata": {"name": "e"}})), ["e", "<none>"]);
    let slice = json!({
        "metadata": {"name": "s"}, "addressType": "IPv4", "ports": [{"port": 80}, {"name": "any"}, {"name": ""}],
        "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"]}],
    });
    assert_eq!(row(&ENDPOINT_SLICE, &slice), ["s", "IPv4", "80,any,*", "10.0.0.1,10.0.0.2"]);
    let empty = json!({"metadata": {"name": "s"}, "addressType": "IPv4"});
    assert_eq!(row(&ENDPOINT_SLICE, &empty), ["s", "IPv4", "<unset>", "<unset>"]);
}

#[test]
fn rows_of_events() {
    let ago = |seconds| (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds)).to_string();
    let event = json!({
        "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{c}"},
        "type": "Warning", "reason": "BackOff", "message": " Back-off \n", "source": {"component": "kubelet", "host": "n"},
        "firstTimestamp": ago(3600 * 24 * 10), "lastTimestamp": ago(600), "count": 3,
    });
    assert_eq!(
        row(&EVENT, &event),
        ["10m", "Warning", "BackOff", "pod/p", "spec.containers{c}", "kubelet, n", "Back-off", "10d", "3", "e"]
    );
    let new = json!({
        "metadata": {"name": "e"}, "involvedObject": {"kind": "Node"}, "eventTime": ago(3600 * 5),
        "reportingComponent": "c", "reportingInstance": "i", "series": {"count": 7, "lastObservedTime": ago(660)},
    });
    assert_eq!(row(&EVENT, &new), ["11m", "", "", "node", "", "c, i", "", "5h", "7", "e"]);
}
