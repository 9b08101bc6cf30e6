//! One unit, from its directory to its objects.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use teal_api::fleet::{Fleet, UnitSettings};
use teal_api::sync::Role;
use teal_kustomize::{
    BuildErrors, ChartInflator, Entry, KUSTOMIZATION_FILE_NAMES, LoadRestrictor, LoadedObject, Options, Origin,
    Recorder, Tree, build_with,
};

use teal_sops::Unwrap;

use crate::decrypting::Decrypting;
use crate::differences::Differences;
use crate::finish::{Finishing, conceal};
use crate::helm::{self, Charts, Giving, HELM_FILES, Inflater, ValueRef};
use crate::plain::{self, under};
use crate::substitute::{Told, Variables};
use crate::{ClusterValues, RenderError, beside};

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
    /// It is a chart's by itself: variables were replaced in the chart's values.
    pub(crate) of_chart: bool,
}

impl From<LoadedObject> for Found {
    fn from(LoadedObject { value, origin }: LoadedObject) -> Self {
        Self { value, origin, base: None, secret: false, cleared: false, of_chart: false }
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
    let mut names = Vec::new();
    let variables = variables(input, given.values);
    let uses = RefCell::default();
    let giving = Giving { variables: &variables, uses: &uses };
    let found = load(&recorder, input, given.charts, giving, &clear, &mut names, &mut rendered);
    rendered.reads.extend(recorder.into_reads());
    let mut secrets = clear.secrets();
    rendered.decrypted = secrets.any();
    secrets.know(names);
    let mut uses = uses.into_inner();
    match Differences::read(input.fleet, input.color, input.role) {
        Ok(differences) => {
            let finishing = Finishing { variables: &variables, differences: &differences, secrets: &secrets };
            finishing.finish(found, &mut uses, &mut rendered);
        }
        Err(errors) => rendered.errors.extend(errors),
    }
    let told = Told { tree, fleet: input.fleet, color: input.color, cluster: given.values };
    uses.tell(&told, &mut rendered.errors, &mut rendered.notices);
    if secrets.any() {
        conceal(&secrets, &mut rendered);
    }
    // A chart with values of the color is rendered for both forms.
    let mut told = HashSet::new();
    rendered.notices.retain(|notice| told.insert(notice.clone()));
    rendered
}

fn variables<'a>(input: &UnitInput<'a>, cluster: Option<&'a ClusterValues>) -> Variables<'a> {
    let fleet = input.fleet;
    let colored = fleet.colors.values().flat_map(|color| color.substitute.keys().map(String::as_str));
    let colored: BTreeSet<&str> = colored.chain(cluster.into_iter().flat_map(ClusterValues::differing)).collect();
    Variables {
        declared: fleet.has_variables(),
        fleet: Some(&fleet.substitute),
        color: fleet.colors.get(input.color).map(|color| &color.substitute),
        cluster,
        colored,
    }
}

fn load(
    tree: &dyn Tree,
    input: &UnitInput<'_>,
    charts: Charts<'_>,
    giving: Giving<'_>,
    clear: &Decrypting<'_>,
    known: &mut Vec<String>,
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
        return helm::load(tree, input, file, charts, giving, Some(clear), rendered);
    }
    let objects = if names.iter().any(|name| KUSTOMIZATION_FILE_NAMES.contains(&name.as_str())) {
        return kustomize(tree, path, charts, clear, known, rendered);
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
    clear: &Decrypting<'_>,
    known: &mut Vec<String>,
    rendered: &mut Rendered,
) -> Vec<Found> {
    // As Flux does: a kustomization may name any file of the repository, and nothing outside of it.
    let options = Options { restrictor: LoadRestrictor::None, ..Options::default() };
    let inflater = Inflater::new(charts, Some(clear));
    let built = build_with(tree, path, &options, charts.engine.is_some().then_some(&inflater as &dyn ChartInflator));
    let met = inflater.into_met();
    rendered.charts |= met.charts;
    rendered.pending |= met.pending;
    rendered.asks_api_versions |= met.asks_api_versions;
    rendered.notices.extend(met.notices);
    known.extend(met.names);
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
                of_chart: false,
            });
            let mut found: Vec<Found> = found.collect();
            if met.charts {
                helm::arrange(&mut found, path, &mut rendered.notices);
            }
            found.retain(|one| {
                let declares = beside::is_declaration(&one.value);
                if declares {
                    rendered.errors.push(beside::declared(path, &one.origin, "of a kustomization"));
                }
                !declares
            });
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
