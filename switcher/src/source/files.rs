//! Which files of a commit are declarations, and what follows from them.

use globset::{GlobBuilder, GlobMatcher};
use teal_api::switch::Switch;
use teal_git::{FetchError, ReadError, Snapshot, SnapshotEntry};

use super::{Declared, DeclaredSwitch, Head};
use crate::status::InvalidFile;

/// Deepest folder that is looked into for a glob with `**`.
const DEPTH: usize = 8;

/// Why git's declarations could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The repository could not be asked or fetched.
    #[error(transparent)]
    Fetch(FetchError),
    /// A commit could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The configured glob is not one.
    #[error("files {pattern:?}: {cause}; write a glob such as `switches/*.yaml`")]
    Glob {
        /// As configured.
        pattern: String,
        /// What is wrong.
        cause: String,
    },
    /// The process is ending.
    #[error("reading git was broken off")]
    Aborted,
}

impl SourceError {
    /// Closed set: metric label and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.reason(),
            Self::Read(error) => error.reason(),
            Self::Glob { .. } => "InvalidGlob",
            Self::Aborted => "Aborted",
        }
    }
}

pub(super) fn glob(pattern: &str) -> Result<GlobMatcher, SourceError> {
    let built = GlobBuilder::new(pattern).literal_separator(true).build();
    let wrong =
        |error: globset::Error| SourceError::Glob { pattern: pattern.to_owned(), cause: error.kind().to_string() };
    built.map(|glob| glob.compile_matcher()).map_err(wrong)
}

/// Every file of the commit that matches, with its text, by path.
pub(super) fn texts(snapshot: &Snapshot, pattern: &str) -> Result<Vec<(String, String)>, SourceError> {
    let matcher = glob(pattern)?;
    // Without `**` nothing deeper than the pattern itself can match.
    let depth = if pattern.contains("**") { DEPTH } else { pattern.matches('/').count() };
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), 0)];
    while let Some((folder, level)) = folders.pop() {
        let Some(SnapshotEntry::Dir(names)) = snapshot.entry(&folder)? else { continue };
        for name in names {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if matcher.is_match(&path) {
                if let Some(SnapshotEntry::File(bytes)) = snapshot.entry(&path)? {
                    found.push((path, String::from_utf8_lossy(&bytes).into_owned()));
                }
            } else if level < depth && !path.contains('.') {
                // Folders with a dot hold no declarations by our own convention, and files almost always have one.
                folders.push((path, level + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Moves `declared` on to `head`. An invalid file keeps the last valid declaration that came from it.
pub(super) fn take_in(declared: &mut Declared, head: Head, texts: Vec<(String, String)>) {
    let mut next = std::collections::BTreeMap::new();
    let mut invalid = Vec::new();
    for (file, text) in texts {
        let before = declared.switches.values().find(|one| one.file == file);
        match Switch::parse(&file, &text) {
            Ok(switch) => {
                if let Some(other) = next.get(&switch.name) {
                    let other: &DeclaredSwitch = other;
                    let mistake =
                        format!("{file}: Switch {} is declared in {} too; name each once", switch.name, other.file);
                    invalid.push(InvalidFile {
                        file,
                        revision: head.id.to_string(),
                        mistakes: vec![mistake],
                        keeps: None,
                    });
                    continue;
                }
                let same = declared.switches.get(&switch.name).filter(|old| old.switch.digest == switch.digest);
                let commit = same.map_or_else(|| head.clone(), |old| old.commit.clone());
                let name = switch.name.clone();
                let revision = head.id.clone();
                next.insert(
                    name,
                    DeclaredSwitch { switch: switch.into(), file, commit, revision, mistakes: Vec::new() },
                );
            }
            Err(mistakes) => {
                let mistakes: Vec<String> = mistakes.0.iter().map(ToString::to_string).collect();
                let keeps = before.map(|one| one.switch.name.clone());
                tracing::error!(file, revision = %head.id.short(), mistakes = mistakes.len(), first = mistakes.first(), keeps, "Declaration not valid");
                if let Some(one) = before {
                    next.insert(one.switch.name.clone(), DeclaredSwitch { mistakes: mistakes.clone(), ..one.clone() });
                }
                invalid.push(InvalidFile { file, revision: head.id.to_string(), mistakes, keeps });
            }
        }
    }
    declared.git.revision = Some(head.id.to_string());
    declared.head = Some(head);
    declared.switches = next;
    declared.invalid = invalid;
}
