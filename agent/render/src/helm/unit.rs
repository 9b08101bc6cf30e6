//! A unit that is a chart: `helm.yaml`, or a folder with a `Chart.yaml`.

use std::sync::Arc;

use serde_json::{Map, Value};
use teal_api::helm::{ChartRef, Helm, HelmLock, RemoteChart, ValuesFrom};
use teal_kustomize::{Entry, Origin, Tree};
use teal_yaml::Node;

use super::output::{self, Annotated, Made};
use super::values::{merge, put, texts};
use super::{Capabilities, ChartError, ChartSource, Charts, Inflated, Inflation, Wanted, chart, hooks, judge};
use crate::RenderError;
use crate::plain::under;
use crate::unit::{Found, Rendered, UnitInput};

/// Files that make a folder a chart's unit; the first one that is there counts.
pub(crate) const HELM_FILES: [&str; 2] = ["helm.yaml", "Chart.yaml"];
const LOCK_FILE: &str = "helm.lock";

/// Renders the chart that `file` in the unit's folder declares.
pub(crate) fn load(
    tree: &dyn Tree,
    input: &UnitInput<'_>,
    file: &str,
    charts: Charts<'_>,
    rendered: &mut Rendered,
) -> Vec<Found> {
    let file = under(input.path, file);
    let unit = Unit { tree, folder: input.path, file: &file, color: input.color, charts };
    let mut errors = Vec::new();
    let found = unit.render(&mut errors, rendered);
    rendered.errors.extend(errors);
    found.unwrap_or_default()
}

/// Every chart that the unit in `folder` fetches, for the command that writes `helm.lock`.
///
/// # Errors
/// Whatever keeps the folder's declaration from being read.
pub fn remote_charts(tree: &dyn Tree, folder: &str) -> Result<Vec<RemoteChart>, Vec<RenderError>> {
    let mut errors = Vec::new();
    let has = |name: &str| matches!(tree.entry(&under(folder, name)), Ok(Some(Entry::File(_))));
    let file = HELM_FILES.into_iter().find(|name| has(name));
    let file = under(folder, file.unwrap_or_default());
    let unit = Unit { tree, folder, file: &file, color: "", charts: Charts::default() };
    let sources = unit.declaration(&mut errors).and_then(|helm| unit.source(&helm, &HelmLock::default(), &mut errors));
    match sources {
        Some((source, dependencies)) if errors.is_empty() => {
            let own = match source {
                ChartSource::Remote(wanted) => Some(*wanted),
                ChartSource::Files(_) => None,
            };
            Ok(own.into_iter().chain(dependencies).map(|wanted| wanted.chart).collect())
        }
        _ => Err(errors),
    }
}

struct Unit<'a> {
    tree: &'a dyn Tree,
    folder: &'a str,
    file: &'a str,
    color: &'a str,
    charts: Charts<'a>,
}

