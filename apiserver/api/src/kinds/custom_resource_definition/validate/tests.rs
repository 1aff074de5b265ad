//! Bad definitions and what upstream says of them.

use serde_json::{Value, json};

use super::validate;
use crate::kinds::CUSTOM_RESOURCE_DEFINITION as KIND;

fn definition(schema: &Value) -> Value {
    let mut crd = json!({
        "metadata": { "name": "ships.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": { "plural": "ships", "kind": "Ship" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    });
    KIND.default(&mut crd);
    KIND.prepare_create(&mut crd);
    crd
}

fn said(crd: &Value) -> Vec<String> {
    validate(crd).iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_one() {
    let schema = json!({ "type": "object", "properties": {
        "spec": { "type": "object", "required": ["a"], "properties": {
            "a": { "type": "string", "default": "x", "pattern": "^[a-z]+$" },
            "either": { "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] },
            "list": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                "items": { "type": "object", "required": ["k"], "properties": { "k": { "type": "string" } } } },
            "pod": { "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
        }, "oneOf": [{ "required": ["a"] }] },
    } });
    assert_eq!(said(&definition(&schema)), Vec::<String>::new());
}

#[test]
fn bad_schemas() {
    let at = |rest: &str| format!("spec.validation.openAPIV3Schema{rest}");
    let spec = |schema: Value| json!({ "type": "object", "properties": { "spec": schema } });
    let cases = [
        (json!({ "properties": {} }), at(".type: Required value: must not be empty at the root")),
        (
            json!({ "type": "array", "items": { "type": "string" } }),
            at(".type: Invalid value: \"array\": must be object at the root"),
        ),
        (spec(json!({})), at(".properties[spec].type: Required value: must not be empty for specified object fields")),
        (spec(json!({ "type": "array" })), at(".properties[spec].items: Required value: must be specified")),
        (
            spec(json!({ "type": "text" })),
            at(
                ".properties[spec].type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
            ),
        ),
        (
            spec(
                json!({ "type": "object", "additionalProperties": { "type": "string" }, "properties": { "a": { "type": "string" } } }),
            ),
            at(
                ".properties[spec].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
            ),
        ),
        (
            spec(json!({ "type": "string", "pattern": "(" })),
            at(".properties[spec].pattern: Invalid value: \"(\": must be a valid regular expression, but isn't"),
        ),
        (
            spec(json!({ "type": "object", "anyOf": [{ "type": "object" }] })),
            at(".properties[spec].anyOf[0].type: Forbidden: must be empty to be structural"),
        ),
        (
            spec(json!({ "type": "object", "anyOf": [{ "properties": { "a": { "minLength": 1 } } }] })),
            at(
                ".properties[spec].properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.properties[spec].anyOf[0].properties[a]",
            ),
        ),
        (spec(json!({ "type": "integer", "default": "x" })), at(".properties[spec].default: Invalid value: \"string\": ")),
        (
            spec(json!({ "type": "object", "default": { "a": 1 } })),
            at(".properties[spec].default: Invalid value: {\"a\":1}: must not have unknown fields"),
        ),
        (
            spec(json!({ "type": "array", "uniqueItems": true, "items": { "type": "string" } })),
            at(
                ".properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            ),
        ),
        (
            spec(json!({ "type": "array", "x-kubernetes-list-type": "map", "items": { "type": "object" } })),
            at(
                ".properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
            ),
        ),
        (spec(json!({ "type": "object", "$ref": "#/x" })), at(".properties[spec].$ref: Forbidden: $ref is not supported")),
        (
            spec(
                json!({ "type": "object", "properties": { "x": { "type": "integer" } }, "x-kubernetes-validations": [{ "rule": "self.z == 100" }] }),
            ),
            at(
                ".properties[spec].x-kubernetes-validations[0].rule: Invalid value: {\"rule\":\"self.z == 100\"}: compilation failed: ERROR: <input>:1:5: undefined field 'z'",
            ),
        ),
        (
            spec(json!({ "type": "object", "x-kubernetes-validations": [{ "rule": " " }] })),
            at(".properties[spec].x-kubernetes-validations[0].rule: Required value: rule is not specified"),
        ),
        (
            spec(
                json!({ "type": "array", "items": { "type": "array", "items": { "type": "string" }, "x-kubernetes-validations": [{ "rule": "self.all(s, s == 'c')" }] } }),
            ),
            at(
                ".properties[spec].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x",
            ),
        ),
        (
            spec(
                json!({ "type": "array", "maxItems": 9, "items": { "type": "integer", "x-kubernetes-validations": [{ "rule": "self > oldSelf" }] } }),
            ),
            at(
                ".properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: \"self > oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[spec].items",
            ),
        ),
        (
            json!({ "type": "object", "properties": { "metadata": { "type": "object", "properties": { "labels": { "type": "object" } } } } }),
            at(
                ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
            ),
        ),
    ];
    for (schema, expected) in cases {
        let said = said(&definition(&schema));
        assert!(said.iter().any(|line| line.starts_with(&expected)), "{schema}\nwanted {expected}\ngot    {said:#?}");
    }
}

#[test]
fn bad_definitions() {
    let good = definition(&json!({ "type": "object" }));
    let with = |pointer: &str, value: Value| {
        let mut crd = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        crd.pointer_mut(parent).unwrap()[name] = value;
        crd
    };
    let cases = [
        (
            with("/metadata/name", json!("x")),
            "metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group",
        ),
        (
            with("/spec/group", json!("example")),
            "spec.group: Invalid value: \"example\": should be a domain with at least one dot",
        ),
        (
            with("/spec/scope", json!("Everywhere")),
            "spec.scope: Unsupported value: \"Everywhere\": supported values: \"Cluster\", \"Namespaced\"",
        ),
        (
            with("/spec/names/kind", json!("Ship!")),
            "spec.names.kind: Invalid value: \"Ship!\": may have mixed case, but should otherwise match: ",
        ),
        (
            with("/spec/names/listKind", json!("Ship")),
            "spec.names.listKind: Invalid value: \"Ship\": kind and listKind may not be the same",
        ),
        (
            with("/spec/preserveUnknownFields", json!(true)),
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true",
        ),
        (
            with(
                "/spec/versions",
                json!([{ "name": "v1", "served": true, "storage": false, "schema": { "openAPIV3Schema": { "type": "object" } } }]),
            ),
            "spec.versions: Invalid value: ",
        ),
        (
            with("/spec/versions", json!([{ "name": "v1", "served": true, "storage": true }])),
            "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required",
        ),
        (
            with("/status/storedVersions", json!(["v0", "v1"])),
            "status.storedVersions[0]: Invalid value: \"v0\": must appear in spec.versions",
        ),
        (
            with("/spec/conversion/strategy", json!("Webhook")),
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        ),
        (
            with("/spec/versions/0/additionalPrinterColumns", json!([{ "name": "A", "type": "thing", "jsonPath": "spec" }])),
            "spec.additionalPrinterColumns[0].type: Invalid value: \"thing\": must be one of boolean,date,integer,number,string",
        ),
        (
            with(
                "/spec/versions/0/subresources",
                json!({ "scale": { "specReplicasPath": ".status.n", "statusReplicasPath": ".status.n" } }),
            ),
            "spec.subresources.scale.specReplicasPath: Invalid value: \".status.n\": should be a json path under .spec",
        ),
        (
            with("/spec/versions/0/selectableFields", json!([{ "jsonPath": ".spec.x" }])),
            "spec.selectableFields[0].jsonPath: Invalid value: \".spec.x\": is an invalid path: ",
        ),
    ];
    for (crd, expected) in cases {
        let said = said(&crd);
        assert!(said.iter().any(|line| line.starts_with(expected)), "wanted {expected}\ngot    {said:#?}");
    }
    let mut moved = good.clone();
    moved["spec"]["scope"] = json!("Cluster");
    let mut established = good.clone();
    established["status"]["conditions"] = json!([{ "type": "Established", "status": "True" }]);
    let errors: Vec<String> = super::update(&moved, &established).iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["spec.scope: Invalid value: \"Cluster\": field is immutable"]);
}
