//! A version's schema as one of the table's types: what patches, documentation and OpenAPI read of built-in kinds.

use serde_json::Value;

use super::{
    publish,
    schema::{members, strings},
};
use crate::schema::{self, Container, Field, FieldType, ListType, MergeStrategy, Type, TypeKind};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// Any JSON: what the table's types cannot say is one value to them.
const JSON: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON";

/// The type of `kind`, whose schema was written as `written`.
pub(super) fn of(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    (written, selectable): (&Value, &Value),
) -> &'static Type {
    let name = publish::name(group, version, kind).leak();
    let mut fields = fields(name, written);
    fields.retain(|field| !matches!(field.name, "apiVersion" | "kind" | "metadata"));
    let text = |name| Field { pointer: true, ..field(name, FieldType::String) };
    fields.extend([text("apiVersion"), text("kind")]);
    fields.extend(schema::find(OBJECT_META).map(|meta| field("metadata", FieldType::Object(meta))));
    let kinds = vec![TypeKind { group, version, kind }].leak();
    let published = publish::whole(written, selectable, group, version, kind);
    let atomic = written["x-kubernetes-map-type"] == "atomic";
    Type::made(name, kinds, (atomic, is_open(written)), fields, Some(published))
}

/// A list of `ty`, for OpenAPI.
pub(super) fn list_of(ty: &'static Type, list_kind: &str) -> &'static Type {
    let kind = ty.kinds[0];
    let list_kind: &'static str = list_kind.to_owned().leak();
    let name = publish::name(kind.group, kind.version, list_kind).leak();
    let kinds = vec![TypeKind { group: kind.group, version: kind.version, kind: list_kind }].leak();
    let mut fields = vec![field("apiVersion", FieldType::String), field("kind", FieldType::String)];
    fields.extend(
        schema::find("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta").map(|m| field("metadata", FieldType::Object(m))),
    );
    let items = Field { container: Container::List, required: true, ..field("items", FieldType::Object(ty)) };
    fields.push(items);
    Type::made(name, kinds, (false, false), fields, None)
}

fn fields(owner: &str, written: &Value) -> Vec<Field> {
    let required = strings(&written["required"]);
    let property = |(name, property): (&String, &Value)| {
        let name: &'static str = name.clone().leak();
        Field { required: required.iter().any(|r| r == name), ..of_value(owner, name, property) }
    };
    members(&written["properties"]).map(property).collect()
}

fn of_value(owner: &str, name: &'static str, written: &Value) -> Field {
    let atomic = written["x-kubernetes-map-type"] == "atomic";
    let default = written.get("default").map(|value| &*value.to_string().leak());
    let below = format!("{owner}.{name}");
    let (container, kind) = match written["type"].as_str() {
        Some("array") => (Container::List, inner(&below, &written["items"])),
        Some("object") if written["additionalProperties"].is_object() && !written["properties"].is_object() => {
            (Container::Map, inner(&below, &written["additionalProperties"]))
        }
        _ => (Container::One, inner(&below, written)),
    };
    let list = match written["x-kubernetes-list-type"].as_str() {
        Some("set") => ListType::Set,
        Some("map") => ListType::Map,
        Some("atomic") => ListType::Atomic,
        _ if container == Container::List => ListType::Atomic,
        _ => ListType::Unspecified,
    };
    let keys = strings(&written["x-kubernetes-list-map-keys"]);
    let keys = keys.into_iter().map(|key| &*key.leak()).collect::<Vec<&'static str>>().leak();
    Field { container, list, keys, atomic, default, ..field(name, kind) }
}

/// The type of a value that is neither a list nor a map, as far as the table can say.
fn inner(owner: &str, written: &Value) -> FieldType {
    let any = || schema::find(JSON).map_or(FieldType::String, FieldType::Object);
    if written["x-kubernetes-int-or-string"] == true {
        return schema::find("io.k8s.apimachinery.pkg.util.intstr.IntOrString").map_or_else(any, FieldType::Object);
    }
    match written["type"].as_str() {
        Some("string") => FieldType::String,
        Some("integer") => FieldType::Int64,
        Some("number") => FieldType::Double,
        Some("boolean") => FieldType::Bool,
        Some("object") if written["properties"].is_object() => {
            let name = owner.to_owned().leak();
            let atomic = written["x-kubernetes-map-type"] == "atomic";
            FieldType::Object(Type::made(name, &[], (atomic, is_open(written)), fields(name, written), None))
        }
        _ => any(),
    }
}

/// Whether fields may be there that the schema does not name.
fn is_open(written: &Value) -> bool {
    let flag = |name: &str| written[name] == true;
    flag("x-kubernetes-preserve-unknown-fields") || flag("x-kubernetes-embedded-resource") || flag("additionalProperties")
}

fn field(name: &'static str, kind: FieldType) -> Field {
    Field {
        name,
        number: 0,
        kind,
        container: Container::One,
        list: ListType::Unspecified,
        keys: &[],
        merge_key: None,
        merge: MergeStrategy::default(),
        atomic: false,
        required: false,
        pointer: true,
        default: None,
        closed: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_a_type() {
        let schema = json!({ "type": "object", "properties": { "spec": { "type": "object", "required": ["size"], "properties": {
            "size": { "type": "integer" },
            "ports": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": { "type": "object", "properties": { "name": { "type": "string" } } } },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        } } } });
        let ty = of("example.com", "v1", "Ship", (&schema, &Value::Null));
        assert_eq!(ty.name, "com.example.v1.Ship");
        assert!(ty.field("metadata").is_some() && ty.field("kind").is_some());
        let FieldType::Object(spec) = ty.field("spec").unwrap().kind else { panic!("spec is an object") };
        assert!(spec.field("size").unwrap().required);
        let ports = spec.field("ports").unwrap();
        assert_eq!((ports.container, ports.list, ports.keys), (Container::List, ListType::Map, &["name"][..]));
        assert_eq!(spec.field("labels").unwrap().container, Container::Map);
    }
}
