//! The engine equals the oracle, bit by bit: which pairs, their raw scores, their order, labels and
//! all three texts.
//!
//! The oracle is the slow, obviously right computation in `data-fixtures`, which knows nothing of
//! the engine; polars computes the same once more in `polars-check`.

#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, ListArray};
use jiff::Timestamp;
use talvix_dataset::Dataset;
use talvix_engine::breakdown::{Breakdown, Weighed};
use talvix_engine::explain::Explainer;
use talvix_engine::ids::{JobNo, UserNo};
use talvix_engine::kernel::{Processor, scalar};
use talvix_engine::mode::{FullReason, Mode};
use talvix_engine::model::{ModelOnJobs, ScoringModel};
use talvix_engine::pair::Inputs;
use talvix_engine::ranking::Ranking;
use talvix_engine::score::{ScoredBlock, Scorer};
use talvix_engine::skills::AliasTable;
use talvix_engine::week::{IsoWeek, expiry};
use talvix_fixtures::generate::{self, Dirt};
use talvix_fixtures::odd::odd_tables;
use talvix_fixtures::oracle::{self, Expected};
use talvix_fixtures::parquet;
use talvix_fixtures::real;
use talvix_fixtures::tables::Tables;
use talvix_loader::dataset::DatasetReader;
use talvix_loader::night::{JobSide, Segment, UserRows};
use talvix_loader::reader::{Selection, UserRange};
use talvix_loader::resumes::{CacheUse, ResumeReader, Vocabulary};
use talvix_loader::weights;
use talvix_storage::Storage;
use uuid::Uuid;

const AS_OF: &str = "2026-11-22T17:00:00Z";

/// What the engine makes of a night.
struct Engine {
    rows: Vec<Expected>,
    skipped: BTreeMap<Uuid, &'static str>,
    num_prefiltered: u64,
}

/// Loads a dataset as a run does, and scores everyone with every job.
fn engine(dir: &Path, aliases: &[(String, String)], threads: usize) -> Engine {
    let as_of: Timestamp = AS_OF.parse().unwrap();
    let week = IsoWeek::of(as_of);
    let aliases =
        AliasTable::new(aliases.iter().map(|(alias, name)| (alias.as_str(), name.as_str())));
    let aliases = aliases.unwrap();
    let dataset = Dataset::open(dir).unwrap();
    let storage = Storage::Folder(dataset.storage());
    let version = dataset.current().unwrap();
    let reader = DatasetReader::new(version, Selection { week, user: None });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let JobSide { jobs, benchmarks, weights, mut faults, .. } =
        JobSide::load(&reader, &aliases).unwrap();
    let (weights, _) = runtime.block_on(weights::read(&storage, &weights)).unwrap();
    let vocabulary = Vocabulary { skills: &jobs.skill_names, aliases: &aliases };
    let rows = UserRows::read(&reader, UserRange::default(), &jobs, true).unwrap();
    let segment = runtime.block_on(async {
        let resumes = ResumeReader::open(&storage, vocabulary, CacheUse::Off).await;
        rows.check(&jobs, &mut resumes.unwrap(), &mut faults).await
    });
    let Segment { users, stored } = segment.unwrap();
    let model = ScoringModel::pin(
        &jobs,
        weights,
        benchmarks,
        aliases.sha256(),
        week,
        as_of.as_microsecond(),
    );
    let on_jobs = ModelOnJobs::new(&model, &jobs);
    let inputs = Inputs { jobs: &jobs, users: &users, model: &on_jobs };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let scorer_for = |processor| pool.install(|| Scorer::new(&jobs, &on_jobs, week, processor));
    let scorer = scorer_for(Processor::best());
    let in_full: Vec<_> = users
        .numbers()
        .filter(|user| users.skip[user.ix()].is_none())
        .map(|user| (user, Mode::Full(FullReason::Asked)))
        .collect();
    let blocks = pool.install(|| scorer.on(&users, &stored).score(&in_full));
    for processor in Processor::here() {
        let scorer = scorer_for(processor);
        let others = pool.install(|| scorer.on(&users, &stored).score(&in_full));
        for (block, other) in blocks.iter().zip(&others) {
            assert_eq!(block.rows.job, other.rows.job, "{processor}");
            assert_eq!(block.rows.raw_bp, other.rows.raw_bp, "{processor}");
            assert_eq!(block.num_prefiltered, other.num_prefiltered, "{processor}");
        }
    }

    // The scalar reference keeps the same pairs; on the real data it would take too long.
    if jobs.len() * in_full.len() < 2_000_000 {
        for (block, scored) in
            blocks.iter().flat_map(|block| block.users.iter().map(move |user| (block, user)))
        {
            let reference = scalar::score_user(inputs, scored.user, jobs.numbers());
            let kept: Vec<_> = scored
                .rows
                .clone()
                .map(|at| (block.rows.raw_bp[at], jobs.rank[block.rows.job[at].ix()]))
                .collect();
            let expected: Vec<_> =
                reference.kept.iter().map(|key| (key.raw_bp(), key.rank())).collect();
            assert_eq!(kept, expected, "lanes and scalar differ");
            let ranking = Ranking::new(inputs, scored.user);
            assert_eq!(&ranking.keys()[..ranking.num_kept()], reference.kept, "a ranking differs");
        }
        let breakdown = Breakdown { explainer: Explainer { inputs, week }, model: &model };
        for (user, _) in &in_full {
            for job in jobs.numbers() {
                taken_apart(breakdown, *user, job);
            }
        }
    }
    let expires_at = expiry(as_of).as_microsecond();
    Engine {
        rows: blocks
            .iter()
            .flat_map(|block| (0..block.rows.len()).map(move |at| (block, at)))
            .map(|(block, at)| row(block, at, inputs, week, expires_at))
            .collect(),
        skipped: users
            .numbers()
            .filter_map(|user| Some((user, users.skip[user.ix()]?)))
            .map(|(user, reason)| (Uuid::from_bytes(users.id[user.ix()]), reason.name()))
            .collect(),
        num_prefiltered: blocks.iter().map(|block| block.num_prefiltered).sum(),
    }
}

