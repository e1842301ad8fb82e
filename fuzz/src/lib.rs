//! What every target does with an input.

use std::{cell::Cell, env, fs, sync::LazyLock, time::Duration};

use nix::sys::signal::{Signal, raise};
use talvix_fuzz_checks::{
    CHECKS, Check,
    limits::{Cost, MAX_CPU, hold, process_cpu},
};

/// CPU time after which a target ends; libFuzzer itself only counts time on the wall.
static CPU_SECONDS: LazyLock<Option<Duration>> = LazyLock::new(|| {
    let seconds = env::var("TALVIX_FUZZ_CPU_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("TALVIX_FUZZ_CPU_SECONDS: seconds")))
});

thread_local! {
    static WORST: Cell<(Duration, usize)> = const { Cell::new((Duration::ZERO, 0)) };
}

/// libFuzzer takes every panic for an end. Those that the product expects of a decoder that is not
/// ours, and catches, are none.
static HOOK: LazyLock<()> = LazyLock::new(|| {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !talvix_fuzz_checks::parquet::is_decoding() {
            hook(panic);
        }
    }));
});

/// Holds an input to the check of this name and to the limits.
pub fn run(name: &str, input: &[u8]) {
    LazyLock::force(&HOOK);
    let check = CHECKS.into_iter().find(|check| check.name == name).expect("a check of this name");
    let cost = hold(check, input, MAX_CPU);
    note(check, cost);
    if CPU_SECONDS.is_some_and(|most| process_cpu() >= most) {
        // To libFuzzer: end in order, with the final figures.
        raise(Signal::SIGUSR1).expect("a signal to this process");
    }
}

/// Writes down the dearest input so far, for `scripts/fuzz`.
fn note(check: Check, cost: Cost) {
    let (cpu, bytes) = WORST.get();
    if cost.cpu <= cpu && cost.bytes <= bytes {
        return;
    }
    let (cpu, bytes) = (cost.cpu.max(cpu), cost.bytes.max(bytes));
    WORST.set((cpu, bytes));
    if let Ok(folder) = env::var("TALVIX_FUZZ_NOTES") {
        let figures = format!("{:.1} {:.1}\n", cpu.as_secs_f64() * 1e3, bytes as f64 / 1_048_576.0);
        fs::write(format!("{folder}/{}.cost", check.name), figures).expect("a folder for notes");
    }
}

/// A fuzz target: the check of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        #[global_allocator]
        static ALLOCATOR: talvix_fuzz_checks::limits::Counting =
            talvix_fuzz_checks::limits::Counting;

        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::run($name, input));
    };
}
