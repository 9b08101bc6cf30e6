//! `teal build --enable-helm`.

use std::fs;
use std::path::Path;

use teal_testkit::charts::{Repository, pack};
use tempfile::TempDir;

use crate::chart::{SEEN, VALUES, world};
use crate::{put, run, teal, tool};

/// What `helmCharts` can say of one chart.
const SAID: &[&str] = &[
    "{name: web}",
    "{name: web, releaseName: rel}",
    "{name: web, releaseName: rel, namespace: shop}",
    "{name: web, nameTemplate: plain}",
    "{name: web, nameTemplate: '{{ \"MADE\" | lower }}-{{ add 1 2 }}'}",
    "{name: web, valuesFile: values.yaml}",
    "{name: web, additionalValuesFiles: [more.yaml]}",
    "{name: web, additionalValuesFiles: [more.yaml, last.yaml]}",
    "{name: web, valuesFile: values.yaml, additionalValuesFiles: [more.yaml, last.yaml]}",
    "{name: web, valuesInline: {x: inline, map: {a: 2, g: {h: 1}}, list: []}}",
    "{name: web, valuesInline: {x: null, map: {a: null, c: {d: null}}, list: null}}",
    "{name: web, valuesInline: {nothing: now, map: {b: 3}, sub: {size: 4}, map2: {}}}",
    "{name: web, valuesInline: {x: inline, map: null, new: null, n1: 1, f1: 1.5, e1: 1e3, big: 12345678901}, valuesMerge: override}",
    "{name: web, valuesInline: {x: inline, new: 1, map: {a: 5, z: 6}}, valuesMerge: merge}",
    "{name: web, valuesInline: {x: null, map: {b: 1, c: null}}, valuesMerge: merge}",
    "{name: web, valuesInline: {x: inline, map: {a: 5}}, valuesMerge: replace}",
    "{name: web, valuesInline: {x: null, nothing: null, sub: null}, valuesMerge: replace}",
    "{name: web, valuesFile: values.yaml, valuesInline: {x: inline, map: {a: 7}}, valuesMerge: merge}",
    "{name: web, valuesFile: values.yaml, valuesInline: {x: null, map: {f: null, a: 7}, empty: {y: 1}}}",
    "{name: web, valuesFile: values.yaml, valuesInline: {x: inline}, valuesMerge: replace, additionalValuesFiles: [more.yaml]}",
    "{name: web, valuesMerge: merge}",
    "{name: web, valuesInline: {map2: {a: null, b: {c: null, d: 1}}, map3: {a: null}, map4: {a: {b: null}}, l2: [{a: null}]}}",
    "{name: web, valuesFile: values.yaml, valuesInline: {only: {a: null}, empty: {a: null}, one: {b: null}}}",
    "{name: web, valuesFile: values.yaml, valuesInline: {only: null, none: 1}, valuesMerge: merge}",
    "{name: web, valuesFile: values.yaml, valuesInline: {none: {y: null, z: 2}, one: null, empty: {a: [null]}}}",
    "{name: web, valuesInline: {on: 1, yes: no, text: '012', octal: 0o17, date: 2001-01-01, multi: \"a\\nb\\n\"}}",
    "{name: web, includeCRDs: true}",
    "{name: web, skipHooks: true}",
    "{name: web, skipTests: true}",
    "{name: web, skipTests: true, skipHooks: true, includeCRDs: true}",
    "{name: web, kubeVersion: '1.30', apiVersions: [example.com/v1/Thing, example.com/v1]}",
    "{name: web, kubeVersion: v1.31.2}",
    "{name: web, debug: true, devel: true}",
    "{name: web, version: 1.0.0}",
    "{name: web, version: 2.0.0, repo: 'https://charts.invalid'}",
    "{name: web, repo: 'https://charts.invalid'}",
];

fn same(kustomize: &Path, helm: &Path, folder: &Path, more: &[&str], about: &str) {
    let arguments = |program: &str| -> Vec<String> {
        let mut all = vec!["build".to_owned(), "u".to_owned(), "--enable-helm".to_owned()];
        all.extend(["--helm-command".to_owned(), program.to_owned()]);
        all.extend(more.iter().map(|text| (*text).to_owned()));
        all
    };
    let arguments = arguments(helm.to_str().unwrap());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (theirs, ours) = (run(kustomize, folder, &arguments), teal(folder, &arguments));
    assert!(theirs.code == 0, "{about}: kustomize: {}", theirs.err);
    assert!(ours.code == 0 && ours.err.is_empty(), "{about}: teal: {}", ours.err);
    assert_eq!(ours.out, theirs.out, "{about} {more:?}");
}

