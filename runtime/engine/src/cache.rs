//! Machine code on disk, checked before it is believed.
//!
//! `<digest>-<compatibility>.cwasm` is what wasmtime maps, `<digest>-<compatibility>.sum` the SHA-256 of it. wasmtime trusts machine code
//! blindly, so a file whose sum is missing or different counts as absent and is made again. The sum lies beside the code, not in it,
//! because the mapped file must be wasmtime's ELF image from its first byte to its last.
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

pub(crate) struct Cache {
    dir: PathBuf,
    /// Differs between wasmtime versions, processors and settings whose code is not interchangeable.
    compatibility: String,
}

impl Cache {
    pub(crate) fn open(dir: PathBuf, compatibility: u64) -> io::Result<Cache> {
        fs::create_dir_all(&dir)?;
        Ok(Cache { dir, compatibility: format!("{compatibility:016x}") })
    }

    /// The file with the code of `digest`, if there is one and it is what was written.
    pub(crate) fn find(&self, digest: &str) -> Option<PathBuf> {
        let code = self.path(digest, "cwasm");
        let sum = fs::read_to_string(self.path(digest, "sum")).ok()?;
        let bytes = fs::read(&code).ok()?;
        if sum != checksum(&bytes) {
            tracing::warn!(file = %code.display(), "machine code does not match its checksum: compiling again");
            return None;
        }
        Some(code)
    }

    /// The code is there before its sum is, so that a crash between the two leaves nothing to believe.
    pub(crate) fn store(&self, digest: &str, code: &[u8]) -> io::Result<PathBuf> {
        let path = self.path(digest, "cwasm");
        replace(&path, code)?;
        replace(&self.path(digest, "sum"), checksum(code).as_bytes())?;
        Ok(path)
    }

    fn path(&self, digest: &str, extension: &str) -> PathBuf {
        let name: String = digest.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        self.dir.join(format!("{name}-{}.{extension}", self.compatibility))
    }
}

/// By rename, so that code which a running guest has mapped is never written over.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let temporary = path.with_extension(format!("{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // best effort: the error that counts is the first one
        drop(fs::remove_file(&temporary));
    }
    written
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_change_of_the_file_makes_it_absent(code in proptest::collection::vec(any::<u8>(), 1..300), at: usize, flip in 1u8..) {
            let dir = tempfile::tempdir().unwrap();
            let cache = Cache::open(dir.path().into(), 7).unwrap();
            let path = cache.store("sha256:ab", &code).unwrap();
            prop_assert_eq!(cache.find("sha256:ab"), Some(path.clone()));
            let mut changed = code.clone();
            let at = at % code.len();
            changed[at] ^= flip;
            fs::write(&path, &changed).unwrap();
            prop_assert_eq!(cache.find("sha256:ab"), None);
            fs::write(&path, &code[..at]).unwrap();
            prop_assert_eq!(cache.find("sha256:ab"), None);
        }
    }

    #[test]
    fn code_of_another_engine_or_digest_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        Cache::open(dir.path().into(), 7).unwrap().store("sha256:ab", b"code").unwrap();
        assert_eq!(Cache::open(dir.path().into(), 8).unwrap().find("sha256:ab"), None);
        assert_eq!(Cache::open(dir.path().into(), 7).unwrap().find("sha256:abc"), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary files stay");
    }
}
