//! What the agent decides, pure: no clock, no IO, no environment; time is an argument.
//!
//! | question | module |
//! |---|---|
//! | which object is this, how is it written, how is it compared | [`id`], [`object`], [`prepared`], [`digest`] |
//! | is it ours, and what of it | [`mark`], [`owned`], [`preserve`], [`scaled`], [`takeover`], [`conflict`] |
//! | what is to be applied, and in which order | [`plan`], [`order`], [`layers`], [`latch`], [`backoff`] |
//! | what do we hold, and what may be deleted | [`inventory`], [`shard`], [`prune`] |
//! | is it well, and are two clusters equal | [`health`], [`parity`] |
//!
//! The rules are those of the sync's specification; where a module decides something that it leaves open, its first
//! lines say so.

pub mod backoff;
pub mod conflict;
pub mod digest;
pub mod health;
pub mod id;
pub mod inventory;
pub mod kinds;
pub mod latch;
pub mod layers;
mod listmaps;
pub mod mark;
pub mod object;
pub mod order;
pub mod owned;
pub mod parity;
pub mod plan;
pub mod prepared;
pub mod preserve;
pub mod prune;
pub mod scaled;
pub mod shard;
pub mod takeover;

pub use digest::{DIGEST_VERSION, Digest, ParityKey};
pub use health::Health;
pub use id::{GroupKind, ObjectId};
pub use inventory::{Entry, Inventory, State};
pub use kinds::Scope;
pub use mark::{CHANGE_ANNOTATION, OwnerMark, PRESERVE_ANNOTATION, WAVE_ANNOTATION};
pub use object::{Object, ObjectError, Origin};
pub use prepared::Prepared;
pub use preserve::pointer_step;

#[cfg(test)]
mod tests;
