//! `talvix explain` says of any pair what the night stored and what the oracle computes, on
//! PostgreSQL and on a dataset.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use flate2::{Compression, write::GzEncoder};
use fs_err as fs;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::{Data, Db, ENGINE_ROLE, Place, Run, aliases, command, night, talvix};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::Change,
    oracle::{Model, Verdict, Weights},
    tables::{
        CompanyPrefRow, JobRow, JobSkillRow, Numeric, ResumeRow, ScoreRow, Tables, TargetRoleRow,
        UserRow,
    },
};
use uuid::Uuid;

const FIRST: &str = "2026-11-16T17:00:00Z";
/// The same week, after the first night.
const LATER: &str = "2026-11-17T05:00:00Z";
const MODEL: &str = "model-data/scoring_model_2026-W47.json.gz";

/// Pairs that are looked at, and of how many users.
const NUM_PAIRS: usize = 1_000;
const NUM_USERS: usize = 40;

fn tables() -> Tables {
    generate(&Options {
        jobs: 800,
        users: 150,
        seed: 61,
        paid_share: 0.4,
        as_of_us: FIRST.parse::<Timestamp>().unwrap().as_microsecond(),
        dirt: Dirt::Database,
        ..Options::default()
    })
}

/// The same on a database and on a dataset.
fn on_each_place(test: impl Fn(&dyn Place)) {
    let tables = tables();
    test(&Data::new(&tables));
    test(&Db::new(&tables));
}

fn explain(place: &dyn Place, user: &str, extra: &[&str]) -> Run {
    let source = place.source_args();
    let mut args = vec!["explain", "--as-of", LATER, "--user", user];
    args.extend(source.iter().map(String::as_str));
    args.extend(extra);
    talvix(&args)
}

#[track_caller]
fn explained(place: &dyn Place, user: Uuid, jobs: &[Uuid]) -> Value {
    let ids: Vec<String> = jobs.iter().map(Uuid::to_string).collect();
    let mut extra = vec!["--json"];
    extra.extend(ids.iter().flat_map(|id| ["--job", id.as_str()]));
    let run = explain(place, &user.to_string(), &extra).ended(0);
    assert_eq!(run.stderr, "");
    run.json()
}

/// A row of numbers that looks random and is the same everywhere (`SplitMix64`).
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

fn oracle(tables: &Tables) -> Model {
    Model::pin(tables, &aliases(), Weights::from_rows(&tables.model_weights))
}

/// The jobs that pass the prefilter with their raw scores, best first.
fn candidates(tables: &Tables, verdicts: &BTreeMap<Uuid, Verdict>) -> Vec<(Uuid, i64)> {
    use std::cmp::Reverse;
    let posted_at: BTreeMap<Uuid, Option<i64>> =
        tables.jobs.iter().map(|job| (job.id, job.posted_at)).collect();
    let mut scored: Vec<(Uuid, i64)> = verdicts
        .iter()
        .filter_map(|(job, verdict)| match verdict {
            Verdict::Raw(raw_bp) => Some((*job, *raw_bp)),
            Verdict::Stopped(_) => None,
        })
        .collect();
    scored.sort_by_key(|(job, raw_bp)| (Reverse(*raw_bp), Reverse(posted_at[job]), *job));
    scored
}

/// Why a job cannot be scored.
fn not_scoreable(job: &JobRow) -> Vec<&'static str> {
    let reasons = [
        (job.is_active, "not_active"),
        (job.jd_cleaned, "not_cleaned"),
        (job.role_family.is_some(), "no_role_family"),
    ];
    reasons.iter().filter(|(holds, _)| !holds).map(|(_, why)| *why).collect()
}

