//! What a definition is when its author does not say.

use serde_json::Value;

use crate::kinds::default::{member, set, set_text};

pub(super) fn default(crd: &mut Value) {
    let spec = member(crd, "spec");
    let names = member(spec, "names");
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if !kind.is_empty() {
        set_text(names, "singular", &kind.to_lowercase());
        set_text(names, "listKind", &format!("{kind}List"));
    }
    let conversion = member(spec, "conversion");
    set_text(conversion, "strategy", "None");
    if let Some(service) = conversion.pointer_mut("/webhook/clientConfig/service").filter(|service| service.is_object()) {
        set(service, "port", 443);
    }
    if spec["preserveUnknownFields"] == Value::Bool(false) {
        // the only value that new definitions may have, and what none says
        spec.as_object_mut().map(|fields| fields.remove("preserveUnknownFields"));
    }
}
