//! What is known of the live objects: from the watches, and from the answers to our own applies. Pure.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use teal_agent_core::kinds::needs_status;
use teal_agent_core::plan::Live;
use teal_agent_core::{GroupKind, Health, ObjectId};
use teal_cluster::{Meta, Seen, Sighting};

/// One object as last known.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its facts; `None` when it is known not to exist.
    pub live: Option<Live>,
    /// Its health as last seen.
    pub health: Health,
    /// It becomes Current at this time unless it is seen otherwise before.
    pub matures_at: Option<Duration>,
    /// The other manager that wrote last.
    pub writer: Option<String>,
    /// What managers that are neither we nor known controllers put on it beside what git declares, in words.
    pub foreign: Option<String>,
    /// Generation of its spec.
    pub generation: i64,
    /// Resource version; older sightings are late and say nothing.
    version: u64,
    /// It left its watch or its list: only a read tells whether it is gone or lost its label.
    pub unsure: bool,
}

/// Everything known of live objects. Times are durations since the agent's start.
#[derive(Debug, Default)]
pub struct World {
    objects: HashMap<ObjectId, Standing>,
    listed: HashSet<GroupKind>,
    failing: HashMap<GroupKind, String>,
}

/// What a sighting means for the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These objects may need work or a new report.
    Changed(Vec<ObjectId>),
    /// Nothing new.
    Nothing,
}

impl World {
    /// What is known of an object; `None` when nothing is.
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Option<&Standing> {
        self.objects.get(id)
    }

    /// Whether a kind has been listed whole since its watch began.
    #[must_use]
    pub fn is_listed(&self, kind: &GroupKind) -> bool {
        self.listed.contains(kind)
    }

    /// Why a kind's watch fails, while it does.
    #[must_use]
    pub fn failing(&self) -> &HashMap<GroupKind, String> {
        &self.failing
    }

    /// Forgets kinds that are not watched any more.
    pub fn keep_kinds(&mut self, watched: &HashSet<GroupKind>) {
        self.listed.retain(|kind| watched.contains(kind));
        self.failing.retain(|kind, _| watched.contains(kind));
    }

    /// Forgets an object that is not ours any more.
    pub fn forget(&mut self, id: &ObjectId) {
        self.objects.remove(id);
    }

    /// Takes in what a watch saw.
    pub fn take(&mut self, sighting: Sighting, now: Duration) -> News {
        match sighting {
            Sighting::Seen(seen) => self.see(*seen, now),
            Sighting::Left { id, uid } => self.leave(id, &uid),
            Sighting::Listed { kind, present } => {
                self.failing.remove(&kind);
                let mut gone = self.doubt_absent(&kind, &present);
                if self.listed.insert(kind.clone()) {
                    // Objects of this kind waited for this word.
                    gone.extend(self.objects.keys().filter(|id| id.group_kind() == kind).cloned());
                    return News::Changed(gone);
                }
                if gone.is_empty() { News::Nothing } else { News::Changed(gone) }
            }
            Sighting::Failing { kind, message } => {
                self.failing.insert(kind, message);
                News::Nothing
            }
        }
    }

    /// Takes in the answer to an apply.
    pub fn applied(&mut self, id: &ObjectId, meta: &Meta) {
        let status_matters = needs_status(&id.group_kind());
        let live =
            Live { uid: meta.uid.clone(), fields: meta.own_fields(), terminating: meta.deletion_timestamp.is_some() };
        let version = meta.version();
        match self.objects.get_mut(id) {
            // A watch that is faster than the answer knows more.
            Some(known) if known.version > version && known.live.as_ref().is_some_and(|l| l.uid == live.uid) => {
                known.unsure = false;
            }
            Some(known) => {
                let unchanged = known.version == version;
                known.live = Some(live);
                known.unsure = false;
                known.version = version;
                if !unchanged && known.generation != meta.generation && status_matters {
                    known.health = not_seen_yet();
                    known.matures_at = None;
                }
                known.generation = meta.generation;
                if !status_matters {
                    known.health = Health::Current;
                }
            }
            None => {
                let health = if status_matters { not_seen_yet() } else { Health::Current };
                let standing = Standing {
                    live: Some(live),
                    health,
                    matures_at: None,
                    writer: None,
                    foreign: None,
                    generation: meta.generation,
                    version,
                    unsure: false,
                };
                self.objects.insert(id.clone(), standing);
            }
        }
    }

