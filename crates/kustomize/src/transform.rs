//! The transformers of one layer, in kustomize's order. One file each.

mod annotations;
mod images;
mod labels;
mod names;
mod namespace;
mod patches;
mod replicas;

use crate::BuildErrors;
use crate::build::accumulate::Files;
use crate::resmap::ResMap;

/// Runs every transformer a kustomization asks for over the objects of its layer.
///
/// # Errors
/// What the first failing transformer says.
pub(crate) fn run(files: &Files<'_>, map: &mut ResMap) -> Result<(), BuildErrors> {
    let kustomization = files.kustomization;
    patches::strategic_merge(files, map)?;
    patches::patches(files, map)?;
    namespace::run(kustomization, map)?;
    names::prefix(kustomization, map)?;
    names::suffix(kustomization, map)?;
    labels::run(kustomization, map)?;
    annotations::run(kustomization, map)?;
    patches::json_6902(files, map)?;
    replicas::run(kustomization, map)?;
    images::run(kustomization, map)?;
    Ok(())
}
