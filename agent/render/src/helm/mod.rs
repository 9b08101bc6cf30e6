//! Charts: from `helm.yaml` or `Chart.yaml` to objects. Pure: what must be fetched and run is handed to a [`ChartEngine`].
//!
//! | step | file |
//! |---|---|
//! | what is to be rendered: chart, values, release | `unit`, `given` |
//! | a chart in git, and what it depends on | `chart` |
//! | which archives exactly | `locked` |
//! | values from several places become one | `values` |
//! | values that nobody may see | `concealed` |
//! | schemas that lead out of the chart | [`schema`] |
//! | names and keys, which everybody sees | `told` |
//! | calls in templates: another clock, no `lookup` | [`template`] |
//! | what Helm printed, taken apart | `output` |
//! | is it the same each time | `judge` |
//! | hooks become an order | `hooks` |
//! | from what Helm printed to the unit's objects | `made` |
//! | `helmCharts` in kustomizations | `kustomized` |

mod chart;
mod concealed;
mod given;
mod hooks;
mod judge;
mod kustomized;
mod locked;
mod made;
mod output;
pub mod schema;
pub mod template;
mod told;
mod unit;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use teal_api::helm::{LockedChart, Lookup, RemoteChart};

use crate::Decrypting;
use template::Call;

pub(crate) use concealed::{mask, mask_text};
pub(crate) use given::Giving;
pub(crate) use hooks::arrange;
pub use kustomized::{Inflater, Met};
pub use locked::{Listed, remote_charts};
pub(crate) use unit::{HELM_FILES, load};

/// The files of a chart by their path inside it.
pub type ChartFiles = BTreeMap<String, Arc<[u8]>>;

/// What knows of encrypted files what they hold; nothing where none is opened.
pub(crate) type Clear<'a> = Option<&'a Decrypting<'a>>;

/// Fetches and runs. Called while a commit is rendered: what takes long is answered with [`ChartError::PENDING`], and the
/// unit is rendered again when it is there.
pub trait ChartEngine: Sync {
    /// Renders a chart twice, with other seeds and another clock.
    ///
    /// # Errors
    /// See [`ChartError`]; the unit alone fails by it.
    fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError>;
}

/// What charts are rendered with. The default renders none.
#[derive(Clone, Copy, Default)]
pub struct Charts<'a> {
    /// Fetches and runs; without it every chart is an error.
    pub engine: Option<&'a dyn ChartEngine>,
    /// What the target cluster is.
    pub capabilities: Option<&'a Capabilities>,
    /// Values in the cluster; without it `valuesFrom` is an error.
    pub values: Option<&'a dyn ValueSource>,
}

/// ConfigMaps and Secrets of the cluster, in Teal's namespace, or what somebody gives in their place.
pub trait ValueSource: Sync {
    /// What to do where a value is not there.
    fn remedy(&self) -> &'static str {
        "create it in Teal's namespace"
    }

    /// The text under a key; `None` when the object or the key is not there.
    ///
    /// # Errors
    /// Why nobody knows: `PENDING` while it has not been read, else `VALUES`.
    fn text(&self, wanted: &ValueRef) -> Result<Option<String>, ChartError>;
}

/// A key of a ConfigMap or Secret that a chart's values come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueRef {
    /// Whether it is a Secret.
    pub secret: bool,
    /// Its name.
    pub name: String,
    /// The key.
    pub key: String,
}

impl fmt::Display for ValueRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.secret { "Secret" } else { "ConfigMap" }, self.name)
    }
}

impl fmt::Debug for Charts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charts").field("capabilities", &self.capabilities).finish_non_exhaustive()
    }
}

/// What a chart may ask about the cluster it is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Capabilities {
    /// Such as `v1.33.1`; Helm's own default when absent.
    pub kube_version: Option<String>,
    /// `v1`, `apps/v1`, `apps/v1/Deployment` …, sorted; Helm's own default when empty.
    pub api_versions: Arc<Vec<String>>,
}

/// A chart to be fetched, and what is known of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// As declared.
    pub chart: RemoteChart,
    /// From `helm.lock`.
    pub locked: Option<LockedChart>,
}

impl Wanted {
    /// The version to fetch: the locked one, else what is declared.
    #[must_use]
    pub fn version(&self) -> &str {
        self.locked.as_ref().map_or(&self.chart.version, |locked| &locked.version)
    }

    /// The only digest that is taken; `None` when nothing says one.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.chart.digest.as_deref().or(self.locked.as_ref().map(|locked| locked.digest.as_str()))
    }
}

/// Where a chart's files are.
#[derive(Clone, PartialEq, Eq)]
pub enum ChartSource {
    /// Here.
    Files(Arc<ChartFiles>),
    /// To be fetched.
    Remote(Box<Wanted>),
}

