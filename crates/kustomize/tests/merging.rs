//! Patches: how lists merge, what directives do, and what JSON 6902 does beyond its RFC. Where the real kustomize is there,
//! every case also runs through it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "real/mod.rs"]
mod real;

use serde_json::{Value, json};
use teal_kustomize::{LoadRestrictor, MemoryTree, ObjectPatch, Options, Reorder, build};

fn pod(field: &str, list: &Value) -> Value {
    let mut container = json!({"name": "c"});
    container[field] = list.clone();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}})
}

/// Patches an object, as kustomize does.
fn patched(object: &Value, patch: &str) -> Result<Value, String> {
    let mut ours = object.clone();
    let done = ObjectPatch::parse(patch).unwrap().apply(&mut ours).map(|_| ours).map_err(|error| error.to_string());
    // Under `patches` one says itself which object it is for, or is aimed at it.
    let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
    let (text, aim) = match teal_yaml::read(patch).unwrap().remove(0).into_value() {
        Value::Object(mut own) => {
            own.insert("apiVersion".to_owned(), object["apiVersion"].clone());
            own.insert("kind".to_owned(), kind.clone());
            let metadata = own.entry("metadata").or_insert_with(|| json!({}));
            metadata["name"] = name.clone();
            (Value::Object(own).to_string(), String::new())
        }
        _ => (patch.to_owned(), format!(", target: {{kind: {kind}, name: {name}}}")),
    };
    let kustomization = format!("resources: [o.yaml]\npatches: [{{path: p.yaml{aim}}}]\n");
    let files = [("kustomization.yaml", kustomization.as_str()), ("o.yaml", &object.to_string()), ("p.yaml", &text)];
    real::same(&files, done.clone().map(|ours| vec![ours]));
    done
}

/// Patches one list of a container; what comes out.
fn merged(field: &str, old: &Value, patch: &Value) -> Value {
    let object = pod(field, old);
    let patch = json!({"spec": {"containers": [{"name": "c", field: patch}]}});
    let object = patched(&object, &patch.to_string()).unwrap();
    object.pointer(&format!("/spec/containers/0/{field}")).cloned().unwrap_or_default()
}

