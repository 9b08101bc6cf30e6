//! Fetching by branch, tag and commit; incrementally; in few requests.

use teal_git::{FetchError, Options, Reference, Repository};

use crate::{World, file, id, main_branch};

#[test]
fn a_branch_is_fetched_with_its_files_and_facts() {
    let world = World::new();
    let sha = world.repo.commit(&[("apps/a.yaml", Some("a: 1\n")), ("b", Some("b"))], "Add apps\n\nWhy.").unwrap();
    let repository = world.open();
    let commit = repository.fetch(&main_branch()).unwrap();
    assert_eq!(commit.id.as_str(), sha);
    assert_eq!(commit.message, "Add apps");
    assert_eq!(commit.author, "Tester <tester@example.com>");
    assert!(commit.time > 1_700_000_000);
    let snapshot = repository.snapshot(&commit.id).unwrap();
    assert_eq!(file(&snapshot, "apps/a.yaml").as_deref(), Some("a: 1\n"));
    assert_eq!(file(&snapshot, "nothing"), None);
}

#[test]
fn asking_whether_anything_changed_is_one_request() {
    let world = World::new();
    let sha = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = world.open();
    assert_eq!(repository.ls_remote(&main_branch()).unwrap().as_str(), sha);
    let requests = world.server.requests();
    assert_eq!((requests.ls, requests.upload_pack, requests.other), (1, 0, 0));
}

#[test]
fn only_one_commit_deep_and_only_what_is_new() {
    let world = World::new();
    let noise = |seed: u64| -> String {
        let mut state = seed;
        (0..200_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b' ' + (state >> 58) as u8)
            })
            .collect()
    };
    world.repo.commit(&[("old", Some(&noise(1)))], "history").unwrap();
    world.repo.commit(&[("old", None), ("big", Some(&noise(2)))], "one").unwrap();
    let repository = world.open();
    repository.fetch(&main_branch()).unwrap();
    let first = size(world.store.path());
    assert!(first < 300_000, "history was fetched too: {first} bytes");
    let second = world.repo.commit(&[("small", Some("s"))], "two").unwrap();
    let commit = repository.fetch(&main_branch()).unwrap();
    assert_eq!(commit.id.as_str(), second);
    let grown = size(world.store.path()) - first;
    assert!(grown < 10_000, "the whole tree was fetched again: {grown} bytes");
    let snapshot = repository.snapshot(&commit.id).unwrap();
    assert_eq!(file(&snapshot, "big").unwrap().len(), 200_000);
    assert_eq!(file(&snapshot, "small").as_deref(), Some("s"));
    let before = world.server.requests();
    repository.fetch(&main_branch()).unwrap();
    let after = world.server.requests();
    assert_eq!((after.ls - before.ls, after.upload_pack - before.upload_pack), (1, 0), "nothing new: no pack");
}

fn size(path: &std::path::Path) -> u64 {
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().map(|entry| size(&entry.unwrap().path())).sum()
    } else {
        path.metadata().unwrap().len()
    }
}

#[test]
fn tags_light_and_annotated_name_their_commit() {
    let world = World::new();
    let one = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let two = world.repo.commit(&[("a", Some("2"))], "two").unwrap();
    world.repo.git(&["tag", "light", &one]).unwrap();
    world.repo.git(&["tag", "-a", "-m", "release", "v1", &two]).unwrap();
    let repository = world.open();
    for (name, sha) in [("light", &one), ("v1", &two)] {
        let tag = Reference::Tag(name.to_owned());
        assert_eq!(repository.ls_remote(&tag).unwrap().as_str(), sha);
        assert_eq!(repository.fetch(&tag).unwrap().id.as_str(), sha);
    }
}

#[test]
fn a_pinned_commit_is_fetched_by_its_id_and_then_needs_no_request() {
    let world = World::new();
    let old = world.repo.commit(&[("a", Some("old"))], "one").unwrap();
    world.repo.commit(&[("a", Some("new"))], "two").unwrap();
    let repository = world.open();
    let pin = Reference::Commit(id(&old));
    let commit = repository.fetch(&pin).unwrap();
    assert_eq!(file(&repository.snapshot(&commit.id).unwrap(), "a").as_deref(), Some("old"));
    let before = world.server.requests();
    repository.fetch(&pin).unwrap();
    assert_eq!(repository.ls_remote(&pin).unwrap(), id(&old));
    assert_eq!(world.server.requests(), before);
}

