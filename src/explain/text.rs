//! An answer as people read it.

use super::{
    answer::{Answer, Outcome, Pair},
    listing,
    tree::Node,
};
use std::fmt::Write;
use talvix_engine::{
    breakdown::{ListedSkill, Scored, SkillsPart, Stopped, Weighed},
    ranking::{Cut, CutBy, Standing},
};
use talvix_report::text::count;

/// A band that ends here or later has no upper end worth naming.
const OPEN_ENDED_YEARS: f64 = 40.0;

/// The whole answer: a list of the best pairs, or a tree of each.
pub fn page(answer: &Answer<'_>, is_list: bool) -> String {
    let mut text = head(answer);
    if answer.skipped.is_some() {
        return text;
    }
    text.push('\n');
    if is_list {
        text.push_str(&listing::list(answer));
        return text;
    }
    let trees: Vec<String> = answer.pairs.iter().map(|pair| tree(answer, pair)).collect();
    text.push_str(&trees.join("\n"));
    text
}

fn head(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "user {} ({}: up to {} pairs a week)",
        answer.user_id, answer.tier, answer.max_kept
    );
    let model = &answer.model;
    let id = model.model_id.get(..19).unwrap_or(&model.model_id);
    let _ = match &model.pinned_at {
        Some(at) => writeln!(text, "model of {}: {id}, pinned {at}", model.week),
        None => writeln!(
            text,
            "model of {}: none is pinned; this is what a run now would pin",
            model.week
        ),
    };
    if let Some(reason) = answer.skipped {
        let why = match reason {
            "no_resume" => "there is no primary resume that is parsed",
            "resume_unreadable" => "the parsed resume cannot be read",
            _ => "the user has no target role",
        };
        let _ = writeln!(text, "not scored ({reason}): {why}");
        return text;
    }
    let _ = writeln!(
        text,
        "{} of {} jobs pass the prefilter, {} kept",
        count(answer.num_candidates as u64),
        count(answer.num_jobs as u64),
        match answer.num_kept {
            0 => "none is".to_owned(),
            1 => "1 is".to_owned(),
            many => format!("{many} are"),
        }
    );
    text
}

/// One pair.
fn tree(answer: &Answer<'_>, pair: &Pair<'_>) -> String {
    let mut below = Vec::new();
    if let Some(job) = &pair.job {
        let mut facts = vec![job.role_family.to_owned(), level(job.seniority_level)];
        facts.extend(job.work_mode.map(str::to_owned));
        facts.extend(job.city.map(str::to_owned));
        if job.is_new {
            facts.push("new".to_owned());
        }
        below.push(Node::leaf(format!("{}: {}", job.company, facts.join(", "))));
    }
    let verdict = match (&pair.score, &pair.stopped) {
        (Some(score), _) => {
            let verdict = format!(
                "{} points, {}: {}",
                score.fit_score, score.fit_label, score.recommendation
            );
            below.extend(parts(score));
            verdict
        }
        (None, Some(stopped)) => {
            below.push(Node::leaf(stop(stopped)));
            "not scored: a rule stops it".to_owned()
        }
        (None, None) => {
            below.extend(pair.not_scoreable.iter().map(|why| Node::leaf(not_scoreable(why))));
            "not scored: the job cannot be".to_owned()
        }
    };
    if let (Some(standing), Some(cut)) = (pair.standing, answer.cut) {
        below.push(place(answer, standing, cut));
    }
    below.extend(stored(pair).map(Node::leaf));
    Node::new(format!("job {}: {verdict}", pair.job_id), below).draw()
}

fn level(name: &str) -> String {
    if name == "not_specified" { "any level".to_owned() } else { name.to_owned() }
}

