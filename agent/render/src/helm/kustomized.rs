//! `helmCharts` in kustomizations: what kustomize says of a chart, asked of the same engine as units that are charts.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};
use teal_api::helm::{HelmLock, Lookup};
use teal_kustomize::{ChartFiles, ChartInflator, Entry, HelmChart};
use teal_yaml::Node;

use super::concealed::{Concealed, mask};
use super::locked::{read_lock, unlocked, want};
use super::made::objects_of;
use super::output::{documents, objects};
use super::told::seen;
use super::unit::{Sourced, may_pass};
use super::values::{document, meet, merge};
use super::{Capabilities, ChartError, Charts, Clear, Inflated, Inflation, OwnValues, Release, chart, hooks, judge};
use crate::Decrypting;
use crate::plain::under;

/// Renders the charts of one build.
pub struct Inflater<'a> {
    charts: Charts<'a>,
    clear: Clear<'a>,
    met: RefCell<Met>,
}

/// What was learnt on the way.
#[derive(Debug, Default)]
pub struct Met {
    /// There was a chart.
    pub charts: bool,
    /// One is not there yet, or may be the next time.
    pub pending: bool,
    /// One asks which API versions the cluster has.
    pub asks_api_versions: bool,
    /// One was rendered with what was encrypted in git.
    pub secret: bool,
    /// Names, kinds and keys that charts made, where they hold nothing secret.
    pub names: Vec<String>,
    /// Things worth knowing that stop nothing.
    pub notices: Vec<String>,
}

impl<'a> Inflater<'a> {
    /// Asks the engine of `charts`. `clear` is what the build reads through, where encrypted files are opened.
    #[must_use]
    pub fn new(charts: Charts<'a>, clear: Option<&'a Decrypting<'a>>) -> Self {
        Self { charts, clear, met: RefCell::default() }
    }

    /// Ends the build.
    #[must_use]
    pub fn into_met(self) -> Met {
        self.met.into_inner()
    }
}

impl ChartInflator for Inflater<'_> {
    fn inflate(&self, asked: &HelmChart, files: &ChartFiles<'_>) -> Result<Vec<u8>, String> {
        self.met.borrow_mut().charts = true;
        let engine =
            self.charts.engine.ok_or("charts are not rendered here; allow Helm, or render the chart into git")?;
        let (inflation, concealed) = self.inflation(asked, files)?;
        let failed = |error: ChartError| {
            let mut met = self.met.borrow_mut();
            met.pending |= may_pass(error.reason);
            met.asks_api_versions |= error.heeds_api_versions() && asked.api_versions.is_empty();
            error.message
        };
        let inflated = concealed.inflate(engine, &inflation).map_err(failed)?;
        let mut names = Vec::new();
        if concealed.any() {
            // All objects count as secret anyway; this is for their names.
            let (mut made, _) = objects_of(&inflated.first, &inflation.namespace);
            concealed.mark(engine, &inflation, &mut made).map_err(failed)?;
            made.iter().filter(|made| made.cleared).for_each(|made| seen(&made.value, &mut names));
        } else {
            names.push(inflated.first.clone());
        }
        let mut met = self.met.borrow_mut();
        met.names.append(&mut names);
        met.asks_api_versions |= inflated.asks_api_versions && asked.api_versions.is_empty();
        met.secret |= concealed.any();
        met.notices.extend(unlocked(files.dir(), files.dir(), &inflation, &inflated));
        drop(met);
        check(&inflated)?;
        Ok(if asked.skip_tests { without_tests(&inflated.first) } else { inflated.first.clone() }.into_bytes())
    }
}

impl Inflater<'_> {
    fn inflation(&self, asked: &HelmChart, files: &ChartFiles<'_>) -> Result<(Inflation, Concealed), String> {
        let source = source(asked, files, &lock(files)?, self.clear)?;
        let target = self.charts.capabilities.cloned().unwrap_or_default();
        let api_versions =
            if asked.api_versions.is_empty() { target.api_versions } else { Arc::new(asked.api_versions.clone()) };
        let mut secret = false;
        let (values, own_values) = values(asked, &mut |path| self.read(files, path, &mut secret, false))?;
        let masked = match secret {
            true => Some(values_of(asked, &mut |path| self.read(files, path, &mut secret, true))?),
            false => None,
        };
        let concealed = Concealed { masked, files: source.masks };
        let namespace = if asked.namespace.is_empty() { "default" } else { &asked.namespace };
        let kube_version = Some(asked.kube_version.clone()).filter(|given| !given.is_empty()).or(target.kube_version);
        let inflation = Inflation {
            chart: source.chart,
            dependencies: source.dependencies,
            values,
            own_values,
            release: release(asked)?,
            namespace: namespace.to_owned(),
            include_crds: asked.include_crds,
            hooks: !asked.skip_hooks,
            lookup: Lookup::Refuse,
            capabilities: Capabilities { kube_version, api_versions },
            twice: true,
        };
        Ok((inflation, concealed))
    }

    /// A file of values; what was encrypted in it is replaced where it is to be masked.
    fn read(&self, files: &ChartFiles<'_>, path: &str, secret: &mut bool, masked: bool) -> Result<Value, String> {
        let (path, bytes) = files.read(path)?;
        let values = document(&bytes).map_err(|problem| format!("{path}: {problem}"))?;
        let opened = self.clear.is_some_and(|clear| clear.has_opened(&path));
        *secret |= opened;
        Ok(if masked && opened { mask(&values) } else { values })
    }
}

