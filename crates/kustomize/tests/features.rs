//! Hand-written cases, one table a feature: what a kustomization makes of a few objects. Every expectation was compared
//! with kustomize 5.8.2.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use teal_kustomize::{Build, LoadRestrictor, MemoryTree, Options, Reorder, build};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {hostname: www.example.com}}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'nginx:1.2', env: [{name: A, value: '1'}], ports: [{containerPort: 80}]}
      - {name: side, image: 'reg:5000/side@sha256:abc', args: [-jar, x]}
";
const MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: src}
data: {host: h.example, path: a/b/c, num: '5', flag: 'true', json: '{\"a\": {\"b\": \"x\"}, \"l\": [1]}', yaml: \"a:\\n  b: x # c\\n\"}
";
const CUSTOM: &str = "apiVersion: x.io/v1
kind: Foo
metadata: {name: foo}
spec: {ref: cm, refs: [cm, other], obj: {name: cm}, img: 'nginx:1', n: 1, lab: {q: r}, nm: zz, an: {z: y}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm}
";

fn run(files: &[(&str, &str)]) -> Result<Build, String> {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.insert(*path, text);
    }
    let options = Options { reorder: Reorder::None, restrictor: LoadRestrictor::RootOnly };
    build(&tree, "", &options).map_err(|errors| errors.to_string())
}

/// Builds the kustomization over `WEB` and `MAP`, with `more` files.
fn over(kustomization: &str, more: &[(&str, &str)]) -> Result<Build, String> {
    let text = format!("resources: [web.yaml, map.yaml]\n{kustomization}");
    let mut files = vec![("kustomization.yaml", text.as_str()), ("web.yaml", WEB), ("map.yaml", MAP)];
    files.extend_from_slice(more);
    run(&files)
}

fn at<'v>(built: &'v Build, object: usize, pointer: &str) -> &'v Value {
    built.objects[object].value.pointer(pointer).unwrap_or(&Value::Null)
}

/// What is expected of a build: a value at a pointer of an object, or words of the error.
enum Want {
    At(usize, &'static str, Value),
    Error(&'static str),
}
use Want::{At, Error};

fn check(case: &str, built: Result<Build, String>, want: &Want) {
    match (built, want) {
        (Ok(built), At(object, pointer, value)) => assert_eq!(at(&built, *object, pointer), value, "{case}"),
        (Err(error), Error(words)) => assert!(error.contains(words), "{case}: {error}"),
        (Err(error), At(..)) => panic!("{case}: {error}"),
        (Ok(_), Error(words)) => panic!("{case}: built, and should say: {words}"),
    }
}

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

#[test]
fn vars_keep_types_and_find_their_objects() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: svc}\nspec: {ports: [{port: 80}], selector: {a: b}}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: pod, annotations: {p: $(PORT)}}\nspec: {containers: [{name: c, args: [$(PORT), x$(PORT), $(NAME) $$(NAME) $(NONE)]}]}\n";
    let vars = "vars:\n- {name: NAME, objref: {apiVersion: v1, kind: Service, name: svc}}\n- {name: PORT, objref: {apiVersion: v1, kind: Service, name: svc}, fieldref: {fieldpath: 'spec.ports[0].port'}}\n";
    let build = |top: &str, vars: &str| {
        run(&[
            ("kustomization.yaml", &format!("resources: [pod.yaml, svc.yaml]\n{top}{vars}")),
            ("pod.yaml", pod),
            ("svc.yaml", service),
        ])
    };
    let args = "/spec/containers/0/args";
    check("types", build("", vars), &At(0, args, json!([80, "x80", "svc $(NAME) $(NONE)"])));
    check("annotations are texts", build("", vars), &At(0, "/metadata/annotations/p", json!("80")));
    check("final names", build("namePrefix: x-\n", vars), &At(0, args, json!([80, "x80", "x-svc $(NAME) $(NONE)"])));
    check(
        "a mapping replaces nothing",
        build("", &vars.replace("ports[0].port", "selector")),
        &At(0, args, json!(["$(PORT)", "x$(PORT)", "svc $(NAME) $(NONE)"])),
    );
    check("no field", build("", &vars.replace("ports[0].port", "none")), &Error("not found in corresponding resource"));
    check("no object", build("", &vars.replace("name: svc", "name: none")), &Error("cannot be mapped to a field"));
    check("twice", build("", &format!("{vars}{}", &vars[6..])), &Error("already encountered"));
}

