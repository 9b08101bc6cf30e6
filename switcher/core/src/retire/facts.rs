//! Everything that is looked at before a color goes. What could not be read is an `Err` with the reason, never absent.

use std::time::Duration;

use crate::color::Color;
use crate::ledger::Ledger;
use crate::observation::Value;

/// All of it, seen in one go.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The color, as `colors.yaml` names it.
    pub color: Color,
    /// Unix milliseconds, by the provider's clock where that is known.
    pub now_ms: u64,
    /// Its cluster.
    pub cluster: Result<ClusterSeen, String>,
    /// Pinned and found UID of `kube-system`, when one is pinned. A cluster that does not run can't show it.
    pub uid: Option<(String, Result<String, String>)>,
    /// Fingerprint, in hex, of what ARM tells one cluster from a later one of the same id by; `None` when it tells nothing.
    pub fingerprint: Option<String>,
    /// Every Switch that names the cluster.
    pub switches: Vec<SwitchSeen>,
    /// What git's remote says now, beside the files that all this is judged by.
    pub git: Git,
    /// Switches that `colors.yaml` lists for the color and that do not name the cluster, or are not there.
    pub strangers: Vec<String>,
    /// Everything that was searched for what points at the color.
    pub places: Vec<Place>,
    /// Does live traffic still go there?
    pub drain: Drain,
    /// What goes with the cluster.
    pub doomed: Result<Vec<Doomed>, String>,
}

/// What is declared of the color's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long traffic must have been away.
    pub retention: Duration,
    /// How long the cluster stays stopped before it is deleted.
    pub scream: Duration,
}

/// The cluster, as ARM tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterSeen {
    /// It is not there any more.
    Gone,
    /// It is there.
    There {
        /// What it does.
        state: State,
        /// As ARM words it: `Succeeded, Running`.
        told: String,
    },
}

/// What a cluster does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Runs, and nothing is at work on it.
    Running,
    /// Is being stopped.
    Stopping,
    /// Is stopped, and nothing is at work on it.
    Stopped,
    /// Is being started.
    Starting,
    /// Is being deleted.
    Deleting,
    /// Something else is at work on it: an upgrade, a change of a node pool.
    Busy,
}

/// A Switch that names the cluster.
#[derive(Debug, Clone)]
pub struct SwitchSeen {
    /// Its name.
    pub name: String,
    /// What it calls the color.
    pub color: Color,
    /// The color that git wants live.
    pub wanted: Color,
    /// Does `colors.yaml` list it?
    pub listed: bool,
    /// Its ledger.
    pub ledger: Result<Ledger, String>,
    /// Where each of its targets routes to.
    pub targets: Vec<TargetValue>,
    /// It is driven by the same identity that this retirement acts with.
    pub same_identity: bool,
    /// How the branch that was asked has it; `None` when none was asked, or none could tell.
    pub pushed: Option<Pushed>,
}

/// What git's remote says of the declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Git {
    /// It was not asked: whoever runs this vouches for the files.
    NotAsked,
    /// It was asked.
    Asked {
        /// One of each repository.
        branches: Vec<Branch>,
        /// The color in `colors.yaml`.
        colors: Likeness,
    },
}

/// A branch of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// For people: `main of origin`.
    pub name: String,
    /// Switches that name the cluster there, and not in the files here; `Err` when nothing is known of the branch.
    pub beyond: Result<Vec<String>, String>,
}

/// A Switch as the branch has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The branch, for people.
    pub branch: String,
    /// Compared with the file here.
    pub copy: Likeness,
    /// Does it want the cluster live?
    pub wants_it: bool,
    /// Is the commit that the ledger names in the branch? `None` when the clone's history is too short to tell.
    pub acted_on: Option<bool>,
}

/// What is here, compared with what is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same.
    Same,
    /// Another.
    Differs,
    /// The branch has none.
    Absent,
}

/// Where a target routes to.
#[derive(Debug, Clone)]
pub struct TargetValue {
    /// For people.
    pub name: String,
    /// By the provider's own word.
    pub value: Result<Value, String>,
}

/// Something that was searched.
#[derive(Debug, Clone)]
pub struct Place {
    /// For people: `zone contoso.com`.
    pub name: String,
    /// Is it listed under `inspect`? What was searched beyond that can't refuse by being unreadable.
    pub declared: bool,
    /// What points at the color there.
    pub found: Result<Vec<Pointer>, String>,
}

/// Something that points at the color.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// What points: `A record aks.contoso.com`.
    pub what: String,
    /// Where to: `10.1.0.4`.
    pub to: String,
    /// What it means.
    pub weight: Weight,
}

/// What a pointer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Traffic can go that way.
    Live,
    /// It is switched off, or nothing leads to it.
    Idle,
    /// A name of the color's own: it dangles once the color is gone.
    Own,
}

/// Does live traffic still go to the color?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drain {
    /// Measured: no.
    Proved(String),
    /// Measured: yes.
    Live(String),
    /// Not measured, therefore not drained.
    Unknown(String),
}

/// Something in the cluster's node resource group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// Its ARM id.
    pub id: String,
    /// What it is.
    pub kind: DoomedKind,
    /// Is it listed under the color's `resources`?
    pub announced: bool,
}

/// What it is that goes with the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoomedKind {
    /// A disk, a snapshot or a storage account: data.
    Data,
    /// A public address, which nobody gets back.
    Address,
    /// Anything else: it can be made again.
    Other,
}