#[test]
fn what_a_kustomization_says_of_a_chart_gives_the_bytes_of_kustomize_and_helm() {
    let (Some(kustomize), Some(helm)) = (tool("kustomize"), tool("helm")) else { return };
    let folder = world();
    for said in SAID {
        put(folder.path(), "u/kustomization.yaml", &format!("helmCharts:\n- {said}\n"));
        same(&kustomize, &helm, folder.path(), &[], said);
    }
    let flags = ["--helm-kube-version", "1.29.3", "--helm-api-versions", "example.com/v1/Thing", "--helm-debug"];
    for said in ["{name: web}", "{name: web, kubeVersion: 1.28.0, apiVersions: [v9]}"] {
        put(folder.path(), "u/kustomization.yaml", &format!("helmCharts:\n- {said}\n"));
        same(&kustomize, &helm, folder.path(), &flags, said);
    }
}

#[test]
fn charts_are_transformed_as_kustomize_transforms_them() {
    let (Some(kustomize), Some(helm)) = (tool("kustomize"), tool("helm")) else { return };
    let folder = world();
    let at = folder.path();
    put(at, "u/patch.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: rel}\nspec: {replicas: 5}\n");
    put(at, "u/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: other}\n");
    put(
        at,
        "u/inflate.yaml",
        "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: web\nreleaseName: gen\nchartHome: mine\nvaluesInline: {x: generated}\n",
    );
    put(
        at,
        "base/kustomization.yaml",
        "helmGlobals: {chartHome: ../u/mine}\nhelmCharts: [{name: web, releaseName: below, valuesInline: {x: base}}]\n",
    );
    for (text, flags) in [
        ("helmGlobals: {chartHome: mine}\nhelmCharts: [{name: web, releaseName: rel}]\n", &[] as &[&str]),
        (
            "namePrefix: p-\nnameSuffix: -s\nnamespace: shop\nhelmCharts: [{name: web, releaseName: rel, includeCRDs: true}]\nresources: [map.yaml]\n",
            &[],
        ),
        ("namespace: shop\nhelmCharts: [{name: web, releaseName: rel, namespace: own}]\n", &["--reorder", "none"]),
        (
            "helmCharts: [{name: web, releaseName: rel}]\npatches: [{path: patch.yaml}]\nimages: [{name: web, newTag: '7'}]\ncommonLabels: {team: a}\nreplicas: [{name: rel, count: 2}]\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: a}, {name: web, releaseName: b, skipHooks: true, valuesInline: {x: b}}]\npatches:\n- target: {kind: ConfigMap, name: a-sub}\n  patch: |-\n    - {op: add, path: /data/p, value: q}\n",
            &[],
        ),
        ("generators: [inflate.yaml]\nbuildMetadata: [originAnnotations, managedByLabel]\n", &[]),
        (
            "helmChartInflationGenerator: [{chartName: web, releaseName: old, values: values.yaml, valuesLocal: {x: local}, valuesMerge: merge}]\n",
            &[],
        ),
    ] {
        put(at, "u/kustomization.yaml", text);
        same(&kustomize, &helm, at, flags, text);
    }
    put(at, "u/kustomization.yaml", "resources: [../base]\nnamePrefix: over-\nnamespace: above\n");
    // Charts outside of the folder: only where files may be anywhere.
    same(&kustomize, &helm, at, &["--load-restrictor", "LoadRestrictionsNone"], "a base with a chart");
}

