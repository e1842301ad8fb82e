//! Nights to make pages of.

use crate::{
    night::{Market, Night, NightInBrief, Share},
    run::{Jobs, Outcome, Pairs, Report, Resumes, Rows, Seconds, Span, Users},
};

const ROLES: [&str; 12] = [
    "backend_engineer",
    "frontend_engineer",
    "data_scientist",
    "product_manager",
    "devops_engineer",
    "qa_engineer",
    "business_analyst",
    "sales_executive",
    "hr_generalist",
    "ux_designer",
    "mechanical_engineer",
    "financial_analyst",
];
const CITIES: [&str; 12] = [
    "bengaluru",
    "remote",
    "hyderabad",
    "pune",
    "delhi",
    "mumbai",
    "chennai",
    "gurugram",
    "noida",
    "kolkata",
    "ahmedabad",
    "-",
];
const SKILLS: [&str; 25] = [
    "sql",
    "python",
    "communication",
    "java",
    "javascript",
    "aws",
    "docker",
    "kubernetes",
    "react",
    "git",
    "excel",
    "rest api",
    "linux",
    "spring boot",
    "node.js",
    "postgresql",
    "mongodb",
    "machine learning",
    "ci/cd",
    "typescript",
    "azure",
    "data analysis",
    "agile",
    "figma",
    "kafka",
];

