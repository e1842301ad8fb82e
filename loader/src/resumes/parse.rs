//! What the bytes of a parsed resume say: inflated with a limit, parsed borrowing.

use flate2::{Crc, Decompress, FlushDecompress, Status, bufread::MultiGzDecoder};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use std::{
    borrow::Cow,
    fmt,
    io::Read,
    sync::{Mutex, MutexGuard, PoisonError},
};
use talvix_engine::{
    columns::{ResumeFeatures, UserLevel},
    ids::{Dictionary, SkillNo, Uuid, uuid_text},
    skills::{AliasTable, SkillSearch, Words},
};

/// A parsed resume is a few kilobytes; these are for what only looks like one.
pub(super) const MAX_PACKED_BYTES: u64 = 4 << 20;
const MAX_BYTES: u64 = 16 << 20;

/// From here on a resume is large: they are read one after the other, so that many readers do not
/// need as many times [`MAX_BYTES`].
const LARGE_BYTES: u64 = 1 << 20;

/// A buffer that had to hold more is given back.
const MAX_KEPT_BYTES: usize = 256 << 10;

/// The most skills of a list that count, and the most bytes that one can have: people have a few
/// dozen, of a few words.
const MAX_SKILLS: usize = 500;
const MAX_SKILL_BYTES: usize = 200;

/// The most years of experience that the database could hold, in tenths.
const MAX_TENTHS: i64 = 9_999;

/// What is looked for in resumes.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    /// Canonical names: first those of tonight's jobs, with the same numbers, then those that only
    /// earlier jobs listed.
    pub(super) names: Dictionary,
    /// How many of the names are tonight's.
    pub(super) num_tonight: usize,
    pub(super) aliases: &'a AliasTable,
    /// All names, in running text.
    pub(super) search: SkillSearch,
    /// Held by who reads a large resume.
    pub(super) large: Mutex<()>,
    /// Whether all that a cache keeps is wanted, and not only tonight's features.
    pub(super) for_cache: bool,
}

/// What a resume says, whichever jobs there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Numbers of names in [`Lookup`] that it lists or says, ascending, each once.
    pub(super) known: Vec<u32>,
    /// Further canonical names that it lists, ascending, each once.
    pub(super) unknown: Vec<String>,
    pub(super) experience_tenths: Option<u16>,
    pub(super) level: Option<UserLevel>,
    /// Values that were no use.
    pub(super) faults: Vec<&'static str>,
    /// Which words the text has: see [`super::words`].
    pub(super) words: Vec<u8>,
}

impl Facts {
    /// As far as it matters tonight.
    pub(super) fn features(&self, num_tonight: usize) -> ResumeFeatures {
        let tonight = self.known.iter().take_while(|number| (**number as usize) < num_tonight);
        ResumeFeatures {
            skills: tonight.map(|number| SkillNo(*number)).collect(),
            experience_tenths: self.experience_tenths,
            level: self.level,
        }
    }
}

/// What one thread needs to read resumes, kept from one to the next.
pub(super) struct Scratch {
    pub(super) packed: Vec<u8>,
    inflate: Decompress,
    json: Vec<u8>,
    words: Words,
    found: Vec<SkillNo>,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch {
            packed: Vec::new(),
            inflate: Decompress::new(false),
            json: Vec::new(),
            words: Words::default(),
            found: Vec::new(),
        }
    }
}

impl Scratch {
    /// Gives back what an unusual resume took.
    pub(super) fn shrink(&mut self) {
        for buffer in [&mut self.packed, &mut self.json] {
            if buffer.capacity() > MAX_KEPT_BYTES {
                *buffer = Vec::new();
            }
        }
        if self.words.capacity_bytes() > 2 * MAX_KEPT_BYTES {
            self.words = Words::default();
        }
    }

    /// What the resume in `packed` says, or why it cannot be read.
    pub(super) fn parse(
        &mut self,
        user: &Uuid,
        lookup: &Lookup<'_>,
    ) -> Result<Facts, &'static str> {
        let Scratch { packed, inflate, json, words, found } = self;
        let _large = unpack(packed, inflate, json, &lookup.large)?;
        // A derived struct also reads from a list of its fields in order.
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err("resume_json_damaged");
        }
        let resume: Resume<'_> = serde_json::from_slice(json).map_err(|_| "resume_json_damaged")?;
        if resume.user_id.is_some_and(|id| !is_uuid(&id.0, user)) {
            return Err("resume_of_another_user");
        }

        let mut facts = Facts::default();
        let listed = resume.skills.unwrap_or_default();
        if listed.has_more {
            facts.faults.push("resume_skills_above_500");
        }
        if listed.has_too_long {
            facts.faults.push("resume_skill_too_long");
        }
        for skill in listed.kept {
            let Some(name) = lookup.aliases.canonical(&skill) else { continue };
            match lookup.names.get(&name) {
                Some(number) => facts.known.push(number),
                None if lookup.for_cache => facts.unknown.push(name.into_owned()),
                None => {}
            }
        }
        facts.unknown.sort_unstable();
        facts.unknown.dedup();
        words.split(resume.raw_text.as_ref().map_or("", |text| &text.0));
        found.clear();
        lookup.search.find(words, found);
        facts.known.extend(found.iter().map(|skill| skill.0));
        facts.known.sort_unstable();
        facts.known.dedup();
        if lookup.for_cache {
            facts.words = super::words::pack(words);
        }

        if let Some(years) = resume.experience_years {
            match talvix_dataset::units_of_f64(years, 1) {
                Some(tenths @ 0..=MAX_TENTHS) if years >= 0.0 => {
                    facts.experience_tenths = Some(tenths as u16);
                }
                _ if years < 0.0 => facts.faults.push("resume_experience_negative"),
                _ => facts.faults.push("resume_experience_too_large"),
            }
        }
        facts.level = resume.seniority_level.and_then(|word| UserLevel::named(&word.0));
        Ok(facts)
    }
}

