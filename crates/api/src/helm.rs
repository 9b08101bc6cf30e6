//! `helm.yaml` (kind `Helm`): a unit that is a chart, and `helm.lock` (kind `HelmLock`): which charts exactly.

mod lock;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub use lock::{HelmLock, LockedChart};
pub use parse::is_chart_name;

/// `helm.yaml`. Its `Debug` shows no values.
#[derive(Clone, PartialEq)]
pub struct Helm {
    /// `metadata.name`; empty when there is none.
    pub name: String,
    /// Which chart.
    pub chart: ChartRef,
    /// Name of the release; `metadata.name`, else the folder's name, when absent.
    pub release: Option<String>,
    /// Namespace of the release, and of every object that names none; `default` when absent.
    pub namespace: Option<String>,
    /// Files of values inside the repository, relative to the folder; later ones win.
    pub values_files: Vec<String>,
    /// Values from the cluster; they win over files, later ones over earlier ones.
    pub values_from: Vec<ValuesFrom>,
    /// Values written here; they win over all others but a color's.
    pub values: Value,
    /// Values of one color; they win over all others.
    pub colors: BTreeMap<String, Value>,
    /// Whether the charts' `crds/` belong to the unit; default true.
    pub include_crds: bool,
    /// Whether hooks belong to the unit, test hooks never; default true.
    pub hooks: bool,
    /// What a template that calls `lookup` gets.
    pub lookup: Lookup,
    /// Kubernetes version told to the chart; the target cluster's when absent.
    pub kube_version: Option<String>,
    /// API versions told to the chart; the target cluster's when absent.
    pub api_versions: Option<Vec<String>>,
    /// Fields whose live value is kept, because no two renderings agree on them.
    pub preserve: Vec<Preserve>,
}

impl fmt::Debug for Helm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helm").field("name", &self.name).field("chart", &self.chart).finish_non_exhaustive()
    }
}

/// Where a chart comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChartRef {
    /// A folder of the repository, relative to the folder of `helm.yaml`.
    Path(String),
    /// A chart in a repository or registry.
    Remote(RemoteChart),
}

/// A chart that must be fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteChart {
    /// Where it is.
    pub repository: Repository,
    /// Name of the chart; for a registry the last part of its address.
    pub name: String,
    /// A version or a range, as Helm reads them; empty means the newest one that is no pre-release.
    pub version: String,
    /// Digest of the archive, `sha256:…`; no other one is taken.
    pub digest: Option<String>,
    /// Secret in Teal's namespace with credentials for exactly this host.
    pub secret: Option<String>,
}

impl fmt::Display for RemoteChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = if self.version.is_empty() { "newest" } else { &self.version };
        match &self.repository {
            Repository::Http(url) => write!(f, "{} {version} of {url}", self.name),
            Repository::Oci(place) => write!(f, "oci://{place} {version}"),
        }
    }
}

/// A place that has charts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repository {
    /// Address of a repository with an `index.yaml`.
    Http(String),
    /// `host[:port]/path/to/chart` in a registry, without `oci://`.
    Oci(String),
}

impl Repository {
    /// `host` or `host:port`.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = match self {
            Self::Http(url) => url.split_once("://").map_or(url.as_str(), |(_, rest)| rest),
            Self::Oci(place) => place,
        };
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }
}

/// Values in a ConfigMap or Secret of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuesFrom {
    /// Whether it is a Secret.
    pub secret: bool,
    /// Its name.
    pub name: String,
    /// The key whose text holds YAML values; default `values.yaml`.
    pub key: String,
    /// Where the key's text goes, such as `auth.password`; the text itself is then the value, and no YAML.
    pub target: Option<String>,
    /// Whether it may be missing.
    pub optional: bool,
}

/// What a template that calls `lookup` gets. There is no cluster where charts are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lookup {
    /// The unit fails and names the template.
    #[default]
    Refuse,
    /// Nothing, as with `helm template`.
    Empty,
}

/// Fields of one object whose live value is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preserve {
    /// API group; any when absent.
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; any when absent.
    pub namespace: Option<String>,
    /// JSON pointers such as `/data/password`.
    pub fields: Vec<String>,
}
