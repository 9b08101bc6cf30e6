//! An object while the other units are rendered. Nothing is printed before all are there, since an object may be declared
//! in two of them, so each is held as small as it can be.

use std::collections::BTreeMap;

use teal_agent_core::kinds::{Scope, built_in_scope};
use teal_agent_core::{GroupKind, Object, ObjectId, Origin};
use teal_yaml::Value;

/// One object of a fleet.
#[derive(Debug, Clone)]
pub struct FleetObject {
    /// Its identity.
    pub id: ObjectId,
    /// `group/version`, or `v1`.
    pub api_version: String,
    /// Holds what was encrypted in git, or a value from a Secret.
    pub secret: bool,
    /// All of it.
    pub content: Content,
    origin: Origin,
}

/// What an object is. Its `Debug` shows nothing of it, which may be a Secret's.
#[derive(Clone)]
pub enum Content {
    /// As it is printed.
    Text(String),
    /// What may have to be masked before.
    Whole(Value),
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Whole(_) => "Whole",
        })
    }
}

impl FleetObject {
    /// Holds an object. Built-in kinds have their scope from Kubernetes; all others wait for the CRDs of all units.
    pub(super) fn hold(object: Object, secret: bool) -> Self {
        let scope = built_in_scope(&object.id.group_kind());
        let Object { id, api_version, value, origin, .. } = object.scoped(scope);
        let content = if secret || scope.is_none() { Content::Whole(value.into()) } else { printed(&value) };
        Self { id, api_version, secret, content, origin }
    }

    /// Takes up what the CRDs of all units say, where Kubernetes itself says nothing.
    pub(super) fn settle(&mut self, definitions: &BTreeMap<GroupKind, Scope>) {
        let kind = self.id.group_kind();
        let Content::Whole(value) = &mut self.content else { return };
        if built_in_scope(&kind).is_some() {
            return;
        }
        let object = Object {
            id: self.id.clone(),
            api_version: String::new(),
            value: value.take().into(),
            origin: self.origin.clone(),
            secret: self.secret,
        };
        let Object { id, value, .. } = object.scoped(definitions.get(&kind).copied());
        self.id = id;
        self.content = if self.secret { Content::Whole(value.into()) } else { printed(&value) };
    }

    /// Where it was declared.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }
}

fn printed(value: &serde_json::Value) -> Content {
    let mut text = teal_yaml::write(value);
    text.shrink_to_fit();
    Content::Text(text)
}
