//! Faults in a night: whatever happens, nothing is lost and nothing is shown by halves.
//!
//! Every case is: a fault, a look at what it left, a plain run, a look, and a run that finds nothing
//! to do. `scene` makes the nights and knows how an undisturbed one ends; `checker` looks; the other
//! files are kinds of faults. The binary is built with the feature `fault-points`.
//!
//! `TALVIX_FAULTS` is `smoke` (a few cases of each kind) or `all`. A case is replayed by its name:
//!
//! ```text
//! scripts/faults -- --exact kill/postgres/full/chunk-copied/2
//! ```

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod checker;
mod clock;
mod cluster;
mod disk;
mod kill;
mod meanwhile;
mod network;
mod proxy;
mod random;
mod scene;
mod server;
mod signals;
mod twins;

use libtest_mimic::{Arguments, Trial};

/// A case by its name.
struct Case {
    name: String,
    is_smoke: bool,
    run: Box<dyn FnOnce() + Send>,
}

impl Case {
    fn new(name: impl Into<String>, run: impl FnOnce() + Send + 'static) -> Self {
        Case { name: name.into(), is_smoke: false, run: Box::new(run) }
    }

    /// Run also where only a few are.
    fn smoke_if(self, is_smoke: bool) -> Self {
        Case { is_smoke, ..self }
    }
}

fn main() {
    let arguments = Arguments::from_args();
    let wants_all = match std::env::var("TALVIX_FAULTS").as_deref() {
        Ok("all") => true,
        Ok("smoke") | Err(_) => arguments.exact,
        Ok(other) => panic!("TALVIX_FAULTS is smoke or all, not {other}"),
    };
    let kinds = [
        kill::cases(),
        random::cases(),
        signals::cases(),
        server::cases(),
        network::cases(),
        meanwhile::cases(),
        disk::cases(),
        clock::cases(),
        twins::cases(),
        bounds::cases(),
    ];
    let trials = kinds
        .into_iter()
        .flatten()
        .filter(|case| wants_all || case.is_smoke)
        .map(|Case { name, run, .. }| {
            Trial::test(name, move || {
                run();
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
