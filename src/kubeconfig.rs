//! What `kubectl` reads to find the cluster: a file of its own, or the context `coracle` in the user's.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

/// The name of our cluster, user and context.
pub(crate) const CONTEXT: &str = "coracle";

/// Where the kubeconfig goes.
pub(crate) struct Target {
    path: PathBuf,
    /// Whether what others wrote there stays.
    merge: bool,
}

impl Target {
    /// `file` if given; else what `kubectl` would write to: the first file of `$KUBECONFIG`, or `~/.kube/config`.
    pub(crate) fn choose(file: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(path) = file {
            return Ok(Self { path, merge: false });
        }
        let listed = std::env::var_os("KUBECONFIG");
        let first = listed.as_deref().and_then(|list| std::env::split_paths(list).find(|path| !path.as_os_str().is_empty()));
        let home = || std::env::home_dir().map(|home| home.join(".kube/config"));
        let path =
            first.or_else(home).context("there is no home directory to keep a kubeconfig in\nhint: `--kubeconfig FILE`")?;
        Ok(Self { path, merge: true })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `own` (one cluster, one user, one context) and makes it the current context.
    pub(crate) fn write(&self, own: &Value) -> anyhow::Result<()> {
        let old = if self.merge { read(&self.path)? } else { Value::Null };
        let merged = merge(old, own);
        let text = serde_yaml::to_string(&merged).context("cannot write the kubeconfig as YAML")?;
        replace(&self.path, &text).with_context(|| format!("cannot write the kubeconfig `{}`", self.path.display()))
    }
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(error) => return Err(error).with_context(|| format!("cannot read the kubeconfig `{}`", path.display())),
    };
    let value: Value = serde_yaml::from_str(&text).with_context(|| {
        format!("the kubeconfig `{}` is not YAML\nhint: `--kubeconfig FILE` leaves it alone", path.display())
    })?;
    anyhow::ensure!(value.is_null() || value.is_object(), "the kubeconfig `{}` is not a mapping", path.display());
    Ok(value)
}

/// `old` with the entries of `own` added, or put in the place of those with their name.
fn merge(old: Value, own: &Value) -> Value {
    if old.is_null() {
        return own.clone();
    }
    let mut merged = old;
    for list in ["clusters", "users", "contexts"] {
        let entries = own[list].as_array().into_iter().flatten();
        for entry in entries {
            let kept = merged[list].as_array().into_iter().flatten().filter(|old| old["name"] != entry["name"]);
            merged[list] = kept.cloned().chain([entry.clone()]).collect();
        }
    }
    for field in ["apiVersion", "kind", "current-context"] {
        merged[field] = own[field].clone();
    }
    merged
}

/// Atomically, and for the user's eyes only: it holds a key. A link stays a link.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let temporary = path.with_extension(format!("coracle-{}", std::process::id()));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    })();
    if written.is_err() {
        // the error that counts is the first one; a left-over file is only untidy
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn own() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": CONTEXT,
            "clusters": [{ "name": CONTEXT, "cluster": { "server": "https://127.0.0.1:6443" } }],
            "users": [{ "name": CONTEXT, "user": {} }],
            "contexts": [{ "name": CONTEXT, "context": { "cluster": CONTEXT, "user": CONTEXT } }],
        })
    }

    #[test]
    fn what_others_wrote_stays() {
        let old = json!({
            "current-context": "work", "preferences": { "colors": true },
            "clusters": [{ "name": "work", "cluster": {} }, { "name": CONTEXT, "cluster": { "server": "https://old" } }],
            "contexts": [{ "name": "work", "context": {} }], "users": null,
        });
        let merged = merge(old, &own());
        assert_eq!(merged["current-context"], CONTEXT);
        assert_eq!(merged["preferences"]["colors"], true);
        assert_eq!(merged["contexts"].as_array().map(Vec::len), Some(2));
        let clusters = merged["clusters"].as_array().unwrap();
        assert_eq!(clusters.iter().map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(), ["work", CONTEXT]);
        assert_eq!(clusters[1], own()["clusters"][0]);
        assert_eq!(merge(merged.clone(), &own()), merged, "a second start changes nothing");
    }

    #[test]
    fn a_file_is_private_and_its_folder_is_made() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let target = Target { path: directory.path().join("new/config"), merge: true };
        target.write(&own()).unwrap();
        target.write(&own()).unwrap();
        assert_eq!(fs::metadata(target.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(target.path()).unwrap(), own());
        assert_eq!(fs::read_dir(directory.path().join("new")).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        fs::write(&path, "- not\n- a mapping\n").unwrap();
        assert!(Target { path: path.clone(), merge: true }.write(&own()).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "- not\n- a mapping\n");
    }
}