/// The components, their sum, and what is added to it.
fn parts(score: &Scored<'_>) -> Vec<Node> {
    let Scored { skills, experience, demand, salary, .. } = score;
    let band = match (experience.from_years, experience.to_years) {
        (Some(from), Some(to)) => {
            let of = if experience.is_band_of_level { ", the band of its level" } else { "" };
            if to < OPEN_ENDED_YEARS {
                format!("the job asks for {from} to {to} years{of}")
            } else {
                format!("the job asks for {from} years or more{of}")
            }
        }
        _ => "the job names no band and no level".to_owned(),
    };
    let has = experience.user_years.map_or("not known".to_owned(), |own| format!("{own} years"));
    let offer = match (salary.offer_lpa, salary.is_listed) {
        (Some(offer), true) => format!("the job lists {offer} LPA"),
        (Some(offer), false) => format!("no salary is listed, {offer} LPA is usual there"),
        (None, _) => "no salary is listed, and what is usual there is not known".to_owned(),
    };
    let expected =
        salary.expected_lpa.map_or("not known".to_owned(), |expected| format!("{expected} LPA"));
    let num_jobs = count(u64::from(demand.num_jobs));
    let market = match demand.city {
        "remote" => format!("remote jobs of {}: {num_jobs}", demand.role_family),
        "-" => format!("jobs of {} without a city: {num_jobs}", demand.role_family),
        city => format!("jobs of {} in {city}: {num_jobs}", demand.role_family),
    };
    let mut nodes = vec![
        Node::new(weighed("skills", skills.weighed), skill_lines(skills)),
        Node::new(
            weighed("experience", experience.weighed),
            vec![Node::leaf(format!("{has}; {band}"))],
        ),
        Node::new(weighed("demand", demand.weighed), vec![Node::leaf(market)]),
        Node::new(
            weighed("salary", salary.weighed),
            vec![Node::leaf(format!("{offer}; expected: {expected}"))],
        ),
        Node::leaf(format!(
            "{:<11}{:>9} bp = {} / {}",
            "base",
            count(u64::from(score.base_bp)),
            decimal(score.sum),
            decimal(score.weights_e4)
        )),
    ];
    if score.dream_bonus_bp > 0 {
        nodes.push(Node::leaf(format!(
            "{:<11}{:>9} bp, a dream company",
            "bonus",
            format!("+{}", count(u64::from(score.dream_bonus_bp)))
        )));
    }
    nodes.push(Node::leaf(format!(
        "{:<11}{:>9} bp, {} points",
        "score",
        count(u64::from(score.raw_bp)),
        score.fit_score
    )));
    nodes
}

fn weighed(name: &str, part: Weighed) -> String {
    format!(
        "{name:<11}{:>9} bp × {} = {}",
        count(u64::from(part.bp)),
        decimal(u64::from(part.weight_e4)),
        decimal(part.product)
    )
}

/// What the job lists, in groups; each with how much it weighs.
fn skill_lines(skills: &SkillsPart<'_>) -> Vec<Node> {
    let SkillsPart { matched_weight, total_weight, prior_weight, .. } = skills;
    if *total_weight == 0 {
        return vec![Node::leaf("the job lists none")];
    }
    let mut lines = vec![Node::leaf(format!(
        "has {matched_weight} of {total_weight} by weight: 10,000 × {matched_weight} / \
         ({total_weight} + {prior_weight})"
    ))];
    let groups = [
        ("has, required (2 × rarity)", true, true),
        ("has, nice to have (rarity)", true, false),
        ("lacks, required (2 × rarity)", false, true),
        ("lacks, nice to have (rarity)", false, false),
    ];
    for (title, is_matched, is_required) in groups {
        let of_group = |skill: &&ListedSkill<'_>| {
            skill.is_matched == is_matched && skill.is_required == is_required
        };
        let named: Vec<String> = skills
            .listed
            .iter()
            .filter(of_group)
            .map(|s| format!("{} {}", s.name, s.weight))
            .collect();
        if !named.is_empty() {
            lines.push(Node::leaf(format!("{title}: {}", named.join(", "))));
        }
    }
    lines
}