#[test]
fn items_merge_by_their_keys() {
    for (field, old, patch, want) in [
        // One key: the patch's order first. Of a repeated key the last item stays, as it was.
        (
            "env",
            json!([{"name": "A"}, {"name": "B"}]),
            json!([{"name": "C"}, {"name": "B", "v": 1}]),
            json!([{"name": "C"}, {"name": "B", "v": 1}, {"name": "A"}]),
        ),
        (
            "env",
            json!([{"name": "A", "v": 1}, {"name": "A", "v": 2}]),
            json!([{"name": "B"}]),
            json!([{"name": "B"}, {"name": "A", "v": 2}]),
        ),
        (
            "env",
            json!([{"name": "A", "v": 1}, {"name": "A", "v": 2}]),
            json!([{"name": "A", "v": 3}]),
            json!([{"name": "A", "v": 2}]),
        ),
        (
            "env",
            json!([{"name": "A", "v": 1}, {"name": "A", "v": 2}, {"name": "C"}]),
            json!([{"name": "A", "$patch": "delete"}]),
            json!([{"name": "C"}]),
        ),
        // Two keys: what is new first, everything else keeps its place.
        (
            "ports",
            json!([{"containerPort": 1, "protocol": "T"}, {"containerPort": 2, "protocol": "T"}]),
            json!([{"containerPort": 2, "protocol": "T", "n": 1}, {"containerPort": 3, "protocol": "U"}]),
            json!([{"containerPort": 3, "protocol": "U"}, {"containerPort": 1, "protocol": "T"}, {"containerPort": 2, "protocol": "T", "n": 1}]),
        ),
        // No item has the second key: it does not count.
        (
            "ports",
            json!([{"containerPort": 1}, {"containerPort": 2}]),
            json!([{"containerPort": 3}, {"containerPort": 2, "n": 1}]),
            json!([{"containerPort": 3}, {"containerPort": 2, "n": 1}, {"containerPort": 1}]),
        ),
        // Some items have it: kustomize loses the patch, and items as well.
        (
            "ports",
            json!([{"containerPort": 1, "protocol": "T"}]),
            json!([{"containerPort": 1, "n": 1}]),
            json!([{"containerPort": 1, "protocol": "T"}]),
        ),
        (
            "ports",
            json!([{"containerPort": 1}]),
            json!([{"containerPort": 1, "protocol": "T", "n": 1}]),
            json!([{"containerPort": 1}]),
        ),
        (
            "ports",
            json!([{"containerPort": 53, "protocol": "U"}, {"containerPort": 53}]),
            json!([]),
            json!([{"containerPort": 53}]),
        ),
        (
            "ports",
            json!([{"containerPort": 53, "protocol": "U"}, {"containerPort": 53, "protocol": "T"}, {"containerPort": 80}]),
            json!([{"containerPort": 80, "n": "x"}]),
            json!([{"containerPort": 53, "protocol": "U"}, {"containerPort": 53, "protocol": "T"}, {"containerPort": 80, "n": "x"}]),
        ),
        // Directives for the whole list.
        ("env", json!([{"name": "A"}]), json!([{"$patch": "replace"}, {"name": "Z"}]), json!([{"name": "Z"}])),
        ("env", json!([{"name": "A"}]), json!([{"$patch": "delete"}]), Value::Null),
        (
            "env",
            json!([{"name": "A"}]),
            json!([{"$patch": "merge"}, {"name": "Z"}]),
            json!([{"name": "Z"}, {"name": "A"}]),
        ),
        // An item that says `replace` is put back, and one that is emptied goes.
        (
            "env",
            json!([{"name": "A", "v": 1}]),
            json!([{"name": "A", "$patch": "replace"}]),
            json!([{"name": "A", "v": 1}]),
        ),
        // Where there was no list, the patch's own is merged with itself: of a repeated key the last item stays.
        (
            "env",
            Value::Null,
            json!([{"name": "A", "v": 1}, {"name": "B"}, {"name": "A", "w": 2}]),
            json!([{"name": "A", "w": 2}, {"name": "B"}]),
        ),
        (
            "ports",
            Value::Null,
            json!([{"containerPort": 1, "n": 1}, {"containerPort": 1, "h": 3}, {"containerPort": 2}]),
            json!([{"containerPort": 1, "h": 3}, {"containerPort": 2}]),
        ),
        (
            "ports",
            Value::Null,
            json!([{"containerPort": 443, "protocol": "T"}, {"containerPort": 80, "$patch": "delete"}]),
            json!([{"containerPort": 443, "protocol": "T"}, {"containerPort": 80}]),
        ),
        (
            "env",
            json!([{"name": "Z"}]),
            json!([{"$patch": "replace"}, {"name": "A", "v": 1}, {"name": "A", "w": 2}]),
            json!([{"name": "A", "w": 2}]),
        ),
        // Lists without keys are replaced.
        ("args", json!(["a", "b"]), json!(["c"]), json!(["c"])),
    ] {
        assert_eq!(merged(field, &old, &patch), want, "{old} + {patch}");
    }
    let error = ObjectPatch::parse("spec: {containers: [{$patch: other}]}").unwrap().apply(&mut pod("env", &json!([])));
    assert!(error.unwrap_err().to_string().contains("`$patch` must be delete, replace or merge"));
}

#[test]
fn mappings_merge_and_take_directives() {
    for (patch, pointer, want) in [
        ("spec: {a: {$patch: replace, c: d}}", "/spec/a", json!({"c": "d"})),
        ("spec: {a: {$patch: delete}}", "/spec", json!({"n": null})),
        ("spec: {a: null}", "/spec", json!({"n": null})),
        ("spec: {z: {y: null, $patch: merge}}", "/spec/z", json!({})),
        ("spec: {z: {$patch: delete}}", "/spec/z", Value::Null),
        // Other directives of strategic merge are fields like any other to kustomize.
        ("spec: {$retainKeys: [a]}", "/spec/$retainKeys", json!(["a"])),
        ("spec: {$setElementOrder/l: [{name: a}]}", "/spec/$setElementOrder~1l", json!([{"name": "a"}])),
        // At the root `replace` does nothing.
        ("{$patch: replace, spec: {q: r}}", "/spec/a", json!({"b": 1})),
        ("metadata: {finalizers: [c, a]}", "/metadata/finalizers", json!(["c", "a", "b"])),
    ] {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "finalizers": ["a", "b", "b"]}, "spec": {"a": {"b": 1}, "n": null}});
        let object = patched(&object, patch).unwrap();
        assert_eq!(object.pointer(pointer).unwrap_or(&Value::Null), &want, "{patch}");
    }
    // A type is looked up where there is one: an object within an object.
    let object = json!({"apiVersion": "x/v1", "kind": "Foo", "metadata": {"name": "f"}, "spec": {"pod": pod("env", &json!([{"name": "A"}]))}});
    let object = patched(&object, "spec: {pod: {spec: {containers: [{name: c, env: [{name: B}]}]}}}").unwrap();
    assert_eq!(object.pointer("/spec/pod/spec/containers/0/env"), Some(&json!([{"name": "B"}, {"name": "A"}])));
}

