//! Who asks for a certificate and is given one signs in with it; a token in a Secret ends with its account.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use super::{access::by_token, harness::Cluster};

/// A key and a request for a certificate of `jo`, both PEM.
fn request() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "dev");
    params.distinguished_name.push(DnType::CommonName, "jo");
    let request = params.serialize_request(&key).expect("a request").pem().expect("PEM");
    (key.serialize_pem(), request)
}

fn manifest(name: &str, request: &str) -> String {
    format!(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {name}}}\nspec:\n  request: {}\n  \
         signerName: kubernetes.io/kube-apiserver-client\n  expirationSeconds: 3600\n  usages: [client auth]\n  username: root\n",
        STANDARD.encode(request)
    )
}

#[test]
fn an_approved_request_becomes_a_user() {
    let Some(cluster) = Cluster::start() else { return };
    let (key, request) = request();
    cluster.apply("create", &manifest("jo", &request));
    let asked_by = cluster.kubectl(&["get", "csr", "jo", "-o", "jsonpath={.spec.username}"]);
    assert_eq!(asked_by, "kubernetes-admin", "who asks is not the client's to say");
    cluster.kubectl(&["certificate", "approve", "jo"]);
    let encoded = cluster.eventually(&["get", "csr", "jo", "-o", "jsonpath={.status.certificate}"], |it| !it.is_empty());
    assert!(cluster.kubectl(&["get", "csr", "jo", "--no-headers"]).contains("Approved,Issued"));

    let (key_file, certificate_file) = (cluster.directory().join("jo.key"), cluster.directory().join("jo.crt"));
    std::fs::write(&key_file, key).expect("a file");
    std::fs::write(&certificate_file, STANDARD.decode(encoded).expect("base64")).expect("a file");
    let kubeconfig = cluster.directory().join("jo.config");
    let raw = ["config", "view", "--raw", "-o"];
    let ca = cluster.kubectl(&[&raw[..], &["jsonpath={.clusters[0].cluster.certificate-authority-data}"]].concat());
    let server = cluster.kubectl(&[&raw[..], &["jsonpath={.clusters[0].cluster.server}"]].concat());
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{server}', certificate-authority-data: '{ca}'}}}}]\n\
         users: [{{name: jo, user: {{client-key: '{}', client-certificate: '{}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: jo}}}}]\ncurrent-context: c\n",
        key_file.display(),
        certificate_file.display()
    );
    std::fs::write(&kubeconfig, text).expect("a file");
    let own = format!("--kubeconfig={}", kubeconfig.display());
    let who =
        cluster.kubectl(&[&own, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username} {.status.userInfo.groups}"]);
    assert_eq!(who, "jo [\"dev\",\"system:authenticated\"]");
    let refused = cluster.refused(&[&own, "get", "pods"]);
    assert!(refused.contains("User \"jo\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""));
    cluster.kubectl(&["create", "rolebinding", "jo", "--clusterrole=view", "--group=dev"]);
    cluster.kubectl(&[&own, "get", "pods"]);
    let acting = cluster.refused(&[&own, "get", "pods", "--as=system:admin"]);
    assert!(acting.contains("User \"jo\" cannot impersonate resource \"users\""), "{acting}");
}

#[test]
fn a_denied_request_gets_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let (_, request) = request();
    cluster.apply("create", &manifest("jo", &request));
    cluster.kubectl(&["certificate", "deny", "jo"]);
    let shown = cluster.kubectl(&["get", "csr", "jo", "--no-headers"]);
    assert!(shown.contains("Denied") && !shown.contains("Issued"), "{shown}");
}

#[test]
fn a_token_in_a_secret_ends_with_its_account() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "serviceaccount", "robot"]);
    cluster.apply(
        "create",
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n\
         metadata: {name: robot, annotations: {kubernetes.io/service-account.name: robot}}\n",
    );
    let read = ["get", "secret", "robot", "-o", "jsonpath={.data.token}"];
    let token = cluster.eventually(&read, |token| !token.is_empty());
    let token = String::from_utf8(STANDARD.decode(token).expect("base64")).expect("a token is text");
    let whoami = || by_token(&cluster, &token, &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
    assert_eq!(whoami().as_deref(), Ok("system:serviceaccount:default:robot"));
    cluster.kubectl(&["delete", "serviceaccount", "robot"]);
    let refused = whoami().expect_err("its account is gone");
    assert!(refused.contains("Unauthorized") || refused.contains("must be logged in"), "{refused}");
    cluster.eventually(&["get", "secrets", "-o", "name"], |names| !names.contains("robot"));
}
