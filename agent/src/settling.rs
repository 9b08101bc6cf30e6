//! Prune: only what is owned by UID, only when everything rendered, only within the limits (SYNC §2).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use teal_agent_core::prune::{Hold, Limits, LiveFacts, Orphaned, PrunePlan, PruneWish, Question, plan_prune};
use teal_agent_core::{GroupKind, Inventory, ObjectId, OwnerMark};
use teal_api::unit::Problem;
use teal_cluster::shards::ShardError;
use teal_cluster::{Address, ApiError, Kind};

use crate::engine::Engine;
use crate::metrics::Reason;
use crate::ordering::problem;

/// How soon an object on its way out is looked at again; its watch usually tells before.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What the last prune decided.
#[derive(Debug, Default)]
pub(crate) struct Pruning {
    /// Something changed that the decision depends on.
    pub(crate) stale: bool,
    /// Kinds not searched yet since the inventory was lost.
    pub(crate) unseen: Vec<Kind>,
    /// Objects on their way out, or a server that does not answer, are looked at again at this time.
    pub(crate) not_before: Option<Duration>,
    /// Why nothing at all is deleted.
    pub(crate) hold: Option<Hold>,
    /// Objects that stay although git dropped them.
    pub(crate) refused: Vec<Problem>,
    /// Objects that are being deleted and not gone yet.
    pub(crate) leaving: Vec<Problem>,
}

impl Engine {
    /// Deletes what git dropped. Returns whether anything went.
    pub(crate) async fn prune(&mut self) -> Result<bool, ShardError> {
        let too_early = self.pruning.not_before.is_some_and(|at| at > self.now());
        if !self.pruning.stale || too_early || !self.is_all_tried() || self.is_interrupted() {
            return Ok(false);
        }
        self.pruning.not_before = None;
        if !self.pruning.unseen.is_empty() {
            self.search_unseen().await;
            if !self.pruning.unseen.is_empty() {
                self.look_again_soon();
                return Ok(false);
            }
        }
        let wanted = self.wanted.ids();
        let doomed: Vec<ObjectId> = self.inventory.entries.keys().filter(|id| !wanted.contains(*id)).cloned().collect();
        if doomed.is_empty() {
            self.pruning = Pruning::default();
            return Ok(false);
        }
        self.pruning.stale = false;
        let Some((live, leaving)) = self.look_at(&doomed).await else { return Ok(false) };
        self.pruning.leaving = leaving;
        let plan = self.decide_prune(&wanted, &live);
        self.tell_prune(&plan).await;
        let mut gone: Vec<ObjectId> = plan.dropped().cloned().collect();
        for (id, uid) in &plan.own {
            let entry = self.inventory.entries.get(id).cloned();
            if let Some(entry) = entry {
                let state = teal_agent_core::State::Owned(uid.clone());
                self.inventory.entries.insert(id.clone(), teal_agent_core::Entry { state, ..entry });
                self.inventory_dirty = true;
                self.pruning.stale = true;
            }
        }
        for (id, uid) in &plan.delete {
            if self.is_interrupted() {
                self.pruning.stale = true;
                break;
            }
            if self.delete(id, uid).await {
                gone.push(id.clone());
            }
        }
        for id in &gone {
            self.world.forget(id);
        }
        self.inventory_dirty |= self.inventory.shrink(&gone);
        let changed = self.inventory_dirty;
        self.record().await?;
        if changed {
            self.follow_kinds();
        }
        Ok(changed)
    }

    /// Every unit is released and has nothing left to try: an object that moved was applied at its new place first.
    fn is_all_tried(&self) -> bool {
        let released = self.wanted.units.iter().all(|unit| self.gates.is_released(&unit.slug));
        // Nothing wanted at all is an empty source; the guard says so.
        released && !self.order_stale
    }

