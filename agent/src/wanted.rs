//! What git wants of this cluster: layers, units and their prepared objects.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use teal_agent_core::latch::{WantedLayer, WantedUnit};
use teal_agent_core::{Digest, ObjectId, Prepared};
use teal_api::fleet::ObjectMatch;
use teal_api::unit::Problem;

/// One revision, rendered.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Commit id.
    pub revision: String,
    /// Digest of what the fleet declares, free of colors and commits.
    pub fleet_digest: String,
    /// Layers in the order of the file.
    pub layers: Vec<Layer>,
    /// Units by layer, then path.
    pub units: Vec<Unit>,
    /// Smallest share any layer allows, in percent; `None` when none narrows it.
    pub max_share_percent: Option<u8>,
    /// Things worth knowing that stop nothing.
    pub notices: Vec<String>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Layers that must have been ready first.
    pub after: Vec<String>,
    /// Whether later layers may begin although it timed out.
    pub continue_on_timeout: bool,
}

/// One unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Slug.
    pub slug: Arc<str>,
    /// Directory inside the fleet; empty for its root.
    pub path: String,
    /// Index of its layer.
    pub layer: usize,
    /// Paths of units it depends on.
    pub depends_on: Vec<String>,
    /// How long it may take to become ready.
    pub timeout: Duration,
    /// Objects whose health does not count.
    pub ignore: Vec<ObjectMatch>,
    /// Its objects; of the last good rendering while `errors` is not empty.
    pub objects: Arc<Vec<Prepared>>,
    /// Why it could not be rendered at this revision.
    pub errors: Vec<Problem>,
    /// Digest of its rendered objects.
    pub digest: Digest,
}

impl Unit {
    /// Whether an object's health counts for its layer.
    #[must_use]
    pub fn counts(&self, id: &ObjectId) -> bool {
        !self.ignore.iter().any(|rule| {
            rule.kind == id.kind
                && rule.group.as_ref().is_none_or(|group| *group == id.group)
                && rule.namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace)
                && rule.name.as_ref().is_none_or(|name| *name == id.name)
        })
    }
}

impl Wanted {
    /// Every object with its unit.
    pub fn objects(&self) -> impl Iterator<Item = (&Unit, &Prepared)> {
        self.units.iter().flat_map(|unit| unit.objects.iter().map(move |object| (unit, object)))
    }

    /// Every id that is declared.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<ObjectId> {
        self.objects().map(|(_, object)| object.id.clone()).collect()
    }

    /// Units that failed to render.
    #[must_use]
    pub fn failed_units(&self) -> BTreeSet<String> {
        self.units.iter().filter(|unit| !unit.errors.is_empty()).map(|unit| unit.path.clone()).collect()
    }

    /// What the gates wait for.
    #[must_use]
    pub fn gates(&self) -> Vec<WantedLayer> {
        let slug_of = |path: &String| self.units.iter().find(|unit| unit.path == *path).map(|unit| unit.slug.clone());
        let unit = |unit: &Unit| WantedUnit {
            slug: unit.slug.clone(),
            depends_on: unit.depends_on.iter().filter_map(slug_of).collect(),
            timeout: unit.timeout,
            objects: unit
                .objects
                .iter()
                .filter(|object| unit.counts(&object.id))
                .map(|object| (object.id.clone(), object.digest))
                .collect(),
            broken: !unit.errors.is_empty(),
        };
        let layer = |(index, layer): (usize, &Layer)| WantedLayer {
            name: layer.name.clone(),
            after: layer.after.clone(),
            continue_on_timeout: layer.continue_on_timeout,
            units: self.units.iter().filter(|unit| unit.layer == index).map(unit).collect(),
        };
        self.layers.iter().enumerate().map(layer).collect()
    }
}
