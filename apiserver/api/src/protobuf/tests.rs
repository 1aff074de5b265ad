//! JSON to protobuf and back is the identity.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{duration, wire::Writer};
use crate::{
    fields,
    schema::{self, Type, sample},
};

fn pod() -> &'static Type {
    schema::find("io.k8s.api.core.v1.Pod").unwrap()
}

/// Written by hand from the published numbers, not by the code under test.
#[test]
fn a_pod_is_the_bytes_that_others_write() {
    let value = json!({
        "metadata": {"name": "web", "labels": {"app": "w"}, "creationTimestamp": "2024-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}], "volumes": [{"name": "v", "emptyDir": {}}]},
    });
    let metadata = b"\x0a\x03web\x42\x08\x08\x80\x81\xc8\xac\x06\x10\x00\x5a\x08\x0a\x03app\x12\x01w";
    let spec = b"\x0a\x07\x0a\x01v\x12\x02\x12\x00\x12\x07\x0a\x01c\x32\x02\x18\x50";
    let mut expected = vec![0x0a, metadata.len() as u8];
    expected.extend_from_slice(metadata);
    expected.extend_from_slice(&[0x12, spec.len() as u8]);
    expected.extend_from_slice(spec);
    assert_eq!(super::encode(pod(), &value), expected);
    assert_eq!(super::decode(pod(), &expected).unwrap(), value);
}

/// Go writes every scalar that is no pointer, zeros too; its JSON shows only pointers to zero.
#[test]
fn zeros_are_shown_where_they_mean_something() {
    let mut spec = Writer::default();
    spec.string(3, ""); // restartPolicy
    spec.varint(4, 0); // terminationGracePeriodSeconds, a pointer
    spec.varint(11, 0); // hostNetwork
    let mut pod = Writer::default();
    pod.bytes(2, &spec.into_bytes());
    let value = super::decode(self::pod(), &pod.into_bytes()).unwrap();
    assert_eq!(value, json!({"spec": {"terminationGracePeriodSeconds": 0}}));
}

#[test]
fn the_envelope_says_what_is_inside() {
    let bytes = super::wrap("apps/v1", "Deployment", b"raw");
    assert_eq!(bytes, b"k8s\0\x0a\x15\x0a\x07apps/v1\x12\x0aDeployment\x12\x03raw\x1a\x00\x22\x00");
    assert_eq!(super::unwrap(&bytes).unwrap(), ("apps/v1".into(), "Deployment".into(), b"raw".as_slice()));
    assert!(super::unwrap(b"{}").is_err());
    let list = json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]});
    assert_eq!(super::decode_object(&super::encode_object(&list).unwrap()).unwrap(), list);
    assert!(super::encode_object(&json!({"apiVersion": "example.org/v1", "kind": "Thing"})).is_none());
}

#[test]
fn broken_messages_are_refused() {
    for bytes in [b"\x0a".as_slice(), b"\x0a\x05abc", b"\x0b", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x08\x01"]
    {
        assert!(super::decode(pod(), bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn durations_are_gos() {
    for (text, nanos) in
        [("1h2m3.5s", 3_723_500_000_000), ("300ms", 300_000_000), ("1.5µs", 1_500), ("-1m0s", -60_000_000_000), ("0s", 0)]
    {
        assert_eq!(duration::parse(text), Some(nanos));
        assert_eq!(duration::format(nanos), text);
    }
    for wrong in ["", "1", "s", "1x", ".s", "1.2.3s"] {
        assert_eq!(duration::parse(wrong), None, "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// For every type there is: what conforms survives the way there and back.
    #[test]
    fn json_to_protobuf_to_json_is_the_identity(seed: u64) {
        for ty in schema::all().iter().filter(|ty| ty.shape == schema::Shape::Object) {
            let value = sample::value(ty, 3, &mut sample::Choices::new(seed));
            let decoded = super::decode(ty, &super::encode(ty, &value)).map_err(TestCaseError::fail)?;
            prop_assert!(decoded == value, "{ty:?}");
        }
    }

    /// The samples are what the field checks call canonical, so both speak of the same values.
    #[test]
    fn samples_conform(seed: u64) {
        for ty in schema::all().iter().filter(|ty| ty.shape == schema::Shape::Object) {
            let value = sample::value(ty, 2, &mut sample::Choices::new(seed));
            let mut conformed = value.clone();
            prop_assert_eq!(fields::conform(ty, &mut conformed), Ok(Vec::new()), "{:?}", ty);
            prop_assert!(conformed == value, "{ty:?}");
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        // the law is that it returns
        let _: Result<Value, String> = super::decode(pod(), &bytes);
    }
}
