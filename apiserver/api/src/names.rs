//! What names of all sorts must look like, and upstream's words for those that do not. Each check gives every complaint.

/// Complaints about a name that must be a DNS subdomain (RFC 1123); empty if it is one.
pub fn dns_subdomain(name: &str) -> Vec<String> {
    check(
        name,
        253,
        name.split('.').all(is_label),
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    )
}

/// Complaints about a name that need only fit into a path (roles have such names).
pub fn path_segment(name: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if name == "." || name == ".." {
        complaints.push(format!("may not be '{name}'"));
    }
    complaints.extend(["/", "%"].iter().filter(|bad| name.contains(*bad)).map(|bad| format!("may not contain '{bad}'")));
    complaints
}

/// Complaints about a name that must be a DNS label (RFC 1123); empty if it is one.
pub fn dns_label(name: &str) -> Vec<String> {
    if !is_label(name) && name.split('.').all(is_label) {
        return check(name, 63, false, "must not contain dots");
    }
    check(
        name,
        63,
        is_label(name),
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    )
}

/// Complaints about a name that must be a DNS label of RFC 1035 (first a letter); empty if it is one.
pub fn dns_label_1035(name: &str) -> Vec<String> {
    let good = is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase());
    check(
        name,
        63,
        good,
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    )
}

/// Complaints about a key of a label or annotation: a name, perhaps behind a DNS subdomain and a slash.
pub fn qualified(key: &str) -> Vec<String> {
    let (prefix, name) = match key.split('/').collect::<Vec<_>>()[..] {
        [name] => (None, name),
        [prefix, name] => (Some(prefix), name),
        _ => {
            return vec![format!(
                "a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    let mut errors = Vec::new();
    match prefix {
        None => {}
        Some("") => errors.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => errors.extend(dns_subdomain(prefix).into_iter().map(|e| format!("prefix part {e}"))),
    }
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        errors.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_qualified(name) {
        errors.push(format!("name part {QUALIFIED}"));
    }
    errors
}

/// Complaints about the value of a label.
pub fn label_value(value: &str) -> Vec<String> {
    check(
        value,
        63,
        value.is_empty() || is_qualified(value),
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    )
}

/// Complaints about a key of a ConfigMap or Secret, which may become the name of a file.
pub fn config_key(key: &str) -> Vec<String> {
    let good = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let mut errors = check(
        key,
        253,
        good,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
    match key {
        "." => errors.push("must not be '.'".to_owned()),
        ".." => errors.push("must not be '..'".to_owned()),
        _ if key.starts_with("..") => errors.push("must not start with '..'".to_owned()),
        _ => {}
    }
    errors
}

/// Complaints about the name of an environment variable: anything printable but `=`.
pub fn environment(name: &str) -> Vec<String> {
    if name.is_empty() {
        return vec!["environment variable name must be non-empty".to_owned()];
    }
    check(
        name,
        usize::MAX,
        name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'='),
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
    )
}

/// Complaints about the name of a port (IANA_SVC_NAME).
pub fn port(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > 15 {
        errors.push("must be no more than 15 bytes".to_owned());
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        errors.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        errors.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        errors.push("must not begin or end with a hyphen".to_owned());
    }
    errors
}

/// Complaints about a port's number.
pub fn port_number(port: i64) -> Vec<String> {
    if (1..=65_535).contains(&port) { Vec::new() } else { vec!["must be between 1 and 65535, inclusive".to_owned()] }
}

/// Complaints about an IP address.
pub fn ip(address: &str) -> Vec<String> {
    match address.parse::<std::net::IpAddr>() {
        Ok(_) => Vec::new(),
        Err(_) => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()],
    }
}

/// A name that something random will be appended to may end with a dash.
pub fn as_prefix(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => name.to_owned(),
    }
}

const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn check(name: &str, longest: usize, good: bool, complaint: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > longest {
        errors.push(format!("must be no more than {longest} bytes"));
    }
    if !good {
        errors.push(complaint.to_owned());
    }
    errors
}

fn is_label(label: &str) -> bool {
    framed(label, |b| b.is_ascii_lowercase() || b.is_ascii_digit(), b"-")
}

fn is_qualified(name: &str) -> bool {
    framed(name, |b| b.is_ascii_alphanumeric(), b"-_.")
}

/// Whether the ends are `outer`, and all between is `outer` or one of `inner`.
fn framed(text: &str, outer: fn(u8) -> bool, inner: &[u8]) -> bool {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => outer(*first) && outer(*last) && bytes.iter().all(|b| outer(*b) || inner.contains(b)),
        _ => false,
    }
}
