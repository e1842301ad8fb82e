//! A user's best pairs as a list, and those that just missed.

use super::answer::{Answer, Pair};
use std::fmt::Write;
use talvix_engine::ranking::{Cut, CutBy};
use talvix_report::text::count;

/// What is left of a line for the company.
const COMPANY_CHARS: usize = 15;

/// A line for each pair, and one where the kept ones end.
pub fn list(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    if answer.pairs.is_empty() {
        text.push_str("no job passes the prefilter: `--job ID` says which rule stops one\n");
        return text;
    }
    text.push_str("rank  fit      bp  to cut  job, company\n");
    for (at, pair) in answer.pairs.iter().enumerate() {
        if at == answer.num_kept
            && let Some(cut) = answer.cut
        {
            let _ = writeln!(text, "{}", cut_line(cut));
        }
        line(&mut text, pair);
    }
    text.push_str("\n`--job ID` takes a pair apart, also one that is not here\n");
    text
}

fn line(text: &mut String, pair: &Pair<'_>) {
    let (Some(standing), Some(score), Some(job)) = (pair.standing, &pair.score, &pair.job) else {
        return;
    };
    let to_cut = match standing.above_cut_bp {
        0 => "0".to_owned(),
        above @ 1.. => format!("+{}", count(above.unsigned_abs())),
        below => format!("-{}", count(below.unsigned_abs())),
    };
    let _ = writeln!(
        text,
        "{:>4}  {:>3}  {:>6}  {to_cut:>6}  {}  {}",
        count(standing.rank as u64),
        score.fit_score,
        count(u64::from(score.raw_bp)),
        pair.job_id,
        short(job.company)
    );
}

fn cut_line(cut: Cut) -> String {
    let bp = count(u64::from(cut.raw_bp));
    match cut.by {
        CutBy::LastKept => format!("-- {bp} bp: the last that is kept; the best that are not:"),
        CutBy::MinimumScore => {
            format!("-- {bp} bp, {} points: the least that is kept; below it:", cut.fit_score)
        }
    }
}

fn short(company: &str) -> String {
    let mut chars = company.chars();
    let start: String = chars.by_ref().take(COMPANY_CHARS - 1).collect();
    match (chars.next(), chars.next()) {
        (None, _) => start,
        (Some(last), None) => format!("{start}{last}"),
        _ => format!("{start}…"),
    }
}