    /// Reads each doomed object's metadata right before its fate is decided; `None` when the server does not answer.
    async fn look_at(&mut self, doomed: &[ObjectId]) -> Option<(HashMap<ObjectId, LiveFacts>, Vec<Problem>)> {
        let (mut live, mut leaving) = (HashMap::new(), Vec::new());
        for id in doomed {
            let Some(kind) = self.kinds.preferred(&id.group_kind()).cloned() else { continue };
            let at = Address { kind: &kind, namespace: &id.namespace, name: &id.name, secret: false };
            let meta = match self.cluster.metadata(at).await {
                Ok(Some(meta)) => meta,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(object = %id, reason = error.reason(), "Prune waits: object not read");
                    self.look_again_soon();
                    return None;
                }
            };
            if meta.deletion_timestamp.is_some() {
                leaving.push(problem(id, "Terminating", self.why_terminating(id)));
                self.look_again_soon();
            }
            let defined = self.kinds.defined_by(id).cloned();
            let instances = match &defined {
                Some(kind) => {
                    // Those that go by themselves are nobody's loss.
                    let going = doomed.iter().filter(|other| other.group_kind() == kind.group_kind()).count();
                    self.instances(kind).await.saturating_sub(u64::try_from(going).unwrap_or(u64::MAX))
                }
                None => 0,
            };
            let proves = |owner: &str| OwnerMark::proves(self.sync_name(), owner, id);
            live.insert(
                id.clone(),
                LiveFacts {
                    uid: Arc::from(meta.uid.as_str()),
                    has_our_apply_entry: meta.own_fields().is_some(),
                    owner_matches: meta.owner().is_some_and(proves),
                    born_by_us: meta.born_by_us(),
                    wish: PruneWish::of(meta.prune_wish()),
                    instances,
                    defines: defined.as_ref().map(Kind::group_kind),
                },
            );
        }
        Some((live, leaving))
    }

    /// Living objects of a kind, for the words of a refusal: a definition is never deleted unasked, so a server that does
    /// not answer changes no decision.
    async fn instances(&self, kind: &Kind) -> u64 {
        self.cluster.instances(kind).await.unwrap_or_else(|error| {
            tracing::debug!(kind = %kind.group_kind(), reason = error.reason(), "Instances not counted");
            0
        })
    }

    fn why_terminating(&self, id: &ObjectId) -> String {
        let stale = self.kinds.stale();
        if id.kind == "Namespace" && !stale.is_empty() {
            let groups: Vec<_> = stale.iter().map(String::as_str).collect();
            return format!(
                "is being deleted, and hangs because the API server behind {} does not answer",
                groups.join(", ")
            );
        }
        "is being deleted; its finalizers are waited for".to_owned()
    }

    fn decide_prune(&self, wanted: &BTreeSet<ObjectId>, live: &HashMap<ObjectId, LiveFacts>) -> PrunePlan {
        let kinds = self.inventory.entries.keys().map(ObjectId::group_kind);
        let unknown: BTreeSet<GroupKind> =
            kinds.filter(|kind| self.kinds.is_stale(&kind.group) && self.kinds.preferred(kind).is_none()).collect();
        let ceiling = &self.sync.spec.prune;
        let share = percent(&ceiling.max_share).min(self.wanted.max_share_percent.unwrap_or(100));
        plan_prune(&Question {
            inventory: &self.without_troubled(wanted),
            wanted,
            live,
            limits: Limits { enabled: ceiling.enabled, max_share_percent: share },
            failed_units: &self.failed_units(),
            unknown_kinds: &unknown,
        })
    }

    /// A unit whose objects could not all be applied keeps what it dropped: the replacement may be what failed.
    fn without_troubled(&self, wanted: &BTreeSet<ObjectId>) -> Inventory {
        let mut inventory = self.inventory.clone();
        let troubled: HashSet<&str> = self
            .wanted
            .objects()
            .filter(|(_, object)| self.troubles.contains_key(&object.id))
            .map(|(unit, _)| &*unit.slug)
            .collect();
        if !troubled.is_empty() {
            inventory.entries.retain(|id, entry| wanted.contains(id) || !troubled.contains(&*entry.unit));
        }
        inventory
    }

    /// Units of which not every object is known: not rendered, or of kinds that can't be mapped.
    fn failed_units(&self) -> BTreeSet<String> {
        let mut failed = self.wanted.failed_units();
        let unmapped = |id: &ObjectId| {
            let problem = self.ordered.failed.get(id).or_else(|| self.ordered.waiting.get(id));
            problem.is_some_and(|problem| problem.reason == "UnknownKind")
        };
        let units = self.wanted.objects().filter(|(_, object)| unmapped(&object.id));
        failed.extend(units.map(|(unit, _)| unit.path.clone()));
        failed
    }

    /// Says what stays and why, once a decision.
    async fn tell_prune(&mut self, plan: &PrunePlan) {
        let about = self.about();
        if plan.hold != self.pruning.hold
            && let Some(hold) = &plan.hold
        {
            self.metrics.prune_refused.get_or_create(&Reason { reason: hold.reason() }).inc();
            self.events.warning(&about, hold.reason(), &hold.to_string()).await;
        }
        for (id, why) in &plan.orphan {
            let why = match why {
                Orphaned::Adopted => "it existed before Teal",
                Orphaned::OtherUid => "it is another object of the same name now",
                Orphaned::NotOurs => "it lost Teal's mark, so somebody else owns it",
                Orphaned::Disabled => "it says teal.dev/prune: disabled",
            };
            let note = format!("{id} is left alone: git dropped it, and {why}");
            self.events.normal_of(&about, id, "Orphaned", &note).await;
        }
        let refused: Vec<_> = plan.refused.iter().map(|one| problem(&one.id, one.reason(), one.to_string())).collect();
        for (refusal, told) in plan.refused.iter().zip(&refused) {
            if !self.pruning.refused.contains(told) {
                self.metrics.prune_refused.get_or_create(&Reason { reason: refusal.reason() }).inc();
                self.events.warning_of(&about, &refusal.id, refusal.reason(), &told.message).await;
            }
        }
        self.pruning.hold.clone_from(&plan.hold);
        self.pruning.refused = refused;
    }

    /// Deletes one object by UID. Returns whether it is gone for good.
    async fn delete(&mut self, id: &ObjectId, uid: &str) -> bool {
        let Some(kind) = self.kinds.preferred(&id.group_kind()).cloned() else { return false };
        if self.pruning.leaving.iter().any(|leaving| leaving.subject == id.to_string()) {
            return false;
        }
        let at = Address { kind: &kind, namespace: &id.namespace, name: &id.name, secret: false };
        match self.cluster.delete(at, uid).await {
            Ok(existed) => {
                self.metrics.pruned.inc_by(u64::from(existed));
                tracing::info!(object = %id, "Object pruned");
                match self.cluster.metadata(at).await {
                    Ok(None) => return true,
                    Ok(Some(meta)) if meta.uid != uid => return true,
                    _ => {}
                }
                self.pruning.leaving.push(problem(id, "Terminating", self.why_terminating(id)));
                // Looked at again when its watch says that it left, or after a while.
                self.look_again_soon();
                false
            }
            Err(ApiError::Raced) => {
                self.pruning.stale = true;
                false
            }
            Err(error) => {
                let told = problem(id, error.reason(), format!("could not be deleted: {error}"));
                self.events.warning_of(&self.about(), id, error.reason(), &format!("{id}: {}", told.message)).await;
                self.pruning.leaving.push(told);
                self.look_again_soon();
                false
            }
        }
    }

    fn look_again_soon(&mut self) {
        self.pruning.stale = true;
        self.pruning.not_before = Some(self.now() + LOOK_AGAIN);
    }

    pub(crate) fn sync_name(&self) -> &str {
        self.sync.metadata.name.as_deref().unwrap_or_default()
    }
}

/// `30%` as 30; what can't be read allows nothing above the free deletions.
fn percent(share: &str) -> u8 {
    share.trim().trim_end_matches('%').trim().parse::<u8>().map_or(0, |percent| percent.min(100))
}
