//! Which fields transformers work on: kustomize's own tables, and what `configurations` and `crds` add.
//!
//! A layer uses the tables of its own `configurations` and of every layer below it. The built-in tables are made once a
//! build and shared; only layers that add something have tables of their own.
//!
//! Tables are sorted by kind after every merge, as kustomize's are, and a spec is left out where one of the same path is
//! there whose kinds it takes in. So a spec of one's own for a kind puts the built-in one for every kind aside.

pub(crate) mod crds;
mod defaults;
mod parse;

pub(crate) use parse::parse;

use crate::field::{FieldSpec, merge_specs};
use crate::id::split_api_version;
use crate::sort::kind_rank;
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) type Specs = Rc<Vec<FieldSpec>>;

/// What names what: a target and the fields that refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameReference {
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) referrers: Vec<FieldSpec>,
}

/// The tables of one layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) name_prefix: Specs,
    pub(crate) name_suffix: Specs,
    pub(crate) namespace: Specs,
    pub(crate) common_labels: Specs,
    pub(crate) labels: Specs,
    pub(crate) template_labels: Specs,
    pub(crate) claim_labels: Specs,
    pub(crate) common_annotations: Specs,
    pub(crate) var_reference: Specs,
    pub(crate) images: Specs,
    pub(crate) replicas: Specs,
    pub(crate) name_reference: Rc<Vec<NameReference>>,
}

impl Config {
    /// kustomize's own tables.
    pub(crate) fn built_in() -> Self {
        defaults::config()
    }

    fn tables(&mut self) -> [(&'static str, &mut Specs); 11] {
        [
            ("namePrefix", &mut self.name_prefix),
            ("nameSuffix", &mut self.name_suffix),
            ("namespace", &mut self.namespace),
            ("commonLabels", &mut self.common_labels),
            ("labels", &mut self.labels),
            ("templateLabels", &mut self.template_labels),
            ("volumeClaimTemplateLabels", &mut self.claim_labels),
            ("commonAnnotations", &mut self.common_annotations),
            ("varReference", &mut self.var_reference),
            ("images", &mut self.images),
            ("replicas", &mut self.replicas),
        ]
    }

    /// Adds what another set of tables says.
    ///
    /// # Errors
    /// When one field has two answers to whether it is created.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), String> {
        let mut other = other.clone();
        for ((name, mine), (_, theirs)) in self.tables().into_iter().zip(other.tables()) {
            if !theirs.is_empty() && !Rc::ptr_eq(mine, theirs) {
                let mine = Rc::make_mut(mine);
                merge_specs(mine, theirs.iter()).map_err(|path| {
                    format!("conflicting field specs in {name}: `create` of {path} is given both ways")
                })?;
                mine.sort_by_cached_key(|spec| order(&spec.group, &spec.version, &spec.kind));
            }
        }
        if other.name_reference.is_empty() || Rc::ptr_eq(&self.name_reference, &other.name_reference) {
            return Ok(());
        }
        let references = Rc::make_mut(&mut self.name_reference);
        for new in other.name_reference.iter() {
            let same =
                |old: &&mut NameReference| old.kind == new.kind && old.group == new.group && old.version == new.version;
            match references.iter_mut().find(same) {
                None => references.push(new.clone()),
                Some(old) => merge_specs(&mut old.referrers, &new.referrers)
                    .map_err(|path| format!("conflicting field specs in nameReference: {path}"))?,
            }
        }
        // The order in which references are followed.
        references.sort_by_cached_key(|known| order(&known.group, &known.version, &known.kind));
        Ok(())
    }
}

/// Where a kind stands in kustomize's order of specs and targets.
fn order(group: &str, version: &str, kind: &str) -> (isize, String) {
    let or = |text: &str, absent: &str| if text.is_empty() { absent.to_owned() } else { text.to_owned() };
    (kind_rank(kind), [or(group, "~G"), or(version, "~V"), or(kind, "~K")].join("_"))
}

impl NameReference {
    /// Says whether an object of this kind is a target.
    pub(crate) fn selects(&self, api_version: &str, kind: &str) -> bool {
        let (group, version) = split_api_version(api_version);
        (self.kind.is_empty() || self.kind == kind)
            && (self.group.is_empty() || self.group == group)
            && (self.version.is_empty() || self.version == version)
    }
}
