//! Charts on the command line, beside the real `kustomize build --enable-helm` with the real Helm: what both print must be
//! the same bytes. And `teal helm lock`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use teal_testkit::charts::{Registry, Repository, pack, sha256};
use tempfile::TempDir;

/// A program that `cargo xtask tools` has built; without it a test is skipped, or fails where nothing may be.
fn tool(name: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../hack/{name}/bin/{name}"));
    if program.is_file() {
        return Some(program.canonicalize().unwrap());
    }
    let forbidden = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!forbidden, "needs {name} (cargo xtask tools {name}), and TEAL_REQUIRE=all forbids to skip");
    eprintln!("skipped: no {name} (cargo xtask tools {name})");
    None
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Said {
    let home = TempDir::new().unwrap();
    let output = Command::new(program).args(arguments).current_dir(folder).env("HOME", home.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

fn teal(folder: &Path, arguments: &[&str]) -> Said {
    run(Path::new(env!("CARGO_BIN_EXE_teal")), folder, arguments)
}

fn put(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const VALUES: &str = "x: own\nz: own\nnothing: null\nlist: [{name: a, v: 1}, two]\nmap: {a: 1, b: null, c: {d: e}}\nbig: 12345678901\nfloat: 1.50\ntext: \"1\"\nsub: {size: 3}\n";
/// Everything a chart can see of what it is told.
const SEEN: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-seen
  labels: {chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}
data:
  values: {{ .Values | toJson | quote }}
  x: {{ .Values.x | quote }}
  big: {{ .Values.big | quote }}
  namespace: {{ .Release.Namespace }}
  version: {{ .Capabilities.KubeVersion.Version }}
  has: {{ .Capabilities.APIVersions.Has "example.com/v1/Thing" | quote }}
  install: {{ .Release.IsInstall | quote }}
"#;
const OBJECTS: &str = r#"{{- if .Values.more | default true }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      # A comment that nobody needs.
      containers:
      - name: web
        image: "web:1"
        envFrom: [{configMapRef: {name: {{ .Release.Name }}-seen}}]
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }}}
rules: []
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData:
  on: "yes"
  text: |
    two
    lines
"#;
const HOOKS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: probe, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: t, image: t}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: before, annotations: {helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '-1'}}\n";
const SUB: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-sub'}\ndata: {size: '{{ .Values.size }}', all: {{ .Values | toJson | quote }}}\n";
const CRD: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing, plural: things}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n";

fn chart(folder: &Path, at: &str) {
    for (path, text) in [
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("templates/seen.yaml", SEEN),
        ("templates/objects.yaml", OBJECTS),
        ("templates/hooks.yaml", HOOKS),
        ("templates/NOTES.txt", "Thanks"),
        ("crds/things.yaml", CRD),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
        ("charts/sub/values.yaml", "size: 9\n"),
        ("charts/sub/templates/s.yaml", SUB),
    ] {
        put(folder, &format!("{at}/{path}"), text);
    }
}

/// A folder with a chart, files of values, and a kustomization for each text.
fn world() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    chart(at, "u/charts/web");
    chart(at, "u/mine/web");
    chart(at, "u/charts/web-2.0.0/web");
    put(at, "u/charts/web-2.0.0/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 2.0.0\n");
    put(
        at,
        "u/values.yaml",
        "x: file\nmap: {a: null, f: 1}\nlist: [1]\nempty: {}\nonly: {a: 1}\none: {b: 1, c: 2}\nnone: ~\n",
    );
    put(at, "u/more.yaml", "z: more\nmap: {c: null}\n");
    put(at, "u/last.yaml", "z: last\nlist: null\n");
    folder
}

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

fn web(version: &str, text: &str) -> Vec<u8> {
    let template = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{v: '{text}'}}\n");
    pack("web", version, &[("templates/a.yaml", &template)]).unwrap()
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
    let spec = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {{chart: {{repository: '{}', name: web, version: ^1.0}}}}\n",
        repository.url()
    );
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
