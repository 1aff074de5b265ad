//! A cluster of one's own, `kubectl`, and how to wait for what they show.

use std::{
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        atomic::{AtomicU8, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// Nothing here takes longer, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A `coracle up` process with a data directory of its own, killed at the end. Its logs are shown when the test fails.
pub(crate) struct Cluster {
    child: Option<Child>,
    directory: tempfile::TempDir,
    address: Ipv4Addr,
    port: u16,
}

impl Cluster {
    /// `None` where there is no `kubectl` to look with; in CI that is a failure.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        if !has("kubectl") {
            return None;
        }
        // every cluster gets a loopback address of its own, or two would fight for a NodePort
        static NEXT: AtomicU8 = AtomicU8::new(2);
        let address = Ipv4Addr::new(127, 0, (std::process::id() % 250) as u8, NEXT.fetch_add(1, Ordering::Relaxed));
        let mut cluster = Self { child: None, directory: tempfile::tempdir().expect("a directory"), address, port: 0 };
        cluster.up(arguments);
        Some(cluster)
    }

    /// Starts the process (again) and waits until its nodes are Ready.
    pub(crate) fn up(&mut self, arguments: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coracle"));
        command.args(["--log", "info", "up", "--listen", &format!("{}:{}", self.address, self.port)]);
        command.arg("--data-dir").arg(self.directory.path().join("data"));
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("coracle starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (line, lines) = mpsc::channel();
        let log = self.directory.path().join("log");
        std::thread::spawn(move || {
            let mut kept = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
            for text in stderr.lines().map_while(Result::ok) {
                use std::io::Write as _;
                writeln!(kept, "{text}").expect("the log can be written");
                if text.starts_with("cluster up") || text.starts_with("error") {
                    let _ = line.send(text);
                }
            }
        });
        self.child = Some(child);
        let first = lines.recv_timeout(PATIENCE).expect("coracle says that it is up");
        assert!(first.starts_with("cluster up"), "{first}");
        let url = first.split("https://").nth(1).expect("the line names the address");
        self.port = url.split([':', ' ']).nth(1).and_then(|port| port.parse().ok()).expect("and the port");
    }

    /// SIGKILL: no goodbye.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("SIGKILL");
        child.wait().expect("it ended");
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it runs");
        let done = Command::new("kill").arg(child.id().to_string()).status().expect("kill");
        assert!(done.success());
        child.wait().expect("it ended").code()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// Another command of the binary, against this cluster.
    pub(crate) fn coracle(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coracle"));
        command.args(arguments).env("KUBECONFIG", self.kubeconfig()).output().expect("coracle runs")
    }

    /// Loads a sample under an image name.
    pub(crate) fn load(&self, sample: &str, image: &str) {
        let file = format!("{}/samples/{sample}/{sample}.wasm", env!("CARGO_MANIFEST_DIR"));
        let done = self.coracle(&["load", &file, image]);
        assert!(done.status.success(), "{}", text(&done.stderr));
    }

    /// Loads one of the tests' own guests as `example/NAME`.
    pub(crate) fn load_guest(&self, name: &str) {
        let file = format!("{}/tests/guests/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
        let done = self.coracle(&["load", &file, &format!("example/{name}")]);
        assert!(done.status.success(), "{}", text(&done.stderr));
    }

    pub(crate) fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments).env("HOME", self.directory.path());
        command
    }

    /// What `kubectl` prints; it must succeed.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.kubectl_command(arguments).output().expect("kubectl runs");
        assert!(output.status.success(), "kubectl {}: {}", arguments.join(" "), text(&output.stderr));
        text(&output.stdout)
    }

    /// What `kubectl` says on stderr; it must fail.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.kubectl_command(arguments).output().expect("kubectl runs");
        assert!(!output.status.success(), "kubectl {} succeeded: {}", arguments.join(" "), text(&output.stdout));
        text(&output.stderr)
    }

    /// Applies a manifest given as text.
    #[track_caller]
    pub(crate) fn apply(&self, verb: &str, manifest: &str) -> String {
        let file = tempfile::NamedTempFile::new_in(self.directory.path()).expect("a file");
        std::fs::write(file.path(), manifest).expect("it can be written");
        self.kubectl(&[verb, "-f", file.path().to_str().expect("a path in UTF-8")])
    }

    /// Asks again until `found` is content with what `kubectl` prints; for what no `kubectl wait` can say.
    #[track_caller]
    pub(crate) fn eventually(&self, arguments: &[&str], found: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let output = self.kubectl_command(arguments).output().expect("kubectl runs");
            let printed = text(&output.stdout);
            if output.status.success() && found(&printed) {
                return printed;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "kubectl {} never showed it; last:\n{printed}{}",
                arguments.join(" "),
                text(&output.stderr)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `address:port` of a Service's first NodePort.
    #[track_caller]
    pub(crate) fn node_port(&self, service: &str) -> String {
        let port = self.kubectl(&["get", "svc", service, "-o", "jsonpath={.spec.ports[0].nodePort}"]);
        let number: u16 = port.parse().expect("a port");
        assert!((30_000..=32_767).contains(&number), "{port}");
        format!("{}:{port}", self.address)
    }

    #[track_caller]
    pub(crate) fn wait_rolled_out(&self, deployment: &str) {
        self.kubectl(&["rollout", "status", &format!("deployment/{deployment}"), "--timeout=60s"]);
    }

    /// Names of the pods that a selector finds.
    #[track_caller]
    pub(crate) fn pods(&self, selector: &str) -> Vec<String> {
        let names = self.kubectl(&["get", "po", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}"]);
        names.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(80).collect();
            eprintln!("--- the cluster's log, its end:");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a program is on PATH. Where it is not the test is skipped, aloud; in CI it fails.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin".into(), "/usr/local/sbin".into()];
    let found = std::env::split_paths(&path).chain(extra).any(|directory: PathBuf| directory.join(program).is_file());
    assert!(found || std::env::var_os("CI").is_none(), "CI needs `{program}`");
    if !found {
        eprintln!("skipped: there is no `{program}` on PATH");
    }
    found
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
