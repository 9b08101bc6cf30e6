//! A whole fleet as an agent would render it, without a cluster: `teal.yaml`, its layers, every unit of them.
//!
//! What only a cluster knows is missing: scopes of kinds come from the fleet's own CRDs and from Kubernetes' built-in kinds.

mod directories;
mod problem;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use teal_agent_core::kinds::{Scope, built_in_scope};
use teal_agent_core::layers::{LayerSpec, Layout, layout};
use teal_agent_core::object::{DeclaredTwice, declared_twice};
use teal_agent_core::{GroupKind, Object, ObjectId};
use teal_api::fleet::Fleet;
use teal_api::sync::Role;
use teal_kustomize::{Entry, Tree};

use crate::{Given, Rendered, RenderedObject, UnitInput, render_unit_with};

pub use directories::{directories, is_file_name, is_manifest_name};
pub use problem::{FleetError, UnitProblem};

/// Kinds of Teal's own files, which are never applied.
const OWN_KINDS: [&str; 4] = ["Fleet", "Switch", "UnitSettings", "Colors"];
/// Layers name their units after the Sync; without a cluster there is none.
const NO_SYNC: &str = "build";

/// What to render, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct FleetInput<'a> {
    /// Folder of `teal.yaml` inside the tree; empty for the root.
    pub root: &'a str,
    /// The color to render for.
    pub color: &'a str,
    /// The role to render for; none changes nothing.
    pub role: Option<Role>,
}

/// Every unit in the order of the layers.
#[derive(Debug, Clone, Default)]
pub struct RenderedFleet {
    /// The units; good ones are there although others are not.
    pub units: Vec<RenderedUnit>,
    /// The colors for which `teal.yaml` declares differences.
    pub colors: Vec<String>,
    /// Things worth knowing that stop nothing.
    pub notices: Vec<String>,
}

/// One unit.
#[derive(Debug, Clone)]
pub struct RenderedUnit {
    /// Name of its layer.
    pub layer: String,
    /// Its folder, relative to the fleet; empty for the root.
    pub path: String,
    /// Its objects as they would be applied, without Teal's own label and annotation.
    pub objects: Vec<Object>,
    /// Those of them that hold what was encrypted in git, or a value from a Secret.
    pub secret: HashSet<ObjectId>,
    /// Everything that is wrong; with any of it the unit is not whole.
    pub problems: Vec<UnitProblem>,
}

/// Renders every unit of the fleet in `input.root` of `tree`.
///
/// # Errors
/// Only what makes the fleet as a whole unusable: an unreadable tree, a wrong `teal.yaml`, folders that two layers claim.
pub fn render_fleet(tree: &dyn Tree, input: &FleetInput<'_>) -> Result<RenderedFleet, FleetError> {
    render_fleet_with(tree, input, Given::default())
}

/// [`render_fleet`] with what is given beside the fleet's files, such as an engine for charts.
///
/// # Errors
/// As [`render_fleet`].
pub fn render_fleet_with(
    tree: &dyn Tree,
    input: &FleetInput<'_>,
    given: Given<'_>,
) -> Result<RenderedFleet, FleetError> {
    let declared = declaration(tree, input.root)?;
    let layout = match &declared {
        Some(fleet) => lay_out(tree, input.root, fleet)?,
        None => Layout::single(NO_SYNC),
    };
    let fleet = declared.unwrap_or_default();
    let colors: Vec<String> = fleet.colors.keys().cloned().collect();
    let mut out = RenderedFleet { units: Vec::new(), colors, notices: layout.notices.clone() };
    if !fleet.colors.is_empty() && !fleet.colors.contains_key(input.color) {
        let known = out.colors.join(", ");
        let notice = format!("teal.yaml declares nothing for color `{}`; it knows {known}", input.color);
        out.notices.push(notice);
    }
    let mut rendered = Vec::new();
    for (layer, unit) in layout.units() {
        let path = below(input.root, &unit.path);
        let unit_input = UnitInput { path: &path, fleet: &fleet, color: input.color, role: input.role };
        let found = render_unit_with(tree, &unit_input, given);
        out.notices.extend(found.notices.iter().map(|notice| format!("{}: {notice}", shown(&unit.path))));
        rendered.push((layer.to_owned(), unit.path.clone(), found));
    }
    let definitions = definitions(rendered.iter().flat_map(|(.., found)| &found.objects));
    let paths: Vec<String> = rendered.iter().map(|(_, path, _)| path.clone()).collect();
    for (layer, path, found) in rendered {
        out.units.push(unit(layer, path, found, &definitions, &paths));
    }
    refuse_twice(&mut out.units);
    Ok(out)
}

