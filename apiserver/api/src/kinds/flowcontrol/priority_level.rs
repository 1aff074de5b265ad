//! PriorityLevelConfiguration: how many requests of a level run at once, and how the others wait.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::not_negative,
        columns::or_none,
        default::{member, set},
        read::{at, integer, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "PriorityLevelConfiguration",
    plural: "prioritylevelconfigurations",
    versions: &[Version::hub("flowcontrol.apiserver.k8s.io", "v1", "io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Type", |level| text(level, &["spec", "type"]).into()),
        Column::text("NominalConcurrencyShares", |level| {
            let branch = if text(level, &["spec", "type"]) == "Exempt" { "exempt" } else { "limited" };
            shown(at(level, &["spec", branch, "nominalConcurrencyShares"]))
        }),
        Column::text("Queues", |level| queuing(level, "queues")),
        Column::text("HandSize", |level| queuing(level, "handSize")),
        Column::text("QueueLengthLimit", |level| queuing(level, "queueLengthLimit")),
        Column::AGE,
    ],
    generation: Generation::Counted,
    default,
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate,
    ..Kind::CLUSTER
};

fn shown(number: &Value) -> Value {
    or_none(if number.is_null() { String::new() } else { number.to_string() })
}

fn queuing(level: &Value, name: &str) -> Value {
    shown(at(level, &["spec", "limited", "limitResponse", "queuing", name]))
}

fn default(level: &mut Value) {
    let spec = member(level, "spec");
    if at(spec, &["limited"]).is_object() {
        let limited = member(spec, "limited");
        set(limited, "nominalConcurrencyShares", 30);
        set(limited, "lendablePercent", 0);
        let response = member(limited, "limitResponse");
        if text(response, &["type"]) == "Queue" && at(response, &["queuing"]).is_object() {
            let queuing = member(response, "queuing");
            set(queuing, "handSize", 8);
            set(queuing, "queues", 64);
            set(queuing, "queueLengthLimit", 50);
        }
    }
    if at(spec, &["exempt"]).is_object() {
        let exempt = member(spec, "exempt");
        set(exempt, "nominalConcurrencyShares", 0);
        set(exempt, "lendablePercent", 0);
    }
}

/// pkg/apis/flowcontrol/validation/validation.go
fn validate(level: &Value) -> Vec<Error> {
    let spec = at(level, &["spec"]);
    let mut errors = Vec::new();
    let limited = at(spec, &["limited"]);
    match (text(spec, &["type"]), limited.is_null()) {
        ("Exempt", true) => {}
        ("Exempt", false) => errors.push(Error::forbidden("spec.limited", "must be nil if the type is Exempt")),
        ("Limited", true) => {
            errors.push(Error::required("spec.limited", "must not be empty when type is Limited"));
        }
        ("Limited", false) => {
            not_negative(&mut errors, "spec.limited.nominalConcurrencyShares", at(limited, &["nominalConcurrencyShares"]));
            let response = at(limited, &["limitResponse"]);
            match text(response, &["type"]) {
                "Reject" if !at(response, &["queuing"]).is_null() => {
                    let detail = "must be nil if limited.limitResponse.type is not Limited";
                    errors.push(Error::forbidden("spec.limited.limitResponse.queuing", detail));
                }
                "Reject" => {}
                "Queue" if at(response, &["queuing"]).is_null() => {
                    let detail = "must not be empty if limited.limitResponse.type is Limited";
                    errors.push(Error::required("spec.limited.limitResponse.queuing", detail));
                }
                "Queue" => {
                    for name in ["queues", "queueLengthLimit", "handSize"] {
                        let number = integer(response, &["queuing", name]);
                        if number <= 0 {
                            let path = format!("spec.limited.limitResponse.queuing.{name}");
                            errors.push(Error::invalid(path, number, "must be positive"));
                        }
                    }
                    let (hand, queues) =
                        (integer(response, &["queuing", "handSize"]), integer(response, &["queuing", "queues"]));
                    if hand > queues && queues > 0 {
                        let path = "spec.limited.limitResponse.queuing.handSize";
                        errors.push(Error::invalid(path, hand, format!("should not be greater than queues ({queues})")));
                    }
                }
                other => {
                    let path = "spec.limited.limitResponse.type";
                    errors.push(Error::not_supported(path, other, &["Queue", "Reject"]));
                }
            }
        }
        (other, _) => errors.push(Error::not_supported("spec.type", other, &["Exempt", "Limited"])),
    }
    errors
}
