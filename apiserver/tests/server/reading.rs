//! What reads and deletes may be told, and in which forms answers come.

use std::io::Read;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::harness::Cluster;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn says((code, status): (u16, Value)) -> String {
    format!("{code} {}", status["message"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn options_that_do_not_go_together_are_refused_as_upstream_does() {
    let cluster = Cluster::start().await;
    let options = "ListOptions.meta.k8s.io \"\" is invalid: ";
    let rows = [
        ("resourceVersionMatch=Exact", format!("422 {options}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")),
        ("resourceVersionMatch=Exact&resourceVersion=0", format!("422 {options}resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")),
        ("resourceVersionMatch=Some&resourceVersion=1", format!("422 {options}resourceVersionMatch: Unsupported value: \"Some\": supported values: \"Exact\", \"NotOlderThan\", \"\"")),
        ("sendInitialEvents=true", format!("422 {options}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")),
        ("watch=true&sendInitialEvents=true", format!("422 {options}resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")),
        ("watch=true&resourceVersionMatch=NotOlderThan", format!("422 {options}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")),
        ("resourceVersion=x", "400 invalid resource version: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax".to_owned()),
        ("continue=x", "400 invalid continue token: continue key is not valid: illegal base64 data at input byte 1".to_owned()),
        ("continue=e30", "400 invalid continue token: continue key is not valid: missing field `v` at line 1 column 2".to_owned()),
    ];
    for (query, expected) in rows {
        assert_eq!(says(cluster.get(&format!("{MAPS}?{query}")).await), expected, "{query}");
    }

    cluster.post(MAPS, json!({ "metadata": { "name": "m" } })).await;
    let delete = async |body: Value| says(cluster.call(Method::DELETE, &format!("{MAPS}/m"), &body).await);
    let options = "422 DeleteOptions.meta.k8s.io \"\" is invalid: ";
    assert_eq!(
        delete(json!({ "propagationPolicy": "Orphan", "orphanDependents": true })).await,
        format!(
            "{options}propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set"
        )
    );
    assert_eq!(
        delete(json!({ "propagationPolicy": "Some" })).await,
        format!(
            "{options}propagationPolicy: Unsupported value: \"Some\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
        )
    );
    assert_eq!(
        delete(json!({ "dryRun": ["Some"] })).await,
        format!("{options}dryRun: Unsupported value: []string{{\"Some\"}}: supported values: \"All\"")
    );
    assert!(
        delete(json!({ "preconditions": { "resourceVersion": "1" } }))
            .await
            .starts_with("409 Operation cannot be fulfilled")
    );
    let (code, _) =
        cluster.call(Method::DELETE, &format!("{MAPS}/m?dryRun=All&propagationPolicy=Foreground"), &Value::Null).await;
    assert_eq!((code, cluster.get(&format!("{MAPS}/m")).await.0), (200, 200));
}

#[tokio::test]
async fn metadata_alone_comes_in_protobuf_too() {
    let cluster = Cluster::start().await;
    cluster.post(MAPS, json!({ "metadata": { "name": "m", "labels": { "a": "b" } }, "data": { "x": "y" } })).await;
    let protobuf = "application/vnd.kubernetes.protobuf";
    let get = async |path: &str, kind: &str| {
        let accept = format!("{protobuf};as={kind};g=meta.k8s.io;v=v1");
        let response =
            cluster.send(Request::get(path).header("accept", accept).body(Body::empty()).expect("a request")).await;
        assert_eq!(response.headers()["content-type"], protobuf);
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        api::protobuf::decode_object(&bytes).expect("protobuf")
    };
    let one = get(&format!("{MAPS}/m"), "PartialObjectMetadata").await;
    assert_eq!((&one["kind"], &one["metadata"]["labels"]["a"]), (&json!("PartialObjectMetadata"), &json!("b")), "{one}");
    assert!(one.get("data").is_none());
    assert!(one["metadata"]["managedFields"][0]["fieldsV1"]["f:data"].is_object(), "{one}");
    let all = get(MAPS, "PartialObjectMetadataList").await;
    assert_eq!(all["items"][0]["metadata"]["name"], "m", "{all}");
}

#[tokio::test]
async fn large_answers_are_gzipped_for_who_asks() {
    let cluster = Cluster::start().await;
    for n in 0..3 {
        cluster.post(MAPS, json!({ "metadata": { "name": format!("m{n}") }, "data": { "x": "y".repeat(100_000) } })).await;
    }
    let request = Request::get(MAPS).header("accept-encoding", "gzip").body(Body::empty()).expect("a request");
    let response = cluster.send(request).await;
    assert_eq!(
        (&response.headers()["content-encoding"], &response.headers()["vary"]),
        (&"gzip".parse().expect("a value"), &"Accept-Encoding".parse().expect("a value"))
    );
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    assert!(bytes.len() < 30_000);
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_ref()).read_to_string(&mut text).expect("gzip");
    let (_, plain) = cluster.get(MAPS).await;
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), plain);
}

#[tokio::test]
async fn many_go_at_once_and_others_are_served_meanwhile() {
    let cluster = Cluster::start().await;
    let posts = (0..600).map(|n| cluster.post(MAPS, json!({ "metadata": { "name": format!("m{n}") } })));
    futures::future::join_all(posts).await;
    let deleted = cluster.call(Method::DELETE, MAPS, &Value::Null);
    let other = async {
        let mut served = 0;
        for n in 0..20 {
            let (code, _) = cluster
                .post("/api/v1/namespaces/kube-system/configmaps", json!({ "metadata": { "name": format!("o{n}") } }))
                .await;
            served += usize::from(code == 201);
        }
        served
    };
    let ((code, list), served) = futures::join!(deleted, other);
    assert_eq!((code, list["items"].as_array().map(Vec::len), served), (200, Some(600), 20));
    assert_eq!(cluster.get(MAPS).await.1["items"], json!([]));
}
