//! Colors by meaning, never alone: every verdict has its word and sign too. `NO_COLOR` and pipes get plain text.

use std::io::IsTerminal as _;

/// How to write to the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    colored: bool,
}

impl Style {
    /// Reads `NO_COLOR` (any value but the empty one turns colors off) and whether standard output is a terminal.
    pub(crate) fn of_this_terminal() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colored: !refused && std::io::stdout().is_terminal() }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colored: false }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("31;1", text)
    }

    pub(crate) fn busy(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn quiet(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// Makes text from git or a server safe for a terminal: control characters, escape sequences first of all, become spaces.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Rows under a heading, columns aligned, the last one unbounded.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|word| word.len())).max().unwrap_or(0)
    };
    let line = |cells: &[String]| {
        let mut text = String::new();
        for (column, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < cells.len() {
                let pad = width(column).saturating_sub(cell.chars().count()) + 3;
                text.push_str(&" ".repeat(pad));
            }
        }
        text.push('\n');
        text
    };
    let heading: Vec<String> = heading.iter().map(|word| (*word).to_owned()).collect();
    std::iter::once(line(&heading)).chain(rows.iter().map(|row| line(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_and_escapes_are_tamed() {
        let rows = [vec!["contoso".to_owned(), "blue".to_owned()], vec!["x".to_owned(), "a long message".to_owned()]];
        assert_eq!(table(&["NAME", "COLOR"], &rows), "NAME      COLOR\ncontoso   blue\nx         a long message\n");
        assert_eq!(tame("a\x1b[31mb\nc"), "a [31mb c");
        assert_eq!(Style::plain().bad("no"), "no");
    }
}
