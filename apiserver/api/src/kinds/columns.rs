//! Cells that several kinds share.

use serde_json::Value;

use super::read::{integer, list, text};
use crate::kind::Column;

/// How long ago `timestamp` (RFC 3339) was, as `kubectl` abbreviates it; `<unknown>` without one.
pub fn age(timestamp: &Value) -> Value {
    let Some(then) = timestamp.as_str().and_then(|t| t.parse::<jiff::Timestamp>().ok()) else {
        return "<unknown>".into();
    };
    human_duration(jiff::Timestamp::now().as_second() - then.as_second()).into()
}

/// Seconds as `kubectl` prints an age: `45s`, `3m12s`, `5h3m`, `2d4h`, `400d`, `2y40d`.
pub fn human_duration(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |n: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 { format!("{n}{unit}") } else { format!("{n}{unit}{rest}{small}") }
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => pair(days, "d", hours % 24, "h"),
        _ if days < 730 => format!("{days}d"),
        _ if days < 2920 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// Of workloads with a template: who is in it.
pub(crate) const CONTAINERS: Column = Column::text("Containers", |object| of_containers(object, "name")).wide();
pub(crate) const IMAGES: Column = Column::text("Images", |object| of_containers(object, "image")).wide();

/// Of ReplicaSets and ReplicationControllers: pods wanted, there, and ready.
pub(crate) const DESIRED: Column = Column::text("Desired", |object| integer(object, &["spec", "replicas"]).into()).integer();
pub(crate) const CURRENT: Column =
    Column::text("Current", |object| integer(object, &["status", "replicas"]).into()).integer();
pub(crate) const READY: Column =
    Column::text("Ready", |object| integer(object, &["status", "readyReplicas"]).into()).integer();

fn of_containers(object: &Value, what: &str) -> Value {
    let containers = list(object, &["spec", "template", "spec", "containers"]).iter();
    containers.map(|container| text(container, &[what])).collect::<Vec<_>>().join(",").into()
}

/// A map of labels: `a=b,c=d`, or `<none>`.
pub(crate) fn labels(labels: &Value) -> Value {
    let pairs = labels.as_object().into_iter().flatten();
    let mut pairs: Vec<String> = pairs.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    pairs.sort();
    or_none(pairs.join(","))
}

pub(crate) fn or_none(text: impl Into<String>) -> Value {
    or(text, "<none>")
}

pub(crate) fn or(text: impl Into<String>, instead: &str) -> Value {
    let text = text.into();
    if text.is_empty() { instead.into() } else { text.into() }
}

/// The first three of many: `a,b,c + 2 more...`.
pub(crate) fn some(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = all[..all.len().min(SHOWN)].join(",");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// staging/src/k8s.io/apimachinery/pkg/util/duration/duration_test.go
    #[test]
    fn durations() {
        const DAY: i64 = 86_400;
        for (seconds, shown) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (123, "2m3s"),
            (600, "10m"),
            (179 * 60 + 59, "179m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (8 * 3600 + 60, "8h"),
            (2 * DAY, "2d"),
            (2 * DAY + 3600, "2d1h"),
            (8 * DAY, "8d"),
            (729 * DAY, "729d"),
            (731 * DAY, "2y1d"),
            (8 * 365 * DAY, "8y"),
        ] {
            assert_eq!(human_duration(seconds), shown, "{seconds}");
        }
    }

    #[test]
    fn the_first_three() {
        let all: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        assert_eq!(some(&all), "a,b,c + 2 more...");
        assert_eq!(some(&all[..2]), "a,b");
    }
}
