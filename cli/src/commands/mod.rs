//! One file a group of verbs.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod get;
pub(crate) mod helm;
pub(crate) mod retire;
pub(crate) mod show;
pub(crate) mod write;
