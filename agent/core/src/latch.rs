//! Gates between layers, and between units that depend on each other (SYNC §3).
//!
//! A gate opens when every object behind it is applied at its wanted digest and has been Current **once since that digest
//! changed**. It is a latch: later ill health is reported elsewhere and never closes it. When a newer commit comes,
//! [`Gates::want`] swaps what is desired and keeps what is achieved: an object whose digest is unchanged keeps its latch,
//! a unit whose digest is unchanged keeps its wait.
//!
//! After a restart the latches are gone: tell [`Gates::applied`] of every object that is found applied at its wanted
//! digest, with `current` true where the recorded status says that its unit was ready with that very digest.
//!
//! Times are durations since any fixed point of a monotonic clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

mod circle;

use crate::digest::Digest;
use crate::id::ObjectId;

/// One layer of the wanted revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedLayer {
    /// Its name.
    pub name: String,
    /// Layers whose gates must be open first.
    pub after: Vec<String>,
    /// Whether the layers after it may begin although a unit of it timed out.
    pub continue_on_timeout: bool,
    /// Its units.
    pub units: Vec<WantedUnit>,
}

/// One unit of the wanted revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedUnit {
    /// Its slug.
    pub slug: Arc<str>,
    /// Slugs of units that must be ready first.
    pub depends_on: Vec<Arc<str>>,
    /// How long after its release it may take to become ready.
    pub timeout: Duration,
    /// Its objects with their wanted digests, without those on its readiness ignore list.
    pub objects: Vec<(ObjectId, Digest)>,
    /// Whether it could not be rendered: it then never becomes ready, and holds its gate.
    pub broken: bool,
}

/// Where a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnitGate {
    /// An earlier layer or unit is not ready: nothing of it may be applied.
    Shut,
    /// It may be applied; not everything has been Current yet.
    Released,
    /// It took longer than its timeout. Still applied and watched: it becomes ready if it comes up late.
    TimedOut,
    /// Everything has been applied and Current once at the wanted digests.
    Ready,
}

/// What happened in [`Gates::settle`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A unit may be applied now.
    Released(Arc<str>),
    /// A unit became ready.
    Ready(Arc<str>),
    /// A unit timed out, with up to 5 objects it waited for.
    TimedOut(Arc<str>, Vec<ObjectId>),
    /// A layer's gate opened: layers after it may begin.
    Opened(String),
}

/// The gates of one Sync.
#[derive(Debug, Clone, Default)]
pub struct Gates {
    layers: Vec<Layer>,
    units: BTreeMap<Arc<str>, Unit>,
    objects: HashMap<ObjectId, Latch>,
}

#[derive(Debug, Clone)]
struct Layer {
    name: String,
    after: Vec<String>,
    continue_on_timeout: bool,
    units: Vec<Arc<str>>,
    open: bool,
}

#[derive(Debug, Clone)]
struct Unit {
    depends_on: Vec<Arc<str>>,
    timeout: Duration,
    objects: BTreeSet<ObjectId>,
    /// Objects without a latch yet.
    open: usize,
    broken: bool,
    released_at: Option<Duration>,
    timed_out: bool,
    ready: bool,
}

#[derive(Debug, Clone)]
struct Latch {
    unit: Arc<str>,
    wanted: Digest,
    /// Generation the live object had right after it was applied at the wanted digest.
    applied: Option<i64>,
    current_once: bool,
}

impl Gates {
    /// Swaps the desired set. Latches of objects with an unchanged digest stay; waits of units with unchanged objects go on
    /// from where they began. [`Gates::settle`] then tells again what is ready and open.
    pub fn want(&mut self, layers: Vec<WantedLayer>) {
        let mut old_objects = std::mem::take(&mut self.objects);
        let old_units = std::mem::take(&mut self.units);
        self.layers.clear();
        for layer in layers {
            let units = layer.units.iter().map(|unit| unit.slug.clone()).collect();
            for unit in layer.units {
                self.want_unit(unit, &mut old_objects, &old_units);
            }
            self.layers.push(Layer {
                name: layer.name,
                after: layer.after,
                continue_on_timeout: layer.continue_on_timeout,
                units,
                open: false,
            });
        }
    }