#[test]
fn documents_configure_transformers_and_generators() {
    let doc = |kind: &str, rest: &str| format!("apiVersion: builtin\nkind: {kind}\nmetadata: {{name: x}}\n{rest}\n");
    let specs = "fieldSpecs: [{path: metadata/labels, create: true}]";
    for (kind, rest, want) in [
        ("LabelTransformer", format!("labels: {{n: 5}}\n{specs}"), At(0, "/metadata/labels/n", json!("5"))),
        (
            "AnnotationsTransformer",
            "annotations: {b: true}\nfieldSpecs: [{path: metadata/annotations, create: true}]".to_owned(),
            At(1, "/metadata/annotations/b", json!("true")),
        ),
        (
            "PrefixTransformer",
            "prefix: p-\nfieldSpecs: [{path: metadata/name}]".to_owned(),
            At(0, "/metadata/name", json!("p-web")),
        ),
        ("PrefixTransformer", "prefix: p-".to_owned(), Error("needs `fieldSpecs`")),
        (
            "SuffixTransformer",
            "suffix: -s\nfieldSpecs: [{path: metadata/name, kind: ConfigMap}]".to_owned(),
            At(1, "/metadata/name", json!("src-s")),
        ),
        (
            "PrefixSuffixTransformer",
            "prefix: p-\nsuffix: -s\nfieldSpecs: [{path: metadata/name}]".to_owned(),
            At(1, "/metadata/name", json!("p-src-s")),
        ),
        (
            "ImageTagTransformer",
            "imageTag: {name: nginx, newTag: '9'}".to_owned(),
            At(0, "/spec/template/spec/containers/0/image", json!("nginx:9")),
        ),
        (
            "ImageTagTransformer",
            "imageTag: {name: nginx, tagSuffix: -z}\nfieldSpecs: [{path: 'spec/template/spec/containers[]/image'}]"
                .to_owned(),
            At(0, "/spec/template/spec/containers/0/image", json!("nginx:1.2-z-z")),
        ),
        (
            "ReplicaCountTransformer",
            "replica: {name: web, count: 7}\nfieldSpecs: [{path: spec/replicas, create: true, kind: Deployment}]"
                .to_owned(),
            At(0, "/spec/replicas", json!(7)),
        ),
        (
            "ReplicaCountTransformer",
            "replica: {name: no, count: 7}\nfieldSpecs: [{path: spec/replicas, kind: Deployment}]".to_owned(),
            Error("no Deployment named `no`"),
        ),
        (
            "PatchJson6902Transformer",
            "target: {name: web}\njsonOp: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 9}]'"
                .to_owned(),
            At(0, "/spec/replicas", json!(9)),
        ),
        (
            "PatchJson6902Transformer",
            "target: {kind: Deployment}\njsonOp: '[{\"op\": \"remove\", \"path\": \"/spec\"}]'".to_owned(),
            Error("must specify the target's `name`"),
        ),
        (
            "PatchStrategicMergeTransformer",
            "patches: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}'".to_owned(),
            At(0, "/spec/replicas", json!(3)),
        ),
        (
            "PatchTransformer",
            "target: {kind: Deployment}\npatch: '- {op: replace, path: /spec/replicas, value: 4}'".to_owned(),
            At(0, "/spec/replicas", json!(4)),
        ),
        (
            "ReplacementTransformer",
            "replacements: [{sourceValue: v, targets: [{select: {name: web}, fieldPaths: [metadata.labels.app]}]}]"
                .to_owned(),
            At(0, "/metadata/labels/app", json!("v")),
        ),
        (
            "ValueAddTransformer",
            "value: v\ntargets: [{fieldPath: data/path, selector: {kind: ConfigMap}, filePathPosition: 2}]".to_owned(),
            At(1, "/data/path", json!("a/v/b/c")),
        ),
        ("ValueAddTransformer", "value: v".to_owned(), Error("must specify at least one target")),
        (
            "NamespaceTransformer",
            "setRoleBindingSubjects: some".to_owned(),
            Error("must be one of defaultOnly, none or allServiceAccounts"),
        ),
        ("ConfigMapGenerator", "literals: [a=b]".to_owned(), Error("plugin ConfigMapGenerator not a transformer")),
        ("SortOrderTransformer", String::new(), Error("unable to load builtin SortOrderTransformer")),
    ] {
        check(kind, over("transformers: [t.yaml]\n", &[("t.yaml", &doc(kind, &rest))]), &want);
    }
    let external = ("t.yaml", "apiVersion: foo/v1\nkind: Bar\nmetadata: {name: x}\n");
    check("external", over("transformers: [t.yaml]\n", &[external]), &Error("external plugins disabled"));
    for (kind, rest, want) in [
        ("ConfigMapGenerator", "literals: [a=b]", At(2, "/data", json!({"a": "b"}))),
        (
            "SecretGenerator",
            "literals: [a=b]\ntype: t\noptions: {immutable: true, disableNameSuffixHash: true}",
            At(
                2,
                "",
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "type": "t", "data": {"a": "Yg=="}, "immutable": true}),
            ),
        ),
        (
            "IAMPolicyGenerator",
            "cloud: gke\nkubernetesService: {name: k}\nserviceAccount: {name: s, projectId: p}",
            At(2, "/metadata/annotations", json!({"iam.gke.io/gcp-service-account": "s@p.iam.gserviceaccount.com"})),
        ),
        (
            "IAMPolicyGenerator",
            "cloud: aws\nkubernetesService: {name: k}",
            Error("cloud provider `aws` is not supported"),
        ),
        ("HashTransformer", "", Error("plugin HashTransformer not a generator")),
    ] {
        check(kind, over("generators: [g.yaml]\n", &[("g.yaml", &doc(kind, rest))]), &want);
    }
    // In place, and from a folder whose own kustomization changes the document first.
    let inline = format!(
        "transformers:\n- |-\n  {}",
        doc("LabelTransformer", &format!("labels: {{n: m}}\n{specs}")).replace('\n', "\n  ")
    );
    check("in place", over(&inline, &[]), &At(1, "/metadata/labels/n", json!("m")));
    let document = doc("LabelTransformer", &format!("labels: {{n: m}}\n{specs}"));
    let folder = [
        (
            "t/kustomization.yaml",
            "resources: [t.yaml]\npatches: [{target: {kind: LabelTransformer}, patch: '- {op: replace, path: /labels/n, value: changed}'}]\n",
        ),
        ("t/t.yaml", document.as_str()),
    ];
    check("a folder", over("transformers: [t]\n", &folder), &At(0, "/metadata/labels/n", json!("changed")));
}

