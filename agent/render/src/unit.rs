//! One unit, from its directory to its objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use teal_api::fleet::{Fleet, UnitSettings};
use teal_api::sync::Role;
use teal_kustomize::{
    BuildErrors, ChartInflator, Entry, KUSTOMIZATION_FILE_NAMES, LoadRestrictor, LoadedObject, Options, Origin,
    Recorder, Tree, build_with,
};

use teal_sops::Unwrap;

use crate::decrypting::Decrypting;
use crate::differences::{Differences, described};
use crate::helm::{self, Charts, HELM_FILES, Inflater, ValueRef};
use crate::plain::{self, under};
use crate::sealed::sealed_field;
use crate::secrets::Secrets;
use crate::substitute::{Form, Variables};
use crate::{ClusterValues, RenderError};

/// Most names of variables that are told to be declared nowhere.
const MOST_NOTICES: usize = 50;

/// What to render, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct UnitInput<'a> {
    /// Directory of the unit inside the tree; empty for the root.
    pub path: &'a str,
    /// What `teal.yaml` declares.
    pub fleet: &'a Fleet,
    /// The color of the cluster.
    pub color: &'a str,
    /// Its role, if it has one.
    pub role: Option<Role>,
}

/// What the cluster gives beside the fleet's files; nothing of it without a cluster.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    /// What charts are rendered with.
    pub charts: Charts<'a>,
    /// Opens what SOPS encrypted.
    pub keys: Option<&'a dyn Unwrap>,
    /// Variables from `substituteFrom`. `None` tells that nobody looked, and then none is missed.
    pub values: Option<&'a ClusterValues>,
}

/// An object as loaded.
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// What both colors agree on, where a chart was given values of this color.
    pub(crate) base: Option<Value>,
    /// A chart made it of values that nobody may see.
    pub(crate) secret: bool,
    /// A chart made it, and what may be seen of it is known to be made of nothing secret.
    pub(crate) cleared: bool,
}

impl From<LoadedObject> for Found {
    fn from(LoadedObject { value, origin }: LoadedObject) -> Self {
        Self { value, origin, base: None, secret: false, cleared: false }
    }
}

/// One object in both forms. Its `Debug` shows no content (G9).
#[derive(Clone, PartialEq)]
pub struct RenderedObject {
    /// As this cluster shall have it.
    pub value: Value,
    /// Without declared differences; `None` when there are none for this object.
    pub neutral: Option<Value>,
    /// Where it was declared.
    pub origin: Origin,
    /// Holds something that was encrypted in git, or a value from a Secret.
    pub secret: bool,
}

impl std::fmt::Debug for RenderedObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RenderedObject").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// What came of a unit. Good objects are there although others are not (G8).
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The objects, in the order of the files.
    pub objects: Vec<RenderedObject>,
    /// Everything that is wrong; with any of it the unit is not whole.
    pub errors: Vec<RenderError>,
    /// Things worth knowing that stop nothing, such as `${…}` left as it is.
    pub notices: Vec<String>,
    /// Every path that was asked for: the result can only change when one of these, or the input, does.
    pub reads: BTreeSet<String>,
    /// Every `${NAME}` that stands in its objects: the result can also change when one of these gets another value.
    pub names: BTreeSet<String>,
    /// Whether a file was encrypted: the result can also change with the keys.
    pub decrypted: bool,
    /// What `unit.yaml` says; the default when there is none.
    pub settings: UnitSettings,
    /// It has charts.
    pub charts: bool,
    /// A chart or its values are not there yet, or may be the next time: render again whenever there is news.
    pub pending: bool,
    /// A chart asks which API versions the cluster has: render again when they change.
    pub asks_api_versions: bool,
    /// Keys in the cluster that a chart's values come from: the result can also change with what they hold.
    pub cluster_values: BTreeSet<ValueRef>,
}

/// [`render_unit_with`] without a cluster: charts and encrypted files are errors, and variables of the cluster stay.
#[must_use]
pub fn render_unit(tree: &dyn Tree, input: &UnitInput<'_>) -> Rendered {
    render_unit_with(tree, input, Given::default())
}

/// Renders one unit. Never fails as a whole: see [`Rendered::errors`].
#[must_use]
pub fn render_unit_with(tree: &dyn Tree, input: &UnitInput<'_>, given: Given<'_>) -> Rendered {
    let clear = Decrypting::new(tree, given.keys);
    let recorder = Recorder::new(&clear);
    let mut rendered = Rendered::default();
    let opened = |path: &str| clear.has_opened(path);
    let mut names = Vec::new();
    let found = load(&recorder, input, given.charts, &opened, &mut names, &mut rendered);
    rendered.reads.extend(recorder.into_reads());
    let mut secrets = clear.secrets();
    rendered.decrypted = secrets.any();
    secrets.know(std::mem::take(&mut names));
    match Differences::read(input.fleet, input.color, input.role) {
        Ok(differences) => finish(found, input, given.values, &differences, &secrets, &mut rendered),
        Err(errors) => rendered.errors.extend(errors),
    }
    if secrets.any() {
        conceal(&secrets, &mut rendered);
    }
    rendered
}

