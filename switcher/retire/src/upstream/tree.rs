//! The Switches of a commit, found as [`crate::documents`] finds those of a folder. What can't be looked into is an error: a
//! Switch in it would be left out.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use teal_api::switch::Switch;

use super::command::{bytes, git};
use crate::documents;

/// Longest that a commit is searched.
const SEARCH: Duration = Duration::from_secs(120);
/// What every file of Teal's holds.
const MARK: &str = "teal.dev/";

/// Every Switch below these paths.
///
/// # Errors
/// All mistakes at once.
pub(super) async fn switches(top: &Path, commit: &str, places: &[String]) -> Result<Vec<Switch>, String> {
    let (mut files, mut mistakes) = (marked(top, commit, places).await?, Vec::new());
    for entry in entries(top, commit, places).await? {
        match entry {
            Entry::Link(path) if below(&path, places) => match led(top, commit, &path, places).await {
                Ok(to) => files.extend(to),
                Err(why) => mistakes.push(format!("{path}: {why}")),
            },
            Entry::Submodule(path) if below(&path, places) && !covered(&path, places) => {
                mistakes.push(format!(
                    "{path}: is a submodule, which is not searched; name that folder by --switches, too"
                ));
            }
            _ => {}
        }
    }
    let mut found = Vec::<Switch>::new();
    for path in files {
        match text(top, commit, &path).await {
            Ok(Some(text)) if documents::is_switch(&text) => match Switch::parse(&path, &text) {
                Ok(switch) if found.iter().any(|other| other.name == switch.name) => {
                    mistakes.push(format!("{path}: the Switch {} is declared in another file, too", switch.name));
                }
                Ok(switch) => found.push(switch),
                Err(wrong) => mistakes.extend(wrong.0.iter().map(ToString::to_string)),
            },
            Ok(_) => {}
            Err(why) => mistakes.push(format!("{path}: {why}")),
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes.join("; ")) }
}

/// A file's text; `None` when there is none.
pub(super) async fn text(top: &Path, commit: &str, path: &str) -> Result<Option<String>, String> {
    if entry(top, commit, path).await?.is_empty() {
        return Ok(None);
    }
    git(top, &["cat-file", "blob", &format!("{commit}:{path}")]).await.map(Some)
}

/// The entry of a path as git lists it, its mode first; empty when there is none.
async fn entry(top: &Path, commit: &str, path: &str) -> Result<String, String> {
    git(top, &["--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path]).await
}

/// Files with Teal's mark: what is named itself, and YAML in folders that are not hidden.
async fn marked(top: &Path, commit: &str, places: &[String]) -> Result<BTreeSet<String>, String> {
    let flags =
        ["grep", "-l", "-z", "-F", "--text", "--full-name", "--no-color", "--no-recurse-submodules", "-e", MARK];
    let mut arguments = vec!["--literal-pathspecs"];
    arguments.extend(flags);
    arguments.extend([commit, "--"]);
    arguments.extend(paths(places));
    let told = match bytes(SEARCH, top, &arguments).await {
        Ok(told) => told,
        // It found nothing.
        Err(failed) if failed.code == Some(1) => Vec::new(),
        Err(failed) => return Err(failed.why),
    };
    let told = String::from_utf8(told).map_err(|_| "a path is not UTF-8".to_owned())?;
    let prefix = format!("{commit}:");
    let found = told.split('\0').filter_map(|name| name.strip_prefix(&prefix));
    let wanted = |path: &&str| places.iter().any(|place| place == path) || (yaml(path) && below(path, places));
    Ok(found.filter(wanted).map(str::to_owned).collect())
}

enum Entry {
    Link(String),
    Submodule(String),
}

/// What is no file: links, and other repositories.
async fn entries(top: &Path, commit: &str, places: &[String]) -> Result<Vec<Entry>, String> {
    let mut arguments = vec!["--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--"];
    arguments.extend(paths(places));
    let told = git(top, &arguments).await?;
    let entry = |line: &str| {
        let (about, path) = line.split_once('\t')?;
        match about.split(' ').next()? {
            "120000" => Some(Entry::Link(path.to_owned())),
            "160000" => Some(Entry::Submodule(path.to_owned())),
            _ => None,
        }
    };
    Ok(told.split('\0').filter_map(entry).collect())
}

/// The paths as git takes them: the top is no path.
fn paths(places: &[String]) -> impl Iterator<Item = &str> {
    let all = places.iter().any(String::is_empty);
    places.iter().map(String::as_str).filter(move |_| !all)
}

/// The file that a link leads to, as far as it may hold a Switch: YAML, whose end must be a file, and nothing for a folder that is
/// searched anyway.
async fn led(top: &Path, commit: &str, link: &str, places: &[String]) -> Result<Option<String>, String> {
    let to = match target(top, commit, link).await {
        Err(_) if !yaml(link) => return Ok(None),
        to => to?,
    };
    if to.is_empty() {
        let top = "is a link to the repository's root, which is not searched; name that folder by --switches, too";
        return if places.contains(&to) { Ok(None) } else { Err(top.to_owned()) };
    }
    match entry(top, commit, &to).await?.split(' ').next() {
        Some("100644" | "100755") => Ok(yaml(link).then_some(to)),
        Some("040000") if covers(&to, places) => Ok(None),
        Some("040000") => {
            Err(format!("is a link to the folder {to}, which is not searched; name that folder by --switches, too"))
        }
        _ if yaml(link) => Err(format!("is a link to {to}, which is no file there")),
        _ => Ok(None),
    }
}

/// The path that a link leads to, inside the repository.
async fn target(top: &Path, commit: &str, link: &str) -> Result<String, String> {
    let to = git(top, &["cat-file", "blob", &format!("{commit}:{link}")]).await?;
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    let out = || format!("is a link to {to}, out of the repository");
    if to.starts_with('/') {
        return Err(out());
    }
    for part in to.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." if parts.pop().is_none() => return Err(out()),
            ".." => {}
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

fn yaml(path: &str) -> bool {
    [".yaml", ".yml"].iter().any(|end| path.ends_with(end))
}

/// Is it below a place, in no hidden folder?
fn below(path: &str, places: &[String]) -> bool {
    let shown = |rest: &str| {
        let folders = rest.rsplit_once('/').map_or("", |(folders, _)| folders);
        !folders.split('/').any(|part| part.starts_with('.'))
    };
    places.iter().filter_map(|place| rest(path, place)).any(shown)
}

fn rest<'a>(path: &'a str, place: &str) -> Option<&'a str> {
    if place.is_empty() { Some(path) } else { path.strip_prefix(place)?.strip_prefix('/') }
}

/// Is this folder one of the places, or in one?
fn covers(folder: &str, places: &[String]) -> bool {
    places.iter().any(|place| place == folder || rest(folder, place).is_some())
}

/// Is something inside of it named itself?
fn covered(path: &str, places: &[String]) -> bool {
    places.iter().any(|place| place == path || rest(place, path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_folders_are_left_out_below_a_place_and_not_above_it() {
        let places = ["deploy/.prod".to_owned(), "one/switch.yaml".to_owned()];
        for (path, want) in [
            ("deploy/.prod/a.yaml", true),
            ("deploy/.prod/x/.y.yaml", true),
            ("deploy/.prod/.old/a.yaml", false),
            ("deploy/.production/a.yaml", false),
            ("other/a.yaml", false),
        ] {
            assert_eq!(below(path, &places), want, "{path}");
        }
        assert!(below("a/b.yaml", &[String::new()]) && !below(".github/b.yaml", &[String::new()]));
    }
}
