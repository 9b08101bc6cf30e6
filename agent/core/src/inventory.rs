//! What Teal claims and owns in one cluster, and who of its units declared it (SYNC §1).
//!
//! Order of a sync: [`claim`](Inventory::claim) (old ∪ new, before anything is applied) → apply →
//! [`own`](Inventory::own) → prune → [`shrink`](Inventory::shrink). A crash at any point leaves an inventory that names
//! at least everything that exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;
use crate::id::ObjectId;
use crate::mark::OwnerMark;

/// How far an entry has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    /// Announced; perhaps never applied.
    Claimed,
    /// Applied to the live object with this UID.
    Owned(Arc<str>),
}

/// One object of the inventory. The id is its key there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Slug of the unit that declared it when it was claimed or last applied.
    pub unit: Arc<str>,
    /// How far it has come.
    pub state: State,
    /// It existed before Teal: removing it from git orphans it.
    pub adopted: bool,
    /// [`Prepared::digest`](crate::Prepared::digest) as last applied; `None` before that, and for Secrets without a
    /// shared key.
    pub digest: Option<Digest>,
    /// [`Prepared::parity`](crate::Prepared::parity) as last applied.
    pub parity: Option<Digest>,
    /// Hash of our own Apply entry in managedFields after the last apply: see [`owned`](crate::owned).
    pub fields: Option<Digest>,
}

impl Entry {
    /// An entry of an object that has not been applied yet.
    #[must_use]
    pub fn claimed(unit: Arc<str>) -> Self {
        Self { unit, state: State::Claimed, adopted: false, digest: None, parity: None, fields: None }
    }

    /// UID of the live object, once owned.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        match &self.state {
            State::Owned(uid) => Some(uid),
            State::Claimed => None,
        }
    }
}

/// What a successful apply says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// UID of the live object.
    pub uid: Arc<str>,
    /// Unit that declares it now.
    pub unit: Arc<str>,
    /// Whether Teal created the live object: this apply did, or its metadata proves that an earlier one did, whose record
    /// a crash lost. False for an object that was there before: it is adopted.
    pub created: bool,
    /// The digest that was applied, if it [lasts](crate::Prepared::lasting).
    pub digest: Option<Digest>,
    /// The parity digest that was applied.
    pub parity: Option<Digest>,
    /// Hash of our own Apply entry in the answer.
    pub fields: Option<Digest>,
}

/// A live object that carries our ownership annotation; what a lost inventory is rebuilt from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The object.
    pub id: ObjectId,
    /// Its UID.
    pub uid: Arc<str>,
    /// Its ownership annotation.
    pub owner: String,
    /// Hash of our own Apply entry; without one the object is not ours, whatever the annotation says.
    pub fields: Option<Digest>,
    /// Whether the caller knows that the object existed before Teal. When in doubt, true: an orphan can be removed by
    /// hand, a deletion can't be undone.
    pub adopted: bool,
}

/// All entries of one Sync in one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// By id.
    pub entries: BTreeMap<ObjectId, Entry>,
}

impl Inventory {
    /// Old ∪ new: every wanted id gets an entry; nothing is taken away.
    ///
    /// `None` when nothing changed: the set of ids is what is written, so there is nothing to write then. `existing` says
    /// which objects are known to exist already without being ours; their claims are marked adopted at once, so that a
    /// crash between apply and own does not make them look created by Teal.
    #[must_use]
    pub fn claim<'a>(
        &self,
        wanted: impl IntoIterator<Item = (&'a ObjectId, &'a Arc<str>)>,
        existing: impl Fn(&ObjectId) -> bool,
    ) -> Option<Self> {
        let mut new = Vec::new();
        for (id, unit) in wanted {
            if !self.entries.contains_key(id) {
                let adopted = existing(id);
                new.push((id.clone(), Entry { adopted, ..Entry::claimed(unit.clone()) }));
            }
        }
        if new.is_empty() {
            return None;
        }
        let mut entries = self.entries.clone();
        entries.extend(new);
        Some(Self { entries })
    }

    /// Records a successful apply. Returns whether the entry changed, so that only changed shards are written.
    pub fn own(&mut self, id: &ObjectId, applied: Applied) -> bool {
        let before = self.entries.get(id);
        // Adopted sticks to one live object. A new UID was made by us, or by others before this apply.
        let adopted = match before {
            Some(Entry { state: State::Owned(uid), adopted, .. }) if *uid == applied.uid => *adopted,
            _ => !applied.created,
        };
        let after = Entry {
            unit: applied.unit,
            state: State::Owned(applied.uid),
            adopted,
            digest: applied.digest,
            parity: applied.parity,
            fields: applied.fields,
        };
        if before == Some(&after) {
            return false;
        }
        self.entries.insert(id.clone(), after);
        true
    }

    /// Drops entries that were deleted, orphaned or never applied. Returns whether any was there.
    pub fn shrink<'a>(&mut self, gone: impl IntoIterator<Item = &'a ObjectId>) -> bool {
        let before = self.entries.len();
        for id in gone {
            self.entries.remove(id);
        }
        self.entries.len() != before
    }

    /// Rebuilds a lost inventory of `sync` from live objects. Objects whose annotation does not prove ownership, or that
    /// lack our Apply entry, are left out. Digests are unknown, so everything is applied again once; prune stays off
    /// until the caller has seen every kind (SYNC §1).
    #[must_use]
    pub fn rebuild(sync: &str, found: impl IntoIterator<Item = Found>) -> Self {
        let mut entries = BTreeMap::new();
        for object in found {
            let Some((mark, id)) = OwnerMark::parse(&object.owner) else { continue };
            if &*mark.sync != sync || id != object.id || object.fields.is_none() {
                continue;
            }
            let state = State::Owned(object.uid);
            let entry = Entry {
                unit: mark.unit,
                state,
                adopted: object.adopted,
                digest: None,
                parity: None,
                fields: object.fields,
            };
            entries.insert(id, entry);
        }
        Self { entries }
    }

    /// How many entries are owned; what the prune share is a share of.
    #[must_use]
    pub fn owned(&self) -> usize {
        self.entries.values().filter(|entry| entry.uid().is_some()).count()
    }
}
