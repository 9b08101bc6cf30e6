//! Rewritten history is told from ordinary progress, deepening no further than needed.

use teal_git::{Ancestry, Options};
use teal_testkit::git_server::Fault;

use crate::{World, id, main_branch};

#[test]
fn ordinary_progress_descends() {
    let world = World::new();
    let one = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = world.open();
    repository.fetch(&main_branch()).unwrap();
    let mut last = one.clone();
    for n in 0..20 {
        last = world.repo.commit(&[("a", Some(&n.to_string()))], "more").unwrap();
    }
    repository.fetch(&main_branch()).unwrap();
    assert_eq!(repository.is_ancestor(&id(&one), &id(&last)).unwrap(), Ancestry::Descends);
    assert_eq!(repository.is_ancestor(&id(&last), &id(&last)).unwrap(), Ancestry::Equal);
    assert_eq!(repository.is_ancestor(&id(&last), &id(&one)).unwrap(), Ancestry::Diverged, "going back in time");
}

#[test]
fn progress_is_seen_by_a_store_that_never_had_the_old_commit() {
    let world = World::new();
    let one = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let two = world.repo.commit(&[("a", Some("2"))], "two").unwrap();
    let repository = world.open();
    repository.fetch(&main_branch()).unwrap();
    assert_eq!(repository.is_ancestor(&id(&one), &id(&two)).unwrap(), Ancestry::Descends);
}

#[test]
fn a_forced_push_diverges() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let old = world.repo.commit(&[("a", Some("2"))], "two").unwrap();
    let repository = world.open();
    repository.fetch(&main_branch()).unwrap();
    let new = world.repo.force_rewrite(&[("a", Some("evil"))], "rewritten").unwrap();
    assert_eq!(repository.fetch(&main_branch()).unwrap().id, id(&new));
    assert_eq!(repository.is_ancestor(&id(&old), &id(&new)).unwrap(), Ancestry::Diverged);
}

#[test]
fn a_merge_contains_both_sides() {
    let world = World::new();
    let base = world.repo.commit(&[("a", Some("1"))], "base").unwrap();
    let side = world.repo.git(&["commit-tree", "-p", &base, "-m", "side", &format!("{base}^{{tree}}")]).unwrap();
    let main = world.repo.commit(&[("a", Some("2"))], "main").unwrap();
    let merge =
        world.repo.git(&["commit-tree", "-p", &main, "-p", &side, "-m", "merge", &format!("{main}^{{tree}}")]).unwrap();
    world.repo.git(&["update-ref", "refs/heads/main", &merge]).unwrap();
    let repository = world.open();
    repository.fetch(&main_branch()).unwrap();
    for old in [base, side, main] {
        assert_eq!(repository.is_ancestor(&id(&old), &id(&merge)).unwrap(), Ancestry::Descends);
    }
}

#[test]
fn an_unreachable_server_decides_nothing() {
    let world = World::new();
    let one = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    world.repo.commit(&[("a", Some("2"))], "two").unwrap();
    let three = world.repo.commit(&[("a", Some("3"))], "three").unwrap();
    let repository = world.open_with(&Options::new(&world.repo.url));
    repository.fetch(&main_branch()).unwrap();
    world.server.fail(Fault::Status(503));
    assert_eq!(repository.is_ancestor(&id(&one), &id(&three)).unwrap_err().reason(), "Unavailable");
}
