//! Reading trees: links, submodules, LFS, and entries that no honest git makes (attack cases 3, 14 and 15).

use std::thread;

use teal_git::{Snapshot, SnapshotEntry};

use crate::{World, file, main_branch};

fn snapshot(world: &World) -> Snapshot {
    let repository = world.open();
    repository.snapshot(&repository.fetch(&main_branch()).unwrap().id).unwrap()
}

#[test]
fn folders_list_their_names_sorted() {
    let world = World::new();
    world.repo.commit(&[("b/z", Some("")), ("b.a", Some("")), ("b/a/deep", Some("")), ("ä", Some(""))], "one").unwrap();
    let snapshot = snapshot(&world);
    let dir = |names: &[&str]| Some(SnapshotEntry::Dir(names.iter().map(|name| (*name).to_owned()).collect()));
    assert_eq!(snapshot.entry("").unwrap(), dir(&["b", "b.a", "ä"]));
    assert_eq!(snapshot.entry("b").unwrap(), dir(&["a", "z"]));
    assert_eq!(snapshot.entry("b/z/not/below/a/file").unwrap(), None);
}

#[test]
fn equal_folders_have_equal_ids() {
    let world = World::new();
    world.repo.commit(&[("x/f", Some("1")), ("y/f", Some("1")), ("z/f", Some("2"))], "one").unwrap();
    let snapshot = snapshot(&world);
    let id = |path: &str| snapshot.tree_id(path).unwrap();
    assert_eq!(id("x"), id("y"));
    assert_ne!(id("x"), id("z"));
    assert_eq!(id("none"), None);
    assert!(id("").is_some());
}

#[test]
fn links_are_reported_and_never_followed() {
    let world = World::new();
    world.repo.commit_script("M 120000 inline link\ndata 11\n/etc/passwd\nM 120000 inline dir\ndata 1\n.\nM 100644 inline f\ndata 1\nx\n", "links").unwrap();
    let snapshot = snapshot(&world);
    assert_eq!(snapshot.entry("link").unwrap(), Some(SnapshotEntry::Link("/etc/passwd".to_owned())));
    let error = snapshot.entry("dir/f").unwrap_err();
    assert_eq!(error.to_string(), "dir: is a symbolic link, which is never followed; name the file it points to");
}

#[test]
fn submodules_and_lfs_pointers_are_refused_by_name() {
    let world = World::new();
    let head = world.repo.commit(&[("f", Some("x"))], "one").unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    world.repo.commit(&[("apps/model.bin", Some(pointer))], "lfs").unwrap();
    world.repo.commit_script(&format!("M 160000 {head} vendor/lib\n"), "submodule").unwrap();
    let snapshot = snapshot(&world);
    for path in ["vendor/lib", "vendor/lib/below"] {
        assert_eq!(snapshot.entry(path).unwrap_err().reason(), "Submodule", "{path}");
    }
    let error = snapshot.entry("apps/model.bin").unwrap_err();
    assert_eq!(
        error.to_string(),
        "apps/model.bin: is a Git LFS pointer, which is not supported; commit the file itself"
    );
    assert_eq!(file(&snapshot, "f").as_deref(), Some("x"));
}

#[test]
fn paths_that_leave_the_tree_are_refused() {
    let world = World::new();
    world.repo.commit(&[("a/f", Some("x"))], "one").unwrap();
    let snapshot = snapshot(&world);
    for path in ["..", "a/../a/f", "./a", "a//f", "/a", "a/", ".git/config", "a/.GIT/x", "a\0b"] {
        assert_eq!(snapshot.entry(path).unwrap_err().reason(), "InvalidPath", "{path:?}");
    }
}

#[test]
fn trees_that_no_honest_git_makes_are_refused() {
    for (name, shown) in [
        (".git", "`.git`"),
        (".GIT", "`.GIT`"),
        ("..", "`..`"),
        (".", "`.`"),
        ("a/../b", "`a/../b`"),
        ("\u{1b}[31m", ""),
    ] {
        let world = World::new();
        let blob = world.repo.git_with(&["hash-object", "-w", "--stdin"], b"x").unwrap();
        let mut raw = format!("100644 {name}\0").into_bytes();
        raw.extend((0..40).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()));
        let tree = world.repo.git_with(&["hash-object", "-w", "--literally", "-t", "tree", "--stdin"], &raw).unwrap();
        let commit = world.repo.git(&["commit-tree", "-m", "evil", &tree]).unwrap();
        world.repo.git(&["update-ref", "refs/heads/main", &commit]).unwrap();
        let snapshot = snapshot(&world);
        if shown.is_empty() {
            assert!(snapshot.entry("").is_ok(), "an odd name is only a name");
            continue;
        }
        let error = snapshot.entry("").unwrap_err();
        assert_eq!(error.reason(), "ForbiddenName", "{name}");
        assert!(error.to_string().contains(shown), "{error}");
    }
}

#[test]
fn many_threads_read_one_snapshot() {
    let world = World::new();
    let files: Vec<(String, String)> = (0..200).map(|n| (format!("d{}/f{n}", n % 7), format!("text {n}"))).collect();
    let edits: Vec<(&str, Option<&str>)> =
        files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    world.repo.commit(&edits, "many").unwrap();
    let snapshot = snapshot(&world);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (snapshot, files) = (snapshot.clone(), &files);
            scope.spawn(move || {
                for (path, text) in files {
                    assert_eq!(file(&snapshot, path).as_deref(), Some(text.as_str()));
                }
            });
        }
    });
}

#[test]
fn real_manifests_arrive_byte_for_byte() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fleets/contoso");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    }
    let world = World::new();
    world.repo.commit_folder(&folder, "real").unwrap();
    let repository = world.open();
    let began = std::time::Instant::now();
    let commit = repository.fetch(&main_branch()).unwrap();
    let fetched = began.elapsed();
    let snapshot = repository.snapshot(&commit.id).unwrap();
    let (mut files, mut bytes) = (0, 0);
    let mut paths = vec![String::new()];
    while let Some(path) = paths.pop() {
        match snapshot.entry(&path).unwrap().unwrap() {
            SnapshotEntry::Dir(names) => {
                paths.extend(
                    names.into_iter().map(|name| if path.is_empty() { name } else { format!("{path}/{name}") }),
                );
            }
            SnapshotEntry::File(content) => {
                assert_eq!(*content, *std::fs::read(folder.join(&path)).unwrap(), "{path}");
                (files, bytes) = (files + 1, bytes + content.len());
            }
            SnapshotEntry::Link(target) => panic!("{path} → {target}"),
        }
    }
    eprintln!("{files} files, {bytes} bytes: fetched in {fetched:?}, all read after {:?}", began.elapsed());
    assert!(files > 50);
}
