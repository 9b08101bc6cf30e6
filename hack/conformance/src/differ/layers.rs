//! What one kustomization says beside its resources.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::objects::{Object, api_version, image_names, kinds, names, namespaces};
use super::patches::{patches, strategic, targets, text};
use super::plugins::{generators, named_files, odd_transformers, transformers};

/// Fields of one kustomization; few at a time, so that most worlds can be built.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) fields: Vec<(&'static str, Value)>,
}

impl Layer {
    /// The fields as one mapping over `objects`; lists that occur twice are joined, patches become texts.
    pub(super) fn value(&self, objects: &[Object]) -> Map<String, Value> {
        let mut map = Map::new();
        for (field, value) in &self.fields {
            match (map.get_mut(*field), value) {
                (Some(Value::Array(there)), Value::Array(more)) => there.extend(more.iter().cloned()),
                _ => {
                    map.insert((*field).to_owned(), value.clone());
                }
            }
        }
        for patch in map.get_mut("patches").and_then(Value::as_array_mut).into_iter().flatten() {
            patch["patch"] = json!(text(&patch["patch"], objects));
        }
        for patch in map.get_mut("patchesStrategicMerge").and_then(Value::as_array_mut).into_iter().flatten() {
            *patch = json!(text(patch, objects));
        }
        map
    }
}

/// A layer; `generates` tells whether it may make ConfigMaps and Secrets of its own, `merges` whether it may change some.
pub(super) fn layers(base: bool) -> impl Strategy<Value = Layer> {
    prop::collection::vec(fields(base), 0..4).prop_map(|fields| Layer { fields })
}

fn fields(base: bool) -> BoxedStrategy<(&'static str, Value)> {
    let one = |field: &'static str| move |value: Value| (field, json!([value]));
    prop_oneof![
        2 => prop::sample::select(&["a-", "dev-", ""][..]).prop_map(|text| ("namePrefix", json!(text))),
        1 => prop::sample::select(&["-v1", "-x"][..]).prop_map(|text| ("nameSuffix", json!(text))),
        2 => namespaces().prop_map(|text| ("namespace", json!(text))),
        3 => labels().prop_map(one("labels")),
        1 => pairs().prop_map(|pairs| ("commonLabels", pairs)),
        1 => pairs().prop_map(|pairs| ("commonAnnotations", pairs)),
        3 => images().prop_map(one("images")),
        1 => (names(), 0..5_u8).prop_map(|(name, count)| json!({"name": name, "count": count})).prop_map(one("replicas")),
        5 => patches().prop_map(one("patches")),
        1 => strategic().prop_map(one("patchesStrategicMerge")),
        3 => generator(base, false).prop_map(one("configMapGenerator")),
        2 => generator(base, true).prop_map(one("secretGenerator")),
        1 => generator_options().prop_map(|options| ("generatorOptions", options)),
        3 => replacement().prop_map(one("replacements")),
        1 => prop::sample::select(vec![
            json!({"order": "fifo"}), json!({"order": "legacy"}),
            json!({"order": "legacy", "legacySortOptions": {"orderFirst": ["Service", "ConfigMap"], "orderLast": ["Namespace"]}}),
        ]).prop_map(|options| ("sortOptions", options)),
        1 => prop::sample::select(vec![json!(["originAnnotations"]), json!(["managedByLabel"]), json!(["transformerAnnotations", "originAnnotations"])])
            .prop_map(|metadata| ("buildMetadata", metadata)),
        1 => vars().prop_map(one("vars")),
        3 => transformers().prop_map(one("transformers")),
        1 => generators().prop_map(one("generators")),
        2 => named_files(),
        1 => odd_transformers().prop_map(one("transformers")),
    ]
    .boxed()
}

/// Some keys with two values: kustomize lets all places that one transformer wrote share a node, so a later one that changes
/// one of them changes all.
fn pairs() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"team": "one"}),
        json!({"app": "all"}),
        json!({"tier": "all"}),
        json!({"a.example/b": "1.5", "team": "two"}),
    ])
}

fn labels() -> impl Strategy<Value = Value> {
    (pairs(), any::<[bool; 2]>(), any::<bool>()).prop_map(|(pairs, [selectors, templates], fields)| {
        let mut label = json!({"pairs": pairs});
        if selectors {
            label["includeSelectors"] = json!(true);
        } else if templates {
            label["includeTemplates"] = json!(true);
        }
        if fields {
            label["fields"] = json!([{"path": "spec/deep/labels", "kind": "Widget", "create": true}]);
        }
        label
    })
}

