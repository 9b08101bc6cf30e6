//! Mistakes that show only when all of a unit's objects, or all units, are seen together.

use std::collections::HashMap;
use std::sync::Arc;

use teal_agent_core::object::{DeclaredTwice, declared_twice};
use teal_agent_core::{ObjectId, Prepared};
use teal_api::unit::Problem;

use crate::wanted::Unit;

/// A problem of a file, or of an object by its place.
pub(crate) fn file_problem(subject: &str, reason: &str, message: String) -> Problem {
    Problem { subject: subject.to_owned(), reason: reason.to_owned(), message }
}

fn twice_problem(twice: &DeclaredTwice) -> Problem {
    file_problem(&twice.id.to_string(), "DeclaredTwice", twice.to_string())
}

/// Keeps the first declaration of each object.
pub(crate) fn drop_twice(objects: &mut Vec<Prepared>) -> Vec<Problem> {
    let twice = declared_twice(objects.iter().map(|object| (&object.id, &object.origin)));
    let mut seen = std::collections::HashSet::new();
    objects.retain(|object| seen.insert(object.id.clone()));
    twice.iter().map(twice_problem).collect()
}

/// Mistakes between units: an object of two units, a dependency on a unit that is none.
pub(crate) fn check_units(units: &mut [Unit]) {
    let mut owner: HashMap<ObjectId, usize> = HashMap::new();
    let mut twice: Vec<(usize, usize, DeclaredTwice)> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        for object in unit.objects.iter() {
            match owner.get(&object.id) {
                None => {
                    owner.insert(object.id.clone(), at);
                }
                Some(&first) => {
                    let place = |unit: usize| {
                        let found =
                            units.get(unit).and_then(|unit| unit.objects.iter().find(|other| other.id == object.id));
                        found.map_or_else(|| object.origin.clone(), |other| other.origin.clone())
                    };
                    let declared =
                        DeclaredTwice { id: object.id.clone(), first: place(first), second: object.origin.clone() };
                    twice.push((first, at, declared));
                }
            }
        }
    }
    for (first, second, declared) in twice {
        if let Some(unit) = units.get_mut(second) {
            let kept = unit.objects.iter().filter(|object| object.id != declared.id).cloned().collect();
            unit.objects = Arc::new(kept);
        }
        for at in [first, second] {
            if let Some(unit) = units.get_mut(at) {
                unit.errors.push(twice_problem(&declared));
            }
        }
    }
    let paths: Vec<String> = units.iter().map(|unit| unit.path.clone()).collect();
    for unit in units {
        for missing in unit.depends_on.iter().filter(|path| !paths.contains(path)) {
            let message =
                format!("dependsOn names {missing}, which is no unit of this fleet; it names: {}", paths.join(", "));
            unit.errors.push(file_problem(&format!("{}/unit.yaml", unit.path), "UnknownUnit", message));
        }
    }
}
