//! Quality of service: how firmly a pod's resources are promised.

use serde_json::Value;

use crate::{
    kinds::read::{at, list},
    quantity::Quantity,
};

/// `Guaranteed` when every container limits CPU and memory and requests just that, `BestEffort` when none asks for
/// either, else `Burstable`.
pub(crate) fn class(spec: &Value) -> &'static str {
    let containers = || list(spec, &["initContainers"]).iter().chain(list(spec, &["containers"]));
    let amount = |container: &Value, which: &str, name: &str| {
        let text = at(container, &["resources", which, name]).as_str()?;
        Quantity::parse(text).ok().filter(|amount| !amount.is_zero())
    };
    let mut asked = false;
    let mut guaranteed = true;
    for container in containers() {
        for name in ["cpu", "memory"] {
            let (request, limit) = (amount(container, "requests", name), amount(container, "limits", name));
            asked |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (asked, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes() {
        let full = json!({"cpu": "1", "memory": "1Gi"});
        for (resources, expected) in [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "0"}}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (json!({"limits": full, "requests": {"cpu": "1", "memory": "1024Mi"}}), "Guaranteed"),
            (json!({"limits": full, "requests": {"cpu": "500m", "memory": "1Gi"}}), "Burstable"),
            (json!({"limits": full}), "Burstable"),
            (json!({"requests": {"example.com/gpu": "1"}}), "BestEffort"),
        ] {
            assert_eq!(class(&json!({"containers": [{"resources": resources}]})), expected, "{resources}");
        }
    }
}
