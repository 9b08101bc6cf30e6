//! Credentials, certificates, redirects, and servers that don't answer as they should.

use std::time::Duration;

use teal_git::{Auth, Options, Repository};
use teal_testkit::git_server::{Access, Fault, GitServer};

use crate::{World, main_branch};

const CANARY: &str = "canary-5f2c";

fn basic(password: &str) -> Auth {
    Auth::Basic { username: "ann".to_owned(), password: password.to_owned() }
}

#[test]
fn basic_and_bearer_open_the_door() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    for (access, auth) in [
        (Access::Basic("ann".to_owned(), "pä:ss".to_owned()), basic("pä:ss")),
        (Access::Bearer("t0ken".to_owned()), Auth::Bearer("t0ken".to_owned())),
    ] {
        world.server.require(access);
        world.open_with(&Options::new(&world.repo.url).with_auth(auth)).fetch(&main_branch()).unwrap();
    }
}

#[test]
fn wrong_and_missing_credentials_are_told_apart() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    world.server.require(Access::Basic("ann".to_owned(), "right".to_owned()));
    for (auth, said) in [
        (Auth::None, "no credentials were sent"),
        (basic(CANARY), "user name and password were sent"),
        (Auth::Bearer(CANARY.to_owned()), "a bearer token was sent"),
    ] {
        let error = world.open_with(&Options::new(&world.repo.url).with_auth(auth)).fetch(&main_branch()).unwrap_err();
        assert_eq!(error.reason(), "Unauthorized");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error} {error:?}").contains(CANARY));
    }
}

#[test]
fn g9_credentials_are_in_no_debug_output() {
    let world = World::new();
    for auth in [basic(CANARY), Auth::Bearer(CANARY.to_owned())] {
        let options = Options::new(&world.repo.url).with_auth(auth);
        let repository = world.open_with(&options);
        assert!(!format!("{options:?} {repository:?}").contains(CANARY));
    }
    let file = teal_git::SnapshotEntry::File(CANARY.as_bytes().into());
    let change = teal_git::Change {
        branch: "main".to_owned(),
        onto: crate::id(&"a".repeat(40)),
        edits: vec![("a.yaml".to_owned(), CANARY.as_bytes().to_vec())],
        message: "x".to_owned(),
        author: teal_git::Author { name: "a".to_owned(), email: "a@b".to_owned() },
    };
    let inside = Options::new(format!("https://ann:{CANARY}@127.0.0.1/x.git?token={CANARY}"));
    let bytes = format!("{:?}", CANARY.as_bytes());
    for shown in [format!("{file:?}"), format!("{change:?}"), format!("{inside:?}")] {
        assert!(!shown.contains(CANARY) && !shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }
    let url = format!("http://ann:{CANARY}@127.0.0.1/x.git");
    let error = Repository::open(world.store.path(), &Options::new(url)).unwrap_err();
    assert_eq!(error.reason(), "InvalidUrl");
    assert!(error.to_string().starts_with("http://127.0.0.1/x.git: credentials don't belong"), "{error}");
    let token = Options::new(&world.repo.url).with_auth(Auth::Bearer(format!("{CANARY}\nx")));
    let error = Repository::open(world.store.path(), &token).unwrap_err();
    assert_eq!(error.reason(), "InvalidSecret");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(CANARY));
    }
}

#[test]
fn addresses_that_are_not_http_are_refused() {
    let world = World::new();
    for url in
        ["ssh://-oProxyCommand=touch/x", "git@github.com:a/b.git", "file:///etc", "/etc", "", "ext::sh", "http://"]
    {
        let error = Repository::open(world.store.path(), &Options::new(url)).unwrap_err();
        assert_eq!(error.reason(), "InvalidUrl", "{url}");
    }
}

#[test]
fn a_certificate_is_trusted_by_its_own_ca_only() {
    let world = World::on(GitServer::start_tls().unwrap());
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let error = world.open().fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "Untrusted", "{error}");
    let other = GitServer::start_tls().unwrap();
    let with = |ca: &[u8]| Options { ca: Some(ca.to_vec()), ..Options::new(&world.repo.url) };
    let error = world.open_with(&with(other.ca().unwrap().as_bytes())).fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "Untrusted", "{error}");
    let error = world.open_with(&with(b"not pem")).fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "InvalidSecret", "{error}");
    world.open_with(&with(world.server.ca().unwrap().as_bytes())).fetch(&main_branch()).unwrap();
}

