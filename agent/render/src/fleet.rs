//! A whole fleet as an agent would render it, without a cluster: `teal.yaml`, its layers, every unit of them.
//!
//! What only a cluster knows is missing: scopes of kinds come from the fleet's own CRDs and from Kubernetes' built-in kinds.

mod directories;
mod held;
mod problem;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use teal_agent_core::kinds::Scope;
use teal_agent_core::layers::{LayerSpec, Layout, layout};
use teal_agent_core::object::{DeclaredTwice, declared_twice};
use teal_agent_core::{GroupKind, Object, ObjectId};
use teal_api::fleet::Fleet;
use teal_api::sync::Role;
use teal_kustomize::{Entry, Tree};

use crate::{Given, Rendered, RenderedObject, UnitInput, render_unit_with};

pub use directories::{directories, is_file_name, is_manifest_name};
pub use held::{Content, FleetObject};
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
    pub objects: Vec<FleetObject>,
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
    let paths: Vec<&str> = layout.units().map(|(_, unit)| unit.path.as_str()).collect();
    let mut definitions = BTreeMap::new();
    // Of each unit no more is kept than what is printed: together they can be larger than all else here.
    for (layer, declared) in layout.units() {
        let path = below(input.root, &declared.path);
        let unit_input = UnitInput { path: &path, fleet: &fleet, color: input.color, role: input.role };
        let found = render_unit_with(tree, &unit_input, given);
        out.notices.extend(found.notices.iter().map(|notice| format!("{}: {notice}", shown(&declared.path))));
        out.units.push(unit(layer.to_owned(), declared.path.clone(), found, &mut definitions, &paths));
    }
    for unit in &mut out.units {
        unit.objects.iter_mut().for_each(|object| object.settle(&definitions));
        unit.problems.extend(drop_twice(&mut unit.objects).into_iter().map(UnitProblem::Twice));
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

fn unit(
    layer: String,
    path: String,
    found: Rendered,
    definitions: &mut BTreeMap<GroupKind, Scope>,
    paths: &[&str],
) -> RenderedUnit {
    let mut problems: Vec<UnitProblem> = found.errors.into_iter().map(UnitProblem::Render).collect();
    let mut objects = Vec::with_capacity(found.objects.len());
    for object in found.objects.into_iter().filter(|object| !is_own_file(&object.value)) {
        let origin = origin(&object);
        let holds = object.secret;
        match Object::new(object.value, origin) {
            Ok(object) => {
                definitions.extend(object.defines());
                objects.push(FleetObject::hold(object, holds));
            }
            Err(error) => problems.push(UnitProblem::Object(error)),
        }
    }
    for missing in found.settings.depends_on.iter().filter(|path| !paths.contains(&path.as_str())) {
        let file = below(&path, "unit.yaml");
        problems.push(UnitProblem::UnknownUnit { file, missing: missing.clone(), known: paths.join(", ") });
    }
    RenderedUnit { layer, path, objects, problems }
}

fn origin(found: &RenderedObject) -> teal_agent_core::Origin {
    teal_agent_core::Origin::new(found.origin.file.clone(), found.origin.line)
}

/// Keeps the first declaration of each object.
fn drop_twice(objects: &mut Vec<FleetObject>) -> Vec<DeclaredTwice> {
    let twice = declared_twice(objects.iter().map(|object| (&object.id, object.origin())));
    if !twice.is_empty() {
        let mut seen = HashSet::new();
        objects.retain(|object| seen.insert(object.id.clone()));
    }
    twice
}

/// An object of two units stays in the first one, and both are told.
fn refuse_twice(units: &mut [RenderedUnit]) {
    let mut owner: HashMap<&ObjectId, (usize, &FleetObject)> = HashMap::new();
    let mut told: Vec<(usize, DeclaredTwice)> = Vec::new();
    let mut refused: HashMap<usize, HashSet<ObjectId>> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        for object in &unit.objects {
            let (first, known) = *owner.entry(&object.id).or_insert((at, object));
            if first != at {
                let (first_place, second) = (known.origin().clone(), object.origin().clone());
                let twice = DeclaredTwice { id: object.id.clone(), first: first_place, second };
                told.extend([(first, twice.clone()), (at, twice)]);
                refused.entry(at).or_default().insert(object.id.clone());
            }
        }
    }
    for (at, ids) in refused {
        units[at].objects.retain(|object| !ids.contains(&object.id));
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
