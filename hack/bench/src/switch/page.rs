//! The figures as the switching section of `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::time::Duration;

use super::clients::Seen;
use super::rest::{Asked, REST};
use super::{Moved, percentile};

/// The heading that the section begins with; it ends at the next one.
pub(crate) const HEADING: &str = "## Switching an Azure DNS record";

/// What going back may take until it is written.
const GOAL: Duration = Duration::from_millis(200);

/// The section with its heading.
pub(super) fn section(rest: &[Asked], writes: &[Duration], moves: &[Moved], crowds: &[Seen]) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let day = jiff::Zoned::now().date();
    format!(
        "{HEADING}

`cargo xtask bench switch`, {day}, {cores} cores, everything in one process: the whole switcher with its default intervals, Azure's emulator (no
added latency, name server included), two real API servers with a stand-in for each agent, two front doors, and all clients.

At rest for {} s, against SWITCH §12 (one GET a target and interval of 5 s, nothing written):

| asked | calls | an interval |
|---|---|---|
{}
The write of a way back alone, which is what the switcher's loop does once it has decided: the ledger encoded, record and ledger in one PUT,
its answer judged ({} times, goal ≤ {} ms). The look and the decision before it are not in it:

| median | p90 | p99 | slowest | within the goal |
|---|---|---|---|---|
{}
Under closed-loop load traffic moved to and fro, {} times in all. *Shift time*: from the record written to a client's first answer of the new color, of every client
and move, at a TTL of 1 s; *stayed*: clients that did not follow before the next move.

| clients that | clients | requests | failed | median | p99 | slowest | shift time p50 | p90 | p99 | longest | stayed |
|---|---|---|---|---|---|---|---|---|---|---|---|
{}",
        REST.as_secs(),
        rest.iter().map(asked).collect::<String>(),
        writes.len(),
        GOAL.as_millis(),
        written(writes),
        moves.len(),
        crowds.iter().map(crowd).collect::<String>(),
    )
}

fn asked(one: &Asked) -> String {
    format!("| {} {} | {} | {:.2} |\n", one.method, one.kind, one.calls, one.an_interval)
}

fn written(writes: &[Duration]) -> String {
    let [median, p90, p99, slowest] = [50, 90, 99, 100].map(|share| ms(percentile(writes, share)));
    let within = writes.iter().filter(|took| **took <= GOAL).count();
    format!("| {median} | {p90} | {p99} | {slowest} | {within} of {} |\n", writes.len())
}

fn crowd(seen: &Seen) -> String {
    let [median, p99, slowest] = [50, 99, 100].map(|share| ms(percentile(&seen.took, share)));
    let [half, most, nearly, longest] = [50, 90, 99, 100].map(|share| s(percentile(&seen.shifts, share)));
    let mut row = format!(
        "| {} | {} | {} | {} | {median} | {p99} | {slowest} | {half} | {most} | {nearly} | {longest} | {} |\n",
        seen.who, seen.clients, seen.requests, seen.failed, seen.stayed
    );
    for failure in &seen.failures {
        let _ = writeln!(row, "| failed: {} | | | | | | | | | | | |", failure.replace('|', "/"));
    }
    row
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

fn s(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_one_row_and_its_failures_are_told() {
        let times = [1, 2, 3, 400].map(Duration::from_millis).to_vec();
        let seen = Seen {
            who: "obey the TTL".to_owned(),
            clients: 2,
            requests: 4,
            failed: 1,
            failures: vec!["at noon: 503 | no".to_owned()],
            took: times.clone(),
            shifts: times.clone(),
            stayed: 0,
        };
        let row = crowd(&seen);
        assert!(row.starts_with("| obey the TTL | 2 | 4 | 1 | 3.0 ms | 400.0 ms | 400.0 ms | 0.00 s |"), "{row}");
        assert!(row.ends_with("| failed: at noon: 503 / no | | | | | | | | | | | |\n"), "{row}");
        assert_eq!(written(&times), "| 3.0 ms | 400.0 ms | 400.0 ms | 400.0 ms | 3 of 4 |\n");
        assert_eq!(written(&[]), "| 0.0 ms | 0.0 ms | 0.0 ms | 0.0 ms | 0 of 0 |\n");
    }
}
