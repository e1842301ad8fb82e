//! Markets short of jobs, or of users.

use super::{
    chart::{
        Frame,
        bars::{self, Bar, cut},
        scatter::{Dot, Scatter},
    },
    section::{self, panel},
    shares::city,
};
use crate::{
    night::{Market, Night},
    words::{count, counted, sum},
};
use maud::{Markup, html};

/// A market is ranked by what is scarce in it when it has at least as much of the other: in smaller
/// ones a single job or user decides.
const LEAST: u64 = 20;
/// How many are ranked.
const RANKED: usize = 10;
/// How many are drawn; so many are more than can be told apart.
const DRAWN: usize = 2_000;

/// The section.
pub fn section(night: &Night) -> Markup {
    let markets = &night.markets;
    section::section(
        "markets",
        "Markets out of balance",
        &html! {
            @if markets.is_empty() {
                p { "There are no markets: no jobs, and no users who look for any." }
            } @else {
                p { (caption(markets)) }
                div.panel.wide { (scatter(markets)) }
                p.note {
                    "Each dot is a role family in a city; on the dashed line are as many users as jobs, \
                     above it more. Users of a remote market are all who look for the role."
                    @if markets.len() > DRAWN { " Only the " (count(DRAWN as u64)) " largest are drawn." }
                }
                div.two {
                    (panel(
                        &html! { "Short of jobs" },
                        "Most users for each job, among markets with at least 20 users",
                        &short(markets, |market| market.users, |market| market.jobs, ["job", "user", "users"], "b"),
                    ))
                    (panel(
                        &html! { "Short of users" },
                        "Most jobs for each user, among markets with at least 20 jobs",
                        &short(markets, |market| market.jobs, |market| market.users, ["user", "job", "jobs"], "a"),
                    ))
                }
            }
        },
    )
}

fn caption(markets: &[Market]) -> String {
    let unmatched = markets.iter().filter(|market| market.jobs > 0 && market.kept == 0);
    let (number, jobs) = unmatched
        .fold((0, 0_u64), |(number, jobs), market| (number + 1, jobs.saturating_add(market.jobs)));
    let with_jobs = markets.iter().filter(|market| market.jobs > 0).count() as u64;
    let first = format!(
        "{}, {} of them with jobs.",
        counted(markets.len() as u64, "market", "markets"),
        count(with_jobs)
    );
    match number {
        0 => format!("{first} Every one of these has a kept pair."),
        _ => format!(
            "{first} In {} no pair was kept: {} matched nobody.",
            counted(number, "of these", "of these"),
            counted(jobs, "job", "jobs")
        ),
    }
}

fn name(market: &Market) -> String {
    format!("{}, {}", cut(&market.role_family), cut(city(&market.city)))
}

fn scatter(markets: &[Market]) -> Markup {
    let mut markets: Vec<_> = markets.iter().collect();
    if markets.len() > DRAWN {
        markets.sort_by_key(|market| std::cmp::Reverse(market.jobs.saturating_add(market.users)));
        markets.truncate(DRAWN);
    }
    let dots: Vec<_> = markets
        .iter()
        .map(|market| Dot {
            x: market.jobs,
            y: market.users,
            class: if market.users > market.jobs { "b" } else { "a" },
            hint: format!(
                "{}: {}, {}, {} kept",
                name(market),
                counted(market.jobs, "job", "jobs"),
                counted(market.users, "user", "users"),
                counted(market.kept, "pair", "pairs")
            ),
        })
        .collect();
    let crowded = markets.iter().filter(|market| market.users > market.jobs).count() as u64;
    let desc = format!(
        "{} with more users than jobs; the lists below name the most extreme.",
        counted(crowded, "market", "markets")
    );
    let frame = Frame {
        id: "markets-chart",
        title: "Jobs and users of each market",
        desc: &desc,
        height: 340,
    };
    Scatter { frame, dots: &dots, x_name: "jobs →", y_name: "↑ users" }.svg()
}

/// The markets with most `plenty` for each `scarce`, and those without any.
fn short(
    markets: &[Market],
    plenty: fn(&Market) -> u64,
    scarce: fn(&Market) -> u64,
    [scarce_one, plenty_one, plenty_many]: [&str; 3],
    class: &str,
) -> Markup {
    let ratio = |market: &Market| plenty(market) as f64 / scarce(market) as f64;
    let (mut without, mut ranked): (Vec<_>, Vec<_>) = markets
        .iter()
        .filter(|market| plenty(market) >= LEAST)
        .partition(|market| scarce(market) == 0);
    ranked.retain(|market| ratio(market) > 1.0);
    ranked.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)).then_with(|| name(a).cmp(&name(b))));
    without.sort_by_key(|market| std::cmp::Reverse(plenty(market)));
    let bars: Vec<_> = ranked
        .iter()
        .take(RANKED)
        .map(|market| Bar {
            name: name(market),
            note: format!(
                "{}, {}",
                counted(plenty(market), plenty_one, plenty_many),
                counted(scarce(market), scarce_one, &format!("{scarce_one}s")),
            ),
            length: ratio(market),
            shown: per(ratio(market)),
        })
        .collect();
    html! {
        @if bars.is_empty() {
            p { "No market has more " (plenty_many) " than " (scarce_one) "s." }
        } @else {
            (bars::list(&bars, class))
        }
        @if let Some(largest) = without.first() {
            p.note {
                (counted(without.len() as u64, "market has", "markets have")) " no " (scarce_one)
                " at all for " (counted(sum(without.iter().map(|market| plenty(market))), plenty_one, plenty_many))
                "; the largest is " (bars::name(&name(largest))) " with " (count(plenty(largest))) "."
            }
        }
    }
}

/// `4.2` or `1,204`
fn per(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}") } else { count(ratio.round() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(city: &str, jobs: u64, users: u64, kept: u64) -> Market {
        Market { role_family: "Backend".to_owned(), city: city.to_owned(), jobs, users, kept }
    }

    fn short_of_jobs(markets: &[Market]) -> String {
        short(markets, |market| market.users, |market| market.jobs, ["job", "user", "users"], "b")
            .into_string()
    }

    #[test]
    fn the_most_crowded_market_comes_first() {
        let markets =
            [market("pune", 5, 100, 1), market("delhi", 1, 50, 1), market("goa", 1, 19, 1)];
        let html = short_of_jobs(&markets);
        let at = |text: &str| html.find(text).unwrap();
        assert!(at("Backend, delhi") < at("Backend, pune"), "{html}");
        assert!(html.contains("50 users, 1 job") && !html.contains("goa"), "{html}");
    }

    #[test]
    fn markets_without_a_job_are_a_sentence() {
        let html = short_of_jobs(&[market("-", 0, 40, 0), market("pune", 0, 30, 0)]);
        assert!(html.contains("No market has more users than jobs."), "{html}");
        assert!(
            html.contains("2 markets have no job at all for 70 users; the largest is <bdi>Backend, no city</bdi> with 40."),
            "{html}"
        );
    }

    #[test]
    fn jobs_that_matched_nobody_are_counted() {
        assert_eq!(
            caption(&[market("pune", 5, 0, 0), market("goa", 2, 1, 1), market("x", 0, 1, 0)]),
            "3 markets, 2 of them with jobs. In 1 of these no pair was kept: 5 jobs matched nobody."
        );
    }
}
