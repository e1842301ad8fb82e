//! The loops of [`super::block`] by hand, for AVX-512: one mask does what takes plain code four
//! instructions, and the vectoriser widens the high half of a product where it need not.

#![allow(unsafe_code, reason = "loading and storing registers goes through pointers")]

use super::{
    block::{Bounds, CandidateBlock, Lanes, Reached, Sources},
    user_lanes::{MAX_OVER_TENTHS, MAX_SHORT_TENTHS, UserLanes},
};
use crate::{
    components::MAX_RARITY,
    index::{CODE_BITS, CODE_BYTES, CODE_MASK, CodeBlock, LANES, LaneBlock},
};
#[allow(clippy::wildcard_imports, reason = "the names say where they come from")]
use std::arch::x86_64::*;

/// See [`super::block::bounds`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn bounds(
    sources: Sources<'_>,
    candidates: &[CandidateBlock],
    bounds: &mut [Bounds],
    reached: &mut Reached,
) {
    for (number, (candidate, bounds)) in candidates.iter().zip(bounds).enumerate() {
        if let Some(later) = candidates.get(number + PREFETCHED_BLOCKS) {
            for (codes, _) in sources.codes(*later) {
                _mm_prefetch::<_MM_HINT_T0>(codes.bytes().as_ptr().cast());
            }
        }
        bound_block(sources, *candidate, bounds, reached.of(number));
    }
}

/// See [`super::block::reaching`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn reaching(bounds: &[Bounds], threshold: u16, found: &mut Vec<u32>) {
    let least = words(threshold);
    for (number, Bounds { half_bp: block, .. }) in bounds.iter().enumerate() {
        for half in [0, HALF] {
            let mut reaching = _mm512_cmpge_epu16_mask(load_words(block, half), least);
            while reaching != 0 {
                found.push((number * LANES + half) as u32 + reaching.trailing_zeros());
                reaching &= reaching - 1;
            }
        }
    }
}

/// How far ahead codes are asked for: a user's skills are a dozen streams, each too short for the
/// processor to see where it goes.
const PREFETCHED_BLOCKS: usize = 4;

/// Words in a register: half a block.
const HALF: usize = LANES / 2;

