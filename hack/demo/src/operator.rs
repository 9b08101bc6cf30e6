//! A person at a terminal with `teal`, and the credentials that only people have.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::screen::Screen;

/// The program, its environment and its folder.
pub(crate) struct Operator {
    program: PathBuf,
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
}

/// What a command said.
pub(crate) struct Said {
    /// Both streams.
    pub(crate) text: String,
    /// Its exit code.
    pub(crate) code: i32,
}

impl Operator {
    /// The `teal` that was built beside this program, run in `folder`.
    pub(crate) fn new(folder: PathBuf, environment: Vec<(&'static str, String)>) -> Result<Self> {
        let program = std::env::current_exe().context("find this program")?.with_file_name("teal");
        Ok(Self { program, folder, environment })
    }

    /// Runs `teal` and shows what it says.
    pub(crate) async fn teal(&self, screen: Screen, args: &[&str]) -> Result<Said> {
        screen.say(format!("$ teal {}", args.join(" ")));
        let said = self.quiet(args).await?;
        for line in said.text.lines() {
            screen.print(&format!("           {line}"));
        }
        Ok(said)
    }

    /// Runs `teal`.
    pub(crate) async fn quiet(&self, args: &[&str]) -> Result<Said> {
        let output = Command::new(&self.program)
            .args(args)
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("NO_COLOR", "1")
            .env("USER", "dana")
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("run {}", self.program.display()))?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok(Said { text, code: output.status.code().unwrap_or(-1) })
    }
}
