//! Fills Secrets of the type `kubernetes.io/service-account-token`, and deletes those whose account is gone.

use std::sync::Arc;

use api::{Key, Kind, Object, kinds};
use base64::{Engine, engine::general_purpose::STANDARD};
use client::{Action, Cluster, Controller, View, view};
use serde::Deserialize;
use serde_json::Value;

use crate::{Authority, error::Error, objects};

const TYPE: &str = "kubernetes.io/service-account-token";
const UID: &str = "kubernetes.io/service-account.uid";

/// Of which account a Secret holds the token; none for any other Secret.
struct SecretView {
    account: Option<Box<str>>,
}

impl View for SecretView {
    const KIND: &'static Kind = &kinds::SECRET;

    fn of(object: &Object) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            metadata: Metadata,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Metadata {
            annotations: Option<Annotations>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Annotations {
            #[serde(rename = "kubernetes.io/service-account.name")]
            account: Option<Box<str>>,
        }
        // its type is its one selectable field: no other Secret is decoded
        if object.meta.fields.first().is_none_or(|kind| **kind != *TYPE) {
            return Self { account: None };
        }
        Self { account: view::read::<Fields>(object).metadata.annotations.unwrap_or_default().account }
    }

    fn index(&self, meta: &api::object::Meta) -> Vec<(&'static str, Box<str>)> {
        let account = self.account.iter().map(|account| format!("{}/{account}", meta.key.namespace));
        account.map(|account| ("account", account.into_boxed_str())).collect()
    }
}

struct AccountView;

impl View for AccountView {
    const KIND: &'static Kind = &kinds::SERVICE_ACCOUNT;

    fn of(_: &Object) -> Self {
        Self
    }
}

pub(crate) fn controller(authority: Arc<dyn Authority>, root_ca: &str) -> Controller {
    let root_ca: Arc<str> = STANDARD.encode(root_ca).into();
    let reconcile = move |cluster, key| reconcile(cluster, key, authority.clone(), root_ca.clone());
    Controller::new("serviceaccount-token", reconcile).watches::<SecretView>().maps::<AccountView>(|cluster, change| {
        let account = change.key();
        let secrets = cluster.informer::<SecretView>();
        let secrets = secrets.by("account", &format!("{}/{}", account.namespace, account.name));
        secrets.iter().map(|secret| secret.key().clone()).collect()
    })
}

async fn reconcile(cluster: Cluster, key: Key, authority: Arc<dyn Authority>, root_ca: Arc<str>) -> Result<Action, Error> {
    let secrets = cluster.informer::<SecretView>();
    let Some(item) = secrets.get(&key).filter(|item| !item.terminating()) else { return Ok(Action::Done) };
    let Some(name) = &item.view.account else { return Ok(Action::Done) };
    let account = cluster.informer::<AccountView>().get(&Key::new(&key.namespace, name));
    let uid = account.map(|account| account.object.meta.uid.clone());
    let done = match plan(&item.object.value(), uid.as_deref(), &root_ca) {
        Plan::Nothing => return Ok(Action::Done),
        Plan::Delete => {
            let options = objects::only(&item.object.meta.uid);
            objects::delete(&cluster, &kinds::SECRET, &key, &options).await.map(drop)
        }
        Plan::Fill { mut secret, token, uid } => {
            if token {
                let signed = authority.account_token(&key.namespace, &key.name, name, &uid);
                let signed = signed.map_err(|why| Error::Sign { key: key.clone(), why })?;
                secret["data"]["token"] = STANDARD.encode(signed).into();
            }
            objects::replace(&cluster, &kinds::SECRET, &key, &secret).await.map(drop)
        }
    };
    match done {
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(Action::Done),
        other => other.map(|()| Action::Done),
    }
}

#[derive(Debug, PartialEq)]
enum Plan {
    Nothing,
    Delete,
    /// The Secret as it should be, but for a token that has to be signed.
    Fill {
        secret: Value,
        token: bool,
        uid: String,
    },
}

/// `account` is the uid of the account that is there.
fn plan(secret: &Value, account: Option<&str>, root_ca: &str) -> Plan {
    let said = secret["metadata"]["annotations"][UID].as_str().unwrap_or_default();
    // A Secret of an account that was never seen waits for it; one of an account that is gone is of no use.
    let uid = match account {
        Some(uid) if said.is_empty() || said == uid => uid,
        None if said.is_empty() => return Plan::Nothing,
        _ => return Plan::Delete,
    };
    let mut wanted = secret.clone();
    if !wanted["data"].is_object() {
        wanted["data"] = Value::Object(serde_json::Map::new());
    }
    wanted["metadata"]["annotations"][UID] = uid.into();
    wanted["data"]["ca.crt"] = root_ca.into();
    let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
    wanted["data"]["namespace"] = STANDARD.encode(namespace).into();
    let token = secret["data"]["token"].as_str().unwrap_or_default().is_empty();
    if !token && wanted == *secret {
        return Plan::Nothing;
    }
    Plan::Fill { secret: wanted, token, uid: uid.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: &str = "kubernetes.io/service-account.name";

    #[test]
    fn filled_once_and_ended_with_its_account() {
        let new = json!({ "metadata": { "namespace": "a", "annotations": { NAME: "robot" } } });
        assert_eq!(plan(&new, None, "Y2E="), Plan::Nothing);
        let Plan::Fill { mut secret, token, uid } = plan(&new, Some("1"), "Y2E=") else { panic!("it is to be filled") };
        assert_eq!((token, uid.as_str(), &secret["data"]["namespace"]), (true, "1", &json!("YQ==")));
        secret["data"]["token"] = "dA==".into();
        assert_eq!(plan(&secret, Some("1"), "Y2E="), Plan::Nothing);
        assert_eq!(plan(&secret, Some("2"), "Y2E="), Plan::Delete);
        assert_eq!(plan(&secret, None, "Y2E="), Plan::Delete);
    }
}
