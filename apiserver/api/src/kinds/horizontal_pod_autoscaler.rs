//! HorizontalPodAutoscaler: sets a workload's number of pods by what they use. The hub is `autoscaling/v2`; `v1` knows the
//! CPU alone and carries the rest in annotations.

use serde_json::{Value, json};

use crate::{
    field::Error,
    kind::{Column, Kind, Subresource, Version},
    kinds::{
        default::{member, set},
        read::{at, integer, list, text},
        status,
    },
};

pub static KIND: Kind = Kind {
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
    short_names: &["hpa"],
    categories: &["all"],
    versions: &[
        Version::hub("autoscaling", "v2", "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"),
        Version {
            to_hub: from_v1,
            from_hub: to_v1,
            ..Version::hub("autoscaling", "v1", "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler")
        },
    ],
    subresources: &[Subresource::STATUS],
    columns: &[
        Column::NAME,
        Column::text("Reference", |scaler| {
            let target = at(scaler, &["spec", "scaleTargetRef"]);
            format!("{}/{}", text(target, &["kind"]), text(target, &["name"])).into()
        }),
        Column::text("Targets", targets),
        Column::text("MinPods", |scaler| match at(scaler, &["spec", "minReplicas"]) {
            Value::Null => "<unset>".into(),
            least => least.to_string().into(),
        }),
        Column::text("MaxPods", |scaler| integer(scaler, &["spec", "maxReplicas"]).into()).integer(),
        Column::text("Replicas", |scaler| integer(scaler, &["status", "currentReplicas"]).into()).integer(),
        Column::AGE,
    ],
    default,
    prepare_create: |scaler| status::reset(scaler, json!({"currentMetrics": null, "desiredReplicas": 0})),
    prepare_update: status::keep,
    validate,
    ..Kind::NAMESPACED
};

fn targets(scaler: &Value) -> Value {
    let current = list(scaler, &["status", "currentMetrics"]);
    let shown = |(i, metric): (usize, &Value)| {
        let kind = text(metric, &["type"]);
        let field = match kind {
            "ContainerResource" => "containerResource",
            "External" => "external",
            "Object" => "object",
            "Pods" => "pods",
            _ => "resource",
        };
        let now = current.get(i).map_or(&Value::Null, |status| at(status, &[field, "current"]));
        let target = at(metric, &[field, "target"]);
        let name = match text(metric, &[field, "name"]) {
            "" => String::new(),
            name => format!("{name}: "),
        };
        match at(target, &["averageUtilization"]) {
            Value::Null => {
                let (kind, suffix) =
                    if at(target, &["averageValue"]).is_null() { ("value", "") } else { ("averageValue", " (avg)") };
                let is = match text(now, &[kind]) {
                    "" => "<unknown>",
                    is => is,
                };
                format!("{name}{is}/{}{suffix}", text(target, &[kind]))
            }
            wanted => {
                let is = match at(now, &["averageUtilization"]) {
                    Value::Null => "<unknown>".to_owned(),
                    is => format!("{is}%"),
                };
                format!("{name}{is}/{wanted}%")
            }
        }
    };
    let all: Vec<String> = list(scaler, &["spec", "metrics"]).iter().enumerate().map(shown).collect();
    match all.len() {
        0 => "<none>".into(),
        1 | 2 => all.join(", ").into(),
        more => format!("{}, {} + {} more...", all[0], all[1], more - 2).into(),
    }
}

fn default(scaler: &mut Value) {
    let spec = member(scaler, "spec");
    set(spec, "minReplicas", 1);
    if list(spec, &["metrics"]).is_empty() {
        spec["metrics"] = json!([{
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
        }]);
    }
    if at(spec, &["behavior"]).is_object() {
        let policies = |up: bool| {
            let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
            if up { json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, percent]) } else { json!([percent]) }
        };
        for (direction, window) in [("scaleUp", Some(0)), ("scaleDown", None)] {
            let rules = member(&mut spec["behavior"], direction);
            set(rules, "selectPolicy", "Max");
            if let Some(window) = window {
                set(rules, "stabilizationWindowSeconds", window);
            }
            set(rules, "policies", policies(direction == "scaleUp"));
        }
    }
}

