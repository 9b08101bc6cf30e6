//! `patchesStrategicMerge`, `patches` and `patchesJson6902`.

use crate::build::accumulate::Files;
use crate::kustomization::{Located, PatchEntry};
use crate::patch::{Content, ObjectPatch, PatchError, Selector, apply_json, merge};
use crate::resmap::{AnyIdIndex, ResMap};
use crate::resource::{describe, text};
use crate::{BuildError, BuildErrors, id};
use serde_json::Value;

/// `patchesStrategicMerge`: each item is a file or, for old times' sake, a patch.
///
/// # Errors
/// A patch that can't be read, has no object or does not fit.
pub(crate) fn strategic_merge(files: &Files<'_>, map: &mut ResMap) -> Result<(), BuildErrors> {
    let items = &files.kustomization.patches_strategic_merge;
    if items.is_empty() {
        return Ok(());
    }
    let (mut patches, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        match load(files, item, item.text.contains(['\n', '{'])) {
            Ok(ObjectPatch { content: Content::Merge(more) }) => {
                patches.extend(more.into_iter().map(|patch| (item, patch)))
            }
            Ok(_) => errors.push(wrong(files, item, "expected strategic merge patches, found operations".to_owned())),
            Err(more) => errors.extend(more.0),
        }
    }
    if !errors.is_empty() {
        return Err(BuildErrors(errors));
    }
    if patches.is_empty() {
        let item = &items[0];
        return Err(wrong(files, item, "there is no patch in any of the files".to_owned()).into());
    }
    let mut index = map.any_id_index();
    for (item, patch) in patches {
        merge_by_id(files, map, &mut index, item, &patch, (false, false))?;
    }
    Ok(map.reindex()?)
}

/// `patches`: files or inline, strategic merge or JSON 6902, with or without a target.
///
/// # Errors
/// A patch that can't be read, has no object or does not fit.
pub(crate) fn patches(files: &Files<'_>, map: &mut ResMap) -> Result<(), BuildErrors> {
    let entries = load_all(files, &files.kustomization.patches)?;
    // Built when the first patch without a target needs it; identities only change when a patch may change them.
    let mut index: Option<AnyIdIndex> = None;
    for (entry, item, patch) in entries {
        match (&patch.content, &entry.target) {
            (Content::Json(_), None) => {
                return Err(wrong(files, &item, "operations need a `target`".to_owned()).into());
            }
            (Content::Json(operations), Some(target)) => {
                for resource in map.identities_mut().iter_mut().filter(|resource| target.matches_resource(resource)) {
                    resource.remember_id();
                    apply_json(operations, &mut resource.value).map_err(|error| failed(files, &item, &error))?;
                }
                index = None;
                map.reindex()?;
            }
            (Content::Merge(patches), Some(target)) => {
                merge_by_target(files, map, entry, &item, patches, target)?;
                index = None;
            }
            (Content::Merge(patches), None) => {
                let may_change = (entry.allow_name_change, entry.allow_kind_change);
                for patch in patches {
                    let index = index.get_or_insert_with(|| map.any_id_index());
                    merge_by_id(files, map, index, &item, patch, may_change)?;
                }
                if may_change != (false, false) {
                    index = None;
                }
            }
        }
    }
    Ok(map.reindex()?)
}

/// `patchesJson6902`.
///
/// # Errors
/// A patch that can't be read, has no target or does not fit.
pub(crate) fn json_6902(files: &Files<'_>, map: &mut ResMap) -> Result<(), BuildErrors> {
    for (entry, item, patch) in load_all(files, &files.kustomization.patches_json_6902)? {
        let (Content::Json(operations), Some(target)) = (&patch.content, &entry.target) else {
            return Err(wrong(files, &item, "expected a list of operations and a `target`".to_owned()).into());
        };
        if operations.0.is_empty() {
            return Err(wrong(files, &item, "the list of operations is empty".to_owned()).into());
        }
        for resource in map.identities_mut().iter_mut().filter(|resource| target.matches_resource(resource)) {
            apply_json(operations, &mut resource.value).map_err(|error| failed(files, &item, &error))?;
        }
        map.reindex()?;
    }
    Ok(())
}

type Loaded<'a> = (&'a PatchEntry, Located, ObjectPatch);

