//! A unit that is a chart: `helm.yaml`, or a folder with a `Chart.yaml`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use teal_api::helm::{ChartRef, Helm, HelmLock};
use teal_kustomize::{Entry, Recorder, Tree};

use super::concealed::Concealed;
use super::given::Giving;
use super::locked::{read_lock, want};
use super::{Capabilities, ChartError, ChartSource, Charts, Clear, Inflation, OwnValues, Release, Wanted, chart};
use crate::RenderError;
use crate::beside::beside_chart;
use crate::plain::under;
use crate::unit::{Found, Rendered, UnitInput};

/// Files that make a folder a chart's unit; the first one that is there counts.
pub(crate) const HELM_FILES: [&str; 2] = ["helm.yaml", "Chart.yaml"];

/// Renders the chart that `file` in the unit's folder declares. `clear` tells which files were encrypted.
pub(crate) fn load(
    tree: &dyn Tree,
    input: &UnitInput<'_>,
    file: &str,
    charts: Charts<'_>,
    giving: Giving<'_>,
    clear: Clear<'_>,
    rendered: &mut Rendered,
) -> Vec<Found> {
    let file = under(input.path, file);
    let recorder = Recorder::new(tree);
    let unit = Unit { tree: &recorder, folder: input.path, file: &file, color: input.color, charts, clear };
    let mut errors = Vec::new();
    let found = unit.render(giving, &mut errors, rendered);
    rendered.errors.extend(errors);
    // While nobody knows what the chart is made of, everything lies beside it.
    if rendered.charts {
        let values = unit.value_files();
        rendered.errors.extend(beside_chart(tree, input.path, &file, &recorder.into_reads(), &values));
    }
    found.unwrap_or_default()
}

/// Where a chart is, and what is known of it before it is there.
pub(super) struct Sourced {
    pub(super) chart: ChartSource,
    /// What must be fetched beside it.
    pub(super) dependencies: Vec<Wanted>,
    /// What was encrypted in its files.
    pub(super) masks: chart::Masks,
}

impl Sourced {
    pub(super) fn remote(wanted: Wanted) -> Self {
        Self { chart: ChartSource::Remote(Box::new(wanted)), dependencies: Vec::new(), masks: chart::Masks::default() }
    }
}

impl From<chart::GitChart> for Sourced {
    fn from(found: chart::GitChart) -> Self {
        let chart::GitChart { files, dependencies, masks } = found;
        Self { chart: ChartSource::Files(Arc::new(files)), dependencies, masks }
    }
}

pub(super) struct Unit<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) folder: &'a str,
    pub(super) file: &'a str,
    pub(super) color: &'a str,
    pub(super) charts: Charts<'a>,
    pub(super) clear: Clear<'a>,
}

impl Unit<'_> {
    fn render(&self, giving: Giving<'_>, errors: &mut Vec<RenderError>, rendered: &mut Rendered) -> Option<Vec<Found>> {
        let helm = self.declaration(errors)?;
        let lock = read_lock(self.tree, self.folder, errors)?;
        let source = self.source(&helm, &lock, errors);
        let values = self.values(&helm, giving, errors, rendered);
        let release = self.release(&helm, errors);
        let (source, values, release) = (source?, values?, release?);
        rendered.charts = true;
        let inflation = self.inflation(&helm, source.chart, source.dependencies, &values.neutral.real, release);
        let concealed =
            |masked: &Value| Concealed { masked: values.secret.then(|| masked.clone()), files: source.masks.clone() };
        let (here, neutral) = (concealed(&values.here.masked), concealed(&values.neutral.masked));
        if !values.differ() {
            let made = self.inflate(&helm, &inflation, &neutral, errors, rendered);
            return self.pair(made?, None, errors);
        }
        // Neutral is without what the color has for itself: what both clusters agree on.
        let colored = Inflation { values: values.here.real.clone(), ..inflation.clone() };
        let made = self.inflate(&helm, &colored, &here, errors, rendered);
        // Twice as well: it may be restless where the color's values are not. What is wrong with both is told once.
        let mut also = Vec::new();
        let told = rendered.notices.len();
        let neutral = self.inflate(&helm, &inflation, &neutral, &mut also, rendered);
        let more = rendered.notices.split_off(told);
        let new = more.into_iter().filter(|notice| !rendered.notices.contains(notice)).collect::<Vec<_>>();
        rendered.notices.extend(new);
        also.retain(|error| !errors.contains(error));
        errors.extend(also);
        self.pair(made?, Some(neutral?), errors)
    }

    fn inflation(
        &self,
        helm: &Helm,
        chart: ChartSource,
        dependencies: Vec<Wanted>,
        values: &Value,
        release: String,
    ) -> Inflation {
        let target = self.charts.capabilities.cloned().unwrap_or_default();
        Inflation {
            chart,
            dependencies,
            values: values.clone(),
            own_values: OwnValues::Apart,
            release: Release::Named(release),
            namespace: helm.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            include_crds: helm.include_crds,
            hooks: helm.hooks,
            lookup: helm.lookup,
            capabilities: Capabilities {
                kube_version: helm.kube_version.clone().or(target.kube_version),
                api_versions: helm.api_versions.clone().map_or(target.api_versions, Arc::new),
            },
            twice: true,
        }
    }

    pub(super) fn wrong(&self, errors: &mut Vec<RenderError>, reason: &'static str, message: impl Into<String>) {
        errors.push(RenderError::Helm { file: self.file.to_owned(), reason, message: message.into() });
    }

    pub(super) fn read(&self, path: &str, errors: &mut Vec<RenderError>) -> Option<Arc<[u8]>> {
        match self.tree.entry(path) {
            Ok(Some(Entry::File(bytes))) => return Some(bytes),
            Ok(Some(Entry::Link)) => errors.push(RenderError::Link { path: path.to_owned() }),
            Ok(_) => self.wrong(errors, "ChartInvalid", format!("there is no file {path}")),
            Err(error) => errors.push(error.into()),
        }
        None
    }

    /// Files that values are read from: whatever they look like, they are not dropped.
    fn value_files(&self) -> BTreeSet<String> {
        let declared = self.declaration(&mut Vec::new()).map(|helm| helm.values_files).unwrap_or_default();
        let own = under(self.folder, "values.yaml");
        declared.iter().filter_map(|path| chart::resolve(self.folder, path)).chain([own]).collect()
    }

    /// What `helm.yaml` says; of a bare chart, what it would say.
    pub(super) fn declaration(&self, errors: &mut Vec<RenderError>) -> Option<Helm> {
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

    /// Where the chart is, and what it needs beside itself.
    pub(super) fn source(&self, helm: &Helm, lock: &HelmLock, errors: &mut Vec<RenderError>) -> Option<Sourced> {
        match &helm.chart {
            ChartRef::Remote(remote) => Some(Sourced::remote(want(remote, lock))),
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
                chart::read(self.tree, &folder, lock, self.clear, errors).map(Sourced::from)
            }
        }
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
        if release.is_empty() {
            let message = "the release has no name: this is the root of the repository, which has none to give; write one under spec.release in helm.yaml";
            self.wrong(errors, "ChartInvalid", message);
            return None;
        }
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
}

/// Whether the next rendering may end otherwise although nothing in git changed.
pub(crate) fn may_pass(reason: &str) -> bool {
    [ChartError::PENDING, ChartError::FETCH, ChartError::LIMIT, ChartError::ENGINE].contains(&reason)
}
