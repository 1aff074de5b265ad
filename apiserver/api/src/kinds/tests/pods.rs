//! Pods, good and bad.

use super::*;

fn pod(spec: &Value) -> Value {
    let mut whole = json!({"containers": [{"name": "a", "image": "b"}]});
    json_patch::merge(&mut whole, spec);
    json!({"metadata": {"name": "p", "namespace": "n"}, "spec": whole})
}

fn container(more: &Value) -> Value {
    let mut container = json!({"name": "a", "image": "b"});
    json_patch::merge(&mut container, more);
    pod(&json!({"containers": [container]}))
}

/// pkg/apis/core/v1/defaults.go
#[test]
fn defaults() {
    let mut pod = container(&json!({
        "image": "registry:5000/app", "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"port": 80}},
        "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"memory": "1.5Mi"}},
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }));
    pod["spec"]["volumes"] = json!([{"name": "v"}, {"name": "c", "configMap": {"name": "d"}}]);
    (POD.default)(&mut pod);
    (POD.prepare_create)(&mut pod);
    assert_eq!(
        pod["spec"],
        json!({
            "containers": [{
                "name": "a", "image": "registry:5000/app", "imagePullPolicy": "Always",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "livenessProbe": {
                    "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
                    "failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1,
                },
                "resources": {
                    "limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1536Ki"},
                },
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}],
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "securityContext": {}, "serviceAccount": "default",
            "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "c", "configMap": {"name": "d", "defaultMode": 420}}],
        })
    );
    assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "Burstable"}));
    assert_eq!(complaints(&POD, pod), Vec::<String>::new());
}

/// pkg/apis/core/v1/defaults.go
#[test]
fn pull_policies() {
    for (image, policy) in [
        ("app", "Always"),
        ("app:latest", "Always"),
        ("app:v1", "IfNotPresent"),
        ("localhost:5000/app", "Always"),
        ("localhost:5000/app:v1", "IfNotPresent"),
        ("app@sha256:0123", "IfNotPresent"),
        ("app:latest@sha256:0123", "Always"),
        ("example/example:v1.0-SNAPSHOT", "IfNotPresent"),
    ] {
        let mut pod = container(&json!({"image": image}));
        (POD.default)(&mut pod);
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], policy, "{image}");
    }
}