#[test]
fn operations_go_beyond_their_rfc() {
    for (operation, want) in [
        ("{op: replace, path: /none, value: 1}", Ok(json!({"l": [1, 2], "m": {"k": "v"}, "none": 1}))),
        ("{op: add, path: /l/-1, value: 3}", Ok(json!({"l": [1, 2, 3], "m": {"k": "v"}}))),
        ("{op: remove, path: /l/-1}", Ok(json!({"l": [1], "m": {"k": "v"}}))),
        ("{op: add, path: /l/2, value: 3}", Ok(json!({"l": [1, 2, 3], "m": {"k": "v"}}))),
        ("{op: copy, from: /none, path: /c}", Ok(json!({"l": [1, 2], "m": {"k": "v"}, "c": null}))),
        ("{op: move, from: /m/k, path: /k}", Ok(json!({"l": [1, 2], "m": {}, "k": "v"}))),
        ("{op: test, path: /none}", Ok(json!({"l": [1, 2], "m": {"k": "v"}}))),
        ("{op: add, path: 'ignored/x~1y', value: 1}", Ok(json!({"l": [1, 2], "m": {"k": "v"}, "x/y": 1}))),
        ("{op: add, path: /l/4, value: 3}", Err("no item of a list")),
        ("{op: replace, path: /l/2, value: 3}", Err("no item of a list")),
        ("{op: remove, path: /none}", Err("nothing to remove")),
        ("{op: add, path: /none/x, value: 1}", Err("the path is missing")),
        ("{op: test, path: /m/k, value: other}", Err("another one than tested for")),
    ] {
        let identity = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
        let with = |fields: Value| {
            let mut object = identity.clone();
            object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            object
        };
        let done = patched(&with(json!({"l": [1, 2], "m": {"k": "v"}})), &format!("- {operation}"));
        match (done, want) {
            (Ok(object), Ok(want)) => assert_eq!(object, with(want), "{operation}"),
            (Err(error), Err(words)) => assert!(error.contains(words), "{operation}: {error}"),
            (done, want) => panic!("{operation}: {done:?}, wanted {want:?}"),
        }
    }
}

#[test]
fn a_patch_with_a_target_takes_the_version_of_its_object() {
    let patch = |version: &str| {
        let text = format!(
            "resources: [w.yaml]\npatches: [{{target: {{kind: Widget}}, patch: '{{apiVersion: {version}, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: a, n: 1}}, {{name: a, n: 2}}]}}}}'}}]\n"
        );
        let widget = "apiVersion: x.io/v1\nkind: Widget\nmetadata: {name: w}\n";
        built(&[("kustomization.yaml", &text), ("w.yaml", widget)]).unwrap().remove(0)
    };
    // Of `x.io/v1` there is no Pod, so nobody knows that its containers have names.
    assert_eq!(patch("v1")["spec"]["containers"], json!([{"name": "a", "n": 1}, {"name": "a", "n": 2}]));
    // A null among annotations of a patch with options is a text.
    let text = "resources: [m.yaml]\npatches: [{options: {allowKindChange: true}, patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m, annotations: {a: null}}}'}]\n";
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n";
    let objects = built(&[("kustomization.yaml", text), ("m.yaml", map)]).unwrap();
    assert_eq!(objects[0]["metadata"]["annotations"], json!({"a": "null"}));
}

fn built(files: &[(&str, &str)]) -> Result<Vec<Value>, String> {
    let mut tree = MemoryTree::new();
    files.iter().for_each(|(path, text)| tree.insert(*path, text));
    let options = Options { reorder: Reorder::None, restrictor: LoadRestrictor::RootOnly };
    let built = build(&tree, "", &options).map_err(|errors| errors.to_string());
    let objects: Result<Vec<Value>, String> =
        built.map(|built| built.objects.into_iter().map(|object| object.value.into()).collect());
    real::same(files, objects.clone());
    objects
}

