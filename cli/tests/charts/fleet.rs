//! `teal build --fleet --enable-helm`: units that are charts.

use std::path::Path;

use tempfile::TempDir;

use crate::common::Said;
use crate::{put, teal, tool};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {size: '{{ .Values.size }}', token: '{{ .Values.auth.token | default \"none\" }}'}\n";
const HELM: &str = "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {name: web}\nspec:\n  chart: {path: ../../charts/web}\n  valuesFrom:\n  - configMap: {name: sizes}\n  - secret: {name: tokens, key: token, target: auth.token, optional: true}\n";
const SIZES: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sizes, namespace: teal-system}\ndata: {values.yaml: 'size: 7'}\n";
const TOKENS: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: tokens}\nstringData: {token: canary-token}\n";

fn world() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in [
        (
            "fleet/teal.yaml",
            "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: f}\nspec: {layers: [{name: all, paths: [apps/*]}]}\n",
        ),
        ("fleet/apps/web/helm.yaml", HELM),
        ("fleet/charts/web/Chart.yaml", CHART),
        ("fleet/charts/web/values.yaml", "size: 1\nauth: {}\n"),
        ("fleet/charts/web/templates/a.yaml", TEMPLATE),
        ("fleet/.git", "gitdir: nowhere\n"),
        ("sizes.yaml", SIZES),
        ("tokens.yaml", TOKENS),
    ] {
        put(folder.path(), path, text);
    }
    folder
}

fn build(at: &Path, helm: &Path, more: &[&str]) -> Said {
    let base = ["build", "fleet", "--fleet", "--enable-helm", "--helm-command", helm.to_str().unwrap()];
    teal(at, &[&base[..], more].concat())
}

#[test]
fn values_of_the_cluster_come_from_files() {
    let Some(helm) = tool("helm") else { return };
    let folder = world();
    let at = folder.path();
    let said = build(at, &helm, &["--values-from=sizes.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("size: \"7\"") && said.out.contains("token: none"), "{}", said.out);
    assert_eq!(said.err, "", "what is optional may be missing");

    let both = ["--values-from=sizes.yaml", "--values-from", "tokens.yaml"];
    let said = build(at, &helm, &both);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("canary") && !said.err.contains("canary"), "G9: {} {}", said.out, said.err);
    assert!(said.out.contains("**SECRET**") && said.err.contains("--show-secrets"), "{} {}", said.out, said.err);
    let said = build(at, &helm, &[&both[..], &["--show-secrets"]].concat());
    assert!(said.code == 0 && said.out.contains("token: canary-token"), "{} {}", said.out, said.err);

    let said = build(at, &helm, &[]);
    assert!(said.code == 1 && said.out.is_empty(), "{}", said.out);
    let wants =
        ["apps/web/helm.yaml", "there is no ConfigMap sizes with a key values.yaml", "give it with --values-from"];
    assert!(wants.iter().all(|want| said.err.contains(want)), "{}", said.err);
}

#[test]
fn values_that_nobody_asks_for_and_files_that_are_none_are_told() {
    let Some(helm) = tool("helm") else { return };
    let folder = world();
    let at = folder.path();
    put(at, "other.yaml", &TOKENS.replace("name: tokens", "name: sizes"));
    let said = build(at, &helm, &["--values-from=sizes.yaml", "--values-from=other.yaml"]);
    assert_eq!(said.code, 0, "a Secret is no ConfigMap of the same name: {}", said.err);
    assert_eq!(said.err, "Warning: other.yaml: no chart's `valuesFrom` asks for Secret sizes\n");

    put(at, "pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n");
    put(at, "again.yaml", SIZES);
    let all = ["sizes.yaml", "again.yaml", "pod.yaml", "none.yaml"].map(|file| format!("--values-from={file}"));
    let said = build(at, &helm, &all.each_ref().map(String::as_str));
    assert!(said.code == 1 && said.out.is_empty(), "{}", said.out);
    for wants in
        ["3 mistakes", "given twice, first in sizes.yaml", "pod.yaml: is no manifest", "none.yaml: No such file"]
    {
        assert!(said.err.contains(wants), "{wants}: {}", said.err);
    }
    let without = teal(at, &["build", "fleet", "--fleet", "--values-from=sizes.yaml"]);
    assert!(without.code == 2 && without.err.contains("--enable-helm"), "{}", without.err);
}

#[test]
fn a_chart_that_was_not_allowed_names_the_flag() {
    let folder = world();
    let at = folder.path();
    put(at, "fleet/apps/kust/kustomization.yaml", "helmCharts: [{name: web}]\n");
    let said = teal(at, &["build", "fleet", "--fleet"]);
    assert!(said.code == 1 && said.out.is_empty(), "{}", said.out);
    assert!(said.err.contains("2 of 2 units") && said.err.contains("--enable-helm"), "{}", said.err);
    let told = "apps/kust/kustomization.yaml:1:14: the field `helmCharts` is not supported here";
    assert!(said.err.contains(told), "{}", said.err);
    let one = teal(at, &["build", "fleet/apps/kust", "--stack-trace"]);
    assert!(one.code == 1 && one.err.contains("--enable-helm"), "{}", one.err);
}

#[test]
fn a_chart_at_the_root_of_a_repository_asks_for_a_name() {
    let Some(helm) = tool("helm") else { return };
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    put(at, "fleet/Chart.yaml", CHART);
    put(at, "fleet/.git", "gitdir: nowhere\n");
    put(at, "fleet/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n");
    let said = build(at, &helm, &[]);
    assert!(said.code == 1 && said.err.contains("spec.release in helm.yaml"), "{}", said.err);
    put(at, "fleet/helm.yaml", "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {chart: {path: .}, release: mine}\n");
    let said = build(at, &helm, &[]);
    assert!(said.code == 0 && said.out.contains("name: mine"), "{}", said.err);
}
