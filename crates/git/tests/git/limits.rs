//! Hostile and huge repositories: time, bytes, objects, disk.

use std::time::{Duration, Instant};

use teal_git::{Limits, Options};
use teal_testkit::git_server::Fault;

use crate::{World, file, main_branch};

fn limited(world: &World, limits: Limits) -> Options {
    Options { limits, ..Options::new(&world.repo.url) }
}

#[test]
fn an_endless_pack_ends_at_the_byte_limit() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    world.server.fail(Fault::EndlessPack);
    let repository = world.open_with(&limited(&world, Limits { pack_bytes: 4 << 20, ..Limits::default() }));
    let error = repository.fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "TooLarge", "{error}");
    assert!(error.to_string().contains("4194304 bytes"), "{error}");
    world.server.heal();
    let commit = repository.fetch(&main_branch()).unwrap();
    assert_eq!(file(&repository.snapshot(&commit.id).unwrap(), "a").as_deref(), Some("1"), "the store is unharmed");
}

#[test]
fn an_endless_pack_ends_at_the_deadline() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    world.server.fail(Fault::EndlessPack);
    let options = Options {
        deadline: Duration::from_millis(500),
        ..limited(&world, Limits { pack_bytes: u64::MAX, ..Limits::default() })
    };
    let began = Instant::now();
    let error = world.open_with(&options).fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "Timeout", "{error}");
    assert!(began.elapsed() < Duration::from_secs(120));
}

#[test]
fn too_many_objects_are_refused() {
    let world = World::new();
    let files: Vec<(String, String)> = (0..300).map(|n| (format!("f{n}"), format!("{n}"))).collect();
    let files: Vec<(&str, Option<&str>)> =
        files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    world.repo.commit(&files, "many").unwrap();
    let repository = world.open_with(&limited(&world, Limits { objects: 100, ..Limits::default() }));
    let error = repository.fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "TooLarge");
    assert!(error.to_string().contains("100 objects"), "{error}");
}

#[test]
fn a_damaged_pack_is_refused_and_leaves_nothing() {
    let world = World::new();
    world.repo.commit(&[("a", Some(&"text ".repeat(1000)))], "one").unwrap();
    let repository = world.open();
    world.server.fail(Fault::DamagedPack);
    let error = repository.fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "Protocol", "{error}");
    world.server.heal();
    repository.fetch(&main_branch()).unwrap();
}

#[test]
fn a_file_over_the_limit_is_named() {
    let world = World::new();
    world.repo.commit(&[("apps/big.yaml", Some(&"x".repeat(2000))), ("small", Some("s"))], "one").unwrap();
    let repository = world.open_with(&limited(&world, Limits { file_bytes: 1000, ..Limits::default() }));
    let snapshot = repository.snapshot(&repository.fetch(&main_branch()).unwrap().id).unwrap();
    let error = snapshot.entry("apps/big.yaml").unwrap_err();
    assert_eq!(error.to_string(), "apps/big.yaml: has 2000 bytes, over the limit of 1000");
    assert_eq!(file(&snapshot, "small").as_deref(), Some("s"));
}

#[test]
fn a_store_over_its_budget_is_rebuilt_while_old_snapshots_stay_readable() {
    let world = World::new();
    let noise = |seed: u64| -> String {
        let mut state = seed;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 58) as u8)
        })
        .take(100_000)
        .collect()
    };
    let budget = 400_000;
    let repository = world.open_with(&limited(&world, Limits { store_bytes: budget, ..Limits::default() }));
    let first_text = noise(0);
    world.repo.commit(&[("a", Some(&first_text))], "first").unwrap();
    let first = repository.snapshot(&repository.fetch(&main_branch()).unwrap().id).unwrap();
    for n in 1..12 {
        let text = noise(n);
        world.repo.commit(&[("a", Some(&text))], "next").unwrap();
        let commit = repository.fetch(&main_branch()).unwrap();
        let snapshot = repository.snapshot(&commit.id).unwrap();
        assert_eq!(file(&snapshot, "a"), Some(text));
    }
    assert_eq!(file(&first, "a"), Some(first_text), "a snapshot outlives the store it came from");
    drop(first);
    let stores: Vec<_> = std::fs::read_dir(world.store.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("store-"))
        .collect();
    assert_eq!(stores.len(), 1, "outdated stores are gone: {stores:?}");
    assert_ne!(stores, ["store-0"], "it was rebuilt");
    let text = noise(99);
    world
        .repo
        .commit(
            &[("b", Some(&(text.clone() + &noise(98) + &noise(97) + &noise(96) + &noise(95) + &noise(94))))],
            "huge",
        )
        .unwrap();
    let error = repository.fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "TooLarge", "{error}");
}

#[test]
fn many_fetches_keep_few_packs() {
    let world = World::new();
    let repository = world.open();
    let mut last = None;
    for n in 0..70 {
        world.repo.commit(&[("a", Some(&n.to_string()))], "next").unwrap();
        last = Some(repository.fetch(&main_branch()).unwrap());
    }
    let snapshot = repository.snapshot(&last.unwrap().id).unwrap();
    assert_eq!(file(&snapshot, "a").as_deref(), Some("69"));
    assert!(!world.store.path().join("store-0").exists(), "it was rebuilt");
}
