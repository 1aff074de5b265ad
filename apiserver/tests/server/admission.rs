//! What the server itself changes and refuses: quotas, ranges, priorities, runtimes, storage. Messages as in upstream's
//! `plugin/pkg/admission/*/admission.go`.

use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::harness::Cluster;

const PODS: &str = "/api/v1/namespaces/default/pods";

async fn service_account(cluster: &Cluster) {
    let path = "/api/v1/namespaces/default/serviceaccounts";
    assert_eq!(cluster.post(path, json!({ "metadata": { "name": "default" } })).await.0, 201);
}

fn pod(name: &str, resources: Value) -> Value {
    json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "i", "resources": resources }] } })
}

async fn create(cluster: &Cluster, path: &str, body: Value) -> Value {
    let (code, made) = cluster.post(path, body).await;
    assert_eq!(code, 201, "{made}");
    made
}

async fn refused(cluster: &Cluster, path: &str, body: Value) -> String {
    let (code, status) = cluster.post(path, body).await;
    assert_eq!((code, &status["reason"]), (403, &json!("Forbidden")), "{status}");
    status["message"].as_str().expect("a message").to_owned()
}

async fn quota(cluster: &Cluster, name: &str, spec: Value) {
    create(cluster, "/api/v1/namespaces/default/resourcequotas", json!({ "metadata": { "name": name }, "spec": spec }))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_exceeds_a_quota_however_many_write_at_once() {
    let cluster = Cluster::start().await;
    quota(&cluster, "q", json!({ "hard": { "configmaps": "7", "count/secrets": "2" } })).await;
    let path = "/api/v1/namespaces/default/configmaps";
    for round in 0..3 {
        let answers =
            join_all((0..32).map(|n| cluster.post(path, json!({ "metadata": { "name": format!("m-{round}-{n}") } })))).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(code, _)| *code == 201);
        assert_eq!((made.len(), refused.len()), (7, 25));
        for (code, status) in refused {
            let words =
                "is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=7, limited: configmaps=7";
            assert!(code == 403 && status["message"].as_str().expect("a message").ends_with(words), "{status}");
        }
        // What is deleted is free at once; a name that is taken costs nothing.
        let (code, _) = cluster.call(Method::DELETE, path, &Value::Null).await;
        assert_eq!(code, 200);
    }
    let twice = json!({ "metadata": { "name": "same" } });
    create(&cluster, path, twice.clone()).await;
    for _ in 0..10 {
        assert_eq!(cluster.post(path, twice.clone()).await.0, 409);
    }
    for n in 0..6 {
        create(&cluster, path, json!({ "metadata": { "name": format!("last-{n}") } })).await;
    }
    refused(&cluster, path, json!({ "metadata": { "name": "over" } })).await;
    let dry = format!("{path}?dryRun=All");
    refused(&cluster, &dry, json!({ "metadata": { "name": "over" } })).await;
}

#[tokio::test]
async fn quotas_count_what_their_scopes_choose() {
    let cluster = Cluster::start().await;
    service_account(&cluster).await;
    quota(&cluster, "cpu", json!({ "hard": { "requests.cpu": "1", "requests.example.com/gpu": "1" } })).await;
    quota(&cluster, "idle", json!({ "hard": { "pods": "1" }, "scopes": ["BestEffort"] })).await;
    quota(&cluster, "services", json!({ "hard": { "services.nodeports": "1", "services.loadbalancers": "0" } })).await;
    let message = refused(&cluster, PODS, pod("a", json!({}))).await;
    assert_eq!(message, "pods \"a\" is forbidden: failed quota: cpu: must specify requests.cpu for: c");
    let asks = |cpu: &str| json!({ "requests": { "cpu": cpu } });
    create(&cluster, PODS, pod("a", asks("600m"))).await;
    let message = refused(&cluster, PODS, pod("b", asks("500m"))).await;
    assert_eq!(
        message,
        "pods \"b\" is forbidden: exceeded quota: cpu, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1"
    );
    let gpus = json!({ "requests": { "cpu": "1m", "example.com/gpu": "2" }, "limits": { "example.com/gpu": "2" } });
    let message = refused(&cluster, PODS, pod("b", gpus)).await;
    assert!(
        message.ends_with(
            "requested: requests.example.com/gpu=2, used: requests.example.com/gpu=0, limited: requests.example.com/gpu=1"
        ),
        "{message}"
    );
    // A pod that has ended is not charged any more.
    let ended = json!({ "status": { "phase": "Succeeded" } });
    assert_eq!(cluster.call(Method::PATCH, &format!("{PODS}/a/status"), &ended).await.0, 200);
    create(&cluster, PODS, pod("b", asks("500m"))).await;

    let services = "/api/v1/namespaces/default/services";
    let service = |name: &str, kind: &str| json!({ "metadata": { "name": name }, "spec": { "type": kind, "ports": [{ "port": 80 }] } });
    create(&cluster, services, service("inside", "ClusterIP")).await;
    create(&cluster, services, service("outside", "NodePort")).await;
    let (code, status) =
        cluster.call(Method::PATCH, &format!("{services}/inside"), &json!({ "spec": { "type": "NodePort" } })).await;
    let words = "services \"inside\" is forbidden: exceeded quota: services, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1";
    assert_eq!((code, status["message"].as_str()), (403, Some(words)));
    let message = refused(&cluster, services, service("lb", "LoadBalancer")).await;
    assert!(message.contains("requested: services.loadbalancers=1,services.nodeports=1"), "{message}");
}

