use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::id::{GroupKind, ObjectId};
use crate::prepared::Prepared;

/// One layer with everything its units declare, released or not.
#[derive(Debug, Clone)]
pub struct LayerObjects<'a> {
    /// Its name.
    pub name: &'a str,
    /// Names of the layers it comes after.
    pub after: &'a [String],
    /// Its objects.
    pub objects: Vec<&'a Prepared>,
}

/// What the whole fleet declares, by layer: tells a dependency that will come from one that can't.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(super) layer_of: HashMap<ObjectId, Arc<str>>,
    pub(super) definition_of: HashMap<GroupKind, ObjectId>,
    /// For each layer, every layer it comes after, directly or not.
    before: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Catalog {
    /// Reads the fleet once a revision.
    #[must_use]
    pub fn of(layers: &[LayerObjects<'_>]) -> Self {
        let mut catalog = Self::default();
        let direct: BTreeMap<&str, &[String]> = layers.iter().map(|layer| (layer.name, layer.after)).collect();
        for layer in layers {
            let name: Arc<str> = layer.name.into();
            for object in &layer.objects {
                catalog.layer_of.insert(object.id.clone(), name.clone());
                if let Some((kind, _)) = &object.links.defines {
                    catalog.definition_of.insert(kind.clone(), object.id.clone());
                }
            }
            let mut before = BTreeSet::new();
            let mut open: Vec<&str> = layer.after.iter().map(String::as_str).collect();
            while let Some(earlier) = open.pop() {
                if before.insert(Arc::from(earlier)) {
                    open.extend(direct.get(earlier).copied().unwrap_or_default().iter().map(String::as_str));
                }
            }
            catalog.before.insert(name, before);
        }
        catalog
    }

    /// Whether `later` comes after `earlier`, directly or not.
    pub(super) fn comes_after(&self, later: &str, earlier: &str) -> bool {
        self.before.get(later).is_some_and(|before| before.contains(earlier))
    }
}
