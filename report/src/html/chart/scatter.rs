//! One dot each on two logarithmic axes: markets.

use super::{
    Frame,
    columns::px,
    scale::{LogAxis, percent},
};
use crate::words::compact;
use maud::{Markup, html};

/// Pixels below the plot, for ticks and the name of the axis.
const BOTTOM: f64 = 40.0;
/// Pixels above the plot, for the name of the axis.
const TOP: f64 = 20.0;

/// A dot.
#[derive(Clone, Debug)]
pub struct Dot {
    /// Where it stands from left to right.
    pub x: u64,
    /// How high it stands.
    pub y: u64,
    /// The class of its colour.
    pub class: &'static str,
    /// What a pointer that rests on it is told.
    pub hint: String,
}

/// The chart.
#[derive(Clone, Copy, Debug)]
pub struct Scatter<'a> {
    /// Its frame.
    pub frame: Frame<'a>,
    /// What is drawn first lies below.
    pub dots: &'a [Dot],
    /// What stands at the axis along x.
    pub x_name: &'a str,
    /// What stands at the axis along y.
    pub y_name: &'a str,
}

impl Scatter<'_> {
    /// The chart as SVG. Both axes are the same, so that the diagonal is "as many of one as of the
    /// other".
    #[must_use]
    pub fn svg(&self) -> Markup {
        let max = self.dots.iter().map(|dot| dot.x.max(dot.y)).max().unwrap_or(0);
        let axis = LogAxis::to(max);
        let plot = self.frame.height as f64 - TOP - BOTTOM;
        let x = |value| percent(axis.at(value));
        let y = |value| px(TOP + plot * (1.0 - axis.at(value)));
        self.frame.around(&html! {
            @for tick in axis.ticks() {
                line.grid x1="0" x2="100%" y1=(y(tick)) y2=(y(tick)) {}
                line.grid x1=(x(tick)) x2=(x(tick)) y1=(px(TOP)) y2=(px(TOP + plot)) {}
                text x="-6" y=(y(tick)) dy="4" text-anchor="end" { (compact(tick as f64)) }
                text x=(x(tick)) y=(px(TOP + plot + 16.0)) text-anchor="middle" {
                    (compact(tick as f64))
                }
            }
            line.across x1=(x(1)) y1=(y(1)) x2=(x(max.max(10))) y2=(y(max.max(10))) {}
            @for dot in self.dots {
                circle class=(dot.class) cx=(x(dot.x)) cy=(y(dot.y)) r="3.2" {
                    title { (dot.hint) }
                }
            }
            text.strong x="0" dx="-30" y="12" { (self.y_name) }
            text.strong x="100%" y=(px(TOP + plot + 35.0)) text-anchor="end" { (self.x_name) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dot_stands_inside() {
        let numbers = [0, 1, 9, u64::MAX];
        let dots: Vec<_> = numbers
            .iter()
            .flat_map(|x| numbers.map(|y| Dot { x: *x, y, class: "a", hint: "<>".to_owned() }))
            .collect();
        let frame = Frame { id: "it", title: "", desc: "", height: 260 };
        let svg = Scatter { frame, dots: &dots, x_name: "jobs", y_name: "users" }.svg();
        let svg = svg.into_string();
        let doc = roxmltree::Document::parse(&svg).unwrap();
        let mut count = 0;
        for dot in doc.descendants().filter(|node| node.has_tag_name("circle")) {
            let x: f64 = dot.attribute("cx").unwrap().trim_end_matches('%').parse().unwrap();
            let y: f64 = dot.attribute("cy").unwrap().parse().unwrap();
            assert!((0.0..=100.0).contains(&x) && (TOP..=260.0 - BOTTOM).contains(&y));
            count += 1;
        }
        assert_eq!(count, 16);
    }
}
