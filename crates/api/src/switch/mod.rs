//! `switch.yaml` (kind `Switch`): one service's traffic, its colors and targets, as git declares them (DESIGN §5.4).

pub(crate) mod azure;
mod checks;
pub(crate) mod gates;
mod parse;
pub mod providers;
mod strategy;
mod targets;
#[cfg(test)]
mod tests;
mod topology;

use std::collections::BTreeMap;
use std::time::Duration;

pub use topology::Topology;

pub use providers::{
    Affinity, ApplicationGateway, AzureRecord, Destination, FrontDoor, FrontDoorBy, FrontDoorClassic, Provider,
    RecordType, Rfc2136, TrafficManager, Tsig, TsigAlgorithm,
};

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
    /// At least one, in the order in which they are moved. The first keeps the ledger when `ledger` names no place of
    /// its own.
    pub targets: Vec<Target>,
    /// Where the ledger is.
    pub ledger: LedgerPlace,
    /// How Azure's management plane is reached.
    pub azure: AzureAccess,
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
    /// ARM id of a managed cluster, in lower case: endpoint and CA are read from ARM, the token is the identity's.
    Aks(String),
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
    /// `at: 100`: it can't weigh, and moves at the step that brings all traffic.
    pub at_full: bool,
}

/// Where the ledger is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerPlace {
    /// A record set of its own; `None`: beside the first target's record.
    pub own: Option<LedgerRecord>,
    /// Secret that holds the sealing key under `ledger` (32 bytes, base64); an Azure zone's own access rights guard a
    /// ledger that is not sealed. RFC 2136 targets have it in their TSIG Secret.
    pub key: Option<String>,
}

/// A TXT record set that holds the ledger and routes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRecord {
    /// The record set.
    pub record: AzureRecord,
    /// Whether its zone is a private one.
    pub private: bool,
}

/// How Azure's management plane is reached; what is not said comes from the switcher's environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AzureAccess {
    /// Which cloud.
    pub cloud: Option<Cloud>,
    /// Tenant id or domain.
    pub tenant: Option<String>,
    /// Client id of the identity.
    pub client_id: Option<String>,
    /// Which way to authenticate.
    pub credential: Credential,
}

/// Azure's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// management.azure.com
    Public,
    /// Azure US Government.
    UsGovernment,
    /// Azure operated by 21Vianet.
    China,
    /// Endpoints from the environment.
    Custom,
}

/// Ways to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credential {
    /// What the environment offers.
    #[default]
    Environment,
    /// A federated token, as AKS injects it.
    WorkloadIdentity,
    /// The machine's or a named managed identity.
    ManagedIdentity,
    /// A client with a secret.
    ClientSecret,
    /// A client with a certificate.
    ClientCertificate,
    /// Whoever is logged in to the Azure CLI.
    AzureCli,
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
    /// Largest TTL that a record may have when a move begins; not limited when absent.
    pub ttl_maximum: Option<Duration>,
    /// Traffic by steps; empty: all at once. Weights rise, and the last is 100.
    pub steps: Vec<Stage>,
}

/// One step of a gradual move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// This share of the traffic goes to the new color.
    Weight {
        /// Percent, 1 to 100.
        weight: u8,
        /// How long it stays so, from when propagation is proved.
        hold: Duration,
    },
    /// A person goes on with `teal promote`.
    Pause,
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
    /// A metric of Azure Monitor.
    AzureMonitor(AzureMonitor),
    /// The host names lead where they should.
    Topology(Topology),
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

/// A metric of Azure Monitor, judged by a comparison or against another resource's.
#[derive(Debug, Clone, PartialEq)]
pub struct AzureMonitor {
    /// ARM id; `${color}` is replaced by the new color.
    pub resource: String,
    /// Such as `OriginRequestCount`.
    pub metric: String,
    /// The metric's namespace; the resource's own when absent.
    pub namespace: Option<String>,
    /// How values of one minute become one.
    pub aggregation: Aggregation,
    /// Such as `HttpStatusGroup eq '5XX'`; `${color}` is replaced by the new color.
    pub filter: Option<String>,
    /// How far back is looked; default 5 min.
    pub window: Duration,
    /// Such as `value < 0.01`; at least one of this and `baseline`.
    pub success: Option<Comparison>,
    /// What it is compared with.
    pub baseline: Option<Baseline>,
    /// Default 60 s, the metrics' own grain.
    pub interval: Duration,
    /// How many measurements in a row may fail before the gate fails; default 0.
    pub failure_limit: u32,
}

/// The live color's value, which the new one may not exceed by more than a share.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// ARM id; `${color}` is replaced by the live color; the gate's own resource when absent.
    pub resource: Option<String>,
    /// Most that the new value may be above the live one, in percent.
    pub within: f64,
}

/// How values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// Mean.
    Average,
    /// Sum.
    Total,
    /// Number of samples.
    Count,
    /// Least.
    Minimum,
    /// Greatest.
    Maximum,
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
    /// Longest that going back may take until users see it; a declaration whose targets are slower is refused.
    pub objective: Option<Duration>,
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
