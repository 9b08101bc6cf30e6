//! From a folder to its objects: layers are accumulated bottom up, names are finished once, at the top.

pub(crate) mod accumulate;
mod configure;
mod fields;
pub(crate) mod files;
mod finish;
mod generate;
mod openapi;

pub use finish::MANAGED_BY_VALUE;

use crate::{BuildErrors, ChartInflator, Origin, Recorder, Tree};
use accumulate::Accumulator;
use std::collections::BTreeSet;
use teal_yaml::Value;

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

/// Builds the kustomization in the folder `dir` of `tree`, as `kustomize build` does. Helm charts are refused; see
/// [`build_with`].
///
/// # Errors
/// Every mistake found: all of a kustomization's and all of its files' at once, then the first of each transformer.
pub fn build(tree: &dyn Tree, dir: &str, options: &Options) -> Result<Build, BuildErrors> {
    build_with(tree, dir, options, None)
}

/// [`build`], with charts rendered by `charts`.
///
/// # Errors
/// As [`build`], and what the inflator says.
pub fn build_with(
    tree: &dyn Tree,
    dir: &str,
    options: &Options,
    charts: Option<&dyn ChartInflator>,
) -> Result<Build, BuildErrors> {
    let recorder = Recorder::new(tree);
    let mut accumulator = Accumulator::new(&recorder, *options, charts);
    let root = accumulator.build_root(dir);
    drop(accumulator);
    let objects = root.and_then(|root| finish::finish(root, options)).map_err(|mut errors| {
        fields::name(tree, &mut errors);
        errors
    })?;
    Ok(Build { objects, reads: recorder.into_reads() })
}