#[test]
fn a_redirect_to_another_origin_carries_no_credentials() {
    let world = World::new();
    let other = GitServer::start().unwrap();
    other.repository("fleet").unwrap().commit(&[("a", Some("1"))], "one").unwrap();
    world.server.fail(Fault::RedirectTo(other.url()));
    let repository = world.open_with(&Options::new(&world.repo.url).with_auth(basic(CANARY)));
    repository.fetch(&main_branch()).unwrap();
    assert!(world.server.authorizations().iter().all(Option::is_some), "its own server gets them");
    let seen = other.authorizations();
    assert!(seen.len() >= 2, "list and pack came from the other: {seen:?}");
    assert!(seen.iter().all(Option::is_none), "the other does not");
}

#[test]
fn a_redirect_within_the_origin_keeps_credentials() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let moved = world.server.url();
    let other = GitServer::start().unwrap();
    other.fail(Fault::RedirectTo(moved));
    let options = Options::new(format!("{}/fleet.git/", other.url()));
    Repository::open(world.store.path(), &options).unwrap().fetch(&main_branch()).unwrap();
}

#[test]
fn redirects_from_tls_to_plain_text_and_in_circles_are_refused() {
    let plain = GitServer::start().unwrap();
    let world = World::on(GitServer::start_tls().unwrap());
    let options = Options { ca: world.server.ca().map(|ca| ca.as_bytes().to_vec()), ..Options::new(&world.repo.url) };
    world.server.fail(Fault::RedirectTo(plain.url()));
    let error = world.open_with(&options).fetch(&main_branch()).unwrap_err();
    assert!(error.to_string().contains("from https to http"), "{error}");
    assert_eq!(plain.requests(), teal_testkit::git_server::Requests::default());
    world.server.fail(Fault::RedirectTo(world.server.url()));
    let error = world.open_with(&options).fetch(&main_branch()).unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert_eq!(error.reason(), "Protocol");
}

#[test]
fn each_wrong_answer_has_its_reason() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository = world.open();
    for (fault, reason, said) in [
        (Fault::Status(500), "Unavailable", "answered 500"),
        (Fault::Status(429), "Unavailable", "answered 429"),
        (Fault::Status(403), "Unauthorized", "refused with 403"),
        (Fault::Status(404), "NotFound", "no repository there"),
        (Fault::Status(302), "Protocol", "redirects"),
        (Fault::WebPage, "Protocol", "text/html"),
        (Fault::Drop, "Unreachable", "can't be reached"),
    ] {
        tells(&world, &repository, fault, reason, said);
    }
    world.server.heal();
    repository.fetch(&main_branch()).unwrap();
}

fn tells(world: &World, repository: &Repository, fault: Fault, reason: &str, said: &str) {
    world.server.fail(fault.clone());
    let error = repository.fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), reason, "{fault:?}: {error}");
    let text = error.to_string();
    assert!(text.starts_with(&world.repo.url) && text.contains(said), "{fault:?}: {error}");
    assert!(!text.contains('\n'));
}

#[test]
fn an_answer_that_does_not_come_in_time_is_told_as_that() {
    let world = World::new();
    world.repo.commit(&[("a", Some("1"))], "one").unwrap();
    let repository =
        world.open_with(&Options { deadline: Duration::from_millis(700), ..Options::new(&world.repo.url) });
    for fault in [Fault::Hang, Fault::Slow(Duration::from_millis(400))] {
        tells(&world, &repository, fault, "Timeout", "not done within 700ms");
    }
}

#[test]
fn nobody_there_and_no_such_repository() {
    let world = World::new();
    let gone = GitServer::start().unwrap();
    let url = format!("{}/x.git", gone.url());
    drop(gone);
    let error = world.open_with(&Options::new(&url)).fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "Unreachable");
    assert!(error.to_string().contains("refused"), "{error}");
    let url = format!("{}/nothing.git", world.server.url());
    let error = world.open_with(&Options::new(&url)).fetch(&main_branch()).unwrap_err();
    assert_eq!(error.reason(), "NotFound", "{error}");
}
