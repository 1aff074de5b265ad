//! The tutorial, end to end: its manifests as they are, but for where the MySQL is.

use super::{harness::Cluster, http, mariadb::MariaDb};

const SERVICES: &str = include_str!("../tutorial/services.yaml");
const DEPLOYMENT: &str = include_str!("../tutorial/deployment.yaml");
const SCHEMA: &str = include_str!("../tutorial/schema.sql");
const IMAGE: &str = "example/example:v1.0-SNAPSHOT";

#[test]
fn three_replicas_share_a_mysql_outside_the_cluster() {
    let Some(database) = MariaDb::start(SCHEMA) else { return };
    let Some(cluster) = Cluster::start() else { return };
    cluster.load("board", IMAGE);

    let created = cluster.apply("create", &SERVICES.replace("10.0.2.2", "127.0.0.1"));
    assert_eq!(created, "service/mysql-service created\nservice/example-app created\n");
    let services = cluster.kubectl(&["get", "svc"]);
    for expected in ["kubernetes ", "mysql-service ", "example-app ", "ExternalName", "127.0.0.1", "NodePort", "443/TCP"] {
        assert!(services.contains(expected), "{expected} is not in\n{services}");
    }
    let address = cluster.node_port("example-app");

    let applied = cluster.apply("apply", &DEPLOYMENT.replace(":3306", &format!(":{}", database.port())));
    assert_eq!(applied, "deployment.extensions/example-app-deployment created\n");
    cluster.wait_rolled_out("example-app-deployment");
    let pods = cluster.kubectl(&["get", "po", "--no-headers"]);
    assert_eq!(pods.lines().count(), 3, "{pods}");
    for line in pods.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(columns[1..4], ["1/1", "Running", "0"], "{pods}");
    }

    let empty = http::until_served(&address, "/");
    assert!(empty.body.contains("No posts yet"), "{}", empty.body);
    for number in 1..=6 {
        let posted =
            http::post_form(&address, "/post", &format!("title=Post+{number}&content=%3Cb%3E+%26+{number}")).unwrap();
        assert_eq!(posted.status, 303, "{}", posted.body);
    }
    assert_eq!(database.query("select count(*) from post").trim(), "6");
    assert_eq!(database.query("select content from post where title = 'Post 6'").trim(), "<b> & 6");
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..30 {
        let page = http::get(&address, "/post").unwrap();
        assert!(page.body.contains("Post 1") && page.body.contains("&lt;b&gt; &amp; 6"), "{}", page.body);
        answered.extend(page.body.split("answered by ").nth(1).map(|rest| rest.trim().to_owned()));
    }
    assert_eq!(answered.len(), 3, "every pod answers: {answered:?}");

    let file = cluster.directory().join("services.yaml");
    std::fs::write(&file, SERVICES).unwrap();
    cluster.kubectl(&["delete", "-f", file.to_str().unwrap()]);
    cluster.kubectl(&["delete", "deploy", "example-app-deployment"]);
    cluster.eventually(&["get", "all", "--no-headers"], |printed| {
        printed.lines().count() == 1 && printed.starts_with("service/kubernetes ")
    });
    cluster.eventually(&["get", "po,rs,endpoints,endpointslices", "-o", "name"], |printed| {
        printed.lines().all(|line| line.ends_with("/kubernetes"))
    });
}
