//! References as containerd reads them: `hello` is `docker.io/library/hello:latest`.

use std::fmt;

const DOMAIN: &str = "docker.io";
const OFFICIAL: &str = "library";
const TAG: &str = "latest";

/// A normalised reference: domain, path, and a tag or a digest or both.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    pub domain: String,
    pub path: String,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("invalid reference format")]
    Format,
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    #[error("repository name must not be longer than 255 characters")]
    TooLong,
}

impl Reference {
    /// # Errors
    /// When `text` is no reference: the words are containerd's, users search for them.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (text, digest) = match text.split_once('@') {
            Some((name, digest)) if is_digest(digest) => (name, Some(digest.to_owned())),
            Some(_) => return Err(Invalid::Format),
            None => (text, None),
        };
        // a colon after the last slash begins a tag, one before it a port
        let last = text.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match text[last..].find(':') {
            Some(colon) => (&text[..last + colon], Some(&text[last + colon + 1..])),
            None => (text, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(Invalid::Format);
        }
        let (domain, path) = split_domain(name);
        if path.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(Invalid::Uppercase(path));
        }
        if !path.split('/').all(is_component) || !is_domain(&domain) {
            return Err(Invalid::Format);
        }
        if domain.len() + 1 + path.len() > 255 {
            return Err(Invalid::TooLong);
        }
        let tag = match (tag, &digest) {
            (Some(tag), _) => Some(tag.to_owned()),
            (None, None) => Some(TAG.to_owned()),
            (None, Some(_)) => None,
        };
        Ok(Self { domain, path, tag, digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn split_domain(name: &str) -> (String, String) {
    let (domain, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => (DOMAIN, name),
    };
    let domain = if domain == "index.docker.io" { DOMAIN } else { domain };
    let path = if domain == DOMAIN && !path.contains('/') { format!("{OFFICIAL}/{path}") } else { path.to_owned() };
    (domain.to_owned(), path)
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = domain.split_once(':').unwrap_or((domain, "0"));
    let label = |l: &str| {
        !l.is_empty()
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    host.split('.').all(label) && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

/// Lower-case words, joined by a dot, one or two underscores, or dashes.
fn is_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends = matches!((bytes.first(), bytes.last()), (Some(a), Some(z)) if word(*a) && word(*z));
    let joined = component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'));
    ends && joined
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = tag.as_bytes();
    bytes.len() <= 128
        && bytes.first().is_some_and(|b| word(*b))
        && bytes.iter().all(|b| word(*b) || matches!(b, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-' | b'_'))
            && hex.len() >= 32
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_names_are_completed() {
        let hex = "a".repeat(64);
        for (short, full) in [
            ("hello", "docker.io/library/hello:latest".to_owned()),
            ("example/example:v1.0-SNAPSHOT", "docker.io/example/example:v1.0-SNAPSHOT".to_owned()),
            ("localhost/app", "localhost/app:latest".to_owned()),
            ("localhost:5000/a/b:1", "localhost:5000/a/b:1".to_owned()),
            ("ghcr.io/x/y", "ghcr.io/x/y:latest".to_owned()),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest".to_owned()),
            (&format!("x@sha256:{hex}"), format!("docker.io/library/x@sha256:{hex}")),
            ("my__app/a-b.c", "docker.io/my__app/a-b.c:latest".to_owned()),
        ] {
            assert_eq!(Reference::parse(short).map(|r| r.to_string()), Ok(full), "{short}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in ["", "a b", "x:", "-x", "a//b", "x@sha256:12", "a..b", "x:tag:tag", "http://x/y", "a___b"] {
            assert_eq!(Reference::parse(bad), Err(Invalid::Format), "{bad:?}");
        }
        assert_eq!(
            Reference::parse("Foo").map_err(|e| e.to_string()),
            Err("invalid reference format: repository name (library/Foo) must be lowercase".into())
        );
    }

    proptest! {
        #[test]
        fn a_normalised_name_stays_as_it_is(text in "[a-z0-9./:_-]{1,24}") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
            }
        }
    }
}
