//! What is not as it should be, and what to do: warnings, faults in the input.

use super::{chart::bars, section};
use crate::{
    advice,
    night::Night,
    words::{count, counted, sum},
};
use maud::{Markup, html};

/// The section.
pub fn section(night: &Night) -> Markup {
    let report = &night.report;
    let mut faults: Vec<_> =
        report.input_faults.iter().map(|(kind, number)| (kind, *number)).collect();
    faults.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let total = sum(faults.iter().map(|(_, number)| *number));
    section::section(
        "attention",
        "To look at",
        &html! {
            @if report.warnings.is_empty() && faults.is_empty() {
                p { "No warnings, and no faults in the input." }
            }
            @if !report.warnings.is_empty() {
                ul.warnings { @for warning in &report.warnings { li { (warning) } } }
            }
            @if !faults.is_empty() {
                p {
                    (counted(total, "impossible value or unreadable resume", "impossible values and unreadable resumes"))
                    " in the input. Each costs only itself: the value reads as if it were not \
                     given, the user whose resume cannot be read is skipped."
                }
                div.scrolls { table {
                    thead { tr { th scope="col" { "kind" } th.number scope="col" { "rows" } th scope="col" { "what to do" } } }
                    tbody {
                        @for (kind, number) in faults {
                            tr {
                                th scope="row" { (bars::code(kind)) }
                                td.number { (count(number)) }
                                td {
                                    (advice::fault(kind).unwrap_or("look at the examples"))
                                    (examples(report.input_fault_examples.get(kind)))
                                }
                            }
                        }
                    }
                } }
            }
        },
    )
}

fn examples(rows: Option<&Vec<String>>) -> Markup {
    let rows = rows.map_or(&[][..], Vec::as_slice);
    html! {
        @if !rows.is_empty() {
            details {
                summary { (counted(rows.len() as u64, "example", "examples")) }
                ul.examples { @for row in rows { li { code { (row) } } } }
            }
        }
    }
}