    fn want_unit(
        &mut self,
        unit: WantedUnit,
        old_objects: &mut HashMap<ObjectId, Latch>,
        old_units: &BTreeMap<Arc<str>, Unit>,
    ) {
        let mut same = true;
        let mut objects = BTreeSet::new();
        let mut open = 0;
        for (id, wanted) in unit.objects {
            let kept = old_objects.remove(&id).filter(|latch| latch.wanted == wanted);
            same &= kept.as_ref().is_some_and(|latch| latch.unit == unit.slug);
            let mut latch =
                kept.unwrap_or(Latch { unit: unit.slug.clone(), wanted, applied: None, current_once: false });
            latch.unit = unit.slug.clone();
            open += usize::from(!latch.current_once);
            self.objects.insert(id.clone(), latch);
            objects.insert(id);
        }
        let old = old_units
            .get(&unit.slug)
            .filter(|old| same && old.objects.len() == objects.len() && old.broken == unit.broken);
        let state = Unit {
            depends_on: unit.depends_on,
            timeout: unit.timeout,
            objects,
            open,
            broken: unit.broken,
            released_at: old.and_then(|old| old.released_at),
            timed_out: old.is_some_and(|old| old.timed_out),
            ready: false,
        };
        self.units.insert(unit.slug, state);
    }

    /// An object was applied. `digest` is what was applied, `generation` the live object's afterwards (0 where it has
    /// none), `current` whether the answer of the apply is Current already. A digest that is no longer wanted is ignored:
    /// that apply was in flight when the desired set was swapped.
    pub fn applied(&mut self, id: &ObjectId, digest: &Digest, generation: i64, current: bool) {
        let Some(latch) = self.objects.get_mut(id).filter(|latch| latch.wanted == *digest) else { return };
        latch.applied = Some(generation);
        if current {
            self.close(id);
        }
    }

    /// A live object was seen. Counts only after it was applied at the wanted digest, and not when `generation` is older
    /// than that apply: a late event must not open a gate.
    pub fn seen(&mut self, id: &ObjectId, generation: i64, current: bool) {
        let Some(latch) = self.objects.get(id) else { return };
        if current && latch.applied.is_some_and(|applied| generation >= applied) {
            self.close(id);
        }
    }

    fn close(&mut self, id: &ObjectId) {
        let Some(latch) = self.objects.get_mut(id).filter(|latch| !latch.current_once) else { return };
        latch.current_once = true;
        if let Some(unit) = self.units.get_mut(&latch.unit) {
            unit.open = unit.open.saturating_sub(1);
        }
    }

    /// Draws the consequences: releases units, notes timeouts, opens gates. Call it after every batch of news and at
    /// [`Gates::deadline`]. Events come in the order of their causes; a second call without news returns none.
    pub fn settle(&mut self, now: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        // Opening a layer may release units that are ready at once (nothing changed in them): go on until it is quiet.
        loop {
            let before = events.len();
            self.release(now, &mut events);
            self.judge(now, &mut events);
            self.open_layers(&mut events);
            if events.len() == before {
                return events;
            }
        }
    }

    fn release(&mut self, now: Duration, events: &mut Vec<Event>) {
        let mut due = Vec::new();
        for layer in &self.layers {
            if !layer.after.iter().all(|earlier| self.is_open(earlier)) {
                continue;
            }
            for slug in &layer.units {
                let Some(unit) = self.units.get(slug).filter(|unit| unit.released_at.is_none()) else { continue };
                if unit.depends_on.iter().all(|earlier| self.units.get(earlier).is_some_and(|earlier| earlier.ready)) {
                    due.push(slug.clone());
                }
            }
        }
        for slug in due {
            if let Some(unit) = self.units.get_mut(&slug) {
                unit.released_at = Some(now);
                events.push(Event::Released(slug));
            }
        }
    }