/// Name of a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Release {
    /// This.
    Named(String),
    /// What Helm makes of this template.
    Template(String),
}

/// What the chart's own `values.yaml` is, beside what Helm takes it for by itself.
#[derive(Clone, PartialEq)]
pub enum OwnValues {
    /// Nothing more.
    Apart,
    /// Merged with these as kustomize merges, and given like any file of values, the first one.
    Given {
        /// Values in place; may be empty.
        inline: Value,
        /// Whether the chart's win.
        chart_wins: bool,
    },
}

/// One chart to render. Its `Debug` shows no values.
#[derive(Clone, PartialEq)]
pub struct Inflation {
    /// The chart.
    pub chart: ChartSource,
    /// Charts that are put below `charts/` first.
    pub dependencies: Vec<Wanted>,
    /// The user's values.
    pub values: Value,
    /// What stands under them.
    pub own_values: OwnValues,
    /// Name of the release.
    pub release: Release,
    /// Its namespace.
    pub namespace: String,
    /// Whether `crds/` are printed.
    pub include_crds: bool,
    /// Whether hooks are printed.
    pub hooks: bool,
    /// What `lookup` gets.
    pub lookup: Lookup,
    /// What the chart may ask about the cluster.
    pub capabilities: Capabilities,
    /// Whether it is rendered a second time; not where only what becomes of secrets is asked for.
    pub twice: bool,
}

impl Inflation {
    /// All values to give to Helm, once the chart's files are there.
    ///
    /// # Errors
    /// `TEMPLATE` when the chart's own values are no values.
    pub fn values_for(&self, files: &ChartFiles) -> Result<Value, ChartError> {
        let OwnValues::Given { inline, chart_wins } = &self.own_values else { return Ok(self.values.clone()) };
        let own = files.get("values.yaml").map(|bytes| values::document(bytes)).transpose();
        let own = own
            .map_err(|problem| ChartError::new(ChartError::TEMPLATE, format!("values.yaml of the chart {problem}")))?;
        let own = own.unwrap_or_else(|| Value::Object(Default::default()));
        let mut all = values::meet(own, inline.clone(), *chart_wins);
        values::merge(&mut all, &self.values);
        Ok(all)
    }
}

impl fmt::Debug for Inflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflation").field("release", &self.release).finish_non_exhaustive()
    }
}

/// A rendered chart. Its `Debug` shows no content.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Inflated {
    /// What Helm printed.
    pub first: String,
    /// What it printed with other seeds and another clock, that clock's name taken back where it was printed instead of
    /// run; `None` when it was not asked to.
    pub second: Option<String>,
    /// What was fetched for it.
    pub fetched: Vec<LockedChart>,
    /// Calls in its templates that may be the reason for differences.
    pub calls: Vec<Call>,
    /// Whether it asks which API versions the cluster has: it must be rendered again when they change.
    pub asks_api_versions: bool,
}

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflated").field("fetched", &self.fetched).finish_non_exhaustive()
    }
}

/// Why a chart could not be rendered. Holds no values (G9).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ChartError {
    /// One of the constants of this type, for labels and Events.
    pub reason: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl ChartError {
    /// It is being fetched or rendered; no mistake.
    pub const PENDING: &'static str = "ChartPending";
    /// It can't be fetched: address, credentials, network, version.
    pub const FETCH: &'static str = "ChartNotFetched";
    /// What came is not what is locked, or not what came before under this version.
    pub const DIGEST: &'static str = "ChartDigest";
    /// The archive is none, or holds what no chart may hold.
    pub const ARCHIVE: &'static str = "ChartArchive";
    /// A bound was hit: bytes, files, time, memory.
    pub const LIMIT: &'static str = "ChartLimit";
    /// A schema of values leads out of the chart.
    pub const SCHEMA: &'static str = "ChartSchema";
    /// Helm refuses the chart or its values.
    pub const TEMPLATE: &'static str = "ChartTemplate";
    /// A template asks the cluster.
    pub const LOOKUP: &'static str = "ChartLookup";
    /// Values in the cluster that can't be read.
    pub const VALUES: &'static str = "ChartValues";
    /// It is another one in each rendering.
    pub const RESTLESS: &'static str = "ChartRestless";
    /// The name of an object is made of what nobody may see.
    pub const IDENTITY: &'static str = "SecretIdentity";
    /// There is no `helm` to run, or it can't be confined.
    pub const ENGINE: &'static str = "HelmUnavailable";

    /// Makes one.
    #[must_use]
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// Whether it may be gone with other API versions: a chart that fails does not say whether it asks for them.
    #[must_use]
    pub fn heeds_api_versions(&self) -> bool {
        [Self::TEMPLATE, Self::LOOKUP, Self::LIMIT].contains(&self.reason)
    }
}
