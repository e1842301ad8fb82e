//! Places in a run where a test may stop it, kill it or make it fail.
//!
//! A place is a call of [`point`] or [`io`] with a name of its own. Without the feature `on` both are
//! empty and inlined: an ordinary build holds neither their code nor their names. With it the
//! environment variable `FAILPOINTS` says what happens where, as the crate `fail` reads it:
//!
//! ```text
//! FAILPOINTS='chunk-copied=2*off->1*return(pause);publishing=return(kill)'
//! ```
//!
//! means: the third time that rows were copied stop and wait, and die when a snapshot is to be
//! published. Beside the actions of that crate (`off`, `sleep(ms)`, `panic`, …) there are
//!
//! | action | what happens at the place |
//! |---|---|
//! | `return(pause)` | prints `fault point NAME` on standard error and waits for ever |
//! | `return(wait)` | the same, until there is a file of the name in `FAULT_POINTS_GO` |
//! | `return(term)`, `return(int)` | sends the process that signal, and goes on |
//! | `return(kill)` | the process kills itself, as `kill -9` would |
//! | `return(eio)`, `return(enospc)` | an [`io`] place fails like a broken or full disk |

#[cfg(feature = "on")]
mod acting;

/// Holds what `FAILPOINTS` asks for in place as long as it lives.
#[derive(Debug)]
#[must_use]
pub struct Asked(
    #[cfg(feature = "on")]
    #[expect(dead_code, reason = "it takes back what was asked for when it is dropped")]
    acting::Scenario,
);

/// Reads `FAILPOINTS`.
#[inline]
pub fn from_environment() -> Asked {
    Asked(
        #[cfg(feature = "on")]
        acting::Scenario::read(),
    )
}

/// A place of a name.
#[inline]
pub fn point(name: &'static str) {
    #[cfg(feature = "on")]
    acting::point(name);
    #[cfg(not(feature = "on"))]
    let _ = name;
}

/// A place at which a disk may fail.
#[inline]
pub fn io(name: &'static str) -> std::io::Result<()> {
    #[cfg(feature = "on")]
    return acting::io(name);
    #[cfg(not(feature = "on"))]
    {
        let _ = name;
        Ok(())
    }
}
