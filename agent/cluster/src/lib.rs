//! The agent's hands in a cluster: small adapters over kube that decide nothing.
//!
//! | what | where |
//! |---|---|
//! | which kinds are served, from aggregated discovery | [`kinds`] |
//! | server-side apply of bytes, delete by UID, metadata | [`apply`] |
//! | why the API server did not do it, as a closed set | [`error`] |
//! | watches that reduce each object to a few facts | [`watch`] |
//! | inventories in shards | [`shards`] |
//! | freezing by admission policy, with the barrier that proves it | [`freeze`] |

pub mod apply;
pub mod counting;
pub mod error;
pub mod freeze;
pub mod kinds;
pub mod limit;
pub mod meta;
mod reduced;
pub mod shards;
pub mod watch;

pub use apply::{Address, Applied, Cluster};
pub use error::ApiError;
pub use kinds::{Kind, KindMap, Lookup};
pub use meta::Meta;
pub use watch::{Seen, Sighting, Watches};
