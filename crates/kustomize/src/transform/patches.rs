//! `patchesStrategicMerge`, `patches` and `patchesJson6902`.
//!
//! A patch without a target goes to the one object of its identity, found by an index; a target with a plain name is
//! looked up by that name. Only targets with patterns walk the list.

use crate::build::files::Files;
use crate::kustomization::{Located, PatchEntry};
use crate::patch::{Change, Content, MergePatch, ObjectPatch, PatchError, Selector, apply_json, merge_into};
use crate::resmap::ResMap;
use crate::resource::{Resource, describe, text};
use crate::schema::Schema;
use crate::{BuildError, BuildErrors, id};
use std::borrow::Cow;
use teal_yaml::{Map, Place, Value};

/// A patch that was read, and where it was asked for.
pub(crate) struct Loaded {
    file: String,
    at: Place,
    patch: ObjectPatch,
    target: Option<Selector>,
    change: Change,
    /// The file the patch stands in, where it has one of its own.
    path: Option<String>,
}

impl Loaded {
    /// Says whether it is a strategic merge patch.
    pub(super) fn is_merge(&self) -> bool {
        matches!(self.patch.content, Content::Merge(_))
    }

    /// A mistake at `at` of the patch: where a file of its own has that, its line is told besides the kustomization's.
    fn wrong(&self, at: Option<Place>, message: impl Into<String>) -> BuildError {
        let mut message = message.into();
        if let Some(path) = &self.path {
            message = in_file(path, at, &message);
        }
        BuildError::Kustomization { file: self.file.clone(), at: self.at, message }
    }

    /// A strategic merge patch that does not fit.
    fn misfit(&self, patch: &MergePatch, error: &PatchError) -> BuildError {
        self.wrong(Some(patch.at), error.to_string())
    }
}

/// Reads `patchesStrategicMerge`: each item is a file or, for old times' sake, a patch.
///
/// # Errors
/// Every patch that can't be read, and when there is none in any file.
pub(crate) fn load_merges(files: &Files<'_>, items: &[Located]) -> Result<Vec<Loaded>, BuildErrors> {
    let (mut loaded, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        match load(files, item, item.text.contains(['\n', '{'])) {
            Ok((patch, path)) if matches!(patch.content, Content::Merge(_)) => {
                loaded.push(Loaded {
                    file: files.file.to_owned(),
                    at: item.at,
                    patch,
                    target: None,
                    change: Change::default(),
                    path,
                });
            }
            Ok(_) => {
                errors.push(files.wrong(item, "expected strategic merge patches, found operations".to_owned()));
            }
            Err(more) => errors.extend(more.0),
        }
    }
    if errors.is_empty()
        && loaded.iter().all(|loaded| loaded.patch.is_empty())
        && let Some(item) = items.first()
    {
        errors.push(files.wrong(item, "the patch appears to be empty: there is none in any of the files".to_owned()));
    }
    if errors.is_empty() { Ok(loaded) } else { Err(BuildErrors(errors)) }
}

/// Reads `patches`.
///
/// # Errors
/// Every patch that can't be read.
pub(crate) fn load_all(files: &Files<'_>, entries: &[PatchEntry]) -> Result<Vec<Loaded>, BuildErrors> {
    let (mut loaded, mut errors) = (Vec::new(), Vec::new());
    for entry in entries {
        let inline = entry.path.is_empty();
        let text = if inline { entry.patch.clone() } else { entry.path.clone() };
        match load(files, &Located { text, at: entry.at }, inline) {
            Ok((patch, path)) => loaded.push(Loaded {
                file: files.file.to_owned(),
                at: entry.at,
                patch,
                target: entry.target.clone(),
                change: Change { name: entry.allow_name_change, kind: entry.allow_kind_change },
                path,
            }),
            Err(more) => errors.extend(more.0),
        }
    }
    if errors.is_empty() { Ok(loaded) } else { Err(BuildErrors(errors)) }
}

/// Reads `patchesJson6902`.
///
/// # Errors
/// Every one that can't be read, is no list of operations, is empty or has no target with a name.
pub(crate) fn load_json(files: &Files<'_>, entries: &[PatchEntry]) -> Result<Vec<Loaded>, BuildErrors> {
    let loaded = load_all(files, entries)?;
    let wrong = |loaded: &Loaded| match (&loaded.patch.content, &loaded.target) {
        (Content::Merge(_), _) => Some("expected a list of operations"),
        (Content::Json(operations), _) if operations.is_empty() => Some("the patch appears to be empty"),
        (_, None) => Some("must specify a `target`"),
        (_, Some(target)) if !target.has_name() => Some("must specify the target's `name`"),
        _ => None,
    };
    let errors: Vec<BuildError> =
        loaded.iter().filter_map(|one| wrong(one).map(|message| one.wrong(None, message))).collect();
    if errors.is_empty() { Ok(loaded) } else { Err(BuildErrors(errors)) }
}

