//! What a build makes of small trees, good and bad.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use teal_kustomize::{Build, LoadRestrictor, MemoryTree, ObjectPatch, Options, Reorder, Selector, build};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec: {replicas: 1, template: {spec: {containers: [{name: web, image: 'nginx:1'}, {name: side, image: side}]}}}\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: b}\n";

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.insert(*path, text);
    }
    tree
}

fn fifo() -> Options {
    Options { reorder: Reorder::None, restrictor: LoadRestrictor::RootOnly }
}

fn ok(files: &[(&str, &str)]) -> Build {
    build(&tree(files), "", &fifo()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(files: &[(&str, &str)]) -> Vec<String> {
    match build(&tree(files), "", &fifo()) {
        Ok(_) => panic!("built: {files:?}"),
        Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_a_kustomization_cannot_say_is_one_clear_mistake() {
    let long = "resources: [a.yaml]\nnamePrefx: x\n";
    for (text, want) in [
        ("", "kustomization.yaml:1:1: the kustomization is empty; name at least one resource"),
        ("{}", "kustomization.yaml:1:1: the kustomization is empty; name at least one resource"),
        ("namePrefix: ''", "kustomization.yaml:1:1: the kustomization is empty; name at least one resource"),
        (long, "kustomization.yaml:2:1: unknown field `namePrefx`; did you mean `namePrefix`?"),
        ("resources: a.yaml", "kustomization.yaml:1:12: resources: expected a list here"),
        ("resources: [1]", "kustomization.yaml:1:13: resources[0]: expected a text here; put it in quotes"),
        ("resources: [a.yaml", "kustomization.yaml:1:12: this `[` is never closed"),
        (
            "helmCharts: [{name: x}]",
            "kustomization.yaml:1:14: the field `helmCharts` is not supported here: nothing renders charts",
        ),
        ("kind: Kustomisation\nresources: [a.yaml]", "kustomization.yaml:1:7: kind must be Kustomization or Component"),
        (
            "apiVersion: v1\nresources: [a.yaml]",
            "kustomization.yaml:1:13: apiVersion `v1` is none of kind Kustomization; write kustomize.config.k8s.io/v1beta1",
        ),
        ("resources: [../a.yaml]", "kustomization.yaml:1:13: resources[0]: `../a.yaml` lies outside of the tree"),
        ("resources: [/etc/passwd]", "kustomization.yaml:1:13: resources[0]: `/etc/passwd` lies outside of the tree"),
        ("resources: [b.yaml]", "kustomization.yaml:1:13: resources[0]: `b.yaml` does not exist"),
        (
            "resources: ['https://169.254.169.254/x']",
            "kustomization.yaml:1:13: resources[0]: `https://169.254.169.254/x` is remote; only files of this repository are read",
        ),
        (
            "resources: [a.yaml]\npatches: [{path: p.yaml, patch: x}]",
            "kustomization.yaml:2:11: patches[0]: a patch has either `path` or `patch`, not both",
        ),
        (
            "resources: [a.yaml]\npatches: [{patch: '- {op: remove, path: /x}'}]",
            "kustomization.yaml:2:11: patches[0]: operations need a `target`",
        ),
        (
            "resources: [a.yaml]\npatches: [{patch: '- {op: drop, path: /x}', target: {kind: ConfigMap}}]",
            "kustomization.yaml:2:11: patches[0]: the patch is neither an object nor a list of operations: line 1: `op` must be add, remove, replace, move, copy or test",
        ),
        (
            "resources: [a.yaml]\npatches: [{patch: '{kind: Deployment, metadata: {name: no}}'}]",
            "kustomization.yaml:2:11: patches[0]: no object matches the patch for Deployment no",
        ),
        (
            "resources: [a.yaml]\npatches: [{patch: '{}', target: {name: '('}}]",
            "kustomization.yaml:2:33: patches[0].target: `name` of the target is no regular expression: (",
        ),
        (
            "resources: [a.yaml]\nreplicas: [{name: web, count: 2}]",
            "kustomization.yaml:2:1: replicas: there is no Deployment, ReplicationController, ReplicaSet, StatefulSet named `web`",
        ),
        (
            "configMapGenerator: [{name: m, literals: [novalue]}]",
            "kustomization.yaml:1:43: configMapGenerator[0].literals[0]: a literal must be written key=value",
        ),
        (
            "configMapGenerator: [{name: m, literals: [a=1, a=2]}]",
            "kustomization.yaml:1:22: configMapGenerator[0]: generator `m`: the key `a` is given twice",
        ),
        (
            "sortOptions: {order: random}\nresources: [a.yaml]",
            "kustomization.yaml:1:14: sortOptions: `order` must be fifo or legacy",
        ),
    ] {
        assert_eq!(errors(&[("kustomization.yaml", text), ("a.yaml", MAP)]), [want], "{text}");
    }
}

#[test]
fn g9_of_a_file_with_variables_the_line_is_told_and_never_its_text() {
    // What was encrypted is read here in the clear: a value of several lines makes keys of its parts.
    let text = "secretGenerator: [{name: s, envs: [app.env], literals: [b=1]}]";
    let at = "kustomization.yaml:1:19: secretGenerator[0]: generator `s`: the key";
    for (env, want) in [
        ("A=1\nKEY=-----BEGIN\nMIIBOgIBAAJBAKj3/canary==\n", "in line 3 of `app.env` can't be one"),
        ("# of old\n\ncan ary=x\n", "in line 3 of `app.env` can't be one"),
        ("\u{feff}canary\n  canary\n", "in line 2 of `app.env` is given twice"),
        ("canary\ncanary\ncanary\nx\nx\n", "in line 2 of `app.env` is given twice"),
        ("b=canary\n", "`b` is given twice"),
    ] {
        let told = errors(&[("kustomization.yaml", text), ("app.env", env)]);
        assert!(told.len() == 1 && told[0].starts_with(&format!("{at} {want}")), "{told:?}");
        assert!(!(told[0].contains("canary") || told[0].contains("can ary")), "{told:?}");
    }
}

#[test]
fn a_mistake_is_told_with_its_field_and_in_the_file_it_is_in() {
    let patch = "apiVersion: v1\nkind: Deployment\nmetadata: {name: no}\n";
    let labels = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: x}\nlabels:\n  a: b\nfieldSpecs:\n- path: metadata/labels\n  create: perhaps\n";
    for (text, want) in [
        (
            "images:\n- name: a\n- name: b\n  newTag: [1]\n",
            "kustomization.yaml:4:11: images[1].newTag: expected a text here",
        ),
        ("commonLabels:\n  a.b/c: {}\n", "kustomization.yaml:2:10: commonLabels.\"a.b/c\": expected a text here"),
        (
            "resources: [a.yaml]\npatches:\n- path: p.yaml\n",
            "kustomization.yaml:3:3: patches[0]: p.yaml:1:1: no object matches the patch for v1 Deployment no",
        ),
        (
            "resources: [a.yaml]\npatchesStrategicMerge: [p.yaml]\n",
            "kustomization.yaml:2:25: patchesStrategicMerge[0]: p.yaml:1:1: no object matches the patch for v1 Deployment no",
        ),
        (
            "resources: [a.yaml]\ntransformers: [labels.yaml]\n",
            "labels.yaml:8:11: fieldSpecs[0].create: expected true or false here",
        ),
        (
            "resources: [a.yaml]\nnamePrefix: x\nimages: [{name: a, newTag: b}]\nReplicas: [{name: web, count: 1}]\n",
            "kustomization.yaml:4:1: replicas: there is no Deployment, ReplicationController, ReplicaSet, StatefulSet named `web`",
        ),
    ] {
        let said = errors(&[("kustomization.yaml", text), ("a.yaml", MAP), ("p.yaml", patch), ("labels.yaml", labels)]);
        assert_eq!(said, [want], "{text}");
    }
    // A document that something changed meanwhile is told as a whole.
    let folder = "resources: [labels.yaml]\nnamePrefix: x-\n";
    let said = errors(&[
        ("kustomization.yaml", "resources: [a.yaml]\ntransformers: [t]\n"),
        ("a.yaml", MAP),
        ("t/kustomization.yaml", folder),
        ("t/labels.yaml", labels),
    ]);
    assert_eq!(said, ["t/labels.yaml:1:1: expected true or false here"]);
}

#[test]
fn field_names_match_without_regard_to_case() {
    let built = ok(&[("Kustomization", "RESOURCES: [a.yaml]\nnameprefix: x-\n"), ("a.yaml", MAP)]);
    assert_eq!(built.objects[0].value["metadata"]["name"], "x-map");
}

#[test]
fn every_bad_file_is_told_at_once() {
    let said = errors(&[
        ("kustomization.yaml", "resources: [a.yaml, b.yaml, c.yaml, d]\n"),
        ("a.yaml", "kind: [\n"),
        ("b.yaml", "kind: ConfigMap\nmetadata: {}\n---\napiVersion: v1\nkind: 5\nmetadata: {name: x}\n"),
        ("c.yaml", MAP),
        ("d/other.yaml", MAP),
    ]);
    assert_eq!(said.len(), 4, "{said:?}");
    for (said, want) in said.iter().zip([
        "a.yaml:1:7",
        "b.yaml:1:1: `metadata.name` is missing",
        "b.yaml:5:7",
        "kustomization.yaml:1:37: resources[3]: `d`: no kustomization",
    ]) {
        assert!(said.starts_with(want), "{said} / {want}");
    }
}

#[test]
fn links_are_never_followed() {
    let mut tree =
        tree(&[("kustomization.yaml", "resources: [l.yaml]\nconfigMapGenerator: [{name: m, files: [l.yaml]}]")]);
    tree.insert_link("l.yaml");
    let said = build(&tree, "", &fifo()).unwrap_err().to_string();
    assert_eq!(said, "kustomization.yaml:1:13: resources[0]: `l.yaml` is a symbolic link, and links are not followed");

    let folder = tempfile::tempdir().unwrap();
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("kustomization.yaml"), "resources: [s3cret]").unwrap();
    std::os::unix::fs::symlink(secret.path(), folder.path().join("out")).unwrap();
    std::fs::write(folder.path().join("kustomization.yaml"), "resources: [out]").unwrap();
    let tree = teal_kustomize::FolderTree::open(folder.path()).unwrap();
    let said = build(&tree, "", &fifo()).unwrap_err().to_string();
    assert!(said.contains("symbolic link") && !said.contains("s3cret"), "{said}");
}

#[test]
fn files_stay_below_their_kustomization_unless_allowed() {
    let files = [("app/kustomization.yaml", "resources: [../map.yaml]"), ("map.yaml", MAP)];
    let said = build(&tree(&files), "app", &fifo()).unwrap_err().to_string();
    assert!(said.contains("not in this folder or below"), "{said}");
    let free = Options { restrictor: LoadRestrictor::None, ..fifo() };
    assert_eq!(build(&tree(&files), "app", &free).unwrap().objects.len(), 1);
}

#[test]
fn g9_no_error_shows_data() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: s3cret}\n";
    for (kustomization, file) in [
        ("resources: [a.yaml, a.yaml]", secret.to_owned()),
        (
            "resources: [a.yaml]\npatches: [{target: {kind: Secret}, patch: '- {op: test, path: /stringData/password, value: s3cret2}'}]",
            secret.to_owned(),
        ),
        (
            "resources: [a.yaml]\npatches: [{target: {kind: Secret}, patch: '{kind: Secret, metadata: {name: s}, stringData: s3cret}'}]",
            secret.to_owned(),
        ),
        ("resources: [a.yaml]", format!("{secret}  : s3cret: [")),
        ("resources: [a.yaml]", "kind: Secret\nstringData: {a: s3cret}\nmetadata: {labels: {a: s3cret}}".to_owned()),
        ("secretGenerator: [{name: s, literals: [s3cret]}]", String::new()),
    ] {
        let said = errors(&[("kustomization.yaml", kustomization), ("a.yaml", &file)]);
        let clean: Vec<_> = said.iter().filter(|said| said.contains("s3cret")).collect();
        assert!(clean.is_empty(), "{clean:?}");
    }
}

