//! What may be deleted (SYNC §2). Decided per Sync, never per unit: an object that any unit of the wanted revision
//! declares is handed over, whatever unit declared it before.
//!
//! Decided here, beyond the specification's words:
//! - A Namespace that git no longer declares, but whose members it still does, is never deleted, confirmed or not; nor is
//!   a CRD whose instances are still declared. Deleting it would delete what is wanted.
//! - An entry whose live object has another UID, or lost our mark, is *orphaned*: it is not deleted, leaves the inventory,
//!   and is reported once.
//! - A claim whose live object does carry our Apply entry and annotation was applied just before a crash: it is owned
//!   first and judged at the next pass. Only when its metadata proves that we created it: else it is orphaned as adopted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::id::{GroupKind, ObjectId};
use crate::inventory::Inventory;
use crate::kinds;

mod report;

pub use report::{Hold, Orphaned, Refusal, Refused};

/// Deletions up to this many are never held back by the share.
pub const FREE_DELETIONS: usize = 10;

/// How much may go at once. The smaller of `Sync.spec.prune` and git's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whether anything is deleted at all.
    pub enabled: bool,
    /// Largest share of the owned objects in percent; counts above [`FREE_DELETIONS`].
    pub max_share_percent: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enabled: true, max_share_percent: 30 }
    }
}

/// What a live object's `teal.dev/prune` annotation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PruneWish {
    /// Nothing, or a word we do not know.
    #[default]
    Unsaid,
    /// `confirmed`: deleting it is wanted although it takes more with it.
    Confirmed,
    /// `disabled`: never delete it.
    Disabled,
}

impl PruneWish {
    /// Reads the annotation's value.
    #[must_use]
    pub fn of(annotation: Option<&str>) -> Self {
        match annotation {
            Some("confirmed") => Self::Confirmed,
            Some("disabled") => Self::Disabled,
            _ => Self::Unsaid,
        }
    }
}

/// What must be known of a live object before it may be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveFacts {
    /// Its UID.
    pub uid: Arc<str>,
    /// Whether managedFields has our own Apply entry.
    pub has_our_apply_entry: bool,
    /// Whether `teal.dev/owner` names our Sync and this very object: [`OwnerMark::proves`](crate::OwnerMark::proves).
    pub owner_matches: bool,
    /// Whether its metadata proves that Teal created it: only asked for entries that are claimed and not owned.
    pub born_by_us: bool,
    /// Its `teal.dev/prune`.
    pub wish: PruneWish,
    /// Living instances: custom resources of a CRD, members of a Namespace. 0 when there are none or it has no such thing.
    pub instances: u64,
    /// The kind a CRD defines.
    pub defines: Option<GroupKind>,
}

/// Everything the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What we hold.
    pub inventory: &'a Inventory,
    /// Every id that any unit of the wanted revision declares, released or not.
    pub wanted: &'a BTreeSet<ObjectId>,
    /// Facts of the live objects among the entries not wanted. An absent one is known not to exist, unless its kind is in
    /// `unknown_kinds`.
    pub live: &'a HashMap<ObjectId, LiveFacts>,
    /// How much may go.
    pub limits: Limits,
    /// Units of the wanted revision that failed to fetch, render, decrypt or map a kind: while there are any, nothing is
    /// pruned.
    pub failed_units: &'a BTreeSet<String>,
    /// Kinds that the cluster can't answer for right now (stale discovery).
    pub unknown_kinds: &'a BTreeSet<GroupKind>,
}

/// What to do about entries that git no longer declares. The four lists are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrunePlan {
    /// Delete with the UID as precondition, in this order: instances before definitions, members before Namespaces.
    pub delete: Vec<(ObjectId, Arc<str>)>,
    /// Let go: drop from the inventory and report.
    pub orphan: Vec<(ObjectId, Orphaned)>,
    /// Nothing lives: drop from the inventory.
    pub forget: Vec<ObjectId>,
    /// Applied just before a crash: record as owned with this UID, judge next time.
    pub own: Vec<(ObjectId, Arc<str>)>,
    /// Kept and reported.
    pub refused: Vec<Refusal>,
    /// Why `delete` is empty although something would go.
    pub hold: Option<Hold>,
}

impl PrunePlan {
    /// Ids that leave the inventory without a request: forgotten and orphaned ones.
    pub fn dropped(&self) -> impl Iterator<Item = &ObjectId> {
        self.forget.iter().chain(self.orphan.iter().map(|(id, _)| id))
    }
}

/// Decides what may be deleted. Pure and total.
#[must_use]
pub fn plan_prune(question: &Question<'_>) -> PrunePlan {
    let mut plan = PrunePlan::default();
    if question.inventory.entries.keys().all(|id| question.wanted.contains(id)) {
        return plan;
    }
    // Held back before anything is judged: with a unit missing, even "this entry is not wanted" is not known.
    if let Some(hold) = hold_all(question) {
        plan.hold = Some(hold);
        return plan;
    }
    let needed = Needed::by(question.wanted);
    for id in question.inventory.entries.keys().filter(|id| !question.wanted.contains(id)) {
        judge(question, &needed, id, &mut plan);
    }
    plan.delete.sort_by_cached_key(|(id, _)| (deletion_rank(&id.group_kind()), id.clone()));
    if let Some(hold) = hold_by_amount(question, &plan) {
        plan.hold = Some(hold);
        plan.delete.clear();
    }
    plan
}

