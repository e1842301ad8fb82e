//! How far a run is: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over the users to score.
pub fn bar(wanted: bool, num_users: usize) -> ProgressBar {
    let target = if wanted { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(num_users as u64), target);
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} users, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