#[test]
fn the_reads_are_everything_the_result_depends_on() {
    let built = ok(&[
        ("kustomization.yaml", "resources: [base]"),
        ("base/kustomization.yml", "resources: [a.yaml]"),
        ("base/a.yaml", MAP),
    ]);
    for path in
        ["kustomization.yaml", "kustomization.yml", "Kustomization", "base", "base/kustomization.yaml", "base/a.yaml"]
    {
        assert!(built.reads.contains(path), "{path} in {:?}", built.reads);
    }
    assert_eq!(built.objects[0].origin.to_string(), "base/a.yaml:1");
}

#[test]
fn generated_names_carry_kustomizes_hash_and_references_follow() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, envFrom: [{configMapRef: {name: m}}]}], volumes: [{name: s, secret: {secretName: s}}]}\n";
    let built = ok(&[
        (
            "kustomization.yaml",
            "namePrefix: x-\nresources: [p.yaml]\nconfigMapGenerator: [{name: m, literals: ['a=1 < 2 & 3']}]\nsecretGenerator: [{name: s, type: t/t, literals: ['p=\"q\"']}]\n",
        ),
        ("p.yaml", pod),
    ]);
    // The suffixes are those of `kubectl kustomize` for the same input.
    let spec = &built.objects[0].value["spec"];
    assert_eq!(spec["containers"][0]["envFrom"][0]["configMapRef"]["name"], "x-m-5h5h6972mk");
    assert_eq!(spec["volumes"][0]["secret"]["secretName"], "x-s-kb44bt8d99");
    assert_eq!(built.objects[2].value["data"]["p"], "cQ==");
}