#[test]
fn notes_and_labels_of_a_build_show_in_patches() {
    let with = |data: &str, kustomization: &str| {
        let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m, labels: {{a: b}}}}\n{data}");
        built(&[("kustomization.yaml", &format!("resources: [m.yaml]\n{kustomization}")), ("m.yaml", &map)])
            .map(|mut all| all.remove(0))
    };
    let one = |kustomization: &str| with("data: {k: v}\n", kustomization);
    // kustomize's notes are annotations, so the mapping is there for an operation once an object was touched …
    let operation =
        "[{target: {kind: ConfigMap, name: m}, patch: '- {op: add, path: /metadata/annotations/x, value: z}'}]";
    assert_eq!(one(&format!("patches: {operation}\n")).unwrap()["metadata"]["annotations"], json!({"x": "z"}));
    // … and not before.
    assert!(one(&format!("patchesJson6902: {operation}\n")).unwrap_err().contains("the path is missing"));
    assert!(one(&format!("namePrefix: p-\npatchesJson6902: {operation}\n")).is_ok());
    // Operations have floats for all numbers.
    let number =
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /n, value: 12345678901234567890}'}]\n";
    assert_eq!(one(number).unwrap()["n"], json!(12_345_678_901_234_567_000_u64));
    // A patch that looks for targets has texts for labels, null included.
    let aimed = "patches: [{target: {kind: ConfigMap}, patch: '{kind: X, metadata: {name: y, labels: {a: null, b: ~, c: }}}'}]\n";
    assert_eq!(one(aimed).unwrap()["metadata"]["labels"], json!({"a": "null", "b": "~", "c": ""}));
    let none = "patchesStrategicMerge: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: m, labels: null}}']\n";
    assert_eq!(one(none).unwrap()["metadata"]["labels"], json!({"a": "b"}));
    let own = "patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m, labels: {a: null}}}'}]\n";
    assert_eq!(one(own).unwrap()["metadata"]["labels"], json!({}));
    // Keys with nothing behind them go with the first merge, where it gets to; written nulls stay.
    let blanks = "data:\n  blank:\n  nil: null\n  kept:\n    inner:\n  list:\n  - x:\n";
    let plain = with(blanks, "").unwrap();
    assert_eq!(plain["data"]["blank"], Value::Null);
    assert!(plain["data"].as_object().unwrap().contains_key("blank"));
    let merged = with(blanks, own).unwrap();
    assert_eq!(merged["data"], json!({"nil": null, "kept": {}, "list": [{"x": null}]}));
}

#[test]
fn labels_that_were_set_together_change_together() {
    let base = [
        ("base/kustomization.yaml", "resources: [d.yaml]\nlabels: [{pairs: {a: one}, includeSelectors: true}]\n"),
        (
            "base/d.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, labels: {a: own}}\n",
        ),
    ];
    let over = |kustomization: &str| {
        let text = format!("resources: [base]\n{kustomization}");
        let mut files = vec![("kustomization.yaml", text.as_str())];
        files.extend(base);
        built(&files).unwrap()
    };
    let selector = |objects: &[Value]| objects[0]["spec"]["selector"]["matchLabels"]["a"].clone();
    for kustomization in [
        "labels: [{pairs: {a: two}}]\n",
        "patches: [{target: {kind: Deployment}, patch: '{kind: X, metadata: {name: y, labels: {a: two}}}'}]\n",
        "replacements: [{sourceValue: two, targets: [{select: {kind: Deployment}, fieldPaths: [metadata.labels.a]}]}]\n",
    ] {
        assert_eq!(selector(&over(kustomization)), "two", "{kustomization}");
    }
    // A label that was there before is not one of them, and operations end it.
    let objects = over("labels: [{pairs: {a: two}}]\n");
    assert_eq!(
        (&objects[1]["metadata"]["labels"]["a"], &objects[1]["spec"]["selector"]["a"]),
        (&json!("two"), &json!("one"))
    );
    let objects = over(
        "patches: [{target: {kind: Deployment}, patch: '- {op: replace, path: /metadata/labels/a, value: two}'}]\n",
    );
    assert_eq!(selector(&objects), "one");
}