#[tokio::test]
async fn ranges_fill_in_and_refuse() {
    let cluster = Cluster::start().await;
    service_account(&cluster).await;
    let limits = json!([
        { "type": "Container", "default": { "cpu": "500m" }, "defaultRequest": { "cpu": "100m" }, "max": { "cpu": "1" }, "min": { "cpu": "50m" } },
        { "type": "Pod", "max": { "cpu": "1500m" } },
        { "type": "PersistentVolumeClaim", "min": { "storage": "1Gi" }, "max": { "storage": "5Gi" } },
    ]);
    let ranges = "/api/v1/namespaces/default/limitranges";
    create(&cluster, ranges, json!({ "metadata": { "name": "r" }, "spec": { "limits": limits } })).await;
    let made = create(&cluster, PODS, pod("a", json!({}))).await;
    assert_eq!(
        made["spec"]["containers"][0]["resources"],
        json!({ "limits": { "cpu": "500m" }, "requests": { "cpu": "100m" } })
    );
    assert_eq!(made["status"]["qosClass"], "Burstable");
    let told = "LimitRanger plugin set: cpu request for container c; cpu limit for container c";
    assert_eq!(made["metadata"]["annotations"]["kubernetes.io/limit-ranger"], told);
    let message = refused(&cluster, PODS, pod("b", json!({ "limits": { "cpu": "2" } }))).await;
    let words = "pods \"b\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Container is 1, but request is 2, maximum cpu usage per Pod is 1500m, but limit is 2]";
    assert!(
        message == words
            || message
                == "pods \"b\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 1500m, but limit is 2]",
        "{message}"
    );
    let claim = |size: &str| json!({ "metadata": { "name": "c" }, "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } } });
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let message = refused(&cluster, claims, claim("6Gi")).await;
    assert_eq!(
        message,
        "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi"
    );
    let made = create(&cluster, claims, claim("2Gi")).await;
    assert_eq!(made["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
    let grown = json!({ "spec": { "resources": { "requests": { "storage": "3Gi" } } } });
    let (code, status) = cluster.call(Method::PATCH, &format!("{claims}/c"), &grown).await;
    assert!(code == 403 || code == 422, "{status}");
    let wrong = json!([{ "type": "Container", "min": { "cpu": "2" }, "max": { "cpu": "1" } }]);
    let (code, status) = cluster.post(ranges, json!({ "metadata": { "name": "w" }, "spec": { "limits": wrong } })).await;
    assert!(
        code == 422
            && status["message"]
                .as_str()
                .expect("words")
                .contains("spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"),
        "{status}"
    );
}

#[tokio::test]
async fn classes_say_how_important_and_how_costly_a_pod_is() {
    let cluster = Cluster::start().await;
    service_account(&cluster).await;
    let classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
    let (code, system) = cluster.get(&format!("{classes}/system-node-critical")).await;
    assert_eq!((code, &system["value"]), (200, &json!(2_000_001_000_i64)));
    let made = create(&cluster, PODS, pod("plain", json!({}))).await;
    assert_eq!((&made["spec"]["priority"], &made["spec"]["preemptionPolicy"]), (&json!(0), &json!("PreemptLowerPriority")));
    create(&cluster, classes, json!({ "metadata": { "name": "high" }, "value": 1000, "preemptionPolicy": "Never" })).await;
    create(&cluster, classes, json!({ "metadata": { "name": "usual" }, "value": 7, "globalDefault": true })).await;
    let message =
        refused(&cluster, classes, json!({ "metadata": { "name": "other" }, "value": 8, "globalDefault": true })).await;
    assert!(message.ends_with("PriorityClass usual is already marked as default. Only one default can exist"), "{message}");
    let made = create(&cluster, PODS, pod("usual", json!({}))).await;
    assert_eq!((&made["spec"]["priority"], &made["spec"]["priorityClassName"]), (&json!(7), &json!("usual")));
    let with = |name: &str, key: &str, value: Value| {
        let mut pod = pod(name, json!({}));
        pod["spec"][key] = value;
        pod
    };
    let made = create(&cluster, PODS, with("high", "priorityClassName", json!("high"))).await;
    assert_eq!((&made["spec"]["priority"], &made["spec"]["preemptionPolicy"]), (&json!(1000), &json!("Never")));
    let cases = [
        (
            with("x", "priorityClassName", json!("none")),
            "pods \"x\" is forbidden: no PriorityClass with name none was found",
        ),
        (
            with("x", "priority", json!(9)),
            "pods \"x\" is forbidden: the integer value of priority (9) must not be provided in pod spec; priority admission controller computed 7 from the given PriorityClass name",
        ),
        (
            with("x", "runtimeClassName", json!("none")),
            "pods \"x\" is forbidden: pod rejected: RuntimeClass \"none\" not found",
        ),
        (
            with("x", "overhead", json!({ "cpu": "1" })),
            "pods \"x\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
    ];
    for (pod, message) in cases {
        assert_eq!(refused(&cluster, PODS, pod).await, message);
    }
    let class = json!({ "metadata": { "name": "costly" }, "handler": "wasm", "overhead": { "podFixed": { "cpu": "10m" } },
        "scheduling": { "nodeSelector": { "a": "b" }, "tolerations": [{ "key": "k", "operator": "Exists" }] } });
    create(&cluster, "/apis/node.k8s.io/v1/runtimeclasses", class).await;
    let made = create(&cluster, PODS, with("costly", "runtimeClassName", json!("costly"))).await;
    let spec = &made["spec"];
    assert_eq!((&spec["overhead"], &spec["nodeSelector"]), (&json!({ "cpu": "10m" }), &json!({ "a": "b" })));
    assert!(spec["tolerations"].as_array().expect("tolerations").contains(&json!({ "key": "k", "operator": "Exists" })));
}

#[tokio::test]
async fn defaults_of_storage_and_ingress() {
    let cluster = Cluster::start().await;
    let marked = |name: &str, key: &str| json!({ "name": name, "annotations": { key: "true" } });
    let class =
        json!({ "metadata": marked("fast", "storageclass.kubernetes.io/is-default-class"), "provisioner": "example.com/p" });
    create(&cluster, "/apis/storage.k8s.io/v1/storageclasses", class).await;
    let claim = json!({ "metadata": { "name": "c" }, "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } });
    let made = create(&cluster, "/api/v1/namespaces/default/persistentvolumeclaims", claim).await;
    assert_eq!(made["spec"]["storageClassName"], "fast");
    let class = json!({ "metadata": marked("web", "ingressclass.kubernetes.io/is-default-class"), "spec": { "controller": "example.com/c" } });
    create(&cluster, "/apis/networking.k8s.io/v1/ingressclasses", class).await;
    let backend = json!({ "service": { "name": "s", "port": { "number": 80 } } });
    let ingress = json!({ "metadata": { "name": "i" }, "spec": { "defaultBackend": backend } });
    let made = create(&cluster, "/apis/networking.k8s.io/v1/namespaces/default/ingresses", ingress).await;
    assert_eq!(made["spec"]["ingressClassName"], "web");
    let made = create(&cluster, "/api/v1/nodes", json!({ "metadata": { "name": "n" } })).await;
    assert_eq!(made["spec"]["taints"], json!([{ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" }]));
}
