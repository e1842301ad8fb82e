//! The choice between the loops of [`super::bounds`] as they are compiled for any processor, and
//! those made for a kind of them.

#![allow(unsafe_code, reason = "calling what is made for some processors only")]

#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::bounds::{self, Bounds, CandidateGroup, Found, Reached, Sources};
use std::{fmt, str::FromStr};

/// A kind of processor that there are loops for. The results are the same bits on all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Any that the program runs on.
    Any,
    /// With AVX2: the same loops, compiled for it.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// With AVX-512 for bytes and words.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Processor {
    /// The kinds that this processor is of, the plainest first. There is no other way to come by
    /// one, so that no loop ever runs on a processor that lacks its instructions.
    #[must_use]
    pub fn here() -> Vec<Processor> {
        let mut here = vec![Kind::Any];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                here.push(Kind::Avx2);
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                here.push(Kind::Avx512);
            }
        }
        here.into_iter().map(Processor).collect()
    }

    /// The kind that gives results soonest here.
    #[must_use]
    pub fn best() -> Processor {
        Self::here().pop().unwrap_or(Processor(Kind::Any))
    }

    pub(super) fn bounds(
        self,
        sources: Sources<'_>,
        candidates: &[CandidateGroup],
        bounds: &mut [Bounds],
        reached: &mut Reached,
    ) {
        match self.0 {
            Kind::Any => bounds::bounds(sources, candidates, bounds, reached),
            // SAFETY: only `here` makes this kind, where the processor has the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { bounds_avx2(sources, candidates, bounds, reached) },
            // SAFETY: the same.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::bounds(sources, candidates, bounds, reached) },
        }
    }

    pub(super) fn reaching(self, bounds: &[Bounds], threshold: u16, found: &mut Vec<Found>) {
        match self.0 {
            Kind::Any => bounds::reaching(bounds, threshold, found),
            // SAFETY: only `here` makes this kind, where the processor has the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { reaching_avx2(bounds, threshold, found) },
            // SAFETY: the same.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::reaching(bounds, threshold, found) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn bounds_avx2(
    sources: Sources<'_>,
    candidates: &[CandidateGroup],
    bounds: &mut [Bounds],
    reached: &mut Reached,
) {
    bounds::bounds(sources, candidates, bounds, reached);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn reaching_avx2(bounds: &[Bounds], threshold: u16, found: &mut Vec<Found>) {
    bounds::reaching(bounds, threshold, found);
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Any => "any",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        })
    }
}

/// A name of no kind that this processor is of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}, found `{found}`", expected.join(" or "))]
pub struct UnknownProcessor {
    expected: Vec<String>,
    found: String,
}

impl FromStr for Processor {
    type Err = UnknownProcessor;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let here = Self::here();
        here.iter().find(|kind| kind.to_string() == name).copied().ok_or_else(|| UnknownProcessor {
            expected: here.iter().map(ToString::to_string).collect(),
            found: name.to_owned(),
        })
    }
}
