//! One process per data directory.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use crate::Error;

/// Held as long as it lives; the kernel frees it when the process dies, however it dies.
#[derive(Debug)]
pub(crate) struct DirLock {
    file: File,
}

impl DirLock {
    /// Makes `dir` if it is not there, and locks it.
    pub(crate) fn take(dir: &Path) -> Result<Self, Error> {
        let failed = |doing: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { doing, path, source: Arc::new(source) }
        };
        if !dir.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed("create the directory", dir))?;
        }
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(failed("read", &path))?;
                // the holder may be between taking the lock and writing its number: 0 then
                return Err(Error::Locked { dir: dir.to_owned(), pid: pid.trim().parse().unwrap_or(0) });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(failed("write", &path))?;
        Ok(Self { file })
    }
}

impl Drop for DirLock {
    /// Closing the file would not do: a child that was forked and has not yet begun its program has a copy of it.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the data directory was not unlocked");
        }
    }
}

/// Makes the database file readable by its owner only; SQLite gives its companions the same permissions.
pub(crate) fn create_private(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { doing: "create", path: path.to_owned(), source: Arc::new(source) };
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::{
        process::Command,
        sync::atomic::{AtomicBool, Ordering::Relaxed},
    };

    use super::DirLock;

    #[test]
    fn a_child_that_is_being_started_does_not_hold_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    Command::new("true").status().unwrap();
                }
            });
            let refused = (0..300).find_map(|_| DirLock::take(dir.path()).err());
            done.store(true, Relaxed);
            assert!(refused.is_none(), "{refused:?}");
        });
    }
}
