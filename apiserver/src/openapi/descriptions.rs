//! What `kubectl explain` prints: upstream's own documentation of types and fields, as `k8s-openapi` carries it.

use std::sync::LazyLock;

use api::schema::Type;
use k8s_openapi::{
    api::{
        apps::v1 as apps, authentication::v1 as authentication, autoscaling::v1 as autoscaling,
        coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery, events::v1 as events,
        policy::v1 as policy,
    },
    apimachinery::pkg::apis::meta::v1 as meta,
    schemars::SchemaGenerator,
};
use serde_json::{Map, Value};

/// By type. Made once, when a client first asks: it takes a while, and most clients never do.
static DEFINITIONS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut generator = SchemaGenerator::default();
    for root in ROOTS {
        root(&mut generator);
    }
    generator.take_definitions(false)
});

type Root = fn(&mut SchemaGenerator);

/// Types that bring all that they mention. One that is missing is served without prose.
const ROOTS: &[Root] = &[
    |g| drop(g.subschema_for::<core::ConfigMap>()),
    |g| drop(g.subschema_for::<core::Endpoints>()),
    |g| drop(g.subschema_for::<core::Event>()),
    |g| drop(g.subschema_for::<core::Namespace>()),
    |g| drop(g.subschema_for::<core::Node>()),
    |g| drop(g.subschema_for::<core::Pod>()),
    |g| drop(g.subschema_for::<core::ReplicationController>()),
    |g| drop(g.subschema_for::<core::Secret>()),
    |g| drop(g.subschema_for::<core::Service>()),
    |g| drop(g.subschema_for::<core::ServiceAccount>()),
    |g| drop(g.subschema_for::<apps::Deployment>()),
    |g| drop(g.subschema_for::<apps::ReplicaSet>()),
    |g| drop(g.subschema_for::<authentication::TokenRequest>()),
    |g| drop(g.subschema_for::<autoscaling::Scale>()),
    |g| drop(g.subschema_for::<coordination::Lease>()),
    |g| drop(g.subschema_for::<discovery::EndpointSlice>()),
    |g| drop(g.subschema_for::<events::Event>()),
    |g| drop(g.subschema_for::<policy::Eviction>()),
    |g| drop(g.subschema_for::<meta::DeleteOptions>()),
    |g| drop(g.subschema_for::<meta::Status>()),
];

/// The documentation of `subject`, or of its `field`.
pub(super) fn describe(subject: &'static Type, field: Option<&str>) -> Option<String> {
    let definition = DEFINITIONS.get(subject.name)?;
    let described = match field {
        None => definition,
        Some(field) => definition.get("properties")?.get(field)?,
    };
    described.get("description")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_fields_have_prose() {
        let pod = api::schema::find("io.k8s.api.core.v1.PodSpec").unwrap();
        assert!(describe(pod, None).unwrap().starts_with("PodSpec is a description of a pod"));
        assert!(describe(pod, Some("nodeName")).unwrap().contains("node"));
        assert!(describe(pod, Some("containers")).unwrap().contains("containers"));
        assert_eq!(describe(pod, Some("none")), None);
    }
}