/// A patch, and the file it stands in where it has one of its own.
fn load(files: &Files<'_>, item: &Located, inline: bool) -> Result<(ObjectPatch, Option<String>), BuildErrors> {
    if inline {
        let parsed = ObjectPatch::parse_strict(&item.text).map_err(|error| files.wrong(item, error.to_string()))?;
        return Ok((parsed, None));
    }
    let (file, bytes) = files.read(item)?;
    let yaml = |source| BuildError::Yaml { file: file.clone(), source };
    let text = teal_yaml::text_of(&bytes).map_err(yaml)?;
    let parsed = ObjectPatch::parse_strict(text).map_err(|error| match error {
        PatchError::Yaml(source) => yaml(source),
        // Which says the line itself.
        error => files.wrong(item, in_file(&file, None, &error.to_string())),
    })?;
    Ok((parsed, Some(file)))
}

fn in_file(path: &str, at: Option<Place>, message: &str) -> String {
    let at = at.map_or_else(String::new, |at| format!(":{at}"));
    format!("{path}{at}: {message}")
}

/// Applies `patchesStrategicMerge`.
///
/// # Errors
/// A patch that has no object, or several, or does not fit.
pub(super) fn strategic_merge(patches: &[Loaded], map: &mut ResMap, schema: &Schema) -> Result<(), BuildErrors> {
    for loaded in patches {
        let Content::Merge(patches) = &loaded.patch.content else { continue };
        for patch in patches {
            merge_by_id(loaded, patch, &patch.aimed, map, schema)?;
        }
    }
    Ok(())
}

/// Applies `patches`: strategic merge or JSON 6902, with or without a target.
///
/// # Errors
/// A patch that has no object or does not fit.
pub(super) fn patches(patches: &[Loaded], map: &mut ResMap, schema: &Schema) -> Result<(), BuildErrors> {
    for loaded in patches {
        match (&loaded.patch.content, &loaded.target) {
            (Content::Json(operations), _) if operations.is_empty() => {}
            (Content::Json(_), None) => return Err(loaded.wrong(None, "operations need a `target`").into()),
            (Content::Json(_), Some(target)) => json(loaded, target, map, true)?,
            (Content::Merge(patches), Some(target)) => merge_by_target(loaded, patches, target, map, schema)?,
            (Content::Merge(patches), None) => {
                for patch in patches {
                    merge_by_id(loaded, patch, &untargeted(patch, loaded.change), map, schema)?;
                }
            }
        }
    }
    Ok(())
}

/// Applies `patchesJson6902`.
///
/// # Errors
/// A patch that does not fit.
pub(super) fn json_6902(patches: &[Loaded], map: &mut ResMap) -> Result<(), BuildErrors> {
    for loaded in patches {
        if let Some(target) = &loaded.target {
            json(loaded, target, map, false)?;
        }
    }
    Ok(())
}

fn json(loaded: &Loaded, target: &Selector, map: &mut ResMap, remembers: bool) -> Result<(), BuildErrors> {
    let Content::Json(operations) = &loaded.patch.content else { return Ok(()) };
    for at in map.selected(target) {
        map.change(at, |resource| {
            if remembers {
                resource.remember_id();
            }
            // kustomize's notes are annotations, so the field is there once an object has been touched.
            let had_notes = resource.has_notes();
            if had_notes && let Some(metadata) = resource.metadata_mut() {
                metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
            }
            (resource.blanks, resource.links) = (Vec::new(), Vec::new());
            resource.forget_written();
            if operations.replace(&["metadata", "annotations"]) {
                // kustomize keeps where an object comes from among its annotations, so it is lost with them.
                resource.provenance = None;
                resource.transformations = Vec::new();
            }
            let done = apply_json(operations, &mut resource.value);
            drop_empty_annotations(resource);
            as_floats(&mut resource.value);
            done.map_err(|error| {
                let at = if let PatchError::Apply { at, .. } = &error { *at } else { None };
                loaded.wrong(at, error.to_string())
            })
        })?;
    }
    Ok(())
}

