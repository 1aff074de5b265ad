//! Quantities: canonical forms as in upstream's quantity_test.go, and laws.

use proptest::prelude::*;

use super::*;

/// Cases of staging/src/k8s.io/apimachinery/pkg/api/resource/quantity_test.go.
#[test]
fn canonical_forms() {
    for (written, canonical) in [
        ("0", "0"),
        ("0.5", "500m"),
        ("500m", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1", "1"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("1024Ki", "1Mi"),
        ("1.5Gi", "1536Mi"),
        ("1.1Ki", "1127"),
        ("0.5Mi", "512Ki"),
        ("128974848", "128974848"),
        ("129e6", "129e6"),
        ("1e3", "1e3"),
        ("1.5e3", "1500"),
        ("129M", "129M"),
        ("123Mi", "123Mi"),
        ("1Ki", "1Ki"),
        ("100Ki", "100Ki"),
        ("0.0001Ki", "102400u"),
        ("0.1n", "1n"),
        ("1.23456789123n", "2n"),
        ("12E", "9223372036854775807"),
        ("9Ei", "9223372036854775807"),
        ("-1", "-1"),
        ("+1", "1"),
        ("1.", "1"),
        (".5", "500m"),
        ("05", "5"),
        ("1E", "1E"),
        ("1E3", "1e3"),
        ("1000000000000000000000000000000000000000000", "9223372036854775807"),
    ] {
        let quantity = Quantity::parse(written).unwrap_or_else(|e| panic!("{written}: {e}"));
        assert_eq!(quantity.to_string(), canonical, "{written}");
    }
}

#[test]
fn what_is_not_a_quantity() {
    for (text, complaint) in [
        ("", WRONG_FORMAT),
        ("abc", WRONG_FORMAT),
        ("1 Gi", WRONG_FORMAT),
        ("1.1.1", WRONG_FORMAT),
        ("1mi", WRONG_SUFFIX),
        ("1MM", WRONG_SUFFIX),
        ("m", WRONG_NUMBER),
        ("-", WRONG_NUMBER),
        ("1Gi2", WRONG_SUFFIX),
        ("١", WRONG_FORMAT),
    ] {
        assert_eq!(Quantity::parse(text).expect_err(text), complaint, "{text}");
    }
}

#[test]
fn numbers_become_text() {
    let mut list = serde_json::json!([1, 0.5, " 2Gi ", "nonsense", true]);
    list.as_array_mut().unwrap().iter_mut().for_each(canonicalize);
    assert_eq!(list, serde_json::json!(["1", "500m", "2Gi", "nonsense", true]));
}

proptest! {
    #[test]
    fn canonical_form_is_a_fixed_point(number in "-?[0-9]{1,12}(\\.[0-9]{0,9})?", suffix in "(n|u|m||k|M|G|Ki|Mi|Gi|e3|e-2)") {
        let quantity = Quantity::parse(&format!("{number}{suffix}")).unwrap();
        let shown = quantity.to_string();
        let again = Quantity::parse(&shown).unwrap();
        prop_assert_eq!(again.to_string(), shown);
        // below a byte's precision binary forms round up, all else is exact
        if !suffix.ends_with('i') {
            prop_assert_eq!(again, quantity);
        }
    }

    #[test]
    fn adding_and_taking_away(a in -1_000_000_000_000_i64..1_000_000_000_000, b in -1_000_000_000_000_i64..1_000_000_000_000) {
        let milli = |n: i64| Quantity::parse(&format!("{n}m")).unwrap();
        prop_assert_eq!((milli(a) + milli(b)).milli(), i128::from(a + b));
        prop_assert_eq!((milli(a) - milli(b)).milli(), i128::from(a - b));
        prop_assert_eq!(milli(a) < milli(b), a < b);
    }

    #[test]
    fn never_panics(text in "\\PC{0,24}") {
        let _ = Quantity::parse(&text).map(|q| q.to_string());
    }
}
