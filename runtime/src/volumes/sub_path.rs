//! Makes directories out of what containers mount: guests are given directories only, and a `subPath` may name a file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use engine::Mount;

use super::{mounts::Wanted, root::Root};

/// The mounts as a guest gets them; `own` is a directory of this container alone, for the files it mounts one by one.
/// Blocks.
pub(crate) fn place(root: &Root, wanted: Vec<Wanted>, own: &Path) -> Result<Vec<Mount>, String> {
    let prepare = |error: io::Error| format!("cannot prepare the mounts: {error}");
    remove(own).and_then(|()| root.make()).map_err(prepare)?;
    let mut all = root.mounts();
    let mut files: BTreeMap<PathBuf, Mount> = BTreeMap::new();
    for mount in wanted {
        let fail = |error: io::Error| format!("cannot mount {:?}: {error}", mount.guest);
        let host = resolve(&mount).map_err(fail)?;
        if host.is_dir() {
            root.mount_point(&mount.guest).map_err(fail)?;
            all.retain(|other: &Mount| !same(&other.guest, &mount.guest));
            all.push(Mount { host, guest: mount.guest, read_only: mount.read_only });
            continue;
        }
        let path = Path::new(&mount.guest);
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        };
        if parent == Path::new("/") {
            // beside the root there is no other directory to show it in; what must not be written is a copy
            let at = root.dir.join(name);
            let made = if mount.read_only { fs::copy(&host, at).map(drop) } else { fs::hard_link(&host, at) };
            made.map_err(fail)?;
            continue;
        }
        let number = files.len();
        let shared = files.entry(parent.to_owned()).or_insert_with(|| Mount {
            host: own.join(number.to_string()),
            guest: parent.to_string_lossy().into_owned(),
            read_only: false,
        });
        // permissions are those of the directory: the stricter wish holds for all files in it
        shared.read_only |= mount.read_only;
        fs::create_dir_all(&shared.host).and_then(|()| fs::hard_link(&host, shared.host.join(name))).map_err(fail)?;
    }
    for (parent, shared) in &files {
        for (path, file) in root.files_in(parent) {
            let at = shared.host.join(path.file_name().unwrap_or_default());
            match fs::hard_link(file, at) {
                // mounted over
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => linked.map_err(prepare)?,
            }
        }
        root.mount_point(&shared.guest).map_err(prepare)?;
        // the place of the message in a root that is read only
        all.retain(|other| !(same(&other.guest, &shared.guest) && other.host.starts_with(&root.dir)));
    }
    match files.values().find(|file| all.iter().any(|mount: &Mount| same(&mount.guest, &file.guest))) {
        Some(file) => Err(format!("a file cannot be mounted into {:?}, where a volume is mounted", file.guest)),
        None => {
            all.extend(files.into_values());
            Ok(all)
        }
    }
}

/// Where the content lies. A link that a guest left in the volume must not lead the next mount out of it.
fn resolve(mount: &Wanted) -> io::Result<PathBuf> {
    let Some(sub) = &mount.sub_path else { return Ok(mount.volume.clone()) };
    let volume = mount.volume.canonicalize()?;
    let place = volume.join(sub);
    // what exists is looked at before anything is made: making directories follows links as well
    let exists = place.ancestors().find(|part| part.exists()).unwrap_or(&volume).canonicalize()?;
    if !exists.starts_with(&volume) {
        return Err(io::Error::other("the subPath leads out of the volume"));
    }
    if !place.exists() {
        fs::create_dir_all(&place)?;
    }
    place.canonicalize()
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

fn remove(own: &Path) -> io::Result<()> {
    match fs::remove_dir_all(own) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(dir: &Path) -> Root {
        fs::write(dir.join("hosts"), "hosts").unwrap();
        Root {
            dir: dir.join("root"),
            read_only: false,
            files: vec![("/etc/hosts".into(), dir.join("hosts"))],
            message: "/dev/termination-log".into(),
            message_file: dir.join("message"),
            working_dir: None,
        }
    }

    fn wanted(volume: &Path, sub: &str, guest: &str) -> Wanted {
        Wanted { volume: volume.into(), sub_path: Some(sub.into()), guest: guest.into(), read_only: true }
    }

    #[test]
    fn files_are_mounted_in_a_directory_made_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let (volume, own) = (dir.path().join("v"), dir.path().join("own"));
        fs::create_dir(&volume).unwrap();
        fs::write(volume.join("a"), "text").unwrap();
        let root = root(dir.path());
        for _ in 0..2 {
            let files = ["/etc/app.conf", "/app.conf"].map(|guest| wanted(&volume, "a", guest));
            let all: Vec<_> = files.into_iter().chain([wanted(&volume, "new/dir", "/d")]).collect();
            let all = place(&root, all, &own).unwrap();
            let guests: Vec<_> = all.iter().map(|mount| (mount.guest.as_str(), mount.read_only)).collect();
            assert_eq!(guests, [("/", false), ("/d", true), ("/etc", true)]);
            for file in [all[2].host.join("app.conf"), all[0].host.join("app.conf")] {
                assert_eq!(fs::read_to_string(file).unwrap(), "text");
            }
            assert_eq!(
                fs::read_to_string(all[2].host.join("hosts")).unwrap(),
                "hosts",
                "what was there before is there still"
            );
            assert!(volume.join("new/dir").is_dir() && root.dir.join("d").is_dir());
        }
        let clash = place(&root, vec![wanted(&volume, "a", "/d/x"), wanted(&volume, "new", "/d/")], &own);
        assert!(clash.unwrap_err().contains("where a volume is mounted"));
    }

    #[test]
    fn a_link_does_not_lead_out_of_the_volume() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("v");
        fs::create_dir(&volume).unwrap();
        std::os::unix::fs::symlink("..", volume.join("up")).unwrap();
        for sub in ["up", "up/made"] {
            let refused = place(&root(dir.path()), vec![wanted(&volume, sub, "/d")], &dir.path().join("own")).unwrap_err();
            assert!(refused.contains("leads out of the volume"), "{refused}");
        }
        assert!(!dir.path().join("made").exists());
    }
}
