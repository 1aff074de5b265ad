//! Each sample does what its README says.

use super::{harness::Cluster, http};

#[test]
fn hello() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("hello", "coracle.dev/samples/hello:v1");
    cluster.apply("apply", include_str!("../../samples/hello/manifest.yaml"));
    cluster.wait_rolled_out("hello");
    let address = cluster.node_port("hello");
    let answer = http::until_served(&address, "/");
    let pods = cluster.pods("app=hello");
    assert!(pods.iter().any(|pod| answer.body == format!("hello from {pod}\n")), "{}", answer.body);
    assert_eq!(http::get(&address, "/none").unwrap().status, 404);
}

#[test]
fn board_keeps_posts_in_a_file_on_a_volume() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("board", "coracle.dev/samples/board:v1");
    cluster.apply("apply", include_str!("../../samples/board/manifest.yaml"));
    cluster.wait_rolled_out("board");
    let address = cluster.node_port("board");
    assert!(http::until_served(&address, "/").body.contains("No posts yet"));
    assert_eq!(http::post_form(&address, "/post", "title=One&content=first").unwrap().status, 303);
    assert_eq!(http::post_form(&address, "/post", "title=&content=first").unwrap().status, 400);
    let page = http::get(&address, "/post").unwrap().body;
    assert!(page.contains("<h2>One</h2>") && page.contains("first"), "{page}");
    let pod = &cluster.pods("app=board")[0];
    assert!(page.contains(pod.as_str()), "HOSTNAME is the pod's name: {page}");
}
