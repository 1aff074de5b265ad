//! Examples as real clusters show them.

use serde_json::{Value, json};

use super::*;

#[test]
fn a_created_deployment_is_owned_as_in_a_real_cluster() {
    let labels = json!({"app": "n"});
    let created = deployment().update(
        "kubectl-create",
        TIMES[0],
        None,
        json!({
            "metadata": {"labels": labels, "uid": "u", "creationTimestamp": TIMES[0], "generation": 1},
            "spec": {
                "replicas": 1, "selector": {"matchLabels": labels},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": {"metadata": {"labels": labels}, "spec": {
                    "containers": [{"name": "n", "image": "n", "resources": {}, "ports": [{"containerPort": 80, "protocol": "TCP"}]}],
                    "securityContext": {}, "restartPolicy": "Always", "tolerations": [{"operator": "Exists"}],
                }},
            },
        }),
    );
    let expected = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:replicas": {}, "f:selector": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}, "f:type": {}},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {
                    "f:containers": {"k:{\"name\":\"n\"}": {
                        ".": {}, "f:image": {}, "f:name": {}, "f:resources": {},
                        "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}}},
                    }},
                    "f:restartPolicy": {}, "f:securityContext": {}, "f:tolerations": {},
                },
            },
        },
    });
    assert_eq!(
        created["metadata"]["managedFields"],
        json!([{
            "manager": "kubectl-create", "operation": "Update", "apiVersion": "apps/v1", "time": TIMES[0],
            "fieldsType": "FieldsV1", "fieldsV1": expected,
        }])
    );
}

#[test]
fn who_changes_a_field_takes_it_and_only_it() {
    let kind = deployment();
    let first = kind.update("a", TIMES[0], None, json!({"spec": {"replicas": 1, "paused": true}}));
    let mut next = first.clone();
    next["spec"]["replicas"] = 2.into();
    let second = kind.update("b", TIMES[1], Some(&first), next.clone());
    assert_eq!(
        owners(&second),
        [
            ("a Update".into(), json!({"f:spec": {"f:paused": {}}})),
            ("b Update".into(), json!({"f:spec": {"f:replicas": {}}}))
        ]
    );
    // nothing changed: not even a time
    assert_eq!(kind.update("c", TIMES[2], Some(&second), second.clone()), second);
    // what is removed nobody owns
    let mut without = second.clone();
    without["spec"].as_object_mut().unwrap().remove("replicas");
    let third = kind.update("c", TIMES[2], Some(&second), without);
    assert_eq!(owners(&third), [("a Update".into(), json!({"f:spec": {"f:paused": {}}}))]);
}

#[test]
fn one_empty_entry_forgets_all_and_nothing_is_tracked_again() {
    let kind = config_map();
    let first = kind.update("a", TIMES[0], None, json!({"data": {"a": "1"}}));
    let mut reset = first.clone();
    reset["metadata"]["managedFields"] = json!([{}]);
    reset["data"]["a"] = "2".into();
    let bare = kind.update("b", TIMES[1], Some(&first), reset);
    assert!(owners(&bare).is_empty());
    let mut next = bare.clone();
    next["data"]["a"] = "3".into();
    let after = kind.update("b", TIMES[1], Some(&bare), next);
    assert!(owners(&after).is_empty());
    // the first apply gives what was there to a manager of its own
    let applied = kind.apply("c", Some(&after), json!({"data": {"b": "1"}}), false).unwrap();
    assert_eq!(
        owners(&applied),
        [
            ("c Apply".into(), json!({"f:data": {"f:b": {}}})),
            ("before-first-apply Update".into(), json!({"f:data": {".": {}, "f:a": {}}})),
        ]
    );
}

