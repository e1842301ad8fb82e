//! The real binary.

use serde_json::Value;
use std::process::{Command, Stdio};

/// How the binary ended, and what it said.
#[derive(Debug)]
pub struct Run {
    /// Its exit status.
    pub status: i32,
    /// The answer.
    pub stdout: String,
    /// The error.
    pub stderr: String,
}

impl Run {
    /// The answer as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error of a run that ended with this status, without the program's name.
    #[track_caller]
    pub fn error(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.stdout, "");
        let line =
            self.stderr.strip_prefix("talvix-analyst: ").expect("an error names the program");
        let line = line.strip_suffix('\n').expect("an error is a line");
        assert!(!line.contains('\n'), "{line}");
        line
    }
}

/// Runs the binary with none of the caller's settings.
pub fn analyst(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_talvix-analyst"));
    command.args(args).stdin(Stdio::null()).env_remove("TALVIX_SNAPSHOTS");
    let output = command.output().expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
    Run {
        status: output.status.code().expect("no signal ends it"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
