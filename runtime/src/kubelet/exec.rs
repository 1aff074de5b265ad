//! Starts a program in a container's sandbox: what `exec` does, whoever asks for it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use engine::{Exit, Guest, GuestKind, Module, Mount, Output, Program};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::{container::Instance, host::Host};

/// As much of what a probe's or a hook's program prints as is kept.
const LONGEST_OUTPUT: usize = 10 * 1024;

/// Why nothing was started; the sentences are those of container runtimes, clients match on them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("exec: {0:?}: executable file not found in $PATH")]
    NotFound(String),
    #[error("exec: {program:?}: {reason}")]
    Failed { program: String, reason: String },
}

/// A container that runs, as seen from outside.
#[derive(Clone)]
pub(crate) struct Sandbox {
    pub(crate) host: Arc<Host>,
    pub(crate) instance: Instance,
}

impl Sandbox {
    /// Starts `argv` beside the container's own program: with its files, environment and network. Dropping what is returned ends it.
    pub(crate) async fn start(
        &self,
        argv: &[String],
        stdout: Arc<dyn Output>,
        stderr: Arc<dyn Output>,
    ) -> Result<Guest, Error> {
        let program = argv.first().cloned().unwrap_or_default();
        let failed = |reason: String| Error::Failed { program: program.clone(), reason };
        let module = self.module(&program).await.map_err(failed)?.ok_or_else(|| Error::NotFound(program.clone()))?;
        let run = Program { args: argv.to_vec(), stdout, stderr };
        let started = self.host.engine.start_beside(&self.instance.guest, &module, run).await;
        started.map_err(|error| failed(client::error::chain(&error)))
    }

    /// Runs `argv` to its end: how it ended, and the beginning of what it printed. Bounded by the caller.
    pub(crate) async fn run(&self, argv: &[String]) -> Result<(Exit, String), Error> {
        let printed = Arc::new(Printed::default());
        let guest = self.start(argv, printed.clone(), printed.clone()).await?;
        let exit = guest.exited().await;
        let text = String::from_utf8_lossy(&printed.0.lock()).into_owned();
        Ok((exit, text))
    }

    /// The container's own program under one of its names, or a `.wasm` file that the container sees.
    async fn module(&self, program: &str) -> Result<Option<Module>, String> {
        let own = &self.instance.module;
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().trim_end_matches(".wasm").to_owned();
        if own.kind() != GuestKind::Handler && self.instance.names.iter().any(|name| base(name) == base(program)) {
            return Ok(Some(own.clone()));
        }
        let Some(file) = seen(program, self.instance.guest.mounts()) else { return Ok(None) };
        if !program.ends_with(".wasm") {
            return Err("permission denied".to_owned());
        }
        let wasm = Bytes::from(tokio::fs::read(&file).await.map_err(|error| error.to_string())?);
        let digest = format!("sha256:{}", hex(&Sha256::digest(&wasm)));
        let module = self.host.engine.prepare(&digest, wasm).await.map_err(|error| client::error::chain(&error))?;
        Ok(Some(module))
    }
}

/// The file behind a path of the container; `None` if there is none, or if a link of a guest's leads out of the container.
fn seen(path: &str, mounts: &[Mount]) -> Option<PathBuf> {
    let path = Path::new("/").join(path);
    let within = |mount: &&Mount| path.starts_with(&mount.guest);
    let mount = mounts.iter().filter(within).max_by_key(|mount| Path::new(&mount.guest).components().count())?;
    let root = mount.host.canonicalize().ok()?;
    let file = root.join(path.strip_prefix(&mount.guest).ok()?).canonicalize().ok()?;
    (file.starts_with(&root) && file.is_file()).then_some(file)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a program prints, as far as it is wanted.
#[derive(Default)]
struct Printed(Mutex<Vec<u8>>);

impl Output for Printed {
    fn write(&self, bytes: &[u8]) {
        let mut kept = self.0.lock();
        let room = LONGEST_OUTPUT.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_file_that_the_container_sees() {
        let dir = tempfile::tempdir().unwrap();
        for made in ["root/bin", "volume"] {
            std::fs::create_dir_all(dir.path().join(made)).unwrap();
        }
        for file in ["root/bin/a.wasm", "volume/b.wasm", "secret.wasm"] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink("../secret.wasm", dir.path().join("volume/out.wasm")).unwrap();
        let mount = |host: &str, guest: &str| Mount { host: dir.path().join(host), guest: guest.into(), read_only: true };
        let mounts = [mount("root", "/"), mount("volume", "/data")];
        for (path, expected) in [
            ("/bin/a.wasm", true),
            ("bin/a.wasm", true),
            ("/data/b.wasm", true),
            ("/data/none.wasm", false),
            ("/data/out.wasm", false),
            ("/data/../../secret.wasm", false),
            ("/bin", false),
        ] {
            assert_eq!(seen(path, &mounts).is_some(), expected, "{path}");
        }
    }
}
