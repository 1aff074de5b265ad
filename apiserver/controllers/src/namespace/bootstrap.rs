//! What every namespace has: the ServiceAccount `default`, and the cluster's CA in the ConfigMap `kube-root-ca.crt`.

use std::sync::Arc;

use api::{Key, Kind, Object, kinds};
use client::{Action, Change, Cluster, Controller, View, view, views::NamespaceView};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    error::Error,
    objects::{self, Part, Written},
};

const ACCOUNT: &str = "default";
const CONFIG_MAP: &str = "kube-root-ca.crt";
const DATA: &str = "ca.crt";
const DESCRIPTION: (&str, &str) = (
    "kubernetes.io/description",
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
);

/// What the cache keeps of a ServiceAccount.
struct AccountView;

impl View for AccountView {
    const KIND: &'static Kind = &kinds::SERVICE_ACCOUNT;

    fn of(_: &Object) -> Self {
        Self
    }
}

/// What the cache keeps of a ConfigMap: whether it holds a CA, and which.
struct CertificateView {
    pem: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts {
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    #[serde(rename = "ca.crt")]
    pem: Option<Box<str>>,
}

impl View for CertificateView {
    const KIND: &'static Kind = &kinds::CONFIG_MAP;

    fn of(object: &Object) -> Self {
        // the other ConfigMaps, some of them large, are not decoded
        if &*object.key().name != CONFIG_MAP {
            return Self { pem: None };
        }
        Self { pem: view::read::<Parts>(object).data.pem }
    }
}

pub(crate) fn service_account() -> Controller {
    Controller::new("serviceaccount", ensure_account)
        .watches::<NamespaceView>()
        .maps::<AccountView>(|_, change| namespace_of(change, ACCOUNT))
}

pub(crate) fn root_ca(pem: String) -> Controller {
    let pem: Arc<str> = pem.into();
    Controller::new("root-ca-certificate-publisher", move |cluster, key| publish(cluster, key, pem.clone()))
        .watches::<NamespaceView>()
        .maps::<CertificateView>(|_, change| namespace_of(change, CONFIG_MAP))
}

fn namespace_of<V: View>(change: &Change<V>, name: &str) -> Vec<Key> {
    let key = change.key();
    if &*key.name == name { vec![Key::cluster(&key.namespace)] } else { Vec::new() }
}

fn is_active(cluster: &Cluster, namespace: &Key) -> bool {
    let item = cluster.informer::<NamespaceView>().get(namespace);
    item.is_some_and(|item| !item.terminating() && !item.view.terminating)
}

async fn ensure_account(cluster: Cluster, namespace: Key) -> Result<Action, Error> {
    let accounts = cluster.informer::<AccountView>();
    if !is_active(&cluster, &namespace) || accounts.get(&Key::new(&namespace.name, ACCOUNT)).is_some() {
        return Ok(Action::Done);
    }
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": namespace.name},
    });
    created(objects::create(&cluster, &kinds::SERVICE_ACCOUNT, &namespace.name, &account).await)?;
    Ok(Action::Done)
}

async fn publish(cluster: Cluster, namespace: Key, pem: Arc<str>) -> Result<Action, Error> {
    if !is_active(&cluster, &namespace) {
        return Ok(Action::Done);
    }
    let key = Key::new(&namespace.name, CONFIG_MAP);
    match cluster.informer::<CertificateView>().get(&key) {
        Some(there) if there.pem.as_deref() == Some(&*pem) => {}
        Some(_) => {
            let patch = json!({"data": {DATA: &*pem}});
            let written = objects::merge(&cluster, &kinds::CONFIG_MAP, &key, Part::Whole, patch).await;
            // gone meanwhile: its deletion wakes this again
            created(written.or_else(|error| if error.is_not_found() { Ok(Written::default()) } else { Err(error) }))?;
        }
        None => {
            let map: Value = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": {DATA: &*pem},
                "metadata": {
                    "name": CONFIG_MAP, "namespace": namespace.name, "annotations": {DESCRIPTION.0: DESCRIPTION.1},
                },
            });
            created(objects::create(&cluster, &kinds::CONFIG_MAP, &namespace.name, &map).await)?;
        }
    }
    Ok(Action::Done)
}

/// Somebody else made it first, or the namespace has just begun to end: both are fine.
fn created(result: Result<Written, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.already_exists() || error.is_forbidden() || error.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}
