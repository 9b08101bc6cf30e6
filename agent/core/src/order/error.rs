use crate::id::ObjectId;

/// An order that does not exist. Only the named objects are held back (G8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Objects wait for each other.
    #[error("these objects wait for each other: {}; remove one teal.dev/after", join(members))]
    Cycle {
        /// In the order they wait, each for the next, the last for the first.
        members: Vec<ObjectId>,
    },
    /// An object needs one that only a later layer applies.
    #[error(
        "layer cycle: {object} in layer {layer} needs {needed}, which is in layer {later}, which comes after {layer}; \
         move one of them"
    )]
    LayerCycle {
        /// The object that can never be applied.
        object: ObjectId,
        /// Its layer.
        layer: String,
        /// What it needs: its CRD, or what its `teal.dev/after` names.
        needed: ObjectId,
        /// The layer of that.
        later: String,
    },
    /// `teal.dev/after` names something nobody declares.
    #[error("{object} is to come after {named}, which the fleet does not declare; correct its teal.dev/after")]
    UnknownAfter {
        /// The annotated object.
        object: ObjectId,
        /// What it names.
        named: ObjectId,
    },
}

impl OrderError {
    /// Closed set: metric label, Event reason and log field alike.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Cycle { .. } => "DependencyCycle",
            Self::LayerCycle { .. } => "LayerCycle",
            Self::UnknownAfter { .. } => "UnknownAfter",
        }
    }

    /// The objects that can't be applied because of it.
    #[must_use]
    pub fn objects(&self) -> &[ObjectId] {
        match self {
            Self::Cycle { members } => members,
            Self::LayerCycle { object, .. } | Self::UnknownAfter { object, .. } => std::slice::from_ref(object),
        }
    }
}

fn join(ids: &[ObjectId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ")
}