/// Which rule stops a pair, and what it compared.
fn stop(stopped: &Stopped<'_>) -> String {
    let list = |texts: &[&str], none: &str| {
        if texts.is_empty() { none.to_owned() } else { texts.join(", ") }
    };
    match stopped {
        Stopped::RoleFamily { job, user } => format!(
            "role family: the job's is {job}; the user looks for {}",
            list(user, "none that any job has")
        ),
        Stopped::Seniority { job, user, suitable } => {
            let suitable: Vec<&str> =
                suitable.iter().copied().filter(|level| *level != "not_specified").collect();
            format!(
                "seniority: the job's is {job}; the user's is {}, which suits {}",
                user.unwrap_or("not known"),
                suitable.join(", ")
            )
        }
        Stopped::Place { job, user } => format!(
            "place: the job is {}, and not remote; the user looks in {}",
            job.map_or("in no city that is known".to_owned(), |city| format!("in {city}")),
            list(user, "no city that any job is in")
        ),
        Stopped::WorkMode { job, user } => format!(
            "work mode: the job's is {}; the user wants {}",
            job.unwrap_or("not known"),
            list(user, "none")
        ),
        Stopped::Blacklisted { job } => format!("company: the user has blacklisted {job}"),
    }
}

fn not_scoreable(why: &str) -> &'static str {
    match why {
        "not_active" => "it is not active",
        "not_cleaned" => "its description is not cleaned yet",
        _ => "it has no role family",
    }
}

/// Where a pair stands, and how far from its neighbours and the cut.
fn place(answer: &Answer<'_>, standing: Standing, cut: Cut) -> Node {
    let Standing { rank, is_kept, below_better_bp, above_worse_bp, above_cut_bp } = standing;
    let bp = |distance: u64| format!("{} bp", count(distance));
    let mut below = Vec::new();
    let neighbour = |rank: usize| count(rank as u64);
    if let Some(distance) = below_better_bp {
        let at = neighbour(rank - 1);
        below.push(Node::leaf(format!("{} below rank {at}", bp(u64::from(distance)))));
    }
    if let Some(distance) = above_worse_bp {
        let at = neighbour(rank + 1);
        below.push(Node::leaf(format!("{} above rank {at}", bp(u64::from(distance)))));
    }
    let of_cut = match cut.by {
        CutBy::LastKept => {
            format!("the last that is kept, rank {}: {}", answer.num_kept, bp(cut.raw_bp.into()))
        }
        CutBy::MinimumScore => {
            format!(
                "the least score that is kept, {} points: {}",
                cut.fit_score,
                bp(cut.raw_bp.into())
            )
        }
    };
    below.push(Node::leaf(if rank == answer.num_kept && cut.by == CutBy::LastKept {
        "it is the last that is kept".to_owned()
    } else if above_cut_bp == 0 && !is_kept {
        format!("as good as {of_cut}; of two that are, the newer job is kept")
    } else {
        let side = if above_cut_bp < 0 { "below" } else { "above" };
        format!("{} {side} {of_cut}", bp(above_cut_bp.unsigned_abs()))
    }));
    let is_kept = if is_kept { "kept" } else { "not kept" };
    let of = count(answer.num_candidates as u64);
    Node::new(format!("{is_kept}: rank {} of {of}", count(rank as u64)), below)
}

/// What is stored, and what the next run makes of it.
fn stored(pair: &Pair<'_>) -> Option<String> {
    let is_kept = pair.outcome == Outcome::Kept;
    match pair.stored {
        Some(stored) if stored.is_current => {
            Some(format!("stored: {} points, all as computed", stored.fit_score))
        }
        Some(stored) if is_kept => Some(format!(
            "stored: {} points, and not all as computed: the next run changes it",
            stored.fit_score
        )),
        Some(stored) => {
            Some(format!("stored: {} points: the next run removes it", stored.fit_score))
        }
        None if is_kept => Some("not stored: no run has seen this pair as it is now".to_owned()),
        None => None,
    }
}

/// Ten-thousandths as a decimal without trailing zeros.
fn decimal(units: u64) -> String {
    let fraction = format!("{:04}", units % 10_000);
    match fraction.trim_end_matches('0') {
        "" => count(units / 10_000),
        fraction => format!("{}.{fraction}", count(units / 10_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_drop_trailing_zeros() {
        assert_eq!(decimal(3_500), "0.35");
        assert_eq!(decimal(10_500), "1.05");
        assert_eq!(decimal(75_520_001), "7,552.0001");
        assert_eq!(decimal(25_000_000), "2,500");
    }
}
