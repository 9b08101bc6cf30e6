//! `helmCharts` in kustomizations: what kustomize says of a chart, asked of the same engine as units that are charts.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};
use teal_api::helm::{HelmLock, Lookup};
use teal_kustomize::{ChartFiles, ChartInflator, Entry, HelmChart};
use teal_yaml::Node;

use super::output::{Annotated as _, documents, objects};
use super::unit::{document, may_pass, read_lock, unlocked, want};
use super::values::merge;
use super::{Capabilities, ChartSource, Charts, Inflation, chart, hooks, judge};
use crate::plain::under;

/// Renders the charts of one build.
pub struct Inflater<'a> {
    charts: Charts<'a>,
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
    /// Things worth knowing that stop nothing.
    pub notices: Vec<String>,
}

impl<'a> Inflater<'a> {
    /// Asks the engine of `charts`.
    #[must_use]
    pub fn new(charts: Charts<'a>) -> Self {
        Self { charts, met: RefCell::default() }
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
        let inflation = self.inflation(asked, files)?;
        let inflated = engine.inflate(&inflation).map_err(|error| {
            self.met.borrow_mut().pending |= may_pass(error.reason);
            error.message
        })?;
        let mut met = self.met.borrow_mut();
        met.asks_api_versions |= inflated.asks_api_versions && asked.api_versions.is_empty();
        met.notices.extend(unlocked(files.dir(), files.dir(), &inflation, &inflated));
        drop(met);
        self.check(&inflated.first, inflated.second.as_deref(), &inflated.calls)?;
        Ok(if asked.skip_tests { without_tests(&inflated.first) } else { inflated.first.clone() }.into_bytes())
    }
}

impl Inflater<'_> {
    fn inflation(&self, asked: &HelmChart, files: &ChartFiles<'_>) -> Result<Inflation, String> {
        let lock = lock(files)?;
        let (chart, dependencies, own_values) = source(asked, files, &lock)?;
        let target = self.charts.capabilities.cloned().unwrap_or_default();
        let api_versions =
            if asked.api_versions.is_empty() { target.api_versions } else { Arc::new(asked.api_versions.clone()) };
        Ok(Inflation {
            chart,
            dependencies,
            values: values(asked, files, own_values)?,
            secrets: Vec::new(),
            release: release(asked)?,
            namespace: Some(&asked.namespace)
                .filter(|given| !given.is_empty())
                .map_or("default", String::as_str)
                .to_owned(),
            include_crds: asked.include_crds,
            hooks: !asked.skip_hooks,
            lookup: Lookup::Refuse,
            capabilities: Capabilities {
                kube_version: Some(asked.kube_version.clone())
                    .filter(|given| !given.is_empty())
                    .or(target.kube_version),
                api_versions,
            },
            twice: true,
        })
    }

    fn check(&self, first: &str, second: Option<&str>, calls: &[super::template::Call]) -> Result<(), String> {
        let Some(second) = second else { return Ok(()) };
        let (mut first, errors) = objects(first);
        if let Some(error) = errors.first() {
            return Err(error.to_string());
        }
        let (second, _) = objects(second);
        match judge::judge(&mut first, Some(&second), &[], calls).into_iter().next() {
            // A field that is kept is declared on the object itself, by a patch of the kustomization.
            Some(restless)
                if !first.iter().any(|made| made.annotation(teal_agent_core::PRESERVE_ANNOTATION).is_some()) =>
            {
                Err(format!("{}: {}", restless.template, restless.message))
            }
            _ => Ok(()),
        }
    }
}

fn lock(files: &ChartFiles<'_>) -> Result<HelmLock, String> {
    let mut errors = Vec::new();
    read_lock(files.tree(), files.dir(), &mut errors).ok_or_else(|| joined(&errors))
}

fn joined(errors: &[crate::RenderError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

type Source = (ChartSource, Vec<super::Wanted>, Option<Value>);

/// A folder below `chartHome`, else the repository; with the chart's own values where they are at hand.
fn source(asked: &HelmChart, files: &ChartFiles<'_>, lock: &HelmLock) -> Result<Source, String> {
    let home = if asked.chart_home.is_empty() { "charts" } else { &asked.chart_home };
    let folder = files.resolve(home).map(|home| under(&home, &asked.name));
    let is_chart = |folder: &String| matches!(files.entry(&under(folder, "Chart.yaml")), Ok(Some(Entry::File(_))));
    if let Some(folder) = folder.filter(is_chart) {
        let mut errors = Vec::new();
        let found = chart::read(files.tree(), &folder, lock, &mut errors).ok_or_else(|| joined(&errors))?;
        let own = found
            .files
            .get("values.yaml")
            .map(|bytes| teal_yaml::text_of(bytes).map_err(|error| error.to_string()).and_then(document));
        let own = own.transpose().map_err(|problem| format!("values.yaml of chart {}: {problem}", asked.name))?;
        return Ok((ChartSource::Files(Arc::new(found.files)), found.dependencies, own));
    }
    if asked.repo.is_empty() {
        return Err(format!("there is no chart {home}/{}, and no `repo` is named", asked.name));
    }
    let version = match asked.version.as_str() {
        "" if asked.devel => ">0.0.0-0".to_owned(),
        version => version.to_owned(),
    };
    let remote = chart::remote(&asked.repo, &asked.name, version)?;
    Ok((ChartSource::Remote(Box::new(want(&remote, lock))), Vec::new(), None))
}

/// The values file, values in place as `valuesMerge` says, then the additional files.
fn values(asked: &HelmChart, files: &ChartFiles<'_>, own: Option<Value>) -> Result<Value, String> {
    let read = |path: &str| {
        let (path, bytes) = files.read(path)?;
        let text = teal_yaml::text_of(&bytes).map_err(|error| format!("{path}:{error}"))?;
        document(text).map_err(|problem| format!("{path}: {problem}"))
    };
    let inline = Value::Object(asked.values_inline.clone());
    let file = if asked.values_file.is_empty() { None } else { Some(read(&asked.values_file)?) };
    let mut values = match asked.values_merge.as_str() {
        "replace" if !asked.values_inline.is_empty() => inline,
        "merge" if !asked.values_inline.is_empty() => {
            let stronger = file.or(own).ok_or("`valuesMerge: merge` needs a valuesFile, or a chart in the tree")?;
            let mut values = inline;
            merge(&mut values, &stronger);
            values
        }
        _ => {
            let mut values = file.unwrap_or_else(|| Value::Object(Map::new()));
            merge(&mut values, &inline);
            values
        }
    };
    for path in &asked.additional_values_files {
        merge(&mut values, &read(path)?);
    }
    Ok(values)
}

/// Without a name helm makes one up, another one each time.
fn release(asked: &HelmChart) -> Result<String, String> {
    match (asked.release_name.as_str(), asked.name_template.as_str()) {
        ("", "") => {
            Err(format!("chart {} needs a `releaseName`: helm would make up another one each time", asked.name))
        }
        ("", template) if template.contains("{{") => {
            Err("`nameTemplate` with `{{` is not supported; write the name as `releaseName`".to_owned())
        }
        ("", name) | (name, _) => Ok(name.to_owned()),
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