#[test]
fn charts_of_a_repository_are_those_that_kustomize_pulls() {
    let (Some(kustomize), Some(helm)) = (tool("kustomize"), tool("helm")) else { return };
    let repository = Repository::start().unwrap();
    for version in ["1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1"] {
        let files = [("templates/seen.yaml", SEEN), ("values.yaml", VALUES)];
        repository.put("web", version, pack("web", version, &files).unwrap());
    }
    let host = format!("http://{}", repository.web().host());
    for (said, version) in [
        ("version: 1.2.0", "1.2.0"),
        ("version: ^1.0", "1.10.0"),
        ("version: '>=1.0 <1.5'", "1.2.0"),
        ("valuesInline: {x: null, map: {a: 2}}", "1.10.0"),
        ("devel: true, valuesInline: {x: mine, new: 1}, valuesMerge: merge", "2.0.0-rc.1"),
    ] {
        let text = format!("helmCharts:\n- {{name: web, releaseName: rel, repo: '{}', {said}}}\n", repository.url());
        // kustomize puts what it pulls beside the kustomization, and the next build would take that.
        let (theirs, ours) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        put(theirs.path(), "u/kustomization.yaml", &text);
        put(ours.path(), "u/kustomization.yaml", &text);
        let flags = ["build", "u", "--enable-helm", "--helm-command", helm.to_str().unwrap()];
        let theirs = run(&kustomize, theirs.path(), &flags);
        assert!(
            theirs.code == 0 && theirs.out.contains(&format!("web-{version}")),
            "{said}: {} {}",
            theirs.out,
            theirs.err
        );
        let built = teal(ours.path(), &[&flags[..], &["--helm-host", &host]].concat());
        assert_eq!((built.code, built.out), (0, theirs.out), "{said}: {}", built.err);
        let left: Vec<_> =
            fs::read_dir(ours.path().join("u")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["kustomization.yaml"], "nothing is written to the tree");
    }
}

#[test]
fn a_revision_renders_charts_without_a_work_tree() {
    let Some(helm) = tool("helm") else { return };
    let folder = world();
    let at = folder.path();
    put(at, "u/kustomization.yaml", "helmCharts: [{name: web, releaseName: rel, valuesFile: values.yaml}]\n");
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let said = run(Path::new("git"), at, &[&who, arguments].concat());
        assert!(said.code == 0, "{arguments:?}: {}", said.err);
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "one"]);
    let helm = helm.to_str().unwrap();
    let flags = ["build", "u", "--enable-helm", "--helm-command", helm];
    let now = teal(at, &flags);
    assert!(now.code == 0 && now.out.contains("x: file"), "{}", now.err);
    fs::remove_dir_all(at.join("u")).unwrap();
    let then = teal(at, &[&flags[..], &["--rev", "HEAD"]].concat());
    assert_eq!((then.code, then.out, then.err.as_str()), (0, now.out, ""));

    let without = teal(at, &["build", "u", "--rev", "HEAD"]);
    assert!(without.code == 1 && without.out.is_empty(), "{}", without.out);
    assert!(without.err.contains("helmCharts") && without.err.contains("--enable-helm"), "{}", without.err);
    let no_helm = teal(at, &["build", "u", "--rev", "HEAD", "--enable-helm", "--helm-command", "/nowhere/helm"]);
    assert!(no_helm.code == 1 && no_helm.err.contains("/nowhere/helm"), "{}", no_helm.err);
}

#[test]
fn what_kustomize_refuses_is_refused_with_its_place() {
    let Some(helm) = tool("helm") else { return };
    let folder = world();
    let at = folder.path();
    put(at, "outside.yaml", "x: canary\n");
    for (said, says) in [
        ("{name: none}", "no chart charts/none"),
        ("{name: web, version: 3.0.0}", ""),
        ("{name: web, releaseName: rel, nameTemplate: foo}", "leave the other out"),
        ("{name: web, valuesFile: none.yaml}", "none.yaml"),
        ("{name: web, additionalValuesFiles: [../outside.yaml]}", "not in this folder"),
        ("{name: web, valuesMerge: some}", "valuesMerge"),
        ("{name: web, version: 3.0.0, repo: 'http://127.0.0.1:9'}", "127.0.0.1"),
        ("{name: web, valuesInline: {more: {{}}}", "u/kustomization.yaml"),
    ] {
        put(at, "u/kustomization.yaml", &format!("helmCharts:\n- {said}\n"));
        let ours = teal(at, &["build", "u", "--enable-helm", "--helm-command", helm.to_str().unwrap()]);
        if says.is_empty() {
            assert!(ours.code == 0, "a chart that is here is taken whatever its version: {}", ours.err);
            continue;
        }
        assert!(ours.code == 1 && ours.err.contains(says), "{said}: {} {}", ours.code, ours.err);
        assert!(ours.err.contains("u/kustomization.yaml") && !ours.err.contains("canary"), "{said}: {}", ours.err);
    }
}