/// The first thing that is another one in each rendering.
fn check(inflated: &Inflated) -> Result<(), String> {
    let Some(second) = &inflated.second else { return Ok(()) };
    let (mut first, errors) = objects(&inflated.first);
    if let Some(error) = errors.first() {
        return Err(error.to_string());
    }
    let (second, _) = objects(second);
    let restless = judge::judge(&mut first, Some(&second), &[], &inflated.calls);
    let Some(restless) = restless.into_iter().next() else { return Ok(()) };
    let keep = restless.kept.map_or_else(String::new, |kept| {
        let fields = kept.fields.join(",");
        format!(
            " with the annotation `{}: {fields}` in the template, or by `preserve` in a helm.yaml instead of this kustomization",
            teal_agent_core::PRESERVE_ANNOTATION
        )
    });
    Err(format!("{}: {}{keep}", restless.template, restless.problem))
}

fn lock(files: &ChartFiles<'_>) -> Result<HelmLock, String> {
    let mut errors = Vec::new();
    read_lock(files.tree(), files.dir(), &mut errors).ok_or_else(|| joined(&errors))
}

fn joined(errors: &[crate::RenderError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The folder below `chartHome` that has the chart, if one does. Where a version of a repository's chart is asked for,
/// kustomize looks for exactly that one.
fn local_chart(asked: &HelmChart, files: &ChartFiles<'_>) -> Option<String> {
    let home = files.resolve(&asked.chart_home)?;
    let home = match (asked.version.as_str(), asked.repo.as_str()) {
        ("", _) | (_, "") => home,
        (version, _) => under(&home, &format!("{}-{version}", asked.name)),
    };
    let folder = under(&home, &asked.name);
    matches!(files.entry(&folder), Ok(Some(Entry::Dir(_)))).then_some(folder)
}

/// A folder below `chartHome`, else the repository.
pub(super) fn source(
    asked: &HelmChart,
    files: &ChartFiles<'_>,
    lock: &HelmLock,
    clear: Clear<'_>,
) -> Result<Sourced, String> {
    if let Some(folder) = local_chart(asked, files) {
        let file = under(&folder, "Chart.yaml");
        if !matches!(files.entry(&file), Ok(Some(Entry::File(_)))) {
            return Err(format!("{folder} is no chart: there is no file {file}"));
        }
        let mut errors = Vec::new();
        let found = chart::read(files.tree(), &folder, lock, clear, &mut errors);
        return found.map(Sourced::from).ok_or_else(|| joined(&errors));
    }
    if asked.repo.is_empty() {
        let (home, name) = (&asked.chart_home, &asked.name);
        return Err(format!("there is no chart {home}/{name}, and no `repo` is named"));
    }
    let version = match asked.version.as_str() {
        "" if asked.devel => ">0.0.0-0".to_owned(),
        version => version.to_owned(),
    };
    let remote = chart::remote(&asked.repo, &asked.name, version)?;
    Ok(Sourced::remote(want(&remote, lock)))
}

type Read<'r> = dyn FnMut(&str) -> Result<Value, String> + 'r;

/// The values file (without one, the chart's own) with the values in place as `valuesMerge` says, then the additional files.
fn values(asked: &HelmChart, read: &mut Read<'_>) -> Result<(Value, OwnValues), String> {
    let inline = Value::Object(asked.values_inline.clone());
    let replaced = asked.values_merge == "replace" && !asked.values_inline.is_empty();
    let own = match asked.values_file.is_empty() && !replaced {
        true => OwnValues::Given { inline, chart_wins: asked.values_merge == "merge" },
        false => OwnValues::Apart,
    };
    Ok((values_of(asked, read)?, own))
}

/// The same without the chart's own.
fn values_of(asked: &HelmChart, read: &mut Read<'_>) -> Result<Value, String> {
    let inline = Value::Object(asked.values_inline.clone());
    let mut values = match asked.values_file.as_str() {
        _ if asked.values_merge == "replace" && !asked.values_inline.is_empty() => inline,
        "" => Value::Object(Map::new()),
        path => meet(read(path)?, inline, asked.values_merge == "merge"),
    };
    for path in &asked.additional_values_files {
        merge(&mut values, &read(path)?);
    }
    Ok(values)
}

/// As Helm names it: `release-name` where nothing does.
fn release(asked: &HelmChart) -> Result<Release, String> {
    match (asked.release_name.as_str(), asked.name_template.as_str()) {
        ("", "") => Ok(Release::Named("release-name".to_owned())),
        ("", template) => Ok(Release::Template(template.to_owned())),
        (name, "") => Ok(Release::Named(name.to_owned())),
        _ => {
            Err("there are both a `releaseName` and a `nameTemplate`, and Helm takes one; leave the other out"
                .to_owned())
        }
    }
}

/// What was printed without the documents that are test hooks.
fn without_tests(printed: &str) -> String {
    let mut kept = String::with_capacity(printed.len());
    for (template, text) in documents(printed) {
        let is_test =
            teal_yaml::read(text).ok().and_then(|documents| documents.into_iter().next()).is_some_and(|node| {
                let annotations = node.get("metadata").and_then(|metadata| metadata.get("annotations"));
                annotations.and_then(|all| all.get(hooks::HOOK)).and_then(Node::as_str).is_some_and(hooks::is_test)
            });
        if !is_test {
            kept.push_str(&format!("---\n# Source: {template}\n{text}"));
            if !text.ends_with('\n') {
                kept.push('\n');
            }
        }
    }
    kept
}
