//! `teal helm lock`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use teal_testkit::charts::{Registry, Repository, pack, sha256};
use tempfile::TempDir;

use crate::{put, teal};

fn web(version: &str, text: &str) -> Vec<u8> {
    let template = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{v: '{text}'}}\n");
    pack("web", version, &[("templates/a.yaml", &template)]).unwrap()
}

/// A unit with the chart `web` of this repository.
fn declared(repository: &Repository, version: &str) -> String {
    let url = repository.url();
    format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {{chart: {{repository: '{url}', name: web, version: {version}}}}}\n"
    )
}

#[test]
fn a_range_is_resolved_and_pinned_and_stays() {
    let repository = Repository::start().unwrap();
    for version in ["1.0.0", "1.2.0", "2.0.0"] {
        repository.put("web", version, web(version, version));
    }
    let host = format!("http://{}", repository.web().host());
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let spec = declared(&repository, "^1.0");
    put(at, "u/helm.yaml", &spec);
    let lock = || teal(at, &["helm", "lock", "u", "--helm-host", &host]);
    let file = || fs::read_to_string(at.join("u/helm.lock")).unwrap();

    let first = lock();
    assert!(first.code == 0 && first.out.contains("web 1.2.0 sha256:"), "{} {}", first.out, first.err);
    let locked = file();
    assert!(locked.contains(&sha256(&web("1.2.0", "1.2.0"))) && locked.contains("requested: \"^1.0\""), "{locked}");
    let again = lock();
    assert!(again.code == 0 && file() == locked, "a second run changes nothing: {}", file());

    // Somebody puts another archive in the place of a locked one.
    repository.put("web", "1.2.0", web("1.2.0", "evil"));
    let changed = lock();
    assert_eq!(changed.code, 4, "{}", changed.out);
    let wants = ["web 1.2.0", &sha256(&web("1.2.0", "1.2.0")), &sha256(&web("1.2.0", "evil")), "helm.lock"];
    assert!(wants.iter().all(|want| changed.err.contains(want)), "{}", changed.err);
    assert_eq!(file(), locked, "and the lock stays");

    // A newer one in the range is what locking again is for.
    repository.put("web", "1.3.0", web("1.3.0", "1.3.0"));
    let newer = lock();
    assert!(newer.code == 0 && file().contains("version: \"1.3.0\""), "{} {}", newer.err, file());

    // The same version by another name is no newer one.
    repository.put("web", "v1.4.0", web("v1.4.0", "1.4.0"));
    assert!(lock().code == 0 && file().contains("version: \"v1.4.0\""), "{}", file());
    let locked = file();
    repository.put("web", "1.4.0", web("1.4.0", "evil"));
    let renamed = lock();
    assert!(renamed.code == 4 && renamed.err.contains("web 1.4.0"), "{} {}", renamed.code, renamed.err);
    assert_eq!(file(), locked);
    let refused = teal(at, &["helm", "lock", "u"]);
    assert!(refused.code == 3 && refused.err.contains("--helm-host"), "a private host: {}", refused.err);
}

