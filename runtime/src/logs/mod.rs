//! What guests print: files on the node, read by `kubectl logs`.

/// A container's log file: rotation, and who waits for more.
mod file;
/// One line as it stands in a file: time, stream, whole or partial, text.
mod line;
/// Reading: from the end, from a time, following.
mod read;
/// From a guest's writes to the file: bounded, never waiting.
mod sink;

pub(crate) use file::Log;
pub(crate) use line::Channel;
pub(crate) use read::{Options, read};
pub(crate) use sink::{Logs, Sink};
