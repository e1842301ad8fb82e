//! The loops of [`super::bounds`] by hand, for AVX-512: one mask does what takes plain code four
//! instructions, and the vectoriser widens the high half of a product where it need not.

#![allow(unsafe_code, reason = "loading and storing registers goes through pointers")]

use super::{
    bounds::{
        Bounds, CandidateGroup, EVERY_OTHER_CODE, FIRST_SUM, Found, Group, Lanes, Reached,
        SUMMED_IN_FOUR_BITS, Sources, this_and_next,
    },
    user_lanes::{MAX_OVER_TENTHS, MAX_SHORT_TENTHS, UserLanes},
};
use crate::index::{CODE_BITS, GROUP_BLOCKS, LANES, LaneBlock};
#[allow(clippy::wildcard_imports, reason = "the names say where they come from")]
use std::arch::x86_64::*;
use std::hint::black_box;

/// Words in a register: half a block.
const HALF: usize = LANES / 2;

/// See [`super::bounds::bounds`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn bounds(
    sources: Sources<'_>,
    candidates: &[CandidateGroup],
    bounds: &mut [Bounds],
    reached: &mut Reached,
) {
    let user = UserWords::new(sources.user);
    for (number, bounds) in bounds.iter_mut().enumerate() {
        let (candidates, next) = this_and_next(candidates, number);
        let matched = matched(sources, candidates, next.group);
        for (stored, matched) in bounds.matched.iter_mut().zip(matched) {
            store_bytes(stored, matched);
        }
        let jobs = &sources.lanes[candidates.group as usize];
        for block in 0..GROUP_BLOCKS {
            let lanes = candidates.lanes[block];
            if lanes == 0 {
                bounds.half_bp[block] = [0; LANES];
                continue;
            }
            let (jobs, reached) = (&jobs[block], reached.of(block));
            for half in [0, HALF] {
                let matched = load_as_words(&bounds.matched[block], half);
                let bound = bound(jobs, &user, half, matched);
                let bound = _mm512_maskz_mov_epi16((lanes >> half) as u32, bound);
                store_words(&mut bounds.half_bp[block], half, bound);
                let best = load_words(reached, half);
                let tight = (jobs.tight >> half) as u32;
                store_words(reached, half, _mm512_mask_max_epu16(best, tight, best, bound));
            }
        }
    }
}

/// See [`super::bounds::reaching`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn reaching(bounds: &[Bounds], threshold: u16, found: &mut Vec<Found>) {
    let least = words(threshold);
    let blocks = bounds.iter().flat_map(|bounds| &bounds.half_bp);
    for (number, block) in blocks.enumerate() {
        for half in [0, HALF] {
            let mut reaching = _mm512_cmpge_epu16_mask(load_words(block, half), least);
            while reaching != 0 {
                let lane = half + reaching.trailing_zeros() as usize;
                found.push(Found::new(block[lane], number * LANES + lane));
                reaching &= reaching - 1;
            }
        }
    }
}

/// The weight of the user's skills in each job of a group, saturating; see [`super::bounds`].
#[target_feature(enable = "avx512f,avx512bw")]
fn matched(
    sources: Sources<'_>,
    candidates: &CandidateGroup,
    next_group: u32,
) -> [__m512i; GROUP_BLOCKS] {
    let rare: &Group<u8> = &sources.rare[candidates.group as usize];
    let mut matched = rare.each_ref().map(|block| load_bytes(block));
    let mut codes_above = [_mm512_setzero_si512(); GROUP_BLOCKS];
    let every_other = _mm512_set1_epi8(EVERY_OTHER_CODE.cast_signed());
    let first_sum = _mm512_set1_epi8(FIRST_SUM.cast_signed());
    for of_rarity in &sources.common[candidates.role_at as usize] {
        for bases in of_rarity.chunks(SUMMED_IN_FOUR_BITS) {
            let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            for base in bases {
                // What a byte gets of its neighbour lies above the mask, here and below.
                sources.prefetch_codes(*base, next_group);
                let codes = load_bytes(sources.codes(*base, candidates.group));
                let odd_codes = _mm512_srli_epi16::<{ CODE_BITS as u32 }>(codes);
                even = _mm512_add_epi8(even, _mm512_and_si512(codes, every_other));
                odd = _mm512_add_epi8(odd, _mm512_and_si512(odd_codes, every_other));
            }
            let sums = [even, odd, _mm512_srli_epi16::<4>(even), _mm512_srli_epi16::<4>(odd)];
            for (above, sum) in codes_above.iter_mut().zip(sums) {
                *above = _mm512_adds_epu8(*above, _mm512_and_si512(sum, first_sum));
            }
        }
        for (matched, above) in matched.iter_mut().zip(&codes_above) {
            *matched = _mm512_adds_epu8(*matched, *above);
        }
    }
    matched
}

