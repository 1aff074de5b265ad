//! The table and the package it was made from agree: what our transcoder writes, prost reads whole and writes again byte for byte.

use api::{protobuf, schema};
use prost::Message;
use serde_json::{Value, json};

fn agree<T: Message + Default>(name: &str, value: &Value) {
    let schema = schema::find(name).unwrap_or_else(|| panic!("no type {name}"));
    let ours = protobuf::encode(schema, value);
    let theirs = T::decode(ours.as_slice()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(theirs.encode_to_vec(), ours, "{name}: a number or a wire type that prost does not know");
    assert_eq!(protobuf::decode(schema, &ours).expect("we read what we wrote"), *value, "{name}");
}

fn metadata() -> Value {
    json!({
        "name": "web", "namespace": "default", "uid": "u", "resourceVersion": "7", "generation": 2,
        "creationTimestamp": "2024-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30,
        "labels": {"app": "web"}, "annotations": {"a": "b"}, "finalizers": ["f"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "o", "uid": "v", "controller": true}],
        "managedFields": [{"manager": "m", "operation": "Apply", "apiVersion": "v1", "time": "2024-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}],
    })
}

fn pod_spec() -> Value {
    json!({
        "containers": [{
            "name": "c", "image": "i:1", "args": ["a"],
            "env": [{"name": "E", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k", "optional": false}}}],
            "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
            "livenessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 10},
            "volumeMounts": [{"name": "v", "mountPath": "/data", "readOnly": true}],
        }],
        "volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 420}}],
        "tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 0}],
        "terminationGracePeriodSeconds": 0, "restartPolicy": "Always", "automountServiceAccountToken": false,
    })
}

#[test]
fn pods_and_deployments() {
    let status = json!({"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "startTime": "2024-01-01T00:00:01Z",
        "containerStatuses": [{"name": "c", "ready": true, "restartCount": 0, "image": "i:1", "imageID": "d", "started": true,
            "state": {"running": {"startedAt": "2024-01-01T00:00:01Z"}}}]});
    let pod = json!({"metadata": metadata(), "spec": pod_spec(), "status": status});
    agree::<k8s_pb::api::core::v1::Pod>("io.k8s.api.core.v1.Pod", &pod);
    let deployment = json!({"metadata": metadata(), "spec": {
        "replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec()},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
    }});
    agree::<k8s_pb::api::apps::v1::Deployment>("io.k8s.api.apps.v1.Deployment", &deployment);
    agree::<k8s_pb::api::extensions::v1beta1::Deployment>("io.k8s.api.extensions.v1beta1.Deployment", &deployment);
}

#[test]
fn services_secrets_leases_events_and_custom_resources() {
    let service = json!({"metadata": metadata(), "spec": {"ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}],
        "clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1"], "selector": {"app": "web"}, "type": "NodePort"}});
    agree::<k8s_pb::api::core::v1::Service>("io.k8s.api.core.v1.Service", &service);
    let secret = json!({"metadata": metadata(), "data": {"a": "aGVsbG8="}, "immutable": false, "type": "Opaque"});
    agree::<k8s_pb::api::core::v1::Secret>("io.k8s.api.core.v1.Secret", &secret);
    let lease =
        json!({"metadata": metadata(), "spec": {"renewTime": "2024-01-01T00:00:00.000001Z", "leaseDurationSeconds": 40}});
    agree::<k8s_pb::api::coordination::v1::Lease>("io.k8s.api.coordination.v1.Lease", &lease);
    let event = json!({"metadata": metadata(), "involvedObject": {"kind": "Pod"}, "count": 3, "eventTime": "2024-01-01T00:00:00.500000Z"});
    agree::<k8s_pb::api::core::v1::Event>("io.k8s.api.core.v1.Event", &event);
    let schema = json!({"type": "object", "additionalProperties": false, "maximum": 1.5, "default": {"a": 1},
        "properties": {"a": {"items": {"type": "string"}, "x-kubernetes-list-type": "set"}, "b": {"additionalProperties": {"type": "string"}}}});
    let resource = json!({"metadata": metadata(), "spec": {"group": "example.org", "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    agree::<k8s_pb::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition>(
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
        &resource,
    );
}
