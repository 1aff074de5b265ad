//! Where a call goes: what `clientConfig` says.

use std::time::Duration;

use serde_json::Value;

/// A place to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A Service is `https://name.namespace.svc:port/path`.
    pub(crate) url: String,
    /// Base64 of PEM: who may sign its certificate. Empty: whom the machine trusts.
    pub(crate) authorities: String,
}

impl Target {
    pub(crate) fn of(config: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let authorities = text(&config["caBundle"]);
        let service = &config["service"];
        if service.is_object() {
            let (name, namespace) = (text(&service["name"]), text(&service["namespace"]));
            let (port, path) = (service["port"].as_i64().unwrap_or(443), text(&service["path"]));
            let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
            return Ok(Self { url: format!("https://{name}.{namespace}.svc:{port}{slash}{path}"), authorities });
        }
        match config["url"].as_str() {
            Some(url) if !url.is_empty() => Ok(Self { url: url.to_owned(), authorities }),
            _ => Err("webhook configuration must have either service or URL".to_owned()),
        }
    }

    /// The URL as errors show it: the timeout travels along.
    pub(super) fn asked(&self, timeout: Duration) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}timeout={}s", self.url, timeout.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn services_and_urls() {
        let cases = [
            (json!({ "service": { "name": "w", "namespace": "n" } }), "https://w.n.svc:443?timeout=5s"),
            (
                json!({ "service": { "name": "w", "namespace": "n", "port": 8443, "path": "/m" } }),
                "https://w.n.svc:8443/m?timeout=5s",
            ),
            (json!({ "url": "https://a.b/c?d=e" }), "https://a.b/c?d=e&timeout=5s"),
        ];
        for (config, asked) in cases {
            assert_eq!(Target::of(&config).unwrap().asked(Duration::from_secs(5)), asked);
        }
        assert!(Target::of(&json!({})).is_err());
    }
}