#[test]
fn strategic_merge_follows_the_merge_keys() {
    let mut object: Value = teal_yaml::read(WEB).unwrap().remove(0).into_value();
    for (patch, path, want) in [
        (
            "spec: {template: {spec: {containers: [{name: side, env: [{name: A, value: '1'}]}]}}}",
            "/spec/template/spec/containers/0",
            json!({"name": "side", "image": "side", "env": [{"name": "A", "value": "1"}]}),
        ),
        (
            "spec: {template: {spec: {containers: [{name: side, env: [{name: B, value: '2'}, {name: A, $patch: delete}]}]}}}",
            "/spec/template/spec/containers/0/env",
            json!([{"name": "B", "value": "2"}]),
        ),
        (
            "spec: {template: {spec: {containers: [{name: side, $patch: delete}]}}}",
            "/spec/template/spec/containers",
            json!([{"name": "web", "image": "nginx:1"}]),
        ),
        (
            "spec: {template: {spec: {containers: [{$patch: replace}, {name: z}]}}}",
            "/spec/template/spec/containers",
            json!([{"name": "z"}]),
        ),
        ("spec: {replicas: null}", "/spec/replicas", Value::Null),
        (
            "metadata: {name: other, labels: {b: c}}",
            "/metadata",
            json!({"name": "web", "labels": {"app": "web", "b": "c"}}),
        ),
        ("spec: {template: {$patch: delete}}", "/spec", json!({})),
    ] {
        assert!(ObjectPatch::parse(patch).unwrap().apply(&mut object).unwrap());
        assert_eq!(object.pointer(path).unwrap_or(&Value::Null), &want, "{patch}");
    }
    assert!(!ObjectPatch::parse("$patch: delete").unwrap().apply(&mut object).unwrap());

    let mut custom = json!({"apiVersion": "x/v1", "kind": "Custom", "metadata": {"name": "c"}, "spec": {"containers": [{"name": "a"}]}});
    ObjectPatch::parse("spec: {containers: [{name: b}]}").unwrap().apply(&mut custom).unwrap();
    assert_eq!(custom["spec"]["containers"], json!([{"name": "b"}]), "kinds without a schema merge as JSON does");

    let error = ObjectPatch::parse("spec: {containers: {a: b}}").unwrap().apply(&mut custom).unwrap_err();
    assert!(error.to_string().contains("at `spec.containers`"), "{error}");
}

#[test]
fn selectors_select() {
    let object: Value = teal_yaml::read(WEB).unwrap().remove(0).into_value();
    for (target, want) in [
        (json!({}), true),
        (json!({"kind": "Deployment"}), true),
        (json!({"kind": "Deploy"}), false),
        (json!({"kind": "Deploy.*|Job"}), true),
        (json!({"group": "apps", "version": "v1", "name": "w..", "namespace": "default"}), true),
        (json!({"group": "batch"}), false),
        (json!({"labelSelector": "app=web"}), true),
        (json!({"labelSelector": "app==web, !other"}), true),
        (json!({"labelSelector": "app in (api, web),tier notin (db)"}), true),
        (json!({"labelSelector": "app!=web"}), false),
        (json!({"labelSelector": "other"}), false),
        (json!({"annotationSelector": "!note"}), true),
    ] {
        assert_eq!(Selector::from_value(&target).unwrap().matches(&object), want, "{target}");
    }
    for target in [
        json!({"labelSelector": "a in b"}),
        json!({"labelSelector": "a in (b"}),
        json!({"kindd": "x"}),
        json!({"name": "["}),
        json!("x"),
    ] {
        assert!(Selector::from_value(&target).is_err(), "{target}");
    }
}
