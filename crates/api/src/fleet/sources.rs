//! `substituteFrom`: objects in the cluster that bring variables.

use super::{SourceKind, SubstituteFrom, is_variable};
use crate::reader::Spot;

/// Most sources of a fleet: each is watched.
const MOST: usize = 50;

/// Reads the sources in the order of the file.
pub(super) fn sources(spot: &Spot<'_>) -> Option<Vec<SubstituteFrom>> {
    let items = spot.list()?;
    if items.len() > MOST {
        spot.wrong(format!("{} sources; write at most {MOST}", items.len()));
        return None;
    }
    let mut found: Vec<SubstituteFrom> = Vec::new();
    for item in &items {
        let Some(source) = source(item) else { continue };
        let same = |other: &&SubstituteFrom| {
            (other.kind, &other.name, &other.namespace) == (source.kind, &source.name, &source.namespace)
        };
        if found.iter().any(|other| same(&other)) {
            item.wrong(format!("{} {} is named twice; name it once", source.kind.as_str(), source.name));
        }
        found.push(source);
    }
    Some(found)
}

fn source(item: &Spot<'_>) -> Option<SubstituteFrom> {
    let fields = item.fields(&["kind", "name", "namespace", "optional", "names", "differs"], &[])?;
    let kind = fields.need("kind", "`ConfigMap` or `Secret`").and_then(|spot| spot.word(&["ConfigMap", "Secret"]));
    let name = fields.need("name", "the name of the object").and_then(|spot| spot.object_name());
    let namespace = fields.get("namespace").and_then(|spot| spot.object_name());
    let optional = fields.or("optional", Spot::truth, false);
    let names = fields.or("names", names, Vec::new());
    let differs = fields.or("differs", Spot::truth, false);
    if differs && names.is_empty() {
        item.wrong("`differs` needs the `names` that may differ, so that a cluster that lacks one is told so");
    }
    let kind = if kind? == "Secret" { SourceKind::Secret } else { SourceKind::ConfigMap };
    Some(SubstituteFrom { kind, name: name?, namespace, optional, names, differs })
}

fn names(spot: &Spot<'_>) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for item in spot.list()? {
        let Some(name) = item.text() else { continue };
        if !is_variable(&name) {
            item.wrong(format!(
                "`{name}` is no name of a variable; use letters, digits and `_`, not beginning with a digit"
            ));
        }
        found.push(name);
    }
    Some(found)
}
