//! The documents say what kubectl looks for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{kinds, protobuf::wire};

fn quiet(_: &'static crate::schema::Type, _: Option<&str>) -> Option<String> {
    None
}

fn apps() -> Value {
    super::v3_group(kinds::ALL, "apps", "v1", &|ty, field| Some(format!("{}.{}", ty.name, field.unwrap_or("-"))))
}

/// What `kubectl apply` looks for before it sends a strategic merge patch, and what it asks about `dryRun` and `fieldValidation`.
#[test]
fn kubectl_finds_the_strategic_patch() {
    let document = apps();
    let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"], json!({"group": "apps", "version": "v1", "kind": "Deployment"}));
    assert!(patch["requestBody"]["content"]["application/strategic-merge-patch+json"].is_object());
    let parameters: Vec<&str> =
        patch["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(parameters, ["dryRun", "fieldManager", "fieldValidation", "force"]);
}

#[test]
fn schemas_say_how_lists_merge() {
    let document = apps();
    let schemas = &document["components"]["schemas"];
    let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(containers["x-kubernetes-patch-strategy"], "merge");
    assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
    assert_eq!(
        schemas["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"],
        json!([{"group": "apps", "version": "v1", "kind": "Deployment"}])
    );
    let spec = &schemas["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"];
    assert_eq!(spec["allOf"][0]["$ref"], "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec");
    assert_eq!(spec["description"], "io.k8s.api.apps.v1.Deployment.spec");
    let protocol = &schemas["io.k8s.api.core.v1.ContainerPort"]["properties"]["protocol"];
    assert_eq!((&protocol["default"], &protocol["enum"]), (&json!("TCP"), &json!(["SCTP", "TCP", "UDP"])));
}

#[test]
fn every_reference_leads_somewhere() {
    let v2 = super::v2(kinds::ALL, &quiet);
    for (document, schemas) in [(&apps(), "/components/schemas"), (&v2, "/definitions")] {
        let mut references = BTreeSet::new();
        collect(document, &mut references);
        assert!(references.len() > 20);
        for reference in references {
            assert!(reference.starts_with(&format!("#{schemas}/")), "{reference}");
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

/// Every operation id once: clients are generated from them.
#[test]
fn operations_have_ids_of_their_own() {
    let document = super::v2(kinds::ALL, &quiet);
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values().filter(|operation| operation.is_object()) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} twice");
        }
    }
    assert!(ids.contains("patchAppsV1NamespacedDeployment"));
    assert!(ids.contains("listCoreV1PodForAllNamespaces"));
    assert!(ids.contains("deleteCoreV1CollectionNamespacedPod"));
    assert!(ids.contains("replaceAppsV1NamespacedDeploymentScale"));
}

/// Follows one extension through the protobuf: Document.paths → NamedPathItem → PathItem.patch → Operation.vendor_extension.
#[test]
fn the_protobuf_holds_the_kinds_of_operations() {
    let bytes = super::v2_protobuf(&super::v2(kinds::ALL, &quiet));
    let all = |bytes: &[u8], number: u32| -> Vec<Vec<u8>> {
        let fields = wire::fields(bytes).map(Result::unwrap);
        fields.filter(|(n, _)| *n == number).map(|(_, data)| data.bytes().unwrap().to_vec()).collect()
    };
    let paths = all(&bytes, 8).remove(0);
    let wanted = b"/apis/apps/v1/namespaces/{namespace}/deployments/{name}".to_vec();
    let item = all(&paths, 2).into_iter().find(|item| all(item, 1) == [wanted.clone()]).unwrap();
    let patch = all(&all(&item, 2)[0], 8).remove(0);
    assert!(all(&patch, 7).contains(&b"application/strategic-merge-patch+json".to_vec()));
    let extensions: Vec<Vec<u8>> = all(&patch, 13);
    let gvk = extensions.iter().find(|e| all(e, 1) == [b"x-kubernetes-group-version-kind".to_vec()]).unwrap();
    let yaml = all(&all(gvk, 2)[0], 2).remove(0);
    assert_eq!(
        serde_json::from_slice::<Value>(&yaml).unwrap(),
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
}
