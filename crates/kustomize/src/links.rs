//! Labels and annotations that kustomize sets in several fields of an object at once stay one value to it: whoever
//! changes one of these fields later (another label, a strategic merge patch, a replacement, a var) changes them all,
//! selectors included. Operations of JSON 6902 end that.

use crate::field::FieldSpec;
use crate::resource::Resource;
use std::borrow::Cow;
use std::collections::HashSet;
use teal_yaml::Value;

/// Fields of one object that hold one value.
#[derive(Clone)]
pub(crate) struct Link {
    value: Value,
    /// Full paths, item numbers included.
    places: Vec<Vec<String>>,
}

/// The full paths, below the mappings that `specs` lead to, at which an object has one of `keys`.
pub(crate) fn places<'k>(
    resource: &Resource,
    specs: &[(&FieldSpec, &Vec<Cow<'_, str>>)],
    keys: impl Iterator<Item = &'k String> + Clone,
) -> HashSet<Vec<String>> {
    let mut found = HashSet::new();
    for (_, path) in specs {
        collect(&resource.value, path, &mut Vec::new(), &mut |value, trail| {
            for key in keys.clone().filter(|key| value.get(key.as_str()).is_some()) {
                let mut place = trail.to_vec();
                place.push(key.clone());
                found.insert(place);
            }
        });
    }
    found
}

fn collect(value: &Value, path: &[Cow<'_, str>], trail: &mut Vec<String>, visitor: &mut dyn FnMut(&Value, &[String])) {
    let Some((name, rest)) = path.split_first() else { return visitor(value, trail) };
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                trail.push(at.to_string());
                collect(item, path, trail, visitor);
                trail.pop();
            }
        }
        Value::Object(map) => {
            let name = name.strip_suffix("[]").unwrap_or(name);
            if let Some(field) = map.get(name) {
                trail.push(name.to_owned());
                collect(field, rest, trail, visitor);
                trail.pop();
            }
        }
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, place: &[String]) -> Option<&'v mut Value> {
    place.iter().try_fold(value, |value, part| match value {
        Value::Object(map) => map.get_mut(part),
        Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        _ => None,
    })
}

impl Resource {
    /// Links the fields that one transformer made with one value.
    pub(crate) fn link(&mut self, made: HashSet<Vec<String>>) {
        let mut by_key: Vec<(String, Vec<Vec<String>>)> = Vec::new();
        let mut made: Vec<Vec<String>> = made.into_iter().collect();
        made.sort();
        for place in made {
            let Some(key) = place.last().cloned() else { continue };
            match by_key.iter_mut().find(|(known, _)| *known == key) {
                Some((_, places)) => places.push(place),
                None => by_key.push((key, vec![place])),
            }
        }
        for (_, places) in by_key.into_iter().filter(|(_, places)| places.len() > 1) {
            let value = at(&mut self.value, &places[0]).cloned().unwrap_or_default();
            self.links.push(Link { value, places });
        }
    }

    /// Lets linked fields follow the one that was changed; fields that are gone are let go.
    pub(crate) fn follow_links(&mut self) {
        for link in &mut self.links {
            let mut changed = None;
            link.places.retain(|place| match at(&mut self.value, place) {
                None | Some(Value::Null | Value::Object(_) | Value::Array(_)) => false,
                Some(value) => {
                    if *value != link.value {
                        changed = Some(value.clone());
                    }
                    true
                }
            });
            if let Some(value) = changed {
                for place in &link.places {
                    if let Some(field) = at(&mut self.value, place) {
                        field.clone_from(&value);
                    }
                }
                link.value = value;
            }
        }
        self.links.retain(|link| link.places.len() > 1);
    }
}
