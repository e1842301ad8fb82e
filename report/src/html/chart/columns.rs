//! Upright bars side by side: distributions, nights.

use super::{
    Frame,
    scale::{Axis, percent},
};
use maud::{Markup, html};

/// Pixels above the plot, for the text of marks.
const TOP: f64 = 18.0;
/// Pixels below the plot, for labels along x.
const BOTTOM: f64 = 22.0;

/// A bar.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// How high it stands.
    pub value: f64,
    /// The class of its colour.
    pub class: &'static str,
    /// What a pointer that rests on it is told.
    pub hint: String,
    /// What stands below it, or nothing.
    pub label: String,
}

/// A line that divides the columns.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// Before which column.
    pub before: usize,
    /// What stands on its right.
    pub text: &'a str,
}

/// The chart.
#[derive(Clone, Copy, Debug)]
pub struct ColumnChart<'a> {
    /// Its frame.
    pub frame: Frame<'a>,
    /// From left to right.
    pub columns: &'a [Column],
    /// How many columns there is room for, where there are fewer: two bars should not fill a page.
    pub room: usize,
    /// The axis along y.
    pub axis: &'a Axis,
    /// How its ticks read.
    pub tick: fn(f64) -> String,
    /// What divides the columns.
    pub marks: &'a [Mark<'a>],
    /// A dashed line across, such as the median.
    pub across: Option<f64>,
}

impl ColumnChart<'_> {
    /// The chart as SVG.
    #[must_use]
    pub fn svg(&self) -> Markup {
        let plot = self.frame.height as f64 - TOP - BOTTOM;
        let y = |value: f64| TOP + plot * (1.0 - self.axis.at(value));
        let slots = self.columns.len().max(self.room).max(1) as f64;
        let bar = 0.82 / slots;
        let last = self.columns.len().saturating_sub(1);
        self.frame.around(&html! {
            @for tick in &self.axis.ticks {
                line.grid x1="0" x2="100%" y1=(px(y(*tick))) y2=(px(y(*tick))) {}
                text x="-6" y=(px(y(*tick) + 4.0)) text-anchor="end" { ((self.tick)(*tick)) }
            }
            @for (nth, column) in self.columns.iter().enumerate() {
                @let height = plot * self.axis.at(column.value);
                @if height > 0.0 {
                    // A pixel for what is there but too small to be seen.
                    @let height = height.max(1.0);
                    rect class=(column.class) x=(percent((nth as f64 + 0.09) / slots))
                        width=(percent(bar)) y=(px(TOP + plot - height)) height=(px(height)) {
                        title { (column.hint) }
                    }
                }
                @if !column.label.is_empty() {
                    // The first and last label would stand out of the chart if they were centred.
                    @let (at, anchor) = match nth {
                        0 if self.columns.len() > 20 => (0.0, "start"),
                        _ if nth == last && self.columns.len() > 20 => (1.0, "end"),
                        _ => (0.5, "middle"),
                    };
                    text x=(percent((nth as f64 + at) / slots)) y=(px(TOP + plot + 16.0))
                        text-anchor=(anchor) { (column.label) }
                }
            }
            @for mark in self.marks {
                @let x = mark.before as f64 / slots;
                line.mark x1=(percent(x)) x2=(percent(x)) y1="4" y2=(px(TOP + plot)) {}
                text.strong x=(percent(x)) dx="5" y="13" { (mark.text) }
            }
            @if let Some(value) = self.across {
                line.across x1="0" x2="100%" y1=(px(y(value))) y2=(px(y(value))) {}
            }
        })
    }
}

/// Pixels, to a tenth.
pub(super) fn px(pixels: f64) -> String {
    let text = format!("{pixels:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(values: &[f64]) -> String {
        let columns: Vec<_> = values
            .iter()
            .map(|value| Column { value: *value, class: "a", ..Column::default() })
            .collect();
        let axis = Axis::to(100.0, 4, 1.0);
        let frame = Frame { id: "it", title: "<b>", desc: "&", height: 140 };
        let chart = ColumnChart {
            frame,
            columns: &columns,
            room: 4,
            axis: &axis,
            tick: |tick| tick.to_string(),
            marks: &[Mark { before: 1, text: "good" }],
            across: Some(50.0),
        };
        chart.svg().into_string()
    }

    #[test]
    fn bars_are_as_high_as_their_values() {
        let svg = svg(&[100.0, 50.0, 0.0, 0.001]);
        let doc = roxmltree::Document::parse(&svg).unwrap();
        let bars: Vec<_> = doc
            .descendants()
            .filter(|node| node.has_tag_name("rect"))
            .map(|bar| ["x", "width", "y", "height"].map(|name| bar.attribute(name).unwrap()))
            .collect();
        assert_eq!(
            bars,
            [
                ["2.25%", "20.5%", "18", "100"],
                ["27.25%", "20.5%", "68", "50"],
                ["77.25%", "20.5%", "117", "1"]
            ]
        );
    }

    #[test]
    fn what_is_no_number_draws_nothing() {
        let svg = svg(&[f64::NAN, f64::NEG_INFINITY, -3.0]);
        let doc = roxmltree::Document::parse(&svg).unwrap();
        assert!(!doc.descendants().any(|node| node.has_tag_name("rect")));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
