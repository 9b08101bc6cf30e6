//! `kustomization.yaml`: read once into plain data, all mistakes at once.

mod form;
mod parse;

pub(crate) use parse::parse;

use crate::field::FieldSpec;
use crate::patch::Selector;
use std::collections::BTreeMap;
use teal_yaml::Place;

/// The names a kustomization file may have; exactly one of them in a folder.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

pub(crate) type TextMap = BTreeMap<String, String>;

/// A text of the file and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) text: String,
    pub(crate) at: Place,
}

/// Everything a kustomization says that this crate supports.
#[derive(Default)]
pub(crate) struct Kustomization {
    /// The file it came from.
    pub(crate) file: String,
    pub(crate) is_component: bool,
    pub(crate) resources: Vec<Located>,
    pub(crate) components: Vec<Located>,
    pub(crate) config_maps: Vec<Generator>,
    pub(crate) secrets: Vec<Generator>,
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
    pub(crate) sort: Option<SortOrder>,
}

/// One item of `patches` or `patchesJson6902`.
#[derive(Default)]
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
#[derive(Default)]
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
#[derive(Default)]
pub(crate) struct Replicas {
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// One item of `images`.
#[derive(Default)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) new_tag: String,
    pub(crate) tag_suffix: String,
    pub(crate) digest: String,
}

/// `sortOptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SortOrder {
    Fifo,
    /// With `orderFirst` and `orderLast`, or kustomize's own.
    Legacy(Option<(Vec<String>, Vec<String>)>),
}
