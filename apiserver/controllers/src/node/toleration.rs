//! How long a pod tolerates its node's NoExecute taints; pure.

use std::time::Duration;

use k8s_openapi::{
    api::core::v1::{Taint, Toleration},
    jiff::Timestamp,
};

/// When the pod must go: `None` if it may stay for good. A taint without a time counts from `now`.
pub(super) fn deadline(taints: &[Taint], tolerations: &[Toleration], now: Timestamp) -> Option<Timestamp> {
    let until = |taint: &Taint| {
        let added = taint.time_added.as_ref().map_or(now, |time| time.0);
        match tolerations.iter().find(|toleration| tolerates(toleration, taint)) {
            None => Some(now),
            Some(toleration) => {
                let seconds = u64::try_from(toleration.toleration_seconds?).unwrap_or(0);
                Some(added.saturating_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX))
            }
        }
    };
    taints.iter().filter(|taint| taint.effect == "NoExecute").filter_map(until).min()
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let same = |own: &Option<String>, taint: &str| own.as_deref().is_none_or(|own| own.is_empty() || own == taint);
    if !same(&toleration.effect, &taint.effect) || !same(&toleration.key, &taint.key) {
        return false;
    }
    match toleration.operator.as_deref() {
        Some("Exists") => true,
        _ => toleration.value.as_deref().unwrap_or("") == taint.value.as_deref().unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn taint(key: &str) -> Taint {
        Taint { key: key.into(), effect: "NoExecute".into(), time_added: Some(Time(at(100))), value: None }
    }

    fn tolerated(key: &str, seconds: Option<i64>) -> Toleration {
        Toleration {
            key: Some(key.into()),
            operator: Some("Exists".into()),
            effect: Some("NoExecute".into()),
            toleration_seconds: seconds,
            value: None,
        }
    }

    #[test]
    fn the_shortest_toleration_counts_from_when_its_taint_was_added() {
        let taints = [taint("a"), taint("b")];
        let both = [tolerated("a", Some(300)), tolerated("b", Some(20))];
        assert_eq!(deadline(&taints, &both, at(110)), Some(at(120)));
        assert_eq!(deadline(&taints, &[tolerated("a", None), tolerated("b", None)], at(110)), None);
        assert_eq!(deadline(&taints, &[tolerated("a", None)], at(110)), Some(at(110)));
    }

    #[test]
    fn only_no_execute_evicts_and_values_must_be_equal() {
        let schedule = Taint { effect: "NoSchedule".into(), ..taint("a") };
        assert_eq!(deadline(&[schedule], &[], at(110)), None);
        let valued = Taint { value: Some("x".into()), ..taint("a") };
        let equal = |value: &str| Toleration { operator: None, value: Some(value.into()), ..tolerated("a", None) };
        assert_eq!(deadline(std::slice::from_ref(&valued), &[equal("x")], at(110)), None);
        assert_eq!(deadline(&[valued], &[equal("y")], at(110)), Some(at(110)));
    }
}