impl Unit<'_> {
    fn render(&self, errors: &mut Vec<RenderError>, rendered: &mut Rendered) -> Option<Vec<Found>> {
        let helm = self.declaration(errors)?;
        let lock = self.lock(errors)?;
        let source = self.source(&helm, &lock, errors);
        // Whatever stands there may change without a commit.
        rendered.pending |= !helm.values_from.is_empty();
        let values = self.values(&helm, errors);
        let release = self.release(&helm, errors);
        let (source, dependencies) = source?;
        let ((values, secrets), release) = (values?, release?);
        rendered.charts = true;
        let target = self.charts.capabilities.cloned().unwrap_or_default();
        let mut inflation = Inflation {
            chart: source,
            dependencies,
            values,
            secrets,
            release,
            namespace: helm.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            include_crds: helm.include_crds,
            hooks: helm.hooks,
            lookup: helm.lookup,
            capabilities: Capabilities {
                kube_version: helm.kube_version.clone().or(target.kube_version),
                api_versions: helm.api_versions.clone().map_or(target.api_versions, Arc::new),
            },
            twice: true,
        };
        // Without the color's own values: what both clusters agree on.
        let neutral = helm.colors.get(self.color).filter(|own| own.as_object().is_some_and(|own| !own.is_empty()));
        let neutral = neutral.map(|own| {
            let neutral = Inflation { twice: false, ..inflation.clone() };
            merge(&mut inflation.values, own);
            neutral
        });
        let made = self.inflate(&helm, &inflation, errors, rendered);
        let neutral = neutral.map(|neutral| self.inflate(&helm, &neutral, errors, rendered));
        self.pair(made?, neutral.map_or(Some(None), |neutral| neutral.map(Some))?, errors)
    }

    fn wrong(&self, errors: &mut Vec<RenderError>, reason: &'static str, message: impl Into<String>) {
        errors.push(RenderError::Helm { file: self.file.to_owned(), reason, message: message.into() });
    }

    fn read(&self, path: &str, errors: &mut Vec<RenderError>) -> Option<Arc<[u8]>> {
        match self.tree.entry(path) {
            Ok(Some(Entry::File(bytes))) => return Some(bytes),
            Ok(Some(Entry::Link)) => errors.push(RenderError::Link { path: path.to_owned() }),
            Ok(_) => self.wrong(errors, "ChartInvalid", format!("there is no file {path}")),
            Err(error) => errors.push(error.into()),
        }
        None
    }

    /// What `helm.yaml` says; of a bare chart, what it would say.
    fn declaration(&self, errors: &mut Vec<RenderError>) -> Option<Helm> {
        let bare = "apiVersion: teal.dev/v1alpha1\nkind: Helm\nspec: {chart: {path: .}}\n";
        let bytes =
            if self.file.ends_with(HELM_FILES[0]) { self.read(self.file, errors)? } else { bare.as_bytes().into() };
        match Helm::parse(self.file, &String::from_utf8_lossy(&bytes)) {
            Ok(helm) => Some(helm),
            Err(mistakes) => {
                errors.extend(mistakes.0.into_iter().map(RenderError::Settings));
                None
            }
        }
    }

    fn lock(&self, errors: &mut Vec<RenderError>) -> Option<HelmLock> {
        read_lock(self.tree, self.folder, errors)
    }

    /// Where the chart is, and what it needs beside itself.
    fn source(
        &self,
        helm: &Helm,
        lock: &HelmLock,
        errors: &mut Vec<RenderError>,
    ) -> Option<(ChartSource, Vec<Wanted>)> {
        match &helm.chart {
            ChartRef::Remote(remote) => Some((ChartSource::Remote(Box::new(want(remote, lock))), Vec::new())),
            ChartRef::Path(path) => {
                let Some(folder) = chart::resolve(self.folder, path) else {
                    self.wrong(
                        errors,
                        "ChartInvalid",
                        format!("spec.chart.path `{path}` leads out of the repository; name a folder in it"),
                    );
                    return None;
                };
                let file = under(&folder, "Chart.yaml");
                if !matches!(self.tree.entry(&file), Ok(Some(Entry::File(_)))) {
                    self.wrong(errors, "ChartInvalid", format!("spec.chart.path: there is no chart, no file {file}"));
                    return None;
                }
                let found = chart::read(self.tree, &folder, lock, errors)?;
                Some((ChartSource::Files(Arc::new(found.files)), found.dependencies))
            }
        }
    }

    /// Files, then the cluster, then what stands in `helm.yaml`. Beside the values, the texts that must not be shown.
    fn values(&self, helm: &Helm, errors: &mut Vec<RenderError>) -> Option<(Value, Vec<String>)> {
        let before = errors.len();
        let (mut values, mut secrets) = (Value::Object(Map::new()), Vec::new());
        for path in &helm.values_files {
            let Some(path) = chart::resolve(self.folder, path) else {
                self.wrong(
                    errors,
                    "ChartInvalid",
                    format!("spec.valuesFiles: `{path}` leads out of the repository; name a file in it"),
                );
                continue;
            };
            let Some(bytes) = self.read(&path, errors) else { continue };
            match teal_yaml::text_of(&bytes).map_err(|error| error.to_string()).and_then(document) {
                Ok(file) => merge(&mut values, &file),
                Err(message) => errors.push(RenderError::Helm { file: path, reason: "ChartInvalid", message }),
            }
        }
        for from in &helm.values_from {
            match self.cluster_values(from) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    if from.secret {
                        texts(&found, &mut secrets);
                    }
                    match &from.target {
                        Some(target) => put(&mut values, target, found),
                        None => merge(&mut values, &found),
                    }
                }
                Err(error) => self.wrong(errors, error.reason, error.message),
            }
        }
        merge(&mut values, &helm.values);
        (errors.len() == before).then_some((values, secrets))
    }

    fn cluster_values(&self, from: &ValuesFrom) -> Result<Option<Value>, ChartError> {
        let what = if from.secret { "Secret" } else { "ConfigMap" };
        let wrong = |message: String| ChartError::new(ChartError::VALUES, message);
        let Some(cluster) = self.charts.values else {
            return Err(wrong(format!("spec.valuesFrom: {what} {} can't be read without a cluster", from.name)));
        };
        let Some(text) = cluster.text(from.secret, &from.name, &from.key)? else {
            if from.optional {
                return Ok(None);
            }
            return Err(wrong(format!(
                "spec.valuesFrom: there is no {what} {} with a key {} in Teal's namespace; create it, or write `optional: true`",
                from.name, from.key
            )));
        };
        if from.target.is_some() {
            return Ok(Some(Value::String(text)));
        }
        // The reader's message names a place and never quotes.
        document(&text).map(Some).map_err(|message| wrong(format!("{what} {}: key {}: {message}", from.name, from.key)))
    }

    fn release(&self, helm: &Helm, errors: &mut Vec<RenderError>) -> Option<String> {
        let folder = self.folder.rsplit('/').next().unwrap_or_default();
        let named = Some(&helm.name).filter(|name| !name.is_empty());
        let release = helm.release.as_ref().or(named).map_or(folder, String::as_str);
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let fits = (1..=53).contains(&release.len())
            && release.bytes().all(inner)
            && edge(release.bytes().next())
            && edge(release.bytes().last());
        if !fits {
            self.wrong(
                errors,
                "ChartInvalid",
                format!("`{release}` is no name of a release; write one under spec.release in helm.yaml"),
            );
            return None;
        }
        Some(release.to_owned())
    }

    fn inflate(
        &self,
        helm: &Helm,
        inflation: &Inflation,
        errors: &mut Vec<RenderError>,
        rendered: &mut Rendered,
    ) -> Option<Vec<Made>> {
        let Some(engine) = self.charts.engine else {
            self.wrong(
                errors,
                ChartError::ENGINE,
                "charts are not rendered here; allow Helm, or render the chart into git",
            );
            return None;
        };
        let inflated = match engine.inflate(inflation) {
            Ok(inflated) => inflated,
            Err(error) => {
                rendered.pending |= may_pass(error.reason);
                self.wrong(errors, error.reason, error.message);
                return None;
            }
        };
        rendered.asks_api_versions |= inflated.asks_api_versions && helm.api_versions.is_none();
        let before = errors.len();
        let made = self.judged(helm, inflation, &inflated, errors, rendered);
        (errors.len() == before).then_some(made)
    }

    fn judged(
        &self,
        helm: &Helm,
        inflation: &Inflation,
        inflated: &Inflated,
        errors: &mut Vec<RenderError>,
        rendered: &mut Rendered,
    ) -> Vec<Made> {
        let (mut made, wrong) = output::objects(&inflated.first);
        errors.extend(wrong.into_iter().map(|error| RenderError::Helm {
            file: self.file.to_owned(),
            reason: ChartError::TEMPLATE,
            message: error.to_string(),
        }));
        in_namespace(&mut made, &inflation.namespace);
        let second = inflated.second.as_ref().map(|text| {
            let (mut second, _) = output::objects(text);
            in_namespace(&mut second, &inflation.namespace);
            second
        });
        for restless in judge::judge(&mut made, second.as_deref(), &helm.preserve, &inflated.calls) {
            self.wrong(errors, ChartError::RESTLESS, format!("{}: {}", restless.template, restless.message));
        }
        for idle in judge::idle(&made, &helm.preserve) {
            rendered.notices.push(format!(
                "{}: `preserve` names {} {}, which the chart does not make",
                self.file, idle.kind, idle.name
            ));
        }
        rendered.notices.extend(unlocked(self.file, self.folder, inflation, inflated));
        hooks::arrange(&mut made, self.file, &mut rendered.notices);
        if made.is_empty() && errors.is_empty() {
            rendered.notices.push(format!("{}: the chart makes no objects with these values", self.file));
        }
        made
    }

    /// Objects with their neutral forms. Both renderings must be of the same objects.
    fn pair(&self, made: Vec<Made>, neutral: Option<Vec<Made>>, errors: &mut Vec<RenderError>) -> Option<Vec<Found>> {
        let Some(neutral) = neutral else {
            return Some(made.into_iter().map(|made| self.found(made, None)).collect());
        };
        let mut bases = output::by_id(&neutral);
        let mut found = Vec::with_capacity(made.len());
        for made in made {
            match bases.remove(&made.id()) {
                Some(base) => found.push(self.found(made, Some(base.value.clone()))),
                None => self.lonely(&made, "only with", errors),
            }
        }
        for base in bases.values() {
            self.lonely(base, "only without", errors);
        }
        Some(found)
    }

    fn lonely(&self, made: &Made, which: &str, errors: &mut Vec<RenderError>) {
        let message = format!(
            "{}: {} is there {which} the values of color `{}`, so that the two clusters would hold different objects; change what it holds, not whether it is there",
            made.template,
            made.described(),
            self.color
        );
        self.wrong(errors, "IdentityDiffers", message);
    }

    fn found(&self, made: Made, base: Option<Value>) -> Found {
        let file = format!("{} ({})", self.file, made.template);
        Found { value: made.value, origin: Origin { file: file.into(), line: 0, document: 0 }, base }
    }
}

