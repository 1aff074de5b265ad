//! Deletes requests for certificates that nobody will look at again.

use std::time::Duration;

use api::{Key, kinds};
use client::{Action, Cluster, Controller};
use jiff::{SignedDuration, Timestamp};
use x509_parser::{pem::Pem, prelude::FromDer, prelude::X509Certificate};

use super::RequestView;
use crate::{error::Error, objects};

/// How long after it was decided.
const DECIDED: SignedDuration = SignedDuration::from_hours(1);
/// How long it may wait for a decision.
const PENDING: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn controller() -> Controller {
    Controller::new("csrcleaner", reconcile).watches::<RequestView>()
}

async fn reconcile(cluster: Cluster, key: Key) -> Result<Action, Error> {
    let Some(item) = cluster.informer::<RequestView>().get(&key) else { return Ok(Action::Done) };
    let Some(until) = over_at(&item.view, item.metadata.creation_timestamp) else { return Ok(Action::Done) };
    let left = until.duration_since(Timestamp::now());
    if left.is_positive() {
        return Ok(Action::After(Duration::try_from(left).unwrap_or_default()));
    }
    let uid = objects::only(&item.object.meta.uid);
    match objects::delete(&cluster, &kinds::CERTIFICATE_SIGNING_REQUEST, &key, &uid).await {
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(Action::Done),
        other => other.map(|_| Action::Done),
    }
}

/// When the request has had its time.
fn over_at(request: &RequestView, created: Option<Timestamp>) -> Option<Timestamp> {
    let certificate = request.certificate();
    let ended = certificate.as_deref().and_then(expiry);
    let decided = ["Denied", "Failed", "Approved"].iter().filter_map(|kind| request.condition(kind)?.last_update_time);
    let decided = decided.min().map(|time| time + DECIDED);
    let open = !request.has("Approved") && !request.has("Denied") && !request.has("Failed");
    let pending = created.filter(|_| open).map(|time| time + PENDING);
    // Approved and not yet signed: whoever signs may be slow.
    let decided = decided.filter(|_| certificate.is_some() || request.has("Denied") || request.has("Failed"));
    [ended, decided, pending].into_iter().flatten().min()
}

fn expiry(pem: &str) -> Option<Timestamp> {
    let block = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let (_, certificate) = X509Certificate::from_der(&block.contents).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Condition, StatusPart};
    use super::*;

    #[test]
    fn decided_ones_go_sooner() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let created = at("2026-01-01T00:00:00Z");
        let view = |kind: &str| {
            let condition = Condition { kind: kind.into(), last_update_time: Some(at("2026-01-01T02:00:00Z")) };
            RequestView {
                status: StatusPart { conditions: Some(vec![condition]), certificate: None },
                ..RequestView::default()
            }
        };
        assert_eq!(over_at(&RequestView::default(), Some(created)), Some(at("2026-01-02T00:00:00Z")));
        assert_eq!(over_at(&view("Denied"), Some(created)), Some(at("2026-01-01T03:00:00Z")));
        assert_eq!(over_at(&view("Approved"), Some(created)), None);
    }
}
