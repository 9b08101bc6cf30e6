//! `teal build` as people and scripts run it: in a folder, with kustomize's flags, on a revision, on a fleet.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use common::{Said, folder, put};

fn teal(folder: &Path, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_teal")).arg("build").args(arguments).current_dir(folder).output();
    output.unwrap().into()
}

fn built(folder: &Path, arguments: &[&str]) -> String {
    let said = teal(folder, arguments);
    assert!(said.code == 0 && said.err.is_empty(), "{arguments:?}: {} {}", said.code, said.err);
    said.out
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let said = teal(folder, arguments);
    assert!(said.code == 1 && said.out.is_empty(), "{arguments:?}: {} {}", said.code, said.out);
    said.err
}

fn map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";

fn overlay() -> TempDir {
    folder(&[
        ("base/kustomization.yaml", "resources: [map.yaml, ns.yaml]\n"),
        ("base/map.yaml", &map("a")),
        ("base/ns.yaml", NAMESPACE),
        ("over/kustomization.yaml", "resources: [../base]\nnamePrefix: x-\n"),
        ("shared/map.yaml", &map("s")),
        ("loose/kustomization.yaml", "resources: [../shared/map.yaml]\n"),
    ])
}

#[test]
fn paths_and_flags_mean_what_kustomize_means() {
    let folder = overlay();
    let at = folder.path();
    let legacy = format!("{NAMESPACE}---\n{}", map("x-a"));
    assert_eq!(built(at, &["over"]), legacy);
    assert_eq!(built(&at.join("over"), &[]), legacy);
    assert_eq!(
        built(&at.join("base"), &["../over", "--enable-alpha-plugins", "--enable-exec=false", "-e", "A=b"]),
        legacy
    );
    assert_eq!(built(Path::new("/"), &[at.join("over").to_str().unwrap(), "--reorder=legacy"]), legacy);
    let labelled = built(at, &["over", "--enable-managedby-label"]);
    assert_eq!(labelled.matches("    app.kubernetes.io/managed-by: kustomize-v5.8.2\n").count(), 2, "{labelled}");
    assert_eq!(built(at, &["over/", "--reorder", "none"]), format!("{}---\n{NAMESPACE}", map("x-a")));

    let said = refused(at, &["loose"]);
    assert!(
        said.starts_with("Error: loose/kustomization.yaml:1:13: ") && said.contains("../shared/map.yaml"),
        "{said}"
    );
    assert_eq!(built(at, &["loose", "--load-restrictor", "LoadRestrictionsNone"]), map("s"));
}

#[test]
fn links_on_disk_are_followed() {
    let folder = overlay();
    std::os::unix::fs::symlink("over", folder.path().join("link")).unwrap();
    assert_eq!(built(folder.path(), &["link"]), built(folder.path(), &["over"]));
    // The load restriction goes by where a file really is, and `..` by where its folder is.
    std::os::unix::fs::symlink("../shared/map.yaml", folder.path().join("loose/in.yaml")).unwrap();
    put(folder.path(), "loose/kustomization.yaml", "resources: [in.yaml]\n");
    let said = refused(folder.path(), &["loose"]);
    assert!(said.contains("loose/kustomization.yaml:1:13: "), "{said}");
    assert_eq!(built(folder.path(), &["loose", "--load-restrictor=LoadRestrictionsNone"]), map("s"));
    put(folder.path(), "deep/er/kustomization.yaml", "resources: [../../over]\n");
    std::os::unix::fs::symlink("deep/er", folder.path().join("short")).unwrap();
    assert_eq!(built(folder.path(), &["short"]), built(folder.path(), &["over"]));
}

