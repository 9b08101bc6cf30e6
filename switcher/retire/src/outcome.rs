//! What a run tells while it goes on, and how it ended.

use serde::Serialize;
use teal_switcher_core::retire::Finding;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A Switch is past the point of no return.
    NoWayBack {
        /// Its name.
        switch: String,
    },
    /// The cluster is asked to stop.
    Stopping,
    /// A Switch's ledger says that the cluster is stopped.
    Stopped {
        /// Its name.
        switch: String,
        /// When it may be deleted; Unix milliseconds.
        until_ms: u64,
    },
    /// A Switch's ledger says that the stop it told of does not count any more.
    Reopened {
        /// Its name.
        switch: String,
    },
    /// A Switch's ledger says that the drain is proved anew.
    Proved {
        /// Its name.
        switch: String,
    },
    /// A Switch's ledger says that the cluster is about to be deleted.
    Condemned {
        /// Its name.
        switch: String,
    },
    /// The cluster is asked to go.
    Deleting,
    /// The cluster is asked to start again.
    Starting,
    /// An operation of the cluster is waited for.
    Awaiting,
    /// A Switch is Steady again.
    Steady {
        /// Its name.
        switch: String,
    },
}

/// How far whoever runs it has agreed to go; later ones include the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// What has begun goes on.
    GoOn,
    /// Past the point of no return.
    NoWayBack,
    /// To the cluster's deletion, for ever.
    Delete,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum End {
    /// The cluster is gone, and its Switches are Steady.
    Done,
    /// It runs again, and its Switches are Steady.
    Revived,
    /// Something refuses.
    Refused {
        /// All that was found.
        findings: Vec<Finding>,
    },
    /// The cluster is stopped; run it again after this. Unix milliseconds.
    Screams {
        /// Until when.
        until_ms: u64,
    },
    /// What comes next was not agreed to: the point of no return, or the deletion. Run it again.
    Unconfirmed {
        /// Is it the deletion?
        deletes: bool,
    },
    /// The pipeline does this, and runs it again.
    YourTurn {
        /// What.
        turn: Turn,
        /// The cluster's ARM id.
        cluster: String,
    },
}

/// What a pipeline does where it is the executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// Stop the cluster.
    Stop,
    /// Delete the cluster.
    Delete,
    /// Start the cluster.
    Start,
}
