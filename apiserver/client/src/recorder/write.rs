//! Writes Events: a new one by POST, a repeat by PATCH of its count.

use std::sync::Arc;

use k8s_openapi::{
    api::core::v1::{Event, EventSource},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Author, Note,
    correlate::{Correlator, Verdict},
};
use crate::error::{chain, is_not_found};

/// One lane: writes notes in order until it is stopped, then what still waits.
pub(super) async fn run(
    client: kube::Client,
    author: Arc<Author>,
    mut notes: mpsc::Receiver<Note>,
    stop: CancellationToken,
) {
    let mut correlator = Correlator::default();
    loop {
        let note = tokio::select! {
            biased;
            () = stop.cancelled(), if !notes.is_closed() => {
                notes.close();
                continue;
            }
            note = notes.recv() => note,
        };
        let Some(note) = note else { break };
        if let Err(error) = tell(&client, &author, &mut correlator, &note).await {
            tracing::warn!(error = chain(&error), reason = note.reason, "could not write an event");
        }
    }
}

async fn tell(client: &kube::Client, author: &Author, told: &mut Correlator, note: &Note) -> Result<(), kube::Error> {
    let namespace = note.about.namespace.as_deref().unwrap_or("default");
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    let message = match told.judge(note) {
        Verdict::Drop => return Ok(()),
        Verdict::Create { message } => message,
        Verdict::Count { name, count, message } => {
            let patch = json!({ "count": count, "lastTimestamp": Time(note.at), "message": message });
            match events.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
                Err(error) if is_not_found(&error) => {
                    told.forget(note);
                    // judged anew, so that the limits see it as well
                    match told.judge(note) {
                        Verdict::Create { message } => message,
                        Verdict::Count { .. } | Verdict::Drop => return Ok(()),
                    }
                }
                other => return other.map(drop),
            }
        }
    };
    let event = event(author, note, namespace, &message);
    let name = event.metadata.name.clone().unwrap_or_default();
    match events.create(&PostParams::default(), &event).await {
        Ok(_) => told.created(note, &message, &name),
        // its namespace is going, or gone
        Err(error) if is_not_found(&error) || crate::error::code(&error) == Some(403) => {
            tracing::debug!(error = chain(&error), reason = note.reason, "event refused");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn event(author: &Author, note: &Note, namespace: &str, message: &str) -> Event {
    let name = format!("{}.{:x}", note.about.name.as_deref().unwrap_or_default(), note.at.as_nanosecond());
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Event {
        metadata: ObjectMeta { name: Some(name), namespace: Some(namespace.to_owned()), ..ObjectMeta::default() },
        involved_object: note.about.clone(),
        reason: Some(note.reason.clone()),
        message: text(message),
        type_: Some(note.kind.as_str().to_owned()),
        source: Some(EventSource { component: text(&author.component), host: text(&author.host) }),
        first_timestamp: Some(Time(note.at)),
        last_timestamp: Some(Time(note.at)),
        count: Some(1),
        reporting_component: text(&author.component),
        reporting_instance: text(&author.host),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::api::core::v1::ObjectReference;

    use super::*;
    use crate::EventType;

    #[test]
    fn an_event_is_named_like_upstreams() {
        let author = Author { component: "default-scheduler".to_owned(), host: String::new() };
        let about = ObjectReference { name: Some("web-1".to_owned()), ..ObjectReference::default() };
        let at = Timestamp::from_nanosecond(0x17f0_0000_0000_0001).unwrap();
        let note = Note { about, kind: EventType::Normal, reason: "Scheduled".into(), message: "m".into(), at };
        let event = event(&author, &note, "default", "m");
        assert_eq!(event.metadata.name.as_deref(), Some("web-1.17f0000000000001"));
        assert_eq!(event.reporting_component.as_deref(), Some("default-scheduler"));
        assert_eq!(event.source.unwrap().host, None);
        assert_eq!(event.count, Some(1));
    }
}
