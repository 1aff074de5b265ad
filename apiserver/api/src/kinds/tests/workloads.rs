//! Workloads: defaults and complaints.

use super::*;

fn workload(spec: &Value) -> Value {
    let mut whole = json!({
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    });
    json_patch::merge(&mut whole, spec);
    json!({"metadata": {"name": "w", "namespace": "n"}, "spec": whole})
}

/// pkg/apis/apps/v1/defaults.go
#[test]
fn deployment_defaults() {
    let mut deployment = workload(&json!({}));
    (DEPLOYMENT.default)(&mut deployment);
    let spec = &deployment["spec"];
    assert_eq!(
        (&spec["replicas"], &spec["revisionHistoryLimit"], &spec["progressDeadlineSeconds"]),
        (&json!(1), &json!(10), &json!(600))
    );
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Always");
    assert_eq!(spec["template"]["spec"].get("enableServiceLinks"), None);
    assert_eq!(spec["template"]["spec"].get("serviceAccountName"), None);
}

/// The tutorial's way: no selector, the retired version. pkg/apis/extensions/v1beta1/defaults.go
#[test]
fn the_retired_version_is_accepted() {
    let mut deployment = workload(&json!({"selector": null, "replicas": 3}));
    let version = DEPLOYMENT.versions.iter().find(|v| v.group == "extensions").expect("served");
    (version.to_hub)(&mut deployment);
    check(&DEPLOYMENT, deployment.clone(), &[]);
    (DEPLOYMENT.default)(&mut deployment);
    assert_eq!(deployment["spec"]["selector"], json!({"matchLabels": {"app": "a"}}));
    assert_eq!(deployment["spec"]["strategy"]["rollingUpdate"], json!({"maxSurge": 1, "maxUnavailable": 1}));
}

/// pkg/apis/apps/validation/validation.go
#[test]
fn bad_deployments() {
    for (spec, expected) in [
        (json!({"replicas": -1}), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (json!({"selector": null}), "spec.selector: Required value"),
        (
            json!({"selector": {"matchLabels": null}}),
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        ),
        (
            json!({"selector": {"matchLabels": {"app": "b"}}}),
            "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`",
        ),
        (
            json!({"selector": {"matchExpressions": [{"key": "app", "operator": "In"}]}}),
            "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            json!({"template": {"spec": {"restartPolicy": "Never"}}}),
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
        ),
        (json!({"template": {"spec": {"containers": []}}}), "spec.template.spec.containers: Required value"),
        (
            json!({"strategy": {"type": "Recreate", "rollingUpdate": {}}}),
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}}),
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0",
        ),
        (
            json!({"strategy": {"rollingUpdate": {"maxSurge": "many"}}}),
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
        (
            json!({"minReadySeconds": 600}),
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
    ] {
        let found = complaints(&DEPLOYMENT, workload(&spec));
        assert_eq!(found.first().map(String::as_str), Some(expected), "{spec}");
    }
}

/// pkg/apis/apps/validation/validation.go
#[test]
fn a_selector_is_for_life() {
    let change = json!({"spec": {
        "selector": {"matchLabels": {"app": "b"}}, "template": {"metadata": {"labels": {"app": "b"}}},
    }});
    for kind in [&DEPLOYMENT, &REPLICA_SET] {
        assert_eq!(
            update_complaints(kind, workload(&json!({})), &change),
            ["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable"]
        );
    }
}

/// pkg/apis/core/validation/validation.go, pkg/apis/core/v1/defaults.go
#[test]
fn replication_controllers() {
    let template = workload(&json!({}))["spec"]["template"].clone();
    let mut controller = json!({"metadata": {"name": "c"}, "spec": {"template": template}});
    check(&REPLICATION_CONTROLLER, controller.clone(), &[]);
    (REPLICATION_CONTROLLER.default)(&mut controller);
    assert_eq!(controller["spec"]["selector"], json!({"app": "a"}));
    assert_eq!(controller["metadata"]["labels"], json!({"app": "a"}));
    check(&REPLICATION_CONTROLLER, json!({"spec": {}}), &["spec.selector: Required value", "spec.template: Required value"]);
}

/// pkg/apis/apps/validation/validation.go
#[test]
fn statuses_add_up() {
    let status = json!({"status": {"replicas": 1, "readyReplicas": 2, "availableReplicas": 1}});
    let errors = (REPLICA_SET.validate_status)(&status, &json!({}));
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]);
}
