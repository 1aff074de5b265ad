//! Back-off as upstream's: the first failure is retried at once, then after 10 s, doubling to 300 s.

use jiff::{SignedDuration, Timestamp};

const FIRST: SignedDuration = SignedDuration::from_secs(10);
const LONGEST: SignedDuration = SignedDuration::from_secs(300);
/// After this long without a retry everything is forgiven.
const FORGET: SignedDuration = SignedDuration::from_secs(600);

/// How often something was tried in a row. Times come from outside, so tests need no clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Backoff {
    last: Option<(Timestamp, SignedDuration)>,
}

impl Backoff {
    /// When what failed at `failed` may be tried again; `None`: at once.
    pub(crate) fn until(&self, failed: Timestamp) -> Option<Timestamp> {
        let (tried, delay) = self.last?;
        (failed.duration_since(tried) <= FORGET).then(|| failed + delay)
    }

    /// When what was tried last may be tried again, if that is still to come at `now`.
    pub(crate) fn waiting(&self, now: Timestamp) -> Option<Timestamp> {
        let (tried, delay) = self.last?;
        Some(tried + delay).filter(|until| *until > now)
    }

    /// The delay now in force; what messages show.
    pub(crate) fn delay(&self) -> SignedDuration {
        self.last.map_or(SignedDuration::ZERO, |(_, delay)| delay)
    }

    /// Records a retry at `now`.
    pub(crate) fn tried(&mut self, now: Timestamp) {
        let delay = match self.last {
            Some((before, delay)) if now.duration_since(before) <= FORGET => (delay * 2).min(LONGEST),
            _ => FIRST,
        };
        self.last = Some((now, delay));
    }
}

/// A duration as Go prints it: `10s`, `1m20s`, `5m0s`.
pub(crate) fn go_seconds(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn delays_double_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.until(at(0)), None);
        let mut now = 0;
        for expected in [10, 20, 40, 80, 160, 300, 300] {
            backoff.tried(at(now));
            assert_eq!(backoff.until(at(now + 1)), Some(at(now + 1 + expected)));
            now += 1 + expected;
        }
    }

    #[test]
    fn ten_good_minutes_are_a_new_beginning() {
        let mut backoff = Backoff::default();
        backoff.tried(at(0));
        backoff.tried(at(20));
        assert_eq!(backoff.until(at(20 + 601)), None);
        backoff.tried(at(20 + 601));
        assert_eq!(backoff.delay(), FIRST);
    }

    #[test]
    fn durations_read_as_gos() {
        let text = [10, 80, 300].map(|s| go_seconds(SignedDuration::from_secs(s)));
        assert_eq!(text, ["10s", "1m20s", "5m0s"]);
    }
}