#[test]
fn bad_entries_are_overlooked() {
    let kind = config_map();
    let first = kind.update("a", TIMES[0], None, json!({"data": {"a": "1"}}));
    for bad in [
        json!([]),
        json!([{"manager": "x", "operation": "Steal", "apiVersion": "v1", "fieldsType": "FieldsV1"}]),
        json!([{"manager": "x", "operation": "Update", "apiVersion": "", "fieldsType": "FieldsV1"}]),
        json!([{"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "", "fieldsV1": {}}]),
        json!([{"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x:": {}}}]),
    ] {
        let mut next = first.clone();
        next["metadata"]["managedFields"] = bad;
        assert_eq!(kind.update("b", TIMES[1], Some(&first), next), first);
    }
    // good ones count, however their keys are spelled
    let mut next = first.clone();
    next["metadata"]["managedFields"] = json!([{
        "manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {".": {}}}},
    }]);
    let given = kind.update("b", TIMES[1], Some(&first), next);
    assert_eq!(owners(&given), [("x Update".into(), json!({"f:data": {"f:a": {}}}))]);
}

#[test]
fn old_updates_are_put_together() {
    let kind = config_map();
    let mut object = kind.update("m00", "2026-01-01T00:00:00Z", None, json!({"data": {"k00": "1"}}));
    for n in 1..14 {
        let mut next = object.clone();
        next["data"][format!("k{n:02}")] = "1".into();
        object = kind.update(&format!("m{n:02}"), &format!("2026-01-01T00:00:{n:02}Z"), Some(&object), next);
    }
    let owners = owners(&object);
    assert_eq!(owners.len(), 10);
    assert_eq!(owners[0].0, "ancient-changes Update");
    assert_eq!(owners[0].1, json!({"f:data": {".": {}, "f:k00": {}, "f:k01": {}, "f:k02": {}, "f:k03": {}, "f:k04": {}}}));
    assert_eq!(owners[9].0, "m13 Update");
}

#[test]
fn conflicts_are_said_as_upstream_says_them() {
    let kind = deployment();
    let live = kind.update("kubectl-create", TIMES[0], None, json!({"spec": {"replicas": 1}}));
    let one = kind.apply("other", Some(&live), json!({"spec": {"replicas": 3}}), false).unwrap_err();
    assert_eq!((one.code, one.reason.as_str()), (409, "Conflict"));
    assert_eq!(one.message, r#"Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas"#);
    let causes = one.details.unwrap().causes;
    assert_eq!(causes.len(), 1);
    assert_eq!(
        (causes[0].reason.as_str(), causes[0].message.as_str(), causes[0].field.as_str()),
        ("FieldManagerConflict", r#"conflict with "kubectl-create" using apps/v1"#, ".spec.replicas")
    );

    let mut config = with_image("one");
    config["spec"]["replicas"] = 1.into();
    let live = kind.apply("a", None, config, false).unwrap();
    let mut wanted = with_image("two");
    wanted["spec"]["replicas"] = 2.into();
    let two = kind.apply("b", Some(&live), wanted.clone(), false).unwrap_err();
    assert_eq!(
        two.message,
        "Apply failed with 2 conflicts: conflicts with \"a\":\n- .spec.replicas\n- .spec.template.spec.containers[name=\"c\"].image"
    );
    let forced = kind.apply("b", Some(&live), wanted, true).unwrap();
    assert_eq!(forced["spec"]["template"]["spec"]["containers"][0]["image"], "two");
    assert_eq!(
        owned_by(&forced, "a Apply"),
        json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"c\"}": {".": {}, "f:name": {}},
        }}}}})
    );
}

#[test]
fn what_is_applied_no_longer_goes_unless_somebody_shares_it() {
    let kind = config_map();
    let both = json!({"data": {"a": "1", "b": "1"}, "metadata": {"labels": {"l": "1"}}});
    let live = kind.apply("x", None, both, false).unwrap();
    let shared = kind.apply("y", Some(&live), json!({"data": {"b": "1"}}), false).unwrap();
    let left = kind.apply("x", Some(&shared), json!({}), false).unwrap();
    assert_eq!(left["data"], json!({"b": "1"}));
    assert!(left["metadata"].get("labels").is_none());
    assert_eq!(owners(&left), [("y Apply".into(), json!({"f:data": {"f:b": {}}}))]);
}

