//! Names → digest → module, in a directory or in the binary.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{Reference, name::Invalid};

/// A module that came inside the binary: the name manifests use, and its bytes.
pub type BuiltIn = (&'static str, &'static [u8]);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `sha256:<hex>` of the module.
    pub digest: String,
    /// Bytes of the module.
    pub size: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("couldn't parse image name {name:?}: {source}")]
    Name { name: String, source: Invalid },
    #[error("{name:?} is not a WebAssembly module or component: {what}; hint: build it for wasm32-wasip2 or wasm32-wasip1")]
    NotWasm { name: String, what: &'static str },
    #[error("the digest in {name:?} is not that of the module, {digest}")]
    Digest { name: String, digest: String },
    #[error("image {digest} is not in the store")]
    Missing { digest: String },
    #[error("could not {intention} image file `{}`", path.display())]
    File { intention: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the list of images `{}` is damaged", path.display())]
    Index { path: PathBuf, source: serde_json::Error },
}

/// The node's own images. A handle; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    built_in: BTreeMap<String, (Image, &'static [u8])>,
    names: RwLock<BTreeMap<String, Image>>,
    /// Tells those who wait for an image that there is one more.
    loaded: watch::Sender<()>,
    /// One writer of the list at a time: its file must not lag behind memory.
    writing: tokio::sync::Mutex<()>,
}

impl Store {
    /// Opens or makes the store in `dir`.
    ///
    /// # Errors
    /// When the directory cannot be made or its list cannot be read.
    pub fn open(dir: &Path, built_in: &[BuiltIn]) -> Result<Self, Error> {
        let blobs = dir.join("sha256");
        std::fs::create_dir_all(&blobs).map_err(file("make the directory of", &blobs))?;
        let index = dir.join("names.json");
        let names = match std::fs::read(&index) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| Error::Index { path: index.clone(), source })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(file("read", &index)(error)),
        };
        let mut known = BTreeMap::new();
        for (name, wasm) in built_in {
            known.insert(parse(name)?.to_string(), (describe(wasm), *wasm));
        }
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            built_in: known,
            names: RwLock::new(names),
            loaded: watch::Sender::new(()),
            writing: tokio::sync::Mutex::new(()),
        })))
    }

    /// Puts `wasm` under `name`; on disk when this returns. A name loaded again means the new module from then on.
    ///
    /// # Errors
    /// When the name is none, the bytes are not Wasm, or the disk refuses.
    pub async fn load(&self, name: &str, wasm: Bytes) -> Result<Image, Error> {
        let reference = parse(name)?;
        if !wasm.starts_with(b"\0asm") {
            return Err(Error::NotWasm { name: name.to_owned(), what: guess(&wasm) });
        }
        let image = describe(&wasm);
        if reference.digest.as_ref().is_some_and(|digest| *digest != image.digest) {
            return Err(Error::Digest { name: name.to_owned(), digest: image.digest });
        }
        let _writing = self.0.writing.lock().await;
        let mut names = self.0.names.read().clone();
        names.insert(reference.to_string(), image.clone());
        let (blob, index) = (self.blob(&image.digest), self.0.dir.join("names.json"));
        let list = serde_json::to_vec_pretty(&names).expect("a map of plain data is JSON");
        blocking(move || write_atomically(&blob, &wasm).and_then(|()| write_atomically(&index, &list))).await?;
        *self.0.names.write() = names;
        self.0.loaded.send_replace(());
        tracing::info!(image = %reference, digest = image.digest, "image loaded");
        Ok(image)
    }

    /// Changes with every load.
    pub fn loads(&self) -> watch::Receiver<()> {
        self.0.loaded.subscribe()
    }

    /// The image under that name: what was loaded goes before what came with the binary.
    pub fn find(&self, reference: &Reference) -> Option<Image> {
        let loaded = |name: &str| {
            self.0.names.read().get(name).or_else(|| self.0.built_in.get(name).map(|(image, _)| image)).cloned()
        };
        if let Some(digest) = &reference.digest {
            // a digest names the bytes, whatever they were loaded as
            return self.list().into_iter().map(|(_, image)| image).find(|image| image.digest == *digest);
        }
        loaded(&reference.to_string())
    }

    /// Every name with its image, in the order of the names.
    pub fn list(&self) -> Vec<(String, Image)> {
        let mut all: BTreeMap<String, Image> =
            self.0.built_in.iter().map(|(name, (image, _))| (name.clone(), image.clone())).collect();
        all.extend(self.0.names.read().iter().map(|(name, image)| (name.clone(), image.clone())));
        all.into_iter().collect()
    }

    /// The module's bytes; checked against the digest, a damaged file is not run.
    ///
    /// # Errors
    /// When the file is gone, unreadable or not what its name says.
    pub async fn read(&self, digest: &str) -> Result<Bytes, Error> {
        if let Some((_, wasm)) = self.0.built_in.values().find(|(image, _)| image.digest == digest) {
            return Ok(Bytes::from_static(wasm));
        }
        let (path, digest) = (self.blob(digest), digest.to_owned());
        blocking(move || {
            let bytes = std::fs::read(&path).map_err(file("read", &path))?;
            if describe(&bytes).digest == digest { Ok(bytes.into()) } else { Err(Error::Missing { digest }) }
        })
        .await
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.0.dir.join("sha256").join(format!("{}.wasm", digest.trim_start_matches("sha256:")))
    }
}

