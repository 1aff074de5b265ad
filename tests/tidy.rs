//! The house rules that a compiler does not check.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Which of our crates may use which; everything else is a wall.
const EDGES: &[(&str, &[&str])] = &[
    ("apiserver/api", &[]),
    ("apiserver/api/generate", &[]),
    ("apiserver/store", &["api"]),
    ("apiserver/client", &["api"]),
    ("apiserver/controllers", &["api", "client"]),
    ("apiserver/scheduler", &["api", "client"]),
    ("apiserver", &["api", "store"]),
    ("runtime/engine", &[]),
    ("runtime", &["api", "client", "engine"]),
    (".", &["api", "apiserver", "client", "controllers", "runtime", "scheduler", "store"]),
];

/// Dependencies that belong to one crate.
const OWNERS: &[(&str, &str)] = &[
    ("sqlx", "apiserver/store"),
    ("wasmtime", "runtime/engine"),
    ("wasmtime-wasi", "runtime/engine"),
    ("wasmtime-wasi-http", "runtime/engine"),
    ("axum", "apiserver"),
];

/// The longest a file may be without being a god module.
const MOST_LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            walk(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(root(), &mut found);
    assert!(found.len() > 50, "the walk lost its way");
    found
}

/// Crate folder to the names in its `[dependencies]`.
fn dependencies() -> BTreeMap<&'static str, Vec<String>> {
    let read = |(folder, _): &(&'static str, &[&str])| {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("each crate has a manifest");
        let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty());
        (*folder, names.map(str::to_owned).collect())
    };
    EDGES.iter().map(read).collect()
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! "), "{}: the first line is `{first}`", path.display());
    }
}

#[test]
fn no_file_outgrows_its_room() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("@generated") {
            continue;
        }
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{}: {lines} lines", path.display());
    }
}

#[test]
fn crates_use_only_whom_they_may() {
    let ours = ["api", "apiserver", "client", "controllers", "engine", "runtime", "scheduler", "store"];
    let dependencies = dependencies();
    for (folder, allowed) in EDGES {
        for name in &dependencies[folder] {
            let wall = ours.contains(&name.as_str()) && !allowed.contains(&name.as_str());
            assert!(!wall, "`{folder}` may not use `{name}`");
        }
    }
}

#[test]
fn what_belongs_to_one_crate_stays_there() {
    for (folder, names) in dependencies() {
        for (dependency, owner) in OWNERS {
            assert!(folder == *owner || !names.iter().any(|name| name == dependency), "`{dependency}` belongs to `{owner}`");
        }
    }
}

#[test]
fn every_sample_is_whole_and_tested() {
    let tests = fs::read_to_string(root().join("tests/e2e/samples.rs")).unwrap();
    for entry in fs::read_dir(root().join("samples")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for file in ["README.md", "manifest.yaml", "Cargo.lock", &format!("{name}.wasm"), &format!("{name}.wasm.sha256")] {
            assert!(folder.join(file).is_file(), "samples/{name} lacks {file}");
        }
        let size = fs::metadata(folder.join(format!("{name}.wasm"))).unwrap().len();
        assert!(size < 200 * 1024, "samples/{name}/{name}.wasm has {size} bytes");
        assert!(tests.contains(&format!("fn {name}")), "samples/{name} has no test");
    }
}

#[test]
fn only_the_binary_reads_the_environment() {
    for path in sources() {
        let relative = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let guest = relative.starts_with("samples/") || relative.contains("/guests/");
        let test = relative.starts_with("tests/") || relative.contains("/tests/") || relative.contains("/benches/");
        if guest || test || relative.starts_with("src/") || relative.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
        assert!(
            !code.contains("env::var(") && !code.contains("env::var_os("),
            "{relative}: configuration is data, handed in"
        );
    }
}
