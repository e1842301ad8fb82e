//! Stopping between two chunks when a signal asks for it.

use crate::failure::{Failure, Status};
use anyhow::anyhow;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

/// Whether a signal has asked the run to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU8>);

impl Stop {
    /// Listens for SIGINT and SIGTERM. The second signal ends the process at once; what is in
    /// flight is rolled back by the server, or never linked.
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
                        std::process::exit(i32::from(status as u8));
                    }
                    tracing::warn!("stopping after what is in flight; once more stops at once");
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
        Err(Failure::new(
            status,
            anyhow!("stopped by a signal; what was committed stays, the next run does the rest"),
        ))
    }
}
