//! When an event is new, a repeat, one of many, or too much.

use k8s_openapi::api::core::v1::ObjectReference;

use super::*;

fn note(reason: &str, message: &str, second: i64) -> Note {
    let about = ObjectReference { uid: Some("u".to_owned()), ..ObjectReference::default() };
    let at = Timestamp::from_second(1_000_000 + second).unwrap();
    Note { about, kind: EventType::Normal, reason: reason.to_owned(), message: message.to_owned(), at }
}

fn tell(told: &mut Correlator, note: &Note, name: &str) -> Verdict {
    let verdict = told.judge(note);
    if let Verdict::Create { message } = &verdict {
        told.created(note, message, name);
    }
    verdict
}

#[test]
fn repeats_are_counted_on_the_first_event() {
    let mut told = Correlator::default();
    tell(&mut told, &note("Pulled", "image", 0), "web.1");
    let again = tell(&mut told, &note("Pulled", "image", 1), "web.2");
    assert_eq!(again, Verdict::Count { name: "web.1".into(), count: 2, message: "image".into() });
    let other = tell(&mut told, &note("Pulled", "other", 1), "web.3");
    assert_eq!(other, Verdict::Create { message: "other".into() });
}

#[test]
fn many_messages_of_one_reason_become_one_event() {
    let mut told = Correlator::default();
    for n in 0..10 {
        let verdict = tell(&mut told, &note("Unhealthy", &format!("try {n}"), n), &n.to_string());
        assert_eq!(verdict, Verdict::Create { message: format!("try {n}") });
    }
    let combined = "(combined from similar events): try 10".to_owned();
    assert_eq!(tell(&mut told, &note("Unhealthy", "try 10", 10), "c"), Verdict::Create { message: combined });
    let message = "(combined from similar events): try 11".to_owned();
    let again = tell(&mut told, &note("Unhealthy", "try 11", 11), "d");
    assert_eq!(again, Verdict::Count { name: "c".into(), count: 2, message });
}

#[test]
fn a_flood_is_cut_and_recovers() {
    let mut told = Correlator::default();
    let verdicts: Vec<_> = (0..40).map(|_| tell(&mut told, &note("BackOff", "again", 0), "b")).collect();
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Drop).count(), 15);
    let later = tell(&mut told, &note("BackOff", "again", 301), "b");
    assert!(matches!(later, Verdict::Count { count: 41, .. }), "what was cut still counts");
}
