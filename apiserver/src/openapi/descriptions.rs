//! What `kubectl explain` prints: upstream's own documentation of types and fields, as `k8s-openapi` carries it.

use std::sync::LazyLock;

use api::schema::Type;
use k8s_openapi::{
    api::{
        admissionregistration::{v1 as admission, v1alpha1 as admission_alpha, v1beta1 as admission_beta},
        apps::v1 as apps,
        authentication::v1 as authentication,
        authorization::v1 as authorization,
        autoscaling::{v1 as autoscaling, v2 as autoscaling_v2},
        batch::v1 as batch,
        certificates::{v1 as certificates, v1beta1 as certificates_beta},
        coordination::v1 as coordination,
        core::v1 as core,
        discovery::v1 as discovery,
        events::v1 as events,
        flowcontrol::v1 as flowcontrol,
        networking::v1 as networking,
        node::v1 as node,
        policy::v1 as policy,
        rbac::v1 as rbac,
        resource::v1 as resource,
        scheduling::v1 as scheduling,
        storage::v1 as storage,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions,
    apimachinery::pkg::apis::meta::v1 as meta,
    kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration,
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
    |g| drop(g.subschema_for::<core::LimitRange>()),
    |g| drop(g.subschema_for::<core::Namespace>()),
    |g| drop(g.subschema_for::<core::Node>()),
    |g| drop(g.subschema_for::<core::PersistentVolume>()),
    |g| drop(g.subschema_for::<core::PersistentVolumeClaim>()),
    |g| drop(g.subschema_for::<core::Pod>()),
    |g| drop(g.subschema_for::<core::PodTemplate>()),
    |g| drop(g.subschema_for::<core::ReplicationController>()),
    |g| drop(g.subschema_for::<core::ResourceQuota>()),
    |g| drop(g.subschema_for::<core::Secret>()),
    |g| drop(g.subschema_for::<core::Service>()),
    |g| drop(g.subschema_for::<core::ServiceAccount>()),
    |g| drop(g.subschema_for::<admission::MutatingWebhookConfiguration>()),
    |g| drop(g.subschema_for::<admission::ValidatingAdmissionPolicy>()),
    |g| drop(g.subschema_for::<admission::ValidatingAdmissionPolicyBinding>()),
    |g| drop(g.subschema_for::<admission::ValidatingWebhookConfiguration>()),
    |g| drop(g.subschema_for::<admission_alpha::MutatingAdmissionPolicy>()),
    |g| drop(g.subschema_for::<admission_alpha::MutatingAdmissionPolicyBinding>()),
    |g| drop(g.subschema_for::<admission_beta::MutatingAdmissionPolicy>()),
    |g| drop(g.subschema_for::<admission_beta::MutatingAdmissionPolicyBinding>()),
    |g| drop(g.subschema_for::<apiextensions::CustomResourceDefinition>()),
    |g| drop(g.subschema_for::<apiregistration::APIService>()),
    |g| drop(g.subschema_for::<apps::ControllerRevision>()),
    |g| drop(g.subschema_for::<apps::DaemonSet>()),
    |g| drop(g.subschema_for::<apps::Deployment>()),
    |g| drop(g.subschema_for::<apps::ReplicaSet>()),
    |g| drop(g.subschema_for::<apps::StatefulSet>()),
    |g| drop(g.subschema_for::<authentication::SelfSubjectReview>()),
    |g| drop(g.subschema_for::<authentication::TokenRequest>()),
    |g| drop(g.subschema_for::<authentication::TokenReview>()),
    |g| drop(g.subschema_for::<authorization::LocalSubjectAccessReview>()),
    |g| drop(g.subschema_for::<authorization::SelfSubjectAccessReview>()),
    |g| drop(g.subschema_for::<authorization::SelfSubjectRulesReview>()),
    |g| drop(g.subschema_for::<authorization::SubjectAccessReview>()),
    |g| drop(g.subschema_for::<autoscaling::HorizontalPodAutoscaler>()),
    |g| drop(g.subschema_for::<autoscaling::Scale>()),
    |g| drop(g.subschema_for::<autoscaling_v2::HorizontalPodAutoscaler>()),
    |g| drop(g.subschema_for::<batch::CronJob>()),
    |g| drop(g.subschema_for::<batch::Job>()),
    |g| drop(g.subschema_for::<certificates::CertificateSigningRequest>()),
    |g| drop(g.subschema_for::<certificates_beta::ClusterTrustBundle>()),
    |g| drop(g.subschema_for::<coordination::Lease>()),
    |g| drop(g.subschema_for::<discovery::EndpointSlice>()),
    |g| drop(g.subschema_for::<events::Event>()),
    |g| drop(g.subschema_for::<flowcontrol::FlowSchema>()),
    |g| drop(g.subschema_for::<flowcontrol::PriorityLevelConfiguration>()),
    |g| drop(g.subschema_for::<networking::IPAddress>()),
    |g| drop(g.subschema_for::<networking::Ingress>()),
    |g| drop(g.subschema_for::<networking::IngressClass>()),
    |g| drop(g.subschema_for::<networking::NetworkPolicy>()),
    |g| drop(g.subschema_for::<networking::ServiceCIDR>()),
    |g| drop(g.subschema_for::<node::RuntimeClass>()),
    |g| drop(g.subschema_for::<policy::Eviction>()),
    |g| drop(g.subschema_for::<policy::PodDisruptionBudget>()),
    |g| drop(g.subschema_for::<rbac::ClusterRole>()),
    |g| drop(g.subschema_for::<rbac::ClusterRoleBinding>()),
    |g| drop(g.subschema_for::<rbac::Role>()),
    |g| drop(g.subschema_for::<rbac::RoleBinding>()),
    |g| drop(g.subschema_for::<resource::DeviceClass>()),
    |g| drop(g.subschema_for::<resource::ResourceClaim>()),
    |g| drop(g.subschema_for::<resource::ResourceClaimTemplate>()),
    |g| drop(g.subschema_for::<resource::ResourceSlice>()),
    |g| drop(g.subschema_for::<scheduling::PriorityClass>()),
    |g| drop(g.subschema_for::<storage::CSIDriver>()),
    |g| drop(g.subschema_for::<storage::CSINode>()),
    |g| drop(g.subschema_for::<storage::CSIStorageCapacity>()),
    |g| drop(g.subschema_for::<storage::StorageClass>()),
    |g| drop(g.subschema_for::<storage::VolumeAttachment>()),
    |g| drop(g.subschema_for::<storage::VolumeAttributesClass>()),
    |g| drop(g.subschema_for::<meta::DeleteOptions>()),
    |g| drop(g.subschema_for::<meta::Status>()),
];

/// Packages of retired versions, of which `k8s-openapi` knows nothing, and those that took their types over.
const MOVED: &[(&str, &str)] = &[("io.k8s.api.extensions.v1beta1.", "io.k8s.api.apps.v1.")];

/// The documentation of `subject`, or of its `field`.
pub(super) fn describe(subject: &'static Type, field: Option<&str>) -> Option<String> {
    let definition = DEFINITIONS.get(subject.name).or_else(|| DEFINITIONS.get(&heir(subject.name)?))?;
    let described = match field {
        None => definition,
        Some(field) => definition.get("properties")?.get(field)?,
    };
    described.get("description")?.as_str().map(str::to_owned)
}

fn heir(name: &str) -> Option<String> {
    MOVED.iter().find_map(|(from, to)| Some(format!("{to}{}", name.strip_prefix(from)?)))
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

    #[test]
    fn every_kind_has_prose() {
        let kinds = api::kinds::ALL.iter().copied().chain(crate::handlers::reviews::kinds());
        for version in kinds.flat_map(|kind| kind.versions) {
            let subject = api::schema::find(version.schema).unwrap();
            // upstream says nothing of some kinds' metadata
            let fields = subject.fields().iter().map(|field| Some(field.name)).filter(|name| *name != Some("metadata"));
            for field in std::iter::once(None).chain(fields) {
                let prose = describe(subject, field);
                assert!(prose.is_some_and(|prose| !prose.is_empty()), "{}: {field:?}", version.schema);
            }
        }
    }
}
