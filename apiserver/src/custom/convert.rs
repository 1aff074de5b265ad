//! Objects in the version that was asked for. Built-in kinds have functions for that; the versions of a custom kind differ by
//! name alone, or a webhook knows more.

use std::{sync::Arc, time::Duration};

use api::{Draft, Object, Status, custom::Custom};
use serde_json::{Value, json};

use crate::app::{self, App, Row};

/// Upstream's patience.
const TIMEOUT: Duration = Duration::from_secs(30);
const GROUP: &str = "apiextensions.k8s.io";

/// `object` as `row` shows it. Built-in kinds stay in their hub version: who renders them converts them.
pub(crate) async fn read(app: &App, row: Row, object: Arc<Object>) -> Result<Arc<Object>, Status> {
    match row.kind.custom {
        Some(custom) if !custom.is_read(&object) => {
            let mut read = read_all(app, row, vec![object]).await?;
            Ok(read.pop().expect("as many as went in"))
        }
        _ => Ok(object),
    }
}

/// The same for many: a webhook is asked once.
pub(crate) async fn read_all(app: &App, row: Row, mut objects: Vec<Arc<Object>>) -> Result<Vec<Arc<Object>>, Status> {
    let Some(custom) = row.kind.custom else { return Ok(objects) };
    let others: Vec<usize> = (0..objects.len()).filter(|at| !custom.is_read(&objects[*at])).collect();
    if others.is_empty() {
        return Ok(objects);
    }
    let values = others.iter().map(|at| objects[*at].value()).collect();
    let converted = convert(app, custom, values, &custom.version().api_version).await?;
    for (at, value) in others.into_iter().zip(converted) {
        let revision = objects[at].revision;
        objects[at] = Arc::new(Draft::new(row.kind, value).commit(revision));
    }
    Ok(objects)
}

/// `value`, which is in `row`'s version, as it is stored.
pub(crate) async fn stored(app: &App, row: Row, value: Value) -> Result<Value, Status> {
    let Some(custom) = row.kind.custom else { return Ok(value) };
    match custom.definition.stored() {
        Some(stored) if value["apiVersion"] != *stored.api_version => {
            let mut converted = convert(app, custom, vec![value], &stored.api_version).await?;
            Ok(converted.pop().expect("as many as went in"))
        }
        _ => Ok(value),
    }
}

async fn convert(app: &App, custom: Custom, mut values: Vec<Value>, to: &str) -> Result<Vec<Value>, Status> {
    if custom.definition.converts_itself() {
        for value in &mut values {
            value["apiVersion"] = to.into();
        }
        return Ok(values);
    }
    let from = named(&values[0]);
    let failed = |why: &dyn std::fmt::Display| failure(&format!("conversion webhook for {from} {why}"));
    let conversion = &custom.definition.conversion["webhook"];
    let speaks = |version: &&str| {
        conversion["conversionReviewVersions"].as_array().is_some_and(|list| list.iter().any(|v| v == version))
    };
    let Some(version) = ["v1", "v1beta1"].into_iter().find(|version| speaks(version)) else {
        return Err(failed(&"failed: no supported conversion review versions"));
    };
    let uid = app::uuid().hyphenated().to_string();
    let review = json!({
        "kind": "ConversionReview", "apiVersion": format!("{GROUP}/{version}"),
        "request": { "uid": uid, "desiredAPIVersion": to, "objects": values },
    });
    let answer = app.webhooks.call(&conversion["clientConfig"], review.to_string().into(), TIMEOUT).await;
    let answer = answer.map_err(|why| failed(&format!("failed: {why}")))?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|why| failed(&format!("failed: {why}")))?;
    let response = &answer["response"];
    if response["uid"] != *uid {
        return Err(failed(&format!("failed: expected response.uid={uid:?}, got {}", response["uid"])));
    }
    if response["result"]["status"] != "Success" {
        let why = response["result"]["message"].as_str().unwrap_or("no message");
        return Err(failed(&format!("failed: {why}")));
    }
    let converted = response["convertedObjects"].as_array().cloned().unwrap_or_default();
    if converted.len() != values.len() {
        return Err(failed(&format!("returned {} objects, expected {}", converted.len(), values.len())));
    }
    let checked = values.iter().zip(converted).enumerate().map(|(at, (before, after))| {
        accepted(before, after, to).map_err(|why| failed(&format!("returned invalid converted object at index {at}: {why}")))
    });
    checked.collect()
}

/// A webhook may change everything but what an object is and most of its metadata.
fn accepted(before: &Value, mut after: Value, to: &str) -> Result<Value, String> {
    if after["apiVersion"] != *to {
        return Err(format!(
            "invalid apiVersion (expected {to}, received {})",
            after["apiVersion"].as_str().unwrap_or_default()
        ));
    }
    if after["kind"] != before["kind"] {
        return Err(format!("invalid kind (expected {}, received {})", before["kind"], after["kind"]));
    }
    let (old, new) = (&before["metadata"], &after["metadata"]);
    for field in ["name", "namespace", "uid"] {
        if !new[field].is_null() && new[field] != old[field] || (field == "name" && new[field].is_null()) {
            return Err(format!("metadata.{field} changed from {} to {}", old[field], new[field]));
        }
    }
    let mut metadata = old.clone();
    for field in ["labels", "annotations"] {
        match (new[field].is_null(), metadata.as_object_mut()) {
            (true, Some(fields)) => drop(fields.remove(field)),
            _ => metadata[field] = new[field].clone(),
        }
    }
    after["metadata"] = metadata;
    Ok(after)
}

/// `example.com/v1, Kind=Ship`.
fn named(value: &Value) -> String {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    format!("{}, Kind={}", text("apiVersion"), text("kind"))
}

fn failure(message: &str) -> Status {
    Status::failure(500, "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_changes_the_object_and_not_who_it_is() {
        let before =
            json!({ "apiVersion": "g/v1", "kind": "K", "metadata": { "name": "n", "uid": "u", "labels": { "a": "1" } } });
        let after = json!({ "apiVersion": "g/v2", "kind": "K", "metadata": { "name": "n", "annotations": { "b": "2" }, "finalizers": ["x/y"] }, "spec": 1 });
        let accepted = accepted(&before, after, "g/v2").unwrap();
        assert_eq!(accepted["metadata"], json!({ "name": "n", "uid": "u", "annotations": { "b": "2" } }));
        assert_eq!(accepted["spec"], 1);
        let renamed = json!({ "apiVersion": "g/v2", "kind": "K", "metadata": { "name": "m" } });
        assert!(super::accepted(&before, renamed, "g/v2").unwrap_err().contains("metadata.name changed"));
        assert!(
            super::accepted(&before, json!({ "apiVersion": "g/v1" }), "g/v2").unwrap_err().starts_with("invalid apiVersion")
        );
    }
}