/// A pair that is taken apart is the pair that is scored, and what it is made of adds up.
fn taken_apart(breakdown: Breakdown<'_>, user: UserNo, job: JobNo) {
    let inputs = breakdown.explainer.inputs;
    let (scored, raw_bp) = match (breakdown.pair(user, job), inputs.raw_bp(user, job)) {
        (Ok(scored), Ok(raw_bp)) => (scored, raw_bp),
        (stopped, reference) => {
            assert_eq!(stopped.is_err(), reference.is_err(), "{stopped:?}");
            return;
        }
    };
    assert_eq!(scored.raw_bp, raw_bp);
    let parts = [
        scored.skills.weighed,
        scored.experience.weighed,
        scored.demand.weighed,
        scored.salary.weighed,
    ];
    let product = |part: &Weighed| u64::from(part.bp) * u64::from(part.weight_e4);
    assert!(parts.iter().all(|part| part.product == product(part)), "{scored:?}");
    assert_eq!(scored.sum, parts.iter().map(product).sum::<u64>());
    assert_eq!(u64::from(scored.base_bp), scored.sum / scored.weights_e4);
    assert_eq!(scored.base_bp + scored.dream_bonus_bp, raw_bp);
    let listed = scored.skills.listed.iter();
    let matched = listed.clone().filter(|skill| skill.is_matched).map(|skill| skill.weight);
    assert_eq!(scored.skills.matched_weight, matched.sum::<u32>());
    assert_eq!(scored.skills.total_weight, listed.map(|skill| skill.weight).sum::<u32>());
    assert_eq!(u32::from(scored.fit_score), ((raw_bp + 50) / 100).min(100));
}

