//! Services, bad ones.

use super::*;

fn service(spec: &Value) -> Value {
    let mut whole = json!({"ports": [{"port": 80}]});
    json_patch::merge(&mut whole, spec);
    json!({"metadata": {"name": "s", "namespace": "n"}, "spec": whole})
}

/// pkg/apis/core/validation/validation.go
#[test]
fn bad_services() {
    for (spec, expected) in [
        (json!({"ports": null}), "spec.ports: Required value"),
        (
            json!({"type": "Outside"}),
            "spec.type: Unsupported value: \"Outside\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
        ),
        (json!({"ports": [{"port": 0}]}), "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        (json!({"ports": [{"port": 80}, {"port": 81, "name": "b"}]}), "spec.ports[0].name: Required value"),
        (
            json!({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}),
            "spec.ports[1]: Duplicate value: {\"port\":80,\"protocol\":\"TCP\"}",
        ),
        (
            json!({"ports": [{"port": 80, "nodePort": 30080}]}),
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "name": "a", "nodePort": 30080}, {"port": 81, "name": "b", "nodePort": 30080}]}),
            "spec.ports[1].nodePort: Duplicate value: 30080",
        ),
        (
            json!({"ports": [{"port": 80, "targetPort": "-"}]}),
            "spec.ports[0].targetPort: Invalid value: \"-\": must contain at least one letter (a-z)",
        ),
        (json!({"type": "ExternalName"}), "spec.externalName: Required value"),
        (
            json!({"type": "ExternalName", "externalName": "a.b", "clusterIP": "None"}),
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        ),
        (
            json!({"type": "NodePort", "clusterIP": "None"}),
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        ),
        (
            json!({"clusterIP": "10.43"}),
            "spec.clusterIPs[0]: Invalid value: \"10.43\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            json!({"sessionAffinity": "Cookie"}),
            "spec.sessionAffinity: Unsupported value: \"Cookie\": supported values: \"ClientIP\", \"None\"",
        ),
        (
            json!({"externalTrafficPolicy": "Local"}),
            "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services",
        ),
        (
            json!({"loadBalancerClass": "a.b/c"}),
            "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
    ] {
        let found = complaints(&SERVICE, service(&spec));
        assert_eq!(found.first().map(String::as_str), Some(expected), "{spec}");
    }
}

#[test]
fn good_services() {
    for spec in [
        json!({}),
        json!({"clusterIP": "None", "ports": null}),
        json!({"type": "ExternalName", "externalName": "10.0.2.2"}),
        json!({"type": "ExternalName", "externalName": "db.example.com.", "ports": null}),
        json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}),
    ] {
        check(&SERVICE, service(&spec), &[]);
    }
}

/// pkg/apis/core/validation/validation.go
#[test]
fn an_address_is_for_life() {
    let old = service(&json!({"clusterIP": "10.43.0.9"}));
    assert_eq!(
        update_complaints(&SERVICE, old.clone(), &json!({"spec": {"clusterIP": "10.43.0.10"}})),
        ["spec.clusterIPs[0]: Invalid value: [\"10.43.0.10\"]: may not change once set"]
    );
    assert_eq!(
        update_complaints(&SERVICE, old.clone(), &json!({"spec": {"clusterIP": null, "clusterIPs": null}})),
        Vec::<String>::new()
    );
    let external = json!({"spec": {"type": "ExternalName", "externalName": "a.b"}});
    assert_eq!(update_complaints(&SERVICE, old, &external), Vec::<String>::new());
}

/// pkg/api/service/warnings.go
#[test]
fn warnings() {
    let mut service = service(&json!({"clusterIP": "None", "externalName": "a.b", "externalIPs": ["1.2.3.4"]}));
    (SERVICE.default)(&mut service);
    assert_eq!(
        (SERVICE.warnings)(&service),
        [
            "spec.externalIPs is ignored for headless services",
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
        ]
    );
}
