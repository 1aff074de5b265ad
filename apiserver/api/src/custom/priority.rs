//! Which version of a group clients should prefer: `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, then others by name.

use std::cmp::Reverse;

/// Sorts the preferred first.
pub fn of(version: &str) -> impl Ord + use<> {
    let parsed = parse(version);
    (parsed.is_none(), Reverse(parsed.unwrap_or_default()), version.to_owned())
}

/// Stability (general above beta above alpha), major, minor.
fn parse(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let number = |text: &str| (!text.is_empty() && !text.starts_with('0')).then(|| text.parse::<u64>().ok()).flatten();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, rest) = rest.split_at(end);
    let major = number(major)?;
    if rest.is_empty() {
        return Some((2, major, 0));
    }
    match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
        (Some(minor), _) => Some((1, major, number(minor)?)),
        (_, Some(minor)) => Some((0, major, number(minor)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_upstream_documents_it() {
        let expected = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
        let mut sorted = expected;
        sorted.reverse();
        sorted.sort_by_key(|version| super::of(version));
        assert_eq!(sorted, expected);
    }
}
