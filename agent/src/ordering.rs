//! The order of released objects, kept until what is wanted, released or served changes. Pure.

use std::collections::HashMap;

use teal_agent_core::latch::Gates;
use teal_agent_core::order::{Catalog, LayerObjects, Until, order};
use teal_agent_core::{ObjectId, Prepared};
use teal_api::unit::Problem;
use teal_cluster::{Kind, KindMap, Lookup};

use crate::wanted::Wanted;

/// One released object with its kind and what must come first.
#[derive(Debug, Clone)]
pub struct Step {
    /// The object, sharing its bytes with what is wanted.
    pub object: Prepared,
    /// Its kind as served.
    pub kind: Kind,
    /// Length of the longest chain of needs before it.
    pub rank: u32,
    /// Objects that must come first, and how far.
    pub needs: Vec<(ObjectId, Until)>,
    /// Starts when everything else was attempted.
    pub last: bool,
}

/// Every released object in its order, and those that have no place in it with the reason.
#[derive(Debug, Clone, Default)]
pub struct Ordered {
    /// Sorted by rank.
    pub steps: Vec<Step>,
    /// Waits for something that will come, such as its kind.
    pub waiting: HashMap<ObjectId, Problem>,
    /// Will not come without a change.
    pub failed: HashMap<ObjectId, Problem>,
}

/// What the whole fleet declares, for [`Ordered::of`]; made once a revision.
#[must_use]
pub fn catalog(wanted: &Wanted) -> Catalog {
    let objects = |index| {
        let units = wanted.units.iter().filter(move |unit| unit.layer == index);
        units.flat_map(|unit| unit.objects.iter()).collect()
    };
    let layers: Vec<_> = wanted
        .layers
        .iter()
        .enumerate()
        .map(|(index, layer)| LayerObjects { name: &layer.name, after: &layer.after, objects: objects(index) })
        .collect();
    Catalog::of(&layers)
}

impl Ordered {
    /// Orders what the gates have released.
    #[must_use]
    pub fn of(wanted: &Wanted, catalog: &Catalog, gates: &Gates, kinds: &KindMap) -> Self {
        let released: Vec<&Prepared> =
            wanted.objects().filter(|(unit, _)| gates.is_released(&unit.slug)).map(|(_, object)| object).collect();
        let order = order(&released, catalog, |kind| kinds.preferred(kind).is_some());
        let mut ordered = Self::default();
        for waiting in order.waiting {
            let Some(object) = released.get(waiting.object) else { continue };
            ordered.waiting.insert(object.id.clone(), awaited(object, &waiting, kinds));
        }
        for error in &order.errors {
            for id in error.objects() {
                let message = error.to_string();
                ordered.failed.insert(id.clone(), problem(id, "Order", message));
            }
        }
        for held in order.held {
            let Some(object) = released.get(held) else { continue };
            if !ordered.failed.contains_key(&object.id) {
                let message = "waits for an object that waits or is held back itself".to_owned();
                ordered.waiting.insert(object.id.clone(), problem(&object.id, "Waiting", message));
            }
        }
        for step in order.steps {
            let Some(object) = released.get(step.object).copied() else { continue };
            match served(object, kinds) {
                Ok(kind) => ordered.steps.push(Step {
                    object: object.clone(),
                    kind: kind.clone(),
                    rank: step.rank,
                    needs: step
                        .needs
                        .iter()
                        .filter_map(|need| Some((released.get(need.object)?.id.clone(), need.until)))
                        .collect(),
                    last: step.last,
                }),
                Err((true, problem)) => {
                    ordered.waiting.insert(object.id.clone(), problem);
                }
                Err((false, problem)) => {
                    ordered.failed.insert(object.id.clone(), problem);
                }
            }
        }
        ordered
    }
}

/// A problem of one object.
#[must_use]
pub fn problem(id: &ObjectId, reason: &str, message: impl Into<String>) -> Problem {
    Problem { subject: id.to_string(), reason: reason.to_owned(), message: message.into() }
}

fn awaited(object: &Prepared, waiting: &teal_agent_core::order::Waiting, kinds: &KindMap) -> Problem {
    let message = match &waiting.definition {
        Some(definition) => format!("waits until {definition} brings its kind"),
        None if kinds.is_stale(&waiting.kind.group) => {
            format!("nobody knows whether {} is served: the API server behind its group does not answer", waiting.kind)
        }
        None => format!(
            "waits until {} is served ({}); no CRD of this fleet brings it, so an operator must, or it is misspelt",
            waiting.kind, object.origin
        ),
    };
    problem(&object.id, "UnknownKind", message)
}

/// The kind as served; else the problem, and whether it may pass without a change in git.
fn served<'a>(object: &Prepared, kinds: &'a KindMap) -> Result<&'a Kind, (bool, Problem)> {
    let id = &object.id;
    let at = &object.origin;
    match kinds.lookup(&id.group, object.version(), &id.kind) {
        Lookup::Served(kind) => Ok(kind),
        Lookup::OtherVersions(versions) => {
            let message =
                format!("{} is served at {}, not at {} ({at})", id.group_kind(), versions.join(", "), object.version());
            Err((false, problem(id, "UnknownKind", message)))
        }
        Lookup::NotServed if teal_agent_core::kinds::is_built_in(&id.group) => {
            let message =
                format!("this cluster serves no {} {} ({at}); check the spelling", object.api_version, id.kind);
            Err((false, problem(id, "UnknownKind", message)))
        }
        // Defined by a CRD of this fleet that is on its way.
        Lookup::NotServed => {
            Err((true, problem(id, "UnknownKind", format!("waits until {} is served", id.group_kind()))))
        }
        Lookup::Unknown => {
            let message = format!("nobody knows whether {} is served: its API server does not answer", id.group_kind());
            Err((true, problem(id, "UnknownKind", message)))
        }
    }
}
