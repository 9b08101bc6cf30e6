//! Does one commit change the color and the fleet? Then the new color would be proved with something else than what it
//! will serve, so such a commit is refused unless it is declared (SWITCH §5).

use teal_api::switch::Switch;
use teal_git::{CommitId, Reference, Repository, Snapshot, SnapshotEntry};

use super::files::{self, SourceError};
use super::relation::Mixing;

/// Commits that are looked at; a longer history between two declarations is not one commit's doing.
const MOST: usize = 256;

/// Looks at every commit between two that changes this Switch's `active`.
pub(super) fn between(
    repository: &Repository,
    pattern: &str,
    mixing: &Mixing,
    old: &CommitId,
    new: &CommitId,
) -> Result<bool, SourceError> {
    for (commit, parents) in repository.between(old, new, MOST)? {
        // A merge only joins what its parents' commits did.
        let [parent] = parents.as_slice() else { continue };
        if repository.snapshot(parent).is_err() {
            repository.fetch(&Reference::Commit(parent.clone()))?;
        }
        let (before, after) = (repository.snapshot(parent)?, repository.snapshot(&commit)?);
        let (was, is) = (active(&before, pattern, mixing)?, active(&after, pattern, mixing)?);
        if was.is_some()
            && is.is_some()
            && was != is
            && fleet(&before, pattern, mixing)? != fleet(&after, pattern, mixing)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn active(snapshot: &Snapshot, pattern: &str, mixing: &Mixing) -> Result<Option<String>, SourceError> {
    let declared = files::texts(snapshot, pattern)?;
    let switches = declared.iter().filter_map(|(file, text)| Switch::parse(file, text).ok());
    Ok(switches.into_iter().find(|switch| switch.name == mixing.switch).map(|switch| switch.active))
}

/// What stands for the fleet's content, the `Switch` files left out: git's own hashes.
fn fleet(snapshot: &Snapshot, pattern: &str, mixing: &Mixing) -> Result<Vec<(String, Option<String>)>, SourceError> {
    let declared: Vec<String> = files::texts(snapshot, pattern)?.into_iter().map(|(path, _)| path).collect();
    let mut marks = Vec::new();
    let mut folders = vec![mixing.fleet.trim_matches('/').to_owned()];
    while let Some(folder) = folders.pop() {
        let Some(SnapshotEntry::Dir(names)) = snapshot.entry(&folder)? else { continue };
        for name in names {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if declared.contains(&path) {
                continue;
            }
            if declared.iter().any(|file| file.starts_with(&format!("{path}/"))) {
                folders.push(path);
            } else {
                let mark = snapshot.tree_id(&path)?;
                marks.push((path, mark));
            }
        }
    }
    marks.sort();
    Ok(marks)
}
