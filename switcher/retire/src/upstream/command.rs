//! Runs git as the person would, with an end to every wait.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Longest that a question to the clone itself takes.
const LOCAL: Duration = Duration::from_secs(60);
/// Longest that a question to the remote takes: a person may have to type a password.
pub(super) const NETWORK: Duration = Duration::from_secs(120);

/// Runs git in a folder and returns what it printed; an `Err` has what it said.
pub(super) async fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    within(LOCAL, folder, arguments).await
}

/// [`git`] with another limit.
pub(super) async fn within(limit: Duration, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let bytes = bytes(limit, folder, arguments).await.map_err(|failed| failed.why)?;
    String::from_utf8(bytes).map_err(|_| format!("git {} printed what is not UTF-8", verb(arguments)))
}

/// Git did not do it.
pub(super) struct Failed {
    /// Its exit code, when it ended by itself.
    pub(super) code: Option<i32>,
    /// What it said.
    pub(super) why: String,
}

/// [`within`], as bytes.
pub(super) async fn bytes(limit: Duration, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failed> {
    let verb = verb(arguments);
    let failed = |why: String| Failed { code: None, why };
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(limit, command.output()).await {
        Err(_) => return Err(failed(format!("git {verb} has not ended within {} s", limit.as_secs()))),
        Ok(Err(error)) => return Err(failed(format!("git can't be run; is it installed? ({error})"))),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(Failed { code: output.status.code(), why: format!("git {verb}: {said}") })
}

/// The verb of a command line, for people.
fn verb<'a>(arguments: &[&'a str]) -> &'a str {
    arguments.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default()
}
