//! When each phase of a night was at work.

use jiff::Timestamp;
use std::time::{Duration, Instant};
use talvix_report::run::Span;

/// When something was done, and how long of that it was busy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// From when to when; none where there was nothing to do.
    pub between: Option<(Instant, Instant)>,
    /// How long of that.
    pub busy: Duration,
}

impl Work {
    /// Adds what was begun then and is done now.
    pub fn add(&mut self, began: Instant) {
        let now = Instant::now();
        let (first, _) = self.between.unwrap_or((began, now));
        self.between = Some((first, now));
        self.busy += now - began;
    }

    /// The work of two who did it beside each other: as long as either, as busy as the busier.
    pub fn beside(self, other: Work) -> Work {
        let between = match (self.between, other.between) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, None) | (None, one) => one,
        };
        Work { between, busy: self.busy.max(other.busy) }
    }
}

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

    /// Adds a phase that there was something to do in.
    pub fn work(&mut self, phase: &str, work: Work) {
        if let Some((from, to)) = work.between {
            self.add(phase, from, to, work.busy);
        }
    }

    /// The phases so far, by when they began.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.spans.clone();
        spans.sort_by(|a, b| a.from.total_cmp(&b.from));
        spans
    }
}
