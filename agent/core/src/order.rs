//! In which order released objects are applied: a graph of real dependencies, not a list of kinds (SYNC §3).
//!
//! | first | then | until |
//! |---|---|---|
//! | Namespace | its members | applied |
//! | CRD | its custom resources | Current |
//! | Service | APIServices and webhook configurations that call it | applied |
//! | whatever `teal.dev/after` names | the annotated object | Current |
//! | a unit's lower `teal.dev/wave` | its next one | Current; applied when the lower one is 0, the unit itself |
//! | everything else | webhook configurations, admission policies and their bindings | attempted ([`Step::last`]) |
//!
//! Objects that do not depend on each other start together; among them what controllers read (ServiceAccounts, RBAC,
//! ConfigMaps, Secrets) comes first. Time and memory are linear in objects and edges.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::id::{GroupKind, ObjectId};
use crate::kinds;
use crate::prepared::Prepared;

mod catalog;
mod error;

pub use catalog::{Catalog, LayerObjects};
pub use error::OrderError;

/// How far a dependency must have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Until {
    /// Applied at the wanted digest.
    Applied,
    /// Applied, and Current since.
    Current,
}

/// One dependency of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Need {
    /// Index of the needed object in the slice given to [`order`].
    pub object: usize,
    /// How far it must have come.
    pub until: Until,
}

/// One object to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Index in the slice given to [`order`].
    pub object: usize,
    /// Length of the longest chain of needs before it; 0 has none.
    pub rank: u32,
    /// All of these must be met first. When one fails for good, so does this step; nothing else does (G8).
    pub needs: Vec<Need>,
    /// Starts only when every step without this mark was attempted: what decides about admission. A webhook would catch
    /// the very objects that bring its backend up; a policy may refuse what it was delivered with (that of Gateway API
    /// refuses CRDs of development builds). One that something names in `teal.dev/after` has no such mark.
    pub last: bool,
}

/// A custom resource whose kind is not served yet and that nothing released will define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Index in the slice given to [`order`].
    pub object: usize,
    /// The kind it waits for.
    pub kind: GroupKind,
    /// The declared CRD that will bring it, in a layer that is not released yet; `None` when an operator must.
    pub definition: Option<ObjectId>,
}

/// The order of released objects. Every object is in exactly one of `steps`, `waiting`, `held`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// Sorted so that every need stands before what needs it, and what should start first comes first.
    pub steps: Vec<Step>,
    /// Apply them when their kind is served, then order again.
    pub waiting: Vec<Waiting>,
    /// Objects named by `errors`, or that need one that is held or waits.
    pub held: Vec<usize>,
    /// All mistakes at once.
    pub errors: Vec<OrderError>,
}

/// Orders the objects of the released units. `served` tells whether the cluster serves a kind now.
#[must_use]
pub fn order(objects: &[&Prepared], catalog: &Catalog, served: impl Fn(&GroupKind) -> bool) -> Order {
    let mut graph = Graph::of(objects, catalog, served);
    let placed = graph.place(&graph.out);
    graph.name_cycles(objects);
    graph.hold_unplaced(&placed);
    let last: Vec<bool> = objects
        .iter()
        .enumerate()
        .map(|(at, object)| kinds::is_admission(&object.group_kind()) && !graph.named.contains(&at))
        .collect();
    let mut rank = vec![0_u32; objects.len()];
    for &object in &placed {
        let longest = graph.needs[object].iter().map(|need| rank[need.object] + 1).max();
        rank[object] = longest.unwrap_or(0);
    }
    let mut steps: Vec<_> = placed
        .into_iter()
        .map(|object| Step {
            object,
            rank: rank[object],
            needs: std::mem::take(&mut graph.needs[object]),
            last: last[object],
        })
        .collect();
    steps.sort_by_cached_key(|step| {
        let object = objects[step.object];
        (step.rank, kinds::weight(&object.group_kind()), object.id.clone())
    });
    Order { steps, waiting: graph.waiting, held: graph.held, errors: graph.errors }
}

struct Graph {
    needs: Vec<Vec<Need>>,
    /// Objects that have no step: they wait or are named by an error.
    out: Vec<bool>,
    /// Objects that another's `teal.dev/after` names.
    named: HashSet<usize>,
    waiting: Vec<Waiting>,
    held: Vec<usize>,
    errors: Vec<OrderError>,
}

