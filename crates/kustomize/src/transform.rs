//! Transformers: one form for those that a kustomization's own fields ask for and those with a document of their own.
//!
//! [`steps`] makes the fields into [`Step`]s, in kustomize's order; [`crate::plugin`] makes documents into them. Files
//! are read while steps are made, so all mistakes in them are told before the first object changes.

mod images;
mod names;
mod namespace;
pub(crate) mod patches;
mod replicas;
mod texts;
mod value_add;

pub(crate) use namespace::{Namespace, Subjects};
pub(crate) use value_add::{AddTarget, ValueAdd};

use crate::build::files::Files;
use crate::config::{Config, Specs};
use crate::field::{FieldSpec, merge_specs, spec};
use crate::kustomization::{Image, Kustomization, Replacement, Replicas, TextMap};
use crate::provenance::Provenance;
use crate::replace;
use crate::resmap::{ResMap, transform};
use crate::schema::Schema;
use crate::{BuildError, BuildErrors, hash};
use patches::Loaded;
use std::rc::Rc;

/// What a transformer does.
pub(crate) enum Transform {
    /// Strategic merge patches, each for the one object of its identity.
    StrategicMerge(Vec<Loaded>),
    Patches(Vec<Loaded>),
    Json6902(Vec<Loaded>),
    Namespace(Namespace),
    Prefix(String, Specs),
    Suffix(String, Specs),
    Labels(TextMap, Specs),
    Annotations(TextMap, Specs),
    Replicas(Vec<Replicas>, Specs),
    Images(Vec<Image>, Specs),
    Replacements(Vec<(String, Replacement)>),
    ValueAdd(ValueAdd),
    Hash,
}

/// A transformer, the file that asks for it, and how it is told among an object's transformations.
pub(crate) struct Step {
    pub(crate) what: Transform,
    pub(crate) file: Rc<str>,
    pub(crate) by: Option<Rc<Provenance>>,
    /// How many of kustomize's transformers this is.
    pub(crate) times: usize,
}

/// Runs transformers over the objects of a layer.
///
/// # Errors
/// What the first failing one says.
pub(crate) fn run(steps: &[Step], map: &mut ResMap, schema: &Schema) -> Result<(), BuildErrors> {
    for (at, step) in steps.iter().enumerate() {
        apply(&step.what, &step.file, map, schema).map_err(|errors| step.named(errors))?;
        if let Some(by) = &step.by {
            for resource in map.contents_mut().iter_mut().filter(|resource| !resource.is_deleted()) {
                for _ in 0..step.times {
                    match &resource.provenance {
                        None => resource.provenance = Some(Rc::clone(by)),
                        Some(_) => resource.transformations.push(Rc::clone(by)),
                    }
                }
            }
        }
        // Patches pass over what an earlier one deleted, so the list is swept once for all that follow each other.
        if !steps.get(at + 1).is_some_and(Step::is_patch) {
            map.sweep();
        }
    }
    Ok(())
}

fn apply(what: &Transform, file: &str, map: &mut ResMap, schema: &Schema) -> Result<(), BuildErrors> {
    match what {
        Transform::StrategicMerge(patches) => patches::strategic_merge(patches, map, schema)?,
        Transform::Patches(patches) => patches::patches(patches, map, schema)?,
        Transform::Json6902(patches) => patches::json_6902(patches, map)?,
        Transform::Namespace(namespace) => namespace::run(namespace, file, map)?,
        Transform::Prefix(prefix, specs) => names::prefix(prefix, specs, file, map)?,
        Transform::Suffix(suffix, specs) => names::suffix(suffix, specs, file, map)?,
        Transform::Labels(pairs, specs) => texts::set(pairs, specs, file, map, "labels")?,
        Transform::Annotations(pairs, specs) => texts::set(pairs, specs, file, map, "annotations")?,
        Transform::Replicas(replicas, specs) => replicas::run(replicas, specs, file, map)?,
        Transform::Images(images, specs) => images::run(images, specs, file, map)?,
        Transform::Replacements(replacements) => replace::run(replacements, map)?,
        Transform::ValueAdd(add) => value_add::run(add, file, map)?,
        Transform::Hash => hash_names(map),
    }
    Ok(())
}

/// Gives every generated name that wants one its suffix.
pub(crate) fn hash_names(map: &mut ResMap) {
    for resource in map.identities_mut().iter_mut().filter(|resource| resource.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash::suffix(&resource.value));
        resource.remember_id();
        resource.set_name(&name);
    }
}

/// Collects steps, and every mistake in the files they name.
struct Steps<'a> {
    file: Rc<str>,
    by: &'a dyn Fn(&str) -> Option<Rc<Provenance>>,
    steps: Vec<Step>,
    errors: Vec<BuildError>,
}

impl Transform {
    /// The fields of a kustomization that ask for it.
    fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::StrategicMerge(_) => &["patchesStrategicMerge"],
            Self::Patches(_) => &["patches"],
            Self::Json6902(_) => &["patchesJson6902"],
            Self::Namespace(_) => &["namespace"],
            Self::Prefix(..) => &["namePrefix"],
            Self::Suffix(..) => &["nameSuffix"],
            Self::Labels(..) => &["labels", "commonLabels"],
            Self::Annotations(..) => &["commonAnnotations"],
            Self::Replicas(..) => &["replicas"],
            Self::Images(..) => &["images", "imageTags"],
            Self::Replacements(_) => &["replacements"],
            Self::ValueAdd(_) | Self::Hash => &[],
        }
    }
}

