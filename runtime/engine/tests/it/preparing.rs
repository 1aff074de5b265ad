//! From bytes to code: kinds, cache, imports.
use crate::harness::{COMMAND, CORE, HANDLER, Setup, digest, engine};
use bytes::Bytes;
use engine::{Config, Engine, Error, GuestKind};
use std::{fs, path::Path};

fn fresh(dir: &Path) -> Engine {
    Engine::new(Config { cache_dir: dir.into(), threads: 1, max_instances: 4 }).unwrap()
}

/// A module whose exit code is a constant, so that code mixed up or changed would show.
fn exits(code: u8) -> Bytes {
    let text = format!(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
             (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {code}))))"#
    );
    Bytes::from(wat::parse_str(text).unwrap())
}

async fn exit_code(engine: &Engine, wasm: &Bytes) -> i32 {
    let module = engine.prepare(&digest(wasm), wasm.clone()).await.unwrap();
    engine.start(&module, Setup::default().workload().0).await.unwrap().exited().await.code
}

#[tokio::test]
async fn kinds_of_built_guests() {
    let engine = engine();
    for (wasm, kind) in [(HANDLER, GuestKind::Handler), (COMMAND, GuestKind::Command), (CORE, GuestKind::Core)] {
        assert_eq!(GuestKind::of(wasm).unwrap(), kind);
        assert_eq!(engine.prepare(&digest(wasm), Bytes::from_static(wasm)).await.unwrap().kind(), kind);
    }
}

#[tokio::test]
async fn code_is_found_again_by_its_digest_alone() {
    let dir = tempfile::tempdir().unwrap();
    let wasm = exits(3);
    assert!(fresh(dir.path()).cached(&digest(&wasm)).is_none());
    assert_eq!(exit_code(&fresh(dir.path()), &wasm).await, 3);
    let later = fresh(dir.path());
    let module = later.cached(&digest(&wasm)).expect("it was compiled before");
    let guest = later.start(&module, Setup::default().workload().0).await.unwrap();
    assert_eq!(guest.exited().await.code, 3);
}

#[tokio::test]
async fn tampered_or_truncated_code_is_compiled_again_and_never_run() {
    let dir = tempfile::tempdir().unwrap();
    let (good, evil) = (exits(3), exits(66));
    let engine = fresh(dir.path());
    exit_code(&engine, &good).await;
    exit_code(&engine, &evil).await;
    let code_of = |wasm: &Bytes| {
        let name = digest(wasm).replace(':', "-");
        let files = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|p| p.to_str().unwrap().contains(&name) && p.extension().unwrap() == "cwasm").unwrap()
    };
    let (good_file, evil_code) = (code_of(&good), fs::read(code_of(&evil)).unwrap());

    // valid machine code of the same engine: only the checksum tells
    fs::write(&good_file, evil_code).unwrap();
    assert!(fresh(dir.path()).cached(&digest(&good)).is_none());
    assert_eq!(exit_code(&fresh(dir.path()), &good).await, 3);

    let whole = fs::read(&good_file).unwrap();
    fs::write(&good_file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(exit_code(&fresh(dir.path()), &good).await, 3);
    assert_eq!(fs::read(&good_file).unwrap(), whole, "and it is whole again");
}

#[tokio::test]
async fn many_who_want_the_same_code_get_it() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, wasm) = (fresh(dir.path()), exits(9));
    let name = digest(&wasm);
    let wanted = (0..8).map(|_| engine.prepare(&name, wasm.clone()));
    for module in futures::future::join_all(wanted).await {
        assert_eq!(module.unwrap().digest(), digest(&wasm));
    }
}

#[tokio::test]
async fn missing_imports_are_listed_before_anything_runs() {
    let engine = engine();
    let cases = [
        (
            r#"(module (import "env" "one" (func)) (import "env" "two" (func)) (import "wasi_snapshot_preview1" "sched_yield"
                 (func (result i32))) (func (export "_start") unreachable))"#,
            "`test` imports what this node does not provide: env::one, env::two",
        ),
        (
            r#"(component (import "acme:store/keys@1.0.0" (instance (export "get" (func))))
                 (import "wasi:cli/environment@0.2.0" (instance))
                 (instance $run) (export "wasi:cli/run@0.2.0" (instance $run)))"#,
            "`test` imports what this node does not provide: acme:store/keys@1.0.0",
        ),
    ];
    for (text, message) in cases {
        let wasm = Bytes::from(wat::parse_str(text).unwrap());
        let module = engine.prepare(&digest(&wasm), wasm).await.unwrap();
        let refused = engine.start(&module, Setup::default().workload().0).await.err().unwrap();
        assert!(matches!(refused, Error::Import { .. }));
        assert_eq!(refused.to_string(), message);
    }
}

#[tokio::test]
async fn what_cannot_be_compiled_is_refused_and_may_be_tried_again() {
    let engine = engine();
    let broken = Bytes::from_static(b"\0asm\x01\0\0\0\x01\x04");
    for _ in 0..2 {
        assert!(engine.prepare("sha256:broken", broken.clone()).await.is_err());
    }
}
