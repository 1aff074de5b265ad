//! Bootstrap tokens: Secrets of `kube-system` that let a new machine ask for its certificate.

use api::{Identity, Key, kinds};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;
use store::Store;

const SECRET_TYPE: &str = "bootstrap.kubernetes.io/token";

/// `id.secret`, if `token` looks like one.
fn parts(token: &str) -> Option<(&str, &str)> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    token.split_once('.').filter(|(id, secret)| id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret))
}

/// Whom `token` names, if a Secret says so.
pub(crate) fn verify(store: &Store, token: &str) -> Option<Identity> {
    let (id, secret) = parts(token)?;
    let object = store.get(&kinds::SECRET, &Key::new("kube-system", &format!("bootstrap-token-{id}")))?;
    identity(&object.value(), id, secret, Timestamp::now())
}

fn identity(object: &Value, id: &str, secret: &str, now: Timestamp) -> Option<Identity> {
    let text = |name: &str| {
        let bytes = STANDARD.decode(object["data"][name].as_str().unwrap_or_default()).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    };
    let known = object["type"] == SECRET_TYPE
        && object["metadata"]["deletionTimestamp"].is_null()
        && text("token-id") == id
        && super::same(&text("token-secret"), secret)
        && text("usage-bootstrap-authentication") == "true";
    let expires = text("expiration");
    // What cannot be read is taken for over.
    let over = !expires.is_empty() && expires.parse::<Timestamp>().map_or(true, |expires| expires <= now);
    if !known || over {
        return None;
    }
    let extra = text("auth-extra-groups");
    let extra: Vec<&str> = extra.split(',').filter(|group| !group.is_empty()).collect();
    if extra.iter().any(|group| !group.starts_with("system:bootstrappers:")) {
        return None;
    }
    let groups: Vec<&str> = ["system:bootstrappers"].into_iter().chain(extra).collect();
    Some(Identity::new(&format!("system:bootstrap:{id}"), &groups))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_secret_says() {
        let secret = |change: &[(&str, &str)]| {
            let mut plain = vec![
                ("token-id", "abcdef"),
                ("token-secret", "0123456789abcdef"),
                ("usage-bootstrap-authentication", "true"),
                ("expiration", "2030-01-01T00:00:00Z"),
            ];
            plain.extend(change);
            let mut data = serde_json::Map::new();
            for (name, value) in plain {
                data.insert(name.into(), STANDARD.encode(value).into());
            }
            json!({ "metadata": {}, "type": SECRET_TYPE, "data": data })
        };
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        let ask = |change: &[(&str, &str)]| {
            let found = identity(&secret(change), "abcdef", "0123456789abcdef", now);
            found.map(|identity| format!("{} {}", identity.name, identity.groups.join(",")))
        };
        /// Fields that differ from a good Secret's, and whom the token names then.
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: &[Case<'_>] = &[
            (&[], Some("system:bootstrap:abcdef system:bootstrappers,system:authenticated")),
            (
                &[("auth-extra-groups", "system:bootstrappers:x")],
                Some("system:bootstrap:abcdef system:bootstrappers,system:bootstrappers:x,system:authenticated"),
            ),
            (&[("auth-extra-groups", "system:masters")], None),
            (&[("token-secret", "0123456789abcdee")], None),
            (&[("usage-bootstrap-authentication", "false")], None),
            (&[("expiration", "2025-01-01T00:00:00Z")], None),
            (&[("expiration", "soon")], None),
        ];
        for (change, expected) in cases {
            assert_eq!(ask(change).as_deref(), *expected, "{change:?}");
        }
        assert_eq!(parts("abcdef.0123456789abcde"), None);
    }
}
