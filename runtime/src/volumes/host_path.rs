//! `hostPath`: a place of the host's, if it is of the kind that was asked for.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::Path,
};

pub(super) fn check(place: &Path, kind: &str) -> io::Result<()> {
    let is = |found: bool, what: &str| {
        let message = format!("hostPath type check failed: {} is not {what}", place.display());
        if found { Ok(()) } else { Err(io::Error::other(message)) }
    };
    let file_type = || fs::metadata(place).ok().map(|meta| meta.file_type());
    match kind {
        // the container runtime makes what is missing
        "" if place.exists() => Ok(()),
        "" | "DirectoryOrCreate" => {
            fs::create_dir_all(place)?;
            is(place.is_dir(), "a directory")
        }
        "Directory" => is(place.is_dir(), "a directory"),
        "File" => is(place.is_file(), "a file"),
        "FileOrCreate" => {
            if !place.exists() {
                fs::write(place, [])?;
                fs::set_permissions(place, fs::Permissions::from_mode(0o644))?;
            }
            is(place.is_file(), "a file")
        }
        "Socket" => is(file_type().is_some_and(|kind| kind.is_socket()), "a socket file"),
        "CharDevice" => is(file_type().is_some_and(|kind| kind.is_char_device()), "a character device"),
        "BlockDevice" => is(file_type().is_some_and(|kind| kind.is_block_device()), "a block device"),
        other => Err(io::Error::other(format!("unknown hostPath type {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_path_must_be_what_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        fs::create_dir(dir.path().join("dir")).unwrap();
        for (name, kind, expected) in [
            ("dir", "Directory", Ok(())),
            ("dir", "", Ok(())),
            ("file", "", Ok(())),
            ("new", "", Ok(())),
            ("new/dir", "DirectoryOrCreate", Ok(())),
            ("new/file", "FileOrCreate", Ok(())),
            ("file", "File", Ok(())),
            ("none", "Directory", Err("is not a directory")),
            ("dir", "File", Err("is not a file")),
            ("file", "Directory", Err("is not a directory")),
            ("file", "Socket", Err("is not a socket file")),
            ("file", "CharDevice", Err("is not a character device")),
            ("file", "BlockDevice", Err("is not a block device")),
        ] {
            let checked = check(&dir.path().join(name), kind).map_err(|error| error.to_string());
            match expected {
                Ok(()) => assert_eq!(checked, Ok(()), "{name} {kind}"),
                Err(end) => assert!(checked.unwrap_err().ends_with(end), "{name} {kind}"),
            }
        }
    }
}