/// Operations take an object through JSON, in which kustomize has floats for all numbers.
fn as_floats(value: &mut Value) {
    /// Above this, not every integer is a float.
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Number(number) => {
            let size = number.as_i64().map_or_else(|| number.as_u64(), |number| Some(number.unsigned_abs()));
            if size.is_some_and(|size| size > EXACT)
                && let Some(float) = number.as_f64()
                && let Ok(parsed) = serde_json::from_str(&float.to_string())
            {
                *number = parsed;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_floats),
        Value::Object(map) => map.values_mut().for_each(as_floats),
        _ => {}
    }
}

fn drop_empty_annotations(resource: &mut Resource) {
    let Some(metadata) = resource.value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    // So does what is no mapping.
    let is_none = |value: &Value| match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(_) => false,
        _ => true,
    };
    if metadata.get("annotations").is_some_and(is_none) {
        metadata.remove("annotations");
    }
}

/// The content of a patch without a target. Options are notes among its annotations, which makes texts of them all.
fn untargeted(patch: &MergePatch, change: Change) -> Cow<'_, Value> {
    let texts = patch
        .aimed
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"))
        .filter(|_| change != Change::default());
    let Some(texts) = texts else { return Cow::Borrowed(&patch.value) };
    let mut value = patch.value.clone();
    if let Some(annotations) = value.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations")) {
        annotations.clone_from(texts);
    }
    Cow::Owned(value)
}

/// A patch without a target is for the one object that has, or had, its identity.
fn merge_by_id(
    loaded: &Loaded,
    patch: &MergePatch,
    content: &Value,
    map: &mut ResMap,
    schema: &Schema,
) -> Result<(), BuildErrors> {
    require_identity(loaded, patch)?;
    let metadata = patch.value.get("metadata").unwrap_or(&Value::Null);
    let (api_version, kind) = (text(&patch.value, "apiVersion"), text(&patch.value, "kind"));
    let namespace = text(metadata, "namespace");
    let namespace = match map.as_slice().first() {
        Some(any) => any.scopes().effective_namespace(api_version, kind, namespace),
        None => id::effective_namespace(api_version, kind, namespace),
    };
    let key = id::key(api_version, kind, namespace, text(metadata, "name"));
    let places = map.with_id(&key);
    let &[at] = places.as_slice() else {
        let found = if places.is_empty() { "no object matches" } else { "several objects match" };
        let message = format!("{found} the patch for {}", describe(&patch.value));
        return Err(loaded.wrong(Some(patch.at), message).into());
    };
    map.change(at, |resource| {
        merge_into(resource, content, &patch.spelled, loaded.change, schema)
            .map_err(|error| loaded.misfit(patch, &error))
    })?;
    Ok(())
}

/// A patch with a target is for every object the target selects; its own identity says nothing.
fn merge_by_target(
    loaded: &Loaded,
    patches: &[MergePatch],
    target: &Selector,
    map: &mut ResMap,
    schema: &Schema,
) -> Result<(), BuildErrors> {
    let patch = match patches {
        [] => return Ok(()),
        [patch] => patch,
        [_, second, ..] => {
            return Err(loaded.wrong(Some(second.at), "several patches in one entry can't share a `target`").into());
        }
    };
    require_identity(loaded, patch)?;
    for at in map.selected(target) {
        map.change(at, |resource| {
            // The patch takes the object's `apiVersion`, and keeps its own kind.
            let mut aimed = Cow::Borrowed(&patch.aimed);
            if text(&aimed, "apiVersion") != resource.api_version() {
                let api_version = resource.api_version().into();
                aimed.to_mut().as_object_mut().map(|aimed| aimed.insert("apiVersion", api_version));
            }
            merge_into(resource, &aimed, &patch.spelled, loaded.change, schema)
                .map_err(|error| loaded.misfit(patch, &error))
        })?;
    }
    if loaded.change == Change::default() { Ok(()) } else { Ok(map.check_unique()?) }
}

/// kustomize wants a kind and a name in every strategic merge patch.
fn require_identity(loaded: &Loaded, patch: &MergePatch) -> Result<(), BuildErrors> {
    let name = patch.value.get("metadata").map_or("", |metadata| text(metadata, "name"));
    if text(&patch.value, "kind").is_empty() || name.is_empty() {
        return Err(loaded.wrong(Some(patch.at), "a strategic merge patch needs `kind` and `metadata.name`").into());
    }
    Ok(())
}
