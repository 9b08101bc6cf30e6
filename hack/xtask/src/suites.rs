//! Which test targets there are, so that unit tests and the integration binary are timed apart.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::workspace;

/// The one integration binary.
pub(crate) const INTEGRATION: &str = "integration";

/// Data in `../shared` that cargo's tests read where it is, and what they then prove. A test that passes says nothing, so
/// that the runner has to tell what was left out.
const SHARED: &[(&str, &str)] = &[
    ("azure-examples", "Microsoft's requests and answers, held against teal-azure and the emulator"),
    ("fleets/contoso", "reading, rendering and declaring the real fleet in unit tests"),
    ("kustomize-cases", "kustomize's cases in unit tests"),
];

/// What the tests skip for want of data, one line each; `there` says whether a folder of `../shared` is.
pub(crate) fn unproved(there: impl Fn(&str) -> bool) -> Vec<String> {
    let absent = SHARED.iter().filter(|(folder, _)| !there(folder));
    absent.map(|(folder, what)| format!("skipped: {what}; there is no ../shared/{folder} beside this clone")).collect()
}

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
    use super::{unit_test_arguments, unproved};

    #[test]
    fn absent_data_is_told_folder_by_folder() {
        assert_eq!(unproved(|_| true), [""; 0]);
        let told = unproved(|folder| folder != "azure-examples");
        let [line] = told.as_slice() else { panic!("{told:?}") };
        assert!(
            line.starts_with("skipped: Microsoft's requests") && line.contains("../shared/azure-examples"),
            "{line}"
        );
    }

    #[test]
    fn unit_tests_leave_the_integration_binary_out() {
        let arguments = unit_test_arguments().unwrap();
        assert!(arguments.contains(&"--lib".to_owned()));
        assert!(!arguments.contains(&super::INTEGRATION.to_owned()));
    }
}
