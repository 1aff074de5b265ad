//! Nobody may do what no role lets him do, and nobody gives away what he has not.

use std::process::Command;

use super::harness::{Cluster, text};

/// `kubectl` by a token alone, without the certificate of a kubeconfig: what it printed, or why it was refused.
pub(crate) fn by_token(cluster: &Cluster, token: &str, arguments: &[&str]) -> Result<String, String> {
    let jsonpath = ["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"];
    let server = cluster.kubectl(&jsonpath);
    let mut command = Command::new("kubectl");
    command.args(["--kubeconfig", "/dev/null", "--server", &server, "--token", token, "--insecure-skip-tls-verify"]);
    let output = command.args(arguments).output().expect("kubectl runs");
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn an_account_without_roles_reads_nothing_but_discovery() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "serviceaccount", "bob"]);
    let token = cluster.kubectl(&["create", "token", "bob"]);
    let bob = |arguments: &[&str]| by_token(&cluster, token.trim(), arguments);
    assert!(bob(&["api-resources"]).unwrap().contains("deployments"));
    for (arguments, refused) in [
        (&["get", "pods"][..], "cannot list resource \"pods\" in API group \"\" in the namespace \"default\""),
        (&["get", "secrets", "-A"], "cannot list resource \"secrets\" in API group \"\" at the cluster scope"),
        (&["create", "configmap", "x"], "cannot create resource \"configmaps\""),
        (&["get", "--raw", "/metrics"], "cannot get path \"/metrics\""),
    ] {
        let why = bob(arguments).unwrap_err();
        assert!(why.to_lowercase().contains("forbidden") && why.contains(refused), "{arguments:?}: {why}");
    }

    cluster.kubectl(&["create", "rolebinding", "views", "--clusterrole=view", "--serviceaccount=default:bob"]);
    // the rules of `view` come from the roles that are labelled so
    cluster.eventually(&["auth", "can-i", "list", "pods", "--as=system:serviceaccount:default:bob"], |said| {
        said.trim() == "yes"
    });
    assert!(bob(&["get", "pods"]).is_ok());
    assert!(bob(&["get", "secrets"]).is_err());
    assert!(bob(&["get", "pods", "-n", "kube-system"]).is_err());
    assert_eq!(
        bob(&["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]).unwrap(),
        "system:serviceaccount:default:bob"
    );

    cluster.kubectl(&["delete", "rolebinding", "views"]);
    assert!(bob(&["get", "pods"]).is_err());
}

#[test]
fn rights_are_not_given_away_by_who_has_them_not() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.kubectl(&["create", "serviceaccount", "bob"]);
    let verbs = "--verb=get,list,create,update,patch";
    cluster.kubectl(&["create", "role", "roles", verbs, "--resource=roles,rolebindings"]);
    cluster.kubectl(&["create", "rolebinding", "roles", "--role=roles", "--serviceaccount=default:bob"]);
    let token = cluster.kubectl(&["create", "token", "bob"]);
    let bob = |arguments: &[&str]| by_token(&cluster, token.trim(), arguments);

    let why = bob(&["create", "role", "more", "--verb=get", "--resource=secrets"]).unwrap_err();
    assert!(why.contains("is attempting to grant RBAC permissions not currently held"), "{why}");
    assert!(why.contains(r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}"#), "{why}");
    assert!(bob(&["create", "rolebinding", "all", "--clusterrole=cluster-admin", "--serviceaccount=default:bob"]).is_err());
    bob(&["create", "role", "same", "--verb=get", "--resource=roles"]).unwrap();
    // who may `bind` a role may give it to others
    cluster.kubectl(&["create", "role", "binds", "--verb=bind", "--resource=clusterroles", "--resource-name=cluster-admin"]);
    cluster.kubectl(&["create", "rolebinding", "binds", "--role=binds", "--serviceaccount=default:bob"]);
    bob(&["create", "rolebinding", "all", "--clusterrole=cluster-admin", "--serviceaccount=default:bob"]).unwrap();
    bob(&["get", "secrets"]).unwrap();
}

#[test]
fn who_may_speaks_as_somebody_else() {
    let Some(cluster) = Cluster::start() else { return };
    let who = |flags: &[&str]| {
        let mut arguments = vec!["auth", "whoami", "-o", "jsonpath={.status.userInfo.username} {.status.userInfo.groups}"];
        arguments.extend(flags);
        cluster.kubectl(&arguments)
    };
    assert_eq!(who(&["--as=jo"]), r#"jo ["system:authenticated"]"#);
    assert_eq!(who(&["--as=jo", "--as-group=devs"]), r#"jo ["devs","system:authenticated"]"#);
    let why = cluster.refused(&["get", "pods", "--as=jo"]);
    assert!(why.contains("User \"jo\" cannot list resource \"pods\""), "{why}");

    cluster.kubectl(&["create", "serviceaccount", "bob"]);
    let token = cluster.kubectl(&["create", "token", "bob"]);
    let why = by_token(&cluster, token.trim(), &["get", "--raw", "/api/v1/namespaces/default/pods", "--as=jo"]).unwrap_err();
    assert!(why.contains("cannot impersonate resource \"users\" in API group \"\" at the cluster scope"), "{why}");
}
