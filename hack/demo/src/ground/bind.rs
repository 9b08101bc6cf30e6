//! One record on a name server that takes signed updates.

use anyhow::Result;
use teal_testkit::dns::{DnsServer, Key, Zone};
use teal_testkit::http::{FrontDoor, LoadClient};

use super::{STEADY_TTL, load};
use crate::screen::Screen;

/// Zone that the name server is authoritative for.
const ZONE: &str = "contoso.example";
/// The record that moves.
const RECORD: &str = "aks";
/// Name of the TSIG key.
const KEY_NAME: &str = "teal";

/// A name server and its key.
pub(crate) struct Bind {
    dns: DnsServer,
    key: Key,
}

impl Bind {
    pub(super) async fn start(screen: Screen, blue: &FrontDoor) -> Result<Self> {
        let key = Key::generate(KEY_NAME)?;
        let zone = Zone::new(ZONE).address(RECORD, STEADY_TTL, &[blue.ip()]);
        let dns = DnsServer::start_with_secondary(&zone, std::slice::from_ref(&key)).await?;
        let bind = Self { dns, key };
        screen.say(format!("{} is served by {}; it points to blue", bind.host(), bind.dns.kind()));
        Ok(bind)
    }

    pub(super) fn host(&self) -> String {
        format!("{RECORD}.{ZONE}")
    }

    pub(super) fn spec(&self, doors: &[FrontDoor]) -> String {
        let secondaries: String = self.dns.secondaries().iter().map(|server| format!("\"{server}\", ")).collect();
        format!(
            "  targets:
  - rfc2136:
      server: \"{dns}\"
      secondaries: [{secondaries}]
      zone: {ZONE}
      record: {RECORD}
      tsig: {{name: {KEY_NAME}, algorithm: hmac-sha256, secret: dns-key}}
    to:
      blue: {{ip: {blue}}}
      green: {{ip: {green}}}
",
            dns = self.dns.address(),
            blue = doors[0].ip(),
            green = doors[1].ip(),
        )
    }

    pub(super) fn secrets(&self) -> Result<Vec<(&'static str, &'static str, String)>> {
        Ok(vec![
            ("dns-key", "secret", self.key.base64()),
            // Any 32 bytes will do; a key of the same length has just been made for TSIG.
            ("dns-key", "ledger", Key::generate("ledger")?.base64()),
        ])
    }

    pub(super) fn client(&self, port: u16) -> Result<LoadClient> {
        LoadClient::start(self.dns.address(), load(&self.host(), port))
    }

    pub(super) fn hints(&self, repository: &str) -> Vec<String> {
        let dns = self.dns.address();
        vec![
            format!(
                "git clone {repository} fleet && cd fleet && sed -i 's/active: blue/active: green/' switch.yaml && git commit -am 'Back to green' && git push"
            ),
            format!("dig @{} -p {} {} +short", dns.ip(), dns.port(), self.host()),
        ]
    }
}
