//! What earlier attempts at a night committed, before the database was lost.

use talvix_exporter::chunk::RowCounts;
use talvix_report::Report;

/// What earlier attempts committed.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// Users whose chunks are in; those of a later attempt count anew.
    pub(super) num_users: u64,
    rows: RowCounts,
    num_restarts: u32,
    /// The week's model is pinned by this run.
    pub(super) has_pinned: bool,
    /// Something was committed since the night last began again.
    has_moved: bool,
}

impl Before {
    /// Adds what an attempt that failed committed: users, and their rows.
    pub(super) fn add(&mut self, (num_users, rows): (u64, RowCounts)) {
        self.has_moved |= num_users > 0;
        self.num_users += num_users;
        let RowCounts { inserted, updated, deleted, .. } = rows;
        self.rows.add(RowCounts { inserted, updated, deleted, ..RowCounts::default() });
    }

    /// Whether the night began before.
    pub(super) fn is_again(&self) -> bool {
        self.num_restarts > 0
    }

    /// Whether anything of this run is there to stay: users, or the week's model.
    pub(super) fn has_written(&self) -> bool {
        self.num_users > 0 || self.has_pinned
    }

    /// Whether something was committed since the night last began again.
    pub(super) fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// Counts one more beginning.
    pub(super) fn begins_again(&mut self) {
        self.num_restarts += 1;
        self.has_moved = false;
    }

    /// Adds it all to the report of the attempt that got through. What earlier ones wrote, it found
    /// unchanged.
    pub(super) fn add_to(&self, report: &mut Report) {
        if self.num_restarts == 0 {
            return;
        }
        let rows = &mut report.rows;
        rows.inserted += self.rows.inserted;
        rows.updated += self.rows.updated;
        rows.deleted += self.rows.deleted;
        rows.unchanged = rows.kept.saturating_sub(rows.inserted + rows.updated);
        report.warnings.push(format!(
            "the database was lost on the way: the night began again {} times, and users who were \
             done before count as delta",
            self.num_restarts
        ));
    }
}