#[test]
fn validators_may_change_nothing_but_their_mark() {
    let label = |key: &str| {
        format!(
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {{name: v}}\nlabels: {{{key}: x}}\nfieldSpecs: [{{path: metadata/labels, create: true}}]\n"
        )
    };
    check(
        "mark",
        over("validators: [v.yaml]\n", &[("v.yaml", &label("validated-by"))]),
        &At(1, "/metadata/labels", json!({"validated-by": "x"})),
    );
    check(
        "change",
        over("validators: [v.yaml]\n", &[("v.yaml", &label("other"))]),
        &Error("validator shouldn't modify the resource map"),
    );
}

#[test]
fn configurations_and_crds_add_field_specs() {
    let build = |top: &str, config: &str| {
        run(&[("kustomization.yaml", &format!("resources: [r.yaml]\n{top}")), ("r.yaml", CUSTOM), ("c.yaml", config)])
    };
    let names = "nameReference:\n- {kind: ConfigMap, version: v1, fieldSpecs: [{path: spec/ref, kind: Foo}, {path: spec/refs, kind: Foo}, {path: spec/obj, kind: Foo}]}\n";
    for (top, config, want) in [
        ("namePrefix: p-\n", names, At(0, "/spec/ref", json!("p-cm"))),
        ("namePrefix: p-\n", names, At(0, "/spec/refs", json!(["p-cm", "other"]))),
        ("namespace: ns\n", names, At(0, "/spec/obj", json!({"name": "cm", "namespace": "ns"}))),
        ("namePrefix: p-\n", "namePrefix: [{path: spec/nm, kind: Foo}]\n", At(0, "/spec/nm", json!("p-zz"))),
        (
            "commonLabels: {a: b}\n",
            "commonLabels: [{path: spec/new/l, create: true, kind: Foo}]\n",
            At(0, "/spec/new/l", json!({"a": "b"})),
        ),
        (
            "labels: [{pairs: {a: b}}]\n",
            "labels: [{path: spec/lab, kind: Foo}]\n",
            At(0, "/spec/lab", json!({"q": "r", "a": "b"})),
        ),
        (
            "labels: [{pairs: {a: b}, includeTemplates: true}]\n",
            "templateLabels: [{path: spec/t, create: true, kind: Foo}]\n",
            At(0, "/spec/t", json!({"a": "b"})),
        ),
        (
            "commonAnnotations: {a: b}\n",
            "commonAnnotations: [{path: spec/an, kind: Foo}]\n",
            At(0, "/spec/an", json!({"a": "b", "z": "y"})),
        ),
        (
            "images: [{name: nginx, newTag: '2'}]\n",
            "images: [{path: spec/img, kind: Foo}]\n",
            At(0, "/spec/img", json!("nginx:2")),
        ),
        ("replicas: [{name: foo, count: 3}]\n", "replicas: [{path: spec/n, kind: Foo}]\n", At(0, "/spec/n", json!(3))),
        ("namespace: q\n", "namespace: [{path: spec/ns, create: true, kind: Foo}]\n", At(0, "/spec/ns", json!("q"))),
        (
            "vars: [{name: X, objref: {apiVersion: v1, kind: ConfigMap, name: cm}}]\n",
            "varReference: [{path: spec/nm, kind: Foo}]\n",
            At(0, "/spec/nm", json!("zz")),
        ),
        ("", "foo: []\n", Error("c.yaml:1:1: unknown field `foo`")),
        ("", "commonLabels: [{path: metadata/labels}]\n", Error("conflicting field specs in commonLabels")),
        (
            "namePrefix: p-\n",
            "nameReference: [{kind: ConfigMap, fieldSpecs: [{path: spec/lab, kind: Foo}]}]\n",
            Error("no 'name' field in node"),
        ),
    ] {
        check(config, build(&format!("{top}configurations: [c.yaml]\n"), config), &want);
    }
    let crd = r#"{"x/v1.Foo": {"Schema": {"properties": {"apiVersion": {}, "kind": {}, "metadata": {}, "spec": {"$ref": "x/v1.FooSpec"}}}},
        "x/v1.FooSpec": {"Schema": {"properties": {"obj": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"},
        "lab": {"x-kubernetes-label-selector": ""}, "an": {"x-kubernetes-annotation": ""}, "nm": {"x-kubernetes-identity": ""}, "again": {"$ref": "x/v1.FooSpec"}}}}}"#;
    for (top, pointer, want) in [
        ("namePrefix: p-\n", "/spec/obj/name", json!("p-cm")),
        ("namePrefix: p-\n", "/spec/nm", json!("p-zz")),
        ("commonLabels: {a: b}\n", "/spec/lab", json!({"q": "r", "a": "b"})),
        ("commonAnnotations: {a: b}\n", "/spec/an/a", json!("b")),
    ] {
        let built = build(&format!("{top}crds: [c.yaml]\n"), crd).unwrap();
        assert_eq!(at(&built, 0, pointer), &want, "{top}");
    }
    // A spec for one kind puts the one for every kind aside.
    let aside = build("namePrefix: p-\nconfigurations: [c.yaml]\n", "namePrefix: [{path: metadata/name, kind: Foo}]\n");
    check("aside", aside.clone(), &At(0, "/metadata/name", json!("p-foo")));
    check("aside", aside, &At(1, "/metadata/name", json!("cm")));
    // What a base adds holds for the layers above it.
    let built = run(&[
        ("kustomization.yaml", "resources: [base]\nnamePrefix: z-\n"),
        ("base/kustomization.yaml", "resources: [r.yaml]\nconfigurations: [c.yaml]\n"),
        ("base/r.yaml", CUSTOM),
        ("base/c.yaml", names),
    ]);
    check("from below", built, &At(0, "/spec/ref", json!("z-cm")));
}

