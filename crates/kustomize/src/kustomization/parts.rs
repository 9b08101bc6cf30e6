//! One reader for each sort of item, for kustomizations and for generator and transformer documents alike.

pub(crate) mod charts;
pub(crate) mod data;
pub(crate) mod fields;
pub(crate) mod patches;
pub(crate) mod replacements;
pub(crate) mod vars;