#[test]
fn a_pin_works_where_the_server_gives_no_commit_by_id() {
    let world = World::new();
    world.repo.git(&["config", "uploadpack.allowReachableSHA1InWant", "false"]).unwrap();
    let old = world.repo.commit(&[("a", Some("old"))], "one").unwrap();
    for n in 0..70 {
        world.repo.commit(&[("a", Some(&n.to_string()))], "more").unwrap();
    }
    let repository = world.open();
    let commit = repository.fetch(&Reference::Commit(id(&old))).unwrap();
    assert_eq!(file(&repository.snapshot(&commit.id).unwrap(), "a").as_deref(), Some("old"));
}

#[test]
fn a_commit_that_is_nowhere_is_said_so() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let error = world.open().fetch(&Reference::Commit(id(&"ab".repeat(20)))).unwrap_err();
    assert_eq!(error.reason(), "NoSuchRef");
    assert!(error.to_string().contains("no branch contains it"), "{error}");
}

#[test]
fn a_missing_branch_names_those_that_exist() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    world.repo.commit_to("dev", &[("a", Some("1"))], "one").unwrap();
    let error = world.open().fetch(&Reference::Branch("mian".to_owned())).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: has no branch `mian`; it has dev, main", world.repo.url));
    assert_eq!(error.reason(), "NoSuchRef");
}

#[test]
fn an_empty_repository_is_said_so() {
    let world = World::new();
    let repository = world.open();
    let pin = Reference::Commit(id(&"ab".repeat(20)));
    let errors = [repository.fetch(&main_branch()), repository.fetch(&pin)].map(|result| result.unwrap_err());
    for error in errors.into_iter().chain([repository.ls_remote(&main_branch()).unwrap_err()]) {
        assert_eq!(error.reason(), "EmptyRepository");
    }
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    repository.fetch(&main_branch()).unwrap();
}

#[test]
fn a_commit_with_an_empty_tree_can_be_read() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    world.repo.commit(&[("a", None)], "nothing left").unwrap();
    let repository = world.open();
    let commit = repository.fetch(&main_branch()).unwrap();
    let snapshot = repository.snapshot(&commit.id).unwrap();
    assert_eq!(snapshot.entry("").unwrap(), Some(teal_git::SnapshotEntry::Dir(vec![])));
}

#[test]
fn names_that_git_refuses_are_refused_before_any_request() {
    let world = World::new();
    let repository = world.open();
    for name in ["", "../../x", "a..b", "-oProxyCommand=x", "a b", "a\u{1b}[31m", "*", "a~1", "x.lock", "a:b"] {
        let error = repository.fetch(&Reference::Branch(name.to_owned())).unwrap_err();
        assert!(
            matches!(error, FetchError::InvalidReference { .. } | FetchError::EmptyRepository { .. }),
            "{name}: {error}"
        );
        assert_eq!(error.reason(), "InvalidReference", "{name}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
    for short in ["abc", "", "HEAD", &"g".repeat(40), &"a".repeat(64)] {
        assert!(short.parse::<teal_git::CommitId>().is_err(), "{short}");
    }
}

#[test]
fn a_store_is_reopened_and_continued() {
    let world = World::new();
    let sha = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    drop(world.open().fetch(&main_branch()).unwrap());
    let repository = world.open();
    let before = world.server.requests();
    repository.fetch(&Reference::Commit(id(&sha))).unwrap();
    assert_eq!(world.server.requests(), before, "it is in the store");
    let error = Repository::open(world.store.path(), &Options::new(&world.repo.url)).unwrap_err();
    assert_eq!(error.reason(), "StoreBusy");
}

#[test]
fn a_damaged_store_is_replaced() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    drop(world.open().fetch(&main_branch()).unwrap());
    std::fs::write(world.store.path().join("store-0/HEAD"), "nonsense").unwrap();
    let repository = world.open();
    let commit = repository.fetch(&main_branch()).unwrap();
    assert_eq!(file(&repository.snapshot(&commit.id).unwrap(), "a").as_deref(), Some("1"));
}

#[tokio::test]
async fn daemons_call_it_from_a_blocking_task() {
    let world = World::new();
    let sha = world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = std::sync::Arc::new(world.open());
    let commit = tokio::task::spawn_blocking({
        let repository = std::sync::Arc::clone(&repository);
        move || repository.fetch(&main_branch())
    });
    assert_eq!(commit.await.unwrap().unwrap().id.as_str(), sha);
    drop(repository);
}