fn images() -> impl Strategy<Value = Value> {
    let parts = (
        prop::option::of(Just("reg.example/new")),
        prop::option::of(Just("9")),
        prop::option::of(Just("sha256:beef")),
        any::<bool>(),
    );
    (image_names(), parts).prop_map(|(name, (new_name, tag, digest, suffix))| {
        let mut image = json!({"name": name});
        for (key, value) in [("newName", new_name), ("newTag", tag), ("digest", digest)] {
            if let Some(value) = value {
                image[key] = json!(value);
            }
        }
        if suffix && tag.is_none() {
            image["tagSuffix"] = json!("-alpine");
        }
        image
    })
}

fn generator(base: bool, secret: bool) -> impl Strategy<Value = Value> {
    let behavior = if base {
        prop::sample::select(vec!["create", ""]).boxed()
    } else {
        prop::sample::select(vec!["merge", "replace", "create", ""]).boxed()
    };
    let sources = prop::sample::select(vec![
        json!({"literals": ["mode=one", "b=two words"]}),
        json!({"literals": ["mode=\"quoted\"", "eq=a=b"], "options": {"disableNameSuffixHash": true}}),
        json!({"files": ["file.txt"]}),
        json!({"files": ["key=file.txt", "binary.bin"]}),
        json!({"envs": ["file.env"]}),
        json!({"literals": ["long=wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"],
            "options": {"labels": {"from": "generator"}, "annotations": {"n": "1"}, "immutable": true}}),
        json!({}),
    ]);
    (names(), behavior, sources, prop::option::of(namespaces())).prop_map(
        move |(name, behavior, sources, namespace)| {
            let mut generator = json!({"name": name});
            if let (Some(into), Value::Object(sources)) = (generator.as_object_mut(), sources) {
                into.extend(sources);
            }
            if !behavior.is_empty() {
                generator["behavior"] = json!(behavior);
            }
            if let Some(namespace) = namespace.filter(|_| base) {
                generator["namespace"] = json!(namespace);
            }
            if secret {
                generator["type"] = json!("example.com/type");
            }
            generator
        },
    )
}

fn generator_options() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"disableNameSuffixHash": true}),
        json!({"labels": {"gen": "1"}, "annotations": {"note": "generated"}}),
        json!({"immutable": true}),
    ])
}

fn replacement() -> impl Strategy<Value = Value> {
    let source = (
        kinds(),
        names(),
        prop::sample::select(vec![
            json!({}),
            json!({"fieldPath": "metadata.name"}),
            json!({"fieldPath": "data.mode"}),
            json!({"fieldPath": "metadata.labels.app"}),
            json!({"fieldPath": "data.url", "options": {"delimiter": "/", "index": 2}}),
            json!({"fieldPath": "spec.template.spec.containers.[name=main].image"}),
            json!({"fieldPath": "spec.ports.0.port"}),
            json!({"fieldPath": "spec.value"}),
            json!({"fieldPath": "spec.parts"}),
            json!({"fieldPath": "metadata.annotations.note"}),
        ]),
    );
    let target = (
        targets(),
        prop::sample::select(vec![
            "metadata.annotations.copied",
            "metadata.name",
            "spec.template.spec.containers.*.image",
            "spec.template.spec.containers.[name=main].env.[name=PLAIN].value",
            "data.url",
            "spec.deep.flag",
            "spec.template.metadata.labels.app",
            "metadata.labels.[new/label]",
            "metadata.annotations",
            "spec.parts.*.size",
            "spec.parts.[name=a].size",
            "data.document.server.port",
            "data.document.parts.[name=one].v",
        ]),
        prop::sample::select(vec![
            json!({}),
            json!({"create": true}),
            json!({"delimiter": ":", "index": 0}),
            json!({"delimiter": "/", "index": 1, "create": true}),
        ]),
    );
    (source, prop::collection::vec(target, 1..3)).prop_map(|((kind, name, how), targets)| {
        let mut source = json!({"kind": kind, "name": name});
        if let (Some(into), Value::Object(how)) = (source.as_object_mut(), how) {
            into.extend(how);
        }
        let targets: Vec<Value> = targets
            .into_iter()
            .map(|(select, path, options)| {
                // Selectors of replacements know no labels.
                let mut select = select;
                if let Some(select) = select.as_object_mut() {
                    select.retain(|key, _| ["group", "version", "kind", "name", "namespace"].contains(&key.as_str()));
                    if select.is_empty() {
                        select.insert("kind".to_owned(), json!("Deployment"));
                    }
                }
                json!({"select": select, "fieldPaths": [path], "options": options})
            })
            .collect();
        json!({"source": source, "targets": targets})
    })
}

fn vars() -> impl Strategy<Value = Value> {
    (kinds(), names(), prop::sample::select(&["metadata.name", "data.mode", "spec.replicas"][..])).prop_map(|(kind, name, path)| {
        json!({"name": "MODE", "objref": {"kind": kind, "name": name, "apiVersion": api_version(kind)}, "fieldref": {"fieldpath": path}})
    })
}
