//! The fleet's repository as the demo commits it: a fleet folder, and a `switch.yaml` with this machine's addresses.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Zone that the demo's name server is authoritative for.
pub(crate) const ZONE: &str = "contoso.example";
/// The record that moves.
pub(crate) const RECORD: &str = "aks";
/// Name of the TSIG key.
pub(crate) const KEY_NAME: &str = "teal";
/// TTL while nothing moves, in seconds; short, so that the demo need not wait five minutes for caches to forget.
pub(crate) const STEADY_TTL: u32 = 5;
/// TTL while a move is under way, in seconds.
pub(crate) const MOVING_TTL: u32 = 1;

/// Full name of the record.
pub(crate) fn host() -> String {
    format!("{RECORD}.{ZONE}")
}

/// What `switch.yaml` needs to know of this machine.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Where the name server takes updates.
    pub(crate) dns: SocketAddr,
    /// The other authoritative servers.
    pub(crate) secondaries: Vec<SocketAddr>,
    /// Blue's front door.
    pub(crate) blue: SocketAddr,
    /// Green's front door.
    pub(crate) green: SocketAddr,
}

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
pub(crate) fn switch_yaml(active: &str, addresses: &Addresses) -> String {
    let (blue, green) = (addresses.blue, addresses.green);
    let secondaries: String = addresses.secondaries.iter().map(|server| format!("\"{server}\", ")).collect();
    format!(
        "apiVersion: teal.dev/v1alpha1
kind: Switch
metadata:
  name: contoso
spec:
  active: {active}
  colors:
    blue:
      cluster: {{kubeconfig: blue-access}}
      probe: {{url: \"http://{blue}/healthz\", host: {host}}}
    green:
      cluster: {{kubeconfig: green-access}}
      probe: {{url: \"http://{green}/healthz\", host: {host}}}
  targets:
  - rfc2136:
      server: \"{dns}\"
      secondaries: [{secondaries}]
      zone: {ZONE}
      record: {RECORD}
      tsig: {{name: {KEY_NAME}, algorithm: hmac-sha256, secret: dns-key}}
    to:
      blue: {{ip: {blue_ip}}}
      green: {{ip: {green_ip}}}
  strategy:
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
  health: {{freshness: 3s, interval: 500ms, threshold: 2}}
  rollback: {{automatic: true, fallback: hold}}
  failover: manual
",
        host = host(),
        dns = addresses.dns,
        blue_ip = ip(blue),
        green_ip = ip(green),
        other = if active == "blue" { blue } else { green },
    )
}

fn ip(address: SocketAddr) -> Ipv4Addr {
    match address {
        SocketAddr::V4(address) => *address.ip(),
        SocketAddr::V6(_) => Ipv4Addr::LOCALHOST,
    }
}
