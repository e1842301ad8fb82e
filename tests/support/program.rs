//! The real binary, run to its end or watched while it works.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread::JoinHandle,
    time::Instant,
};

use serde_json::Value;

use super::place::{PATIENCE, Place};

/// How the binary ended, and what it said.
#[derive(Debug)]
pub struct Run {
    /// Its exit status; 128 and the signal's number when a signal ended it.
    pub status: i32,
    /// The report.
    pub stdout: String,
    /// The log.
    pub stderr: String,
}

impl Run {
    /// What stands on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same run, if it ended with this status.
    #[track_caller]
    pub fn ended(self, status: i32) -> Run {
        assert_eq!(self.status, status, "{}", self.stderr);
        self
    }

    fn of(output: Output) -> Run {
        let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Run {
            status: number(output.status),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

fn number(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap()
}

/// The binary with these arguments and none of the caller's settings.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_talvix"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PG") || text.starts_with("TALVIX_") || text == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub fn talvix(args: &[&str]) -> Run {
    Run::of(command(args).output().unwrap())
}

/// Runs a night that must succeed, and returns its report.
#[track_caller]
pub fn night(place: &dyn Place, as_of: &str, extra: &[&str]) -> Value {
    let source = place.source_args();
    let mut args = vec!["run", "--json", "--as-of", as_of];
    args.extend(source.iter().map(String::as_str));
    args.extend(extra);
    talvix(&args).ended(0).json()
}

/// Starts the binary, to be watched. A test that fails kills it.
pub fn spawn(args: &[&str]) -> Running {
    spawn_command(command(args))
}

/// The same with more said about how.
pub fn spawn_command(mut command: Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let printed = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    let log = Arc::new((Mutex::new(Log::default()), Condvar::new()));
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let writes = Arc::clone(&log);
    let logged = std::thread::spawn(move || {
        for line in stderr.lines() {
            writes.0.lock().unwrap().lines.push(line.unwrap());
            writes.1.notify_all();
        }
        writes.0.lock().unwrap().ended = true;
        writes.1.notify_all();
    });
    Running { child, printed: Some(printed), logged: Some(logged), log, seen: 0 }
}

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    ended: bool,
}

/// The binary at work.
pub struct Running {
    child: Child,
    printed: Option<JoinHandle<String>>,
    logged: Option<JoinHandle<()>>,
    log: Arc<(Mutex<Log>, Condvar)>,
    /// Lines before this one were waited for.
    seen: usize,
}

impl Running {
    /// Waits for a line of the log that holds this text, after the one that was waited for last.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        assert!(self.comes(text), "no {text:?} in the log:\n{}", self.stderr());
    }

    /// Waits like [`wait_for`](Self::wait_for); false when the log ends without such a line.
    pub fn comes(&mut self, text: &str) -> bool {
        let began = Instant::now();
        let mut log = self.log.0.lock().unwrap();
        loop {
            if let Some(at) = log.lines[self.seen..].iter().position(|line| line.contains(text)) {
                self.seen += at + 1;
                return true;
            }
            if log.ended || began.elapsed() > PATIENCE {
                return false;
            }
            log = self.log.1.wait_timeout(log, PATIENCE).unwrap().0;
        }
    }

    /// What was logged so far.
    pub fn stderr(&self) -> String {
        self.log.0.lock().unwrap().lines.join("\n")
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once, and waits until it is gone.
    pub fn kill(mut self) -> Run {
        self.child.kill().unwrap();
        self.end()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let stdout = self.printed.take().unwrap().join().unwrap();
        self.logged.take().unwrap().join().unwrap();
        let status = number(self.child.wait().unwrap());
        Run { status, stdout, stderr: self.stderr() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After its end there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
