//! One line as it stands in a file, in the format of the CRI: time, stream, whole or partial, text.

use jiff::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// RFC 3339 with nanoseconds, as it was written.
    pub(super) time: &'a str,
    pub(super) channel: &'a str,
    /// The text ends with a line break.
    pub(super) whole: bool,
    pub(super) text: &'a [u8],
}

/// Appends a line; `text` has no line break.
pub(super) fn write(out: &mut Vec<u8>, now: Timestamp, channel: Channel, whole: bool, text: &[u8]) {
    let tag = if whole { 'F' } else { 'P' };
    out.extend_from_slice(format!("{now:.9} {} {tag} ", channel.name()).as_bytes());
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// Reads one line of a file, its line break included; `None` for what we did not write.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut parts = line.splitn(4, |b| *b == b' ');
    let time = std::str::from_utf8(parts.next()?).ok()?;
    let channel = std::str::from_utf8(parts.next()?).ok()?;
    let whole = parts.next()? == b"F";
    Some(Line { time, channel, whole, text: parts.next()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "[^\n]{0,40}", nanos in 0i64..4_000_000_000_000_000_000, whole: bool) {
            let now = Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
            let mut out = Vec::new();
            write(&mut out, now, Channel::Stderr, whole, text.as_bytes());
            let line = parse(&out).unwrap();
            prop_assert_eq!(line.time.parse::<Timestamp>().unwrap(), now);
            prop_assert_eq!((line.channel, line.whole, line.text), ("stderr", whole, text.as_bytes()));
        }
    }
}
