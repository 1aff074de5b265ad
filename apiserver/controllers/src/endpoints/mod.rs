//! Says who is behind each Service: EndpointSlices, and Endpoints for those who still read them.

/// The pods behind a Service; pure.
mod backend;
/// As the older object; pure.
mod legacy;
/// Endpoints made by hand, as slices.
mod mirror;
/// As slices; pure.
mod slices;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use api::{Key, Kind, Object, Revision, kinds};
use client::{
    Action, Change, Cluster, Controller, Item, View,
    views::{EndpointSliceView, PodView, ServiceType, ServiceView, label_entry},
};
use k8s_openapi::{
    api::{core::v1::Endpoints, discovery::v1::EndpointSlice},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    difference,
    error::Error,
    objects::{self, Part},
};
use backend::Groups;
pub(crate) use mirror::controller as mirroring;

const WORKERS: usize = 4;
const MANAGER: &str = "endpointslice-controller.k8s.io";
const LEGACY_MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");
const HEADLESS: &str = "service.kubernetes.io/headless";

/// What the cache keeps of an Endpoints object: nothing beyond what every item has.
pub(crate) struct EndpointsView;

impl View for EndpointsView {
    const KIND: &'static Kind = &kinds::ENDPOINTS;

    fn of(_: &Object) -> Self {
        Self
    }
}

/// EndpointSlices.
pub(crate) fn slices() -> Controller {
    Controller::new("endpointslice", reconcile_slices)
        .watches::<ServiceView>()
        .owns::<EndpointSliceView>()
        .maps::<PodView>(services)
        .workers(WORKERS)
}

/// Endpoints. Apart from the slices, which the data path reads and which shall not wait for this.
pub(crate) fn endpoints() -> Controller {
    Controller::new("endpoints", reconcile_endpoints)
        .watches::<ServiceView>()
        .maps::<EndpointsView>(|_, change| vec![change.key().clone()])
        .maps::<PodView>(services)
        .workers(WORKERS)
}

/// Endpoints go with their Service, also those made by hand. Apart from the others because only the end of a Service
/// says so: Endpoints that stand without one may have been made before it.
pub(crate) fn leftovers() -> Controller {
    Controller::new("endpoints-leftovers", delete_leftover)
        .maps::<ServiceView>(|_, change| if change.is_delete() { vec![change.key().clone()] } else { Vec::new() })
}

async fn delete_leftover(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let there = cluster.informer::<EndpointsView>().get(&key);
    if let Some(stored) = there.filter(|_| cluster.informer::<ServiceView>().get(&key).is_none()) {
        objects::delete(&cluster, &kinds::ENDPOINTS, &key, &objects::only(stored.uid())).await?;
    }
    Ok(Action::Done)
}

/// The Services that must hear of a pod: those that select it or did.
fn services(cluster: &Cluster, change: &Change<PodView>) -> Vec<Key> {
    if let (Some(old), Some(new)) = (&change.old, &change.new)
        && aspect(old) == aspect(new)
        && old.labels() == new.labels()
    {
        return Vec::new();
    }
    let services = cluster.informer::<ServiceView>();
    let of = |pod: &Arc<Item<PodView>>| -> Vec<Arc<Item<ServiceView>>> {
        let entries = pod.labels().iter().map(|(name, value)| label_entry(pod.namespace(), name, value));
        let near = entries.flat_map(|entry| services.by("selector", &entry));
        near.filter(|service| service.selects(pod.labels())).collect()
    };
    let keys: BTreeSet<Key> = change.sides().flat_map(of).map(|service| service.key().clone()).collect();
    keys.into_iter().collect()
}

/// All of a pod that an endpoint shows.
fn aspect(pod: &Item<PodView>) -> impl PartialEq + use<'_> {
    (pod.uid(), &pod.ip, pod.ready, pod.terminating(), pod.is_terminal(), &pod.node, &pod.hostname, &pod.subdomain)
}

/// Services that are ours to write for: the user writes endpoints for one without a selector, and a name needs none.
fn is_ours(service: &ServiceView) -> bool {
    !service.selector.is_empty() && service.kind != ServiceType::ExternalName
}

fn groups(cluster: &Cluster, service: &Item<ServiceView>) -> Groups {
    backend::groups(service, candidates(cluster, service).iter().map(|pod| &**pod))
}

/// The pods with the rarest label of the selector: of a namespace with thousands of others, few are looked at.
fn candidates(cluster: &Cluster, service: &Item<ServiceView>) -> Vec<Arc<Item<PodView>>> {
    let pods = cluster.informer::<PodView>();
    let entries = service.selector.iter().map(|(name, value)| label_entry(service.namespace(), name, value));
    let rarest = entries.min_by_key(|entry| pods.count("label", entry));
    rarest.map(|entry| pods.by("label", &entry)).unwrap_or_default()
}

