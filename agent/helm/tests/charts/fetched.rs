//! Charts from repositories and registries, locked and not.

use std::collections::BTreeMap;
use std::sync::Arc;

use teal_testkit::charts::{Registry, Repository, pack, sha256};

use crate::world::{World, objects};

const MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: '{{ .Chart.Version }}', x: '{{ .Values.x }}'}\n";

fn chart(version: &str) -> Vec<u8> {
    pack("web", version, &[("templates/a.yaml", MAP), ("values.yaml", "x: default\n")]).unwrap()
}

fn helm(chart: &str) -> String {
    format!("apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {{name: rel}}\nspec: {{chart: {{{chart}}}}}\n")
}

fn lock(place: &str, requested: &str, version: &str, digest: &str) -> String {
    format!(
        "apiVersion: teal.dev/v1alpha1\nkind: HelmLock\nspec:\n  charts:\n  - {{{place}, requested: \"{requested}\", version: {version}, digest: '{digest}'}}\n"
    )
}

#[test]
fn a_range_takes_the_newest_of_a_repository_and_a_lock_holds_it() {
    let repository = Repository::start().unwrap();
    for version in ["1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0"] {
        repository.put("web", version, chart(version));
    }
    let place = format!("repository: '{}', name: web", repository.url());
    let spec = helm(&format!("{place}, version: ^1.0"));
    let Some(world) = World::of(&[("u/helm.yaml", &spec)]) else { return };
    let world = world.asking(&repository.web().host());
    let rendered = world.render();
    assert_eq!(objects(&rendered)[0]["data"]["v"], "1.10.0");
    let digest = sha256(&chart("1.10.0"));
    let told = rendered.notices.iter().any(|notice| notice.contains("not locked") && notice.contains(&digest));
    assert!(told, "{:?}", rendered.notices);

    let locked = lock(&place, "^1.0", "1.2.0", &sha256(&chart("1.2.0")));
    let mut world =
        World::of(&[("u/helm.yaml", &spec), ("u/helm.lock", &locked)]).unwrap().asking(&repository.web().host());
    let rendered = world.render();
    assert_eq!(objects(&rendered)[0]["data"]["v"], "1.2.0", "whatever is newer");
    assert!(rendered.notices.is_empty(), "{:?}", rendered.notices);

    // Somebody changed it after it was locked.
    repository.put("web", "1.2.0", pack("web", "1.2.0", &[("templates/a.yaml", "evil: true\n")]).unwrap());
    let (reason, message) = world.error();
    assert!(
        reason == "ChartDigest" && message.contains("1.2.0") && message.contains(&sha256(&chart("1.2.0"))),
        "{message}"
    );
    // What is on the shelf under the locked digest needs no server.
    let shelf = tempfile::tempdir().unwrap();
    world.settings.shelf = Some(shelf.path().to_owned());
    repository.put("web", "1.2.0", chart("1.2.0"));
    assert_eq!(objects(&world.render())[0]["data"]["v"], "1.2.0");
    let before = repository.web().asked().len();
    assert_eq!(objects(&world.render())[0]["data"]["v"], "1.2.0");
    assert_eq!(repository.web().asked().len(), before, "a new process asks nobody");
}

#[test]
fn an_unlocked_version_may_not_change() {
    let repository = Repository::start().unwrap();
    repository.put("web", "1.0.0", chart("1.0.0"));
    let spec = helm(&format!("repository: '{}', name: web, version: '1.x'", repository.url()));
    let Some(mut world) = World::of(&[("u/helm.yaml", &spec)]) else { return };
    world = world.asking(&repository.web().host());
    let shelf = tempfile::tempdir().unwrap();
    world.settings.shelf = Some(shelf.path().to_owned());
    objects(&world.render());
    repository.put(
        "web",
        "1.0.0",
        pack("web", "1.0.0", &[("templates/a.yaml", MAP), ("values.yaml", "x: evil\n")]).unwrap(),
    );
    let (reason, message) = world.error();
    assert!(reason == "ChartDigest" && message.contains("before"), "{message}");
}