/// Whether the next rendering may end otherwise although nothing in git changed.
pub(crate) fn may_pass(reason: &str) -> bool {
    [ChartError::PENDING, ChartError::FETCH, ChartError::LIMIT, ChartError::ENGINE].contains(&reason)
}

/// `helm.lock` of a folder; an empty one where there is none.
pub(crate) fn read_lock(tree: &dyn Tree, folder: &str, errors: &mut Vec<RenderError>) -> Option<HelmLock> {
    let file = under(folder, LOCK_FILE);
    match tree.entry(&file) {
        Ok(Some(Entry::File(bytes))) => match HelmLock::parse(&file, &String::from_utf8_lossy(&bytes)) {
            Ok(lock) => return Some(lock),
            Err(mistakes) => errors.extend(mistakes.0.into_iter().map(RenderError::Settings)),
        },
        Ok(Some(Entry::Link)) => errors.push(RenderError::Link { path: file }),
        Ok(_) => return Some(HelmLock::default()),
        Err(error) => errors.push(error.into()),
    }
    None
}

pub(crate) fn want(chart: &RemoteChart, lock: &HelmLock) -> Wanted {
    // A digest in helm.yaml wins: whoever wrote it there meant it.
    let locked = lock.find(chart).cloned();
    let locked = locked.filter(|locked| chart.digest.as_ref().is_none_or(|digest| *digest == locked.digest));
    Wanted { chart: chart.clone(), locked }
}

