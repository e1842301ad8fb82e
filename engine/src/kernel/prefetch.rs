//! Asking for memory before it is needed.

#![allow(unsafe_code, reason = "an instruction that has no safe name")]

/// Asks for an element of a slice, which need not exist: a hint and nothing else, and none at all
/// where the processor's kind has no name for it.
#[inline]
pub(super) fn prefetch<T>(slice: &[T], at: usize) {
    let element = slice.as_ptr().wrapping_add(at);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has it, and it faults at no address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(element.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = element;
}
