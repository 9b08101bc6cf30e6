//! Patches: text in, changed objects out. Strategic merge and JSON 6902, and the selectors that aim them.

mod json_6902;
mod selector;
mod strategic;

pub use selector::{Selector, SelectorError};

use crate::load::{Quotes, Spelled, Written, patch_annotations_as_written, spelled};
use crate::resource::Resource;
use crate::schema::Schema;
use serde_json::Value as Json;
use teal_yaml::{Data, Dialect, Entry, Map, Node, Place, ReadError, Value};

/// A patch that can't be read or applied. Never quotes values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The text is no YAML.
    #[error("the patch does not parse: {0}")]
    Yaml(#[from] ReadError),
    /// The text is neither a strategic merge patch nor a list of JSON 6902 operations.
    #[error("the patch is neither an object nor a list of operations: line {}: {message}", at.line)]
    Shape {
        /// Where in the patch.
        at: Place,
        /// What is wrong there.
        message: String,
    },
    /// The text begins like JSON, and is none.
    #[error(
        "the patch begins with `[`, so it must be JSON, and line {line}, column {column} is not; quote every key and text, or write one operation a line behind `- `"
    )]
    Json {
        /// Line in the patch, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The patch does not fit the object.
    #[error("the patch does not fit {object}: {message}")]
    Apply {
        /// Which object.
        object: String,
        /// Where in the patch the operation stands that fails; `None` where that is not known.
        at: Option<Place>,
        /// Why not.
        message: String,
    },
}

impl PatchError {
    /// The sort of mistake as a word of a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Yaml(_) | Self::Json { .. } => "PatchSyntax",
            Self::Shape { .. } => "PatchShape",
            Self::Apply { .. } => "PatchApply",
        }
    }
}

/// Makes a scalar the text it is written as.
fn as_text(node: &mut Node, written: &Written<'_>) {
    if matches!(node.data, Data::Null | Data::Bool(_) | Data::Number(_))
        && let Some(text) = written.scalar(node)
    {
        node.data = Data::String(text);
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
    Merge(Vec<MergePatch>),
    /// JSON 6902 operations.
    Json(Operations),
}

/// One strategic merge patch.
#[derive(Clone)]
pub(crate) struct MergePatch {
    pub(crate) value: Value,
    /// The patch as kustomize has it when it looks for targets: labels and annotations are texts, null included.
    pub(crate) aimed: Value,
    /// How scalars of both are written.
    pub(crate) spelled: Vec<Spelled>,
    /// Where it begins.
    pub(crate) at: Place,
}

impl MergePatch {
    fn new(mut document: Node, written: &Written<'_>) -> Result<Self, PatchError> {
        if !matches!(document.data, Data::Mapping(_)) {
            return Err(PatchError::Shape { at: document.at, message: "expected an object".to_owned() });
        }
        let at = document.at;
        let spelled = spelled(&document, written);
        let mut aimed = document.clone();
        if let Some(Data::Mapping(fields)) = aimed.get_mut("metadata").map(|metadata| &mut metadata.data) {
            // Without an entry they are not there at all.
            fields.retain(|field| match (field.key.as_str(), &field.value.data) {
                ("labels" | "annotations", Data::Mapping(entries)) => !entries.is_empty(),
                ("labels" | "annotations", _) => false,
                _ => true,
            });
            let is_text_map = |field: &&mut Entry| matches!(field.key.as_str(), "labels" | "annotations");
            for field in fields.iter_mut().filter(is_text_map) {
                if let Data::Mapping(entries) = &mut field.value.data {
                    entries.iter_mut().for_each(|entry| as_text(&mut entry.value, written));
                }
            }
        }
        // Without a target a null still takes the annotation away.
        patch_annotations_as_written(&mut document, written);
        Ok(Self { value: document.into(), aimed: aimed.into(), spelled, at })
    }
}

impl ObjectPatch {
    /// Reads a patch as kustomize does: what begins like JSON must be JSON.
    ///
    /// # Errors
    /// As [`ObjectPatch::parse`], and when a text that begins with `[` is no JSON.
    pub(crate) fn parse_strict(text: &str) -> Result<Self, PatchError> {
        if !text.starts_with('[') {
            return Self::parse(text);
        }
        let operations = serde_json::from_str::<Json>(text)
            .map_err(|wrong| PatchError::Json { line: wrong.line(), column: wrong.column() })?;
        let mut operations = crate::plugin::located(&operations.into(), Place { line: 1, column: 1 });
        // JSON is YAML, which tells where the operations are.
        let read = teal_yaml::read(text).ok().and_then(|documents| documents.into_iter().next()).map(|node| node.data);
        if let (Data::Sequence(items), Some(Data::Sequence(read))) = (&mut operations.data, read) {
            items.iter_mut().zip(read).for_each(|(item, read)| item.at = read.at);
        }
        let operations = json_6902::parse(vec![operations])?;
        Ok(Self { content: Content::Json(operations) })
    }

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
            let written = Written::new(text);
            let documents = crate::load::flatten_lists(documents, Dialect::Kustomize)
                .map_err(|(at, message)| PatchError::Shape { at, message })?;
            let patches = documents.into_iter().map(|(document, _)| MergePatch::new(document, &written));
            Content::Merge(patches.collect::<Result<_, _>>()?)
        };
        Ok(Self { content })
    }

    /// Applies the patch to an object; `false` when the patch deletes it. Name, namespace and kind stay as they were
    /// under a strategic merge patch.
    ///
    /// # Errors
    /// When the patch does not fit; the object is then unchanged (JSON 6902) or partly changed (strategic merge).
    pub fn apply(&self, object: &mut Json) -> Result<bool, PatchError> {
        let mut value = Value::from(object.take());
        let applied = self.apply_to(&mut value);
        *object = value.into();
        applied.map(|()| !object.is_null())
    }

    fn apply_to(&self, object: &mut Value) -> Result<(), PatchError> {
        match &self.content {
            Content::Json(operations) => json_6902::apply(operations, object)?,
            Content::Merge(patches) => {
                let quotes = Quotes::default();
                for patch in patches {
                    let scalars = Scalars { quotes: &quotes, spelled: &patch.spelled };
                    merge(object, &patch.value, scalars, Change::default(), Schema::built_in())?;
                    if object.is_null() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Says whether there is nothing in the patch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Merge(patches) => patches.is_empty(),
            Content::Json(operations) => operations.is_empty(),
        }
    }
}

/// What a strategic merge patch may change of an object's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Change {
    pub(crate) name: bool,
    pub(crate) kind: bool,
}

