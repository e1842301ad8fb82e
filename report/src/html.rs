//! The HTML page: one file that asks for nothing else, for a browser and for paper.
//!
//! In the order of the page:
//!
//! - `headline`: which night, how it ended, six figures beside the night before
//! - `attention`: warnings, faults in the input, what to do
//! - `run`: what ran and why
//! - `phases`: where the time went
//! - `nights`: the last nights side by side
//! - `scores`: how well kept pairs fit, by tier
//! - `candidates`: how many jobs users can be offered at all
//! - `shares`: kept pairs by role family and by city
//! - `markets`: markets short of jobs, or of users
//! - `skills`: skills that jobs ask for, and that users lack
//!
//! `section` is what all have in common, `chart` what they draw with. Every section says in a
//! sentence what there is to see, and says so where there is nothing; none draws an empty chart.

mod attention;
mod candidates;
mod chart;
mod headline;
mod markets;
mod nights;
mod phases;
mod run;
mod scores;
mod section;
mod shares;
mod skills;
#[cfg(test)]
mod tests;

use crate::night::Night;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Nothing is loaded, whatever a name of a job may hold.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page of a night.
#[must_use]
pub fn page(night: &Night) -> String {
    let contents = [
        ("attention", "To look at"),
        ("run", "What ran"),
        ("time", "Time"),
        ("nights", "Earlier nights"),
        ("scores", "Scores"),
        ("candidates", "Choice"),
        ("shares", "Roles and cities"),
        ("markets", "Markets"),
        ("skills", "Skills"),
    ];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Talvix: " (headline::title(night)) }
                style { (PreEscaped(include_str!("html/style.css"))) }
            }
            body {
                main {
                    (headline::header(night))
                    nav aria-label="Contents" {
                        ul { @for (id, name) in contents { li { a href=(format!("#{id}")) { (name) } } } }
                    }
                    (attention::section(night))
                    (run::section(night))
                    (phases::section(night))
                    (nights::section(night))
                    (scores::section(night))
                    (candidates::section(night))
                    (shares::section(night))
                    (markets::section(night))
                    (skills::section(night))
                }
            }
        }
    };
    printable(page)
}

/// The page without control characters, which no reader sees and neither HTML nor XML may hold, and
/// without those that turn the direction of what follows.
fn printable(page: Markup) -> String {
    let page = page.into_string();
    let is_odd = |letter: char| {
        let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is_none = matches!(letter, '\u{fffe}' | '\u{ffff}');
        turns || is_none || (letter.is_control() && letter != '\n')
    };
    if page.contains(is_odd) { page.replace(is_odd, "\u{fffd}") } else { page }
}