/// Reads every patch before the first is applied, so that all mistakes are told at once.
fn load_all<'a>(files: &Files<'_>, entries: &'a [PatchEntry]) -> Result<Vec<Loaded<'a>>, BuildErrors> {
    let (mut loaded, mut errors) = (Vec::new(), Vec::new());
    for entry in entries {
        let inline = entry.path.is_empty();
        let text = if inline { entry.patch.clone() } else { entry.path.clone() };
        let item = Located { text, at: entry.at };
        match load(files, &item, inline) {
            Ok(patch) => loaded.push((entry, item, patch)),
            Err(more) => errors.extend(more.0),
        }
    }
    if errors.is_empty() { Ok(loaded) } else { Err(BuildErrors(errors)) }
}

fn load(files: &Files<'_>, item: &Located, inline: bool) -> Result<ObjectPatch, BuildErrors> {
    if inline {
        return ObjectPatch::parse(&item.text).map_err(|error| wrong(files, item, error.to_string()).into());
    }
    let (file, bytes) = files.read(item)?;
    let yaml = |source| BuildError::Yaml { file: file.clone(), source };
    let text = teal_yaml::text_of(&bytes).map_err(yaml)?;
    ObjectPatch::parse(text).map_err(|error| match error {
        PatchError::Yaml(source) => yaml(source).into(),
        error => wrong(files, item, format!("{file}: {error}")).into(),
    })
}

/// A patch without a target is for the one object that has, or had, its identity.
fn merge_by_id(
    files: &Files<'_>,
    map: &mut ResMap,
    index: &mut AnyIdIndex,
    item: &Located,
    patch: &Value,
    (may_rename, may_change_kind): (bool, bool),
) -> Result<(), BuildErrors> {
    require_identity(files, item, patch)?;
    let metadata = patch.get("metadata").unwrap_or(&Value::Null);
    let (api_version, kind) = (text(patch, "apiVersion"), text(patch, "kind"));
    let namespace = id::effective_namespace(api_version, kind, text(metadata, "namespace"));
    let key = id::key(api_version, kind, namespace, text(metadata, "name"));
    let places = index.get(&key).map_or(&[][..], Vec::as_slice);
    let places: Vec<usize> = places.iter().copied().filter(|&at| !map.as_slice()[at].is_deleted()).collect();
    let &[at] = places.as_slice() else {
        let found = if places.is_empty() { "no object matches" } else { "several objects match" };
        return Err(wrong(files, item, format!("{found} the patch for {}", describe(patch))).into());
    };
    let resource = &mut map.contents_mut()[at];
    if may_rename || may_change_kind {
        resource.remember_id();
    }
    Ok(merge(&mut resource.value, patch, may_rename, may_change_kind).map_err(|error| failed(files, item, &error))?)
}

/// A patch with a target is for every object the target selects; its own identity says nothing.
fn merge_by_target(
    files: &Files<'_>,
    map: &mut ResMap,
    entry: &PatchEntry,
    item: &Located,
    patches: &[Value],
    target: &Selector,
) -> Result<(), BuildErrors> {
    let [patch] = patches else {
        if patches.is_empty() {
            return Ok(());
        }
        return Err(wrong(files, item, "several patches in one entry can't share a `target`".to_owned()).into());
    };
    require_identity(files, item, patch)?;
    for resource in map.identities_mut().iter_mut().filter(|resource| target.matches_resource(resource)) {
        if entry.allow_name_change || entry.allow_kind_change {
            resource.remember_id();
        }
        merge(&mut resource.value, patch, entry.allow_name_change, entry.allow_kind_change)
            .map_err(|error| failed(files, item, &error))?;
    }
    Ok(map.reindex()?)
}

/// kustomize wants a kind and a name in every strategic merge patch.
fn require_identity(files: &Files<'_>, item: &Located, patch: &Value) -> Result<(), BuildErrors> {
    let name = patch.get("metadata").map_or("", |metadata| text(metadata, "name"));
    if text(patch, "kind").is_empty() || name.is_empty() {
        let message = "a strategic merge patch needs `kind` and `metadata.name`".to_owned();
        return Err(wrong(files, item, message).into());
    }
    Ok(())
}

fn failed(files: &Files<'_>, item: &Located, error: &PatchError) -> BuildError {
    wrong(files, item, error.to_string())
}

fn wrong(files: &Files<'_>, item: &Located, message: String) -> BuildError {
    BuildError::Kustomization { file: files.kustomization.file.clone(), at: item.at, message }
}
