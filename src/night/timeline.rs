//! When each phase of a night was at work.

use jiff::Timestamp;
use std::time::{Duration, Instant};
use talvix_report::run::Span;

/// The phases of a night, as they come.
#[derive(Debug)]
pub struct Timeline {
    began: Instant,
    /// When the night began, by the machine's clock.
    pub started_at: Timestamp,
    spans: Vec<Span>,
}

impl Timeline {
    /// A night that begins now.
    pub fn begin() -> Self {
        Timeline { began: Instant::now(), started_at: Timestamp::now(), spans: Vec::new() }
    }

    /// Since the night began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Adds a phase that began then and is through now, busy all the while. Says how long it took.
    pub fn end(&mut self, phase: &str, began: Instant) -> f64 {
        let busy = began.elapsed();
        self.add(phase, began, Instant::now(), busy);
        busy.as_secs_f64()
    }

    /// Adds a phase that was busy for a part of its time.
    pub fn add(&mut self, phase: &str, from: Instant, to: Instant, busy: Duration) {
        let since = |instant: Instant| instant.duration_since(self.began).as_secs_f64();
        self.spans.push(Span {
            phase: phase.to_owned(),
            from: since(from),
            to: since(to),
            busy: busy.as_secs_f64(),
        });
    }

    /// The phases so far, by when they began.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.spans.clone();
        spans.sort_by(|a, b| a.from.total_cmp(&b.from));
        spans
    }
}
