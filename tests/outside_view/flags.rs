//! The flags in the chart are those that the programs take.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::helm::Helm;

/// Values under which every flag of the templates is rendered.
const ALL_FLAGS: [&str; 6] = [
    "agent.sync.url=https://git.contoso.com/fleet",
    "agent.sync.color=blue",
    "switcher.source.url=https://git.contoso.com/fleet",
    "switcher.source.secretRef=git-access",
    "switcher.color=blue",
    "switcher.secrets={blue-access}",
];

/// A program as the workspace's build put it beside this test.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let built = me.parent().and_then(|deps| deps.parent()).context("cargo's target directory")?.join(name);
    ensure!(built.is_file(), "there is no {}: cargo build --workspace makes it", built.display());
    Ok(built)
}

#[tokio::test]
async fn the_programs_take_the_charts_flags() -> Result<()> {
    let Some(helm) = Helm::or_skip("the chart's flags")? else { return Ok(()) };
    let text = helm.template(&ALL_FLAGS).await?;
    let mut seen = 0;
    for object in teal_yaml::read(&text)?.into_iter().map(teal_yaml::Node::into_value) {
        if object["kind"] != "Deployment" {
            continue;
        }
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        let command = container["command"][0].as_str().context("a command")?;
        let flags: Vec<&str> = container["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ensure!(flags.iter().all(|flag| flag.starts_with("--") && flag.contains('=')), "{flags:?}");
        // Flags before --help are read and judged, so that an unknown one or a wrong value is an error.
        let judged = Command::new(program(command)?).args(&flags).arg("--help").output().await?;
        ensure!(judged.status.success(), "{command}: {}", String::from_utf8_lossy(&judged.stderr));
        let wrong = Command::new(program(command)?).args(["--no-such-flag=x", "--help"]).output().await?;
        ensure!(!wrong.status.success(), "{command} takes any flag, so this test shows nothing");
        let help = String::from_utf8_lossy(&judged.stdout).into_owned();
        for variable in
            container["env"].as_array().into_iter().flatten().filter_map(|variable| variable["name"].as_str())
        {
            // The log's filter is read by the log itself, not by the flags.
            let read = variable == "RUST_LOG" || help.contains(variable);
            ensure!(read, "{command} does not read {variable}, which the chart sets");
        }
        seen += 1;
    }
    ensure!(seen == 2, "{seen} Deployments");
    Ok(())
}