#[target_feature(enable = "avx512f,avx512bw")]
fn bound_block(
    sources: Sources<'_>,
    candidates: CandidateBlock,
    bounds: &mut Bounds,
    reached: &mut Lanes<u16>,
) {
    let matched = matched(sources, candidates);
    store_bytes(&mut bounds.matched, matched);
    let jobs = &sources.lanes[candidates.block as usize];
    let low = _mm512_castsi512_si256(matched);
    let high = _mm512_extracti64x4_epi64::<1>(matched);
    for (half, matched) in [(0, low), (HALF, high)] {
        let bound = bound(jobs, sources.user, half, _mm512_cvtepu8_epi16(matched));
        let bound = _mm512_maskz_mov_epi16((candidates.lanes >> half) as u32, bound);
        store_words(&mut bounds.half_bp, half, bound);
        let best = load_words(reached, half);
        let tight = (jobs.tight >> half) as u32;
        store_words(reached, half, _mm512_mask_max_epu16(best, tight, best, bound));
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn matched(sources: Sources<'_>, candidates: CandidateBlock) -> __m512i {
    let mut matched = load_bytes(&sources.rare[candidates.block as usize]);
    let mut codes_above = _mm512_setzero_si512();
    let mut rarity = MAX_RARITY;
    for (codes, rarity_of_skill) in sources.codes(candidates) {
        while rarity > rarity_of_skill {
            matched = _mm512_adds_epu8(matched, codes_above);
            rarity -= 1;
        }
        codes_above = _mm512_adds_epu8(codes_above, load_codes(codes));
    }
    for _ in 0..rarity {
        matched = _mm512_adds_epu8(matched, codes_above);
    }
    matched
}

/// See [`super::block`], which says it in plain words.
#[target_feature(enable = "avx512f,avx512bw")]
fn bound(jobs: &LaneBlock, user: &UserLanes, half: usize, matched: __m512i) -> __m512i {
    let skills = _mm512_mullo_epi16(matched, load_words(&jobs.per_weight, half));
    let skills = _mm512_srl_epi16(skills, _mm_cvtsi32_si128(user.skills_bits.cast_signed()));

    let experience = words(user.experience_tenths);
    let short = _mm512_subs_epu16(load_words(&jobs.lo_tenths, half), experience);
    let over = _mm512_subs_epu16(experience, load_words(&jobs.hi_tenths, half));
    let short = _mm512_min_epu16(short, words(MAX_SHORT_TENTHS));
    let over = _mm512_min_epu16(over, words(MAX_OVER_TENTHS));
    let experience_penalty = _mm512_add_epi16(
        _mm512_mullo_epi16(short, words(user.short_penalty)),
        _mm512_mullo_epi16(over, words(user.over_penalty)),
    );
    let bits = _mm_cvtsi32_si128(user.experience_bits.cast_signed());
    let experience_penalty = _mm512_srl_epi16(experience_penalty, bits);

    let offer = load_words(&jobs.offer, half);
    let short = _mm512_subs_epu16(words(user.expected), offer);
    let short = _mm512_min_epu16(short, words(user.max_salary_short));
    let short = _mm512_mullo_epi16(short, words(user.salary_scale));
    let known = _mm512_mulhi_epu16(short, words(user.salary_penalty));
    let is_unknown = _mm512_testn_epi16_mask(offer, offer);
    let salary_penalty =
        _mm512_mask_mov_epi16(known, is_unknown, words(user.unknown_offer_penalty));

    let gains = _mm512_add_epi16(load_words(&jobs.fixed, half), skills);
    let gains = _mm512_add_epi16(gains, words(user.experience_and_salary + 1));
    _mm512_sub_epi16(gains, _mm512_add_epi16(experience_penalty, salary_penalty))
}

#[target_feature(enable = "avx512f,avx512bw")]
fn words(word: u16) -> __m512i {
    _mm512_set1_epi16(word.cast_signed())
}

#[target_feature(enable = "avx512f,avx512bw")]
fn load_bytes(bytes: &Lanes<u8>) -> __m512i {
    // SAFETY: 64 bytes are readable, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn store_bytes(lanes: &mut Lanes<u8>, bytes: __m512i) {
    // SAFETY: 64 bytes are writable, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), bytes) }
}

/// The code of each lane.
#[target_feature(enable = "avx512f,avx512bw")]
fn load_codes(codes: &CodeBlock) -> __m512i {
    const {
        assert!(CODE_BYTES == 16 && CODE_BITS == 2 && CODE_MASK == 3);
    }
    // SAFETY: 16 bytes are readable, and the load asks for no alignment.
    let codes = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(codes.bytes().as_ptr().cast()) });
    // What a byte gets of its neighbour lies above the mask.
    let shifts = _mm512_set_epi64(SHIFT * 3, SHIFT * 3, SHIFT * 2, SHIFT * 2, SHIFT, SHIFT, 0, 0);
    _mm512_and_si512(_mm512_srlv_epi16(codes, shifts), _mm512_set1_epi8(CODE_MASK as i8))
}

/// A shift by a code's bits, for each word of eight bytes.
const SHIFT: i64 = CODE_BITS as i64 * 0x0001_0001_0001_0001;

/// The words from 0 or [`HALF`] on.
#[target_feature(enable = "avx512f,avx512bw")]
fn load_words(lanes: &Lanes<u16>, half: usize) -> __m512i {
    let half: &[u16] = &lanes[half..half + HALF];
    // SAFETY: 32 words are readable, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(half.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn store_words(lanes: &mut Lanes<u16>, half: usize, words: __m512i) {
    let half: &mut [u16] = &mut lanes[half..half + HALF];
    // SAFETY: 32 words are writable, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(half.as_mut_ptr().cast(), words) }
}