/// pkg/apis/core/validation/validation.go
#[test]
fn bad_containers() {
    let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    check(&POD, pod(&json!({"containers": null})), &["spec.containers: Required value"]);
    check(
        &POD,
        container(&json!({"name": "A", "image": null})),
        &[&format!("spec.containers[0].name: Invalid value: \"A\": {label}"), "spec.containers[0].image: Required value"],
    );
    check(
        &POD,
        pod(&json!({"containers": [{"name": "a", "image": "b"}, {"name": "a", "image": "b "}]})),
        &[
            "spec.containers[1].name: Duplicate value: \"a\"",
            "spec.containers[1].image: Invalid value: \"b \": must not have leading or trailing whitespace",
        ],
    );
    for (more, expected) in [
        (
            json!({"ports": [{"containerPort": 70_000}]}),
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            json!({"ports": [{"containerPort": 80, "protocol": "tcp"}]}),
            "spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        ),
        (
            json!({"env": [{"name": "A=B", "value": "c"}]}),
            "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='",
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]}),
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
        ),
        (
            json!({"envFrom": [{"prefix": "A"}]}),
            "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
        ),
        (
            json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}),
            "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        ),
        (
            json!({"imagePullPolicy": "Sometimes"}),
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ),
        (
            json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        ),
        (
            json!({"resources": {"limits": {"memory": "-1"}, "requests": {}}}),
            "spec.containers[0].resources.limits[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
        ),
        (json!({"livenessProbe": {}}), "spec.containers[0].livenessProbe: Required value: must specify a handler type"),
        (
            json!({"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}),
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            json!({"readinessProbe": {"tcpSocket": {"port": 80}, "httpGet": {"port": 80}}}),
            "spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
        ),
        (
            json!({"readinessProbe": {"httpGet": {"port": "HTTP"}}}),
            "spec.containers[0].readinessProbe.httpGet.port: Invalid value: \"HTTP\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            json!({"restartPolicy": "Sometimes"}),
            "spec.containers[0].restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\"",
        ),
        (
            json!({"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}),
            "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
        ),
    ] {
        let found = complaints(&POD, container(&more));
        assert_eq!(found.first().map(String::as_str), Some(expected), "{more}");
    }
}

/// pkg/apis/core/validation/validation.go
#[test]
fn bad_specs() {
    for (spec, expected) in [
        (
            json!({"restartPolicy": "Sometimes"}),
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ),
        (json!({"dnsPolicy": "None"}), "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        (
            json!({"activeDeadlineSeconds": 0}),
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (
            json!({"tolerations": [{"operator": "Equal"}]}),
            "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
        ),
        (
            json!({"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]}),
            "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
        ),
        (json!({"volumes": [{"name": "v", "secret": {}}]}), "spec.volumes[0].secret.secretName: Required value"),
        (
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/a/../b"}}]}),
            "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        ),
        (
            json!({"volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 4096}}]}),
            "spec.volumes[0].configMap.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive",
        ),
        (
            json!({"initContainers": [{"name": "i", "image": "b", "livenessProbe": {"tcpSocket": {"port": 1}}}]}),
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
        ),
        (json!({"initContainers": [{"name": "a", "image": "b"}]}), "spec.initContainers[0].name: Duplicate value: \"a\""),
        (
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}}),
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
        ),
        (
            json!({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]}),
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        ),
        (
            json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "Wait"}]}),
            "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Wait\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"",
        ),
        (
            json!({"schedulingGates": [{"name": "a.b/c"}], "nodeName": "n"}),
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
    ] {
        check(&POD, pod(&spec), &[expected]);
    }
}

/// pkg/apis/core/validation/validation.go
#[test]
fn changes() {
    let update = |change: Value| update_complaints(&POD, pod(&json!({"activeDeadlineSeconds": 9})), &change);
    let container = |more: Value| {
        let mut container = json!({"name": "a", "image": "b"});
        json_patch::merge(&mut container, &more);
        json!({"spec": {"containers": [container]}})
    };
    assert_eq!(update(container(json!({"image": "c", "imagePullPolicy": "Always"}))), Vec::<String>::new());
    assert_eq!(update(json!({"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}})), Vec::<String>::new());
    assert_eq!(update(json!({"metadata": {"labels": {"a": "b"}}})), Vec::<String>::new());
    let more = json!({"spec": {"containers": [{"name": "a", "image": "b"}, {"name": "c", "image": "d"}]}});
    assert_eq!(update(more), ["spec.containers: Forbidden: pod updates may not add or remove containers"]);
    assert_eq!(
        update(json!({"spec": {"activeDeadlineSeconds": 10}})),
        ["spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value"]
    );
    assert_eq!(
        update(json!({"spec": {"hostname": "h"}})),
        [
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n- spec.hostname: null\n+ spec.hostname: \"h\""
        ]
    );
}

/// pkg/apis/core/validation/validation.go
#[test]
fn what_has_ended_stays_ended() {
    let with = |policy: &str, state: Value| json!({"spec": {"restartPolicy": policy}, "status": {"containerStatuses": [{"name": "a", "state": state}]}});
    let judge = |policy: &str, code: i64| {
        let old = with(policy, json!({"terminated": {"exitCode": code}}));
        (POD.validate_status)(&with(policy, json!({"running": {}})), &old)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let refused = ["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"];
    assert_eq!(judge("Never", 1), refused);
    assert_eq!(judge("OnFailure", 0), refused);
    assert_eq!(judge("OnFailure", 1), Vec::<String>::new());
    assert_eq!(judge("Always", 0), Vec::<String>::new());
}

#[test]
fn grace_is_for_the_living() {
    let crate::kind::Deletion::Graceful { grace } = POD.deletion else { panic!("pods end gracefully") };
    let pod = |phase: &str, node: &str, seconds: i64| json!({"spec": {"nodeName": node, "terminationGracePeriodSeconds": seconds}, "status": {"phase": phase}});
    assert_eq!(grace(&pod("Running", "n", 30)), 30);
    assert_eq!(grace(&pod("Running", "n", -5)), 1);
    assert_eq!(grace(&pod("Pending", "", 30)), 0);
    assert_eq!(grace(&pod("Failed", "n", 30)), 0);
}

/// pkg/api/pod/warnings.go
#[test]
fn warnings() {
    let mut pod = container(&json!({
        "env": [{"name": "A", "value": "b"}, {"name": "A", "value": "$(A)c"}, {"name": "A", "value": "d"}],
        "ports": [{"containerPort": 80}, {"containerPort": 80}, {"containerPort": 80, "hostPort": 80}],
        "resources": {"limits": {"memory": "100m"}},
    }));
    pod["spec"]["imagePullSecrets"] = json!([{"name": "s"}, {"name": "s"}]);
    (POD.default)(&mut pod);
    assert_eq!(
        (POD.warnings)(&pod),
        [
            "spec.imagePullSecrets[1].name: duplicate name \"s\"",
            "spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
            "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
            "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply",
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
            "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]",
            "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]",
        ]
    );
}

/// pkg/apis/core/v1/defaults.go
#[test]
fn nothing_is_given_out_in_less_than_thousandths() {
    let mut pod = container(&json!({"resources": {"requests": {"cpu": "0.0001"}}}));
    (POD.default)(&mut pod);
    assert_eq!(pod["spec"]["containers"][0]["resources"]["requests"]["cpu"], "1m");
}
