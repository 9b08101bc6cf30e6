//! Patches: text in, changed objects out. Strategic merge and JSON 6902, and the selectors that aim them.

mod json_6902;
mod schema;
mod selector;
mod strategic;

pub use selector::{Selector, SelectorError};

use serde_json::Value;
use teal_yaml::{Data, Dialect, ReadError};

/// A patch that can't be read or applied. Never quotes values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The text is no YAML.
    #[error("the patch does not parse: {0}")]
    Yaml(#[from] ReadError),
    /// The text is neither a strategic merge patch nor a list of JSON 6902 operations.
    #[error("the patch is neither an object nor a list of operations: {0}")]
    Shape(String),
    /// The patch does not fit the object.
    #[error("the patch does not fit {object}: {message}")]
    Apply {
        /// Which object.
        object: String,
        /// Why not.
        message: String,
    },
}

impl PatchError {
    /// The sort of mistake as a word of a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "PatchSyntax",
            Self::Shape(_) => "PatchShape",
            Self::Apply { .. } => "PatchApply",
        }
    }
}

/// A patch, read once, applied to any number of objects. Its `Debug` shows no content, which may be for a Secret.
#[derive(Clone)]
pub struct ObjectPatch {
    pub(crate) content: Content,
}

impl std::fmt::Debug for ObjectPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.content {
            Content::Merge(_) => "ObjectPatch(strategic merge)",
            Content::Json(_) => "ObjectPatch(JSON 6902)",
        })
    }
}

#[derive(Clone)]
pub(crate) enum Content {
    /// Strategic merge patches, one a document.
    Merge(Vec<Value>),
    /// JSON 6902 operations.
    Json(json_patch::Patch),
}

impl ObjectPatch {
    /// Reads a patch: a list is JSON 6902, objects are strategic merge patches.
    ///
    /// # Errors
    /// When the text does not parse or is neither.
    pub fn parse(text: &str) -> Result<Self, PatchError> {
        let documents = teal_yaml::read_as(Dialect::Kustomize, text)?;
        let is_list = documents.first().is_some_and(|document| matches!(document.data, Data::Sequence(_)));
        let content = if is_list {
            // Operations are read as kubectl reads them: kustomize parses the two sorts with different parsers.
            Content::Json(json_6902::parse(teal_yaml::read(text)?)?)
        } else {
            Content::Merge(strategic::parse(documents)?)
        };
        Ok(Self { content })
    }

    /// Applies the patch to an object; `false` when the patch deletes it. Name, namespace and kind stay as they were
    /// under a strategic merge patch.
    ///
    /// # Errors
    /// When the patch does not fit; the object is then unchanged (JSON 6902) or partly changed (strategic merge).
    pub fn apply(&self, object: &mut Value) -> Result<bool, PatchError> {
        match &self.content {
            Content::Json(operations) => json_6902::apply(operations, object)?,
            Content::Merge(patches) => {
                for patch in patches {
                    merge(object, patch, false, false)?;
                    if object.is_null() {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Says whether there is nothing in the patch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Merge(patches) => patches.is_empty(),
            Content::Json(operations) => operations.0.is_empty(),
        }
    }
}

/// Applies one strategic merge patch; the object becomes `Null` when the patch deletes it.
pub(crate) fn merge(
    object: &mut Value,
    patch: &Value,
    may_rename: bool,
    may_change_kind: bool,
) -> Result<(), PatchError> {
    let field = |object: &Value, path: &[&str]| path.iter().try_fold(object, |value, name| value.get(name)).cloned();
    let kept = [
        (&["apiVersion"][..], true),
        (&["kind"][..], !may_change_kind),
        (&["metadata", "name"][..], !may_rename),
        (&["metadata", "namespace"][..], true),
    ];
    let before: Vec<_> = kept.iter().map(|(path, keep)| (*path, *keep, field(object, path))).collect();
    let described = crate::resource::describe(object);
    let apply = |message| PatchError::Apply { object: described.clone(), message };
    strategic::merge(object, patch).map_err(apply)?;
    if object.is_null() {
        return Ok(());
    }
    for (path, _, old) in before.into_iter().filter(|(_, keep, _)| *keep) {
        let Some((last, parents)) = path.split_last() else { continue };
        let Some(parent) =
            parents.iter().try_fold(&mut *object, |value, name| value.get_mut(name)).and_then(Value::as_object_mut)
        else {
            continue;
        };
        match old {
            Some(old) => drop(parent.insert((*last).to_owned(), old)),
            None => drop(parent.remove(*last)),
        }
    }
    Ok(())
}

pub(crate) use json_6902::apply as apply_json;
