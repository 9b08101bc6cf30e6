//! Replacements.

use serde_json::json;

use crate::Want::{At, Error};
use crate::{at, check, over, run};

#[test]
fn replacements_copy_values() {
    const IMAGE: &str = "/spec/template/spec/containers/0/image";
    let to_web = |source: &str, path: &str, options: &str| {
        format!(
            "replacements:\n- source: {{kind: ConfigMap, fieldPath: {source}}}\n  targets:\n  - select: {{kind: Deployment}}\n    fieldPaths: ['{path}']\n    options: {{{options}}}\n"
        )
    };
    let image = "spec.template.spec.containers.[name=web].image";
    for (source, path, options, want) in [
        ("data.host", image, "", At(0, IMAGE, json!("h.example"))),
        ("data.host", "spec.template.spec.containers.*.image", "", At(0, IMAGE, json!("h.example"))),
        ("data.host", "spec.template.spec.containers.0.image", "", At(0, IMAGE, json!("h.example"))),
        ("data.host", "spec.template.spec.containers.[name=^w.*].image", "", At(0, IMAGE, json!("h.example"))),
        ("data.host", "spec.template.spec.containers.9.image", "", Error("index 9 specified but only 2")),
        (
            "data.host",
            "spec.template.spec.containers.2.image",
            "create: true",
            At(0, "/spec/template/spec/containers/2", json!({"image": "h.example"})),
        ),
        (
            "data.host",
            "spec.template.spec.containers.[name=side].args.[=-jar]",
            "",
            At(0, "/spec/template/spec/containers/1/args/0", json!("h.example")),
        ),
        ("data.num", "spec.replicas", "", At(0, "/spec/replicas", json!(5))),
        ("data.host", "spec.replicas", "", Error("can't become an integer")),
        ("data.num", "spec.new.deep", "create: true", At(0, "/spec/new", json!({"deep": 5}))),
        ("data.flag", "spec.new.deep", "create: true", At(0, "/spec/new", json!({"deep": true}))),
        ("data.num", "spec.new.deep", "", Error("unable to find field `spec.new.deep`")),
        ("data.none", "metadata.name", "", Error("fieldPath `data.none` is missing")),
        (
            "data.path, options: {delimiter: /, index: 1}",
            "metadata.annotations.hostname",
            "delimiter: ., index: 1",
            At(0, "/metadata/annotations/hostname", json!("www.b.com")),
        ),
        (
            "data.host",
            "metadata.annotations.hostname",
            "delimiter: ., index: -1",
            At(0, "/metadata/annotations/hostname", json!("h.example.www.example.com")),
        ),
        (
            "data.host",
            "metadata.annotations.hostname",
            "delimiter: ., index: 99",
            At(0, "/metadata/annotations/hostname", json!("www.example.com.h.example")),
        ),
        ("data.path, options: {delimiter: /, index: 9}", "metadata.name", "", Error("out of bounds")),
        (
            "data.host",
            "metadata.annotations.[a.b/c]",
            "create: true",
            At(0, "/metadata/annotations/a.b~1c", json!("h.example")),
        ),
        ("data", "spec.template.metadata.labels", "", At(0, "/spec/template/metadata/labels/num", json!("5"))),
        ("data", "spec.replicas", "", Error("can't become an integer")),
        ("data", "metadata.name", "", Error("missing metadata.name")),
    ] {
        check(&format!("{source} to {path}"), over(&to_web(source, path, options), &[]), &want);
    }
    let inside = |path: &str, options: &str| {
        over(
            &format!(
                "replacements: [{{sourceValue: new, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{path}], options: {{{options}}}}}]}}]\n"
            ),
            &[],
        )
    };
    check("json", inside("data.json.a.b", ""), &At(1, "/data/json", json!(r#"{"a":{"b":"new"},"l":[1]}"#)));
    check("yaml", inside("data.yaml.a.b", ""), &At(1, "/data/yaml", json!("a:\n  b: new # c")));
    check("no document", inside("data.host.z", ""), &Error("unable to find field `data.host.z`"));
    check(
        "made inside",
        inside("data.json.z", "create: true"),
        &At(1, "/data/json", json!(r#"{"a":{"b":"x"},"l":[1],"z":"new"}"#)),
    );
    for (text, want) in [
        ("[{source: {version: v1}, targets: [{select: {name: web}}]}]", Error("multiple matches for selector v1")),
        ("[{source: {kind: Nope}, targets: [{select: {name: web}}]}]", Error("nothing selected by Nope")),
        ("[{targets: [{select: {name: web}}]}]", Error("needs a `source`")),
        ("[{sourceValue: a, source: {kind: ConfigMap}, targets: [{select: {name: web}}]}]", Error("not both")),
        (
            "[{sourceValue: a, targets: [{select: {}, reject: [{kind: Deployment}], fieldPaths: [metadata.name]}]}]",
            At(0, "/metadata/name", json!("web")),
        ),
        (
            "[{sourceValue: a, targets: [{select: {kind: 'Dep.*'}, reject: [{labelSelector: app=web}], fieldPaths: [metadata.name]}]}]",
            At(0, "/metadata/name", json!("web")),
        ),
        ("[{path: r.yaml}]", At(0, "/metadata/labels/app", json!("src"))),
    ] {
        let file = (
            "r.yaml",
            "source: {kind: ConfigMap}\ntargets: [{select: {name: web}, fieldPaths: [metadata.labels.app]}]\n",
        );
        check(text, over(&format!("replacements: {text}\n"), &[file]), &want);
    }
}

/// A ConfigMap whose value is a document, and a replacement into it; what the value is then.
fn inside(document: &str, path: &str, value: &str, options: &str) -> String {
    let text = format!(
        "resources: [m.yaml]\nreplacements: [{{sourceValue: '{value}', targets: [{{select: {{kind: ConfigMap}}, fieldPaths: ['data.text.{path}'], options: {{{options}}}}}]}}]\n"
    );
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"text": document}});
    let built = run(&[("kustomization.yaml", &text), ("m.yaml", &map.to_string())]).unwrap();
    at(&built, 0, "/data/text").as_str().unwrap().to_owned()
}

#[test]
fn documents_inside_texts_keep_their_order_and_lose_their_indentation() {
    let wide = "server:\n    port: 80\n    hosts:\n        - a\n    name: x\nparts:\n    - name: one\n      v: 1.50\n";
    let printed = "server:\n  port: 80\n  hosts:\n  - a\n  name: new\nparts:\n- name: one\n  v: 1.50";
    assert_eq!(inside(wide, "server.name", "new", ""), printed);
    let added = "server:\n  port: 80\n  hosts:\n  - a\n  name: x\n  added: 5\nparts:\n- name: one\n  v: 1.50";
    assert_eq!(inside(wide, "server.added", "5", "create: true"), added);
    for (document, want) in [
        ("---\na:\n  b: x\n", "a:\n  b: new"),
        ("a: {b: x, c: [1, 'two']}\n", "a: {b: new, c: [1, 'two']}"),
        (
            "# top\na:\n    # above\n    b: x   # behind\n\n    c: 1\n",
            "# top\na:\n  # above\n  b: new # behind\n  c: 1",
        ),
        ("a:\n    b: 'x'\n    on: off\n    \"8080\": ~\n    d:\n", "a:\n  b: 'new'\n  on: off\n  \"8080\": ~\n  d:"),
        (
            "a:\n    b: x\n    c: |\n        one\n        two\n    d: >-\n        three\n",
            "a:\n  b: new\n  c: |\n    one\n    two\n  d: >-\n    three",
        ),
        (
            "a:\n    b: x\n    c:\n        - - 1\n          - 2\n        # of k\n        - k: 2020-01-01\n",
            "a:\n  b: new\n  c:\n  - - 1\n    - 2\n  # of k\n  - k: 2020-01-01",
        ),
        ("a:\n    b: x\n    c: one\n        two\n", "a:\n  b: new\n  c: one two"),
        // What looks like a comment is none inside a block of text.
        (
            "# top\na:\n    b: x # who\n    c: |-\n        # run\n    # above\n    d:\n    - |\n        # one\n        two\n    - e: |\n          # three\n      f: a > b | c\n",
            "# top\na:\n  b: new # who\n  c: |-\n    # run\n  # above\n  d:\n  - |\n    # one\n    two\n  - e: |\n      # three\n    f: a > b | c",
        ),
    ] {
        assert_eq!(inside(document, "a.b", "new", ""), want, "{document}");
    }
}

#[test]
fn numbers_are_copied_as_they_are_written() {
    let number = |written: &str| {
        let custom =
            format!("apiVersion: x.io/v1\nkind: Foo\nmetadata: {{name: f}}\nspec: {{n: {written}, s: text}}\n");
        let text = "resources: [f.yaml]\nreplacements: [{source: {kind: Foo, fieldPath: spec.n}, targets: [{select: {kind: Foo}, fieldPaths: [spec.s]}]}]\n";
        let built = run(&[("kustomization.yaml", text), ("f.yaml", &custom)]).unwrap();
        at(&built, 0, "/spec/s")
    };
    for written in ["1.50", "0x1F", "1e3", "7"] {
        assert_eq!(number(written), written);
    }
    // A generator that merges does the same.
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: 1.50}\n";
    let text = "resources: [m.yaml]\nconfigMapGenerator: [{name: m, behavior: merge, literals: [b=c]}]\n";
    let built = run(&[("kustomization.yaml", text), ("m.yaml", map)]).unwrap();
    assert_eq!(at(&built, 0, "/data"), json!({"a": "1.50", "b": "c"}));
}

#[test]
fn a_new_field_has_the_type_of_its_text_but_for_annotations() {
    for (value, path, pointer, want) in [
        ("'2020-01-02'", "spec.new", "/spec/new", json!("2020-01-02T00:00:00Z")),
        ("'2020-01-02'", "metadata.labels.new", "/metadata/labels/new", json!("2020-01-02T00:00:00Z")),
        ("'2020-01-02'", "metadata.annotations.new", "/metadata/annotations/new", json!("2020-01-02")),
        ("'True'", "spec.new", "/spec/new", json!(true)),
        ("'True'", "metadata.annotations.new", "/metadata/annotations/new", json!("True")),
        ("'1.50'", "metadata.annotations.new", "/metadata/annotations/new", json!("1.50")),
    ] {
        let text = format!(
            "replacements: [{{sourceValue: {value}, targets: [{{select: {{kind: Deployment}}, fieldPaths: [{path}], options: {{create: true}}}}]}}]\n"
        );
        check(&format!("{value} at {path}"), over(&text, &[]), &At(0, pointer, want));
    }
    let empty = over("replacements: [{path: r.yaml}]\n", &[("r.yaml", "# nothing\n")]);
    check("a file of nothing", empty, &Error("there is no replacement in this file"));
}

#[test]
fn what_does_not_fit_a_scalar_of_a_document_is_written_with_its_type() {
    let document = "n: 1\\nf: 1.5\\nb: true\\nz:\\nd: 2020-01-01\\nt: x\\n";
    let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{doc: \"{document}\"}}\n");
    for (field, value, want) in [
        ("n", "val", "n: !!int val"),
        ("n", "true", "n: !!int true"),
        ("n", "# c", "n: !!int '# c'"),
        ("n", "", "n: !!int\n"),
        ("n", "7", "n: 7"),
        ("f", "val", "f: !!float val"),
        ("b", "val", "b: !!bool val"),
        ("z", "val", "z: !!null val"),
        ("d", "val", "d: !!timestamp val"),
        ("d", "2021-02-03", "d: 2021-02-03\n"),
        ("t", "true", "t: \"true\""),
        ("new", "2021-02-03", "new: 2021-02-03"),
        ("new", "yes", "new: yes"),
        ("new", "a: b", "new: 'a: b'"),
        // A comment that stands alone stays where it stands.
        ("e", "val", "e: !!int val\n# end"),
    ] {
        let options = if field == "new" { ", options: {create: true}" } else { "" };
        let map = if field == "e" { map.replace(document, "e: 1\\n# end\\n") } else { map.clone() };
        let kustomization = format!(
            "resources: [m.yaml]\nreplacements:\n- sourceValue: '{value}'\n  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [data.doc.{field}]{options}}}]\n"
        );
        let built = run(&[("kustomization.yaml", &kustomization), ("m.yaml", &map)]).unwrap();
        let text = at(&built, 0, "/data/doc");
        assert!(format!("{}\n", text.as_str().unwrap()).contains(want), "{field} {value}: {text}");
    }
}
