//! What is allowed in a Service and yet hardly meant; sent as `Warning:` headers.

use serde_json::Value;

use crate::kinds::read::{at, list, text};

pub(super) fn of(service: &Value) -> Vec<String> {
    let spec = at(service, &["spec"]);
    let (kind, headless) = (text(spec, &["type"]), text(spec, &["clusterIP"]) == "None");
    let external = !list(spec, &["externalIPs"]).is_empty();
    let conditions = [
        (headless && !text(spec, &["loadBalancerIP"]).is_empty(), "spec.loadBalancerIP is ignored for headless services"),
        (headless && external, "spec.externalIPs is ignored for headless services"),
        (headless && text(spec, &["sessionAffinity"]) != "None", "spec.SessionAffinity is ignored for headless services"),
        (kind == "ExternalName" && external, "spec.externalIPs is ignored when spec.type is \"ExternalName\""),
        (
            kind != "ExternalName" && !text(spec, &["externalName"]).is_empty(),
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
        ),
    ];
    conditions.into_iter().filter(|(holds, _)| *holds).map(|(_, warning)| warning.to_owned()).collect()
}
