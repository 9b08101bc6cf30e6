//! Charts: folders with `Chart.yaml` or what else declares one, and indexes of repositories. libFuzzer's program has them not:
//! it is built of the few crates that `targets` needs.

use std::sync::Arc;

use teal_api::fleet::Fleet;
use teal_api::helm::is_chart_name;
use teal_helm::index::choose;
use teal_render::helm::{ChartEngine, ChartError, ChartSource, Charts, Inflated, Inflation, remote_charts};
use teal_render::{Given, UnitInput, render_unit_with};

use super::targets::{class, tree};

/// Most bytes and files that one chart may be made of, however its parts name each other.
const MOST_BYTES: usize = 64 << 20;
const MOST_FILES: usize = 10_000;

/// Holds charts to their bounds instead of rendering them.
struct Look;

impl ChartEngine for Look {
    fn inflate(&self, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
        if let ChartSource::Files(files) = &inflation.chart {
            let bytes: usize = files.values().map(|bytes| bytes.len()).sum();
            assert!(bytes <= MOST_BYTES && files.len() <= MOST_FILES, "{bytes} bytes in {} files", files.len());
            let leaves = |path: &String| path.starts_with('/') || path.split('/').any(|part| part == "..");
            assert!(!files.keys().any(leaves), "a file leaves the chart: {:?}", files.keys());
        }
        let first =
            "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".to_owned();
        Ok(Arc::new(Inflated { second: Some(first.clone()), first, ..Inflated::default() }))
    }
}

/// A tree of files whose root is a chart's, or declares one.
pub(super) fn chart(input: &[u8]) -> u64 {
    let tree = tree(&String::from_utf8_lossy(input));
    let listed = match remote_charts(&tree, "") {
        Err(errors) => errors.iter().take(3).map(|error| class(&error.to_string())).fold(0, |all, one| all ^ one),
        Ok(listed) => {
            let fits = |name: &str| is_chart_name(name);
            assert!(listed.charts.iter().all(|chart| fits(&chart.name)), "a name that is none: {:?}", listed.charts);
            listed.charts.len() as u64
        }
    };
    let fleet = Fleet::default();
    let charts = Charts { engine: Some(&Look), ..Charts::default() };
    let input = UnitInput { path: "", fleet: &fleet, color: "blue", role: None };
    let rendered = render_unit_with(&tree, &input, Given { charts, ..Given::default() });
    let told = rendered.errors.iter().take(3).map(|error| class(&error.to_string()));
    told.fold(listed.rotate_left(7) ^ rendered.objects.len() as u64, |all, one| all.rotate_left(3) ^ one)
}

/// Name and range in the first line, then an index.
pub(super) fn index(input: &[u8]) -> u64 {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let asked = String::from_utf8_lossy(&input[..end]).into_owned();
    let (name, wanted) = asked.split_once(' ').unwrap_or((&asked, ""));
    match choose(input.get(end + 1..).unwrap_or_default(), name, wanted) {
        Err(problem) => class(&problem),
        Ok(entry) => {
            assert!(teal_helm::same_version(&entry.version, &entry.version), "{} is no version", entry.version);
            u64::from(entry.digest.is_some()) + 2 * u64::from(entry.address.contains("://"))
        }
    }
}
