//! Strings that say they are of some format. Formats that nobody here knows hold for everything, as upstream has it.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine, engine::general_purpose::STANDARD};

pub(super) fn holds(format: &str, text: &str) -> bool {
    match format {
        "date-time" => is_time(text),
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "duration" => is_duration(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_network(text),
        "mac" => is_hardware_address(text),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => is_uuid(format, text),
        "byte" => STANDARD.decode(text).is_ok(),
        "hostname" => is_hostname(text),
        "email" => text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && is_hostname(host)),
        "uri" => text.starts_with('/') || text.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()),
        _ => true,
    }
}

fn is_time(text: &str) -> bool {
    // RFC 3339 wants seconds and a zone, and no name of one.
    text.len() >= 20 && text.is_ascii() && !text.contains('[') && text.parse::<jiff::Timestamp>().is_ok()
}

/// As Go writes one (`1h30m`), or a number and a unit in words (`3 days`).
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 8] = ["ns", "us", "µs", "ms", "s", "m", "h", ""];
    let bare = text.trim_start_matches(['-', '+']);
    if bare == "0" {
        return true;
    }
    let (mut rest, mut any) = (bare, false);
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit() && c != '.') {
        if end == 0 || rest[..end].parse::<f64>().is_err() {
            any = false;
            break;
        }
        let unit = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |more| end + more);
        if !UNITS[..7].contains(&&rest[end..unit]) {
            any = false;
            break;
        }
        (any, rest) = (true, &rest[unit..]);
    }
    if any && rest.is_empty() {
        return true;
    }
    let words = ["nano", "micro", "milli", "sec", "min", "hr", "hour", "day", "week", "wk", "d", "w"];
    let number = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    number > 0 && words.iter().any(|word| text[number..].trim_start().starts_with(word))
}

fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let longest = if address.parse::<Ipv4Addr>().is_ok() {
        32
    } else if address.parse::<Ipv6Addr>().is_ok() {
        128
    } else {
        return false;
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= longest)
}

fn is_hardware_address(text: &str) -> bool {
    let separator = if text.contains('-') { '-' } else { ':' };
    let parts: Vec<&str> = text.split(separator).collect();
    matches!(parts.len(), 6 | 8 | 20)
        && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_uuid(format: &str, text: &str) -> bool {
    let Ok(uuid) = uuid::Uuid::parse_str(text) else { return false };
    let version = format.strip_prefix("uuid").unwrap_or_default();
    version.is_empty() || version == uuid.get_version_num().to_string()
}

fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= 255 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn good_and_bad() {
        let cases = [
            ("date-time", "2024-01-02T03:04:05Z", "2024-01-02"),
            ("date", "2024-01-02", "2024-13-02"),
            ("duration", "1h30m", "soon"),
            ("ipv4", "10.0.0.1", "10.0.0"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "01:23:45:67:89:ab", "01:23"),
            ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810"),
            ("byte", "aGVsbG8=", "?"),
            ("hostname", "example.com", "-a"),
            ("email", "a@example.com", "a"),
            ("uri", "https://example.com/x", "nothing"),
        ];
        for (format, good, bad) in cases {
            assert!(holds(format, good), "{format} {good}");
            assert!(!holds(format, bad), "{format} {bad}");
        }
        assert!(holds("of-my-own", "anything"));
    }
}
