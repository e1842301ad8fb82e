//! When each phase was at work.

use super::{
    Frame,
    columns::px,
    scale::{Axis, percent},
};
use crate::{
    run::Span,
    words::{compact, duration},
};
use maud::{Markup, html};

/// Pixels of a phase: a line of text and its bar.
const ROW: f64 = 40.0;
/// Pixels for the axis.
const BOTTOM: f64 = 24.0;

/// The chart: a pale bar from the beginning to the end of each phase, filled as far as it was busy.
#[must_use]
pub fn svg(id: &str, desc: &str, spans: &[Span], total: f64) -> Markup {
    let end = spans.iter().map(|span| span.to).chain([total]).filter(|at| at.is_finite());
    let axis = axis(end.fold(0.0, f64::max));
    let plot = ROW * spans.len() as f64;
    let height = (plot + BOTTOM) as usize;
    let frame = Frame { id, title: "When each phase was at work", desc, height };
    frame.around(&html! {
        @for (nth, tick) in axis.ticks.iter().enumerate() {
            @let at = axis.at(*tick);
            @let x = percent(at);
            line.grid x1=(x) x2=(x) y1="0" y2=(px(plot)) {}
            @let anchor = if nth == 0 { "start" } else if at > 0.95 { "end" } else { "middle" };
            text x=(x) y=(px(plot + 17.0)) text-anchor=(anchor) { (seconds(*tick)) }
        }
        @for (nth, span) in spans.iter().enumerate() {
            @let y = ROW * nth as f64;
            @let (from, to) = (axis.at(span.from), axis.at(span.to));
            @let busy = axis.at(span.busy).min(to - from).max(0.0);
            text.strong x="0" y=(px(y + 15.0)) { (super::bars::cut(&span.phase)) }
            text x="100%" y=(px(y + 15.0)) text-anchor="end" { (told(span)) }
            rect.span x=(percent(from)) width=(percent((to - from).max(0.002)))
                y=(px(y + 21.0)) height="12" rx="2" {}
            @if busy > 0.0 {
                rect.a x=(percent(from)) width=(percent(busy.max(0.002)))
                    y=(px(y + 21.0)) height="12" rx="2" {}
            }
        }
    })
}

/// An axis that ends with the run: round ticks, but no room behind it.
fn axis(end: f64) -> Axis {
    let mut axis = Axis::to(end, 5, 0.001);
    if end > 0.0 {
        axis.ticks.retain(|tick| *tick <= end);
        axis.top = end;
    }
    axis
}

/// `84 s busy, 3.1 s to 97 s`
fn told(span: &Span) -> String {
    format!("{} busy, {} to {}", duration(span.busy), seconds(span.from), seconds(span.to))
}

/// A moment of the run, shorter than a duration.
fn seconds(at: f64) -> String {
    if !at.is_finite() {
        return "–".to_owned();
    }
    match at {
        ..10.0 => format!("{} s", (at * 100.0).round() / 100.0),
        ..600.0 => format!("{at:.0} s"),
        _ => format!("{} min", compact((at / 60.0).round())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: f64, to: f64, busy: f64) -> Span {
        Span { phase: "score".to_owned(), from, to, busy }
    }

    fn bars(spans: &[Span], total: f64) -> Vec<[String; 3]> {
        let svg = svg("it", "", spans, total).into_string();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        let doc = roxmltree::Document::parse(&svg).unwrap();
        doc.descendants()
            .filter(|node| node.has_tag_name("rect"))
            .map(|bar| ["class", "x", "width"].map(|name| bar.attribute(name).unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn a_phase_is_filled_as_far_as_it_was_busy() {
        assert_eq!(
            bars(&[span(20.0, 70.0, 25.0)], 100.0),
            [["span", "20%", "50%"], ["a", "20%", "25%"]]
        );
    }

    #[test]
    fn impossible_times_stay_inside() {
        assert_eq!(
            bars(&[span(f64::NAN, f64::INFINITY, 1e300), span(50.0, 10.0, 99.0)], 100.0),
            [["span", "0%", "100%"], ["a", "0%", "100%"], ["span", "50%", "0.2%"]]
        );
        assert_eq!(bars(&[span(0.0, 0.0, 0.0)], 0.0), [["span", "0%", "0.2%"]]);
    }
}