#[test]
fn a_registry_gets_credentials_and_its_storage_gets_none() {
    let registry = Registry::start("teal", "hunter2").unwrap();
    for version in ["0.9.0", "1.0.0+build.1"] {
        registry.put("charts/web", version, chart(version));
    }
    let spec =
        helm(&format!("oci: 'oci://{}/charts/web', version: '>=0.5', secretRef: {{name: access}}", registry.host()));
    let Some(mut world) = World::of(&[("u/helm.yaml", &spec)]) else { return };
    world = world.asking(&registry.host()).asking(&registry.host().replace("127.0.0.1", "localhost"));
    let data = BTreeMap::from([
        ("host".to_owned(), registry.host().into_bytes()),
        ("username".to_owned(), b"teal".to_vec()),
        ("password".to_owned(), b"hunter2".to_vec()),
    ]);
    world.settings.secrets =
        Some(Arc::new(move |name| if name == "access" { Ok(data.clone()) } else { Err("no".into()) }));
    let rendered = world.render();
    assert_eq!(objects(&rendered)[0]["data"]["v"], "1.0.0+build.1");
    let asked = registry.web().asked();
    let of = |prefix: &str| asked.iter().filter(|asked| asked.path.starts_with(prefix)).collect::<Vec<_>>();
    assert!(of("/storage/").iter().all(|asked| asked.authorization.is_none()) && !of("/storage/").is_empty());
    assert!(
        of("/token").iter().all(|asked| asked.authorization.as_deref().is_some_and(|auth| auth.starts_with("Basic")))
    );
    assert!(
        of("/v2/").iter().all(|asked| asked.authorization.as_deref().is_none_or(|auth| auth.starts_with("Bearer")))
    );

    // Wrong credentials, and a Secret for another host, are told without a value.
    let wrong = |key: &str, value: &str| {
        let mut data = BTreeMap::from([
            ("host".to_owned(), registry.host().into_bytes()),
            ("username".to_owned(), b"teal".to_vec()),
            ("password".to_owned(), b"hunter2".to_vec()),
        ]);
        data.insert(key.to_owned(), value.as_bytes().to_vec());
        let mut world = World::of(&[("u/helm.yaml", &spec)]).unwrap().asking(&registry.host());
        world.settings.secrets = Some(Arc::new(move |_| Ok(data.clone())));
        world.error()
    };
    let (reason, message) = wrong("password", "wrong-hunter2");
    assert!(
        reason == "ChartNotFetched" && message.contains("refuses the credentials") && !message.contains("hunter2"),
        "{message}"
    );
    let (_, message) = wrong("host", "registry.example.com");
    assert!(message.contains("another host") && !message.contains("hunter2"), "{message}");
}

#[test]
fn a_registry_that_lies_about_a_digest_is_caught() {
    let registry = Registry::start("teal", "x").unwrap();
    let digest = registry.put("charts/web", "1.0.0", chart("1.0.0"));
    registry.falsify(&digest, &chart("6.6.6"));
    let spec =
        helm(&format!("oci: 'oci://{}/charts/web', version: 1.0.0, secretRef: {{name: access}}", registry.host()));
    let Some(mut world) = World::of(&[("u/helm.yaml", &spec)]) else { return };
    world = world.asking(&registry.host()).asking(&registry.host().replace("127.0.0.1", "localhost"));
    let data = BTreeMap::from([
        ("host".to_owned(), registry.host().into_bytes()),
        ("username".to_owned(), b"teal".to_vec()),
        ("password".to_owned(), b"x".to_vec()),
    ]);
    world.settings.secrets = Some(Arc::new(move |_| Ok(data.clone())));
    let (reason, message) = world.error();
    assert!(reason == "ChartDigest" && message.contains(&digest), "{message}");
}

#[test]
fn dependencies_of_a_chart_in_git_are_fetched_or_read_beside_it() {
    let repository = Repository::start().unwrap();
    for version in ["0.1.0", "0.2.0"] {
        repository.put(
            "redis",
            version,
            pack("redis", version, &[("templates/r.yaml", &MAP.replace("name: a", "name: redis"))]).unwrap(),
        );
    }
    let url = repository.url();
    let chart = format!(
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {{name: redis, version: 0.x, repository: '{url}'}}\n- {{name: local, version: 1.0.0, repository: 'file://../local'}}\n"
    );
    let lock = "dependencies:\n- {name: redis, version: 0.1.0}\ndigest: sha256:x\ngenerated: 2026-01-01T00:00:00Z\n";
    let local = MAP.replace("name: a", "name: local");
    let files = [
        ("u/Chart.yaml", chart.as_str()),
        ("u/Chart.lock", lock),
        ("u/templates/a.yaml", MAP),
        ("local/Chart.yaml", "apiVersion: v2\nname: local\nversion: 1.0.0\n"),
        ("local/templates/l.yaml", &local),
    ];
    let Some(world) = World::of(&files) else { return };
    let rendered = world.asking(&repository.web().host()).render();
    let mut found: Vec<_> = objects(&rendered)
        .iter()
        .map(|value| {
            (value["metadata"]["name"].as_str().unwrap().to_owned(), value["data"]["v"].as_str().unwrap().to_owned())
        })
        .collect();
    found.sort();
    let want = [("a", "1.0.0"), ("local", "1.0.0"), ("redis", "0.1.0")]
        .map(|(name, version)| (name.to_owned(), version.to_owned()));
    assert_eq!(found, want, "Chart.lock chose 0.1.0");
    assert!(rendered.reads.contains("local/templates/l.yaml"), "a change there renders this unit again");
    for (repository, says) in [
        ("'@stable'", "somebody's machine"),
        ("''", "is not in `charts/`"),
        ("'file://../../../x'", "out of the repository"),
        ("'file://.'", "circle"),
    ] {
        let chart = format!(
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {{name: x, version: 1.0.0, repository: {repository}}}\n"
        );
        let (reason, message) = World::of(&[("u/Chart.yaml", &chart)]).unwrap().error();
        assert!(reason == "ChartInvalid" && message.contains(says) && message.contains("Chart.yaml:5:"), "{message}");
    }
}