/// What was fetched without a lock: anybody could have changed it since, and the other cluster may have got another one.
pub(crate) fn unlocked(file: &str, folder: &str, inflation: &Inflation, inflated: &Inflated) -> Vec<String> {
    let own = match &inflation.chart {
        ChartSource::Remote(wanted) => Some(&**wanted),
        ChartSource::Files(_) => None,
    };
    let wanted = || own.into_iter().chain(&inflation.dependencies);
    let is_locked =
        |name: &str, digest: &str| wanted().any(|wanted| wanted.chart.name == name && wanted.digest() == Some(digest));
    let fetched = inflated.fetched.iter().filter(|fetched| !is_locked(&fetched.name, &fetched.digest));
    let lock = under(folder, LOCK_FILE);
    fetched
        .map(|fetched| {
            format!(
                "{file}: chart {} {} is not locked; fetched was {}, write that to {lock} with `teal helm lock`",
                fetched.name, fetched.version, fetched.digest
            )
        })
        .collect()
}

pub(crate) fn document(text: &str) -> Result<Value, String> {
    let mut documents = teal_yaml::read(text).map_err(|error| error.to_string())?.into_iter();
    let value = documents.next().map_or_else(|| Value::Object(Map::new()), Node::into_value);
    if documents.next().is_some() {
        return Err("holds several documents; values are one mapping".to_owned());
    }
    if value.is_object() { Ok(value) } else { Err("is no mapping of values".to_owned()) }
}

/// Objects that name no namespace live in the release's, as Helm installs them; those of cluster scope in none.
pub(crate) fn in_namespace(made: &mut [Made], namespace: &str) {
    use teal_agent_core::kinds::{Scope, built_in_scope};
    let cluster_kinds: Vec<(String, String)> = made
        .iter()
        .filter(|made| made.text("/kind") == "CustomResourceDefinition" && made.text("/spec/scope") == "Cluster")
        .map(|made| (made.text("/spec/group").to_owned(), made.text("/spec/names/kind").to_owned()))
        .collect();
    for made in made {
        let (group, kind, own, _) = made.id();
        let of_cluster = cluster_kinds.iter().any(|(g, k)| *g == group && *k == kind)
            || built_in_scope(&teal_agent_core::GroupKind::new(group, kind)) == Some(Scope::Cluster);
        if of_cluster || !own.is_empty() {
            continue;
        }
        if let Some(metadata) = made.value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
}
