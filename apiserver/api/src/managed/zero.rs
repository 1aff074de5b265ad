//! What Go's zero value of a type shows in JSON: to fill in such a field is to change it, not to add it.

use serde_json::{Map, Value};

use crate::schema::{Container, FieldType, Shape, Type};

/// Fields that are structs in Go, not pointers to structs, by the last segment of their owner's name. Only those are listed
/// to which structs lead from the root: behind a pointer or in a list everything is new.
const STRUCTS: &[(&str, &str)] = &[
    ("ClusterRoleBinding", "roleRef"),
    ("CronJobSpec", "jobTemplate"),
    ("CustomResourceDefinitionSpec", "names"),
    ("CustomResourceDefinitionStatus", "acceptedNames"),
    ("DaemonSetSpec", "template updateStrategy"),
    ("DeploymentSpec", "strategy template"),
    ("Event", "involvedObject source regarding deprecatedSource"),
    ("FlowSchemaSpec", "priorityLevelConfiguration"),
    ("HorizontalPodAutoscalerSpec", "scaleTargetRef"),
    ("IngressStatus", "loadBalancer"),
    ("JobSpec", "template"),
    ("NetworkPolicySpec", "podSelector"),
    ("NodeDaemonEndpoints", "kubeletEndpoint"),
    ("NodeStatus", "daemonEndpoints nodeInfo"),
    ("PersistentVolumeClaimSpec", "resources"),
    ("PodTemplate", "template"),
    ("ReplicaSetSpec", "template"),
    ("ResourceClaimSpec", "devices"),
    ("ResourceSliceSpec", "pool"),
    ("RoleBinding", "roleRef"),
    ("ServiceStatus", "loadBalancer"),
    ("StatefulSetSpec", "template updateStrategy"),
    ("VolumeAttachmentSpec", "source"),
];

/// The zero value of `ty`.
pub(super) fn value(ty: &'static Type) -> Value {
    let mut map = Map::new();
    for field in ty.fields() {
        let zero = match (field.container, field.kind) {
            (Container::One, FieldType::Object(inner)) if inner.shape == Shape::Object => {
                if !is_struct(ty, field.name) {
                    continue;
                }
                value(inner)
            }
            _ if !field.required || field.pointer => continue,
            (Container::List | Container::Map, _) | (_, FieldType::Object(_) | FieldType::Bytes) => Value::Null,
            (_, FieldType::String) => "".into(),
            (_, FieldType::Bool) => false.into(),
            (_, FieldType::Int32 | FieldType::Int64 | FieldType::Double) => 0.into(),
        };
        map.insert(field.name.to_owned(), zero);
    }
    Value::Object(map)
}

fn is_struct(owner: &Type, field: &str) -> bool {
    let owner_name = owner.short_name();
    match field {
        "metadata" => true,
        "spec" | "status" => !owner.kinds.is_empty() || owner_name.ends_with("TemplateSpec"),
        _ => STRUCTS.iter().any(|(name, fields)| *name == owner_name && fields.split(' ').any(|name| name == field)),
    }
}