/// Numbers that look random and are the same each time.
fn noise(seed: u64) -> f64 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// A night like those of a platform with 100,000 users: what the page is made for.
pub fn large() -> Night {
    let role = |nth: usize| match ROLES.get(nth) {
        Some(role) => (*role).to_owned(),
        None => format!(
            "{}_{}",
            ROLES[nth % 12],
            ["lead", "intern", "manager", "ii", "iii", "iv"][nth / 12 - 1]
        ),
    };
    let bell = |middle: f64, width: f64, size: f64| {
        let mut points = [0_u64; 61];
        for (score, pairs) in (40_u32..).zip(&mut points) {
            let off = (f64::from(score) - middle) / width;
            *pairs =
                (size * (-off * off / 2.0).exp() * (0.95 + noise(u64::from(score)) / 10.0)) as u64;
        }
        points
    };
    let scores_by_tier = vec![
        ("free".to_owned(), bell(54.0, 9.0, 11_000.0)),
        ("paid".to_owned(), bell(62.0, 11.0, 17_000.0)),
    ];
    let markets: Vec<_> = (0..74 * 12)
        .map(|nth| {
            let (r, c) = (nth / 12, nth % 12);
            let jobs = (2_600.0
                * 0.93_f64.powi(r as i32)
                * 0.8_f64.powi(c as i32)
                * noise(nth as u64).powi(2)) as u64;
            let users = (3_900.0
                * 0.95_f64.powi(r as i32)
                * 0.78_f64.powi(c as i32)
                * noise(nth as u64 + 999).powi(2)) as u64;
            let kept = if users == 0 { 0 } else { jobs.min(users * 3) * 4 };
            Market { role_family: role(r), city: CITIES[c].to_owned(), jobs, users, kept }
        })
        .collect();
    let shares = |name: fn(&Market) -> &str| {
        let mut shares: Vec<Share> = Vec::new();
        for market in &markets {
            let at =
                shares.iter().position(|share| share.name == name(market)).unwrap_or_else(|| {
                    shares.push(Share { name: name(market).to_owned(), ..Share::default() });
                    shares.len() - 1
                });
            shares[at].jobs += market.jobs;
            shares[at].users += market.users;
            shares[at].kept += market.kept;
        }
        shares.sort_by_key(|share| std::cmp::Reverse(share.kept));
        shares
    };
    let skills = |size: f64, turn: usize| {
        (0..25)
            .map(|nth| (SKILLS[(nth * turn) % 25].to_owned(), (size / (nth + 3) as f64) as u64))
            .collect()
    };
    let kept = scores_by_tier.iter().flat_map(|(_, points)| points).sum::<u64>();
    let history = (0..30)
        .map(|nth| {
            let is_monday = nth % 7 == 1;
            let wave = noise(nth + 77);
            NightInBrief {
                run_date: format!(
                    "2026-{:02}-{:02}",
                    if nth < 14 { 10 } else { 11 },
                    if nth < 14 { 18 + nth } else { nth - 13 }
                ),
                run_id: format!("01a204ed-a453-729c-8bbe-40308f6{nth:05}"),
                jobs: 227_000 + (wave * 4_000.0) as u64,
                new_jobs: if nth == 29 {
                    6_110
                } else if is_monday {
                    9_400
                } else {
                    4_000 + (wave * 2_600.0) as u64
                },
                users_scored: if nth == 29 { 97_512 } else { 96_000 + nth * 50 },
                users_full: if is_monday { 96_000 } else { 12_000 },
                users_without_match: if nth == 29 { 1_907 } else { 1_500 + (wave * 500.0) as u64 },
                users_skipped: 5_100,
                kept: if nth == 29 { kept } else { kept - 30_000 + (wave * 30_000.0) as u64 },
                inserted: 41_022,
                deleted: 38_310,
                seconds: if nth == 29 {
                    161.3
                } else if is_monday {
                    240.0
                } else {
                    88.0 + wave * 14.0
                },
                peak_rss_bytes: if nth == 29 {
                    4_212_000_000
                } else {
                    3_900_000_000 + (wave * 400e6) as u64
                },
            }
        })
        .collect();
    let span = |phase: &str, from, to, busy| Span { phase: phase.to_owned(), from, to, busy };
    let report = Report {
        run_id: "01a204ed-a453-729c-8bbe-40308f636fc7".to_owned(),
        as_of: "2026-11-16T17:00:00Z".to_owned(),
        week: "2026-W47".to_owned(),
        model_id: "sha256:4affbdf99c164affbdf99c16".to_owned(),
        outcome: Outcome::Completed,
        jobs: Jobs { scoreable: 229_104, new: 6_110 },
        users: Users {
            scored: 97_512,
            full: 31_204,
            delta: 66_308,
            skipped: [("no_resume", 3_204), ("no_target_role", 1_702), ("resume_unreadable", 214)]
                .map(|(name, number)| (name.to_owned(), number)).into(),
            full_reasons: [("stored_differs", 18_900), ("stale", 11_204), ("no_cursor", 1_100)]
                .map(|(name, number)| (name.to_owned(), number)).into(),
            without_candidate: 1_204,
            below_threshold: 703,
            changed_meanwhile: 12,
            ..Users::default()
        },
        resumes: Resumes { read: 3_120, from_cache: 94_606 },
        pairs: Pairs { prefiltered: 84_236_110, scored: 6_110_244, deleted_meanwhile: 3 },
        rows: Rows { kept, inserted: 41_022, updated: 3_310, unchanged: kept - 44_332, deleted: 38_310 },
        scores: (40..).zip(0..61).map(|(score, at): (u32, usize)| {
            (score.to_string(), scores_by_tier.iter().map(|(_, points)| points[at]).sum())
        }).collect(),
        seconds: Seconds { load: 9.2, pin: 0.0, score: 96.4, write: 120.7, publish: 6.1, total: 161.3 },
        timeline: vec![
            span("read jobs", 0.0, 7.9, 7.7),
            span("read users", 7.9, 121.0, 60.4),
            span("read resumes", 8.4, 122.0, 31.2),
            span("score", 11.8, 139.6, 96.4),
            span("write", 16.1, 152.2, 120.7),
            span("finish", 152.2, 154.9, 2.7),
            span("publish", 148.0, 161.1, 6.1),
        ],
        peak_rss_bytes: 4_212_000_000,
        snapshot: Some("/storage/snapshots/2026-11-16".to_owned()),
        input_faults: [("salary_too_large", 312), ("resume_file_missing", 202), ("resume_json_damaged", 12), ("work_mode_unknown", 90)]
            .map(|(name, number)| (name.to_owned(), number)).into(),
        input_fault_examples: [(
            "resume_file_missing".to_owned(),
            vec!["user 01a204ed-a453-729c-8bbe-40308f636fc7".to_owned(); 20],
        )].into(),
        warnings: vec![
            "weights were read from the table model_weights: storage has no model-data/weights_current.json".to_owned(),
        ],
        ..Report::default()
    };
    Night {
        report,
        run_date: "2026-11-16".to_owned(),
        talvix_version: "0.1.0".to_owned(),
        scores_by_tier,
        users_by_candidates: (0..18)
            .map(|nth: i32| {
                if nth == 0 {
                    1_204
                } else {
                    (19_000.0 * (-f64::from(nth - 10).powi(2) / 12.0).exp()) as u64
                }
            })
            .collect(),
        roles: shares(|market| &market.role_family),
        cities: shares(|market| &market.city),
        skills_asked: skills(300_000.0, 1),
        skills_missing: skills(410_000.0, 7),
        markets,
        history,
    }
}

