//! The command line behaves as a good one does.

use std::process::Command;

use super::harness::{Cluster, text};

fn coracle(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_coracle")).args(arguments).output().expect("coracle runs");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn help_version_and_wrong_input() {
    let (code, _, stderr) = coracle(&[]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("Usage: coracle") && stderr.contains("demo") && stderr.contains("up"), "{stderr}");
    let (code, stdout, _) = coracle(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("every Pod is WebAssembly"), "{stdout}");
    let (code, stdout, _) = coracle(&["--version"]);
    assert_eq!((code, stdout.trim()), (Some(0), concat!("coracle ", env!("CARGO_PKG_VERSION"))));
    let (code, _, stderr) = coracle(&["upp"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("unrecognized subcommand 'upp'"), "{stderr}");
}

#[test]
fn a_second_cluster_on_the_same_directory_or_port_says_so() {
    let Some(cluster) = Cluster::start() else { return };
    let data = cluster.directory().join("data");
    let kubeconfig = cluster.directory().join("other");
    let common = ["up", "--kubeconfig", kubeconfig.to_str().unwrap(), "--data-dir"];
    let (code, _, stderr) = coracle(&[&common[..], &[data.to_str().unwrap(), "--listen", "127.0.0.1:0"]].concat());
    assert_eq!(code, Some(1));
    assert!(stderr.contains("data") && stderr.contains("in use"), "{stderr}");

    let server = cluster.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let listen = server.trim_start_matches("https://");
    let other = cluster.directory().join("other-data");
    let (code, _, stderr) = coracle(&[&common[..], &[other.to_str().unwrap(), "--listen", listen]].concat());
    assert_eq!(code, Some(1));
    assert!(stderr.contains(listen) && stderr.contains("in use"), "{stderr}");
    assert!(!kubeconfig.exists());
}

#[test]
fn three_nodes_in_one_process_share_the_pods() {
    let Some(cluster) = Cluster::start_with(&["--nodes", "3"]) else { return };
    let nodes = cluster.kubectl(&["get", "nodes", "--no-headers"]);
    assert_eq!(nodes.lines().filter(|line| line.contains(" Ready ")).count(), 3, "{nodes}");
    cluster.load("hello", "coracle.dev/samples/hello:v1");
    cluster.apply("apply", &include_str!("../../samples/hello/manifest.yaml").replace("replicas: 3", "replicas: 6"));
    cluster.wait_rolled_out("hello");
    let placed = cluster.kubectl(&["get", "po", "-o", "jsonpath={.items[*].spec.nodeName}"]);
    let used: std::collections::BTreeSet<&str> = placed.split_whitespace().collect();
    assert_eq!(used.len(), 3, "{placed}");
}
