//! What has run before the first night: scrapes, and other agents.

use super::random::{Draw, Stream};
use super::{DAY_US, Dirt, HOUR_US, Options};
use crate::tables::{AgentLogRow, ScrapeRunRow};

const NUM_PAST_RUNS: i64 = 7;

/// A week of runs that are done with, and one that waits to be scored.
pub(crate) fn scrape_runs(options: &Options) -> Vec<ScrapeRunRow> {
    let draw = &mut Draw::new(options.seed, 1, Stream::Runs, 0);
    let mut rows: Vec<ScrapeRunRow> = (0..=NUM_PAST_RUNS)
        .rev()
        .map(|days| ScrapeRunRow {
            id: draw.uuid(),
            started_at: options.as_of_us - days * DAY_US - 4 * HOUR_US,
            completed_at: Some(options.as_of_us - days * DAY_US - 2 * HOUR_US),
            scoring_complete: days > 0,
        })
        .collect();
    if options.dirt > Dirt::None {
        // One that died: it never completes and must not count as waiting.
        let started_at = options.as_of_us - 3 * HOUR_US;
        let id = draw.uuid();
        rows.push(ScrapeRunRow { id, started_at, completed_at: None, scoring_complete: false });
    }
    rows
}

pub(crate) fn agent_logs(options: &Options) -> Vec<AgentLogRow> {
    let draw = &mut Draw::new(options.seed, 1, Stream::Runs, 1);
    ["scraper", "jd_cleaner"]
        .map(|agent| AgentLogRow {
            id: draw.uuid(),
            agent_name: agent.to_owned(),
            status: "completed".to_owned(),
            created_at: options.as_of_us - 2 * HOUR_US,
        })
        .into()
}
