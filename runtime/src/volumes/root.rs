//! A container's own root directory: what it writes outside its volumes, and the files the kubelet gives it.
//!
//! Made anew for each run, before anything of the container runs: no link of a guest's can be in the way.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use engine::Mount;

/// A root directory to be made.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) dir: PathBuf,
    pub(crate) read_only: bool,
    /// Path in the container → the file whose content it shows.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
    /// Where the container writes its last message; always writable.
    pub(crate) message: PathBuf,
    /// The same file, where no guest can put something else in its place.
    pub(crate) message_file: PathBuf,
    pub(crate) working_dir: Option<PathBuf>,
}

impl Root {
    pub(super) fn make(&self) -> io::Result<()> {
        remove(fs::remove_dir_all(&self.dir))?;
        for part in ["dev", "etc", "tmp"] {
            fs::create_dir_all(self.dir.join(part))?;
        }
        for (path, file) in &self.files {
            link(file, &self.dir.join(inside(path)))?;
        }
        remove(fs::remove_file(&self.message_file))?;
        fs::write(&self.message_file, [])?;
        link(&self.message_file, &self.dir.join(inside(&self.message)))?;
        if let Some(working_dir) = &self.working_dir {
            fs::create_dir_all(self.dir.join(inside(working_dir)))?;
        }
        Ok(())
    }

    /// A directory to mount at, so that it is seen when its parent is listed.
    pub(super) fn mount_point(&self, guest: &str) -> io::Result<()> {
        match fs::create_dir_all(self.dir.join(inside(Path::new(guest)))) {
            // a file of ours is covered by the mount
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// The files of the root in `parent`: a mount there covers them, and shows them again.
    pub(super) fn files_in(&self, parent: &Path) -> impl Iterator<Item = (&Path, &Path)> {
        let own = self.files.iter().map(|(path, file)| (path.as_path(), file.as_path()));
        let message = std::iter::once((self.message.as_path(), self.message_file.as_path()));
        own.chain(message).filter(move |(path, _)| path.parent() == Some(parent))
    }

    /// The root, and the place of the message where the root cannot be written.
    pub(super) fn mounts(&self) -> Vec<Mount> {
        let mut all = vec![Mount { host: self.dir.clone(), guest: "/".to_owned(), read_only: self.read_only }];
        if let Some(parent) = self.message.parent().filter(|parent| self.read_only && *parent != Path::new("/")) {
            let guest = parent.to_string_lossy().into_owned();
            all.push(Mount { host: self.dir.join(inside(parent)), guest, read_only: false });
        }
        all
    }
}

/// The path below a root: without what would lead out of it.
fn inside(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

fn link(file: &Path, at: &Path) -> io::Result<()> {
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::hard_link(file, at)
}

fn remove(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_made_anew_and_nothing_leads_out_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = dir.path().join("hosts");
        fs::write(&hosts, "hosts").unwrap();
        let root = Root {
            dir: dir.path().join("c/root"),
            read_only: true,
            files: vec![("/etc/hosts".into(), hosts)],
            message: "/dev/../../log".into(),
            message_file: dir.path().join("c/message"),
            working_dir: Some("/../work".into()),
        };
        for _ in 0..2 {
            fs::create_dir_all(dir.path().join("c")).unwrap();
            root.make().unwrap();
            root.mount_point("/../../data").unwrap();
            assert_eq!(fs::read_to_string(root.dir.join("etc/hosts")).unwrap(), "hosts");
            for made in ["work", "data", "dev/log", "tmp"] {
                assert!(root.dir.join(made).exists(), "{made}");
            }
            fs::write(root.dir.join("dev/log"), "bye").unwrap();
            assert_eq!(fs::read_to_string(&root.message_file).unwrap(), "bye");
            fs::write(root.dir.join("old"), "").unwrap();
        }
        root.make().unwrap();
        assert!(!root.dir.join("old").exists());
        assert_eq!(root.mounts().len(), 2, "the message can be written though the root cannot");
    }
}
