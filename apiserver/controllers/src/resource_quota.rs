//! Says in the status of each ResourceQuota what its namespace uses. Admission counts for itself and does not wait for this.

use std::{collections::HashMap, sync::Arc};

use api::{
    Key, Revision, kinds,
    quota::{self, Quota, Usage},
};
use client::{Action, Change, Cluster, Controller, views::MetaView};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    error::Error,
    objects::{self, Part},
};

/// What was counted last time, by quota: only what changed since is decoded again.
type Counted = Arc<Mutex<HashMap<Key, (Quota, Objects)>>>;
/// By resource and name.
type Objects = HashMap<(String, Key), (Revision, Usage)>;

pub(crate) fn controller() -> Controller {
    let counted = Counted::default();
    let row = Controller::new("resourcequota", move |cluster, key| reconcile(cluster, key, counted.clone()));
    let row = row.workers(1).maps_of(&kinds::RESOURCE_QUOTA, |_, change| vec![change.key().clone()]);
    row.maps_all(|kind| kind.namespaced, concerned)
}

/// The quotas of the namespace in which something changed.
fn concerned(cluster: &Cluster, change: &Change<MetaView>) -> Vec<Key> {
    let quotas = cluster.informer_of(&kinds::RESOURCE_QUOTA).in_namespace(&change.key().namespace);
    quotas.iter().map(|quota| quota.key().clone()).collect()
}

async fn reconcile(cluster: Cluster, key: Key, counted: Counted) -> Result<Action, Error> {
    let quotas = cluster.informer_of(&kinds::RESOURCE_QUOTA);
    let Some(item) = quotas.get(&key) else {
        counted.lock().remove(&key);
        return Ok(Action::Done);
    };
    let object = item.object.value();
    let quota = Quota::of(&object);
    // A quota that says something else counts everything anew.
    let before = counted.lock().remove(&key).filter(|(known, _)| *known == quota).map(|(_, objects)| objects);
    let (objects, used) = count(&cluster, &quota, &key.namespace, before.unwrap_or_default());
    let patch = plan(&object, &quota, &used);
    counted.lock().insert(key.clone(), (quota, objects));
    let Some(patch) = patch else { return Ok(Action::Done) };
    match objects::merge(&cluster, &kinds::RESOURCE_QUOTA, &key, Part::Status, patch).await {
        Ok(written) => quotas.reached(written.revision()).await,
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    Ok(Action::Done)
}

fn count(cluster: &Cluster, quota: &Quota, namespace: &str, mut before: Objects) -> (Objects, Usage) {
    let (mut objects, mut used) = (Objects::new(), Usage::new());
    for kind in cluster.kinds().into_iter().filter(|kind| kind.namespaced && quota.tracks(kind)) {
        let resource = kind.resource();
        for item in cluster.informer_of(kind).in_namespace(namespace) {
            let id = (resource.clone(), item.key().clone());
            let known = before.remove(&id).filter(|(revision, _)| *revision == item.revision());
            let (revision, usage) = known.unwrap_or_else(|| (item.revision(), quota.usage(kind, &item.object.value())));
            quota::add(&mut used, &usage);
            objects.insert(id, (revision, usage));
        }
    }
    (objects, used)
}

/// The change of status, if one is due.
fn plan(object: &Value, quota: &Quota, used: &Usage) -> Option<Value> {
    let zero = api::quantity::Quantity::ZERO;
    let used: Usage = quota.hard.keys().map(|name| (name.clone(), used.get(name).copied().unwrap_or(zero))).collect();
    let status = &object["status"];
    let same = |name: &str, wanted: &Usage| quota::amounts(&status[name]) == *wanted && status[name].is_object();
    if same("hard", &quota.hard) && same("used", &used) {
        return None;
    }
    let change = |name: &str, wanted: &Usage| {
        let mut change = quota::to_json(wanted);
        for gone in status[name].as_object().into_iter().flatten().map(|(name, _)| name) {
            if !wanted.contains_key(gone) {
                change[gone.as_str()] = Value::Null;
            }
        }
        change
    };
    Some(json!({ "status": { "hard": change("hard", &quota.hard), "used": change("used", &used) } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_and_comes_to_rest() {
        let hard = json!({ "pods": "5", "cpu": "2" });
        let mut object =
            json!({ "metadata": { "name": "q" }, "spec": { "hard": hard }, "status": { "hard": { "gone": "1" } } });
        let quota = Quota::of(&object);
        let used = quota::amounts(&json!({ "pods": "2", "cpu": "500m" }));
        let patch = plan(&object, &quota, &used).unwrap();
        let expected = json!({ "hard": { "pods": "5", "cpu": "2", "gone": null }, "used": { "pods": "2", "cpu": "500m" } });
        assert_eq!(patch["status"], expected);
        object["status"] = json!({ "hard": hard, "used": { "pods": "2", "cpu": "0.5" } });
        assert_eq!(plan(&object, &quota, &used), None);
        let emptied = plan(&object, &quota, &Usage::new()).unwrap();
        assert_eq!(emptied["status"]["used"], json!({ "pods": "0", "cpu": "0" }));
    }
}
