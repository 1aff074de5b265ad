//! How much CPU time a guest may use in each period: CFS bandwidth control, for Wasm.
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// The period of CPU limits, as the kernel's.
const PERIOD: Duration = Duration::from_millis(100);

/// Shared by all instances of a guest. What was used beyond the quota is owed to the next periods, so that slices that end late do not add up.
pub(crate) struct Quota {
    per_period: Duration,
    state: Mutex<Used>,
}

struct Used {
    since: Instant,
    used: Duration,
}

impl Quota {
    /// `milli`: thousandths of a CPU.
    pub(crate) fn new(milli: u64) -> Quota {
        // less than a slice would be no limit but a stop
        let per_period = (PERIOD / 1000 * u32::try_from(milli).unwrap_or(u32::MAX)).max(Duration::from_millis(1));
        Quota { per_period, state: Mutex::new(Used { since: Instant::now(), used: Duration::ZERO }) }
    }

    pub(crate) fn charge(&self, ran: Duration, now: Instant) {
        let mut state = self.state.lock();
        state.pay(self.per_period, now);
        state.used += ran;
    }

    /// When it may run on; `None`: now.
    pub(crate) fn throttled(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        state.pay(self.per_period, now);
        let owed = state.used.as_nanos() / self.per_period.as_nanos();
        (owed > 0).then(|| state.since + PERIOD * u32::try_from(owed).unwrap_or(u32::MAX))
    }
}

impl Used {
    /// A quota for each period that has gone by.
    fn pay(&mut self, per_period: Duration, now: Instant) {
        let periods = now.saturating_duration_since(self.since).as_nanos() / PERIOD.as_nanos();
        let periods = u32::try_from(periods).unwrap_or(u32::MAX);
        self.since += PERIOD * periods;
        self.used = self.used.saturating_sub(per_period.saturating_mul(periods));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn over_many_periods_the_quota_holds(milli in 20u64..2000, slice in 100u64..3000) {
            let (quota, slice) = (Quota::new(milli), Duration::from_micros(slice));
            let began = Instant::now();
            let (mut now, mut used) = (began, Duration::ZERO);
            while now < began + PERIOD * 50 {
                match quota.throttled(now) {
                    Some(until) => {
                        prop_assert!(until > now);
                        now = until;
                    }
                    None => {
                        now += slice;
                        used += slice;
                        quota.charge(slice, now);
                    }
                }
            }
            // one thread cannot use more than one CPU
            let expected = (now - began).mul_f64((milli as f64 / 1000.0).min(1.0));
            let error = (used.as_secs_f64() - expected.as_secs_f64()).abs() / expected.as_secs_f64();
            prop_assert!(error < 0.05, "{used:?} of {expected:?}");
        }
    }
}
