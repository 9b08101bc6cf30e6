//! What is to be done for each wanted object, given what is recorded and what lives.
//!
//! **When force is allowed.** Only to repair: the object is ours by UID, and what is wanted is exactly what was applied
//! without force before. Every conflict then is a field taken from us afterwards, so forcing takes back what was ours
//! and nothing else. A changed declaration never forces (SYNC §4).

use std::collections::HashMap;

use crate::digest::Digest;
use crate::id::ObjectId;
use crate::inventory::{Entry, Inventory, State};
use crate::prepared::{Change, Prepared};

/// What the metadata of a live object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its UID.
    pub uid: String,
    /// Hash of our own Apply entry, see [`owned::own_fields`](crate::owned::own_fields); `None` when we have none.
    pub fields: Option<Digest>,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// What to do with one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It is as declared.
    Nothing,
    /// Apply without force; there is no live object.
    Create,
    /// Apply without force; the live object is not ours yet. Take predecessors' fields over first.
    Adopt,
    /// Apply without force; the declaration changed.
    Update,
    /// Apply with force; the declaration did not change, the live object did.
    Repair,
    /// It is being deleted: wait until it is gone.
    Wait,
}

impl Action {
    /// Whether the apply may force.
    #[must_use]
    pub fn forces(self) -> bool {
        self == Self::Repair
    }

    /// Whether anything is sent to the API server.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Nothing | Self::Wait)
    }
}

/// Decides for one object. `live` is `None` when it is known not to exist.
#[must_use]
pub fn action(wanted: &Prepared, entry: Option<&Entry>, live: Option<&Live>) -> Action {
    let same =
        entry.is_some_and(|entry| wanted.lasting && entry.digest == Some(wanted.digest) && entry.unit == wanted.unit);
    if wanted.links.change == Change::Never && entry.is_some_and(|entry| entry.uid().is_some()) {
        // Made once; whatever became of it since is as it should be.
        return Action::Nothing;
    }
    let Some(live) = live else {
        // A Job that its TTL removed after it was applied at this digest is done.
        let done = wanted.links.expires && same && entry.is_some_and(|entry| entry.uid().is_some());
        return if done { Action::Nothing } else { Action::Create };
    };
    if live.terminating {
        return Action::Wait;
    }
    let ours = match entry.map(|entry| &entry.state) {
        Some(State::Owned(uid)) => **uid == *live.uid,
        _ => false,
    };
    if !ours || live.fields.is_none() {
        // Everything of ours was stripped, or the object was made anew by others.
        return if ours && same { Action::Repair } else { Action::Adopt };
    }
    if !same {
        return Action::Update;
    }
    if entry.and_then(|entry| entry.fields) == live.fields { Action::Nothing } else { Action::Repair }
}

/// Decides for every wanted object, in their order.
#[must_use]
pub fn plan(wanted: &[Prepared], inventory: &Inventory, live: &HashMap<ObjectId, Live>) -> Vec<Action> {
    wanted.iter().map(|object| action(object, inventory.entries.get(&object.id), live.get(&object.id))).collect()
}