    fn judge(&mut self, now: Duration, events: &mut Vec<Event>) {
        let Self { units, objects, .. } = self;
        for (slug, unit) in units {
            let Some(released_at) = unit.released_at else { continue };
            if !unit.ready && unit.open == 0 && !unit.broken {
                (unit.ready, unit.timed_out) = (true, false);
                events.push(Event::Ready(slug.clone()));
            } else if !unit.ready && !unit.timed_out && now >= released_at + unit.timeout {
                unit.timed_out = true;
                let late = unit.objects.iter().filter(|id| objects.get(*id).is_some_and(|latch| !latch.current_once));
                events.push(Event::TimedOut(slug.clone(), late.take(5).cloned().collect()));
            }
        }
    }

    fn open_layers(&mut self, events: &mut Vec<Event>) {
        for at in 0..self.layers.len() {
            let Some(layer) = self.layers.get(at).filter(|layer| !layer.open) else { continue };
            let reached = layer.after.iter().all(|earlier| self.is_open(earlier));
            let done = layer
                .units
                .iter()
                .filter_map(|slug| self.units.get(slug))
                .all(|unit| unit.ready || (layer.continue_on_timeout && unit.timed_out));
            if let Some(layer) = self.layers.get_mut(at).filter(|_| reached && done) {
                layer.open = true;
                events.push(Event::Opened(layer.name.clone()));
            }
        }
    }

    /// Whether a layer's gate is open: the layers after it may begin. False for a name that is no layer.
    #[must_use]
    pub fn is_open(&self, layer: &str) -> bool {
        self.layers.iter().any(|found| found.name == layer && found.open)
    }

    /// Where a unit stands; `None` when it is not wanted.
    #[must_use]
    pub fn unit(&self, slug: &str) -> Option<UnitGate> {
        let unit = self.units.get(slug)?;
        Some(match unit.released_at {
            None => UnitGate::Shut,
            Some(_) if unit.ready => UnitGate::Ready,
            Some(_) if unit.timed_out => UnitGate::TimedOut,
            Some(_) => UnitGate::Released,
        })
    }

    /// Whether objects of this unit may be applied.
    #[must_use]
    pub fn is_released(&self, slug: &str) -> bool {
        self.units.get(slug).is_some_and(|unit| unit.released_at.is_some())
    }

    /// Whether an object has been Current at its wanted digest.
    #[must_use]
    pub fn is_latched(&self, id: &ObjectId) -> bool {
        self.objects.get(id).is_some_and(|latch| latch.current_once)
    }

    /// What a shut unit waits for: names of layers and slugs of units. Empty for a released one. A unit that would wait for
    /// ever, since something it waits for waits for it, is told the circle instead.
    #[must_use]
    pub fn waits_for(&self, slug: &str) -> Vec<String> {
        let Some(unit) = self.units.get(slug).filter(|unit| unit.released_at.is_none()) else { return Vec::new() };
        if let Some(circle) = circle::through(self, slug) {
            return vec![format!("itself: {}; remove one of these dependsOn", circle.join(" → "))];
        }
        let layer = self.layers.iter().find(|layer| layer.units.iter().any(|held| **held == *slug));
        let layers = layer.into_iter().flat_map(|layer| &layer.after).filter(|earlier| !self.is_open(earlier)).cloned();
        let not_ready = |earlier: &&Arc<str>| !self.units.get(*earlier).is_some_and(|earlier| earlier.ready);
        layers.chain(unit.depends_on.iter().filter(not_ready).map(ToString::to_string)).collect()
    }

    /// When [`Gates::settle`] has something to say without any news: the next timeout.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let waiting = self.units.values().filter(|unit| !unit.ready && !unit.timed_out);
        waiting.filter_map(|unit| unit.released_at.map(|at| at + unit.timeout)).min()
    }

    /// Whether every unit is ready.
    #[must_use]
    pub fn all_ready(&self) -> bool {
        self.units.values().all(|unit| unit.ready)
    }
}