/// Takes out of everything that is told what was decrypted: a build that fails may already have put it into names.
fn conceal(secrets: &Secrets<'_>, rendered: &mut Rendered) {
    let hide = |text: &str| secrets.conceal(text);
    let each = |error| match error {
        RenderError::Build(error) => RenderError::Build(secrets.conceal_one(error)),
        error => error.concealed(&hide),
    };
    rendered.errors = std::mem::take(&mut rendered.errors).into_iter().map(each).collect();
    rendered.notices.iter_mut().for_each(|notice| *notice = hide(notice));
}

fn load(
    tree: &dyn Tree,
    input: &UnitInput<'_>,
    charts: Charts<'_>,
    opened: &dyn Fn(&str) -> bool,
    clear: &mut Vec<String>,
    rendered: &mut Rendered,
) -> Vec<Found> {
    let path = input.path;
    let names = match tree.entry(path) {
        Ok(Some(Entry::Dir(names))) => names,
        Ok(_) => {
            rendered.errors.push(RenderError::Missing { path: path.to_owned() });
            return Vec::new();
        }
        Err(error) => {
            rendered.errors.push(error.into());
            return Vec::new();
        }
    };
    read_settings(tree, path, rendered);
    if let Some(file) = HELM_FILES.into_iter().find(|file| names.iter().any(|name| name == file)) {
        return helm::load(tree, input, file, charts, opened, rendered);
    }
    let objects = if names.iter().any(|name| KUSTOMIZATION_FILE_NAMES.contains(&name.as_str())) {
        return kustomize(tree, path, charts, opened, clear, rendered);
    } else {
        let (objects, errors) = plain::load(tree, path);
        rendered.errors.extend(errors);
        objects
    };
    if objects.is_empty() && rendered.errors.is_empty() {
        rendered.errors.push(RenderError::Empty { path: path.to_owned() });
    }
    objects.into_iter().map(Found::from).collect()
}

fn kustomize(
    tree: &dyn Tree,
    path: &str,
    charts: Charts<'_>,
    opened: &dyn Fn(&str) -> bool,
    clear: &mut Vec<String>,
    rendered: &mut Rendered,
) -> Vec<Found> {
    // As Flux does: a kustomization may name any file of the repository, and nothing outside of it.
    let options = Options { restrictor: LoadRestrictor::None, ..Options::default() };
    let inflater = Inflater::new(charts, opened);
    let built = build_with(tree, path, &options, charts.engine.is_some().then_some(&inflater as &dyn ChartInflator));
    let met = inflater.into_met();
    rendered.charts |= met.charts;
    rendered.pending |= met.pending;
    rendered.asks_api_versions |= met.asks_api_versions;
    rendered.notices.extend(met.notices);
    clear.extend(met.names);
    match built {
        Ok(built) => {
            rendered.reads.extend(built.reads);
            let found = built.objects.into_iter().map(|object| Found {
                value: object.value.into(),
                origin: object.origin,
                base: None,
                // What kustomize did to a chart's objects since can't be told apart: then all count.
                secret: met.secret,
                cleared: false,
            });
            let mut found: Vec<Found> = found.collect();
            if met.charts {
                helm::arrange(&mut found, path, &mut rendered.notices);
            }
            if found.is_empty() && rendered.errors.is_empty() {
                rendered.errors.push(RenderError::Empty { path: path.to_owned() });
            }
            found
        }
        Err(BuildErrors(errors)) => {
            rendered.errors.extend(errors.into_iter().map(RenderError::Build));
            Vec::new()
        }
    }
}

fn read_settings(tree: &dyn Tree, path: &str, rendered: &mut Rendered) {
    let file = under(path, "unit.yaml");
    let bytes = match tree.entry(&file) {
        Ok(Some(Entry::File(bytes))) => bytes,
        Ok(Some(Entry::Link)) => return rendered.errors.push(RenderError::Link { path: file }),
        Ok(_) => return,
        Err(error) => return rendered.errors.push(error.into()),
    };
    match UnitSettings::parse(&file, &String::from_utf8_lossy(&bytes)) {
        Ok(settings) => rendered.settings = settings,
        Err(mistakes) => rendered.errors.extend(mistakes.0.into_iter().map(RenderError::Settings)),
    }
}

