//! Which test targets there are, so that unit tests and the integration binary are timed apart.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::workspace;

/// The one integration binary.
pub(crate) const INTEGRATION: &str = "integration";

/// Cargo's arguments for every test but the integration binary: unit tests, and the members' own `tests/`.
///
/// Always over the whole workspace: selecting packages would unify features differently and compile all again.
pub(crate) fn unit_test_arguments() -> Result<Vec<String>> {
    let mut arguments: Vec<String> =
        ["test", "--workspace", "--no-fail-fast", "--lib", "--bins"].map(str::to_owned).into();
    for member in workspace::members()? {
        for target in test_targets(&member.join("tests")) {
            arguments.extend(["--test".to_owned(), target]);
        }
    }
    Ok(arguments)
}

/// The targets cargo finds by itself: `tests/x.rs` and `tests/x/main.rs`.
fn test_targets(tests: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(tests) else { return Vec::new() };
    let mut targets: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file())
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    targets.sort();
    targets
}

#[cfg(test)]
mod tests {
    use super::unit_test_arguments;

    #[test]
    fn unit_tests_leave_the_integration_binary_out() {
        let arguments = unit_test_arguments().unwrap();
        assert!(arguments.contains(&"--lib".to_owned()));
        assert!(!arguments.contains(&super::INTEGRATION.to_owned()));
    }
}