#[test]
fn build_metadata_tells_origins_and_transformers() {
    let all = "buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n";
    let built = run(&[
        ("kustomization.yaml", &format!("resources: [base]\n{all}namePrefix: p-\nlabels: [{{pairs: {{a: b}}}}]\n")),
        (
            "base/kustomization.yaml",
            "resources: [sub/map.yaml]\nnameSuffix: -s\nconfigMapGenerator: [{name: g, literals: [a=b]}]\n",
        ),
        ("base/sub/map.yaml", MAP),
    ])
    .unwrap();
    assert_eq!(at(&built, 0, "/metadata/annotations/config.kubernetes.io~1origin"), "path: base/sub/map.yaml\n");
    let by = |file: &str, kind: &str| {
        format!("- configuredIn: {file}\n  configuredBy:\n    apiVersion: builtin\n    kind: {kind}\n")
    };
    // `labels` alone are two of kustomize's transformers: one for the item, one for the absent commonLabels.
    let steps = [
        by("base/kustomization.yaml", "SuffixTransformer"),
        by("kustomization.yaml", "PrefixTransformer"),
        by("kustomization.yaml", "LabelTransformer"),
        by("kustomization.yaml", "LabelTransformer"),
    ];
    let told = at(&built, 0, "/metadata/annotations/alpha.config.kubernetes.io~1transformations");
    assert_eq!(told, &steps.concat());
    let origin =
        "configuredIn: base/kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n";
    assert_eq!(at(&built, 1, "/metadata/annotations/config.kubernetes.io~1origin"), origin);
    assert_eq!(at(&built, 1, "/metadata/labels/app.kubernetes.io~1managed-by"), teal_kustomize::MANAGED_BY_VALUE);
    // Without it, what a file says of itself is no origin.
    let mark = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: e, annotations: {config.kubernetes.io/origin: me}}\n";
    let built = run(&[("kustomization.yaml", "resources: [e.yaml]"), ("e.yaml", mark)]).unwrap();
    assert_eq!(at(&built, 0, "/metadata/annotations"), &Value::Null);
}

