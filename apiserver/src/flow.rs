//! How many requests are served at once: whoever comes when too many wait is told to come again later.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{authentication::Caller, request_info::RequestInfo};

/// Upstream's: 400 requests that read and 200 that write.
const SEATS: usize = 600;
/// More than that many may not wait: their bodies and connections are memory too.
const QUEUE: usize = 4 * SEATS;
/// Requests that last as long as their client likes.
const LONG: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];

pub(crate) struct Flow {
    seats: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Flow {
    fn default() -> Self {
        Self { seats: Semaphore::new(SEATS), waiting: AtomicUsize::new(0) }
    }
}

/// There is no room, not even to wait.
#[derive(Debug, PartialEq)]
pub(crate) struct Full;

impl Flow {
    /// Takes a seat, which is free again when the answer is dropped. Administrators and the programs of this process need none,
    /// so that nothing can lock them out, and neither does what lasts.
    /// `inside` says that it is one of these programs.
    pub(crate) async fn enter(
        &self,
        caller: &Caller,
        inside: bool,
        info: &RequestInfo,
    ) -> Result<Option<SemaphorePermit<'_>>, Full> {
        let exempt = inside || caller.identity.groups.iter().any(|group| group == "system:masters");
        if exempt || !info.is_resource() || info.verb == "watch" || LONG.contains(&info.subresource.as_str()) {
            return Ok(None);
        }
        if let Ok(seat) = self.seats.try_acquire() {
            return Ok(Some(seat));
        }
        let place = Place::take(&self.waiting).ok_or(Full)?;
        let seat = self.seats.acquire().await.map_err(|_| Full)?;
        drop(place);
        Ok(Some(seat))
    }
}

/// A place in the queue; also who gives up waiting leaves it.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        // the place is given back by dropping it
        (waiting.fetch_add(1, Ordering::Relaxed) < QUEUE).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::Identity;
    use futures::FutureExt;

    use super::*;

    fn caller(groups: &[&str]) -> Caller {
        Caller { identity: Arc::new(Identity::new("jo", groups)) }
    }

    #[test]
    fn who_finds_no_place_is_sent_away_and_administrators_need_none() {
        let flow = Flow::default();
        let info = RequestInfo { verb: "list", resource: "pods".into(), ..RequestInfo::default() };
        let jo = caller(&[]);
        let seats: Vec<_> = (0..SEATS).map(|_| flow.enter(&jo, false, &info).now_or_never().unwrap().unwrap()).collect();
        let mut waiting: Vec<_> = (0..QUEUE).map(|_| Box::pin(flow.enter(&jo, false, &info))).collect();
        assert!(waiting.iter_mut().all(|wait| wait.now_or_never().is_none()));
        assert_eq!(flow.enter(&jo, false, &info).now_or_never().map(|seat| seat.map(drop)), Some(Err(Full)));
        let watch = RequestInfo { verb: "watch", ..info.clone() };
        assert!(flow.enter(&jo, false, &watch).now_or_never().unwrap().is_ok_and(|seat| seat.is_none()));
        let admin = caller(&["system:masters"]);
        assert!(flow.enter(&admin, false, &info).now_or_never().unwrap().is_ok_and(|seat| seat.is_none()));
        // who gave up makes room, and so does who is served
        waiting.truncate(1);
        drop(seats);
        assert!(waiting[0].as_mut().now_or_never().unwrap().is_ok_and(|seat| seat.is_some()));
        assert!(flow.enter(&jo, false, &info).now_or_never().unwrap().is_ok());
        assert_eq!(flow.waiting.load(Ordering::Relaxed), 0);
    }
}
