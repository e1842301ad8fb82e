//! Lines that fit a terminal.

use std::fmt::Write;

/// Two columns less than a terminal has: `talvix demo` indents the page by two.
pub const WIDTH: usize = 78;
/// Where values begin, after their name.
const INDENT: usize = 9;
/// Where what is said about a line above begins.
const DEEPER: usize = INDENT + 2;

/// The lines so far.
#[derive(Default)]
pub struct Page(String);

impl Page {
    /// A value after its name; what does not fit goes on below its beginning.
    pub fn line(&mut self, name: &str, value: &str) {
        self.wrap(&format!("{name:<INDENT$}"), INDENT, value);
    }

    /// About the line above.
    pub fn below(&mut self, value: &str) {
        self.wrap(&" ".repeat(DEEPER), DEEPER + 2, value);
    }

    /// What the names in the line above mean.
    pub fn advice<'a>(
        &mut self,
        names: impl Iterator<Item = &'a String>,
        advice: fn(&str) -> Option<&'static str>,
    ) {
        for name in names {
            if let Some(advice) = advice(name) {
                self.below(&format!("{name}: {advice}"));
            }
        }
    }

    /// All of them.
    pub fn done(self) -> String {
        self.0
    }

    /// Breaks at spaces, but not at U+00A0.
    fn wrap(&mut self, begin: &str, indent: usize, value: &str) {
        let mut line = begin.to_owned();
        let mut is_empty = true;
        for word in value.split([' ', '\n']).filter(|word| !word.is_empty()) {
            let word: String = word
                .chars()
                .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
                .collect();
            if !is_empty && columns(&line) + 1 + columns(&word) > WIDTH {
                self.end(&line);
                line = " ".repeat(indent);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(&word);
            is_empty = false;
        }
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        let _ = writeln!(self.0, "{}", line.trim_end().replace('\u{a0}', " "));
    }
}

/// How wide a terminal shows a text; good enough for what reports hold.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

/// A bar of at most so many columns, to an eighth of a column; something is never nothing.
pub fn bar(number: u64, most: u64, columns: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if number == 0 || most == 0 {
        return String::new();
    }
    let eighths = u128::from(number) * u128::from(columns) * 8 / u128::from(most);
    let eighths = (eighths as usize).max(1);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_end_at_an_eighth() {
        assert_eq!(bar(8, 8, 4), "████");
        assert_eq!(bar(1, 8, 4), "▌");
        assert_eq!(bar(3, 8, 1), "▍");
        assert_eq!(bar(1, u64::MAX, 40), "▏");
        assert_eq!(bar(u64::MAX, u64::MAX, 40), "█".repeat(40));
        assert_eq!((bar(0, 8, 4), bar(0, 0, 4)), (String::new(), String::new()));
    }
}
