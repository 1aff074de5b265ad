//! Commands and core modules as processes: exit codes, limits, files, environment.
use crate::harness::{COMMAND, CORE, Setup, engine, engine_with, run};
use engine::{Exit, Mount, Reason};
use std::{fs, time::Duration};

#[tokio::test]
async fn exit_codes_come_through() {
    for code in ["0", "7"] {
        let (exit, _) = run(CORE, Setup::args(&["exit", code])).await;
        assert_eq!(exit.code.to_string(), code);
        assert_eq!(exit.reason == Reason::Completed, code == "0");
    }
    let (exit, _) = run(COMMAND, Setup::args(&["exit-with-code", "7"])).await;
    assert_eq!(exit, Exit { code: 7, reason: Reason::Error, message: String::new() });
    // what Rust's std calls in a component knows success and failure only: the code is lost before it gets here
    assert_eq!(run(COMMAND, Setup::args(&["exit", "7"])).await.0.code, 1);
    assert_eq!(run(COMMAND, Setup::args(&["print"])).await.0.code, 0);
}

#[tokio::test]
async fn a_trap_ends_with_134_and_says_where() {
    for wasm in [COMMAND, CORE] {
        let (exit, _) = run(wasm, Setup::args(&["trap"])).await;
        assert_eq!((exit.code, exit.reason), (134, Reason::Error));
        assert!(exit.message.starts_with("wasm trap: wasm `unreachable` instruction executed\n"), "{}", exit.message);
        assert!(exit.message.contains("wasm backtrace:"), "{}", exit.message);
    }
}

#[tokio::test]
async fn output_goes_where_it_should() {
    for wasm in [COMMAND, CORE] {
        let running = Setup::args(&["print"]).start(&engine(), wasm).await;
        running.exited().await;
        assert_eq!((running.stdout.text().as_str(), running.stderr.text().as_str()), ("to stdout\n", "to stderr\n"));
    }
}

#[tokio::test]
async fn environment_and_input_are_the_workloads_own() {
    for wasm in [COMMAND, CORE] {
        let setup = Setup { env: vec![("A", "1"), ("B", "x y")], ..Setup::args(&["env"]) };
        assert_eq!(run(wasm, setup).await.1, "A=1\nB=x y\n");
        assert_eq!(run(wasm, Setup::args(&["stdin"])).await.1, "0\n");
    }
}

#[tokio::test]
async fn files_are_the_mounts_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("note"), "hello").unwrap();
    let mount = |read_only| vec![Mount { host: dir.path().into(), guest: "/data".to_owned(), read_only }];
    for wasm in [COMMAND, CORE] {
        let read = |path| Setup { mounts: mount(true), ..Setup::args(&["read", path]) };
        assert_eq!(run(wasm, read("/data/note")).await.1, "Ok(\"hello\")\n");
        for outside in ["/etc/hostname", "/data/../../../../etc/hostname"] {
            let printed = run(wasm, read(outside)).await.1;
            assert!(printed.starts_with("Err("), "{outside}: {printed}");
        }
        let write = |read_only| Setup { mounts: mount(read_only), ..Setup::args(&["write", "/data/new", "text"]) };
        assert!(run(wasm, write(true)).await.1.starts_with("Err("));
        assert!(!dir.path().join("new").exists());
        assert_eq!(run(wasm, write(false)).await.1, "Ok(())\n");
        fs::remove_file(dir.path().join("new")).unwrap();
    }
}

#[tokio::test]
async fn beyond_the_memory_limit_it_is_killed() {
    for wasm in [COMMAND, CORE] {
        let setup = |limit| Setup { memory_limit: Some(limit), ..Setup::args(&["allocate", "20000000"]) };
        let (exit, printed) = run(wasm, setup(40 << 20)).await;
        assert_eq!((exit.code, printed.as_str()), (0, "20000000\n"));
        let (exit, printed) = run(wasm, setup(10 << 20)).await;
        assert_eq!((exit.code, exit.reason, printed.as_str()), (137, Reason::OomKilled, ""));
    }
}

#[tokio::test]
async fn a_spinning_process_shares_its_thread_is_metered_and_can_be_killed() {
    let engine = engine_with(1, 4);
    for wasm in [COMMAND, CORE] {
        let spinning = Setup::args(&["spin"]).start(&engine, wasm).await;
        let beside = Setup::args(&["print"]).start(&engine, CORE).await;
        assert_eq!(beside.exited().await.code, 0);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let usage = spinning.guest.usage();
        assert!(usage.cpu_nanos > 5_000_000 && usage.memory_bytes > 0, "{usage:?}");
        spinning.guest.kill();
        assert_eq!(spinning.exited().await.code, 137);
        tokio::time::sleep(Duration::from_millis(20)).await; // its last slice is charged when it ends
        let used = spinning.guest.usage();
        assert_eq!(used.memory_bytes, 0, "its memory is given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(spinning.guest.usage().cpu_nanos, used.cpu_nanos, "it does not run any more");
    }
}

#[tokio::test]
async fn a_sleeping_process_costs_no_time_and_ends_with_its_last_handle() {
    let engine = engine();
    let sleeping = Setup::args(&["sleep", "60000"]).start(&engine, CORE).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let used = sleeping.guest.usage().cpu_nanos;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(sleeping.guest.usage().cpu_nanos, used);
    let exited = sleeping.guest.exited();
    sleeping.guest.kill();
    assert_eq!(exited.await.code, 137);
}

#[tokio::test]
async fn when_the_pool_is_full_processes_run_beside_it() {
    let engine = engine_with(1, 1);
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(Setup::args(&["spin"]).start(&engine, CORE).await);
    }
    tokio::time::sleep(Duration::from_millis(60)).await;
    for one in &running {
        assert!(one.guest.usage().cpu_nanos > 0 && one.guest.usage().memory_bytes > 0);
        one.guest.kill();
        assert_eq!(one.exited().await.code, 137);
    }
}

#[tokio::test]
async fn a_cpu_limit_is_a_quota_and_may_change() {
    let engine = engine_with(1, 4);
    let spinning = Setup { cpu_quota: Some(200), ..Setup::args(&["spin"]) }.start(&engine, CORE).await;
    let share = async || {
        let (before, began) = (spinning.guest.usage().cpu_nanos, std::time::Instant::now());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        (spinning.guest.usage().cpu_nanos - before) as f64 / began.elapsed().as_nanos() as f64
    };
    let limited = share().await;
    // 15 periods and the borders of two
    assert!((0.1..0.225).contains(&limited), "{limited}");
    spinning.guest.set_limits(None, None);
    let free = share().await;
    assert!(free > limited, "{free}");
}
