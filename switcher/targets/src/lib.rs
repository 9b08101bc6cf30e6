//! Things that route traffic, behind one interface: those that compare and set, each with its ledger, and those that
//! follow a ledger kept elsewhere.
//!
//! | file | what |
//! |---|---|
//! | [`target`](Target) | the closed set, in its two families |
//! | [`routed`] | what is read, what is written, what a write expects; what is true of each, as data |
//! | [`flow`] | where traffic goes by color, and what a write came to |
//! | [`lane`] | whether the way back of a declaration is as fast as it promises |
//! | [`answer`] | what the name servers say, seen from outside |
//! | [`error`] | what can go wrong, and what to do then |
//! | [`config`] | secrets, names, all mistakes of a declaration at once |
//! | [`rfc2136`] | a DNS record and its ledger, changed by one signed UPDATE |
//! | `azure_dns` | a record set of an Azure zone, its ledger in its metadata, changed by one PUT with `If-Match` |
//! | `follow` | a DNS record that follows a ledger kept elsewhere |
//! | `front_door`, `front_door_classic`, `traffic_manager`, `application_gateway` | followers in Azure; `arm` is what they share |
//!
//! To add a provider: one file, one arm of [`Target::new`], one call of the contract suite in `tests/contract`. Nothing
//! here retries a write: the caller reads again and decides again (SWITCH §3).

pub mod answer;
mod application_gateway;
mod arm;
mod azure_dns;
pub mod config;
pub mod error;
pub mod flow;
mod follow;
mod front_door;
mod front_door_classic;
pub mod lane;
pub mod lookup;
pub mod rfc2136;
pub mod routed;
mod target;
mod traffic_manager;
mod wire;

pub use answer::{Answer, Outcome, Untold};
pub use config::{Access, ConfigMistake, ConfigMistakes, Options, Secret};
pub use error::{Doubt, Retry, Seen, TargetError};
pub use flow::{Finding, Meaning, Op, Progress, RoutedNow, Settled, Split, Written};
pub use rfc2136::Rfc2136Target;
pub use routed::{Change, Routed, Tag, Truths, Weights};
pub use target::Target;
