//! The closed sets of strings, which neither package carries: Go's named string types, their values and the fields that have them.

/// A named string type.
pub(crate) struct Enum {
    pub(crate) name: &'static str,
    pub(crate) values: &'static [&'static str],
    /// `Type.field` in the package of `name`.
    fields: &'static [&'static str],
}

const fn row(name: &'static str, values: &'static [&'static str], fields: &'static [&'static str]) -> Enum {
    Enum { name, values, fields }
}

/// The package is that of the fields' types.
pub(crate) static ALL: &[Enum] = &[
    row(
        "io.k8s.api.core.v1.PullPolicy",
        &["Always", "IfNotPresent", "Never"],
        &["Container.imagePullPolicy", "EphemeralContainer.imagePullPolicy", "ImageVolumeSource.pullPolicy"],
    ),
    row(
        "io.k8s.api.core.v1.Protocol",
        &["SCTP", "TCP", "UDP"],
        &["ContainerPort.protocol", "ServicePort.protocol", "EndpointPort.protocol", "PortStatus.protocol"],
    ),
    row(
        "io.k8s.api.core.v1.TerminationMessagePolicy",
        &["FallbackToLogsOnError", "File"],
        &["Container.terminationMessagePolicy", "EphemeralContainer.terminationMessagePolicy"],
    ),
    row("io.k8s.api.core.v1.URIScheme", &["HTTP", "HTTPS"], &["HTTPGetAction.scheme"]),
    row("io.k8s.api.core.v1.RestartPolicy", &["Always", "Never", "OnFailure"], &["PodSpec.restartPolicy"]),
    row(
        "io.k8s.api.core.v1.DNSPolicy",
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        &["PodSpec.dnsPolicy"],
    ),
    row("io.k8s.api.core.v1.PreemptionPolicy", &["Never", "PreemptLowerPriority"], &["PodSpec.preemptionPolicy"]),
    row("io.k8s.api.core.v1.PodPhase", &["Failed", "Pending", "Running", "Succeeded", "Unknown"], &["PodStatus.phase"]),
    row("io.k8s.api.core.v1.PodQOSClass", &["BestEffort", "Burstable", "Guaranteed"], &["PodStatus.qosClass"]),
    row("io.k8s.api.core.v1.ServiceType", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], &["ServiceSpec.type"]),
    row("io.k8s.api.core.v1.ServiceAffinity", &["ClientIP", "None"], &["ServiceSpec.sessionAffinity"]),
    row("io.k8s.api.core.v1.ServiceExternalTrafficPolicy", &["Cluster", "Local"], &["ServiceSpec.externalTrafficPolicy"]),
    row("io.k8s.api.core.v1.ServiceInternalTrafficPolicy", &["Cluster", "Local"], &["ServiceSpec.internalTrafficPolicy"]),
    row(
        "io.k8s.api.core.v1.IPFamilyPolicy",
        &["PreferDualStack", "RequireDualStack", "SingleStack"],
        &["ServiceSpec.ipFamilyPolicy"],
    ),
    row(
        "io.k8s.api.core.v1.TaintEffect",
        &["NoExecute", "NoSchedule", "PreferNoSchedule"],
        &["Taint.effect", "Toleration.effect"],
    ),
    row("io.k8s.api.core.v1.TolerationOperator", &["Equal", "Exists", "Gt", "Lt"], &["Toleration.operator"]),
    row("io.k8s.api.core.v1.NamespacePhase", &["Active", "Terminating"], &["NamespaceStatus.phase"]),
    row(
        "io.k8s.api.core.v1.NodeSelectorOperator",
        &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"],
        &["NodeSelectorRequirement.operator"],
    ),
    row(
        "io.k8s.api.core.v1.MountPropagationMode",
        &["Bidirectional", "HostToContainer", "None"],
        &["VolumeMount.mountPropagation"],
    ),
    row("io.k8s.api.apps.v1.DeploymentStrategyType", &["Recreate", "RollingUpdate"], &["DeploymentStrategy.type"]),
    row("io.k8s.api.apps.v1.DaemonSetUpdateStrategyType", &["OnDelete", "RollingUpdate"], &["DaemonSetUpdateStrategy.type"]),
    row(
        "io.k8s.api.apps.v1.StatefulSetUpdateStrategyType",
        &["OnDelete", "RollingUpdate"],
        &["StatefulSetUpdateStrategy.type"],
    ),
    row(
        "io.k8s.api.apps.v1.PodManagementPolicyType",
        &["OrderedReady", "Parallel"],
        &["StatefulSetSpec.podManagementPolicy"],
    ),
    row("io.k8s.api.batch.v1.ConcurrencyPolicy", &["Allow", "Forbid", "Replace"], &["CronJobSpec.concurrencyPolicy"]),
    row("io.k8s.api.batch.v1.CompletionMode", &["Indexed", "NonIndexed"], &["JobSpec.completionMode"]),
    row("io.k8s.api.discovery.v1.AddressType", &["FQDN", "IPv4", "IPv6"], &["EndpointSlice.addressType"]),
    row("io.k8s.api.networking.v1.PathType", &["Exact", "ImplementationSpecific", "Prefix"], &["HTTPIngressPath.pathType"]),
    row("io.k8s.api.networking.v1.PolicyType", &["Egress", "Ingress"], &["NetworkPolicySpec.policyTypes"]),
    row(
        "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorOperator",
        &["DoesNotExist", "Exists", "In", "NotIn"],
        &["LabelSelectorRequirement.operator"],
    ),
];

/// The closed set a field has.
pub(crate) fn of(type_name: &str, field: &str) -> Option<&'static Enum> {
    let (package, last) = type_name.rsplit_once('.')?;
    ALL.iter().find(|row| {
        row.name.rsplit_once('.').is_some_and(|(p, _)| p == package)
            && row.fields.iter().any(|f| f.split_once('.') == Some((last, field)))
    })
}
