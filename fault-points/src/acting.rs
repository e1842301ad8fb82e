//! What happens at a place when a test asks for it.

use fail::{FailScenario, fail_point};
use nix::sys::signal::{Signal, raise};
use std::io;

/// What `FAILPOINTS` asked for.
pub(crate) struct Scenario(
    #[expect(dead_code, reason = "dropped at the end")] FailScenario<'static>,
);

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scenario")
    }
}

impl Scenario {
    pub(crate) fn read() -> Self {
        Scenario(FailScenario::setup())
    }
}

pub(crate) fn point(name: &'static str) {
    fail_point!(name, |action| act(name, action.as_deref()));
}

pub(crate) fn io(name: &'static str) -> io::Result<()> {
    fail_point!(name, |action| match action.as_deref() {
        Some("eio") => Err(io::Error::from_raw_os_error(nix::libc::EIO)),
        Some("enospc") => Err(io::Error::from_raw_os_error(nix::libc::ENOSPC)),
        action => {
            act(name, action);
            Ok(())
        }
    });
    Ok(())
}

fn act(name: &str, action: Option<&str>) {
    match action {
        Some("kill") => {
            let _ = raise(Signal::SIGKILL);
        }
        Some("term") => {
            let _ = raise_in_process(Signal::SIGTERM);
        }
        Some("int") => {
            let _ = raise_in_process(Signal::SIGINT);
        }
        Some("pause") => {
            say(name);
            loop {
                std::thread::park();
            }
        }
        Some("wait") => {
            say(name);
            let go = std::env::var_os("FAULT_POINTS_GO").unwrap_or_default();
            while !std::path::Path::new(&go).exists() {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        other => say(&format!("{name}: there is no action {other:?}")),
    }
}

/// To the process, as another one would send it, and not to this thread.
fn raise_in_process(signal: Signal) -> nix::Result<()> {
    nix::sys::signal::kill(nix::unistd::Pid::this(), signal)
}

#[expect(clippy::print_stderr, reason = "a test waits for this line, whatever the log's level")]
fn say(what: &str) {
    eprintln!("fault point {what}");
}
