//! Stopping between two chunks when a signal asks for it.

use crate::failure::{Failure, Status};
use anyhow::anyhow;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

/// How long what is in flight may take after a signal. Then the process ends all the same, which
/// rolls it back: a service manager's patience is not much longer.
const GRACE: Duration = Duration::from_secs(8);

/// Whether a signal has asked the run to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU8>);

impl Stop {
    /// Listens for SIGINT and SIGTERM. The second signal, or the end of the grace, ends the process
    /// at once; what is in flight is rolled back by the server, or never linked.
    pub fn on_signals(runtime: &Runtime) -> Result<Self, Failure> {
        let stop = Stop::default();
        let _inside = runtime.enter();
        for (kind, status) in [
            (SignalKind::interrupt(), Status::Interrupted),
            (SignalKind::terminate(), Status::Terminated),
        ] {
            let mut signals = signal(kind).map_err(Failure::failed)?;
            let asked = stop.0.clone();
            runtime.spawn(async move {
                while signals.recv().await.is_some() {
                    if asked.swap(status as u8, Ordering::Relaxed) != 0 {
                        end_now(status);
                    }
                    tracing::warn!("stopping after what is in flight; once more stops at once");
                    tokio::spawn(async move {
                        tokio::time::sleep(GRACE).await;
                        end_now(status);
                    });
                }
            });
        }
        Ok(stop)
    }

    /// Fails once a signal has asked to stop.
    pub fn check(&self) -> Result<(), Failure> {
        let status = match self.0.load(Ordering::Relaxed) {
            0 => return Ok(()),
            asked if asked == Status::Interrupted as u8 => Status::Interrupted,
            _ => Status::Terminated,
        };
        Err(Failure::new(status, anyhow!(STOPPED)))
    }
}

/// What a run says that a signal has stopped.
const STOPPED: &str = "stopped by a signal; what was committed stays, the next run does the rest";

/// Ends the process where it stands.
fn end_now(status: Status) -> ! {
    Failure::new(status, anyhow!("{STOPPED}; what was in flight is rolled back"))
        .print(crate::commands::logs_json());
    std::process::exit(i32::from(status as u8));
}