impl Graph {
    fn of(objects: &[&Prepared], catalog: &Catalog, served: impl Fn(&GroupKind) -> bool) -> Self {
        let index: HashMap<&ObjectId, usize> =
            objects.iter().enumerate().map(|(at, object)| (&object.id, at)).collect();
        let namespaces: HashMap<&str, usize> = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| kinds::is_namespace(&object.group_kind()))
            .map(|(at, object)| (object.id.name.as_str(), at))
            .collect();
        let count = objects.len();
        let mut graph = Self {
            needs: vec![Vec::new(); count],
            out: vec![false; count],
            named: HashSet::new(),
            waiting: Vec::new(),
            held: Vec::new(),
            errors: Vec::new(),
        };
        graph.add_waves(objects);
        for (at, object) in objects.iter().enumerate() {
            if let Some(namespace) = namespaces.get(object.id.namespace.as_str()) {
                graph.needs[at].push(Need { object: *namespace, until: Until::Applied });
            }
            for service in &object.links.services {
                if let Some(service) = index.get(service) {
                    graph.needs[at].push(Need { object: *service, until: Until::Applied });
                }
            }
            graph.add_definition(at, object, &index, catalog, &served);
            for named in &object.links.after {
                graph.add_after(at, object, named, &index, catalog);
            }
        }
        graph
    }

    /// Each wave of a unit needs the one before it. Namespaces and CRDs come before all waves: what a chart does first
    /// lives in one, or is of a kind that the other brings.
    fn add_waves(&mut self, objects: &[&Prepared]) {
        let mut waves: HashMap<&str, BTreeMap<i32, Vec<usize>>> = HashMap::new();
        for (at, object) in objects.iter().enumerate() {
            let kind = object.group_kind();
            if !kinds::is_namespace(&kind) && !kinds::is_crd(&kind) {
                waves.entry(&object.unit).or_default().entry(object.links.wave).or_default().push(at);
            }
        }
        for waves in waves.values().filter(|waves| waves.len() > 1) {
            for ((wave, earlier), later) in waves.iter().zip(waves.values().skip(1)) {
                let until = if *wave == 0 { Until::Applied } else { Until::Current };
                for &at in later {
                    self.needs[at].extend(earlier.iter().map(|&object| Need { object, until }));
                }
            }
        }
    }

    fn add_definition(
        &mut self,
        at: usize,
        object: &Prepared,
        index: &HashMap<&ObjectId, usize>,
        catalog: &Catalog,
        served: impl Fn(&GroupKind) -> bool,
    ) {
        let kind = object.group_kind();
        if kinds::is_built_in(&kind.group) {
            return;
        }
        let definition = catalog.definition_of.get(&kind);
        if let Some(definition) = definition.and_then(|definition| index.get(definition)) {
            self.needs[at].push(Need { object: *definition, until: Until::Current });
            return;
        }
        if served(&kind) {
            return;
        }
        self.out[at] = true;
        match definition.and_then(|needed| self.layer_cycle(object, needed, catalog)) {
            Some(error) => {
                self.errors.push(error);
                self.held.push(at);
            }
            None => self.waiting.push(Waiting { object: at, kind, definition: definition.cloned() }),
        }
    }

    fn add_after(
        &mut self,
        at: usize,
        object: &Prepared,
        named: &ObjectId,
        index: &HashMap<&ObjectId, usize>,
        catalog: &Catalog,
    ) {
        if let Some(needed) = index.get(named) {
            self.needs[at].push(Need { object: *needed, until: Until::Current });
            self.named.insert(*needed);
            return;
        }
        let error = if catalog.layer_of.contains_key(named) {
            // Not released: either a later layer's, which is a mistake, or one beside it, which comes by itself.
            self.layer_cycle(object, named, catalog)
        } else {
            Some(OrderError::UnknownAfter { object: object.id.clone(), named: named.clone() })
        };
        if !self.out[at] {
            self.out[at] = true;
            self.held.push(at);
        }
        self.errors.extend(error);
    }

    fn layer_cycle(&self, object: &Prepared, needed: &ObjectId, catalog: &Catalog) -> Option<OrderError> {
        let layer = catalog.layer_of.get(&object.id)?;
        let later = catalog.layer_of.get(needed)?;
        catalog.comes_after(later, layer).then(|| OrderError::LayerCycle {
            object: object.id.clone(),
            layer: layer.to_string(),
            needed: needed.clone(),
            later: later.to_string(),
        })
    }

    /// Kahn's algorithm: every object it can place, needs first. Those marked in `out` are not placed, so neither is what
    /// needs them.
    fn place(&self, out: &[bool]) -> Vec<usize> {
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); self.needs.len()];
        let mut missing: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        for (at, needs) in self.needs.iter().enumerate() {
            for need in needs {
                dependents[need.object].push(at);
            }
        }
        let mut ready: VecDeque<usize> = (0..missing.len()).filter(|at| missing[*at] == 0 && !out[*at]).collect();
        let mut placed = Vec::with_capacity(missing.len());
        while let Some(at) = ready.pop_front() {
            placed.push(at);
            for &dependent in &dependents[at] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 && !out[dependent] {
                    ready.push_back(dependent);
                }
            }
        }
        placed
    }

    /// Whatever has neither a step nor a wait is held: by an error of its own or of something it needs.
    fn hold_unplaced(&mut self, placed: &[usize]) {
        let mut free = self.out.clone();
        placed.iter().for_each(|at| free[*at] = true);
        self.held.extend((0..free.len()).filter(|at| !free[*at]));
        self.held.sort_unstable();
    }

    /// Names each cycle once. With nobody out, only members of cycles and what needs them can't be placed; each of those
    /// needs another one, so a walk along needs ends in a cycle.
    fn name_cycles(&mut self, objects: &[&Prepared]) {
        let mut endless = vec![true; objects.len()];
        for at in self.place(&vec![false; objects.len()]) {
            endless[at] = false;
        }
        let mut walked = vec![0_usize; objects.len()];
        for start in (0..objects.len()).filter(|at| endless[*at]) {
            let mut path = Vec::new();
            let mut at = start;
            while walked[at] == 0 {
                walked[at] = start + 1;
                path.push(at);
                at = self.needs[at].iter().map(|need| need.object).find(|need| endless[*need]).unwrap_or(at);
            }
            if walked[at] == start + 1 {
                let cycle = path.iter().skip_while(|member| **member != at);
                self.errors
                    .push(OrderError::Cycle { members: cycle.map(|member| objects[*member].id.clone()).collect() });
            }
        }
    }
}
