//! Endpoints that a user made for a Service without a selector, mirrored to EndpointSlices: the data path reads only those.

use api::{Key, kinds};
use client::{Action, Cluster, Controller, views::EndpointSliceView, views::ServiceView};
use k8s_openapi::api::{
    core::v1::{EndpointAddress, EndpointSubset, Endpoints},
    discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
};

use super::{EndpointsView, existing, own, owner, slices, write};
use crate::error::Error;

const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";

pub(crate) fn controller() -> Controller {
    Controller::new("endpointslicemirroring", reconcile)
        .watches::<EndpointsView>()
        .owns::<EndpointSliceView>()
        .maps::<ServiceView>(|_, change| vec![change.key().clone()])
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let service = cluster.informer::<ServiceView>().get(&key);
    let stored = cluster.informer::<EndpointsView>().get(&key);
    let by_hand = service.is_some_and(|service| service.selector.is_empty());
    let stored = stored.filter(|stored| by_hand && !stored.terminating() && stored.label(SKIP) != Some("true"));
    let existing = existing(&cluster, &key, MANAGER)?;
    let Some(stored) = stored else {
        let delete = existing.iter().filter_map(|slice| slice.metadata.name.clone()).collect();
        write(&cluster, &key.namespace, &existing, slices::Plan { delete, ..slices::Plan::default() }).await?;
        return Ok(Action::Done);
    };
    let endpoints: Endpoints =
        stored.decode().map_err(|source| Error::Decode { kind: "Endpoints", key: key.clone(), source })?;
    let mut labels = endpoints.metadata.labels.clone().unwrap_or_default();
    labels.extend([(slices::SERVICE_NAME, stored.name()), (slices::MANAGED_BY, MANAGER)].map(own));
    let wanted = endpoints.subsets.iter().flatten().flat_map(mirror).map(|slice| {
        let mut slice = slice;
        slice.metadata.generate_name = Some(format!("{}-", stored.name()));
        slice.metadata.labels = Some(labels.clone());
        slice.metadata.owner_references = Some(vec![owner(&stored, &kinds::ENDPOINTS)]);
        slice
    });
    write(&cluster, &key.namespace, &existing, plan(wanted.collect(), &existing)).await?;
    Ok(Action::Done)
}

/// Slices that say the right thing stay; the others are replaced. Hand-made endpoints are few and change seldom.
fn plan(wanted: Vec<EndpointSlice>, existing: &[EndpointSlice]) -> slices::Plan {
    let says = |slice: &EndpointSlice| (slice.endpoints.clone(), slice.ports.clone(), slice.metadata.labels.clone());
    let mut plan = slices::Plan { create: wanted, ..slices::Plan::default() };
    for slice in existing {
        match plan.create.iter().position(|wanted| says(wanted) == says(slice)) {
            Some(index) => drop(plan.create.swap_remove(index)),
            None => plan.delete.extend(slice.metadata.name.clone()),
        }
    }
    plan
}

fn mirror(subset: &EndpointSubset) -> Vec<EndpointSlice> {
    let port = |port: &k8s_openapi::api::core::v1::EndpointPort| EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".into())),
        port: Some(port.port),
        app_protocol: port.app_protocol.clone(),
    };
    let ports: Vec<EndpointPort> = subset.ports.iter().flatten().map(port).collect();
    let ready = subset.addresses.iter().flatten().map(|address| endpoint(address, true));
    let unready = subset.not_ready_addresses.iter().flatten().map(|address| endpoint(address, false));
    let (v6, v4): (Vec<Endpoint>, Vec<Endpoint>) =
        ready.chain(unready).partition(|endpoint| endpoint.addresses[0].contains(':'));
    let slice = |family: &str, endpoints: &[Endpoint]| EndpointSlice {
        address_type: family.into(),
        endpoints: endpoints.to_vec(),
        ports: Some(ports.clone()),
        ..EndpointSlice::default()
    };
    let of = |family: &'static str, all: Vec<Endpoint>| -> Vec<EndpointSlice> {
        all.chunks(slices::MAX_ENDPOINTS).map(|chunk| slice(family, chunk)).collect()
    };
    of("IPv4", v4).into_iter().chain(of("IPv6", v6)).collect()
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions { ready: Some(ready), serving: Some(ready), terminating: Some(false) }),
        hostname: address.hostname.clone(),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subset() -> EndpointSubset {
        let address = |ip: &str| EndpointAddress { ip: ip.into(), ..EndpointAddress::default() };
        EndpointSubset {
            addresses: Some(vec![address("192.0.2.1"), address("2001:db8::1")]),
            not_ready_addresses: Some(vec![address("192.0.2.2")]),
            ports: None,
        }
    }

    #[test]
    fn families_go_to_slices_of_their_own() {
        let slices = mirror(&subset());
        let told: Vec<_> = slices.iter().map(|slice| (slice.address_type.as_str(), slice.endpoints.len())).collect();
        assert_eq!(told, [("IPv4", 2), ("IPv6", 1)]);
    }

    #[test]
    fn what_says_the_right_thing_is_left_alone() {
        let mut stored = mirror(&subset());
        stored[0].metadata.name = Some("right".into());
        stored[1].metadata.name = Some("wrong".into());
        stored[1].endpoints.clear();
        let plan = plan(mirror(&subset()), &stored);
        assert_eq!((plan.create.len(), plan.delete), (1, vec!["wrong".to_owned()]));
    }
}
