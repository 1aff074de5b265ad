//! Who owns what: examples as real clusters show them, and laws of server-side apply.

mod examples;
mod laws;

use serde_json::{Value, json};

use super::{Request, Schema, Versions};
use crate::{
    Status, fields,
    schema::{self, Type},
};

/// A kind with one version.
pub(super) struct One(&'static Type);

impl Versions for One {
    fn schema(&self, api_version: &str) -> Option<Schema> {
        (api_version == self.version()).then_some(Schema::Type(self.0))
    }

    fn convert(&self, value: &Value, from: &str, to: &str) -> Option<Value> {
        (from == to).then(|| value.clone())
    }

    fn conform(&self, _: &str, value: &mut Value) -> Result<(), Status> {
        fields::conform(self.0, value).map(|_| ()).map_err(|why| fields::refusal(self.0, &why))
    }
}

impl One {
    fn version(&self) -> String {
        crate::key::api_version(self.0.kinds[0].group, self.0.kinds[0].version)
    }

    fn object(&self, mut value: Value) -> Value {
        value["apiVersion"] = self.version().into();
        value["kind"] = self.0.kinds[0].kind.into();
        if value["metadata"]["name"].is_null() {
            value["metadata"]["name"] = "x".into();
        }
        value
    }

    fn request<'a>(&self, manager: &'a str, version: &'a str, now: &'a str) -> Request<'a> {
        Request { manager, api_version: version, subresource: "", now, ignored: &["status"] }
    }

    fn update(&self, manager: &str, now: &str, live: Option<&Value>, new: Value) -> Value {
        let mut new = self.object(new);
        super::update(&self.request(manager, &self.version(), now), self, live, &mut new);
        new
    }

    fn apply(&self, manager: &str, live: Option<&Value>, config: Value, force: bool) -> Result<Value, Status> {
        self.apply_at(manager, TIMES[1], live, config, force)
    }

    fn apply_at(&self, manager: &str, now: &str, live: Option<&Value>, config: Value, force: bool) -> Result<Value, Status> {
        super::apply(&self.request(manager, &self.version(), now), self, live, &self.object(config), force)
    }
}

pub(super) const TIMES: [&str; 3] = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"];

fn one(name: &str) -> One {
    One(schema::find(name).unwrap())
}

fn deployment() -> One {
    one("io.k8s.api.apps.v1.Deployment")
}

fn service() -> One {
    one("io.k8s.api.core.v1.Service")
}

fn config_map() -> One {
    one("io.k8s.api.core.v1.ConfigMap")
}

/// `manager operation[/subresource]` and the fields of each entry.
fn owners(object: &Value) -> Vec<(String, Value)> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let named = entries.into_iter().map(|mut entry| {
        let subresource = entry["subresource"].as_str().map(|name| format!("/{name}")).unwrap_or_default();
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {}{subresource}", text("manager"), text("operation"));
        (name, entry["fieldsV1"].take())
    });
    named.collect()
}

fn owned_by(object: &Value, name: &str) -> Value {
    owners(object).into_iter().find(|(known, _)| known == name).map(|(_, fields)| fields).unwrap_or_default()
}

fn with_image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}})
}
