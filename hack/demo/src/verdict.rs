//! What was expected and what came: the table at the end, and the exit code.

use crate::screen::Screen;

/// Rows of the final table; a row with `right == false` fails the demo.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    value: String,
    expected: String,
    right: bool,
}

impl Outcome {
    /// A number or time that is only shown.
    pub(crate) fn note(&mut self, what: impl Into<String>, value: impl Into<String>) {
        self.rows.push(Row { what: what.into(), value: value.into(), expected: String::new(), right: true });
    }

    /// A fact that must hold; `expected` says what would be right.
    pub(crate) fn expect(
        &mut self,
        what: impl Into<String>,
        value: impl Into<String>,
        expected: impl Into<String>,
        right: bool,
    ) {
        self.rows.push(Row { what: what.into(), value: value.into(), expected: expected.into(), right });
    }

    /// Whether everything was as told.
    pub(crate) fn all_right(&self) -> bool {
        self.rows.iter().all(|row| row.right)
    }

    /// Prints the table.
    pub(crate) fn print(&self, screen: Screen) {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        let values = self.rows.iter().map(|row| row.value.chars().count()).max().unwrap_or(0);
        for row in &self.rows {
            let judged = match (row.expected.is_empty(), row.right) {
                (true, _) => String::new(),
                (false, true) => "as told".to_owned(),
                (false, false) => format!("WRONG, expected {}", row.expected),
            };
            let line = format!("  {:width$}   {:>values$}   {judged}", row.what, row.value);
            screen.print(line.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_row_fails_the_whole() {
        let mut outcome = Outcome::default();
        outcome.note("objects", "60");
        outcome.expect("failed requests", "0", "0", true);
        assert!(outcome.all_right());
        outcome.expect("live", "blue", "green", false);
        assert!(!outcome.all_right());
    }
}