impl Step {
    /// Tells which fields a mistake comes from.
    fn named(&self, mut errors: BuildErrors) -> BuildErrors {
        for error in &mut errors.0 {
            if let BuildError::Transform { fields, .. } = error {
                *fields = self.what.fields();
            }
        }
        errors
    }

    fn is_patch(&self) -> bool {
        matches!(self.what, Transform::StrategicMerge(_) | Transform::Patches(_) | Transform::Json6902(_))
    }

    /// Says whether it may merge a strategic merge patch.
    pub(crate) fn merges(&self) -> bool {
        match &self.what {
            Transform::StrategicMerge(_) => true,
            Transform::Patches(patches) => patches.iter().any(Loaded::is_merge),
            _ => false,
        }
    }
}

impl Steps<'_> {
    fn add(&mut self, kind: &str, times: usize, what: Transform) {
        self.steps.push(Step { what, file: Rc::clone(&self.file), by: (self.by)(kind), times });
    }

    /// Adds a step over what was read, unless nothing was asked for.
    fn read<T>(
        &mut self,
        kind: &str,
        times: usize,
        read: impl FnOnce() -> Result<T, BuildErrors>,
        make: impl FnOnce(T) -> Transform,
    ) {
        if times == 0 {
            return;
        }
        match read() {
            Ok(read) => self.add(kind, times, make(read)),
            Err(more) => self.errors.extend(more.0),
        }
    }
}

/// The transformers that a kustomization's own fields ask for, in kustomize's order.
///
/// # Errors
/// Every patch or replacement that can't be read, and field specs that contradict each other.
pub(crate) fn steps(
    kustomization: &Kustomization,
    files: &Files<'_>,
    config: &Config,
    by: &dyn Fn(&str) -> Option<Rc<Provenance>>,
) -> Result<Vec<Step>, BuildErrors> {
    let k = kustomization;
    let mut to = Steps { file: k.file.as_str().into(), by, steps: Vec::new(), errors: Vec::new() };
    let merges = &k.patches_strategic_merge;
    let load = || patches::load_merges(files, merges);
    to.read("PatchStrategicMergeTransformer", merges.len().min(1), load, Transform::StrategicMerge);
    match patches::load_all(files, &k.patches) {
        // Each is a transformer of its own.
        Ok(all) => all.into_iter().for_each(|one| to.add("PatchTransformer", 1, Transform::Patches(vec![one]))),
        Err(more) => to.errors.extend(more.0),
    }
    if !k.namespace.is_empty() {
        let namespace = Namespace::new(k.namespace.clone(), Rc::clone(&config.namespace));
        to.add("NamespaceTransformer", 1, Transform::Namespace(namespace));
    }
    if !k.name_prefix.is_empty() {
        to.add("PrefixTransformer", 1, Transform::Prefix(k.name_prefix.clone(), Rc::clone(&config.name_prefix)));
    }
    if !k.name_suffix.is_empty() {
        to.add("SuffixTransformer", 1, Transform::Suffix(k.name_suffix.clone(), Rc::clone(&config.name_suffix)));
    }
    match labels(kustomization, config) {
        Ok(all) => {
            all.into_iter().for_each(|(pairs, specs)| to.add("LabelTransformer", 1, Transform::Labels(pairs, specs)));
        }
        Err(error) => to.errors.push(error),
    }
    if !k.common_annotations.is_empty() {
        let specs = Rc::clone(&config.common_annotations);
        to.add("AnnotationsTransformer", 1, Transform::Annotations(k.common_annotations.clone(), specs));
    }
    let operations = &k.patches_json_6902;
    let load = || patches::load_json(files, operations);
    to.read("PatchJson6902Transformer", operations.len(), load, Transform::Json6902);
    if !k.replicas.is_empty() {
        let what = Transform::Replicas(k.replicas.clone(), Rc::clone(&config.replicas));
        to.add("ReplicaCountTransformer", k.replicas.len(), what);
    }
    if !k.images.is_empty() {
        let what = Transform::Images(k.images.clone(), Rc::clone(&config.images));
        to.add("ImageTagTransformer", k.images.len(), what);
    }
    let load = || replace::load(files, &k.replacements);
    to.read("ReplacementTransformer", k.replacements.len().min(1), load, Transform::Replacements);
    if to.errors.is_empty() { Ok(to.steps) } else { Err(BuildErrors(to.errors)) }
}

/// Every item of `labels` with the fields it goes to, then `commonLabels`.
fn labels(kustomization: &Kustomization, config: &Config) -> Result<Vec<(TextMap, Specs)>, BuildError> {
    if kustomization.labels.is_empty() && kustomization.common_labels.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Vec::with_capacity(kustomization.labels.len() + 1);
    let metadata = [spec("", "", "metadata/labels", true)];
    for labels in &kustomization.labels {
        let mut specs: Vec<FieldSpec> = labels.fields.clone();
        let mut more: Vec<&[FieldSpec]> = vec![&config.labels];
        if labels.include_selectors {
            more.push(&config.common_labels);
        } else {
            if labels.include_templates {
                more.push(&config.template_labels);
            }
            if labels.include_volume_claim_templates {
                more.push(&config.claim_labels);
            }
            more.push(&metadata);
        }
        for more in more {
            merge_specs(&mut specs, more).map_err(|path| {
                let message =
                    format!("labels: conflicting field specs: `create` of {path} contradicts kustomize's own");
                transform(&kustomization.file, message)
            })?;
        }
        all.push((labels.pairs.clone(), Rc::new(specs)));
    }
    all.push((kustomization.common_labels.clone(), Rc::clone(&config.common_labels)));
    Ok(all)
}
