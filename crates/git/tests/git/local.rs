//! Commits of a repository on this machine, bare, checked out, and in a linked work tree.

use std::fs;
use std::path::Path;
use std::process::Command;

use teal_git::{LocalError, LocalRepository};
use tempfile::TempDir;

use crate::file;

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Kim", "-c", "user.email=kim@contoso.test"];
    let status = Command::new("git").args(identity).args(arguments).current_dir(folder).status().unwrap();
    assert!(status.success(), "git {arguments:?}");
}

/// A repository with two commits of `f` and a change that is not committed.
fn repository() -> TempDir {
    let folder = TempDir::new().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main", "."]);
    for text in ["one", "two"] {
        fs::create_dir_all(folder.path().join("in")).unwrap();
        fs::write(folder.path().join("in/f"), text).unwrap();
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "--quiet", "-m", text]);
    }
    fs::write(folder.path().join("in/f"), "not committed").unwrap();
    folder
}

#[test]
fn a_revision_is_read_whatever_is_checked_out() {
    let folder = repository();
    git(folder.path(), &["tag", "-a", "-m", "first", "v1", "HEAD~1"]);
    let local = LocalRepository::discover(&folder.path().join("in")).unwrap();
    assert_eq!(local.work_tree(), Some(folder.path().canonicalize().unwrap().as_path()));
    for (revision, want) in [("main", "two"), ("HEAD", "two"), ("HEAD~1", "one"), ("v1", "one")] {
        assert_eq!(file(&local.snapshot(revision).unwrap(), "in/f").as_deref(), Some(want), "{revision}");
    }
    let short = local.snapshot("HEAD").unwrap().commit().short().to_owned();
    assert_eq!(file(&local.snapshot(&short).unwrap(), "in/f").as_deref(), Some("two"));
}

#[test]
fn bare_repositories_and_linked_work_trees_are_read_too() {
    let folder = repository();
    let beside = TempDir::new().unwrap();
    git(
        folder.path(),
        &["worktree", "add", "--quiet", "--detach", &beside.path().join("w").to_string_lossy(), "HEAD~1"],
    );
    let linked = LocalRepository::discover(&beside.path().join("w/in")).unwrap();
    assert_eq!(file(&linked.snapshot("HEAD").unwrap(), "in/f").as_deref(), Some("one"));
    assert_eq!(file(&linked.snapshot("main").unwrap(), "in/f").as_deref(), Some("two"));
    git(beside.path(), &["clone", "--quiet", "--bare", &folder.path().to_string_lossy(), "bare"]);
    let bare = LocalRepository::discover(&beside.path().join("bare")).unwrap();
    assert_eq!(bare.work_tree(), None);
    assert_eq!(file(&bare.snapshot("main").unwrap(), "in/f").as_deref(), Some("two"));
}

#[test]
fn what_is_no_repository_or_no_revision_is_told() {
    let folder = repository();
    let error = LocalRepository::discover(folder.path()).unwrap().snapshot("mian").unwrap_err();
    assert!(matches!(&error, LocalError::NoRevision { revision, .. } if revision == "mian"), "{error}");
    let tree = LocalRepository::discover(folder.path()).unwrap().snapshot("HEAD:in").unwrap_err();
    assert!(matches!(tree, LocalError::NoRevision { .. }), "{tree}");
    let nowhere = TempDir::new().unwrap();
    let error = LocalRepository::discover(nowhere.path()).unwrap_err();
    assert!(matches!(error, LocalError::NoRepository { .. }), "{error}");
}
