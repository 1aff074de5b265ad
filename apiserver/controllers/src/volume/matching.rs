//! Which volume suits a claim; pure.

use api::{object::Meta, quantity::Quantity, selector::LabelSelector};
use serde_json::Value;

use super::text;

/// A volume as the choice sees it.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) meta: &'a Meta,
    pub(super) volume: &'a Value,
}

fn size(value: &Value, pointer: &str) -> Quantity {
    Quantity::parse(text(value, pointer)).unwrap_or(Quantity::ZERO)
}

fn or<'a>(text: &'a str, instead: &'a str) -> &'a str {
    if text.is_empty() { instead } else { text }
}

/// The smallest volume that has all that `claim` wants and that nobody else has. One that is kept for this very claim comes
/// first, whatever its size.
pub(super) fn choose<'a>(claim: &Value, candidates: &[Candidate<'a>]) -> Option<&'a str> {
    let kept = |candidate: &&Candidate<'_>| is_kept_for(candidate.volume, claim);
    if let Some(kept) = candidates.iter().find(kept) {
        return Some(kept.name).filter(|_| suits(claim, kept));
    }
    let free = candidates.iter().filter(|candidate| candidate.volume.pointer("/spec/claimRef").is_none_or(Value::is_null));
    let fitting = free.filter(|candidate| suits(claim, candidate));
    fitting.min_by_key(|candidate| size(candidate.volume, "/spec/capacity/storage")).map(|candidate| candidate.name)
}

/// Whether the volume's reference means this claim; a reference without a uid was written by hand.
pub(super) fn is_kept_for(volume: &Value, claim: &Value) -> bool {
    let same = |name: &str| text(volume, &format!("/spec/claimRef/{name}")) == text(claim, &format!("/metadata/{name}"));
    same("name") && same("namespace") && (text(volume, "/spec/claimRef/uid").is_empty() || same("uid"))
}

fn suits(claim: &Value, candidate: &Candidate<'_>) -> bool {
    let volume = candidate.volume;
    let modes = |value: &'_ Value| -> Vec<Value> { value["spec"]["accessModes"].as_array().cloned().unwrap_or_default() };
    let offered = modes(volume);
    let selector = claim.pointer("/spec/selector").filter(|selector| selector.is_object()).map(LabelSelector::of);
    volume["metadata"]["deletionTimestamp"].is_null()
        && text(claim, "/spec/storageClassName") == text(volume, "/spec/storageClassName")
        && or(text(claim, "/spec/volumeMode"), "Filesystem") == or(text(volume, "/spec/volumeMode"), "Filesystem")
        && modes(claim).iter().all(|mode| offered.contains(mode))
        && size(volume, "/spec/capacity/storage") >= size(claim, "/spec/resources/requests/storage")
        && selector.is_none_or(|selector| selector.matches(&candidate.meta.labels))
}

#[cfg(test)]
mod tests {
    use api::kinds;
    use serde_json::json;

    use super::*;

    fn volume(name: &str, size: &str, class: &str, claim: Value) -> Value {
        json!({
            "metadata": {"name": name, "labels": {"tier": class}},
            "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": class, "claimRef": claim},
        })
    }

    #[test]
    fn the_smallest_that_fits_and_is_free() {
        let taken = json!({"namespace": "a", "name": "other", "uid": "9"});
        let all = [
            volume("big", "10Gi", "", Value::Null),
            volume("small", "1Gi", "", Value::Null),
            volume("taken", "2Gi", "", taken),
            volume("fits", "3Gi", "", Value::Null),
            volume("classy", "2Gi", "fast", Value::Null),
        ];
        let metas: Vec<Meta> = all.iter().map(|volume| Meta::of(&kinds::PERSISTENT_VOLUME, volume)).collect();
        let candidates = || -> Vec<Candidate<'_>> {
            let named = all.iter().zip(&metas);
            named.map(|(volume, meta)| Candidate { name: text(volume, "/metadata/name"), meta, volume }).collect()
        };
        let claim = |size: &str, spec: Value| {
            let mut claim = json!({
                "metadata": {"namespace": "a", "name": "c", "uid": "1"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
            });
            claim["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
            claim
        };
        for (claim, chosen) in [
            (claim("2Gi", json!({})), Some("fits")),
            (claim("20Gi", json!({})), None),
            (claim("1Gi", json!({"storageClassName": "fast"})), Some("classy")),
            (claim("1Gi", json!({"accessModes": ["ReadWriteMany"]})), None),
            (claim("1Gi", json!({"volumeMode": "Block"})), None),
            (claim("1Gi", json!({"selector": {"matchLabels": {"tier": "slow"}}})), None),
        ] {
            assert_eq!(choose(&claim, &candidates()), chosen, "{claim}");
        }
    }

    #[test]
    fn one_that_is_kept_for_it_comes_first() {
        let claim = json!({"metadata": {"namespace": "a", "name": "c", "uid": "1"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}});
        let kept = volume("kept", "10Gi", "", json!({"namespace": "a", "name": "c"}));
        assert!(is_kept_for(&kept, &claim));
        let before = volume("before", "10Gi", "", json!({"namespace": "a", "name": "c", "uid": "0"}));
        assert!(!is_kept_for(&before, &claim));
    }
}
