//! `helm.lock`: which versions were chosen, and the digests of their archives.

use std::fmt::Write as _;

use super::parse::{chart_name, digest, oci};
use super::{RemoteChart, Repository};
use crate::Mistakes;
use crate::reader::{Kind, Log, Spot, document};

/// `helm.lock`, beside `helm.yaml`, `Chart.yaml` or a kustomization with `helmCharts`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HelmLock {
    /// One entry a chart, sorted.
    pub charts: Vec<LockedChart>,
}

/// What was chosen for one chart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockedChart {
    /// Where it is.
    pub repository: Repository,
    /// Its name.
    pub name: String,
    /// The version or range it was chosen for, as declared.
    pub requested: String,
    /// The version chosen.
    pub version: String,
    /// Digest of its archive, `sha256:…`.
    pub digest: String,
}

impl HelmLock {
    /// Reads the text of `helm.lock`; `file` is its path in the repository, for messages.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let log = Log::new(file, text);
        let document = document(text, &Kind { name: "HelmLock", named: false }, &log);
        let lock = document.as_ref().and_then(|document| {
            let fields = document.spec(&log).fields(&["charts"], &[])?;
            let charts = fields.need("charts", "the locked charts; `teal helm lock` writes them")?;
            Some(HelmLock { charts: charts.list()?.iter().filter_map(locked).collect() })
        });
        log.finish(lock)
    }

    /// The entry for a chart as it is declared now; `None` when it is not locked, or for another range.
    #[must_use]
    pub fn find(&self, chart: &RemoteChart) -> Option<&LockedChart> {
        self.charts.iter().find(|locked| {
            locked.repository == chart.repository && locked.name == chart.name && locked.requested == chart.version
        })
    }

    /// The text of the file. Reading it gives the same lock.
    #[must_use]
    pub fn write(&self) -> String {
        let mut charts = self.charts.clone();
        charts.sort();
        charts.dedup();
        let mut out = String::from(
            "# Written by `teal helm lock`; do not edit.\napiVersion: teal.dev/v1alpha1\nkind: HelmLock\nspec:\n",
        );
        out.push_str(if charts.is_empty() { "  charts: []\n" } else { "  charts:\n" });
        for chart in &charts {
            let quoted = |text: &str| serde_json::Value::from(text).to_string();
            // Writing to a String can't fail.
            let _ = match &chart.repository {
                Repository::Oci(place) => writeln!(out, "  - oci: {}", quoted(&format!("oci://{place}"))),
                Repository::Http(url) => {
                    writeln!(out, "  - repository: {}\n    name: {}", quoted(url), quoted(&chart.name))
                }
            };
            let _ = writeln!(
                out,
                "    requested: {}\n    version: {}\n    digest: {}",
                quoted(&chart.requested),
                quoted(&chart.version),
                quoted(&chart.digest)
            );
        }
        out
    }
}

fn locked(spot: &Spot<'_>) -> Option<LockedChart> {
    let fields = spot.fields(&["oci", "repository", "name", "requested", "version", "digest"], &[])?;
    let (repository, name) = match fields.get("oci") {
        Some(place) => {
            let place = oci(&place)?;
            let name = place.rsplit('/').next().unwrap_or_default().to_owned();
            (Repository::Oci(place), name)
        }
        None => {
            let url = fields.need("repository", "the repository's address")?.url()?;
            (Repository::Http(url.trim_end_matches('/').to_owned()), chart_name(&fields.need("name", "its name")?)?)
        }
    };
    let requested = fields.or("requested", Spot::any_text, String::new());
    let version = fields.need("version", "the version chosen")?.text()?;
    let digest = digest(&fields.need("digest", "the archive's digest")?)?;
    Some(LockedChart { repository, name, requested, version, digest })
}
