//! What to run and with what; how it ended; what it used.
use crate::Network;
use std::{path::PathBuf, sync::Arc};

/// Everything a guest gets. What is not in here it does not have: no inherited environment, no host files, no standard input.
#[derive(Clone)]
pub struct Workload {
    pub name: String,
    /// `args[0]` is the program's own name.
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Where the guest's relative paths begin; `None`: at the root. Core modules begin at the root always, WASI 0.1 has no word for it.
    pub dir: Option<String>,
    pub mounts: Vec<Mount>,
    pub stdout: Arc<dyn Output>,
    pub stderr: Arc<dyn Output>,
    pub network: Arc<dyn Network>,
    /// Bytes of linear memory over all instances; going beyond ends the guest with [`Reason::OomKilled`].
    pub memory_limit: Option<u64>,
    /// Thousandths of a CPU it may use, per 100 ms and over all instances.
    pub cpu_quota: Option<u64>,
    /// Share of the guest threads when they are scarce, as `cpu.weight` of a cgroup.
    pub cpu_weight: u32,
}

/// A program that is run beside a guest, with what the guest has; this is what differs.
pub struct Program {
    /// `args[0]` is the program's own name.
    pub args: Vec<String>,
    pub stdout: Arc<dyn Output>,
    pub stderr: Arc<dyn Output>,
}

/// A host directory as the guest sees it.
#[derive(Clone, Debug)]
pub struct Mount {
    pub host: PathBuf,
    pub guest: String,
    pub read_only: bool,
}

/// Takes what a guest prints. Called on a guest thread: it must neither block nor grow without bound.
pub trait Output: Send + Sync + 'static {
    fn write(&self, bytes: &[u8]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Completed,
    Error,
    OomKilled,
}

/// How a guest ended, in the terms of a container's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: i32,
    pub reason: Reason,
    /// Empty, or a readable account of a trap.
    pub message: String,
}

impl Exit {
    /// Ended by [`Guest::kill`](crate::Guest::kill): 128 + SIGKILL.
    pub(crate) fn killed() -> Exit {
        Exit { code: 137, reason: Reason::Error, message: String::new() }
    }

    /// Ended by its own exit code.
    pub(crate) fn code(code: i32) -> Exit {
        let reason = if code == 0 { Reason::Completed } else { Reason::Error };
        Exit { code, reason, message: String::new() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub cpu_nanos: u64,
    pub memory_bytes: u64,
}
