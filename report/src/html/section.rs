//! What every section has.

use maud::{Markup, html};

/// A section: a heading that can be linked to, and what it says.
pub fn section(id: &str, heading: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-heading")) {
            h2 id=(format!("{id}-heading")) { (heading) }
            (body)
        }
    }
}

/// A chart under a heading of its own.
pub fn panel(heading: &Markup, note: &str, body: &Markup) -> Markup {
    html! {
        div.panel {
            h3 { (heading) }
            @if !note.is_empty() { p.note { (note) } }
            (body)
        }
    }
}

/// Numbers that a reader may want, folded away.
pub fn numbers(summary: &str, columns: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        details {
            summary { (summary) }
            div.scrolls { table {
                thead {
                    tr {
                        @for (nth, column) in columns.iter().enumerate() {
                            th.number[nth > 0] scope="col" { (column) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (nth, cell) in row.iter().enumerate() {
                                @if nth == 0 {
                                    th scope="row" { (super::chart::bars::name(cell)) }
                                } @else {
                                    td.number { (cell) }
                                }
                            }
                        }
                    }
                }
            } }
        }
    }
}
