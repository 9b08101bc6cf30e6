//! `kustomization.yaml`: read once into plain data, all mistakes at once.
//!
//! The same data types serve the fields of a kustomization and the documents under `generators` and `transformers`:
//! [`parts`] reads both.

pub(crate) mod form;
mod header;
mod parse;
pub(crate) mod parts;

pub(crate) use parse::parse;

use crate::HelmChart;
use crate::field::FieldSpec;
use crate::patch::Selector;
use std::collections::BTreeMap;
use teal_yaml::Place;

/// The names a kustomization file may have; exactly one of them in a folder.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

pub(crate) type TextMap = BTreeMap<String, String>;

/// A text of the file and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) text: String,
    pub(crate) at: Place,
}

/// Everything a kustomization says.
#[derive(Default)]
pub(crate) struct Kustomization {
    /// The file it came from.
    pub(crate) file: String,
    pub(crate) is_component: bool,
    pub(crate) resources: Vec<Located>,
    pub(crate) components: Vec<Located>,
    pub(crate) configurations: Vec<Located>,
    pub(crate) crds: Vec<Located>,
    pub(crate) openapi: BTreeMap<String, Located>,
    pub(crate) build_metadata: Vec<String>,
    pub(crate) config_maps: Vec<Generator>,
    pub(crate) secrets: Vec<Generator>,
    pub(crate) charts: Vec<Chart>,
    pub(crate) generators: Vec<Located>,
    pub(crate) transformers: Vec<Located>,
    pub(crate) validators: Vec<Located>,
    pub(crate) patches_strategic_merge: Vec<Located>,
    pub(crate) patches: Vec<PatchEntry>,
    pub(crate) patches_json_6902: Vec<PatchEntry>,
    pub(crate) namespace: String,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) labels: Vec<Labels>,
    pub(crate) common_labels: TextMap,
    pub(crate) common_annotations: TextMap,
    pub(crate) replicas: Vec<Replicas>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<ReplacementEntry>,
    pub(crate) vars: Vec<Var>,
    pub(crate) sort: Option<SortOrder>,
}

/// A chart and where it is asked for.
#[derive(Clone, Default)]
pub(crate) struct Chart {
    pub(crate) at: Place,
    pub(crate) chart: HelmChart,
}

/// One item of `patches` or `patchesJson6902`.
#[derive(Clone, Default)]
pub(crate) struct PatchEntry {
    pub(crate) at: Place,
    pub(crate) path: String,
    pub(crate) patch: String,
    pub(crate) target: Option<Selector>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

/// One item of `labels`.
#[derive(Default)]
pub(crate) struct Labels {
    pub(crate) pairs: TextMap,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) include_volume_claim_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

/// One item of `configMapGenerator` or `secretGenerator`, global options merged in.
#[derive(Clone, Default)]
pub(crate) struct Generator {
    pub(crate) at: Place,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: String,
    pub(crate) literals: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) envs: Vec<String>,
    /// `type` of a Secret.
    pub(crate) secret_type: String,
    pub(crate) options: GeneratorOptions,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: TextMap,
    pub(crate) annotations: TextMap,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

impl GeneratorOptions {
    /// Fills in what the kustomization's `generatorOptions` say and these do not.
    pub(crate) fn inherit(&mut self, global: &Self) {
        for (mine, theirs) in [(&mut self.labels, &global.labels), (&mut self.annotations, &global.annotations)] {
            for (key, value) in theirs {
                mine.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        self.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        self.immutable |= global.immutable;
    }
}

/// One item of `replicas`.
#[derive(Clone, Default)]
pub(crate) struct Replicas {
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// One item of `images`.
#[derive(Clone, Default)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) new_tag: String,
    pub(crate) tag_suffix: String,
    pub(crate) digest: String,
}

/// One item of `replacements`: in place, or a file of them.
#[derive(Clone)]
pub(crate) enum ReplacementEntry {
    File(Located),
    Inline(Box<Replacement>),
}

/// What is copied where.
#[derive(Clone, Default)]
pub(crate) struct Replacement {
    pub(crate) at: Place,
    pub(crate) source: Option<Source>,
    /// A value given in place.
    pub(crate) source_value: Option<String>,
    pub(crate) targets: Vec<Target>,
}

/// The one object a value is read from, and where in it. Empty parts match everything.
#[derive(Clone, Default)]
pub(crate) struct Source {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
    pub(crate) options: FieldOptions,
}

/// Objects a value is written to.
#[derive(Clone, Default)]
pub(crate) struct Target {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: FieldOptions,
}

#[derive(Clone, Default)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
    /// How the value to copy is written, where its own text is another one.
    pub(crate) written: Option<String>,
}

/// One item of `vars`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Var {
    pub(crate) at: Place,
    /// The kustomization file.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) object: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
}

/// `sortOptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SortOrder {
    Fifo,
    /// With `orderFirst` and `orderLast`, or kustomize's own.
    Legacy(Option<(Vec<String>, Vec<String>)>),
}
