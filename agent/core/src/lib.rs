//! What the agent decides, pure: no clock, no IO, no environment; time is an argument.

pub mod id;

pub use id::{GroupKind, ObjectId};
