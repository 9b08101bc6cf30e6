//! Which schema holds for the merges of a build. kustomize keeps them in one place for the whole process, so what holds
//! depends on what was looked up before a schema of one's own was named; the same is true here, for one build.

use crate::schema::{BuiltIn, Schema, is_known};

#[derive(Default)]
pub(crate) struct OpenApi {
    custom: Option<Schema>,
    is_set: bool,
    built_in: Use,
}

/// Whether the built-in schema was needed before one of one's own was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Use {
    #[default]
    None,
    /// A kind was asked for that the built-in tables do not know.
    Asked,
    /// A patch was merged.
    Merged,
}

impl OpenApi {
    /// Says whether a schema was named already; later ones do not count.
    pub(crate) fn is_set(&self) -> bool {
        self.is_set
    }

    /// How the built-in schema holds together with one that is named now.
    pub(crate) fn built_in(&self) -> BuiltIn {
        match self.built_in {
            Use::None => BuiltIn::Out,
            Use::Asked => BuiltIn::First,
            Use::Merged => BuiltIn::Second,
        }
    }

    pub(crate) fn set(&mut self, schema: Schema) {
        (self.custom, self.is_set) = (Some(schema), true);
    }

    pub(crate) fn set_built_in(&mut self) {
        self.is_set = true;
    }

    /// Notes that an object of this kind was taken in.
    pub(crate) fn note(&mut self, api_version: &str, kind: &str) {
        if self.custom.is_none() && self.built_in == Use::None && !is_known(api_version, kind) {
            self.built_in = Use::Asked;
        }
    }

    /// Notes that a patch is about to be merged.
    pub(crate) fn note_merge(&mut self) {
        if self.custom.is_none() {
            self.built_in = Use::Merged;
        }
    }

    /// The schema for a merge.
    pub(crate) fn schema(&self) -> &Schema {
        self.custom.as_ref().unwrap_or_else(|| Schema::built_in())
    }
}
