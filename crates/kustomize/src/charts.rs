//! Helm charts in a kustomization: this crate reads what the kustomization says of a chart and takes the manifests in
//! as those of any generator; the rendering itself is the caller's.
//!
//! Implement [`ChartInflator`] and hand it to [`crate::build_with`]. An inflator stays pure in the sense of this crate
//! when it reads values files and local charts through the [`ChartFiles`] it is given: these reads are recorded with all
//! others of the build, so a changed values file is known to change the result.

use crate::build::files::Files;
use crate::path::join;
use crate::{Entry, LoadRestrictor, Tree, TreeError};
use serde_json::{Map, Value};
use std::sync::Arc;

/// One item of `helmCharts` (or `helmChartInflationGenerator`, or one `HelmChartInflationGenerator` among `generators`),
/// with what `helmGlobals` say. Empty texts were not given. Its `Debug` shows no values.
#[derive(Clone, Default, PartialEq)]
pub struct HelmChart {
    /// Name of the chart: a folder below `chart_home`, or what to ask `repo` for.
    pub name: String,
    /// Version, for charts of a repository.
    pub version: String,
    /// Repository: `https://…` or `oci://…`.
    pub repo: String,
    /// Name of the release; one is generated when it is empty.
    pub release_name: String,
    /// Namespace of the release: the chart's own, or else that of the kustomization or of the next one above that has
    /// one.
    pub namespace: String,
    /// More values files, relative to the kustomization, each over the one before.
    pub additional_values_files: Vec<String>,
    /// The values file, relative to the kustomization; when empty, the chart's own `values.yaml`.
    pub values_file: String,
    /// Values given in place.
    pub values_inline: Map<String, Value>,
    /// How `values_inline` meet the values file: `override` (these win; the default), `merge` (the file's win) or `replace`.
    pub values_merge: String,
    /// Whether the chart's CRDs are part of the result.
    pub include_crds: bool,
    /// Whether hooks are left out.
    pub skip_hooks: bool,
    /// Whether test hooks are left out.
    pub skip_tests: bool,
    /// API versions the chart may ask for.
    pub api_versions: Vec<String>,
    /// Version of Kubernetes the chart may ask for.
    pub kube_version: String,
    /// Template for the release's name.
    pub name_template: String,
    /// Whether pre-releases count.
    pub devel: bool,
    /// Folder of local charts, relative to the kustomization; `charts` when not given.
    pub chart_home: String,
    /// Helm's own configuration folder, as given; it may lie anywhere.
    pub config_home: String,
}

impl std::fmt::Debug for HelmChart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelmChart").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}

/// Renders charts for a build.
pub trait ChartInflator {
    /// Returns the manifests of a chart as YAML documents, test hooks and notes left out as the chart says.
    ///
    /// The manifests are taken in as they are: later transformers of the kustomization apply to them, but `namespace`
    /// does not, since Helm was told the namespace.
    ///
    /// # Errors
    /// What went wrong and what to do, as one text; the build adds file and line of the chart's entry.
    fn inflate(&self, chart: &HelmChart, files: &ChartFiles<'_>) -> Result<Vec<u8>, String>;
}

/// The files an inflator may read: those the kustomization with the chart may read. Every read is recorded.
#[derive(Clone, Copy)]
pub struct ChartFiles<'a> {
    files: &'a Files<'a>,
}

impl<'a> ChartFiles<'a> {
    pub(crate) fn new(files: &'a Files<'a>) -> Self {
        Self { files }
    }

    /// The folder of the kustomization, relative to the tree's root.
    #[must_use]
    pub fn dir(&self) -> &str {
        self.files.dir
    }

    /// Which files may be read.
    #[must_use]
    pub fn restrictor(&self) -> LoadRestrictor {
        self.files.restrictor
    }

    /// Resolves a path that the kustomization names; `None` when it leaves the tree.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Option<String> {
        join(self.files.dir, path)
    }

    /// The whole tree, recorded, without the load restriction: for walking a chart's folder.
    #[must_use]
    pub fn tree(&self) -> &dyn Tree {
        self.files.tree
    }

    /// Reads a file by its path relative to the kustomization, under the load restriction; also returns its path in the
    /// tree.
    ///
    /// # Errors
    /// When it is not there, may not be read, or is no file.
    pub fn read(&self, path: &str) -> Result<(String, Arc<[u8]>), String> {
        self.files.read_plain(path)
    }

    /// What stands at a path of the tree.
    ///
    /// # Errors
    /// When the tree can't be read.
    pub fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        self.files.tree.entry(path)
    }
}