/// Names that whoever writes a job can choose.
pub fn hostile() -> Night {
    let names = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</title></svg></style>&amp;&#0;",
        "\u{202e}right to left\u{0}\u{1b}[31m\u{ffff}",
        "שלום עולם",
        "",
    ]
    .map(str::to_owned);
    let long = "w".repeat(1_000);
    let mut night = large();
    for (nth, name) in names.iter().chain([&long]).enumerate() {
        night.scores_by_tier.push((name.clone(), [u64::MAX; 61]));
        let share = Share { name: name.clone(), jobs: u64::MAX, users: 0, kept: u64::MAX };
        night.roles.insert(0, share.clone());
        night.cities.insert(0, share);
        for (jobs, users) in [(u64::MAX, 0), (0, u64::MAX), (30, 20), (20, 30)] {
            let [role_family, city] = [name.clone(), names[nth % 6].clone()];
            night.markets.push(Market { role_family, city, jobs, users, kept: u64::MAX });
        }
        night.skills_asked.insert(0, (name.clone(), u64::MAX));
        night.skills_missing.insert(0, (name.clone(), u64::MAX));
        let report = &mut night.report;
        report.warnings.push(name.clone());
        report.input_faults.insert(name.clone(), u64::MAX);
        report.input_fault_examples.insert(name.clone(), vec![name.clone(); 20]);
        report.users.skipped.insert(name.clone(), usize::MAX);
        report.users.full_reasons.insert(name.clone(), usize::MAX);
        report.timeline.push(Span { phase: name.clone(), from: 0.0, to: 1e300, busy: f64::NAN });
        report.timeline.push(Span { phase: name.clone(), from: 5.0, to: 1e300, busy: 1e308 });
        for text in [&mut report.run_id, &mut report.as_of, &mut report.week, &mut night.run_date] {
            text.push_str(name);
        }
        night.history.push(NightInBrief {
            run_date: name.clone(),
            run_id: name.clone(),
            kept: u64::MAX,
            seconds: [f64::NAN, f64::INFINITY, -1.0, 1e308][nth % 4],
            ..NightInBrief::default()
        });
    }
    night.users_by_candidates = vec![u64::MAX; 90];
    night
}

/// A night in which all there is, is one.
pub fn single() -> Night {
    let share = Share { name: "qa".to_owned(), jobs: 1, users: 1, kept: 1 };
    let mut points = [0; 61];
    points[60] = 1;
    Night {
        scores_by_tier: vec![("free".to_owned(), points)],
        users_by_candidates: vec![0, 1],
        roles: vec![share.clone()],
        cities: vec![share],
        markets: vec![Market { jobs: 1, users: 1, kept: 1, ..Market::default() }],
        skills_asked: vec![("sql".to_owned(), 1)],
        skills_missing: vec![("go".to_owned(), 1)],
        history: vec![NightInBrief::default()],
        ..Night::default()
    }
}
