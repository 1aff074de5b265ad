//! When to probe, and what so many results in a row mean.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Probe};
use tokio::time::Instant;

use super::probe::{self, Outcome, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Startup,
    Liveness,
    Readiness,
}

/// The prober of one container and kind; its owner asks for the next result, again and again.
pub(crate) struct Prober {
    pub(crate) kind: Kind,
    probe: Probe,
    target: Target,
    due: Instant,
    tally: Tally,
}

/// Results in a row.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    good: bool,
    run: i32,
}

/// What a probe said, and what to make of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) outcome: Outcome,
    /// The threshold was reached: healthy or not.
    pub(crate) verdict: Option<bool>,
}

impl Kind {
    /// As events name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }

    pub(crate) fn of(self, container: &Container) -> Option<&Probe> {
        match self {
            Self::Startup => container.startup_probe.as_ref(),
            Self::Liveness => container.liveness_probe.as_ref(),
            Self::Readiness => container.readiness_probe.as_ref(),
        }
    }
}

impl Prober {
    /// `None` if the container has no such probe. The first look is `initialDelaySeconds` after `started`; at once if that is 0.
    pub(crate) fn new(kind: Kind, container: &Container, target: &Target, started: Instant) -> Option<Self> {
        let probe = probe::resolved(container, kind.of(container)?);
        let due = started + Duration::from_secs(at_least(probe.initial_delay_seconds, 0));
        Some(Self { kind, probe, target: target.clone(), due, tally: Tally::default() })
    }

    /// Waits until it is time, looks, and counts.
    pub(crate) async fn next(mut self) -> (Self, Report) {
        tokio::time::sleep_until(self.due).await;
        // boxed: a prober sleeps nearly always, and there are thousands
        let outcome = Box::pin(probe::probe(&self.target, &self.probe)).await;
        let period = at_least(self.probe.period_seconds.or(Some(10)), 1);
        // from when it was due: a slow answer does not shift the rhythm, a very slow one skips a beat
        self.due = (self.due + Duration::from_secs(period)).max(Instant::now());
        let verdict = self.tally.count(&outcome, &self.probe);
        (self, Report { outcome, verdict })
    }
}

impl Tally {
    fn count(&mut self, outcome: &Outcome, spec: &Probe) -> Option<bool> {
        let good = match outcome {
            Outcome::Success | Outcome::Warning(_) => true,
            Outcome::Failure(_) => false,
            Outcome::Error(_) => return None,
        };
        if self.run == 0 || self.good != good {
            *self = Self { good, run: 0 };
        }
        self.run = self.run.saturating_add(1);
        let threshold = if good { spec.success_threshold.unwrap_or(1) } else { spec.failure_threshold.unwrap_or(3) };
        (self.run >= threshold).then_some(good)
    }
}

fn at_least(seconds: Option<i32>, least: u64) -> u64 {
    seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_results_in_a_row_count() {
        let spec = Probe { success_threshold: Some(2), failure_threshold: Some(3), ..Probe::default() };
        let (good, bad) = (Outcome::Success, Outcome::Failure(String::new()));
        let broken = Outcome::Error(String::new());
        let mut tally = Tally::default();
        let mut verdicts = Vec::new();
        for outcome in [&good, &good, &bad, &bad, &good, &bad, &broken, &bad, &bad, &good] {
            verdicts.push(tally.count(outcome, &spec));
        }
        let yes = Some(true);
        assert_eq!(verdicts, [None, yes, None, None, None, None, None, None, Some(false), None]);
    }
}