/// The path of a unit for people.
pub(crate) fn shown(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

/// `a/b`; either may be empty.
pub(crate) fn below(root: &str, path: &str) -> String {
    match (root.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => root.to_owned(),
        _ => format!("{root}/{path}"),
    }
}

/// What `teal.yaml` in the folder `root` of `tree` declares; `None` when there is none.
///
/// # Errors
/// No such folder, or a file that is no declaration: all its mistakes.
pub fn declaration(tree: &dyn Tree, root: &str) -> Result<Option<Fleet>, FleetError> {
    match tree.entry(root)? {
        Some(Entry::Dir(_)) => {}
        _ => return Err(FleetError::Missing { path: shown(root).to_owned() }),
    }
    let file = below(root, "teal.yaml");
    match tree.entry(&file)? {
        Some(Entry::File(bytes)) => {
            let text = std::str::from_utf8(&bytes).map_err(|_| FleetError::NotText { file: file.clone() })?;
            Fleet::parse(&file, text).map(Some).map_err(FleetError::Declaration)
        }
        None => Ok(None),
        // Taken for absent, the fleet would silently become one unit.
        Some(Entry::Dir(_) | Entry::Link) => Err(FleetError::NotAFile { file }),
    }
}

fn lay_out(tree: &dyn Tree, root: &str, fleet: &Fleet) -> Result<Layout, FleetError> {
    let layers: Vec<_> = fleet
        .layers
        .iter()
        .map(|layer| LayerSpec { name: layer.name.clone(), paths: layer.paths.clone(), after: layer.after.clone() })
        .collect();
    layout(NO_SYNC, &layers, &directories(tree, root)?).map_err(FleetError::Layout)
}

/// The kinds that the fleet's own CRDs define.
fn definitions<'a>(objects: impl Iterator<Item = &'a RenderedObject>) -> BTreeMap<GroupKind, Scope> {
    let definitions = objects.filter(|found| found.value["kind"] == "CustomResourceDefinition");
    definitions.filter_map(|found| Object::new(found.value.clone(), origin(found)).ok()?.defines()).collect()
}

fn unit(
    layer: String,
    path: String,
    found: Rendered,
    definitions: &BTreeMap<GroupKind, Scope>,
    paths: &[String],
) -> RenderedUnit {
    let mut problems: Vec<UnitProblem> = found.errors.into_iter().map(UnitProblem::Render).collect();
    let mut objects = Vec::with_capacity(found.objects.len());
    let mut secret = HashSet::new();
    for object in found.objects.into_iter().filter(|object| !is_own_file(&object.value)) {
        let origin = origin(&object);
        let holds = object.secret;
        match Object::new(object.value, origin) {
            Ok(object) => {
                let kind = object.id.group_kind();
                let scope = definitions.get(&kind).copied().or_else(|| built_in_scope(&kind));
                let object = object.scoped(scope).holding_secrets(holds);
                if holds {
                    secret.insert(object.id.clone());
                }
                objects.push(object);
            }
            Err(error) => problems.push(UnitProblem::Object(error)),
        }
    }
    for missing in found.settings.depends_on.iter().filter(|path| !paths.contains(path)) {
        let file = below(&path, "unit.yaml");
        problems.push(UnitProblem::UnknownUnit { file, missing: missing.clone(), known: paths.join(", ") });
    }
    problems.extend(drop_twice(&mut objects).into_iter().map(UnitProblem::Twice));
    RenderedUnit { layer, path, objects, secret, problems }
}

fn origin(found: &RenderedObject) -> teal_agent_core::Origin {
    teal_agent_core::Origin::new(found.origin.file.clone(), found.origin.line)
}

/// Keeps the first declaration of each object.
fn drop_twice(objects: &mut Vec<Object>) -> Vec<DeclaredTwice> {
    let twice = declared_twice(objects.iter().map(|object| (&object.id, &object.origin)));
    let mut seen = HashSet::new();
    objects.retain(|object| seen.insert(object.id.clone()));
    twice
}

/// An object of two units stays in the first one, and both are told.
fn refuse_twice(units: &mut [RenderedUnit]) {
    let mut owner: HashMap<ObjectId, (usize, teal_agent_core::Origin)> = HashMap::new();
    let mut told: Vec<(usize, DeclaredTwice)> = Vec::new();
    for (at, unit) in units.iter_mut().enumerate() {
        unit.objects.retain(|object| match owner.get(&object.id) {
            None => {
                owner.insert(object.id.clone(), (at, object.origin.clone()));
                true
            }
            Some((first, origin)) => {
                let (first_place, second) = (origin.clone(), object.origin.clone());
                let twice = DeclaredTwice { id: object.id.clone(), first: first_place, second };
                told.extend([(*first, twice.clone()), (at, twice)]);
                false
            }
        });
    }
    for (at, twice) in told {
        if let Some(unit) = units.get_mut(at) {
            unit.problems.push(UnitProblem::Twice(twice));
        }
    }
}

/// Whether a document speaks of the fleet itself and is nothing to apply.
#[must_use]
pub fn is_own_file(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    text("apiVersion").starts_with("teal.dev/") && OWN_KINDS.contains(&text("kind"))
}