/// A user's numbers, most of them in every word of a register.
struct UserWords {
    skills_bits: __m128i,
    experience_and_salary: __m512i,
    experience_tenths: __m512i,
    experience_bits: __m128i,
    short_penalty: __m512i,
    over_penalty: __m512i,
    expected: __m512i,
    max_salary_short: __m512i,
    salary_scale: __m512i,
    salary_penalty: u16,
    unknown_offer_penalty: __m512i,
}

impl UserWords {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(user: &UserLanes) -> Self {
        UserWords {
            skills_bits: _mm_cvtsi32_si128(user.skills_bits.cast_signed()),
            experience_and_salary: words(user.experience_and_salary + 1),
            experience_tenths: words(user.experience_tenths),
            experience_bits: _mm_cvtsi32_si128(user.experience_bits.cast_signed()),
            short_penalty: words(user.short_penalty),
            over_penalty: words(user.over_penalty),
            expected: words(user.expected),
            max_salary_short: words(user.max_salary_short),
            salary_scale: words(user.salary_scale),
            salary_penalty: user.salary_penalty,
            unknown_offer_penalty: words(user.unknown_offer_penalty),
        }
    }
}

/// See [`super::bounds`], which says it in plain words.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn bound(jobs: &LaneBlock, user: &UserWords, half: usize, matched: __m512i) -> __m512i {
    let skills = _mm512_mullo_epi16(matched, load_words(&jobs.per_weight, half));
    let skills = _mm512_srl_epi16(skills, user.skills_bits);

    let short = _mm512_subs_epu16(load_words(&jobs.lo_tenths, half), user.experience_tenths);
    let over = _mm512_subs_epu16(user.experience_tenths, load_words(&jobs.hi_tenths, half));
    let short = _mm512_min_epu16(short, words(MAX_SHORT_TENTHS));
    let over = _mm512_min_epu16(over, words(MAX_OVER_TENTHS));
    let experience_penalty = _mm512_add_epi16(
        _mm512_mullo_epi16(short, user.short_penalty),
        _mm512_mullo_epi16(over, user.over_penalty),
    );
    let experience_penalty = _mm512_srl_epi16(experience_penalty, user.experience_bits);

    let offer = load_words(&jobs.offer, half);
    let short = _mm512_subs_epu16(user.expected, offer);
    let short = _mm512_min_epu16(short, user.max_salary_short);
    let short = _mm512_mullo_epi16(short, user.salary_scale);
    // See there: the compiler takes the instruction apart, too.
    let known = _mm512_mulhi_epu16(short, words(black_box(user.salary_penalty)));
    let is_unknown = _mm512_testn_epi16_mask(offer, offer);
    let salary_penalty = _mm512_mask_mov_epi16(known, is_unknown, user.unknown_offer_penalty);

    let gains = _mm512_add_epi16(load_words(&jobs.fixed, half), skills);
    let gains = _mm512_add_epi16(gains, user.experience_and_salary);
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

/// The words from 0 or [`HALF`] on.
#[target_feature(enable = "avx512f,avx512bw")]
fn load_words(lanes: &Lanes<u16>, half: usize) -> __m512i {
    let half: &[u16] = &lanes[half..half + HALF];
    // SAFETY: 32 words are readable, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(half.as_ptr().cast()) }
}

/// The bytes from 0 or [`HALF`] on, a word each.
#[target_feature(enable = "avx512f,avx512bw")]
fn load_as_words(lanes: &Lanes<u8>, half: usize) -> __m512i {
    let half: &[u8] = &lanes[half..half + HALF];
    // SAFETY: 32 bytes are readable, and the load asks for no alignment.
    _mm512_cvtepu8_epi16(unsafe { _mm256_loadu_si256(half.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f,avx512bw")]
fn store_words(lanes: &mut Lanes<u16>, half: usize, words: __m512i) {
    let half: &mut [u16] = &mut lanes[half..half + HALF];
    // SAFETY: 32 words are writable, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(half.as_mut_ptr().cast(), words) }
}
