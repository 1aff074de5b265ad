//! A container's log file: rotation, and who waits for more.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::watch;

/// Bytes after which a file is turned over; upstream's `containerLogMaxSize`.
const LARGEST: u64 = 10 * 1024 * 1024;
/// Files kept, the current one included.
const FILES: usize = 5;

/// One run of a container. Clones share the file.
#[derive(Clone)]
pub(crate) struct Log(Arc<Inner>);

struct Inner {
    path: PathBuf,
    file: Mutex<Option<Current>>,
    progress: watch::Sender<Progress>,
}

struct Current {
    file: File,
    size: u64,
}

/// What followers wait on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes written in all.
    pub(crate) written: u64,
    /// Nothing more will come.
    pub(crate) ended: bool,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Inner { path, file: Mutex::new(None), progress: watch::Sender::default() }))
    }

    /// Removes the files of a run, if there are any.
    pub(crate) async fn discard(path: PathBuf) {
        let removed = tokio::task::spawn_blocking(move || files(&path).into_iter().try_for_each(fs::remove_file)).await;
        if let Err(error) = removed.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            tracing::warn!(%error, "cannot remove an old log");
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Appends whole lines. Opens the file on the first: most pods never say a word, and descriptors are few.
    pub(super) fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut current = self.0.file.lock();
        if current.as_ref().is_some_and(|current| current.size >= LARGEST) {
            *current = None;
            rotate(&self.0.path)?;
        }
        let open = match &mut *current {
            Some(open) => open,
            none => none.insert(open(&self.0.path)?),
        };
        open.file.write_all(lines)?;
        open.size += lines.len() as u64;
        self.0.progress.send_modify(|progress| progress.written += lines.len() as u64);
        Ok(())
    }

    /// No more will come: followers end, the file is closed.
    pub(super) fn end(&self) {
        *self.0.file.lock() = None;
        self.0.progress.send_modify(|progress| progress.ended = true);
    }
}

fn open(path: &Path) -> io::Result<Current> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let size = file.metadata()?.len();
    Ok(Current { file, size })
}

/// `0.log` becomes `0.log.1`, and so on; the oldest goes.
fn rotate(path: &Path) -> io::Result<()> {
    for age in (1..FILES).rev() {
        let younger = if age == 1 { path.to_owned() } else { aged(path, age - 1) };
        match fs::rename(&younger, aged(path, age)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The files of a log that exist, oldest first.
pub(super) fn files(path: &Path) -> Vec<PathBuf> {
    let old = (1..FILES).rev().map(|age| aged(path, age)).filter(|path| path.exists());
    old.chain([path.to_owned()].into_iter().filter(|path| path.exists())).collect()
}

fn aged(path: &Path, age: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{age}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_files_go_and_young_ones_stay_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c/0.log");
        let log = Log::new(path.clone());
        let block = vec![b'x'; usize::try_from(LARGEST).unwrap()];
        for _ in 0..FILES + 2 {
            log.append(&block).unwrap();
        }
        log.append(b"last\n").unwrap();
        let files = files(&path);
        assert_eq!(files.len(), FILES);
        assert_eq!(files.last(), Some(&path));
        assert_eq!(fs::read(&path).unwrap(), b"last\n");
        log.end();
        assert!(log.progress().borrow().ended);
    }
}
