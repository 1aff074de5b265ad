//! A MariaDB outside the cluster: its own port, its own data directory, ended with the test.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::harness::{PATIENCE, has, text};

pub(crate) struct MariaDb {
    child: Child,
    port: u16,
    directory: tempfile::TempDir,
}

impl MariaDb {
    /// With the tutorial's schema, and its user `test_user` who has no password. `None` where there is no MariaDB.
    pub(crate) fn start(schema: &str) -> Option<Self> {
        if !(has("mariadbd") && has("mariadb-install-db")) {
            return None;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let data = directory.path().join("data");
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(user())
            .arg(format!("--datadir={}", data.display()))
            .output()
            .expect("mariadb-install-db runs");
        assert!(installed.status.success(), "{}", text(&installed.stderr));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let init = directory.path().join("init.sql");
        // the server reads one statement a line
        let grants = "create database example;\ncreate user 'test_user'@'%';\ngrant all on example.* to 'test_user'@'%';";
        std::fs::write(&init, format!("{grants}\nuse example;\n{}\n", schema.replace('\n', " ")))
            .expect("it can be written");
        let child = start(directory.path(), &data, &init, port);
        let database = Self { child, port, directory };
        database.wait();
        Some(database)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What a query prints, without headings.
    pub(crate) fn query(&self, sql: &str) -> String {
        let socket = self.directory.path().join("socket");
        let output = Command::new("mariadb")
            .args(["--no-defaults", "-N", "-B", "-utest_user", "example", "-e", sql])
            .arg(format!("--socket={}", socket.display()))
            .output()
            .expect("mariadb runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "MariaDB does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn start(directory: &Path, data: &Path, init: &Path, port: u16) -> Child {
    Command::new("mariadbd")
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"])
        .args(user())
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", directory.join("socket").display()))
        .arg(format!("--pid-file={}", directory.join("pid").display()))
        .arg(format!("--init-file={}", init.display()))
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mariadbd starts")
}

/// The server refuses to run as root unless told to.
fn user() -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt as _;
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root.then_some("--user=root")
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