#[test]
fn items_come_and_go_by_their_keys() {
    let kind = service();
    let ports = |list: Value| json!({"spec": {"ports": list}});
    // the protocol is a key, and has a default
    let live = kind.apply("x", None, ports(json!([{"port": 80}, {"port": 53, "protocol": "UDP"}])), false).unwrap();
    assert_eq!(
        owned_by(&live, "x Apply"),
        json!({"f:spec": {"f:ports": {
            "k:{\"port\":53,\"protocol\":\"UDP\"}": {".": {}, "f:port": {}, "f:protocol": {}},
            "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}},
        }}})
    );
    let other = kind.apply("y", Some(&live), ports(json!([{"port": 443, "name": "s"}])), false).unwrap();
    assert_eq!(other["spec"]["ports"].as_array().unwrap().len(), 3);
    let fewer = kind.apply("x", Some(&other), ports(json!([{"port": 80, "protocol": "TCP"}])), false).unwrap();
    let left: Vec<i64> =
        fewer["spec"]["ports"].as_array().unwrap().iter().filter_map(|port| port["port"].as_i64()).collect();
    assert_eq!(left, [80, 443]);
    let twice =
        kind.apply("x", Some(&fewer), ports(json!([{"port": 80}, {"port": 80, "protocol": "TCP"}])), false).unwrap_err();
    assert_eq!(
        twice.message,
        "failed to create typed patch object (/x; /v1, Kind=Service): .spec.ports: duplicate entries for key [port=80,protocol=\"TCP\"]"
    );
    let keyless = kind.apply("x", Some(&fewer), ports(json!([{"name": "n"}])), false).unwrap_err();
    assert!(keyless.message.ends_with(
        r#".spec.ports: element 0: associative list with keys has an element that omits key field "port" (and doesn't have default value)"#
    ), "{}", keyless.message);
}

#[test]
fn sets_and_atomic_lists() {
    let kind = config_map();
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    let live = kind.apply("x", None, finalizers(json!(["e.org/a", "e.org/b"])), false).unwrap();
    let live = kind.apply("y", Some(&live), finalizers(json!(["e.org/c", "e.org/b"])), false).unwrap();
    let mut left = kind.apply("x", Some(&live), json!({}), false).unwrap();
    assert_eq!(left["metadata"]["finalizers"].take(), json!(["e.org/c", "e.org/b"]));

    let kind = deployment();
    let args = |list: Value| {
        let mut config = with_image("i");
        config["spec"]["template"]["spec"]["containers"][0]["args"] = list;
        config
    };
    let live = kind.apply("x", None, args(json!(["1", "2"])), false).unwrap();
    assert_eq!(kind.apply("y", Some(&live), args(json!(["1"])), false).unwrap_err().code, 409);
    let live = kind.apply("x", Some(&live), args(json!(["3"])), false).unwrap();
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["args"], json!(["3"]));
}

#[test]
fn a_configuration_must_fit_the_schema() {
    let kind = deployment();
    let refused = |config: Value| kind.apply("x", None, config, false).unwrap_err();
    let rows = [
        (json!({"spec": {"foo": 1}}), ".spec.foo: field not declared in schema"),
        (json!({"spec": {"replicas": "1"}}), ".spec.replicas: expected numeric (int or float), got string"),
        (json!({"spec": {"paused": "no"}}), ".spec.paused: expected boolean, got &{no}"),
        (
            json!({"metadata": {"labels": {"a": 1}}}),
            ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}",
        ),
        (json!({"spec": []}), ".spec: expected map, got &{[]}"),
        (
            json!({"spec": {"template": {"spec": {"containers": {}}}}}),
            ".spec.template.spec.containers: expected list, got &{map[]}",
        ),
    ];
    for (config, why) in rows {
        let status = refused(config);
        assert_eq!(status.code, 500);
        assert_eq!(status.message, format!("failed to create typed patch object (/x; apps/v1, Kind=Deployment): {why}"));
    }
    let owned = refused(json!({"metadata": {"managedFields": [{}]}}));
    assert_eq!((owned.code, owned.message.as_str()), (400, "metadata.managedFields must be nil"));
}

#[test]
fn kubectl_takes_over_what_it_applied_by_itself() {
    let kind = deployment();
    let mut last = kind.object(json!({"spec": {"replicas": 1, "paused": true}}));
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let mut new = last.clone();
    new["metadata"]["annotations"] = json!({annotation: last.to_string()});
    let live = kind.update("kubectl-client-side-apply", TIMES[0], None, new);
    last["spec"]["replicas"] = 2.into();
    assert_eq!(kind.apply("other", Some(&live), last.clone(), false).unwrap_err().code, 409);
    let applied = kind.apply("kubectl", Some(&live), last, false).unwrap();
    let kept = applied["metadata"]["annotations"][annotation].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(kept).unwrap()["spec"]["replicas"], 2);
    // what somebody changed since is not kubectl's any more
    let mut scaled = live.clone();
    scaled["spec"]["replicas"] = 7.into();
    let scaled = kind.update("hpa", TIMES[1], Some(&live), scaled);
    let refused = kind.apply("kubectl", Some(&scaled), json!({"spec": {"replicas": 2}}), false).unwrap_err();
    assert_eq!(refused.message, r#"Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas"#);
}
