//! ServiceAccount: every pod runs as one, and finds its token where clients look for it.

use api::{Key, Status, kinds};
use serde_json::{Value, json};

use super::{Attributes, Mutate, Plugin};
use crate::handlers::metadata::random_letters;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "ServiceAccount",
    concerns: |attributes| attributes.creates(&kinds::POD),
    mutate: Mutate::Now(mutate),
    ..Plugin::NOTHING
};

const MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Upstream's hour and seven seconds: the kubelet asks for a new one before.
const EXPIRES: i64 = 3607;
const MIRROR: &str = "kubernetes.io/config.mirror";

fn mutate(attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
    if !pod["metadata"]["annotations"][MIRROR].is_null() {
        return Ok(());
    }
    let name = match pod["spec"]["serviceAccountName"].as_str() {
        None | Some("") => "default".to_owned(),
        Some(name) => name.to_owned(),
    };
    pod["spec"]["serviceAccountName"] = name.as_str().into();
    pod["spec"]["serviceAccount"] = name.as_str().into();
    let namespace = attributes.namespace();
    let Some(account) = attributes.app.store.get(&kinds::SERVICE_ACCOUNT, &Key::new(namespace, &name)) else {
        let why = format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
        return Err(attributes.forbidden(pod, &why));
    };
    let account = account.value();
    if pod["spec"]["imagePullSecrets"].as_array().is_none_or(Vec::is_empty) && account["imagePullSecrets"].is_array() {
        pod["spec"]["imagePullSecrets"] = account["imagePullSecrets"].clone();
    }
    let wanted = pod["spec"]["automountServiceAccountToken"].as_bool();
    if wanted.or(account["automountServiceAccountToken"].as_bool()).unwrap_or(true) {
        mount(&mut pod["spec"]);
    }
    Ok(())
}

/// Mounts a projected token into every container that has nothing else there.
fn mount(spec: &mut Value) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut volumes = list(&spec["volumes"]);
    let existing =
        volumes.iter().filter_map(|volume| volume["name"].as_str()).find(|name| name.starts_with("kube-api-access-"));
    let volume = existing.map_or_else(|| format!("kube-api-access-{}", random_letters(5)), str::to_owned);
    let mut used = false;
    for group in ["initContainers", "containers"] {
        let containers = spec.get_mut(group).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let mut mounts = list(&container["volumeMounts"]);
            if mounts.iter().all(|mount| mount["mountPath"] != MOUNT) {
                mounts.push(json!({ "name": volume, "mountPath": MOUNT, "readOnly": true }));
                container["volumeMounts"] = mounts.into();
                used = true;
            }
        }
    }
    if used && volumes.iter().all(|known| known["name"] != *volume) {
        volumes.push(json!({ "name": volume, "projected": { "defaultMode": 420, "sources": [
            { "serviceAccountToken": { "expirationSeconds": EXPIRES, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [{
                "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" },
            }] } },
        ] } }));
        spec["volumes"] = volumes.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_volume_for_all_containers_that_want_it() {
        let own = json!([{ "name": "mine", "mountPath": MOUNT }]);
        let mut spec = json!({ "containers": [{ "name": "a" }, { "name": "b", "volumeMounts": own }], "initContainers": [{ "name": "i" }] });
        mount(&mut spec);
        let name = spec["volumes"][0]["name"].clone();
        assert!(name.as_str().unwrap().starts_with("kube-api-access-"));
        assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], name);
        assert_eq!(spec["initContainers"][0]["volumeMounts"][0]["mountPath"], MOUNT);
        assert_eq!(spec["containers"][1]["volumeMounts"], own);
        let once = spec.clone();
        mount(&mut spec);
        assert_eq!(spec, once);
    }
}