#[test]
fn output_goes_to_a_file_or_one_file_an_object() {
    let folder = overlay();
    let at = folder.path();
    assert_eq!(built(at, &["over", "-o", "out.yaml"]), "");
    assert_eq!(fs::read_to_string(at.join("out.yaml")).unwrap(), built(at, &["over"]));
    fs::create_dir(at.join("out")).unwrap();
    assert_eq!(built(at, &["over", "--output=out"]), "");
    let mut names: Vec<_> = fs::read_dir(at.join("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["v1_configmap_x-a.yaml", "v1_namespace_shop.yaml"]);
    assert_eq!(fs::read_to_string(at.join("out/v1_configmap_x-a.yaml")).unwrap(), map("x-a"));
    let said = refused(at, &["over", "-o", "none/out.yaml"]);
    assert!(said.starts_with("Error: none/out.yaml: "), "{said}");
}

#[test]
fn every_mistake_is_told_and_nothing_is_printed() {
    let folder = overlay();
    let at = folder.path();
    put(at, "bad/kustomization.yaml", "resources: [a.yaml, b.yaml]\n");
    put(at, "bad/a.yaml", "kind: [\n");
    let said = refused(at, &["bad"]);
    assert!(said.starts_with("Error: 2 mistakes\n  bad/a.yaml:1:7: "), "{said}");
    assert!(said.contains("\n  bad/kustomization.yaml:1:21: resources[1]: `b.yaml` does not exist"), "{said}");
    assert!(refused(at, &["none"]).starts_with("Error: none: "));
    assert!(refused(at, &["bad/a.yaml"]).contains("is a file; name the folder"));
    assert!(refused(at, &["https://example.test/x?ref=v1"]).contains("clone the repository"));
    // What says how to run functions says nothing where none run.
    let functions = ["--network", "--network-name", "x", "--mount", "a=b", "--as-current-user", "--stack-trace"];
    assert_eq!(built(at, &[&["over"][..], &functions].concat()), built(at, &["over"]));
    for wrong in
        [&["over", "--reorder", "random"][..], &["a", "b"], &["over", "--no-such-flag"], &["over", "--color", "x"]]
    {
        assert_eq!(teal(at, wrong).code, 2, "{wrong:?}");
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Kim", "-c", "user.email=kim@contoso.test"];
    let status = Command::new("git").args(identity).args(arguments).current_dir(folder).status().unwrap();
    assert!(status.success(), "git {arguments:?}");
}

#[test]
fn a_revision_is_built_without_a_look_at_the_files() {
    let folder = overlay();
    let at = folder.path();
    git(at, &["init", "--quiet", "--initial-branch=main", "."]);
    git(at, &["add", "."]);
    git(at, &["commit", "--quiet", "-m", "one"]);
    let want = built(at, &["over"]);
    put(at, "base/map.yaml", "changed: [");
    fs::remove_dir_all(at.join("over")).unwrap();
    for (from, dir) in [("", "over"), ("base", "../over"), ("", "./over/../over")] {
        assert_eq!(built(&at.join(from), &[dir, "--rev", "main"]), want, "{from} {dir}");
    }
    assert_eq!(built(Path::new("/"), &[at.join("over").to_str().unwrap(), "--rev=HEAD"]), want);
    git(at, &["clone", "--quiet", "--bare", ".", "../bare.git"]);
    let bare = at.join("../bare.git").canonicalize().unwrap();
    assert_eq!(built(&bare, &["over", "--rev", "main"]), want);
    fs::remove_dir_all(bare).unwrap();
    let said = refused(at, &["over", "--rev", "mian"]);
    assert!(said.contains("revision `mian`"), "{said}");
    let said = refused(at, &["none", "--rev", "main"]);
    assert!(said.starts_with("Error: none: no kustomization file"), "{said}");
    let elsewhere = TempDir::new().unwrap();
    assert!(refused(elsewhere.path(), &["--rev", "main"]).contains("is in no git repository"));
}

const FLEET: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: test}
spec:
  layers:
  - {name: platform, paths: [platform/*]}
  - {name: apps, paths: [apps/*], after: [platform]}
  roles: {standby: {suspend: [CronJob]}}
  colors:
    blue: {substitute: {SIDE: left}}
    green: {substitute: {SIDE: right}}
";

fn fleet() -> TempDir {
    folder(&[
        ("teal.yaml", FLEET),
        ("platform/ns/ns.yaml", NAMESPACE),
        (
            "platform/crd/crd.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: wides.x.test}\nspec: {group: x.test, scope: Cluster, names: {kind: Wide, plural: wides}}\n",
        ),
        ("apps/web/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {side: '${SIDE}'}\n"),
        ("apps/web/wide.yaml", "apiVersion: x.test/v1\nkind: Wide\nmetadata: {name: w}\n"),
        ("apps/job/kustomization.yaml", "resources: [../../base]\nnamespace: shop\n"),
        ("base/kustomization.yaml", "resources: [job.yaml]\n"),
        (
            "base/job.yaml",
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {schedule: '@daily'}\n",
        ),
        // So that the repository, which bounds what a fleet may read, ends here.
        (".git", "gitdir: nowhere\n"),
    ])
}

#[test]
fn a_fleet_is_rendered_as_an_agent_would() {
    let folder = fleet();
    let at = folder.path();
    let green = built(at, &["--fleet", ".", "--color", "green", "--role", "standby"]);
    let heads: Vec<&str> = green.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(
        heads,
        [
            "# platform/crd (layer platform)",
            "# platform/ns (layer platform)",
            "# apps/job (layer apps)",
            "# apps/web (layer apps)"
        ]
    );
    assert!(green.contains("side: right") && green.contains("suspend: true"), "{green}");
    // In a namespace where the kind has one, and in none where it has not, though only the fleet's CRD tells.
    assert!(green.contains("  name: m\n  namespace: default\n") && green.contains("  name: w\n"), "{green}");
    assert!(!green.contains("  name: w\n  namespace"), "{green}");
    let blue = built(at, &["--fleet", "--color=blue"]);
    assert!(blue.contains("side: left") && !blue.contains("suspend"), "{blue}");

    assert_eq!(built(at, &["--fleet", "--color=blue", "-o", "out"]), "");
    assert!(fs::read_to_string(at.join("out/apps/web.yaml")).unwrap().contains("side: left"));
    assert_eq!(built(at, &["--fleet", "--color=blue", "-o", "out2", "--split"]), "");
    assert!(at.join("out2/apps/job/batch_v1_cronjob_nightly.yaml").is_file());
    let said = refused(at, &["--fleet"]);
    assert_eq!(said, "Error: the fleet differs by color; add --color blue or --color green\n");
    assert!(refused(at, &["."]).contains("add --fleet"));
}

#[test]
fn good_units_are_written_though_others_are_wrong() {
    let folder = fleet();
    let at = folder.path();
    put(at, "apps/bad/a.yaml", "kind: [\n");
    put(at, "apps/bad/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n");
    put(
        at,
        "apps/web/unit.yaml",
        "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec: {dependsOn: [apps/none]}\n",
    );
    put(at, "platform/ns/also.yaml", NAMESPACE);
    let said = teal(at, &["--fleet", "--color=green", "-o", "out"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
    let first = "Error: 3 of 5 units are wrong and were left out: platform/ns, apps/bad, apps/web\n";
    assert!(said.err.starts_with(first), "{}", said.err);
    for want in [
        "Namespace shop is declared twice, at platform/ns/also.yaml:1 and at platform/ns/ns.yaml:1",
        "  apps/bad/a.yaml:1:7: ",
        "  apps/bad/b.yaml:1:",
        "apps/web/unit.yaml: dependsOn names apps/none",
    ] {
        assert!(said.err.contains(want), "{want}\n{}", said.err);
    }
    assert!(at.join("out/apps/job.yaml").is_file() && at.join("out/platform/crd.yaml").is_file());
    assert!(!at.join("out/apps/bad.yaml").exists() && !at.join("out/apps/web.yaml").exists());
    let said = teal(at, &["--fleet", "--color=green"]);
    assert!(said.code == 1 && said.out.contains("# apps/job (layer apps)") && !said.out.contains("apps/web"));
}

#[test]
fn what_can_not_be_built_is_named_for_what_it_is() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: once-\n";
    let charts = "helmCharts: [{name: web}]\n";
    let folder = folder(&[
        (
            "teal.yaml",
            "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: t}\nspec: {layers: [{name: a, paths: [lfs, job, charts, chart]}]}\n",
        ),
        (".git", "gitdir: nowhere\n"),
        ("lfs/kustomization.yaml", "resources: [map.yaml]\n"),
        ("lfs/map.yaml", pointer),
        ("job/kustomization.yaml", "resources: [job.yaml]\n"),
        ("job/job.yaml", job),
        ("charts/kustomization.yaml", charts),
        ("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    ]);
    let at = folder.path();
    let lfs = "lfs/map.yaml: is a Git LFS pointer, which is not supported; commit the file itself";
    let name = "job/job.yaml:4:17: `metadata.generateName` is refused: every run would make another object";
    let helm = "charts are rendered only with --enable-helm";
    for (unit, wanted) in [("lfs", lfs), ("job", name), ("charts", helm)] {
        let said = refused(at, &[unit]);
        assert!(said.contains(wanted), "{said}");
    }
    let said = refused(at, &["--fleet"]);
    for wanted in [lfs, name, helm, "4 of 4 units"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert_eq!(said.matches(helm).count(), 1, "{said}");
}