fn parse(name: &str) -> Result<Reference, Error> {
    Reference::parse(name).map_err(|source| Error::Name { name: name.to_owned(), source })
}

fn describe(wasm: &[u8]) -> Image {
    use std::fmt::Write;
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(wasm) {
        write!(digest, "{byte:02x}").expect("writing to a String cannot fail");
    }
    Image { digest, size: wasm.len() as u64 }
}

/// A reader sees the old file or the new one, also after a power cut.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let dir = path.parent().expect("files of the store lie in its directory");
    let mut name = path.file_name().expect("files of the store have names").to_owned();
    name.push(".new");
    let new = dir.join(name);
    let mut out = File::create(&new).map_err(file("create", &new))?;
    out.write_all(bytes).and_then(|()| out.sync_all()).map_err(file("write", &new))?;
    std::fs::rename(&new, path).map_err(file("rename", path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(file("sync the directory of", path))
}

fn file(intention: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { intention, path, source }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.expect("file work does not panic and is not cancelled")
}

/// What was handed in instead, for the message.
fn guess(bytes: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 5] = [
        (b"\x7fELF", "it is a Linux program"),
        (b"#!", "it is a script"),
        (b"(module", "it is WebAssembly text"),
        (b"(component", "it is WebAssembly text"),
        (b"\x1f\x8b", "it is a compressed archive"),
    ];
    match KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, what)) => what,
        None if bytes.is_empty() => "it is empty",
        None => "it does not begin as one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WASM: &[u8] = b"\0asm\x01\0\0\0";

    fn name(text: &str) -> Reference {
        Reference::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_loaded_image_outlives_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &[]).unwrap();
        let image = store.load("example/example:v1.0-SNAPSHOT", Bytes::from_static(WASM)).await.unwrap();
        drop(store);
        let store = Store::open(dir.path(), &[]).unwrap();
        assert_eq!(store.find(&name("docker.io/example/example:v1.0-SNAPSHOT")), Some(image.clone()));
        assert_eq!(store.find(&name(&format!("other@{}", image.digest))), Some(image.clone()));
        assert_eq!(store.read(&image.digest).await.unwrap(), WASM);
        assert_eq!(store.find(&name("example/example:v2")), None);
    }

    #[tokio::test]
    async fn a_damaged_file_is_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &[]).unwrap();
        let image = store.load("a", Bytes::from_static(WASM)).await.unwrap();
        std::fs::write(store.blob(&image.digest), b"\0asm\x01\0\0\x01").unwrap();
        assert!(matches!(store.read(&image.digest).await, Err(Error::Missing { .. })));
    }

    #[tokio::test]
    async fn only_wasm_is_taken_and_a_load_hides_what_is_built_in() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &[("hello:1", WASM)]).unwrap();
        let before = store.find(&name("hello:1")).unwrap();
        assert_eq!(store.read(&before.digest).await.unwrap(), WASM);
        assert!(matches!(store.load("x", Bytes::from_static(b"#!/bin/sh")).await, Err(Error::NotWasm { .. })));
        let after = store.load("hello:1", Bytes::from_static(b"\0asm\x0d\0\x01\0")).await.unwrap();
        assert_ne!(before, after);
        assert_eq!(store.find(&name("hello:1")), Some(after));
    }
}
