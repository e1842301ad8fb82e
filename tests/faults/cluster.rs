//! A PostgreSQL server of a case's own, to be killed, restarted and copied.

use crate::support::run_unprivileged;
use fs_err as fs;
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use talvix_pg::Conninfo;
use tempfile::TempDir;

/// Gone when the case ends.
pub struct Cluster {
    folder: TempDir,
    pub port: u16,
}

impl Cluster {
    pub fn start() -> Self {
        let cluster = Cluster::empty();
        let data = cluster.data().display().to_string();
        cluster.program(
            "initdb",
            &[
                "-D",
                &data,
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        cluster.up();
        cluster
    }

    /// A copy of this one that follows it and only reads.
    pub fn standby(&self) -> Self {
        let standby = Cluster::empty();
        let (data, port) = (standby.data().display().to_string(), self.port.to_string());
        standby.program(
            "pg_basebackup",
            &[
                "-D",
                &data,
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-R",
                "--no-sync",
                "--checkpoint=fast",
            ],
        );
        standby.up();
        standby
    }

    fn empty() -> Self {
        // Not below TMPDIR, which may be long: the path of a socket must be short.
        let folder = tempfile::Builder::new().prefix("talvix-faults.").tempdir_in("/tmp").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Cluster { folder, port }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn admin(&self) -> Conninfo {
        let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port);
        Conninfo::resolve(Some(&url), &|_| None, None).unwrap()
    }

    pub fn up(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40 \
             -c shared_buffers=64MB",
            self.port,
            self.folder.path().display()
        );
        let (data, log) = (self.data(), self.folder.path().join("log"));
        self.program(
            "pg_ctl",
            &["-D", text(&data), "-l", text(&log), "-w", "-t", "60", "-o", &options, "start"],
        );
    }

    /// `fast` ends all sessions in order, `immediate` like a crash.
    pub fn down(&self, mode: &str) {
        self.program("pg_ctl", &["-D", text(&self.data()), "-m", mode, "-w", "stop"]);
    }

    fn program(&self, name: &str, args: &[&str]) {
        let folder = std::env::var_os("TALVIX_TEST_PG_BIN")
            .expect("TALVIX_TEST_PG_BIN is not set: run scripts/faults or scripts/test");
        let mut command = Command::new(Path::new(&folder).join(name));
        command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        // The server goes on, and must not hold what the tests print into.
        let errors = self.folder.path().join("errors");
        command.stderr(fs::File::create(&errors).unwrap().into_parts().0);
        run_unprivileged(&mut command, &[self.folder.path()]);
        let status = command.status().unwrap();
        let said = fs::read_to_string(&errors).unwrap_or_default();
        assert!(status.success(), "{name}: {said}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() && !std::thread::panicking() {
            self.down("immediate");
        } else if let Ok(pid) = fs::read_to_string(self.data().join("postmaster.pid")) {
            let pid = pid.lines().next().unwrap_or_default();
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
