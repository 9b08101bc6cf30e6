//! Where to build: a tree, a folder in it, and how its paths are shown.

use std::path::{Component, Path, PathBuf};

use teal_git::LocalRepository;
use teal_kustomize::{Entry, FolderTree, KUSTOMIZATION_FILE_NAMES, Tree};

use super::arguments::Build;
use super::disk::DiskTree;
use super::failure::Failure;

/// A folder of a tree.
pub(super) struct Place {
    pub tree: Box<dyn Tree>,
    /// Inside the tree; empty for its root.
    pub dir: String,
    pub shown: Shown,
}

impl Place {
    /// For one kustomization: the whole disk, or a revision.
    pub(super) fn of(build: &Build) -> Result<Self, Failure> {
        if let Some(revision) = &build.rev {
            return Self::at_revision(&build.dir, revision);
        }
        let folder = existing_folder(&build.dir)?;
        let dir = tree_path(&folder)?;
        let shown = Shown::on_disk(&working_folder()?);
        Ok(Self { tree: Box::new(DiskTree), dir, shown })
    }

    /// For a fleet: what an agent would see, which is the repository and nothing outside of it.
    pub(super) fn of_fleet(build: &Build) -> Result<Self, Failure> {
        if let Some(revision) = &build.rev {
            return Self::at_revision(&build.dir, revision);
        }
        let folder = existing_folder(&build.dir)?;
        let root = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&folder).to_owned();
        let tree = FolderTree::open(&root).map_err(|error| Failure::new(error.to_string()))?;
        let dir = relative(&root, &folder)?;
        let shown = Shown::within(&root, &working_folder()?);
        Ok(Self { tree: Box::new(tree), dir, shown })
    }

    /// Whether the folder is a fleet's and no kustomization's.
    pub(super) fn is_fleet(&self) -> bool {
        let Ok(Some(Entry::Dir(names))) = self.tree.entry(&self.dir) else { return false };
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        has("teal.yaml") && !KUSTOMIZATION_FILE_NAMES.iter().any(|name| has(name))
    }

    fn at_revision(dir: &str, revision: &str) -> Result<Self, Failure> {
        let wrong = |error: teal_git::LocalError| Failure::new(error.to_string());
        // The folder need not exist today: it may be in the revision only.
        let folder = lexical(&working_folder()?.join(dir));
        let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
        let resolved = there.canonicalize().map_err(|error| Failure::new(format!("{}: {error}", there.display())))?;
        let folder = resolved.join(folder.strip_prefix(there).unwrap_or(Path::new("")));
        let local = LocalRepository::discover(&resolved).map_err(wrong)?;
        let root = match local.work_tree() {
            Some(root) => root.to_owned(),
            None => local.path().canonicalize().unwrap_or_else(|_| local.path().to_owned()),
        };
        let dir = relative(&root, &folder)?;
        let snapshot = local.snapshot(revision).map_err(wrong)?;
        Ok(Self { tree: Box::new(snapshot), dir, shown: Shown::within(&root, &working_folder()?) })
    }
}

fn existing_folder(dir: &str) -> Result<PathBuf, Failure> {
    let folder = Path::new(dir).canonicalize().map_err(|error| Failure::new(format!("{dir}: {error}")))?;
    if folder.is_dir() { Ok(folder) } else { Err(Failure::new(format!("{dir}: is a file; name the folder it is in"))) }
}

fn working_folder() -> Result<PathBuf, Failure> {
    let folder = std::env::current_dir().and_then(|folder| folder.canonicalize());
    folder.map_err(|error| Failure::new(format!("the working folder can't be read: {error}")))
}

/// `/a/b` as the disk tree names it: `a/b`.
fn tree_path(folder: &Path) -> Result<String, Failure> {
    relative(Path::new("/"), folder)
}

fn relative(root: &Path, folder: &Path) -> Result<String, Failure> {
    let inside = folder.strip_prefix(root).map_err(|_| {
        Failure::new(format!("{}: lies outside of the repository {}", folder.display(), root.display()))
    })?;
    let text = inside.to_str().ok_or_else(|| Failure::new(format!("{}: is no UTF-8", folder.display())))?;
    Ok(text.to_owned())
}

/// `.` and `..` taken out without looking at the disk.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Turns a tree's paths into what the person at the terminal would write.
#[derive(Debug)]
pub(super) struct Shown {
    /// The working folder inside the tree with `/` at its end; empty at the tree's root and outside of the tree.
    here: String,
    /// Stands before paths that are not below the working folder.
    root: &'static str,
}

impl Shown {
    fn on_disk(working: &Path) -> Self {
        Self { root: "/", ..Self::within(Path::new("/"), working) }
    }

    fn within(root: &Path, working: &Path) -> Self {
        let here = working.strip_prefix(root).ok().and_then(Path::to_str).unwrap_or_default();
        let here = if here.is_empty() { String::new() } else { format!("{here}/") };
        Self { here, root: "" }
    }

    /// A path of the tree.
    pub(super) fn path(&self, path: &str) -> String {
        if !self.here.is_empty() && self.here.strip_suffix('/') == Some(path) {
            return ".".to_owned();
        }
        match path.strip_prefix(&self.here) {
            Some(below) if !self.here.is_empty() => below.to_owned(),
            _ => format!("{}{path}", self.root),
        }
    }

    /// Paths below the working folder anywhere in a text.
    pub(super) fn text(&self, text: &str) -> String {
        if self.here.is_empty() { text.to_owned() } else { text.replace(&self.here, "") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_the_working_folder() {
        let disk = Shown::on_disk(Path::new("/home/kim/fleet"));
        assert_eq!(disk.path("home/kim/fleet/apps/a.yaml"), "apps/a.yaml");
        assert_eq!(disk.path("home/kim/fleet"), ".");
        assert_eq!(disk.path("home/kim/other.yaml"), "/home/kim/other.yaml");
        assert_eq!(disk.text("a: home/kim/fleet/b.yaml:1 and home/kim/fleet/c"), "a: b.yaml:1 and c");
        let repository = Shown::within(Path::new("/r"), Path::new("/r"));
        assert_eq!((repository.path("apps/a"), repository.text("apps/a")), ("apps/a".to_owned(), "apps/a".to_owned()));
    }

    #[test]
    fn dots_go_without_the_disk() {
        assert_eq!(lexical(Path::new("/a/./b/../c/../../..")), Path::new("/"));
    }
}
