//! Users in ranges of ids.
//!
//! The files of a snapshot are sorted by user, and say of each row group from which user to which
//! it reaches. A range of users is therefore a range of row groups, and a night is worked through
//! range by range: memory does not grow with its rows, and one row group at each end of a range
//! is read twice.

use polars::prelude::{LazyFrame, col, lit};

/// Rows of a range, both nights together, where nobody says how many: enough to make the start of a
/// query pay, few enough to hold with every column.
pub const ROWS_PER_SLICE: u64 = 300_000;

/// A range of users by id; without ends everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// The first id.
    from: Option<String>,
    /// The first id after the last.
    before: Option<String>,
}

impl Slice {
    /// Cuts users, who ascend by id, into ranges of about this many rows: at least one range, and
    /// nobody is outside of all of them.
    pub fn cut<'a>(users: impl Iterator<Item = (&'a str, u64)>, max_rows: u64) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut from: Option<String> = None;
        let mut rows = 0;
        for (user, of_user) in users {
            if rows > 0 && rows + of_user > max_rows {
                let before = Some(user.to_owned());
                slices.push(Slice { from: from.take(), before: before.clone() });
                from = before;
                rows = 0;
            }
            rows += of_user;
        }
        slices.push(Slice { from, before: None });
        slices
    }

    /// The rows of these users.
    pub fn of(&self, rows: LazyFrame) -> LazyFrame {
        let mut rows = rows;
        if let Some(from) = &self.from {
            rows = rows.filter(col("user_id").gt_eq(lit(from.clone())));
        }
        if let Some(before) = &self.before {
            rows = rows.filter(col("user_id").lt(lit(before.clone())));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(from: Option<&str>, before: Option<&str>) -> Slice {
        Slice { from: from.map(str::to_owned), before: before.map(str::to_owned) }
    }

    #[test]
    fn cuts_leave_nobody_out() {
        assert_eq!(Slice::cut([].into_iter(), 5), [slice(None, None)]);
        let users = [("a", 3), ("b", 0), ("c", 2), ("d", 1), ("e", 9), ("f", 0), ("g", 1)];
        assert_eq!(
            Slice::cut(users.into_iter(), 5),
            [
                slice(None, Some("d")),
                slice(Some("d"), Some("e")),
                slice(Some("e"), Some("f")),
                slice(Some("f"), None),
            ]
        );
    }
}
