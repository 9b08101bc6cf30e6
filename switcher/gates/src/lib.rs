//! Checks with outcome pass, fail, inconclusive or error, one file a gate.
//!
//! | gate | what it looks at | needs |
//! |---|---|---|
//! | [`http`] | a color's own address, with the production host name and SNI | only the network |
//! | [`prometheus`] | an instant query, judged by a comparison | the metrics server |
//! | [`topology`] | host names, and both colors under each of them | a resolver, the colors, Front Door |
//! | [`azure_monitor`] | a metric over a window, by a comparison or against the live color | Azure Monitor |
//! | [`platform`] | API server, nodes, system workloads of the new cluster | its API server |
//! | [`aks`] | the same cluster and its node pools, as ARM tells them; a part of `platform` | ARM |
//! | [`synced`] | both `Sync`s, Ready at F and pinned to it | both API servers |
//! | [`parity`] | how many declared objects are equal on both | both API servers |
//! | [`health`] | all colors, all the time: the evidence that G3 and G4 rest on | only the network |
//!
//! A gate never decides what follows from its outcome: that is `teal_switcher_core`'s.

pub mod aks;
pub mod azure_monitor;
pub mod health;
pub mod http;
pub mod parity;
pub mod platform;
pub mod prometheus;
pub mod report;
pub mod synced;
pub mod topology;

pub use report::{Outcome, Report};