/// Inflates a gzip file of any number of members. Of large ones one at a time lies around: it is
/// the one that holds the lock.
fn unpack<'a>(
    packed: &[u8],
    inflate: &mut Decompress,
    json: &mut Vec<u8>,
    large: &'a Mutex<()>,
) -> Result<Option<MutexGuard<'a, ()>>, &'static str> {
    if unpack_one_member(packed, inflate, json).is_some() {
        return Ok(None);
    }
    let damaged = |_| "resume_gzip_damaged";
    let mut members = MultiGzDecoder::new(packed);
    json.clear();
    members.by_ref().take(LARGE_BYTES).read_to_end(json).map_err(damaged)?;
    if (json.len() as u64) < LARGE_BYTES {
        return Ok(None);
    }
    // Counted first, so that a bomb takes no memory and a large resume no more than it needs.
    let rest = std::io::copy(&mut members.take(MAX_BYTES + 1 - LARGE_BYTES), &mut std::io::sink())
        .map_err(damaged)?;
    let num_bytes = LARGE_BYTES + rest;
    if num_bytes > MAX_BYTES {
        return Err("resume_too_large");
    }
    let alone = large.lock().unwrap_or_else(PoisonError::into_inner);
    json.clear();
    json.reserve_exact(num_bytes as usize + 1);
    MultiGzDecoder::new(packed).read_to_end(json).map_err(damaged)?;
    Ok(Some(alone))
}

/// Inflates what nearly every file is: one sound member with a plain header and nothing after it.
/// Of anything else it says nothing. Beside the decoder for all files it saves setting up an
/// inflater, which costs a tenth of inflating a resume.
fn unpack_one_member(packed: &[u8], inflate: &mut Decompress, json: &mut Vec<u8>) -> Option<()> {
    const HEADER: usize = 10;
    const TRAILER: usize = 8;
    /// Magic, deflate, no flags: no further fields in the header.
    const PLAIN: [u8; 4] = [0x1f, 0x8b, 8, 0];
    let body = packed.strip_prefix(&PLAIN)?.get(HEADER - PLAIN.len()..)?;
    let (body, trailer) = body.split_last_chunk::<TRAILER>()?;
    let (crc, num_bytes) = trailer.split_first_chunk::<4>()?;
    let num_bytes = u32::from_le_bytes(*num_bytes.first_chunk()?);
    if u64::from(num_bytes) > LARGE_BYTES {
        return None;
    }
    json.clear();
    // A byte more tells an end from a full buffer.
    json.reserve(num_bytes as usize + 1);
    inflate.reset(false);
    let status = inflate.decompress_vec(body, json, FlushDecompress::Finish).ok()?;
    let mut sum = Crc::new();
    sum.update(json);
    let is_sound = status == Status::StreamEnd
        && inflate.total_in() == body.len() as u64
        && json.len() == num_bytes as usize
        && sum.sum() == u32::from_le_bytes(*crc);
    is_sound.then_some(())
}

/// A parsed resume, as far as it matters here; other keys may be there. A key that is there twice
/// makes it unreadable.
#[derive(Deserialize)]
struct Resume<'a> {
    #[serde(borrow, default)]
    user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    skills: Option<Texts<'a>>,
    #[serde(default)]
    experience_years: Option<f64>,
    #[serde(borrow, default)]
    seniority_level: Option<Text<'a>>,
    #[serde(borrow, default)]
    raw_text: Option<Text<'a>>,
}

/// A text, borrowed from the JSON where nothing in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The texts of a list; what is no text is passed over, and so is what is too long or too much.
#[derive(Default)]
struct Texts<'a> {
    kept: Vec<Cow<'a, str>>,
    has_more: bool,
    has_too_long: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts<'de>, A::Error> {
                /// A text, or anything else.
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Entry<'a> {
                    #[serde(borrow)]
                    Text(Cow<'a, str>),
                    Other(IgnoredAny),
                }
                let mut listed = Texts::default();
                while let Some(entry) = list.next_element()? {
                    match entry {
                        Entry::Text(text) if text.len() > MAX_SKILL_BYTES => {
                            listed.has_too_long = true;
                        }
                        Entry::Text(_) if listed.kept.len() == MAX_SKILLS => {
                            listed.has_more = true;
                        }
                        Entry::Text(text) => listed.kept.push(text),
                        Entry::Other(IgnoredAny) => {}
                    }
                }
                Ok(listed)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Whether a text is an id: hex digits in either case, with or without dashes.
fn is_uuid(text: &str, id: &Uuid) -> bool {
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
    digits.eq_ignore_ascii_case(&uuid_text(id).replace('-', ""))
}

#[cfg(test)]
mod tests;