/// How scalars are written that a merge brings together.
#[derive(Clone, Copy)]
struct Scalars<'a> {
    /// Of the object.
    quotes: &'a Quotes,
    /// Of the patch.
    spelled: &'a [Spelled],
}

/// Applies one strategic merge patch, or another form of its content, to an object of a build.
///
/// # Errors
/// When the patch does not fit.
pub(crate) fn merge_into(
    resource: &mut Resource,
    patch: &Value,
    spelled: &[Spelled],
    change: Change,
    schema: &Schema,
) -> Result<(), PatchError> {
    if change != Change::default() {
        resource.remember_id();
    }
    // Keys with nothing behind them go, wherever the merge gets to.
    if strategic::is_lost(patch) {
        return Ok(());
    }
    let is_kept = |path: &[String]| resource.provenance.is_some() && is_annotation(path);
    let blanks = std::mem::take(&mut resource.blanks);
    for path in blanks.into_iter().filter(|path| !is_kept(path)) {
        if strategic::reaches(&resource.value, &path, schema) {
            remove(&mut resource.value, &path);
        }
    }
    merge(&mut resource.value, patch, Scalars { quotes: &resource.quotes, spelled }, change, schema)?;
    if strategic::takes_annotations(patch) {
        resource.forget_notes();
    }
    Ok(())
}

/// Who notes where objects come from makes texts of all annotations.
fn is_annotation(path: &[String]) -> bool {
    matches!(path, [metadata, annotations, _] if metadata == "metadata" && annotations == "annotations")
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(value, |value, part| match value {
        Value::Array(items) => part.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
        _ => value.get_mut(part),
    });
    if let Some(Value::Object(map)) = parent {
        map.remove(last);
    }
}

/// Applies one strategic merge patch; the object becomes `Null` when the patch deletes it.
fn merge(
    object: &mut Value,
    patch: &Value,
    scalars: Scalars<'_>,
    change: Change,
    schema: &Schema,
) -> Result<(), PatchError> {
    let field = |object: &Value, path: &[&str]| path.iter().try_fold(object, |value, name| value.get(name)).cloned();
    let kept = [
        (&["apiVersion"][..], true),
        (&["kind"][..], !change.kind),
        (&["metadata", "name"][..], !change.name),
        (&["metadata", "namespace"][..], true),
    ];
    let before: Vec<_> = kept.iter().map(|(path, keep)| (*path, *keep, field(object, path))).collect();
    let described = crate::resource::describe(object);
    let apply = |message| PatchError::Apply { object: described.clone(), at: None, message };
    strategic::merge(object, patch, scalars, schema).map_err(apply)?;
    if object.is_null() {
        return Ok(());
    }
    for (path, _, old) in before.into_iter().filter(|(_, keep, _)| *keep) {
        put_back(object, path, old);
    }
    Ok(())
}

/// Makes a field what it was; a `metadata` that the patch took away is made again for a name.
fn put_back(object: &mut Value, path: &[&str], old: Option<Value>) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut at = object;
    for name in parents {
        let Some(map) = at.as_object_mut() else { return };
        if old.is_none() && !map.contains_key(name) {
            return;
        }
        at = map.entry(*name).or_insert_with(|| Map::new().into());
    }
    let Some(map) = at.as_object_mut() else { return };
    match old {
        Some(old) => drop(map.insert((*last).to_owned(), old)),
        None => drop(map.remove(last)),
    }
}

pub(crate) use json_6902::{Operations, apply as apply_json};