fn hold_all(question: &Question<'_>) -> Option<Hold> {
    if !question.failed_units.is_empty() {
        return Some(Hold::FailedUnits { units: question.failed_units.iter().take(3).cloned().collect() });
    }
    let owned = question.inventory.owned();
    if question.wanted.is_empty() && owned > 0 {
        return Some(Hold::EmptySource { owned });
    }
    if !question.unknown_kinds.is_empty() {
        let unknown =
            question.wanted.iter().map(ObjectId::group_kind).find(|kind| question.unknown_kinds.contains(kind));
        if let Some(kind) = unknown {
            return Some(Hold::UnknownKind { kind });
        }
    }
    None
}

fn hold_by_amount(question: &Question<'_>, plan: &PrunePlan) -> Option<Hold> {
    let doomed = plan.delete.len();
    if doomed > 0 && !question.limits.enabled {
        return Some(Hold::Off { doomed });
    }
    let owned = question.inventory.owned();
    let limit = question.limits.max_share_percent;
    if doomed <= FREE_DELETIONS || doomed * 100 <= owned * usize::from(limit) {
        return None;
    }
    let examples = plan.delete.iter().take(3).map(|(id, _)| id.to_string()).collect();
    Some(Hold::Share { doomed, owned, percent: doomed * 100 / owned.max(1), limit, examples })
}

fn judge(question: &Question<'_>, needed: &Needed<'_>, id: &ObjectId, plan: &mut PrunePlan) {
    let Some(entry) = question.inventory.entries.get(id) else { return };
    let kind = id.group_kind();
    let refuse = |why| Refusal { id: id.clone(), why };
    let Some(live) = question.live.get(id) else {
        if question.unknown_kinds.contains(&kind) {
            plan.refused.push(refuse(Refused::KindUnknown));
        } else {
            plan.forget.push(id.clone());
        }
        return;
    };
    let ours = live.has_our_apply_entry && live.owner_matches;
    let Some(uid) = entry.uid() else {
        match (ours, live.born_by_us && !entry.adopted) {
            (true, true) => plan.own.push((id.clone(), live.uid.clone())),
            (true, false) => plan.orphan.push((id.clone(), Orphaned::Adopted)),
            (false, _) => plan.forget.push(id.clone()),
        }
        return;
    };
    let orphaned = if live.wish == PruneWish::Disabled {
        Some(Orphaned::Disabled)
    } else if *live.uid != *uid {
        Some(Orphaned::OtherUid)
    } else if !ours {
        Some(Orphaned::NotOurs)
    } else if entry.adopted {
        Some(Orphaned::Adopted)
    } else {
        None
    };
    if let Some(why) = orphaned {
        plan.orphan.push((id.clone(), why));
        return;
    }
    if let Some(by) = needed.depends_on(id, live) {
        plan.refused.push(refuse(Refused::StillNeeded { by: by.clone() }));
        return;
    }
    let wide = kinds::is_blast_radius(&kind) || live.instances > 0;
    if wide && live.wish != PruneWish::Confirmed {
        plan.refused.push(refuse(Refused::Unconfirmed { instances: live.instances }));
        return;
    }
    plan.delete.push((id.clone(), live.uid.clone()));
}

/// Definitions go after what they define.
fn deletion_rank(kind: &GroupKind) -> u8 {
    if kinds::is_admission(kind) || kind.group == "apiregistration.k8s.io" {
        0 // first: once its backend is gone it would refuse other deletions, and a policy may refuse any
    } else if kinds::is_namespace(kind) {
        3
    } else if kinds::is_crd(kind) {
        2
    } else {
        1
    }
}

/// One wanted object for each Namespace and kind that wanted objects need.
struct Needed<'a> {
    namespaces: BTreeMap<&'a str, &'a ObjectId>,
    kinds: BTreeMap<(&'a str, &'a str), &'a ObjectId>,
}

impl<'a> Needed<'a> {
    fn by(wanted: &'a BTreeSet<ObjectId>) -> Self {
        let mut needed = Self { namespaces: BTreeMap::new(), kinds: BTreeMap::new() };
        for id in wanted {
            if !id.namespace.is_empty() {
                needed.namespaces.entry(&id.namespace).or_insert(id);
            }
            needed.kinds.entry((&id.group, &id.kind)).or_insert(id);
        }
        needed
    }

    fn depends_on(&self, doomed: &ObjectId, live: &LiveFacts) -> Option<&'a ObjectId> {
        let kind = doomed.group_kind();
        if kinds::is_namespace(&kind) {
            return self.namespaces.get(doomed.name.as_str()).copied();
        }
        if !kinds::is_crd(&kind) {
            return None;
        }
        match &live.defines {
            Some(defined) => self.kinds.get(&(defined.group.as_str(), defined.kind.as_str())).copied(),
            // The facts do not say: a CRD is called `<plural>.<group>`, so any wanted object of that group counts.
            None => {
                let group = doomed.name.split_once('.').map(|(_, group)| group)?;
                self.kinds.range((group, "")..).next().filter(|((of, _), _)| *of == group).map(|(_, id)| *id)
            }
        }
    }
}
