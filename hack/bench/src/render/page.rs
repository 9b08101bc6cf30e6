//! The lines as the rendering section of `docs/benchmarks.md`.

use std::time::Duration;

use super::Line;
use super::measure::Run;

/// The heading that the section begins with; it ends at the next one.
pub(crate) const HEADING: &str = "## Rendering";

/// One row; `–` stands where the yardstick was not run.
pub(super) fn row(line: &Line) -> String {
    let (ours, theirs) = (summary(&line.teal), summary(&line.kustomize));
    let both = ours.zip(theirs);
    let cell = |some: Option<String>| some.unwrap_or_else(|| "–".to_owned());
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        line.load.name(),
        line.objects,
        cell(theirs.map(Summary::times)),
        cell(ours.map(Summary::times)),
        cell(both.map(|(ours, theirs)| format!("{:.0} ×", theirs.best.as_secs_f64() / ours.best.as_secs_f64()))),
        cell(both.map(|(ours, theirs)| {
            // A tick is the least that can be told.
            let ours = ours.cpu.max(Duration::from_millis(10));
            format!("{:.2} s / {:.2} s", theirs.cpu.as_secs_f64(), ours.as_secs_f64())
        })),
        cell(theirs.map(|theirs| format!("{:.0} MiB", theirs.peak))),
        cell(ours.map(|ours| format!("{:.0} MiB", ours.peak))),
        cell(both.map(|(ours, theirs)| format!("{:.2}", ours.peak / theirs.peak))),
    )
}

#[derive(Clone, Copy)]
struct Summary {
    best: Duration,
    worst: Duration,
    cpu: Duration,
    peak: f64,
}

impl Summary {
    fn times(self) -> String {
        let (best, worst) = (self.best.as_secs_f64(), self.worst.as_secs_f64());
        if best < 10.0 { format!("{best:.3} s ({worst:.3})") } else { format!("{best:.1} s ({worst:.1})") }
    }
}

fn summary(runs: &[Run]) -> Option<Summary> {
    let times = || runs.iter().map(|run| run.time);
    let cpu = runs.iter().map(|run| run.cpu).min()?;
    let peak = runs.iter().map(|run| run.peak).fold(0.0, f64::max);
    Some(Summary { best: times().min()?, worst: times().max()?, cpu, peak })
}

/// The section with its heading.
pub(super) fn section(lines: &[Line]) -> String {
    let rows: String = lines.iter().map(row).collect();
    format!(
        "{HEADING}

`cargo xtask bench render`: `teal build` (optimised build) and the released `kustomize build` (v5.8.2) in turns on the same files, outputs
compared byte for byte (unit by unit: `teal build --fleet`, whose text has a line more a unit). Best time, in brackets the worst; the whole
process, its start included; peak resident memory (`VmHWM`). *One overlay*: one label with selectors, two images, a JSON 6902 patch on all
Deployments, a strategic-merge patch on all Services and a patch by name for each 50 objects. *Fleet*: the units of the sync benchmark.

| load | objects | kustomize | teal | faster | CPU, kustomize / teal | kustomize's peak | teal's peak | of kustomize's |
|---|---|---|---|---|---|---|---|---|
{rows}"
    )
}
