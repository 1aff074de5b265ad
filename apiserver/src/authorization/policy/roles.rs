//! Of users and of the components other than controllers.

use super::{ALL, EVENTS, Grant, READ, Role, WRITE, grant, paths};

/// What a node may do, by its name and group alone.
pub(super) const NODE: &[Grant] = &[
    grant("create", "authentication.k8s.io", "tokenreviews"),
    grant("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
    grant(READ, "core", "services"),
    grant(READ, "discovery.k8s.io", "endpointslices"),
    grant("create get list watch delete patch update", "core", "nodes"),
    grant("patch update", "core", "nodes/status"),
    EVENTS,
    grant("create delete get list watch", "core", "pods"),
    grant("patch update", "core", "pods/status"),
    grant("create", "core", "pods/eviction"),
    grant(READ, "core", "configmaps secrets"),
    grant("get list watch", "core", "persistentvolumeclaims persistentvolumes"),
    grant("patch update", "core", "persistentvolumeclaims/status"),
    grant("get", "core", "endpoints namespaces"),
    grant("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    grant(READ, "certificates.k8s.io", "clustertrustbundles"),
    grant("create delete get patch update", "coordination.k8s.io", "leases"),
    grant("get list watch", "storage.k8s.io", "volumeattachments csidrivers"),
    grant("create delete get patch update", "storage.k8s.io", "csinodes"),
    grant("create", "core", "serviceaccounts/token"),
    grant(READ, "node.k8s.io", "runtimeclasses"),
    grant(READ, "resource.k8s.io", "resourceclaims"),
    grant("create delete deletecollection get list patch update watch", "resource.k8s.io", "resourceslices"),
];

/// Paths that tell nothing worth hiding.
const HEALTH: &str = "/healthz /livez /readyz /version /version/";
const MONITORED: &str = "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*";

pub(super) const ROLES: &[Role] = &[
    Role {
        name: "cluster-admin",
        rules: &[grant("*", "*", "*"), Grant { verbs: "*", groups: "", resources: "*", names: "" }],
        subjects: &["Group system:masters"],
        ..Role::NONE
    },
    Role {
        name: "system:discovery",
        rules: &[paths("/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")],
        subjects: &["Group system:authenticated"],
        ..Role::NONE
    },
    Role {
        name: "system:basic-user",
        rules: &[
            grant("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            grant("create", "authentication.k8s.io", "selfsubjectreviews"),
        ],
        subjects: &["Group system:authenticated"],
        ..Role::NONE
    },
    Role {
        name: "system:public-info-viewer",
        rules: &[paths(HEALTH)],
        subjects: &["Group system:authenticated", "Group system:unauthenticated"],
        ..Role::NONE
    },
    Role { name: "system:monitoring", rules: &[paths(MONITORED)], subjects: &["Group system:monitoring"], ..Role::NONE },
    Role {
        name: "system:service-account-issuer-discovery",
        rules: &[paths(
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
        )],
        subjects: &["Group system:serviceaccounts"],
        ..Role::NONE
    },
    Role { name: "admin", aggregates: "admin", ..Role::NONE },
    Role { name: "edit", aggregates: "edit", aggregates_to: &["admin"], ..Role::NONE },
    Role { name: "view", aggregates: "view", aggregates_to: &["edit"], ..Role::NONE },
    Role {
        name: "system:aggregate-to-admin",
        aggregates_to: &["admin"],
        rules: &[
            grant("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            grant(ALL, "rbac.authorization.k8s.io", "rolebindings roles"),
        ],
        ..Role::NONE
    },
    Role {
        name: "system:aggregate-to-edit",
        aggregates_to: &["edit"],
        rules: &[
            grant(READ, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
            grant("impersonate", "core", "serviceaccounts"),
            grant(WRITE, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
            grant("create", "core", "pods/eviction"),
            grant(
                WRITE,
                "core",
                "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
            ),
            grant("create", "core", "serviceaccounts/token"),
            grant(
                WRITE,
                "apps",
                "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
            ),
            grant(WRITE, "autoscaling", "horizontalpodautoscalers"),
            grant(WRITE, "batch", "cronjobs jobs"),
            grant(
                WRITE,
                "extensions",
                "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
            ),
            grant(WRITE, "policy", "poddisruptionbudgets"),
            grant(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
            grant(ALL, "coordination.k8s.io", "leases"),
            grant(WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
        ],
        ..Role::NONE
    },
    Role {
        name: "system:aggregate-to-view",
        aggregates_to: &["view"],
        rules: &[
            grant(
                READ,
                "core",
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
            ),
            grant(
                READ,
                "core",
                "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
            ),
            grant(READ, "core", "namespaces"),
            grant(READ, "discovery.k8s.io", "endpointslices"),
            grant(
                READ,
                "apps",
                "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
            ),
            grant(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
            grant(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
            grant(
                READ,
                "extensions",
                "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
            ),
            grant(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
            grant(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
            grant(READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
        ],
        ..Role::NONE
    },
    Role {
        name: "system:auth-delegator",
        rules: &[
            grant("create", "authentication.k8s.io", "tokenreviews"),
            grant("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
        ..Role::NONE
    },
    Role { name: "system:kube-aggregator", rules: &[grant(READ, "core", "endpoints services")], ..Role::NONE },
    Role {
        name: "system:kubelet-api-admin",
        rules: &[
            grant(READ, "core", "nodes"),
            grant("proxy", "core", "nodes"),
            grant("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
        ],
        ..Role::NONE
    },
    Role {
        name: "system:heapster",
        rules: &[grant(READ, "core", "events namespaces nodes pods"), grant(READ, "extensions", "deployments")],
        ..Role::NONE
    },
    Role {
        name: "system:node-problem-detector",
        rules: &[grant("get", "core", "nodes"), grant("patch", "core", "nodes/status"), EVENTS],
        ..Role::NONE
    },
    Role {
        name: "system:node-bootstrapper",
        rules: &[grant("create get list watch", "certificates.k8s.io", "certificatesigningrequests")],
        ..Role::NONE
    },
    Role {
        name: "system:persistent-volume-provisioner",
        rules: &[
            grant("create delete get list watch", "core", "persistentvolumes"),
            grant("get list update watch", "core", "persistentvolumeclaims"),
            grant(READ, "storage.k8s.io", "storageclasses"),
            grant("watch", "core", "events"),
            EVENTS,
        ],
        ..Role::NONE
    },
    Role {
        name: "system:kube-dns",
        rules: &[grant("list watch", "core", "endpoints services")],
        subjects: &[],
        ..Role::NONE
    },
    Role {
        name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        rules: &[grant("create", "certificates.k8s.io", "certificatesigningrequests/nodeclient")],
        ..Role::NONE
    },
    Role {
        name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        rules: &[grant("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient")],
        ..Role::NONE
    },
    Role {
        name: "system:certificates.k8s.io:kube-apiserver-client-approver",
        rules: &[approve("kubernetes.io/kube-apiserver-client")],
        ..Role::NONE
    },
    Role {
        name: "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        rules: &[approve("kubernetes.io/kube-apiserver-client-kubelet")],
        ..Role::NONE
    },
    Role {
        name: "system:certificates.k8s.io:kubelet-serving-approver",
        rules: &[approve("kubernetes.io/kubelet-serving")],
        ..Role::NONE
    },
    Role {
        name: "system:certificates.k8s.io:legacy-unknown-approver",
        rules: &[approve("kubernetes.io/legacy-unknown")],
        ..Role::NONE
    },
    Role { name: "system:node", rules: NODE, ..Role::NONE },
    Role {
        name: "system:node-proxier",
        rules: &[
            grant("list watch", "core", "endpoints services"),
            grant(READ, "core", "nodes"),
            EVENTS,
            grant("list watch", "discovery.k8s.io", "endpointslices"),
            grant("list watch", "networking.k8s.io", "servicecidrs"),
        ],
        subjects: &["User system:kube-proxy"],
        ..Role::NONE
    },
    Role {
        name: "system:kube-controller-manager",
        rules: &[
            EVENTS,
            grant("create get update", "coordination.k8s.io", "leases"),
            grant("create", "core", "secrets serviceaccounts"),
            grant("delete", "core", "secrets"),
            grant("get", "core", "configmaps namespaces secrets serviceaccounts"),
            grant("update", "core", "secrets serviceaccounts"),
            grant("create", "authentication.k8s.io", "tokenreviews"),
            grant("create", "authorization.k8s.io", "subjectaccessreviews"),
            grant("list watch", "*", "*"),
            grant("create", "core", "serviceaccounts/token"),
        ],
        subjects: &["User system:kube-controller-manager"],
        ..Role::NONE
    },
    Role {
        name: "system:kube-scheduler",
        rules: &[
            EVENTS,
            grant("create get update", "coordination.k8s.io", "leases"),
            grant(READ, "core", "nodes namespaces replicationcontrollers services persistentvolumeclaims persistentvolumes"),
            grant("delete get list watch", "core", "pods"),
            grant("create", "core", "bindings pods/binding"),
            grant("patch update", "core", "pods/status"),
            grant(READ, "apps extensions", "replicasets"),
            grant(READ, "apps", "statefulsets"),
            grant(READ, "policy", "poddisruptionbudgets"),
            grant("patch update", "core", "persistentvolumeclaims persistentvolumes"),
            grant(READ, "storage.k8s.io", "csinodes csidrivers csistoragecapacities storageclasses volumeattachments"),
            grant(READ, "scheduling.k8s.io", "priorityclasses"),
            grant(READ, "resource.k8s.io", "deviceclasses resourceclaims resourceslices"),
            grant("create", "authentication.k8s.io", "tokenreviews"),
            grant("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
        subjects: &["User system:kube-scheduler"],
        ..Role::NONE
    },
    Role {
        name: "system:volume-scheduler",
        rules: &[
            grant("get list patch update watch", "core", "persistentvolumes"),
            grant(READ, "storage.k8s.io", "storageclasses"),
            grant("get list patch update watch", "core", "persistentvolumeclaims"),
        ],
        subjects: &["User system:kube-scheduler"],
        ..Role::NONE
    },
];

const fn approve(signer: &'static str) -> Grant {
    Grant { verbs: "approve", groups: "certificates.k8s.io", resources: "signers", names: signer }
}
