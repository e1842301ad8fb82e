//! Tables and lines for a terminal of 80 columns.

pub use talvix_report::text::count;

/// A table: some columns of text, then columns of numbers, which stand to the right.
#[derive(Clone, Debug)]
pub struct Table {
    num_texts: usize,
    rows: Vec<Vec<String>>,
}

/// Columns of a terminal.
const COLUMNS: usize = 80;

/// What stands between two columns.
const GAP: &str = "  ";

/// A text is cut to this many characters: the longest that leaves room for numbers, and that of an
/// id.
const MAX_TEXT: usize = 36;

impl Table {
    /// A table with these headings, of which the first are over texts.
    pub fn new(num_texts: usize, headings: &[&str]) -> Self {
        let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
        Table { num_texts, rows: vec![headings] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether there is nothing but headings.
    pub fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }

    /// The table, a line for each row.
    pub fn text(&self) -> String {
        let num_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cut(cell).chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..num_columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
                let cell = cut(cell);
                if at < self.num_texts {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            let line = cells.collect::<Vec<_>>().join(GAP);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_TEXT {
        return text.to_owned();
    }
    text.chars().take(MAX_TEXT - 1).chain(['…']).collect()
}

/// A line that a terminal does not break: what is longer goes on below, two spaces in.
pub fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > COLUMNS {
            lines.push_str("\n ");
            width = 1;
        }
        if width > 0 {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += length;
    }
    lines.push('\n');
    lines
}

/// A difference with its sign: `+1,234`, `0`, `-5`.
pub fn signed(difference: i64) -> String {
    let number = count(difference.unsigned_abs());
    match difference {
        0 => number,
        1.. => format!("+{number}"),
        ..0 => format!("-{number}"),
    }
}

/// A part of a whole in percent, to a tenth; nothing of nothing is `-`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}

/// A number that may not be there, with this many decimals; what rounds to zero has no sign.
pub fn decimal(number: Option<f64>, decimals: usize) -> String {
    let Some(number) = number else { return "-".to_owned() };
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_long_texts_are_cut() {
        let mut table = Table::new(1, &["name", "pairs", "change"]);
        assert!(table.is_empty());
        table.row(["a".to_owned(), count(12_345), signed(-7)]);
        table.row(["x".repeat(40), count(0), signed(1_000)]);
        let long = format!("{}…", "x".repeat(35));
        let pad = " ".repeat(35);
        assert_eq!(
            table.text(),
            format!(
                "name{}   pairs  change\na{pad}  12,345      -7\n{long}       0  +1,000\n",
                " ".repeat(32)
            )
        );
    }

    #[test]
    fn long_lines_go_on_below() {
        assert_eq!(wrapped("a short one"), "a short one\n");
        let words = vec!["word"; 40].join(" ");
        let lines = wrapped(&words);
        let widths: Vec<usize> = lines.lines().map(str::len).collect();
        assert_eq!(widths, [79, 76, 46]);
        assert_eq!(lines.split_whitespace().collect::<Vec<_>>().join(" "), words);
    }

    #[test]
    fn parts_and_decimals_of_nothing() {
        assert_eq!((percent(1, 3), percent(0, 0)), ("33.3 %".to_owned(), "-".to_owned()));
        assert_eq!((decimal(Some(0.5), 3), decimal(None, 3)), ("0.500".to_owned(), "-".to_owned()));
        assert_eq!([signed(0), signed(5)], ["0", "+5"]);
        assert_eq!(
            (decimal(Some(-0.004), 2), decimal(Some(-0.006), 2)),
            ("0.00".into(), "-0.01".into())
        );
    }
}
