//! A commit on top of a branch, pushed without force.

use teal_git::{Author, Change, CommitId, PushError};

use crate::{World, file, id, main_branch};

fn change(onto: &CommitId, edits: &[(&str, &str)]) -> Change {
    Change {
        branch: "main".to_owned(),
        onto: onto.clone(),
        edits: edits.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect(),
        message: "Move back to blue".to_owned(),
        author: Author { name: "Ann".to_owned(), email: "ann@contoso.com".to_owned() },
    }
}

#[test]
fn a_commit_is_written_on_top_of_a_shallow_store() {
    let world = World::new();
    world.repo.commit(&[("switch.yaml", Some("active: blue\n"))], "one").unwrap();
    let two =
        world.repo.commit(&[("deep/down/switch.yaml", Some("active: green\n")), ("b", Some("b"))], "two").unwrap();
    let repository = world.open();
    let head = repository.fetch(&main_branch()).unwrap();
    let new = repository
        .commit_and_push(&change(&head.id, &[("deep/down/switch.yaml", "active: blue\n"), ("new", "n")]))
        .unwrap();
    assert_eq!(world.repo.head().as_deref(), Some(new.as_str()));
    assert_eq!(world.repo.git(&["show", "main:deep/down/switch.yaml"]).unwrap(), "active: blue");
    assert_eq!(world.repo.git(&["show", "main:b"]).unwrap(), "b", "other files stay");
    assert_eq!(
        world.repo.git(&["log", "-1", "--format=%P|%an <%ae>|%s", "main"]).unwrap(),
        format!("{two}|Ann <ann@contoso.com>|Move back to blue")
    );
    let snapshot = repository.snapshot(&repository.fetch(&main_branch()).unwrap().id).unwrap();
    assert_eq!(file(&snapshot, "new").as_deref(), Some("n"));
}

#[test]
fn a_branch_that_moved_is_a_lost_race() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = world.open();
    let head = repository.fetch(&main_branch()).unwrap();
    let theirs = world.repo.commit(&[("a", Some("theirs"))], "theirs").unwrap();
    let error = repository.commit_and_push(&change(&head.id, &[("a", "ours")])).unwrap_err();
    assert_eq!(error.reason(), "Raced", "{error}");
    assert_eq!(world.repo.head(), Some(theirs));
}

#[test]
fn a_branch_that_moves_during_the_push_is_a_lost_race() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = world.open();
    let head = repository.fetch(&main_branch()).unwrap();
    let repo = world.repo.clone();
    world.server.before_next_push(move || {
        repo.commit(&[("a", Some("theirs"))], "theirs").unwrap();
    });
    let error = repository.commit_and_push(&change(&head.id, &[("a", "ours")])).unwrap_err();
    assert!(matches!(error, PushError::Raced { .. }), "{error}");
    assert_eq!(world.repo.git(&["show", "main:a"]).unwrap(), "theirs");
}

#[test]
fn a_hook_that_refuses_is_quoted() {
    let world = World::new();
    let one = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let hook = world.repo.path.join("hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    teal_testkit::script::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    let repository = world.open();
    let error = repository.commit_and_push(&change(&id(&one), &[("a", "2")])).unwrap_err();
    assert_eq!(error.reason(), "Rejected");
    assert!(error.to_string().contains("hook declined"), "{error}");
    assert_eq!(world.repo.head(), Some(one));
}

#[test]
fn paths_are_checked_before_anything_is_sent() {
    let world = World::new();
    let one = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = world.open();
    for path in ["../x", ".git/config", "a//b", "/etc/passwd", "a/./b"] {
        let error = repository.commit_and_push(&change(&id(&one), &[(path, "2")])).unwrap_err();
        assert_eq!(error.reason(), "InvalidPath", "{path}");
    }
    assert_eq!(world.server.requests().receive_pack, 0);
}