    /// Takes in a read of metadata: `None` when there is no such object.
    pub fn read(&mut self, id: &ObjectId, meta: Option<&Meta>) {
        match meta {
            Some(meta) => {
                self.applied(id, meta);
                if let Some(known) = self.objects.get_mut(id) {
                    known.writer = meta.last_other_writer().map(str::to_owned);
                    known.foreign = meta.foreign();
                }
            }
            None => {
                if let Some(known) = self.objects.get_mut(id) {
                    (known.live, known.unsure, known.health) = (None, false, Health::NotFound);
                }
            }
        }
    }

    /// Objects that only a read can tell about.
    #[must_use]
    pub fn unsure(&self) -> Vec<ObjectId> {
        self.objects.iter().filter(|(_, standing)| standing.unsure).map(|(id, _)| id.clone()).collect()
    }

    /// Lets objects mature whose time has come; returns which.
    pub fn mature(&mut self, now: Duration) -> Vec<ObjectId> {
        let mut matured = Vec::new();
        for (id, standing) in &mut self.objects {
            if standing.matures_at.is_some_and(|at| at <= now) {
                (standing.health, standing.matures_at) = (Health::Current, None);
                matured.push(id.clone());
            }
        }
        matured
    }

    /// When the next object matures.
    #[must_use]
    pub fn next_maturity(&self) -> Option<Duration> {
        self.objects.values().filter_map(|standing| standing.matures_at).min()
    }

    fn see(&mut self, seen: Seen, now: Duration) -> News {
        let known = self.objects.get(&seen.id);
        if known.is_some_and(|known| known.version > seen.version && seen.version > 0) {
            return News::Nothing;
        }
        let terminating = seen.health == Health::Terminating;
        let standing = Standing {
            live: Some(Live { uid: seen.uid, fields: seen.own_fields, terminating }),
            health: seen.health,
            matures_at: seen.matures.map(|after| now + after),
            writer: seen.last_writer,
            foreign: seen.foreign,
            generation: seen.generation,
            version: seen.version,
            unsure: false,
        };
        self.objects.insert(seen.id.clone(), standing);
        News::Changed(vec![seen.id])
    }

    fn leave(&mut self, id: ObjectId, uid: &str) -> News {
        match self.objects.get_mut(&id) {
            Some(known) if known.live.as_ref().is_some_and(|live| live.uid == uid) => {
                known.unsure = true;
                News::Changed(vec![id])
            }
            _ => News::Nothing,
        }
    }

    fn doubt_absent(&mut self, kind: &GroupKind, present: &HashSet<(String, String)>) -> Vec<ObjectId> {
        let mut gone = Vec::new();
        for (id, standing) in &mut self.objects {
            let ours = id.group == kind.group && id.kind == kind.kind && standing.live.is_some();
            if ours && !present.contains(&(id.namespace.clone(), id.name.clone())) {
                standing.unsure = true;
                gone.push(id.clone());
            }
        }
        gone
    }
}

fn not_seen_yet() -> Health {
    let reason = "NotObserved".into();
    Health::InProgress(teal_agent_core::health::Why { reason, message: "its status has not been seen yet".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn id() -> ObjectId {
        ObjectId::from_key("apps/Deployment/shop/web").unwrap()
    }

    fn seen(version: u64, health: Health) -> Sighting {
        Sighting::Seen(Box::new(Seen {
            id: id(),
            uid: "u1".into(),
            version,
            generation: 1,
            own_fields: None,
            health,
            matures: None,
            last_writer: None,
            foreign: None,
        }))
    }

    #[test]
    fn a_late_sighting_says_nothing() {
        let mut world = World::default();
        world.take(seen(7, Health::Current), NOW);
        assert_eq!(world.take(seen(5, Health::Terminating), NOW), News::Nothing);
        assert!(world.get(&id()).unwrap().health.is_current());
    }

    #[test]
    fn leaving_a_watch_is_a_doubt_and_no_proof() {
        let mut world = World::default();
        world.take(seen(7, Health::Current), NOW);
        world.take(Sighting::Left { id: id(), uid: "u1".into() }, NOW);
        assert_eq!(world.unsure(), [id()]);
        world.read(&id(), None);
        assert!(world.unsure().is_empty() && world.get(&id()).unwrap().live.is_none());
    }

    #[test]
    fn what_a_new_list_lacks_is_doubted() {
        let mut world = World::default();
        world.take(seen(7, Health::Current), NOW);
        let listed = Sighting::Listed { kind: id().group_kind(), present: HashSet::new() };
        assert_eq!(world.take(listed, NOW), News::Changed(vec![id(), id()]));
        assert_eq!(world.unsure(), [id()]);
    }
}
