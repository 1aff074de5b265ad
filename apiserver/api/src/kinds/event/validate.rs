//! Every complaint about an Event.

use serde_json::Value;

use crate::{
    field::Error,
    kinds::{
        checks::named,
        read::{at, text},
    },
    names,
};

const NAMESPACE: &str = "involvedObject.namespace";
const MISPLACED: &str = "does not match event.namespace";

pub(super) fn validate(event: &Value) -> Vec<Error> {
    let (own, about) = (text(event, &["metadata", "namespace"]), text(event, &["involvedObject", "namespace"]));
    let mut errors = Vec::new();
    // those who use the newer fields must use them all
    if at(event, &["eventTime"]).is_null() {
        let fits = if about.is_empty() { matches!(own, "" | "default") } else { own == about };
        if !fits {
            errors.push(Error::invalid(NAMESPACE, about, MISPLACED));
        }
        return errors;
    }
    if about.is_empty() && !matches!(own, "default" | "kube-system") {
        errors.push(Error::invalid(NAMESPACE, about, MISPLACED));
    }
    let controller = text(event, &["reportingComponent"]);
    named(&mut errors, "reportingController".into(), controller, names::qualified);
    for (name, longest) in [("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024)] {
        let said = text(event, &[name]);
        if said.is_empty() && name != "message" {
            errors.push(Error::required(name, ""));
        }
        if said.len() > longest {
            errors.push(Error::invalid(name, "", format!("can have at most {longest} characters")));
        }
    }
    errors
}
