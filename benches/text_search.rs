//! How fast skills are found in running text: words alone, and all forms among them.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use flate2::read::MultiGzDecoder;
use std::{hint::black_box, io::Read};
use talvix_engine::{
    ids::{Dictionary, SkillNo, Uuid},
    skills::{SkillSearch, Words, forms, is_looked_for},
};

/// Names beyond those of the night: what years of postings may add.
const NUM_FURTHER: usize = 18_000;

/// Texts whose answer is checked the slow way.
const NUM_CHECKED: usize = 20;

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let users = &scene.night.users;
    let texts: Vec<String> =
        scene.users().iter().map(|user| raw_text(scene, &users.id[user.ix()])).collect();
    let mut names = scene.night.jobs.skill_names.clone();
    further_names(&mut names, &texts);
    let search = SkillSearch::new(&names, &scene.aliases);
    for text in texts.iter().take(NUM_CHECKED) {
        assert_eq!(find(&search, &mut Words::default(), text), slowly(scene, &names, text));
    }

    let num_forms: usize = names.texts().map(|name| forms(name, &scene.aliases).count()).sum();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("text_search");
    group.throughput(Throughput::Elements(texts.len() as u64));
    let size = format!("{} texts of {} bytes", texts.len(), bytes / texts.len());
    let mut words = Words::default();
    group.bench_function(BenchmarkId::new("words", &size), |bencher| {
        bencher.iter(|| {
            let mut num_words = 0;
            for text in &texts {
                words.split(text);
                num_words += black_box(&words).len();
            }
            num_words
        });
    });
    let size = format!("{size}, {num_forms} forms");
    group.bench_function(BenchmarkId::new("words and skills", size), |bencher| {
        let mut found = Vec::new();
        bencher.iter(|| {
            let mut num_found = 0;
            for text in &texts {
                words.split(text);
                found.clear();
                search.find(&words, &mut found);
                num_found += black_box(&found).len();
            }
            num_found
        });
    });
    group.finish();
}

/// Made-up names of one to three words.
fn further_names(names: &mut Dictionary, texts: &[String]) {
    let mut words = Words::default();
    let mut known: Vec<String> = Vec::new();
    for text in texts.iter().take(200) {
        words.split(text);
        known.extend(words.iter().map(|word| String::from_utf8_lossy(word.bytes).into_owned()));
    }
    known.sort_unstable();
    known.dedup();
    // Every third word of the texts begins a form; most forms begin with a word of none of them.
    let first: Vec<&String> = known.iter().step_by(3).collect();
    for number in 0..NUM_FURTHER {
        let word = |step: usize| known[number * step % known.len()].as_str();
        let begin = match number % 3 {
            0 => first[number % first.len()].clone(),
            _ => format!("{}{number}", word(7)),
        };
        names.intern(&[&begin, word(31), word(101)][..=number % 4 % 3].join(" "));
    }
}

fn find(search: &SkillSearch, words: &mut Words, text: &str) -> Vec<SkillNo> {
    let mut found = Vec::new();
    words.split(text);
    search.find(words, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

/// Each form, looked for by itself.
fn slowly(scene: &Scene, names: &Dictionary, text: &str) -> Vec<SkillNo> {
    let joined = |text: &str| {
        let mut words = Words::default();
        words.split(text);
        let all: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word.bytes)).collect();
        (is_looked_for(&words), format!(" {} ", all.join(" ")))
    };
    let (_, text) = joined(text);
    let says = |form: &str| {
        let (is_looked_for, form) = joined(form);
        is_looked_for && text.contains(&form)
    };
    let numbered = names.texts().enumerate();
    let said = numbered.filter(|(_, name)| forms(name, &scene.aliases).any(says));
    said.map(|(number, _)| SkillNo(number as u32)).collect()
}

fn raw_text(scene: &Scene, user: &Uuid) -> String {
    let packed = &scene.tables.parsed_resumes[&uuid::Uuid::from_bytes(*user)];
    let mut json = Vec::new();
    MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut json).unwrap();
    let resume: serde_json::Value = serde_json::from_slice(&json).unwrap();
    resume["raw_text"].as_str().unwrap_or_default().to_owned()
}
