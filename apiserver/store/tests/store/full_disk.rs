//! A full disk fails the writes it must, and nothing else.

use std::{path::Path, process::Command};

use api::Key;
use coracle_store::{Closed, Error, Watch};

use crate::item::{ITEM, draft, open};

/// Set for the process whose files may not grow: where it writes.
const DIR: &str = "CORACLE_TEST_FULL_DIR";

#[tokio::test]
async fn writes_fail_while_the_disk_is_full_and_work_again_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    // a file that hits the limit gives an error, as a full disk does, once the signal is ignored
    let script = r#"trap '' XFSZ; ulimit -S -f 2000; exec "$0" --exact full_disk::limited --ignored --nocapture"#;
    let output =
        Command::new("sh").arg("-c").arg(script).arg(std::env::current_exe().unwrap()).env(DIR, dir.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let acknowledged = stderr.lines().filter_map(|line| line.strip_prefix("acknowledged ")).next_back().unwrap();

    let store = open(dir.path(), 100).await;
    let names: Vec<_> = store.snapshot(&ITEM).iter_from(None).map(|object| object.key().name.to_string()).collect();
    assert_eq!(names.join(","), acknowledged);
    store.close().await;
}

/// Fills its disk, makes room, goes on.
#[tokio::test]
#[ignore = "is spawned by the other test, under a limit"]
async fn limited() {
    let dir = std::env::var(DIR).expect("only the other test runs this one");
    let store = open(Path::new(&dir), 100).await;
    let mut acknowledged = Vec::new();
    let padding = "x".repeat(200_000);
    let large = |name: &str| {
        let mut value =
            serde_json::json!({"metadata": {"namespace": "default", "name": name}, "spec": {"claim": format!("c/{name}")}});
        value["spec"]["padding"] = padding.clone().into();
        api::Draft::new(&ITEM, value)
    };
    let failed = loop {
        let name = format!("{:03}", acknowledged.len());
        match store.create(&ITEM, large(&name)).await {
            Ok(_) => acknowledged.push(name),
            Err(Error::Disk { .. }) => break name,
            Err(error) => panic!("{error}"),
        }
        assert!(acknowledged.len() < 100, "the limit does not limit");
    };
    assert_eq!(store.revision().0, acknowledged.len() as u64);
    assert!(store.get(&ITEM, &Key::new("default", &failed)).is_none());
    assert!(!store.claimed(&format!("c/{failed}")) && store.claimed("c/000"));
    let mut watch = store.watch(&ITEM, store.revision()).unwrap();

    let pid = std::process::id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
    assert!(lifted.success());
    store.create(&ITEM, large(&failed)).await.unwrap();
    store.create(&ITEM, draft(&ITEM, "z", 1, "")).await.unwrap();
    assert_eq!(first(&mut watch).await.unwrap(), failed);
    acknowledged.extend([failed, "z".to_owned()]);
    store.close().await;
    eprintln!("acknowledged {}", acknowledged.join(","));
}

async fn first(watch: &mut Watch) -> Result<String, Closed> {
    Ok(watch.next().await?[0].object.key().name.to_string())
}
