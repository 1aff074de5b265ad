//! Custom kinds with the real `kubectl`: defined, explained, applied, shown.

use crate::{harness::Cluster, kubectl::Kubectl};

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ships.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: ships, kind: Ship, shortNames: [sh], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.masts, statusReplicasPath: .status.masts }
    additionalPrinterColumns:
    - { name: Masts, type: integer, jsonPath: .spec.masts }
    - { name: Port, type: string, jsonPath: .spec.port, priority: 1 }
    schema:
      openAPIV3Schema:
        type: object
        description: A ship on the sea.
        properties:
          spec:
            type: object
            required: [masts]
            properties:
              masts: { type: integer, description: How many masts it has., minimum: 1 }
              port: { type: string }
              crew:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: { name: { type: string }, role: { type: string } }
          status:
            type: object
            properties: { masts: { type: integer } }
"#;

const SHIP: &str = "apiVersion: example.com/v1\nkind: Ship\nmetadata: { name: argo }\nspec: { masts: 1, port: iolcus, crew: [{ name: jason, role: captain }] }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_of_ones_own() {
    let cluster = Cluster::start().await;
    let kubectl = Kubectl::new(&cluster);
    let created = kubectl.run("apply -f -", DEFINITION).await;
    assert_eq!(created, "customresourcedefinition.apiextensions.k8s.io/ships.example.com created");
    let ready = kubectl.run("wait --for=condition=Established crd/ships.example.com --timeout=10s", "").await;
    assert!(ready.contains("condition met"), "{ready}");

    let explained = kubectl.run("explain ships.spec.masts", "").await;
    assert!(explained.contains("How many masts it has.") && explained.contains("<integer>"), "{explained}");
    let explained = kubectl.run("explain ships", "").await;
    assert!(explained.contains("A ship on the sea.") && explained.contains("spec"), "{explained}");

    let unknown = kubectl.run("create -f -", &SHIP.replace("port", "harbour")).await;
    assert!(unknown.contains("strict decoding error: unknown field \"spec.harbour\""), "{unknown}");
    let missing = kubectl.run("create -f -", &SHIP.replace("masts: 1, ", "")).await;
    assert!(missing.contains("spec.masts: Required value"), "{missing}");
    assert_eq!(kubectl.run("apply -f -", SHIP).await, "ship.example.com/argo created");
    assert_eq!(kubectl.run("apply -f -", &SHIP.replace("iolcus", "colchis")).await, "ship.example.com/argo configured");
    let table = kubectl.run("get sh", "").await;
    assert_eq!(table, "NAME   MASTS\nargo   1");
    let wide = kubectl.run("get ships -o wide", "").await;
    assert_eq!(wide, "NAME   MASTS   PORT\nargo   1       colchis");
    assert!(kubectl.run("get all", "").await.contains("ship.example.com/argo"));

    assert_eq!(kubectl.run("scale ship argo --replicas=3", "").await, "ship.example.com/argo scaled");
    assert_eq!(kubectl.run("get ship argo -o jsonpath={.spec.masts}", "").await, "3");
    // another one, which nobody applied before: who applies takes over what the same tool applied
    let ship = SHIP.replace("argo", "santa");
    assert_eq!(kubectl.run("create -f -", &ship).await, "ship.example.com/santa created");
    let more = "apiVersion: example.com/v1\nkind: Ship\nmetadata: { name: santa }\nspec: { crew: [{ name: orpheus }] }\n";
    assert_eq!(
        kubectl.run("apply --server-side --field-manager=muse -f -", more).await,
        "ship.example.com/santa serverside-applied"
    );
    assert_eq!(kubectl.run("get ship santa -o jsonpath={.spec.crew[*].name}", "").await, "jason orpheus");
    let conflict =
        kubectl.run("apply --server-side --field-manager=other -f -", &ship.replace("masts: 1", "masts: 2")).await;
    assert!(conflict.contains("conflict"), "{conflict}");

    let gone = kubectl.run("delete crd ships.example.com", "").await;
    assert!(gone.starts_with("customresourcedefinition.apiextensions.k8s.io \"ships.example.com\" deleted"), "{gone}");
    let unknown = kubectl.run("get ships", "").await;
    // it remembers for a while what there was
    assert!(unknown.contains("the server could not find the requested resource"), "{unknown}");
}
