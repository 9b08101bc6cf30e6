//! What the switcher knows, as data: the body of `/api/status`, the source of the page, of the metrics and of
//! `teal status`. Field names are a contract; fields may be added, never renamed. Times are RFC 3339 in UTC.

mod colors;
#[cfg(test)]
pub(crate) mod fixture;
mod idle;

pub use colors::{ClusterStatus, ColorStatus, FreezeFacts, ParityStatus};
pub use idle::typed;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use teal_gates::Report;

/// The whole body of `/api/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// When this was put together.
    pub at: Timestamp,
    /// Who answers.
    pub switcher: SwitcherStatus,
    /// How git stands.
    pub git: GitStatus,
    /// One entry a declared Switch, by name.
    pub switches: Vec<SwitchStatus>,
    /// Files of git that hold no valid declaration; what was in force before them still is.
    pub invalid: Vec<InvalidFile>,
}

/// The process that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SwitcherStatus {
    /// Its name in the ledger.
    pub identity: String,
    /// The color it runs in, when it runs in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Its version.
    pub version: String,
}

/// How the git repository stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitStatus {
    /// Where it is, without credentials.
    pub url: String,
    /// The branch that is followed.
    pub branch: String,
    /// The commit last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// When it was last fetched with success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<Timestamp>,
    /// Why the last fetch failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A file that matches the switcher's glob and is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvalidFile {
    /// Path in the repository.
    pub file: String,
    /// The commit that holds it.
    pub revision: String,
    /// All mistakes, each with file, line, column and what would be right.
    pub mistakes: Vec<String>,
    /// The Switch whose last valid declaration stays in force, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<String>,
}

/// One Switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SwitchStatus {
    /// Its name.
    pub name: String,
    /// One sentence: which color is live, which should be.
    pub banner: String,
    /// How urgent the sentence is.
    pub mood: Mood,
    /// The color that the record points to; absent while it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
    /// The color that should be live, by git or by an override.
    pub desired: String,
    /// `Steady`, `Preparing`, `Shifting`, `Draining`, `Soaking`, `RollingBack`, `Parked`, `Retiring`; `Unknown` before the first read.
    pub phase: String,
    /// Stage `T0` to `T4`.
    pub stage: String,
    /// What is awaited; absent at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// The emergency lane's word, while one is in force.
    #[serde(default, rename = "override", skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
    /// Epoch of the ledger; absent before the first read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Who holds the move in the ledger; absent at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The declaration in force.
    pub declaration: Declaration,
    /// Every color.
    pub colors: Vec<ColorStatus>,
    /// How equal the two are; absent before the first measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityStatus>,
    /// Freezes, one a cluster that has one.
    pub freezes: Vec<FreezeFacts>,
    /// The last measurement of every gate.
    pub gates: Vec<GateStatus>,
    /// Every target, in the order in which they are moved.
    #[serde(default)]
    pub targets: Vec<TargetStatus>,
    /// What is seen from outside.
    pub dns: Vec<VantageStatus>,
    /// All steps from here, done ones included.
    pub plan: Vec<PlanLine>,
    /// What a person should look at, worst first.
    pub attention: Vec<Attention>,
    /// What one can type now.
    pub commands: Vec<String>,
    /// Transitions, newest first, at most 200.
    pub history: Vec<Transition>,
    /// How long both clusters have been kept running beside each other, in seconds, while a move or its rollback window is open.
    pub double_run_seconds: u64,
}

/// How urgent a Switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mood {
    /// As declared.
    Calm,
    /// Moving.
    Busy,
    /// Someone should look.
    Alarm,
}

/// What is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// Closed set, SWITCH §11.
    pub reason: String,
    /// What exactly.
    pub message: String,
    /// Until when, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A declaration and the commit it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration {
    /// Path in the repository.
    pub file: String,
    /// The commit whose content is in force.
    pub revision: String,
    /// First line of its message.
    #[serde(default)]
    pub subject: String,
    /// Who wrote it.
    #[serde(default)]
    pub author: String,
    /// Digest of the declaration.
    pub digest: String,
    /// The color git names.
    pub active: String,
    /// Whether the newest commit holds a valid declaration too.
    pub valid: bool,
    /// Mistakes of the newest commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<String>,
}

/// The last measurement of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateStatus {
    /// `before` or `during`.
    pub when: String,
    /// Whether this is what the shift was decided by; it is not measured again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_shift: bool,
    /// When it was measured.
    pub at: Timestamp,
    /// What was found.
    pub report: Report,
}

/// What one vantage sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VantageStatus {
    /// `host:port` of the server asked.
    pub vantage: String,
    /// Whether it is one of the zone's own servers.
    pub authoritative: bool,
    /// The color its answer belongs to; absent when it is none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Its answer, for people.
    pub answer: String,
    /// When it was asked.
    pub at: Timestamp,
}

/// One target of a Switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// The record's full name, or what is changed.
    pub name: String,
    /// The word of `switch.yaml`.
    pub kind: String,
    /// Where it routes to, as its provider says.
    pub routes: String,
    /// Where it should.
    pub wanted: String,
    /// The provider compares before it sets.
    pub compares: bool,
    /// It can split traffic by weight.
    pub weighs: bool,
    /// Fast enough to go back by it.
    pub rollback_lane: bool,
    /// Longest until the last client that obeys the TTL is back, in seconds.
    pub way_back_seconds: u64,
    /// Why no answer from outside proves that a change of it is seen, and its provider's word and bound are all there
    /// is; absent where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
    /// What a person should know of it.
    pub warnings: Vec<String>,
}

/// One step of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanLine {
    /// What is done.
    pub text: String,
    /// Whether it is past, present or to come.
    pub state: StepState,
    /// How long it takes, for people, such as `30 s` or `until both are equal`.
    #[serde(default)]
    pub takes: String,
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// Behind us.
    Done,
    /// Under way.
    Now,
    /// To come.
    Next,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attention {
    /// Closed set of CamelCase reasons.
    pub reason: String,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    #[serde(default)]
    pub hint: String,
}

/// One transition, as `history` and `explain` tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// When this switcher saw or made it.
    pub at: Timestamp,
    /// Phase before; empty for the first.
    pub from: String,
    /// Phase after.
    pub to: String,
    /// The colors, as `blue → green`, or the one that is live.
    pub colors: String,
    /// Why, one sentence.
    pub why: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Who did it: this switcher, another one, or an operator.
    pub by: String,
    /// The commit behind it; empty when there is none.
    #[serde(default)]
    pub revision: String,
    /// Epoch of the ledger after it.
    pub epoch: u64,
}
