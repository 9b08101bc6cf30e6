//! The fleet's repository as the demo commits it: a fleet folder, and a `switch.yaml` with this machine's addresses.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use teal_testkit::http::FrontDoor;

use crate::ground::{Ground, MOVING_TTL, STEADY_TTL};

/// Copies `fleet` into `into`, without any `switch.yaml` of its own.
pub(crate) fn copy_fleet(fleet: &Path, into: &Path) -> Result<()> {
    ensure!(fleet.is_dir(), "{} is no folder; --fleet takes the folder that holds teal.yaml", fleet.display());
    for entry in std::fs::read_dir(fleet).with_context(|| format!("read {}", fleet.display()))? {
        let entry = entry?;
        let target = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_fleet(&entry.path(), &target)?;
        } else if entry.file_name() != "switch.yaml" && entry.file_name() != "README.md" {
            std::fs::copy(entry.path(), &target).with_context(|| format!("copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// The declaration that makes `active` live.
pub(crate) fn switch_yaml(active: &str, ground: &Ground, doors: &[FrontDoor]) -> String {
    let (blue, green) = (doors[0].address(), doors[1].address());
    format!(
        "apiVersion: teal.dev/v1alpha1
kind: Switch
metadata:
  name: contoso
spec:
  active: {active}
  colors:
    blue:
      cluster: {at_blue}
      probe: {{url: \"http://{blue}/healthz\", host: {host}}}
    green:
      cluster: {at_green}
      probe: {{url: \"http://{green}/healthz\", host: {host}}}
{ground}  strategy:
    ttl: {{steady: {STEADY_TTL}s, moving: {MOVING_TTL}s}}
    soak: 5s
    deadline: 5m
  freeze: {{max: 10m}}
  gates:
    before:
    - platform: {{}}
    - synced: {{}}
    - parity: {{minimum: 100%}}
    - http: {{url: \"http://{other}/\", host: {host}}}
{gates}  health: {{freshness: 3s, interval: 500ms, threshold: 2}}
  rollback: {{automatic: true, fallback: hold}}
  failover: manual
",
        gates = ground.gates(),
        host = ground.host(),
        at_blue = ground.cluster("blue"),
        at_green = ground.cluster("green"),
        other = if active == "blue" { blue } else { green },
        ground = ground.spec(doors),
    )
}
