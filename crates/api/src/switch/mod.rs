//! `switch.yaml` (kind `Switch`): one service's traffic, its colors and targets, as git declares them (DESIGN §5.4).

mod gates;
mod parse;
mod targets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

/// A validated declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// `metadata.name`.
    pub name: String,
    /// The color that should be live: the word that is committed.
    pub active: String,
    /// Raised to retry a parked move.
    pub attempt: u32,
    /// Allows a commit that changes `active` and the fleet together.
    pub with_fleet: bool,
    /// At least two colors; `active` is one of them.
    pub colors: BTreeMap<String, Color>,
    /// At least one; the first DNS target keeps the ledger.
    pub targets: Vec<Target>,
    /// Resolvers asked from outside, besides the authoritative servers.
    pub vantages: Vec<Vantage>,
    /// TTLs, waits and soak.
    pub strategy: Strategy,
    /// How deployments are held still during a move; `None` when the declaration says `freeze: off`.
    pub freeze: Option<FreezePolicy>,
    /// Checks before the shift and during the soak.
    pub gates: Gates,
    /// What happens when the new color fails.
    pub rollback: Rollback,
    /// Who starts a move away from a dead color.
    pub failover: Failover,
    /// Health evidence.
    pub health: Health,
    /// Hex SHA-256 of the canonical form: "this Switch's declaration changed" means that this changed (G5).
    pub digest: String,
}

/// One cluster as this Switch knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Color {
    /// How to reach its API server.
    pub cluster: Cluster,
    /// How to prove it healthy, without its API server (SWITCH §4).
    pub probe: HttpProbe,
}

/// How to reach a cluster's API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// Secret of this name holds a kubeconfig under `kubeconfig`.
    Kubeconfig(String),
}

/// An HTTP probe of one color's own address with the production host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe {
    /// `http(s)://address[:port]/path`.
    pub url: String,
    /// `Host` header and SNI; the URL's host when absent.
    pub host: Option<String>,
    /// Status codes that prove health; any 2xx when empty.
    pub status: Vec<u16>,
    /// Text the body must contain.
    pub contains: Option<String>,
    /// Default 2 s.
    pub timeout: Duration,
}

/// One thing that routes traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Which thing.
    pub provider: Provider,
    /// What it points to for each color.
    pub to: BTreeMap<String, Destination>,
}

/// The providers there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// A DNS record changed by RFC 2136 UPDATE.
    Rfc2136(Rfc2136),
}

/// A record on a name server that takes signed updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rfc2136 {
    /// Primary that takes the updates, `host:port`; port 53 when absent.
    pub server: String,
    /// Every authoritative server that must answer alike, `host:port`; the primary alone when empty.
    pub secondaries: Vec<String>,
    /// Zone, without a trailing dot.
    pub zone: String,
    /// Record inside the zone, such as `aks`.
    pub record: String,
    /// TSIG key.
    pub tsig: Tsig,
}

/// A TSIG key; the secret itself is never in git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tsig {
    /// Key name as the server knows it.
    pub name: String,
    /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    pub algorithm: TsigAlgorithm,
    /// Secret with the base64 key under `secret`, and the ledger's sealing key under `ledger` (32 bytes, base64).
    pub secret: String,
}

/// Algorithms for TSIG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// hmac-sha256.
    HmacSha256,
    /// hmac-sha384.
    HmacSha384,
    /// hmac-sha512.
    HmacSha512,
}

/// What a target points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// IPv4 addresses, written as `ip: 10.1.0.4` or a list.
    Ip(Vec<std::net::Ipv4Addr>),
}

/// A place from which the outside is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vantage {
    /// A recursive resolver, `host[:port]`.
    Resolver(String),
}

/// TTLs, waits, soak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// TTL while nothing moves; default 300 s.
    pub ttl_steady: Duration,
    /// TTL while a move is under way; default 10 s; at most `ttl_steady`.
    pub ttl_moving: Duration,
    /// How long the new color must prove itself before the move is complete; default 30 min.
    pub soak: Duration,
    /// How long preparing may take before the move is parked; default 1 h.
    pub deadline: Duration,
}

/// How deployments are held still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezePolicy {
    /// Longest freeze; lifted by the cluster's own agent after that. Default 2 h.
    pub max: Duration,
    /// Users that pass.
    pub exempt_users: Vec<String>,
    /// Groups that pass.
    pub exempt_groups: Vec<String>,
}

/// Checks in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gates {
    /// All must pass before the shift.
    pub before: Vec<Gate>,
    /// Run from the shift to the end of the soak; a fail rolls back.
    pub during: Vec<Gate>,
}

/// One check.
#[derive(Debug, Clone, PartialEq)]
pub enum Gate {
    /// The new cluster: API server ready, nodes Ready, system workloads healthy.
    Platform,
    /// The new cluster's Sync is Ready at F, and so is the live one's.
    Synced,
    /// Share of declared objects that are equal on both.
    Parity {
        /// Least share in percent, such as `100` or `99.5`.
        minimum: f64,
    },
    /// An HTTP request to the new color.
    Http(HttpProbe),
    /// An instant query.
    Prometheus(Prometheus),
}

/// A Prometheus instant query judged by a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Prometheus {
    /// Base URL of the server.
    pub address: String,
    /// PromQL; `${color}` is replaced by the new color.
    pub query: String,
    /// Such as `value < 0.01`.
    pub success: Comparison,
    /// Default 30 s.
    pub interval: Duration,
    /// How many measurements in a row may fail before the gate fails; default 0.
    pub failure_limit: u32,
}

/// `value <op> number`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The operator.
    pub operator: Operator,
    /// The number.
    pub bound: f64,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// What happens when the new color fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// Go back without being asked; default true.
    pub automatic: bool,
    /// What to do when the new color is unknown for `unknown_deadline` and the old one is proven; default hold.
    pub fallback: Fallback,
    /// How long *unknown* is waited for; default 5 min.
    pub unknown_deadline: Duration,
    /// Go to the other color although it is unknown, when the active one fails; default false.
    pub last_resort_other: bool,
}

/// What to do at the end of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Stay where the traffic is, and alert.
    Hold,
    /// Go back to the color proven healthy.
    Back,
}

/// Who starts a move away from a dead color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failover {
    /// A person.
    Manual,
}

/// How health is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Oldest evidence that counts as *now*; default 15 s.
    pub freshness: Duration,
    /// Time between probes; default a third of `freshness`.
    pub interval: Duration,
    /// Probes in a row that must agree before the verdict changes; default 2.
    pub threshold: u32,
    /// Something else that must answer: without it *I am blind* can't be told from *it is down*.
    pub control: Option<HttpProbe>,
}
