//! The lines as a table for `docs/benchmarks.md`.

use std::fmt::Write as _;

use crate::sync::{BARE, KUBECTL, Line};

/// Markdown; ratios are against kubectl's line for the same work, where there is one.
pub(crate) fn markdown(load: &str, objects: Option<usize>, lines: &[Line]) -> String {
    let mut text = format!(
        "{load}\n\n| work | who | healthy after | of that applying | of kubectl's | of the bare loop's | writes | requests an object | API server CPU | own CPU | peak memory |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
    );
    for line in lines {
        let ratio = |who: &str| {
            let other = lines.iter().find(|other| other.who == who && other.work == line.work && other.who != line.who);
            other.map_or_else(
                || "–".to_owned(),
                |other| format!("{:.2}", line.time.as_secs_f64() / other.time.as_secs_f64()),
            )
        };
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} s | {} | {} | {} | {:.0} (+{:.0} Leases and Events) | {} | {:.1} s | {} | {} |",
            line.work,
            line.who,
            line.time.as_secs_f64(),
            line.applied.map_or_else(|| "–".to_owned(), |applied| format!("{:.2} s", applied.as_secs_f64())),
            ratio(KUBECTL),
            ratio(BARE),
            line.server.writes,
            line.server.upkeep,
            objects.map_or_else(|| "–".to_owned(), |objects| format!("{:.2}", line.server.requests / objects as f64)),
            line.server.cpu,
            line.cpu.map_or_else(|| "–".to_owned(), |cpu| format!("{:.1} s", cpu.as_secs_f64())),
            line.peak.map_or_else(|| "–".to_owned(), |peak| format!("{peak:.0} MiB")),
        );
    }
    text
}
