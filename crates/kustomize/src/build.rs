//! From a folder to its objects: layers are accumulated bottom up, names are finished once, at the top.

pub(crate) mod accumulate;

use crate::kustomization::SortOrder;
use crate::resource::Resource;
use crate::{BuildErrors, Origin, Recorder, Tree, hash, reference, sort};
use accumulate::Accumulator;
use serde_json::Value;
use std::collections::BTreeSet;

/// How to build. The default is what `kustomize build` does without flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The order of the result where the kustomization itself says none (`sortOptions`).
    pub reorder: Reorder,
    /// Which files a kustomization may name.
    pub restrictor: LoadRestrictor,
}

/// The order of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reorder {
    /// Namespaces first, webhooks last, then by kind, namespace and name.
    #[default]
    Legacy,
    /// As accumulated.
    None,
}

/// Which files a kustomization may name. Folders may be anywhere in the tree; nothing outside the tree can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadRestrictor {
    /// Files in its own folder or below.
    #[default]
    RootOnly,
    /// Any file of the tree.
    None,
}

/// What a build returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// The objects, in order.
    pub objects: Vec<Built>,
    /// Every path that was asked for, missing ones included: the build can only change when one of these does.
    pub reads: BTreeSet<String>,
}

/// One finished object. Its `Debug` shows no content, which may be a Secret's.
#[derive(Clone, PartialEq)]
pub struct Built {
    /// The object.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Built").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Builds the kustomization in the folder `dir` of `tree`, as `kustomize build` does.
///
/// # Errors
/// Every mistake found: all of a kustomization's and all of its files' at once, then the first of each transformer.
pub fn build(tree: &dyn Tree, dir: &str, options: &Options) -> Result<Build, BuildErrors> {
    let recorder = Recorder::new(tree);
    let mut accumulator = Accumulator::new(&recorder, *options);
    let (mut map, order) = accumulator.build_root(dir)?;
    for resource in map.identities_mut().iter_mut().filter(|resource| resource.needs_hash) {
        resource.remember_id();
        let name = format!("{}-{}", resource.name(), hash::suffix(&resource.value));
        resource.set_name(&name);
    }
    map.reindex()?;
    reference::fix(&mut map)?;
    let mut resources = map.into_list();
    resources.retain(|resource| !is_local_config(resource));
    let default = match options.reorder {
        Reorder::Legacy => SortOrder::Legacy(None),
        Reorder::None => SortOrder::Fifo,
    };
    sort::sort(&mut resources, &order.unwrap_or(default));
    let objects =
        resources.into_iter().map(|resource| Built { value: resource.value, origin: resource.origin }).collect();
    drop(accumulator);
    Ok(Build { objects, reads: recorder.into_reads() })
}

/// Objects marked as configuration of kustomize itself are no part of the result.
fn is_local_config(resource: &Resource) -> bool {
    resource
        .metadata_map("annotations")
        .and_then(|annotations| annotations.get("config.kubernetes.io/local-config"))
        .is_some_and(|value| value.as_str() != Some("false"))
}