#[test]
fn a_schema_of_ones_own_merges_custom_lists() {
    let schema = r##"{"definitions": {"Foo": {"properties": {"spec": {"$ref": "#/definitions/Spec"}},
        "x-kubernetes-group-version-kind": [{"group": "x.io", "version": "v1", "kind": "Foo"}]},
        "Spec": {"properties": {"l": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "id"},
        "m": {"additionalProperties": {"$ref": "#/definitions/Spec"}}}}},
        "paths": {"/apis/x.io/v1/foos": {"get": {"x-kubernetes-group-version-kind": {"group": "x.io", "version": "v1", "kind": "Foo"}}}}}"##;
    let foo = "apiVersion: x.io/v1\nkind: Foo\nmetadata: {name: foo}\nspec: {l: [{id: 1, v: x}, {id: 2}], m: {k: {l: [{id: 1, q: r}]}}}\n";
    let patch = "patches: [{patch: '{apiVersion: x.io/v1, kind: Foo, metadata: {name: foo}, spec: {l: [{id: 2, w: z}], m: {k: {l: [{id: 1, n: 1}]}}}}'}]\n";
    let build = |top: &str| {
        run(&[("kustomization.yaml", &format!("resources: [f.yaml]\n{top}")), ("f.yaml", foo), ("s.json", schema)])
    };
    let with = build(&format!("{patch}openapi: {{path: s.json}}\nnamespace: ns\n"));
    check("list", with.clone(), &At(0, "/spec/l", json!([{"id": 2, "w": "z"}, {"id": 1, "v": "x"}])));
    check("others", with.clone(), &At(0, "/spec/m/k/l", json!([{"id": 1, "n": 1, "q": "r"}])));
    check("scope", with, &At(0, "/metadata/namespace", Value::Null));
    check("without", build(patch), &At(0, "/spec/l", json!([{"id": 2, "w": "z"}])));
    check("both", build("openapi: {path: s.json, version: v1.21.2}\n"), &Error("cannot use both"));
    check("version", build("openapi: {version: v1.0.0}\n"), &Error("version is not built in"));
    check("built in", build("openapi: {version: v1.21.2}\n"), &At(0, "/metadata/name", json!("foo")));
    check("none", build("openapi: {path: no.json}\n"), &Error("`no.json` does not exist"));
    check("no schema", build("openapi: {path: f.yaml}\n"), &At(0, "/metadata/name", json!("foo")));
}
