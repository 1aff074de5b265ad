//! A `coracle up` process of one's own, and what it takes from the machine.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

/// A cluster process; ended when dropped.
pub(crate) struct Process {
    child: Child,
    directory: PathBuf,
    address: Ipv4Addr,
    /// From exec to the line that says that the node is Ready.
    pub(crate) took: Duration,
}

impl Process {
    pub(crate) fn start(directory: &Path) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(2);
        let address = Ipv4Addr::new(127, 77, (std::process::id() % 250) as u8, NEXT.fetch_add(1, Ordering::Relaxed));
        let began = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_coracle"));
        command.args(["--log", "warn", "up", "--listen", &format!("{address}:0")]);
        command.arg("--data-dir").arg(directory.join("data")).arg("--kubeconfig").arg(directory.join("kubeconfig"));
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("coracle starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let up = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("cluster up"));
        let took = began.elapsed();
        up.expect("coracle says that it is up");
        // the pipe must not fill
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, directory: directory.to_owned(), address, took }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.join("kubeconfig")
    }

    pub(crate) fn pki(&self) -> PathBuf {
        self.directory.join("data/pki")
    }

    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        (self.address, port).into()
    }

    /// Puts the `hello` sample into the node's store.
    pub(crate) fn load_hello(&self) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/hello/hello.wasm");
        let mut command = Command::new(env!("CARGO_BIN_EXE_coracle"));
        command.args(["load", file, "bench/hello:v1", "--kubeconfig"]).arg(self.kubeconfig()).stdout(Stdio::null());
        assert!(command.status().expect("coracle runs").success());
    }

    /// CPU time of all its threads that still live.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("the process lives");
        let files = tasks.flatten().map(|task| task.path().join("schedstat"));
        // a thread that ended meanwhile is not counted
        files.filter_map(|file| fs::read_to_string(file).ok()).map(|text| spent(&text)).sum()
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM: the next start finds what an orderly end leaves
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// CPU time of the calling thread.
pub(crate) fn own_cpu() -> Duration {
    spent(&fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts"))
}

fn spent(schedstat: &str) -> Duration {
    Duration::from_nanos(schedstat.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds first"))
}