#[test]
fn charts_of_a_kustomization_and_of_a_registry_are_locked_too() {
    let repository = Repository::start().unwrap();
    repository.put("web", "1.0.0", web("1.0.0", "one"));
    let registry = Registry::start("user", "secret").unwrap();
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    fs::create_dir(at.join(".git")).unwrap();
    let url = repository.url();
    put(at, "base/kustomization.yaml", &format!("helmCharts: [{{name: other, repo: '{url}', version: 9.9.9}}]\n"));
    put(
        at,
        "u/kustomization.yaml",
        &format!(
            "resources: [../base]\nhelmCharts: [{{name: web, repo: '{url}', version: 1.x, releaseName: r}}]\npatches: [{{target: {{kind: ConfigMap, name: a}}, patch: '[{{op: add, path: /data/w, value: z}}]'}}]\n"
        ),
    );
    let host = format!("http://{}", repository.web().host());
    let said = teal(at, &["helm", "lock", "u", "--helm-host", &host]);
    let lock = fs::read_to_string(at.join("u/helm.lock")).unwrap_or_default();
    assert!(said.code == 0 && lock.contains("requested: \"1.x\"") && lock.contains("1.0.0"), "{} {lock}", said.err);
    assert!(!lock.contains("other"), "a base has a lock of its own: {lock}");

    // What was locked and could not be met again stays: without its entry it would be taken as it comes.
    let other = format!(
        "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {{name: o}}\nname: late\nreleaseName: o\nrepo: '{url}'\nversion: 1.x\n"
    );
    repository.put("late", "1.5.0", pack("late", "1.5.0", &[("templates/a.yaml", "")]).unwrap());
    put(
        at,
        "two/kustomization.yaml",
        &format!(
            "helmCharts: [{{name: web, repo: '{url}', version: 1.x, releaseName: r}}]\ngenerators: [map.yaml, late.yaml]\n"
        ),
    );
    put(at, "two/late.yaml", &other);
    put(at, "two/map.yaml", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: m}\nfiles: [here.txt]\n");
    put(at, "two/here.txt", "here");
    let lock = || teal(at, &["helm", "lock", "two", "--helm-host", &host]);
    let file = || fs::read_to_string(at.join("two/helm.lock")).unwrap();
    assert!(lock().code == 0 && file().contains("1.5.0") && file().contains("1.0.0"), "{}", file());
    let before = file();
    fs::remove_file(at.join("two/here.txt")).unwrap();
    let again = lock();
    assert!(again.code == 0 && again.out.contains("late 1.5.0") && again.out.contains("(kept"), "{}", again.out);
    assert_eq!(file(), before);

    put(at, "empty/readme.md", "nothing");
    let nothing = teal(at, &["helm", "lock", "empty"]);
    assert!(nothing.code == 2 && nothing.err.contains("neither a helm.yaml nor"), "{}", nothing.err);

    // What needs a Secret can't be reached from here.
    let spec = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {{chart: {{oci: 'oci://{}/charts/web', version: 1.0.0}}}}\n",
        registry.host()
    );
    put(at, "oci/helm.yaml", &spec);
    let private = teal(at, &["helm", "lock", "oci", "--helm-host", &format!("http://{}", registry.host())]);
    assert!(private.code == 3 && private.err.contains(&registry.host()), "{}", private.err);
    assert!(!at.join("oci/helm.lock").exists());
}

#[test]
fn without_a_network_the_error_names_the_place() {
    // A port that was free a moment ago and that nobody listens at.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let folder = TempDir::new().unwrap();
    let spec = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {{chart: {{repository: 'http://{host}/charts', name: web, version: 1.0.0}}}}\n"
    );
    put(folder.path(), "u/helm.yaml", &spec);
    let said = teal(folder.path(), &["helm", "lock", "u", "--helm-host", &format!("http://{host}")]);
    assert!(said.code == 3 && said.err.contains(&host) && said.err.contains("web"), "{} {}", said.code, said.err);
    assert!(!folder.path().join("u/helm.lock").exists(), "nothing half-made is left");
}

#[test]
fn a8_a_lock_is_neither_read_nor_written_through_a_link() {
    let repository = Repository::start().unwrap();
    repository.put("web", "1.0.0", web("1.0.0", "x"));
    let host = format!("http://{}", repository.web().host());
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let spec = declared(&repository, "1.0.0");
    put(at, "repository/u/helm.yaml", &spec);
    put(at, "outside", "canary: [not, a, lock]\n");
    let lock = || teal(&at.join("repository"), &["helm", "lock", "u", "--helm-host", &host]);
    for target in ["../../outside", "../../nothing"] {
        let link = at.join("repository/u/helm.lock");
        std::os::unix::fs::symlink(target, &link).unwrap();
        let said = lock();
        assert!(said.code != 0 && said.err.contains("helm.lock is a symbolic link"), "{} {}", said.code, said.err);
        assert!(!said.err.contains("canary") && !said.out.contains("canary"), "{} {}", said.out, said.err);
        assert!(link.is_symlink() && !at.join("nothing").exists());
        assert_eq!(fs::read_to_string(at.join("outside")).unwrap(), "canary: [not, a, lock]\n");
        fs::remove_file(&link).unwrap();
    }
    let said = lock();
    assert!(said.code == 0 && at.join("repository/u/helm.lock").is_file(), "without the link it works: {}", said.err);
}

#[test]
fn a_lock_is_a_file_like_others_and_none_where_nothing_is_fetched() {
    let repository = Repository::start().unwrap();
    repository.put("web", "1.0.0", web("1.0.0", "1"));
    let host = format!("http://{}", repository.web().host());
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    put(at, "own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 1.0.0\n");
    let said = teal(at, &["helm", "lock", "own"]);
    assert!(said.code == 0 && said.out.contains("nothing to lock"), "{} {}", said.out, said.err);
    assert!(!at.join("own/helm.lock").exists());

    let spec = declared(&repository, "1.0.0");
    put(at, "u/helm.yaml", &spec);
    let lock = || teal(at, &["helm", "lock", "u", "--helm-host", &host]);
    assert_eq!(lock().code, 0);
    let mode = |path: &str| fs::metadata(at.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("u/helm.lock"), mode("u/helm.yaml"));
}
