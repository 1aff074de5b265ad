//! ResourceQuota: a namespace holds no more than it may, however many write at once.

/// What every quota's namespace holds, kept up with the store.
mod ledger;

use api::{Status, kinds};
use serde_json::Value;

use super::{Attributes, Operation, Plugin, Validate};
pub(crate) use ledger::{Ledger, Reservation};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "ResourceQuota",
    concerns: |attributes| attributes.row.kind.namespaced && counts(attributes) && ledger::any(&attributes.app.store),
    validate: Validate::Now(validate),
    ..Plugin::NOTHING
};

/// Creation counts always; a change only where it can use more: resized pods, services of another type, claims that grow.
fn counts(attributes: &Attributes<'_>) -> bool {
    let kind = attributes.row.kind;
    let is = |other| std::ptr::eq(kind, other);
    match (attributes.operation, attributes.call.info.subresource.as_str()) {
        (Operation::Create, "") => true,
        (Operation::Update, "") => is(&kinds::SERVICE) || is(&kinds::PERSISTENT_VOLUME_CLAIM),
        (Operation::Update, "resize") => is(&kinds::POD),
        _ => false,
    }
}

fn validate(attributes: &Attributes<'_>, value: &Value) -> Result<(), Status> {
    let (kind, store) = (attributes.row.kind, &attributes.app.store);
    let reserved = Ledger::reserve(&attributes.app.admission.ledger, store, kind, value, attributes.old);
    match reserved {
        Ok(None) => Ok(()),
        Ok(Some(reservation)) => {
            // Until the write is done, or is not.
            attributes.reservations.lock().push(reservation);
            Ok(())
        }
        Err(why) => Err(attributes.forbidden(value, &why)),
    }
}
