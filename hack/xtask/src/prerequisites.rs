//! What must be on the machine before anything long begins, all of it reported at once.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

/// A program something needs, what for, and how a Debian machine gets it.
struct Program {
    name: &'static str,
    needed_for: &'static str,
    debian: &'static str,
}

const REQUIRED: &[Program] = &[
    Program { name: "cargo", needed_for: "everything", debian: "rustup" },
    Program { name: "cc", needed_for: "the C parts of git and TLS", debian: "gcc" },
    Program { name: "cmake", needed_for: "building libgit2", debian: "cmake" },
    Program { name: "make", needed_for: "building libgit2", debian: "make" },
    Program { name: "git", needed_for: "test repositories", debian: "git" },
    Program { name: "go", needed_for: "building the control planes", debian: "golang, 1.26 or newer" },
];

/// Foreign programs that single suites run against. A missing one skips its suite, except where
/// `TEAL_REQUIRE=all` says that nothing may be skipped.
const OPTIONAL: &[Program] = &[
    Program { name: "named", needed_for: "the DNS suites on BIND 9", debian: "bind9" },
    Program { name: "prometheus", needed_for: "gates and dashboards on real metrics", debian: "prometheus" },
    Program { name: "promtool", needed_for: "checking alerts and queries", debian: "prometheus" },
];

/// Checks every prerequisite of `cargo xtask test`.
///
/// # Errors
/// One message that lists everything that is missing.
pub(crate) fn check_all() -> Result<()> {
    let everything = env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
    let mut missing = absent(REQUIRED);
    let optional = absent(OPTIONAL);
    if everything {
        missing.extend(optional);
    } else {
        for line in optional {
            println!("  not found, its suites are skipped: {line}");
        }
    }
    report(&missing)
}

/// Checks only what building the Go programs needs.
///
/// # Errors
/// As [`check_all`].
pub(crate) fn check_go() -> Result<()> {
    let go: Vec<&Program> = REQUIRED.iter().filter(|program| program.name == "go").collect();
    report(&absent(go))
}

fn report(missing: &[String]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing on this machine:\n  {}", missing.join("\n  "))
}

fn absent<'a>(programs: impl IntoIterator<Item = &'a Program>) -> Vec<String> {
    programs
        .into_iter()
        .filter(|program| find(program.name).is_none())
        .map(|program| format!("{} (for {}; Debian: {})", program.name, program.needed_for, program.debian))
        .collect()
}

/// Where the program is: `$PATH`, then the directories for system daemons, which a user's path often lacks.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::{Program, absent, report};

    #[test]
    fn everything_missing_is_named_at_once() {
        let programs = [
            Program { name: "no-such-program", needed_for: "a", debian: "x" },
            Program { name: "cargo", needed_for: "b", debian: "y" },
            Program { name: "nor-this-one", needed_for: "c", debian: "z" },
        ];
        let missing = absent(&programs);
        assert_eq!(missing.len(), 2, "{missing:?}");
        let message = report(&missing).unwrap_err().to_string();
        assert!(message.contains("no-such-program (for a; Debian: x)") && message.contains("nor-this-one"));
    }
}
