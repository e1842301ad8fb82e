//! What one input may cost: 64 MiB of memory beyond what was there before, and 100 ms of CPU time.
//!
//! Memory is counted by the allocator, [`Counting`], which the binary that runs checks must name as
//! its `#[global_allocator]`. All of the process counts, worker threads too; so one input at a time.

#![allow(unsafe_code, reason = "an allocator is unsafe to implement; this one only counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use nix::time::{ClockId, clock_gettime};

use crate::Check;

/// The most memory that an input may need.
pub const MAX_BYTES: usize = 64 << 20;

/// The longest that an input may take, in a release build.
pub const MAX_CPU: Duration = Duration::from_millis(100);

/// Asking for more than this fails at the place that asks: what runs away shall not take the
/// machine with it.
const MAX_LIVE_BYTES: usize = 1 << 30;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
#[derive(Debug)]
pub struct Counting;

impl Counting {
    fn add(bytes: usize) {
        PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    }

    fn is_too_much(bytes: usize) -> bool {
        LIVE.load(Relaxed).saturating_add(bytes) > MAX_LIVE_BYTES
    }
}

// SAFETY: every call is handed to the system's allocator as it came, or answered by null, which
// means that there is no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::is_too_much(layout.size()) {
            return std::ptr::null_mut();
        }
        Self::add(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Self::is_too_much(layout.size()) {
            return std::ptr::null_mut();
        }
        Self::add(layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if Self::is_too_much(new_size.saturating_sub(layout.size())) {
            return std::ptr::null_mut();
        }
        // Old and new exist side by side while the bytes are moved.
        Self::add(new_size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What one input took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Memory at its most, beyond what was there before.
    pub bytes: usize,
    /// CPU time of all threads.
    pub cpu: Duration,
}

/// CPU time of this process.
///
/// # Panics
///
/// Where the system has no such clock.
#[must_use]
pub fn process_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("a clock of CPU time").into()
}

/// Runs a check and measures it.
#[must_use]
pub fn measure(check: Check, input: &[u8]) -> Cost {
    let live = LIVE.load(Relaxed);
    PEAK.store(live, Relaxed);
    let start = process_cpu();
    (check.run)(input);
    let cpu = process_cpu().saturating_sub(start);
    Cost { bytes: PEAK.load(Relaxed).saturating_sub(live), cpu }
}

/// Runs a check and holds it to the limit of memory and to one of time: [`MAX_CPU`] for a release
/// build.
///
/// # Panics
///
/// Where it goes beyond one.
#[must_use]
pub fn hold(check: Check, input: &[u8], max_cpu: Duration) -> Cost {
    let mut cost = measure(check, input);
    if cost.cpu > max_cpu {
        // The machine may have been busy, or something was set up for the first time.
        let again = measure(check, input);
        cost = Cost { bytes: cost.bytes.max(again.bytes), cpu: cost.cpu.min(again.cpu) };
    }
    let Cost { bytes, cpu } = cost;
    assert!(bytes <= MAX_BYTES, "{}: an input took {} MiB of memory", check.name, bytes >> 20);
    assert!(cpu <= max_cpu, "{}: an input took {} ms", check.name, cpu.as_millis());
    cost
}
