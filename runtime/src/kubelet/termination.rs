//! What a container leaves behind as its last message.

use std::path::PathBuf;

use engine::Exit;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Container;
use tokio::io::AsyncReadExt;

use crate::logs::{self, Log, Options};

/// Bytes of the file that are read.
const LONGEST: u64 = 4096;
/// What stands in for the file: so many lines and bytes from the end of the log.
const LINES: u64 = 80;
const LONGEST_LOG: usize = 2048;

/// Where a run's message is found.
#[derive(Clone)]
pub(crate) struct Termination {
    /// Our own link to the file that the guest writes: what the guest puts in its place is not followed.
    file: PathBuf,
    log: Log,
    /// A failure without a message is told by the log.
    from_log: bool,
}

impl Termination {
    pub(crate) fn new(spec: &Container, file: PathBuf, log: Log) -> Self {
        let from_log = spec.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
        Self { file, log, from_log }
    }

    /// What the guest wrote; else, of a failure and if that is the policy, the end of its log; else what the engine says of a
    /// trap. The log must have been closed.
    pub(crate) async fn message(&self, exit: &Exit) -> String {
        let written = self.written().await;
        if !written.is_empty() {
            return written;
        }
        if self.from_log && exit.code != 0 {
            let logged = self.logged().await;
            if !logged.is_empty() {
                return logged;
            }
        }
        exit.message.clone()
    }

    async fn written(&self) -> String {
        let read = async {
            let mut bytes = Vec::new();
            tokio::fs::File::open(&self.file).await?.take(LONGEST).read_to_end(&mut bytes).await?;
            std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read.await.unwrap_or_else(|error| format!("Error on reading termination log {}: {error}", self.file.display()))
    }

    async fn logged(&self) -> String {
        let options = Options { tail: Some(LINES), ..Options::default() };
        let lines = logs::read(self.log.path().to_owned(), Some(self.log.progress()), options);
        let mut lines = std::pin::pin!(lines);
        let mut text = Vec::new();
        while let Some(piece) = lines.next().await {
            match piece {
                Ok(piece) => text.extend_from_slice(&piece),
                Err(error) => return format!("Error reading termination message from logs: {error}"),
            }
        }
        let from = text.len().saturating_sub(LONGEST_LOG);
        String::from_utf8_lossy(&text[from..]).into_owned()
    }
}
