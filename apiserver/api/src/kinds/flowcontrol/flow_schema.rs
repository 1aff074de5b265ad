//! FlowSchema: which requests belong to which priority level.

use serde_json::Value;

use crate::{
    field::Error,
    kind::{Column, Generation, Kind, Subresource, Version},
    kinds::{
        checks::named,
        columns::or_none,
        default::{member, set},
        read::{at, integer, list, text},
        status,
    },
    names,
};

pub static KIND: Kind = Kind {
    kind: "FlowSchema",
    plural: "flowschemas",
    versions: &[Version::hub("flowcontrol.apiserver.k8s.io", "v1", "io.k8s.api.flowcontrol.v1.FlowSchema")],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("PriorityLevel", |schema| text(schema, &["spec", "priorityLevelConfiguration", "name"]).into()),
        Column::text("MatchingPrecedence", |schema| integer(schema, &["spec", "matchingPrecedence"]).into()).integer(),
        Column::text("DistinguisherMethod", |schema| or_none(text(schema, &["spec", "distinguisherMethod", "type"]))),
        Column::AGE,
        Column::text("MissingPL", |schema| {
            let conditions = list(schema, &["status", "conditions"]).iter();
            let dangling = conditions.into_iter().find(|condition| condition["type"] == "Dangling");
            dangling.map_or("?", |condition| text(condition, &["status"])).into()
        }),
    ],
    generation: Generation::Counted,
    default: |schema| set(member(schema, "spec"), "matchingPrecedence", 1000),
    prepare_create: status::clear,
    prepare_update: status::keep,
    validate,
    ..Kind::CLUSTER
};

/// pkg/apis/flowcontrol/validation/validation.go
fn validate(schema: &Value) -> Vec<Error> {
    let spec = at(schema, &["spec"]);
    let mut errors = Vec::new();
    let precedence = integer(spec, &["matchingPrecedence"]);
    if precedence <= 0 {
        errors.push(Error::invalid("spec.matchingPrecedence", precedence, "must be a positive value"));
    }
    if precedence > 10_000 {
        errors.push(Error::invalid("spec.matchingPrecedence", precedence, "must not be greater than 10000"));
    }
    let exempt = text(schema, &["metadata", "name"]) == "exempt";
    if precedence == 1 && !exempt {
        let detail = "only the schema named 'exempt' may have matchingPrecedence 1";
        errors.push(Error::invalid("spec.matchingPrecedence", precedence, detail));
    }
    let method = at(spec, &["distinguisherMethod"]);
    let methods = &["ByNamespace", "ByUser"];
    if !method.is_null() && !methods.contains(&text(method, &["type"])) {
        errors.push(Error::not_supported("spec.distinguisherMethod", method.clone(), methods));
    }
    let level = text(spec, &["priorityLevelConfiguration", "name"]);
    named(&mut errors, "spec.priorityLevelConfiguration.name".into(), level, names::dns_subdomain);
    for (i, rule) in list(spec, &["rules"]).iter().enumerate() {
        let path = format!("spec.rules[{i}]");
        if list(rule, &["subjects"]).is_empty() {
            errors.push(Error::required(format!("{path}.subjects"), "subjects must contain at least one value"));
        }
        for (j, subject) in list(rule, &["subjects"]).iter().enumerate() {
            let (path, kind) = (format!("{path}.subjects[{j}]"), text(subject, &["kind"]));
            let field = match kind {
                "User" => "user",
                "Group" => "group",
                "ServiceAccount" => "serviceAccount",
                _ => {
                    let kinds = &["Group", "ServiceAccount", "User"];
                    errors.push(Error::not_supported(format!("{path}.kind"), kind, kinds));
                    continue;
                }
            };
            if at(subject, &[field]).is_null() {
                let detail = format!("{field} is required when subject kind is '{kind}'");
                errors.push(Error::required(format!("{path}.{field}"), detail));
            }
        }
        if list(rule, &["resourceRules"]).is_empty() && list(rule, &["nonResourceRules"]).is_empty() {
            let detail = "at least one of resourceRules and nonResourceRules has to be non-empty";
            errors.push(Error::required(path, detail));
        }
    }
    errors
}
