//! Selectors: examples as in upstream's selector_test.go files, and laws.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{kinds, object::Meta};

fn labels(pairs: &[(&str, &str)]) -> crate::object::Labels {
    let mut labels: Vec<(Box<str>, Box<str>)> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    labels.sort();
    labels.into()
}

/// staging/src/k8s.io/apimachinery/pkg/labels/selector_test.go
#[test]
fn label_selectors_match() {
    type Case = (&'static str, &'static [(&'static str, &'static str)], bool);
    let cases: &[Case] = &[
        ("", &[("x", "y")], true),
        ("x=y", &[("x", "y")], true),
        ("x=y,z=w", &[("x", "y"), ("z", "w")], true),
        ("x!=y,z!=w", &[("x", "z"), ("z", "a")], true),
        ("notin=in", &[("notin", "in")], true),
        ("x", &[("x", "z")], true),
        ("!x", &[("y", "z")], true),
        ("!x", &[("x", "z")], false),
        ("x>1", &[("x", "2")], true),
        ("x<1", &[("x", "0")], true),
        ("x>1", &[("x", "0")], false),
        ("x=z", &[], false),
        ("x!=y", &[], true),
        ("x in (a, b)", &[("x", "b")], true),
        ("x notin (a,b)", &[("x", "b")], false),
        ("x notin (a,b)", &[], true),
        ("x in ()", &[("x", "")], true),
        ("x in (,a)", &[("x", "")], true),
        ("x=", &[("x", "")], true),
        ("a.io/x==y", &[("a.io/x", "y")], true),
    ];
    for (text, set, expected) in cases {
        let selector = LabelSelector::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(selector.matches(&labels(set)), *expected, "{text} on {set:?}");
        assert_eq!(selector.matches_pairs(set.iter().copied()), *expected, "{text} on {set:?}");
    }
}

/// staging/src/k8s.io/apimachinery/pkg/labels/selector.go
#[test]
fn bad_label_selectors() {
    for (text, complaint) in [
        ("x=a||y=b", "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": a valid label must be"),
        ("x,,y", "found ',', expected: identifier after ','"),
        ("x y", "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"),
        ("x in a", "unable to parse requirement: found 'a' expected: '('"),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("-a=b", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("x=(", "unable to parse requirement: found '(', expected: identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
    ] {
        let error = LabelSelector::parse(text).expect_err(text);
        assert!(error.starts_with(complaint), "{text}: {error}");
    }
}

#[test]
fn label_selectors_of_objects() {
    let selector = json!({"matchLabels": {"b": "c"}, "matchExpressions": [
        {"key": "a", "operator": "In", "values": ["y", "x"]}, {"key": "d", "operator": "DoesNotExist"},
    ]});
    let selector = LabelSelector::of(&selector);
    assert_eq!(selector.to_string(), "a in (x,y),b=c,!d");
    assert!(selector.matches_json(&json!({"a": "x", "b": "c"})));
    assert!(!selector.matches_json(&json!({"a": "x", "b": "c", "d": ""})));
    assert!(LabelSelector::of(&json!({})).is_everything());
    assert!(!LabelSelector::of(&json!(null)).matches(&labels(&[])));
    assert!(LabelSelector::of_map(&json!({"a": "b"})).matches(&labels(&[("a", "b"), ("c", "d")])));
}

#[test]
fn field_selectors() {
    let pod =
        json!({"metadata": {"name": "a", "namespace": "b"}, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}});
    let meta = Meta::of(&kinds::POD, &pod);
    for (text, expected) in [
        ("", true),
        ("metadata.name=a", true),
        ("metadata.name=a,metadata.namespace==b,spec.nodeName=n", true),
        ("status.phase!=Failed,status.phase!=Succeeded", true),
        ("status.phase=Pending", false),
        ("spec.nodeName=", false),
        ("spec.hostNetwork=false", true),
    ] {
        let selector = FieldSelector::parse(text).expect(text);
        assert_eq!(selector.check(&kinds::POD), Ok(()));
        assert_eq!(selector.matches(&kinds::POD, &meta), expected, "{text}");
    }
}

/// staging/src/k8s.io/apimachinery/pkg/fields/selector.go, pkg/apis/core/v1/conversion.go
#[test]
fn bad_field_selectors() {
    assert_eq!(FieldSelector::parse("a").unwrap_err(), "invalid selector: 'a'; can't understand 'a'");
    assert_eq!(FieldSelector::parse("a=b\\c").unwrap_err(), "invalid escape sequence: \\c");
    let selector = FieldSelector::parse("spec.foo=b").unwrap();
    assert_eq!(selector.check(&kinds::POD).unwrap_err(), "field label not supported: spec.foo");
    assert_eq!(
        selector.check(&kinds::CONFIG_MAP).unwrap_err(),
        "\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    );
}

#[test]
fn events_answer_to_both_names() {
    let event = json!({"metadata": {"name": "e"}, "involvedObject": {"name": "p"}});
    let selector = FieldSelector::parse("regarding.name=p").unwrap().in_hub(&kinds::EVENT.versions[1]);
    assert_eq!(selector.check(&kinds::EVENT), Ok(()));
    assert!(selector.matches(&kinds::EVENT, &Meta::of(&kinds::EVENT, &event)));
    assert_eq!(selector.requires("involvedObject.name"), Some("p"));
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(
        terms in proptest::collection::vec("[a-z]{1,4}(|=[a-z]{0,3}|!=[a-z]{1,3}| in \\([a-z]{1,2}(,[a-z]{1,2}){0,2}\\))|![a-z]{1,3}", 0..4)
    ) {
        let selector = LabelSelector::parse(&terms.join(",")).unwrap();
        prop_assert_eq!(LabelSelector::parse(&selector.to_string()).unwrap(), selector);
    }

    #[test]
    fn field_values_survive_escaping(value in "[a-z,=\\\\]{0,8}") {
        let escaped = value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
        let selector = FieldSelector::parse(&format!("a.b={escaped},c!=d")).unwrap();
        prop_assert_eq!(selector.requires("a.b"), Some(value.as_str()));
        prop_assert_eq!(FieldSelector::parse(&selector.to_string()).unwrap(), selector);
    }

    #[test]
    fn never_panic(text in "\\PC{0,24}") {
        let _ = (LabelSelector::parse(&text), FieldSelector::parse(&text));
    }
}
