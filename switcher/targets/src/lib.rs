//! Things that route traffic, each with its ledger, behind one commit call.
//!
//! | file | what |
//! |---|---|
//! | [`routed`] | what is read, what is written, what a write expects |
//! | [`answer`] | what the name servers say, seen from outside |
//! | [`error`] | what can go wrong, and what to do then |
//! | [`config`] | secrets, names, all mistakes of a declaration at once |
//! | [`rfc2136`] | a DNS record and its ledger, changed by one signed UPDATE |
//!
//! To add a provider: one file with its ledger, one variant of [`Target`], one call of the contract suite in
//! `tests/contract`. Every write is compare-and-set on a [`Tag`]; nothing here retries: the caller reads again and
//! decides again (SWITCH §3).

pub mod answer;
pub mod config;
pub mod error;
pub mod rfc2136;
pub mod routed;
mod target;
mod wire;

pub use answer::{Answer, Outcome};
pub use config::{ConfigMistake, ConfigMistakes, Options, Secret};
pub use error::{Doubt, Retry, Seen, TargetError};
pub use rfc2136::Rfc2136Target;
pub use routed::{Change, Routed, Tag, Truths};
pub use target::Target;
