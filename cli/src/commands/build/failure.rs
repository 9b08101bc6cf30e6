//! Why nothing, or not all, was built; all of it in one text.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use teal_kustomize::BuildErrors;

use super::place::Shown;

/// One line a mistake; the first line stands behind `Error: `.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    closed_pipe: bool,
}

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), closed_pipe: false }
    }

    /// What a build said, with paths as the person who asked sees them.
    pub(super) fn build(errors: &BuildErrors, shown: &Shown) -> Self {
        let lines = errors.0.iter().map(|error| {
            let text = error.to_string();
            match error.file().and_then(|file| Some((file, text.strip_prefix(file)?))) {
                Some((file, rest)) => format!("{}{}", shown.path(file), shown.text(rest)),
                None => shown.text(&text),
            }
        });
        Self::all(lines.collect())
    }

    /// Many mistakes under one heading; one stands alone.
    pub(super) fn all(lines: Vec<String>) -> Self {
        if let [one] = lines.as_slice() {
            return Self::new(one.as_str());
        }
        let text = lines.iter().fold(format!("{} mistakes", lines.len()), |text, line| {
            format!("{text}\n  {}", line.replace('\n', "\n  "))
        });
        Self::new(text)
    }

    /// Something could not be written.
    pub(super) fn write(what: &Path, error: &std::io::Error) -> Self {
        Self { text: format!("{}: {error}", what.display()), closed_pipe: error.kind() == ErrorKind::BrokenPipe }
    }

    /// The same, with a line that says what may have been meant.
    pub(super) fn with_hint(mut self, hint: &str) -> Self {
        self.text.push_str("\n  ");
        self.text.push_str(hint);
        self
    }

    pub(super) fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

/// Control characters of file names would be orders to a terminal.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tamed: String = self.text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
        f.write_str(&tamed)
    }
}
