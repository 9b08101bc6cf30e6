//! Makes one cluster equal to git.
//!
//! | step | where |
//! |---|---|
//! | which `Sync`, which source, which role | `following` |
//! | what the repository says | `source` |
//! | what the cluster gives to rendering: keys, values | `inputs`, `keys`, `giving`, `chart_values`; when to ask a vault again: `asking` |
//! | commit → layers, units, prepared objects | `rendering`, `declared`, `fingerprints`, `charts`, `checking`, `scanning` → [`wanted`] |
//! | what is known of live objects | [`world`] |
//! | what to do now, and in which order | [`ordering`], [`planning`]: pure |
//! | apply, record, prune | `applying`, `settling`, `rebuilding` |
//! | what an earlier process achieved | `remembering` |
//! | how it stands, told to people and machines | `standing`, `reporting`, `units`, [`metrics`], `events` |
//! | freezes | `freezing` |
//! | one turn of all this | `engine`; the loop round it: `running`, `declaring`; the process: `agent` |

mod agent;
mod applying;
mod asking;
mod chart_values;
mod charts;
mod checking;
mod config;
mod declared;
mod declaring;
mod engine;
mod events;
mod fingerprints;
mod following;
mod freezing;
mod giving;
mod inputs;
mod keys;
#[cfg(test)]
mod locality_tests;
pub mod metrics;
pub mod ordering;
pub mod planning;
mod rebuilding;
mod remembering;
mod rendering;
mod reporting;
mod running;
mod scanning;
mod settling;
mod source;
mod standing;
mod units;
pub mod wanted;
pub mod world;

pub use agent::{Agent, AgentError};
pub use config::{AgentConfig, FreezeConfig, HelmConfig};
pub use metrics::Metrics;