fn row(
    block: &ScoredBlock,
    at: usize,
    Inputs { jobs, users, .. }: Inputs<'_>,
    week: IsoWeek,
    expires_at: i64,
) -> Expected {
    let rows = &block.rows;
    Expected {
        user_id: Uuid::from_bytes(users.id[rows.user[at].ix()]),
        job_id: Uuid::from_bytes(jobs.id[rows.job[at].ix()]),
        raw_bp: rows.raw_bp[at],
        fit_score: i32::from(rows.fit_score[at]),
        fit_label: rows.fit_label[at].to_owned(),
        recommendation: rows.recommendation[at].to_owned(),
        fit_reasons: texts(&rows.fit_reasons, at),
        missing_skills: texts(&rows.missing_skills, at),
        strengths: texts(&rows.strengths, at),
        is_full_score: rows.is_full_score[at],
        week_number: i32::from(week.week),
        year_number: i32::from(week.year),
        expires_at,
    }
}

fn texts(lists: &ListArray, at: usize) -> Option<Vec<String>> {
    let texts = lists.is_valid(at).then(|| lists.value(at))?;
    Some(texts.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect())
}

/// Writes tables as a dataset and holds the engine against the oracle; how many rows there were.
#[track_caller]
fn compare(tables: &Tables, aliases: &[(String, String)], what: &str) -> usize {
    let dir = tempfile::tempdir().unwrap();
    parquet::write_dataset(tables, dir.path()).unwrap();
    compare_dataset(tables, aliases, dir.path(), what)
}

#[track_caller]
fn compare_dataset(tables: &Tables, aliases: &[(String, String)], dir: &Path, what: &str) -> usize {
    let as_of: Timestamp = AS_OF.parse().unwrap();
    let model =
        oracle::Model::pin(tables, aliases, oracle::Weights::from_rows(&tables.model_weights));
    let expected = model.full_scan(tables, aliases, as_of.as_microsecond(), None);
    for threads in [1, 4] {
        let found = engine(dir, aliases, threads);
        assert_eq!(found.skipped, expected.skipped, "{what}: who is skipped");
        for (found, expected) in found.rows.iter().zip(&expected.rows) {
            assert_eq!(found, expected, "{what}");
        }
        assert_eq!(found.rows.len(), expected.rows.len(), "{what}: number of rows");
        let num_prefiltered: u64 = expected.prefiltered.values().sum();
        assert_eq!(found.num_prefiltered, num_prefiltered, "{what}: pairs past the prefilter");
    }
    expected.rows.len()
}

fn built_in_aliases() -> Vec<(String, String)> {
    include_str!("../engine/data/skill_aliases.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| line.split_once(',').unwrap())
        .map(|(alias, name)| (alias.to_owned(), name.to_owned()))
        .collect()
}

#[test]
fn odd_datasets_equal_the_oracle() {
    let mut num_rows = 0;
    for seed in 0..200 {
        let (tables, aliases) = odd_tables(seed);
        num_rows += compare(&tables, &aliases, &format!("odd tables of seed {seed}"));
    }
    // Datasets of which nothing is kept would agree about anything.
    assert!(num_rows > 2_000, "only {num_rows} rows in all");
}

#[test]
fn generated_datasets_equal_the_oracle() {
    let aliases = built_in_aliases();
    for seed in 0..6 {
        let options = generate::Options {
            jobs: 1_500,
            users: 150,
            seed,
            paid_share: 0.4,
            dirt: if seed % 2 == 0 { Dirt::Anything } else { Dirt::Database },
            ..generate::Options::default()
        };
        let num_rows = compare(
            &generate::generate(&options),
            &aliases,
            &format!("generated tables of seed {seed}"),
        );
        assert!(num_rows > 100, "only {num_rows} rows");
    }
}

/// Runs where the real postings are: `scripts/test --real DIR`.
#[test]
fn real_postings_and_resumes_equal_the_oracle() {
    let Some(folder) = std::env::var_os("TALVIX_TEST_REAL") else {
        eprintln!("left out: scripts/test --real DIR names the folder of the real data");
        return;
    };
    let as_of: Timestamp = AS_OF.parse().unwrap();
    let options = real::Options { as_of_us: as_of.as_microsecond(), seed: 1, max_jobs: None };
    let tables = real::import(Path::new(&folder), &options).unwrap();
    let num_rows = compare(&tables, &built_in_aliases(), "the real data");
    assert!(num_rows > 5_000, "only {num_rows} rows");
}