#[test]
fn a_thousand_pairs_are_explained_as_they_are_stored() {
    on_each_place(|place| {
        let before = place.tables();
        night(place, FIRST, &[]);
        let after = place.tables();
        let model = oracle(&before);
        let stored: BTreeMap<(Uuid, Uuid), &ScoreRow> =
            after.job_fit_scores.iter().map(|row| ((row.user_id, row.job_id), row)).collect();
        let all_users: BTreeSet<Uuid> = stored.keys().map(|(user, _)| *user).collect();
        let all_users: Vec<Uuid> = all_users.into_iter().collect();
        let mut draws = Draws(61);
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..NUM_USERS {
            let user = all_users[draws.below(all_users.len())];
            let verdicts = model.verdicts(&before, &aliases(), user).unwrap();
            let best = candidates(&before, &verdicts);
            // Random ones are mostly stopped by the role: a third are, a third could be kept.
            let near = best.len().min(60);
            let jobs: Vec<Uuid> = (0..NUM_PAIRS / NUM_USERS)
                .map(|at| match at % 3 {
                    0 => before.jobs[draws.below(before.jobs.len())].id,
                    1 => best[draws.below(near)].0,
                    _ => best[draws.below(best.len())].0,
                })
                .collect();
            let answer = explained(place, user, &jobs);
            assert_eq!(answer["user_id"], user.to_string());
            assert_eq!(answer["num_candidates"], best.len());
            assert_eq!(answer["is_pinned"], true);
            assert_eq!(answer["pairs"].as_array().unwrap().len(), jobs.len());
            for (pair, job) in answer["pairs"].as_array().unwrap().iter().zip(&jobs) {
                assert_eq!(pair["job_id"], job.to_string());
                let row = stored.get(&(user, *job)).copied();
                same_as_stored(pair, row);
                let source = before.jobs.iter().find(|row| row.id == *job).unwrap();
                same_as_oracle(pair, source, verdicts.get(job), &best);
                distances_add_up(pair, &best, &answer);
                *outcomes.entry(pair["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        assert_eq!(outcomes.values().sum::<usize>(), NUM_PAIRS);
        for outcome in ["kept", "below_last_kept", "stopped", "job_not_scoreable"] {
            assert!(outcomes.get(outcome).is_some_and(|num| *num >= 10), "{outcomes:?}");
        }
    });
}

/// What is kept is stored and nothing else, and every value is the same.
#[track_caller]
fn same_as_stored(pair: &Value, row: Option<&ScoreRow>) {
    assert_eq!(pair["outcome"] == "kept", row.is_some(), "{pair}");
    let Some(row) = row else {
        assert_eq!(pair["stored"], Value::Null);
        return;
    };
    assert_eq!(pair["stored"], json!({ "fit_score": row.fit_score, "is_current": true }), "{pair}");
    let score = &pair["score"];
    assert_eq!(score["fit_score"], row.fit_score);
    assert_eq!(score["fit_label"], row.fit_label.as_str());
    assert_eq!(score["recommendation"], row.recommendation.as_str());
    let texts = row.is_full_score.then(|| {
        json!({
            "fit_reasons": row.fit_reasons,
            "missing_skills": row.missing_skills,
            "strengths": row.strengths,
        })
    });
    assert_eq!(score["texts"], json!(texts));
}

#[track_caller]
fn same_as_oracle(pair: &Value, job: &JobRow, verdict: Option<&Verdict>, best: &[(Uuid, i64)]) {
    match verdict {
        None => {
            assert_eq!(pair["outcome"], "job_not_scoreable");
            assert_eq!(pair["not_scoreable"], json!(not_scoreable(job)));
        }
        Some(Verdict::Stopped(rule)) => {
            assert_eq!(pair["outcome"], "stopped");
            assert_eq!(pair["stopped"]["rule"], *rule, "{pair}");
            assert_eq!(pair["score"], Value::Null);
        }
        Some(Verdict::Raw(raw_bp)) => {
            assert_eq!(pair["score"]["raw_bp"], *raw_bp, "{pair}");
            let rank = best.iter().position(|(id, _)| *id == job.id).unwrap() + 1;
            assert_eq!(pair["standing"]["rank"], rank);
        }
    }
}

#[track_caller]
fn distances_add_up(pair: &Value, best: &[(Uuid, i64)], answer: &Value) {
    let Some(rank) = pair["standing"]["rank"].as_u64() else { return };
    let (rank, standing) = (rank as usize, &pair["standing"]);
    let raw_bp = |rank: usize| best.get(rank.wrapping_sub(1)).map(|(_, raw_bp)| *raw_bp);
    let own = raw_bp(rank).unwrap();
    assert_eq!(standing["below_better_bp"], json!(raw_bp(rank - 1).map(|better| better - own)));
    assert_eq!(standing["above_worse_bp"], json!(raw_bp(rank + 1).map(|worse| own - worse)));
    let num_kept = answer["num_kept"].as_u64().unwrap() as usize;
    assert_eq!(standing["is_kept"], rank <= num_kept);
    let (by, cut) = match raw_bp(num_kept) {
        Some(last) if answer["max_kept"] == num_kept => ("last_kept", last),
        _ => ("minimum_score", 3_950),
    };
    assert_eq!((&answer["cut"]["by"], &answer["cut"]["raw_bp"]), (&json!(by), &json!(cut)));
    assert_eq!(standing["above_cut_bp"], own - cut);
}

#[test]
fn without_a_job_the_best_pairs_are_listed_and_those_that_just_missed() {
    on_each_place(|place| {
        let before = place.tables();
        night(place, FIRST, &[]);
        let after = place.tables();
        let model = oracle(&before);
        let users: BTreeSet<Uuid> = after.job_fit_scores.iter().map(|row| row.user_id).collect();
        for user in users.into_iter().step_by(13) {
            let verdicts = model.verdicts(&before, &aliases(), user).unwrap();
            let best = candidates(&before, &verdicts);
            let answer = explained(place, user, &[]);
            let num_kept = after.job_fit_scores.iter().filter(|row| row.user_id == user).count();
            assert_eq!(answer["num_kept"], num_kept);
            let listed: Vec<&str> = (answer["pairs"].as_array().unwrap().iter())
                .map(|pair| pair["job_id"].as_str().unwrap())
                .collect();
            let expected: Vec<String> =
                best.iter().take(num_kept + 3).map(|(job, _)| job.to_string()).collect();
            assert_eq!(listed, expected);

            let text = explain(place, &user.to_string(), &[]).ended(0).stdout;
            assert!(text.contains(&format!("{num_kept} are kept")) || num_kept == 1, "{text}");
            assert!(expected.iter().all(|job| text.contains(job.as_str())), "{text}");
            narrow(&text);
        }
    });
}

#[track_caller]
fn narrow(text: &str) {
    let wide = text.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{text}");
}

#[test]
fn trees_are_narrow_and_say_what_the_json_says() {
    on_each_place(|place| {
        night(place, FIRST, &[]);
        let tables = place.tables();
        let kept = &tables.job_fit_scores[0];
        let user = kept.user_id.to_string();
        let ids: Vec<String> = tables.jobs.iter().map(|job| job.id.to_string()).collect();
        let extra: Vec<&str> = ids.iter().flat_map(|id| ["--job", id.as_str()]).collect();
        let text = explain(place, &user, &extra).ended(0).stdout;
        narrow(&text);
        assert_eq!(text.matches("\njob ").count(), tables.jobs.len());

        let job = kept.job_id.to_string();
        let text = explain(place, &user, &["--job", &job]).ended(0).stdout;
        let says = format!("job {job}: {} points, {}: ", kept.fit_score, kept.fit_label);
        assert!(text.contains(&says), "{says} is not in:\n{text}");
        let stored = format!("stored: {} points, all as computed", kept.fit_score);
        assert!(text.contains(&stored), "{stored} is not in:\n{text}");
        for email in tables.users.iter().map(|user| &user.email) {
            assert!(!text.contains(email.as_str()));
        }
    });
}

// --- a transcript ---

/// A user of pune who likes acme, and five jobs.
fn small_world() -> Tables {
    let mut tables =
        generate(&Options { jobs: 5, users: 1, dirt: Dirt::None, ..Options::default() });
    let user = Uuid::from_u128(1);
    let (job, role) = (tables.jobs[0].clone(), tables.user_target_roles[0].clone());
    let job = |n: u128, company: &str, family: &str, change: fn(&mut JobRow)| {
        let mut job = JobRow {
            id: Uuid::from_u128(0x70 + n),
            company_canonical: company.to_owned(),
            city_canonical: Some("pune".to_owned()),
            work_mode: Some("onsite".to_owned()),
            seniority_level: Some("mid".to_owned()),
            role_family: Some(family.to_owned()),
            salary_min_lpa: None,
            salary_max_lpa: None,
            exp_min_years: None,
            exp_max_years: None,
            posted_at: None,
            is_active: true,
            is_new: true,
            jd_cleaned: true,
            ..job.clone()
        };
        change(&mut job);
        job
    };
    tables.jobs = vec![
        job(1, "acme", "backend", |job| job.salary_max_lpa = Some(Numeric::Units(1_850))),
        job(2, "borealis", "backend", |job| {
            job.work_mode = Some("remote".to_owned());
            job.exp_min_years = Some(Numeric::Units(80));
        }),
        job(3, "acme", "data", |_| {}),
        job(4, "acme", "backend", |job| job.seniority_level = Some("senior".to_owned())),
        job(5, "acme", "backend", |job| (job.is_active, job.jd_cleaned) = (false, false)),
    ];
    let skill = |(n, (name, kind)): (usize, (&str, &str))| JobSkillRow {
        id: Uuid::from_u128(0x80 + n as u128),
        job_id: tables.jobs[0].id,
        skill_name: name.to_owned(),
        skill_type: kind.to_owned(),
    };
    let listed = [("SQL", "required"), ("rust", "required"), ("kafka", "nice_to_have")];
    tables.job_skills = listed.into_iter().enumerate().map(skill).collect();
    tables.users[0] = UserRow {
        id: user,
        tier: "student".to_owned(),
        city_canonical: Some("pune".to_owned()),
        cities_preferred: Vec::new(),
        work_modes_preferred: Vec::new(),
        expected_salary_lpa: Some(Numeric::Units(1_500)),
        experience_years: Some(Numeric::Units(45)),
        ..tables.users[0].clone()
    };
    tables.user_target_roles =
        vec![TargetRoleRow { user_id: user, role_family: "backend".to_owned(), ..role }];
    tables.user_company_prefs = vec![CompanyPrefRow {
        id: Uuid::from_u128(61),
        user_id: user,
        company_canonical: "acme".to_owned(),
        pref_type: "dream".to_owned(),
        created_at: 0,
    }];
    tables.resumes = vec![ResumeRow {
        id: Uuid::from_u128(62),
        user_id: user,
        file_hash: String::new(),
        parse_status: "done".to_owned(),
        is_primary: true,
        created_at: 0,
        updated_at: 0,
    }];
    let resume = json!({ "user_id": user, "skills": ["Kafka"], "raw_text": "PostgreSQL and SQL" });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(resume.to_string().as_bytes()).unwrap();
    tables.parsed_resumes = BTreeMap::from([(user, gzip.finish().unwrap())]);
    tables.salary_benchmarks.clear();
    tables
}

const TREES: &str = "\
user 00000000-0000-0000-0000-000000000001 (paid: up to 25 pairs a week)
model of 2026-W47: …, pinned 2026-11-16T17:00:00Z
2 of 4 jobs pass the prefilter, 1 is kept

job 00000000-0000-0000-0000-000000000071: 61 points, good: consider
├─ acme: backend, mid, onsite, pune
├─ skills         2,307 bp × 0.35 = 807.45
│  ├─ has 3 of 5 by weight: 10,000 × 3 / (5 + 8)
│  ├─ has, required (2 × rarity): sql 2
│  ├─ has, nice to have (rarity): apache kafka 1
│  └─ lacks, required (2 × rarity): rust 2
├─ experience    10,000 bp × 0.25 = 2,500
│  └─ 4.5 years; the job asks for 3 to 6 years, the band of its level
├─ demand            40 bp × 0.25 = 10
│  └─ jobs of backend in pune: 2
├─ salary        10,000 bp × 0.2 = 2,000
│  └─ the job lists 18.5 LPA; expected: 15 LPA
├─ base           5,064 bp = 5,317.45 / 1.05
├─ bonus         +1,000 bp, a dream company
├─ score          6,064 bp, 61 points
├─ kept: rank 1 of 2
│  ├─ 3,143 bp above rank 2
│  └─ 2,114 bp above the least score that is kept, 40 points: 3,950 bp
└─ stored: 61 points, all as computed

job 00000000-0000-0000-0000-000000000072: 29 points, fair: skip
├─ borealis: backend, mid, remote, pune
├─ skills         5,000 bp × 0.35 = 1,750
│  └─ the job lists none
├─ experience     1,250 bp × 0.25 = 312.5
│  └─ 4.5 years; the job asks for 8 years or more
├─ demand            20 bp × 0.25 = 5
│  └─ remote jobs of backend: 1
├─ salary         5,000 bp × 0.2 = 1,000
│  └─ no salary is listed, and what is usual there is not known; expected: 15
│       LPA
├─ base           2,921 bp = 3,067.5 / 1.05
├─ score          2,921 bp, 29 points
└─ not kept: rank 2 of 2
   ├─ 3,143 bp below rank 1
   └─ 1,029 bp below the least score that is kept, 40 points: 3,950 bp

job 00000000-0000-0000-0000-000000000073: not scored: a rule stops it
├─ acme: data, mid, onsite, pune
└─ role family: the job's is data; the user looks for backend

job 00000000-0000-0000-0000-000000000074: not scored: a rule stops it
├─ acme: backend, senior, onsite, pune
└─ seniority: the job's is senior; the user's is mid, which suits mid

job 00000000-0000-0000-0000-000000000075: not scored: the job cannot be
├─ it is not active
└─ its description is not cleaned yet
";

const LIST: &str = "\
user 00000000-0000-0000-0000-000000000001 (paid: up to 25 pairs a week)
model of 2026-W47: …, pinned 2026-11-16T17:00:00Z
2 of 4 jobs pass the prefilter, 1 is kept

rank  fit      bp  to cut  job, company
   1   61   6,064  +2,114  00000000-0000-0000-0000-000000000071  acme
-- 3,950 bp, 40 points: the least that is kept; below it:
   2   29   2,921  -1,029  00000000-0000-0000-0000-000000000072  borealis

`--job ID` takes a pair apart, also one that is not here
";

#[test]
fn a_transcript() {
    let data = Data::new(&small_world());
    let model = night(&data, FIRST, &[])["model_id"].as_str().unwrap()[..19].to_owned();
    let ids: Vec<String> = (0x71..=0x75).map(|n| Uuid::from_u128(n).to_string()).collect();
    let extra: Vec<&str> = ids.iter().flat_map(|id| ["--job", id.as_str()]).collect();
    let user = Uuid::from_u128(1).to_string();
    let said = |extra: &[&str]| explain(&data, &user, extra).ended(0).stdout.replace(&model, "…");
    assert_eq!(said(&extra), TREES);
    assert_eq!(said(&[]), LIST);
}

// --- what is not there, and who is not scored ---

/// The id with one character replaced.
fn mistyped(id: Uuid) -> String {
    let mut text = id.to_string();
    let other = if text.ends_with('0') { '1' } else { '0' };
    text.pop();
    text.push(other);
    text
}

#[test]
fn an_id_that_is_not_there_is_told_with_the_nearest_one() {
    on_each_place(|place| {
        let tables = place.tables();
        let (user, job) = (tables.users[3].id, tables.jobs[5].id);
        let nobody = "00000000-0000-4000-8000-000000000000";
        let no_such = |user: &str, job: &str, said: &[&str]| {
            let run = explain(place, user, &["--job", job]).ended(2);
            assert_eq!(run.stdout, "");
            assert!(said.iter().all(|text| run.stderr.contains(text)), "{said:?}: {}", run.stderr);
            run.stderr
        };
        let (good_user, good_job) = (user.to_string(), job.to_string());
        let typed = mistyped(user);
        no_such(&typed, &good_job, &[&format!("no user {typed}; did you mean"), &good_user]);
        let typed = mistyped(job);
        no_such(&good_user, &typed, &[&format!("no job {typed}; did you mean"), &good_job]);
        let cut_off = &good_user[..30];
        no_such(cut_off, &good_job, &[&format!("no user {cut_off}; did you mean"), &good_user]);
        for (user, job) in [(nobody, &*good_job), (&*good_user, nobody)] {
            let said = no_such(user, job, &[nobody]);
            assert!(!said.contains("did you mean"), "{said}");
        }
        no_such("asha", &good_job, &["there is no user `asha`: an id is a UUID"]);
        no_such(&good_user, "7", &["there is no job `7`: an id is a UUID"]);

        // Upper case, and without dashes, it is the same id.
        let plain = user.simple().to_string().to_uppercase();
        explain(place, &plain, &["--job", &good_job]).ended(0);
    });
}

#[test]
fn a_user_who_is_not_scored_is_told_why() {
    on_each_place(|place| {
        let tables = place.tables();
        let as_of_us = FIRST.parse::<Timestamp>().unwrap().as_microsecond();
        let skipped = oracle(&tables).full_scan(&tables, &aliases(), as_of_us, None).skipped;
        let reasons: BTreeMap<&str, Uuid> =
            skipped.iter().map(|(user, reason)| (*reason, *user)).collect();
        assert!(reasons.len() >= 2, "{reasons:?}");
        for (reason, user) in reasons {
            let answer = explained(place, user, &[tables.jobs[0].id]);
            assert_eq!(answer["skipped"], reason);
            assert_eq!(answer["pairs"], json!([]));
            let text = explain(place, &user.to_string(), &[]).ended(0).stdout;
            assert!(text.contains(&format!("not scored ({reason}): ")), "{text}");
        }
    });
}

// --- the model, what is stored, and rights ---

#[test]
fn without_a_pinned_model_it_says_what_a_run_would_pin() {
    on_each_place(|place| {
        let tables = place.tables();
        let user = tables.users.iter().map(|user| user.id).find(|user| {
            oracle(&tables).verdicts(&tables, &aliases(), *user).is_ok_and(|all| {
                all.values().any(|verdict| matches!(verdict, Verdict::Raw(5_000..)))
            })
        });
        let id = user.unwrap().to_string();
        let source = place.source_args();
        let mut args = vec!["explain", "--as-of", FIRST, "--user", &id];
        args.extend(source.iter().map(String::as_str));
        let text = talvix(&args).ended(0).stdout;
        assert!(text.contains("none is pinned; this is what a run now would pin"), "{text}");
        args.push("--json");
        let before = talvix(&args).ended(0).json();
        assert_eq!(before["is_pinned"], false);
        assert_eq!(before["pinned_at"], Value::Null);
        assert!(before["pairs"].as_array().unwrap().iter().all(|pair| pair["stored"].is_null()));

        let report = night(place, FIRST, &[]);
        assert_eq!(report["model_id"], before["model_id"]);
        let after = talvix(&args).ended(0).json();
        assert_eq!(after["is_pinned"], true);
        assert_eq!(after["pinned_at"], FIRST);
        let scores = |answer: &Value| -> Vec<Value> {
            answer["pairs"].as_array().unwrap().iter().map(|pair| pair["score"].clone()).collect()
        };
        assert_eq!(scores(&after), scores(&before));
        assert!(after["num_kept"].as_u64() >= Some(1), "{after}");
    });
}

#[test]
fn what_the_next_run_will_change_is_told() {
    on_each_place(|place| {
        night(place, FIRST, &[]);
        let tables = place.tables();
        let row = &tables.job_fit_scores[0];
        let (user, job) = (row.user_id, row.job_id);
        let company = tables.jobs.iter().find(|row| row.id == job).unwrap();
        let pref = |pref_type: &str| Change::PreferCompany {
            marks_stale: false,
            pref: CompanyPrefRow {
                id: Uuid::from_u128(61),
                user_id: user,
                company_canonical: company.company_canonical.clone(),
                pref_type: pref_type.to_owned(),
                created_at: 0,
            },
        };
        let known = |pref: &&CompanyPrefRow| {
            pref.user_id == user && pref.company_canonical == company.company_canonical
        };
        assert_eq!(tables.user_company_prefs.iter().find(known), None);
        place.apply(&[pref("blacklist")]);
        let answer = explained(place, user, &[job]);
        let pair = &answer["pairs"][0];
        assert_eq!(
            pair["stopped"],
            json!({ "rule": "blacklisted", "job": company.company_canonical })
        );
        assert_eq!(pair["stored"], json!({ "fit_score": row.fit_score, "is_current": false }));
        let text = explain(place, &user.to_string(), &["--job", &job.to_string()]).ended(0).stdout;
        assert!(text.contains("the next run removes it"), "{text}");
        // Scored again, the row is gone, and the one that moved up is stored as computed.
        night(place, LATER, &["--user", &user.to_string()]);
        let answer = explained(place, user, &[]);
        for pair in answer["pairs"].as_array().unwrap() {
            let is_kept = pair["outcome"] == "kept";
            assert_eq!(pair["stored"]["is_current"], json!(is_kept.then_some(true)), "{pair}");
            assert_ne!(pair["job_id"], job.to_string());
        }
    });
}

#[test]
fn it_reads_with_fewer_rights_than_a_run_and_writes_nothing() {
    let db = Db::new(&tables());
    night(&db, FIRST, &[]);
    let tables = db.tables();
    db.sql(&format!(
        "revoke insert, update, delete on all tables in schema public from {ENGINE_ROLE};
         revoke update (fit_scores_stale, dashboard_ready) on users from {ENGINE_ROLE};
         revoke temporary on database {} from {ENGINE_ROLE}",
        db.name()
    ));
    let row = &tables.job_fit_scores[0];
    let counted = db.counters();
    let answer = explained(&db, row.user_id, &[row.job_id]);
    assert_eq!(answer["pairs"][0]["score"]["fit_score"], row.fit_score);
    assert_eq!(db.counters(), counted);
    // What it reads it must be allowed to.
    db.sql(&format!("revoke select (role_family) on jobs from {ENGINE_ROLE}"));
    let refused = explain(&db, &row.user_id.to_string(), &[]).ended(4);
    assert!(refused.stderr.contains("may not SELECT (role_family)"), "{}", refused.stderr);
}

#[test]
fn it_looks_on_while_a_run_works_and_takes_the_settings_of_one() {
    let data = Data::new(&tables());
    night(&data, FIRST, &[]);
    let row = data.tables().job_fit_scores[0].clone();
    let dataset = talvix_dataset::Dataset::open(data.dir()).unwrap();
    let lock = dataset.lock("a test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("talvix.toml");
    let dir = data.dir().to_str().unwrap();
    let lines = format!("dataset = '{dir}'\nchunk_users = 7\nstrict = true\nas_of = '{LATER}'\n");
    fs::write(&settings, lines).unwrap();
    let user = row.user_id.to_string();
    let output = command(&["explain", "--user", &user, "--json"])
        .current_dir(folder.path())
        .env("TALVIX_RESUME_CACHE", "off")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["week"], "2026-W47");
    drop(lock);

    // A model that cannot be read is not guessed around.
    fs::write(data.storage().join(MODEL), "no model").unwrap();
    let refused = explain(&data, &user, &[]).ended(4);
    assert!(refused.stderr.contains("damaged"), "{}", refused.stderr);
}
