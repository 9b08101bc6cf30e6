//! A whole tree of kustomizations: bases with objects, a component, overlays one over the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::layers::{Layer, layers};
use super::objects::{Object, objects};
use super::plugins::FILES;
use super::yaml;

/// Values as people write them, which JSON can't say: read, they become something else, or stay text.
const WRITTEN: [&str; 24] = [
    "0x1F",
    "017",
    "0o17",
    "1e3",
    "1.0",
    "1.50",
    "yes",
    "Off",
    "~",
    "null",
    "2020-01-01",
    "2020-01-01T10:00:00Z",
    "1:30",
    "12345678901234567890123",
    "-0.0",
    ".5",
    "1_000",
    "\"on\"",
    "'it''s'",
    "!!str 12",
    "|-\n    a\n    b",
    ">\n    folded\n    text\n",
    "\"tab\\tquote\\\" \\u263a\"",
    "[a, {b: c}]",
];

/// One input of both programs.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) dir: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl World {
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        for (path, bytes) in &self.files {
            let file = folder.join(path);
            std::fs::create_dir_all(file.parent().context("a file has a folder")?)?;
            std::fs::write(&file, bytes).with_context(|| format!("write {}", file.display()))?;
        }
        Ok(())
    }

    /// The files for a person, those that kustomizations only might read left out.
    pub(super) fn shown(&self) -> String {
        let mut text = String::new();
        for (path, bytes) in self
            .files
            .iter()
            .filter(|(path, _)| path.ends_with(".yaml") && !FILES.iter().any(|(file, _)| path.ends_with(file)))
        {
            let _ = writeln!(text, "--- {path}\n{}", String::from_utf8_lossy(bytes));
        }
        text
    }
}

/// Worlds, small ones mostly.
pub(super) fn worlds() -> impl Strategy<Value = World> {
    let base = || (prop::collection::vec(objects(), 1..6), layers(true), prop::option::weighted(0.2, 0..WRITTEN.len()));
    let overlay = || (layers(false), prop::collection::vec(objects(), 0..2), any::<bool>());
    (
        prop::collection::vec(base(), 1..3),
        prop::collection::vec(overlay(), 0..3),
        prop::option::weighted(0.3, layers(false)),
    )
        .prop_map(|(bases, overlays, component)| assemble(&bases, &overlays, component.as_ref()))
}

type Base = (Vec<Object>, Layer, Option<usize>);
type Overlay = (Layer, Vec<Object>, bool);

fn assemble(bases: &[Base], overlays: &[Overlay], component: Option<&Layer>) -> World {
    let mut world = World { dir: String::new(), files: BTreeMap::new() };
    let mut names = Vec::new();
    let all: Vec<Object> = bases.iter().flat_map(|(objects, ..)| objects.iter().cloned()).collect();
    for (at, (objects, layer, written)) in bases.iter().enumerate() {
        let dir = format!("base{at}");
        let mut resources = put_objects(&mut world, &dir, objects);
        if let Some(written) = written {
            let text = format!(
                "apiVersion: example.com/v1\nkind: Written\nmetadata:\n  name: w{at}\nspec:\n  value: {}\n",
                WRITTEN[*written]
            );
            world.files.insert(format!("{dir}/written.yaml"), text.into_bytes());
            resources.push("written.yaml".to_owned());
        }
        put(&mut world, &dir, layer, &resources, None, None, objects);
        names.push(dir);
    }
    if let Some(layer) = component {
        put(&mut world, "component", layer, &[], Some("Component"), None, &all);
    }
    let mut below: Vec<String> = names;
    for (at, (layer, objects, with_component)) in overlays.iter().enumerate() {
        let dir = format!("overlay{at}");
        let mut resources: Vec<String> = below.iter().map(|dir| format!("../{dir}")).collect();
        resources.extend(put_objects(&mut world, &dir, objects));
        let component = (*with_component && component.is_some()).then_some("../component");
        put(&mut world, &dir, layer, &resources, None, component, &all);
        below = vec![dir];
    }
    if below.len() > 1 {
        let resources: Vec<String> = below.iter().map(|dir| format!("../{dir}")).collect();
        put(&mut world, "top", &Layer { fields: Vec::new() }, &resources, None, None, &[]);
        below = vec!["top".to_owned()];
    }
    world.dir = below.pop().unwrap_or_default();
    world
}

/// Writes each object once, and returns the names of the files.
fn put_objects(world: &mut World, dir: &str, objects: &[Object]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for object in objects.iter().filter(|object| seen.insert(object.identity())) {
        let file = format!("{}-{}.yaml", object.kind().to_lowercase(), files.len());
        world.files.insert(format!("{dir}/{file}"), yaml(&object.value()).into_bytes());
        files.push(file);
    }
    files
}

fn put(
    world: &mut World,
    dir: &str,
    layer: &Layer,
    resources: &[String],
    kind: Option<&str>,
    component: Option<&str>,
    objects: &[Object],
) {
    let mut map = Map::new();
    let api_version =
        if kind.is_some() { "kustomize.config.k8s.io/v1alpha1" } else { "kustomize.config.k8s.io/v1beta1" };
    map.insert("apiVersion".to_owned(), json!(api_version));
    map.insert("kind".to_owned(), json!(kind.unwrap_or("Kustomization")));
    if !resources.is_empty() {
        map.insert("resources".to_owned(), json!(resources));
    }
    if let Some(component) = component {
        map.insert("components".to_owned(), json!([component]));
    }
    map.extend(layer.value(objects));
    if resources.is_empty() && map.len() < 3 {
        // Nobody builds an empty one.
        map.insert("commonAnnotations".to_owned(), json!({"by": "component"}));
    }
    world.files.insert(format!("{dir}/kustomization.yaml"), yaml(&Value::Object(map)).into_bytes());
    for (name, bytes) in [
        ("file.txt", b"first line\nsecond  \n".as_slice()),
        ("binary.bin", &[0xff, 0xfe, 0, 1, 2]),
        ("file.env", b"# comment\nA=1\n\n  B= two words # no comment\nC\n"),
    ] {
        world.files.insert(format!("{dir}/{name}"), bytes.to_vec());
    }
    for (name, text) in FILES {
        world.files.insert(format!("{dir}/{name}"), text.as_bytes().to_vec());
    }
}
