//! Runs git with the person's settings, helpers and agents. Every wait has an end, and nobody is asked: a prompt that is given up
//! would keep the terminal, and read as a password what is typed next.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Longest that a question to the clone itself takes.
const LOCAL: Duration = Duration::from_secs(60);
/// Longest that a question to the remote takes.
const NETWORK: Duration = Duration::from_secs(120);
/// Tries at a remote that answers with a failure, and the pause between them: a bad second must not end a day's wait.
const TRIES: (usize, Duration) = (3, Duration::from_secs(1));
/// Set in hooks and aliases: they would have another repository answer for this one.
const OF_ANOTHER: [&str; 6] =
    ["GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_WORK_TREE"];

/// Runs git in a folder and returns what it printed; an `Err` has what it said.
pub(super) async fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    text(arguments, bytes(LOCAL, folder, arguments).await)
}

/// [`git`] for what asks the remote.
pub(super) async fn remote(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut told = bytes(NETWORK, folder, arguments).await;
    for _ in 1..TRIES.0 {
        // One that was given up is not tried again: whoever waits has waited long enough.
        if !matches!(&told, Err(failed) if failed.code.is_some()) {
            break;
        }
        tokio::time::sleep(TRIES.1).await;
        told = bytes(NETWORK, folder, arguments).await;
    }
    text(arguments, told)
}

fn text(arguments: &[&str], told: Result<Vec<u8>, Failed>) -> Result<String, String> {
    let bytes = told.map_err(|failed| failed.why)?;
    String::from_utf8(bytes).map_err(|_| format!("git {} printed what is not UTF-8", verb(arguments)))
}

/// Git did not do it.
pub(super) struct Failed {
    /// Its exit code, when it ended by itself.
    pub(super) code: Option<i32>,
    /// What it said.
    pub(super) why: String,
}

/// [`git`] with another limit, as bytes.
pub(super) async fn bytes(limit: Duration, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failed> {
    let verb = verb(arguments);
    let failed = |why: String| Failed { code: None, why };
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    for name in OF_ANOTHER {
        command.env_remove(name);
    }
    command.env("GIT_TERMINAL_PROMPT", "0");
    if std::env::var_os("SSH_ASKPASS").is_none() {
        // For ssh, which knows no such switch: a program that answers every question with no.
        command.env("SSH_ASKPASS", "false").env("SSH_ASKPASS_REQUIRE", "force");
    }
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
