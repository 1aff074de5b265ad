//! Of the controllers. Where upstream's write a status by `update`, ours may also `patch` it.

use super::{EVENTS, Grant, READ, grant};

const STATUS: &str = "patch update";
const OWN: &str = "create delete get list patch update watch";

/// Upstream's name of the controller, and what it may.
pub(super) const CONTROLLERS: &[(&str, &[Grant])] = &[
    (
        "attachdetach-controller",
        &[
            grant("list watch", "core", "persistentvolumeclaims persistentvolumes pods"),
            grant(READ, "core", "nodes"),
            grant(STATUS, "core", "nodes/status"),
            grant("create delete get list watch", "storage.k8s.io", "volumeattachments"),
            grant(READ, "storage.k8s.io", "csidrivers csinodes"),
            EVENTS,
        ],
    ),
    (
        "certificate-controller",
        &[
            grant("delete get list watch", "certificates.k8s.io", "certificatesigningrequests"),
            grant(STATUS, "certificates.k8s.io", "certificatesigningrequests/approval certificatesigningrequests/status"),
            Grant {
                verbs: "approve",
                groups: "certificates.k8s.io",
                resources: "signers",
                names: "kubernetes.io/kube-apiserver-client-kubelet",
            },
            Grant {
                verbs: "sign",
                groups: "certificates.k8s.io",
                resources: "signers",
                names: "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
            },
            grant("create", "authorization.k8s.io", "subjectaccessreviews"),
            EVENTS,
        ],
    ),
    (
        "clusterrole-aggregation-controller",
        &[grant("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles")],
    ),
    (
        "cronjob-controller",
        &[
            grant("get list update watch", "batch", "cronjobs"),
            grant(OWN, "batch", "jobs"),
            grant(STATUS, "batch", "cronjobs/status"),
            grant("update", "batch", "cronjobs/finalizers"),
            grant("delete list", "core", "pods"),
            EVENTS,
        ],
    ),
    (
        "daemon-set-controller",
        &[
            grant(READ, "apps extensions", "daemonsets"),
            grant(STATUS, "apps extensions", "daemonsets/status"),
            grant("update", "apps extensions", "daemonsets/finalizers"),
            grant("list watch", "core", "nodes"),
            grant("create delete list patch watch", "core", "pods"),
            grant("create", "core", "pods/binding"),
            grant(OWN, "apps", "controllerrevisions"),
            EVENTS,
        ],
    ),
    (
        "deployment-controller",
        &[
            grant("get list patch update watch", "apps extensions", "deployments"),
            grant(STATUS, "apps extensions", "deployments/status"),
            grant("update", "apps extensions", "deployments/finalizers"),
            grant(OWN, "apps extensions", "replicasets"),
            grant("get list update watch", "core", "pods"),
            EVENTS,
        ],
    ),
    (
        "disruption-controller",
        &[
            grant(READ, "apps extensions", "deployments replicasets statefulsets"),
            grant(READ, "core", "replicationcontrollers"),
            grant(READ, "policy", "poddisruptionbudgets"),
            grant(STATUS, "policy", "poddisruptionbudgets/status"),
            grant(STATUS, "core", "pods/status"),
            grant("get", "*", "*/scale"),
            EVENTS,
        ],
    ),
    (
        "endpoint-controller",
        &[
            grant(READ, "core", "pods services"),
            grant(OWN, "core", "endpoints"),
            grant("create", "core", "endpoints/restricted"),
            EVENTS,
        ],
    ),
    (
        "endpointslice-controller",
        &[
            grant(READ, "core", "nodes pods services"),
            grant("update", "core", "services/finalizers"),
            grant(OWN, "discovery.k8s.io", "endpointslices"),
            EVENTS,
        ],
    ),
    (
        "endpointslicemirroring-controller",
        &[
            grant(READ, "core", "endpoints services"),
            grant("update", "core", "services/finalizers endpoints/finalizers"),
            grant(OWN, "discovery.k8s.io", "endpointslices"),
            EVENTS,
        ],
    ),
    (
        "ephemeral-volume-controller",
        &[
            grant(READ, "core", "pods"),
            grant("update", "core", "pods/finalizers"),
            grant("create get list watch", "core", "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    (
        "expand-controller",
        &[
            grant("get list patch update watch", "core", "persistentvolumes"),
            grant(STATUS, "core", "persistentvolumeclaims/status"),
            grant(READ, "core", "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    ("generic-garbage-collector", &[grant("delete get list patch update watch", "*", "*"), EVENTS]),
    (
        "horizontal-pod-autoscaler",
        &[
            grant(READ, "autoscaling", "horizontalpodautoscalers"),
            grant(STATUS, "autoscaling", "horizontalpodautoscalers/status"),
            grant("get patch update", "*", "*/scale"),
            grant("list", "core", "pods"),
            grant("get list", "metrics.k8s.io", "pods"),
            grant("get list", "custom.metrics.k8s.io external.metrics.k8s.io", "*"),
            EVENTS,
        ],
    ),
    (
        "job-controller",
        &[
            grant("get list patch update watch", "batch", "jobs"),
            grant(STATUS, "batch", "jobs/status"),
            grant("update", "batch", "jobs/finalizers"),
            grant("create delete list patch watch", "core", "pods"),
            EVENTS,
        ],
    ),
    (
        "namespace-controller",
        &[
            grant("delete get list watch", "core", "namespaces"),
            grant(STATUS, "core", "namespaces/finalize namespaces/status"),
            grant("delete deletecollection get list watch", "*", "*"),
        ],
    ),
    (
        "node-controller",
        &[
            grant("delete get list patch update watch", "core", "nodes"),
            grant(STATUS, "core", "nodes/status pods/status"),
            grant("delete get list watch", "core", "pods"),
            grant(READ, "coordination.k8s.io", "leases"),
            EVENTS,
        ],
    ),
    (
        "persistent-volume-binder",
        &[
            grant(OWN, "core", "persistentvolumes"),
            grant(STATUS, "core", "persistentvolumes/status persistentvolumeclaims/status"),
            grant("get list patch update watch", "core", "persistentvolumeclaims"),
            grant("create delete get list watch", "core", "pods"),
            grant(READ, "storage.k8s.io", "storageclasses"),
            grant("create delete get", "core", "endpoints services"),
            grant("get list", "core", "secrets"),
            grant(READ, "core", "nodes"),
            EVENTS,
        ],
    ),
    (
        "pod-garbage-collector",
        &[
            grant("delete list watch", "core", "pods"),
            grant("get list", "core", "nodes"),
            grant(STATUS, "core", "pods/status"),
        ],
    ),
    ("pv-protection-controller", &[grant("get list patch update watch", "core", "persistentvolumes"), EVENTS]),
    (
        "pvc-protection-controller",
        &[grant("get list patch update watch", "core", "persistentvolumeclaims"), grant(READ, "core", "pods"), EVENTS],
    ),
    (
        "replicaset-controller",
        &[
            grant("get list patch update watch", "apps extensions", "replicasets"),
            grant(STATUS, "apps extensions", "replicasets/status"),
            grant("update", "apps extensions", "replicasets/finalizers"),
            grant("create delete list patch watch", "core", "pods"),
            EVENTS,
        ],
    ),
    (
        "replication-controller",
        &[
            grant("get list patch update watch", "core", "replicationcontrollers"),
            grant(STATUS, "core", "replicationcontrollers/status"),
            grant("update", "core", "replicationcontrollers/finalizers"),
            grant("create delete list patch watch", "core", "pods"),
            EVENTS,
        ],
    ),
    (
        "resource-claim-controller",
        &[
            grant(READ, "core", "pods"),
            grant("update", "core", "pods/finalizers"),
            grant("create delete get list watch", "resource.k8s.io", "resourceclaims"),
            grant(STATUS, "resource.k8s.io", "resourceclaims resourceclaims/status"),
            grant(STATUS, "core", "pods/status"),
            EVENTS,
        ],
    ),
    ("resourcequota-controller", &[grant("list watch", "*", "*"), grant(STATUS, "core", "resourcequotas/status"), EVENTS]),
    ("root-ca-cert-publisher", &[grant("create get patch update", "core", "configmaps"), EVENTS]),
    ("service-account-controller", &[grant("create", "core", "serviceaccounts"), EVENTS]),
    (
        "service-cidrs-controller",
        &[
            grant("create get list patch update watch", "networking.k8s.io", "servicecidrs"),
            grant(STATUS, "networking.k8s.io", "servicecidrs/finalizers servicecidrs/status"),
            grant("create delete get list update watch", "networking.k8s.io", "ipaddresses"),
            EVENTS,
        ],
    ),
    (
        "service-controller",
        &[
            grant(READ, "core", "services"),
            grant(STATUS, "core", "services services/status"),
            grant("list watch", "core", "nodes"),
            EVENTS,
        ],
    ),
    (
        "statefulset-controller",
        &[
            grant("list watch", "core", "pods"),
            grant("get list patch update watch", "apps", "statefulsets"),
            grant(STATUS, "apps", "statefulsets/status"),
            grant("update", "apps", "statefulsets/finalizers"),
            grant("create delete get patch update", "core", "pods"),
            grant(OWN, "apps", "controllerrevisions"),
            grant("create get list patch update watch delete", "core", "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    (
        "taint-eviction-controller",
        &[
            grant("delete get list watch", "core", "pods"),
            grant(STATUS, "core", "pods/status"),
            grant(READ, "core", "nodes"),
            EVENTS,
        ],
    ),
    ("ttl-after-finished-controller", &[grant("delete get list watch", "batch", "jobs"), EVENTS]),
    ("ttl-controller", &[grant("list patch update watch", "core", "nodes"), EVENTS]),
];
