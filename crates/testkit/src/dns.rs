//! Name servers that take signed updates, faults in front of them, and clients that obey TTLs.
//!
//! | what | for |
//! |---|---|
//! | [`Bind`] | the real thing: `named` as a child, with a secondary if wanted |
//! | [`Authority`] | the same contract in process, where `named` is not installed |
//! | [`DnsServer`] | either of them, whichever this machine has |
//! | [`Proxy`] | answers lost after commit, delays, SERVFAIL, a server that is down |
//! | [`Resolver`] | a client's cache that honours TTLs exactly |
//! | [`Recursor`] | the same cache as a server, for those who ask a resolver |

mod authority;
mod bind;
mod client;
mod named;
mod port;
mod proxy;
mod recursor;
mod resolver;
mod serve;
mod signing;
mod zone;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Result, bail};

pub use authority::Authority;
pub use bind::Bind;
pub use named::Named;
pub(crate) use port::reserve as reserve_port;
pub use proxy::{Fault, Proxy};
pub use recursor::Recursor;
pub use resolver::{Resolved, Resolver};
pub use signing::{Algorithm, Key};
pub use zone::Zone;

/// An authoritative server with dynamic updates: BIND where it is installed, else our own.
// There is one or two of them in a process: their size does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum DnsServer {
    /// `named`.
    Bind(Bind),
    /// In process.
    Authority(Authority),
}

impl DnsServer {
    /// Starts the best server this machine has.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(zone: &Zone, keys: &[Key]) -> Result<Self> {
        match Bind::program() {
            Some(_) => Bind::start(zone, keys).await.map(Self::Bind),
            None => Authority::start(zone, keys).await.map(Self::Authority),
        }
    }

    /// The same with a second authoritative server where this machine has BIND; our own has none.
    ///
    /// # Errors
    /// When one does not come up.
    pub async fn start_with_secondary(zone: &Zone, keys: &[Key]) -> Result<Self> {
        match Bind::program() {
            Some(_) => Bind::start_with_secondary(zone, keys).await.map(Self::Bind),
            None => Authority::start(zone, keys).await.map(Self::Authority),
        }
    }

    /// For the screen: which one it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bind(_) => "BIND (named)",
            Self::Authority(_) => "an authoritative server in process, because named is not installed",
        }
    }

    /// Where the primary listens, by UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Bind(server) => server.address(),
            Self::Authority(server) => server.address(),
        }
    }

    /// The other authoritative servers.
    #[must_use]
    pub fn secondaries(&self) -> Vec<SocketAddr> {
        match self {
            Self::Bind(server) => server.secondary().map(Named::address).into_iter().collect(),
            Self::Authority(_) => Vec::new(),
        }
    }

    /// Changes an address as a person would, by `nsupdate`, who knows nothing of a ledger.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn change_by_hand(&self, record: &str, ttl: u32, addresses: &[Ipv4Addr]) -> Result<()> {
        match self {
            Self::Bind(server) => server.change_by_hand(record, ttl, addresses).await,
            Self::Authority(server) => server.change_by_hand(record, ttl, addresses),
        }
    }

    /// Replaces a text record as a person would; `None` deletes it.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn change_text_by_hand(&self, record: &str, text: Option<&str>) -> Result<()> {
        match self {
            Self::Bind(server) => server.change_text_by_hand(record, text).await,
            Self::Authority(server) => server.change_text_by_hand(record, text),
        }
    }

    /// Stops the primary; its zone is kept.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn stop(&mut self) -> Result<()> {
        match self {
            Self::Bind(server) => server.stop(),
            Self::Authority(server) => {
                server.stop().await;
                Ok(())
            }
        }
    }

    /// Starts the primary again, at the same address and with the zone as it was.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_again(&mut self) -> Result<()> {
        match self {
            Self::Bind(server) => server.start_again().await,
            Self::Authority(server) => server.start_again().await,
        }
    }
}

/// Is BIND here? Where it is not, a test says so and ends; with `TEAL_REQUIRE=all` that is a failure.
///
/// # Errors
/// When it is absent and nothing may be skipped.
pub fn bind_or_skip(test: &str) -> Result<Option<PathBuf>> {
    match Bind::program() {
        Some(program) => Ok(Some(program)),
        None if std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all") => {
            bail!(
                "{test} needs BIND's `named` (Debian: bind9 and bind9-dnsutils), and TEAL_REQUIRE=all forbids to skip"
            )
        }
        None => {
            println!("skipped: {test} needs BIND's `named` (Debian: bind9 and bind9-dnsutils)");
            Ok(None)
        }
    }
}
