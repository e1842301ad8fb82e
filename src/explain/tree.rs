//! A tree of lines, drawn for a terminal.

/// The width that lines are broken at.
const WIDTH: usize = 80;

/// A line, and what belongs to it.
#[derive(Debug)]
pub struct Node {
    line: String,
    below: Vec<Node>,
}

impl Node {
    /// A line with others below it.
    pub fn new(line: impl Into<String>, below: Vec<Node>) -> Self {
        Node { line: line.into(), below }
    }

    /// A line alone.
    pub fn leaf(line: impl Into<String>) -> Self {
        Node::new(line, Vec::new())
    }

    /// The drawing; the node's own line is its heading. A word that is wider than the rest of the
    /// line stands on one of its own.
    pub fn draw(&self) -> String {
        let mut text = String::new();
        self.push(&mut text, "", "");
        text
    }

    fn push(&self, text: &mut String, first: &str, later: &str) {
        let stem = if self.below.is_empty() { "" } else { "│" };
        let mut lead = first.to_owned();
        for line in wrap(&self.line, WIDTH - later.chars().count()) {
            text.push_str(&lead);
            text.push_str(&line);
            text.push('\n');
            lead = match (later.is_empty(), stem.is_empty()) {
                // What is broken is indented further than what stands below.
                (true, _) => "  ".to_owned(),
                (false, true) => format!("{later}  "),
                (false, false) => format!("{later}{stem} "),
            };
        }
        for (at, node) in self.below.iter().enumerate() {
            let (branch, trunk) =
                if at + 1 == self.below.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            node.push(text, &format!("{later}{branch}"), &format!("{later}{trunk}"));
        }
    }
}

/// Breaks a line at spaces. Runs of spaces stay where they do not end a line.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split(' ') {
        let chars = word.chars().count();
        // All lines but the first are led by two more spaces.
        let room = width - if lines.len() == 1 { 0 } else { 2 };
        if used > 0 && used + 1 + chars > room {
            lines.push(String::new());
            used = 0;
        }
        let Some(last) = lines.last_mut() else { continue };
        if used > 0 {
            last.push(' ');
            used += 1;
        }
        last.push_str(word);
        used += chars;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_drawn() {
        let node = Node::new(
            "a",
            vec![Node::new("b", vec![Node::leaf("c"), Node::leaf("d")]), Node::leaf("e")],
        );
        assert_eq!(node.draw(), "a\n├─ b\n│  ├─ c\n│  └─ d\n└─ e\n");
    }

    #[test]
    fn long_lines_are_broken_under_their_branch() {
        let long = vec!["word"; 30].join(" ");
        let text = Node::new("a", vec![Node::leaf(&long), Node::leaf("b")]).draw();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[2].starts_with("│    word"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches("word").count(), 30);
    }
}