fn finish(
    found: Vec<Found>,
    input: &UnitInput<'_>,
    cluster: Option<&ClusterValues>,
    differences: &Differences<'_>,
    secrets: &Secrets<'_>,
    rendered: &mut Rendered,
) {
    let colored = input.fleet.colors.values().flat_map(|color| color.substitute.keys().map(String::as_str));
    let colored = colored.chain(cluster.into_iter().flat_map(ClusterValues::differing)).collect();
    let color = input.fleet.colors.get(input.color).map(|color| &color.substitute);
    let variables = Variables { fleet: Some(&input.fleet.substitute), color, cluster, colored };
    let (mut left, mut unset): (BTreeMap<String, String>, BTreeMap<String, String>) = Default::default();
    rendered.objects.reserve(found.len());
    for Found { mut value, origin, base, secret, cleared } in found {
        if let Some(field) = sealed_field(&value) {
            let (place, what) = (origin.to_string(), described(&value));
            rendered.errors.push(RenderError::Sealed { place, what, field });
            continue;
        }
        if !cleared && let Err(error) = secrets.check(&value, &origin) {
            rendered.errors.push(error);
            continue;
        }
        if let Some(field) = variables.secret_identity(&value) {
            // As declared, before anything is put in its place.
            let (place, what) = (origin.to_string(), described(&value));
            rendered.errors.push(RenderError::SecretIdentity { place, what, field });
            continue;
        }
        let touched = !differences.is_empty() && differences.touches(&value);
        // The copy is made only for the few objects that differ: a probe on the text is cheaper than a clone of each.
        let mut neutral = base.or_else(|| (touched || mentions(&value, &variables.colored)).then(|| value.clone()));
        let mut met = variables.apply(&mut value, Form::Here);
        if let Some(neutral) = &mut neutral {
            variables.apply(neutral, Form::Neutral);
            keep_base64(neutral);
        }
        rendered.names.append(&mut met.names);
        for name in met.unknown {
            left.entry(name).or_insert_with(|| origin.to_string());
        }
        if !met.unset.is_empty() {
            for name in met.unset {
                unset.entry(name).or_insert_with(|| origin.to_string());
            }
            continue;
        }
        let secret = secret || met.secret || secrets.are_in(&value, &origin.file);
        let neutral = match differences.apply(&mut value) {
            Ok(()) => neutral.filter(|neutral| *neutral != value),
            Err(error) => {
                rendered.errors.push(error);
                continue;
            }
        };
        match neutral.as_ref().and_then(|neutral| other_identity(neutral, &value)) {
            Some(field) => {
                let (place, what) = (origin.to_string(), described(&value));
                rendered.errors.push(RenderError::Identity { place, what, field });
            }
            None => rendered.objects.push(RenderedObject { neutral, value, origin, secret }),
        }
    }
    rendered.errors.extend(unset.into_iter().map(|(name, place)| RenderError::Unset {
        place,
        name,
        color: input.color.to_owned(),
    }));
    undeclared(left, input.fleet, cluster, rendered);
}

/// Names that nobody declares: a notice, unless they would be declared by something that is not there, or `teal.yaml` is
/// strict.
fn undeclared(left: BTreeMap<String, String>, fleet: &Fleet, cluster: Option<&ClusterValues>, rendered: &mut Rendered) {
    let missing = cluster.map(ClusterValues::missing).unwrap_or_default();
    // Without a cluster nobody can tell what its objects declare.
    let unknowable = cluster.is_none() && !fleet.substitute_from.is_empty();
    if !missing.is_empty() || fleet.strict && !unknowable {
        rendered.errors.extend(left.into_iter().map(|(name, place)| match missing {
            [] => RenderError::Undeclared { place, name },
            _ => RenderError::SourceMissing { place, name, sources: missing.join(", ") },
        }));
        return;
    }
    let more = left.len().saturating_sub(MOST_NOTICES);
    rendered.notices.extend(left.into_iter().take(MOST_NOTICES).map(|(name, place)| {
        format!("${{{name}}} is declared nowhere and left as it is, first in {place}; declare it under `substitute` to have it replaced")
    }));
    if more > 0 {
        rendered.notices.push(format!("{more} more names in `${{…}}` are declared nowhere and left as they are"));
    }
}

/// A variable left in the `data` of a Secret is no base64, which everything behind here asks for. Any text that is, and
/// tells different ones apart, does for comparing.
fn keep_base64(neutral: &mut Value) {
    if neutral.get("apiVersion") != Some(&json!("v1")) || neutral.get("kind") != Some(&json!("Secret")) {
        return;
    }
    let data = neutral.get_mut("data").and_then(Value::as_object_mut);
    for text in data.into_iter().flat_map(serde_json::Map::values_mut) {
        if let Some(left) = text.as_str().filter(|left| left.contains("${")) {
            *text = left.bytes().map(|byte| format!("{byte:04x}")).collect::<String>().into();
        }
    }
}

/// The parts of the identity in which two forms of an object differ; `None` when it is the same object.
fn other_identity(neutral: &Value, here: &Value) -> Option<String> {
    let text =
        |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let group = |object: &Value| text(object, "/apiVersion").split_once('/').map(|(group, _)| group.to_owned());
    let mut fields = Vec::new();
    if group(neutral) != group(here) {
        fields.push("apiVersion");
    }
    for (pointer, field) in
        [("/kind", "kind"), ("/metadata/namespace", "metadata.namespace"), ("/metadata/name", "metadata.name")]
    {
        if text(neutral, pointer) != text(here, pointer) {
            fields.push(field);
        }
    }
    (!fields.is_empty()).then(|| fields.join(", "))
}

fn mentions(value: &Value, colored: &BTreeSet<&str>) -> bool {
    match value {
        Value::String(text) => text.contains("${") && colored.iter().any(|name| text.contains(*name)),
        Value::Array(items) => items.iter().any(|item| mentions(item, colored)),
        Value::Object(map) => map.values().any(|item| mentions(item, colored)),
        _ => false,
    }
}