fn labels(service: &Item<ServiceView>) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> =
        service.labels().iter().map(|(name, value)| ((**name).to_owned(), (**value).to_owned())).collect();
    labels.remove(HEADLESS);
    if service.headless {
        labels.insert(HEADLESS.into(), String::new());
    }
    labels
}

async fn reconcile_slices(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let service = cluster.informer::<ServiceView>().get(&key);
    let Some(service) = service.filter(|service| is_ours(service) && !service.terminating()) else {
        return Ok(Action::Done);
    };
    let existing = existing(&cluster, &key, MANAGER)?;
    let mut labels = labels(&service);
    labels.extend([(slices::SERVICE_NAME, service.name()), (slices::MANAGED_BY, MANAGER)].map(own));
    let template = slices::Template {
        namespace: service.namespace().into(),
        prefix: service.name().into(),
        labels,
        owner: owner(&service, &kinds::SERVICE),
    };
    let plan = slices::plan(&template, &groups(&cluster, &service), &existing);
    write(&cluster, &key.namespace, &existing, plan).await?;
    Ok(Action::Done)
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn owner<V>(item: &Item<V>, kind: &Kind) -> OwnerReference {
    OwnerReference {
        api_version: kind.hub().api_version(),
        kind: kind.kind.into(),
        name: item.name().into(),
        uid: item.uid().into(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The slices of a Service that `manager` writes.
fn existing(cluster: &Cluster, service: &Key, manager: &str) -> Result<Vec<EndpointSlice>, Error> {
    let slices = cluster.informer::<EndpointSliceView>().by("service", &service.to_string());
    let own = slices.iter().filter(|slice| slice.label(slices::MANAGED_BY) == Some(manager) && !slice.terminating());
    own.map(|slice| {
        slice.decode().map_err(|source| Error::Decode { kind: "EndpointSlice", key: slice.key().clone(), source })
    })
    .collect()
}

/// Resolves when the cache shows what was written.
async fn write(cluster: &Cluster, namespace: &str, existing: &[EndpointSlice], plan: slices::Plan) -> Result<(), Error> {
    let mut seen = Revision::default();
    for slice in &plan.update {
        let old = existing.iter().find(|old| old.metadata.name == slice.metadata.name);
        let name = slice.metadata.name.as_deref().unwrap_or_default();
        let key = Key::new(namespace, name);
        seen = update(cluster, &kinds::ENDPOINT_SLICE, &key, &old, slice).await?.max(seen);
    }
    for slice in &plan.create {
        seen = objects::create(cluster, &kinds::ENDPOINT_SLICE, namespace, slice).await?.revision().max(seen);
    }
    for name in &plan.delete {
        let (key, params) = (Key::new(namespace, name), kube::api::DeleteParams::background());
        seen = objects::delete(cluster, &kinds::ENDPOINT_SLICE, &key, &params).await?.revision().max(seen);
    }
    cluster.informer::<EndpointSliceView>().reached(seen).await;
    Ok(())
}

async fn update(
    cluster: &Cluster,
    kind: &'static Kind,
    key: &Key,
    old: &impl Serialize,
    new: &impl Serialize,
) -> Result<Revision, Error> {
    let (old, new) = (json(old), json(new));
    let Some(mut patch) = difference::between(&old, &new) else { return Ok(Revision::default()) };
    patch["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
    Ok(objects::merge(cluster, kind, key, Part::Whole, patch).await?.revision())
}

fn json(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("an object is plain data")
}

async fn reconcile_endpoints(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let stored = cluster.informer::<EndpointsView>().get(&key);
    let Some(service) = cluster.informer::<ServiceView>().get(&key) else {
        // of a Service that went while nobody watched; hand-made ones may have been made before their Service
        if let Some(stored) = stored.filter(|stored| stored.label(LEGACY_MANAGED_BY.0) == Some(LEGACY_MANAGED_BY.1)) {
            objects::delete(&cluster, &kinds::ENDPOINTS, &key, &objects::only(stored.uid())).await?;
        }
        return Ok(Action::Done);
    };
    if !is_ours(&service) || service.terminating() {
        return Ok(Action::Done);
    }
    let old: Option<Endpoints> = match &stored {
        Some(item) => Some(item.decode().map_err(|source| Error::Decode { kind: "Endpoints", key: key.clone(), source })?),
        None => None,
    };
    let metadata = old.as_ref().map(|old| old.metadata.clone()).unwrap_or_else(|| ObjectMeta {
        name: Some(service.name().into()),
        namespace: Some(service.namespace().into()),
        ..ObjectMeta::default()
    });
    let mut labels = labels(&service);
    labels.extend([own(LEGACY_MANAGED_BY)]);
    let new = legacy::build(metadata, labels, &groups(&cluster, &service));
    let revision = match &old {
        Some(old) => update(&cluster, &kinds::ENDPOINTS, &key, old, &new).await?,
        None => objects::create(&cluster, &kinds::ENDPOINTS, &key.namespace, &new).await?.revision(),
    };
    cluster.informer::<EndpointsView>().reached(revision).await;
    Ok(Action::Done)
}
