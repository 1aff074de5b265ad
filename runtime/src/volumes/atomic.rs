//! Files that change all at once, as the kubelet's `..data` link makes them.
//!
//! A volume holds `..<time>/key`, a link `..data` to that directory, and a link `key` to `..data/key`. Turning the one
//! link over changes every file in the same instant, and a reader that holds the old directory keeps it whole.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use super::payload::File;

const DATA: &str = "..data";

/// Makes `dir` hold exactly `files` (relative path → file). Does nothing when it does already.
pub(super) fn write(dir: &Path, files: &BTreeMap<String, File>) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let data = dir.join(DATA);
    let old = fs::read_link(&data).ok();
    if old.is_some() && holds(&data, files)? {
        return Ok(());
    }
    let now = jiff::Timestamp::now().as_nanosecond();
    let name = format!("..{now}");
    let new = dir.join(&name);
    for (path, file) in files {
        let path = new.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in the volume"))?;
        fs::write(&path, &file.content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode))?;
    }
    fs::create_dir_all(&new)?;
    let link = dir.join(format!("{DATA}_tmp"));
    remove_if_there(fs::remove_file(&link))?;
    symlink(&name, &link)?;
    fs::rename(&link, &data)?;
    link_first_parts(dir, files)?;
    match old {
        Some(old) => remove_if_there(fs::remove_dir_all(dir.join(old))),
        None => Ok(()),
    }
}

/// What the user sees: a link for each first part of a path, none for what is gone.
fn link_first_parts(dir: &Path, files: &BTreeMap<String, File>) -> io::Result<()> {
    let first = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let wanted: std::collections::BTreeSet<String> = files.keys().map(|path| first(path)).collect();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with("..") && !wanted.contains(&name) {
            fs::remove_file(dir.join(name))?;
        }
    }
    for name in wanted {
        match symlink(format!("{DATA}/{name}"), dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn holds(data: &Path, files: &BTreeMap<String, File>) -> io::Result<bool> {
    for (path, file) in files {
        match fs::read(data.join(path)) {
            Ok(content) if content == file.content => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(count(data)? == files.len())
}

fn count(dir: &Path) -> io::Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        files += if entry.file_type()?.is_dir() { count(&entry.path())? } else { 1 };
    }
    Ok(files)
}

fn remove_if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, File> {
        let file = |content: &str| File { content: content.into(), mode: 0o644 };
        pairs.iter().map(|(path, content)| ((*path).to_owned(), file(content))).collect()
    }

    #[test]
    fn a_reader_of_the_old_directory_keeps_it_until_the_link_turns() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &files(&[("a", "1"), ("d/b", "2")])).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("d/b")).unwrap(), "2");
        let before = fs::read_link(dir.path().join(DATA)).unwrap();
        write(dir.path(), &files(&[("a", "1"), ("d/b", "2")])).unwrap();
        assert_eq!(fs::read_link(dir.path().join(DATA)).unwrap(), before, "nothing changed, nothing is written");
        write(dir.path(), &files(&[("a", "3")])).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "3");
        assert!(!dir.path().join("d").exists() && !dir.path().join(before).exists());
    }

    proptest! {
        #[test]
        fn the_last_write_is_what_is_there(writes in proptest::collection::vec(
            proptest::collection::btree_map("[a-c]", "[xy]{0,2}", 0..3), 1..5)
        ) {
            let dir = tempfile::tempdir().unwrap();
            for content in &writes {
                let pairs: Vec<(&str, &str)> = content.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                write(dir.path(), &files(&pairs)).unwrap();
            }
            let mut seen = BTreeMap::new();
            for entry in fs::read_dir(dir.path()).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if !name.starts_with("..") {
                    seen.insert(name.clone(), fs::read_to_string(dir.path().join(name)).unwrap());
                }
            }
            prop_assert_eq!(Some(&seen), writes.last());
        }
    }
}