/// pkg/apis/autoscaling/validation/validation.go
fn validate(scaler: &Value) -> Vec<Error> {
    let spec = at(scaler, &["spec"]);
    let mut errors = Vec::new();
    let (least, most) = (at(spec, &["minReplicas"]).as_i64().unwrap_or(1), integer(spec, &["maxReplicas"]));
    if least < 1 {
        errors.push(Error::invalid("spec.minReplicas", least, "must be greater than or equal to 1"));
    }
    if most < 1 {
        errors.push(Error::invalid("spec.maxReplicas", most, "must be greater than 0"));
    } else if most < least {
        errors.push(Error::invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"));
    }
    for name in ["kind", "name"] {
        let path = format!("spec.scaleTargetRef.{name}");
        match text(spec, &["scaleTargetRef", name]) {
            "" => errors.push(Error::required(path, "")),
            value => errors.extend(Error::each(&path, value, crate::names::path_segment(value))),
        }
    }
    let kinds = &["ContainerResource", "External", "Object", "Pods", "Resource"];
    for (i, metric) in list(spec, &["metrics"]).iter().enumerate() {
        let (path, kind) = (format!("spec.metrics[{i}]"), text(metric, &["type"]));
        match kind {
            "" => errors.push(Error::required(format!("{path}.type"), "must specify a metric source type")),
            kind if !kinds.contains(&kind) => errors.push(Error::not_supported(format!("{path}.type"), kind, kinds)),
            kind => {
                let field = format!("{}{}", kind[..1].to_lowercase(), &kind[1..]);
                if at(metric, &[&field]).is_null() {
                    let detail = "must populate information for the given metric source";
                    errors.push(Error::required(format!("{path}.{field}"), detail));
                }
            }
        }
    }
    errors
}

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

fn is_cpu(metric: &Value) -> bool {
    metric["type"] == "Resource"
        && metric["resource"]["name"] == "cpu"
        && metric["resource"]["target"]["averageUtilization"].is_i64()
}

fn take(annotations: &mut Value, name: &str) -> Option<Value> {
    let text = annotations.as_object_mut()?.remove(name)?;
    serde_json::from_str(text.as_str()?).ok()
}

/// What was made for the other version alone leaves nothing behind.
fn drop_empty(parent: &mut Value, name: &str) {
    if let Some(members) = parent.as_object_mut()
        && members.get(name).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
    {
        members.remove(name);
    }
}

/// What v1 says, in v2's fields.
fn from_v1(scaler: &mut Value) {
    let (metrics, behavior, current, conditions) = match scaler.pointer_mut("/metadata/annotations") {
        Some(all) => (take(all, METRICS), take(all, BEHAVIOR), take(all, CURRENT), take(all, CONDITIONS)),
        None => (None, None, None, None),
    };
    let taken = [&metrics, &behavior, &current, &conditions].into_iter().any(Option::is_some);
    if taken {
        drop_empty(&mut scaler["metadata"], "annotations");
        drop_empty(scaler, "metadata");
    }
    let cpu = |percent: Value, field: &str| {
        let value = json!({"type": "Utilization", "averageUtilization": percent});
        let value = if field == "current" { json!({"averageUtilization": value["averageUtilization"]}) } else { value };
        json!({"type": "Resource", "resource": {"name": "cpu", field: value}})
    };
    if let Some(spec) = scaler.get_mut("spec").and_then(Value::as_object_mut) {
        let mut all = metrics.and_then(|metrics| metrics.as_array().cloned()).unwrap_or_default();
        if let Some(percent) = spec.remove("targetCPUUtilizationPercentage").filter(|percent| !percent.is_null()) {
            all.push(cpu(percent, "target"));
        }
        if !all.is_empty() {
            spec.insert("metrics".into(), all.into());
        }
        if let Some(behavior) = behavior {
            spec.insert("behavior".into(), behavior);
        }
    }
    if let Some(status) = scaler.get_mut("status").and_then(Value::as_object_mut) {
        let mut all = current.and_then(|current| current.as_array().cloned()).unwrap_or_default();
        if let Some(percent) = status.remove("currentCPUUtilizationPercentage").filter(|percent| !percent.is_null()) {
            all.push(cpu(percent, "current"));
        }
        if !all.is_empty() {
            status.insert("currentMetrics".into(), all.into());
        }
        if let Some(conditions) = conditions {
            status.insert("conditions".into(), conditions);
        }
    }
}

/// What v2 says, in v1's fields and annotations.
fn to_v1(scaler: &mut Value) {
    let mut notes: Vec<(&str, Value)> = Vec::new();
    if let Some(spec) = scaler.get_mut("spec").and_then(Value::as_object_mut) {
        let mut all = spec.remove("metrics").and_then(|metrics| metrics.as_array().cloned()).unwrap_or_default();
        if let Some(at) = all.iter().position(is_cpu) {
            let cpu = all.remove(at);
            spec.insert("targetCPUUtilizationPercentage".into(), cpu["resource"]["target"]["averageUtilization"].clone());
        }
        if !all.is_empty() {
            notes.push((METRICS, all.into()));
        }
        notes.extend(spec.remove("behavior").map(|behavior| (BEHAVIOR, behavior)));
    }
    if let Some(status) = scaler.get_mut("status").and_then(Value::as_object_mut) {
        let mut all = status.remove("currentMetrics").and_then(|metrics| metrics.as_array().cloned()).unwrap_or_default();
        let cpu = |metric: &Value| metric["type"] == "Resource" && metric["resource"]["name"] == "cpu";
        if let Some(at) = all.iter().position(cpu) {
            let now = all.remove(at)["resource"]["current"]["averageUtilization"].take();
            if !now.is_null() {
                status.insert("currentCPUUtilizationPercentage".into(), now);
            }
        }
        if !all.is_empty() {
            notes.push((CURRENT, all.into()));
        }
        notes.extend(status.remove("conditions").map(|conditions| (CONDITIONS, conditions)));
    }
    for (name, value) in notes {
        member(member(scaler, "metadata"), "annotations")[name] = value.to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_and_back() {
        let v1 = json!({
            "metadata": {"annotations": {METRICS: r#"[{"pods":{},"type":"Pods"}]"#}},
            "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50},
            "status": {"currentReplicas": 1, "currentCPUUtilizationPercentage": 7},
        });
        let mut value = v1.clone();
        from_v1(&mut value);
        assert_eq!(value["spec"]["metrics"].as_array().map(Vec::len), Some(2));
        assert_eq!(value["status"]["currentMetrics"][0]["resource"]["current"]["averageUtilization"], 7);
        to_v1(&mut value);
        assert_eq!(value, v1);
    }
}
