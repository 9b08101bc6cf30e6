//! The end of a color (SWITCH §10): looks at everything that may still need it, and takes its cluster down step by step.
//!
//! | file | what |
//! |---|---|
//! | [`documents`] | finds the Switches that name a cluster |
//! | `gather` | reads all that the guard judges: ledgers, targets, zones, profiles, gateways, drain, the cluster |
//! | `upstream` | what git's remote says of them now |
//! | [`retirement`] | one color's retirement: look, and one step after another |
//! | `steps` | the steps themselves: ledgers by compare-and-swap, the cluster through ARM |
//!
//! What follows from what was seen is decided by [`teal_switcher_core::retire`]. This is a crate of its own, and no part of
//! the switcher: what is always on has no code that deletes a cluster, and acts with another identity.

pub mod documents;
mod error;
mod gather;
mod outcome;
pub mod retirement;
mod steps;
mod upstream;

pub use error::RetireError;
pub use outcome::{Consent, End, Event, Turn};
pub use retirement::{Access, Look, Pace, Retirement};
pub use teal_azure::client::environment;
pub use upstream::Sources;
