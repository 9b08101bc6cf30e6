//! What the demo says: plain words with the time since it began. Colors only on a terminal, and never alone.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The narrator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    started: Instant,
    colors: bool,
}

impl Screen {
    /// Starts the clock.
    pub(crate) fn new() -> Self {
        let colors = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { started: Instant::now(), colors }
    }

    /// A new act, with its stage.
    pub(crate) fn act(self, stage: &str, title: &str) {
        let (bold, plain) = if self.colors { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        self.print(&format!("\n{bold}{stage}  {title}{plain}"));
    }

    /// One fact that has just become true.
    pub(crate) fn say(self, fact: impl AsRef<str>) {
        self.print(&format!("  {:>7}  {}", seconds(self.started.elapsed()), fact.as_ref()));
    }

    /// A line without a time.
    pub(crate) fn print(self, line: &str) {
        let mut out = std::io::stdout().lock();
        // A closed pipe (`| head`) is the reader's choice, not a failure of the demo.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// `1.2 s`, `340 ms`, `2 min 05 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..=119 => format!("{:.1} s", time.as_secs_f64()),
        all => format!("{} min {:02} s", all / 60, all % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        for (time, text) in [
            (Duration::from_millis(340), "340 ms"),
            (Duration::from_millis(1240), "1.2 s"),
            (Duration::from_secs(125), "2 min 05 s"),
        ] {
            assert_eq!(seconds(time), text);
        }
    }
}
