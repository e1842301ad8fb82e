//! Small charts as SVG.
//!
//! Lengths along x are percents of the width and along y pixels, without a `viewBox`: a chart fills
//! what width there is, from a phone to a sheet of paper, and its text keeps its size. Colours are
//! classes of `style.css`, so that a chart follows light and dark.
//!
//! - [`scale`]: where a number stands on an axis, and the ticks of the axis
//! - [`columns`]: upright bars side by side: distributions, nights
//! - [`bars`]: a list of names with lying bars: rankings
//! - [`scatter`]: one dot each on two logarithmic axes: markets
//! - [`timeline`]: when each phase was at work

pub mod bars;
pub mod columns;
pub mod scale;
pub mod scatter;
pub mod timeline;

use maud::{Markup, html};

/// What every chart has: who cannot see it reads `title` and `desc`.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Of all ids in the page only this chart's.
    pub id: &'a str,
    /// What the chart shows.
    pub title: &'a str,
    /// What is to be seen in it.
    pub desc: &'a str,
    /// In pixels, with axes.
    pub height: usize,
}

impl Frame<'_> {
    /// The chart around its parts. Labels left of 0 % stand in the margin that `style.css` leaves.
    #[must_use]
    pub fn around(&self, parts: &Markup) -> Markup {
        let (title_id, desc_id) = (format!("{}-title", self.id), format!("{}-desc", self.id));
        html! {
            svg role="img" aria-labelledby=(format!("{title_id} {desc_id}")) width="100%" height=(self.height) {
                title id=(title_id) { (self.title) }
                desc id=(desc_id) { (self.desc) }
                (parts)
            }
        }
    }
}
