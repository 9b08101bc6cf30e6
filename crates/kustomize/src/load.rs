//! Bytes → objects: documents, `…List` flattening, and the checks kustomize makes of every object it reads.

mod written;

pub(crate) use written::{Quotes, Spelled, Spot, Written, patch_annotations_as_written, spelled};

use crate::resource::Origin;
use crate::{BuildError, BuildErrors};
use serde_json::Value as Json;
use std::collections::VecDeque;
use std::sync::Arc;
use teal_yaml::{Data, Dialect, Node, Place, Value};
use written::Marks;

/// An object of a file and where it began. Its `Debug` shows no content, which may be a Secret's.
#[derive(Clone, PartialEq)]
pub struct LoadedObject {
    /// The object.
    pub value: Json,
    /// Where it comes from; for an item of a list, the item's own line.
    pub origin: Origin,
}

impl std::fmt::Debug for LoadedObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedObject").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// What came of a file: the good objects, and every bad one by its place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The objects, in order.
    pub objects: Vec<LoadedObject>,
    /// What is wrong; when the file does not parse, that alone.
    pub errors: Vec<BuildError>,
}

/// An object as a build takes it in: with what its values do not tell.
pub(crate) struct Manifest<V = Value> {
    pub(crate) value: V,
    pub(crate) origin: Origin,
    pub(crate) blanks: Vec<Vec<String>>,
    /// Annotations that were written as numbers, booleans or null.
    pub(crate) odd: Vec<(String, Value)>,
    pub(crate) spelled: Vec<Spelled>,
    pub(crate) quotes: Quotes,
}

/// Reads the objects of a build, all or nothing.
///
/// # Errors
/// Every document that is no object with `kind` and `metadata.name`, or the one place where the file does not parse.
pub(crate) fn load_manifests(file: &str, bytes: &[u8]) -> Result<Vec<Manifest>, BuildErrors> {
    let (manifests, errors) = load(file, bytes, Dialect::Kustomize);
    if errors.is_empty() { Ok(manifests) } else { Err(BuildErrors(errors)) }
}

/// Reads every object of a file of manifests; kinds that end in `List` and have `items` are flattened, their items
/// following the other documents of the file. A bad document does not take the good ones with it.
#[must_use]
pub fn load_each(file: &str, bytes: &[u8], dialect: Dialect) -> Loaded {
    let (manifests, errors) = load(file, bytes, dialect);
    let object = |manifest: Manifest<Json>| LoadedObject { value: manifest.value, origin: manifest.origin };
    Loaded { objects: manifests.into_iter().map(object).collect(), errors }
}

fn load<V: From<Node>>(file: &str, bytes: &[u8], dialect: Dialect) -> (Vec<Manifest<V>>, Vec<BuildError>) {
    let (mut manifests, mut errors) = (Vec::new(), Vec::new());
    let read = teal_yaml::text_of(bytes).and_then(|text| Ok((text, teal_yaml::read_as(dialect, text)?)));
    let (text, documents) = match read {
        Ok(read) => read,
        Err(source) => {
            errors.push(BuildError::Yaml { file: file.to_owned(), source });
            return (manifests, errors);
        }
    };
    let shared: Arc<str> = file.into();
    let written = Written::new(text);
    let objects = match flatten_lists(documents, dialect) {
        Ok(objects) => objects,
        Err((at, message)) => {
            errors.push(BuildError::Object { file: file.to_owned(), at, message });
            return (manifests, errors);
        }
    };
    for (mut node, document) in objects {
        let at = node.at;
        let (mut marks, mut odd) = (Marks::default(), Vec::new());
        if dialect == Dialect::Kustomize {
            marks = Marks::of(&node, &written);
            odd = written::annotations_as_written(&mut node, &written);
        }
        match check(&node, dialect) {
            Err((at, message)) => errors.push(BuildError::Object { file: file.to_owned(), at, message }),
            Ok(()) => {
                let origin = Origin { file: Arc::clone(&shared), line: at.line, document };
                let Marks { blanks, spelled, quotes } = marks;
                manifests.push(Manifest { value: node.into(), origin, blanks, odd, spelled, quotes });
            }
        }
    }
    (manifests, errors)
}

/// Replaces `…List` documents that have `items` by these, behind the documents that are there already. Returns each
/// object with the number of its document, from 0. To kustomize, documents and items with nothing in them are none.
///
/// # Errors
/// The place of `items` that are no list.
pub(crate) fn flatten_lists(documents: Vec<Node>, dialect: Dialect) -> Result<Vec<(Node, u32)>, (Place, String)> {
    let is_alone = documents.len() == 1;
    let mut queue: VecDeque<(Node, u32)> = documents.into_iter().zip(0..).collect();
    let mut objects = Vec::with_capacity(queue.len());
    while let Some((node, document)) = queue.pop_front() {
        if dialect == Dialect::Kustomize && is_nothing(&node.data) {
            continue;
        }
        let kind = node.get("kind").and_then(Node::as_str).unwrap_or("");
        let is_plain = is_alone && matches!(kind, "List" | "ResourceList");
        let is_list = kind.ends_with("List");
        let has_items = match node.get("items") {
            Some(items) if is_list => match items.data {
                Data::Sequence(_) | Data::Null => true,
                // A list that is alone in its file is read more kindly.
                Data::String(_) | Data::Number(_) | Data::Bool(_) if is_plain => true,
                _ => return Err((items.at, format!("expected a list as `items` of this {kind}"))),
            },
            _ => false,
        };
        match node.data {
            Data::Mapping(entries) if has_items => {
                for entry in entries.into_iter().filter(|entry| entry.key == "items") {
                    if let Data::Sequence(items) = entry.value.data {
                        queue.extend(items.into_iter().map(|item| (item, document)));
                    }
                }
            }
            data => objects.push((Node { data, at: node.at }, document)),
        }
    }
    Ok(objects)
}

fn is_nothing(data: &Data) -> bool {
    match data {
        Data::Null => true,
        Data::Mapping(entries) => entries.is_empty(),
        Data::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

/// Says what keeps a document from being an object.
fn check(node: &Node, dialect: Dialect) -> Result<(), (Place, String)> {
    if !matches!(node.data, Data::Mapping(_)) {
        return Err((node.at, "this document is no object; expected apiVersion, kind and metadata".to_owned()));
    }
    let missing = |field: &str| (node.at, format!("`{field}` is missing"));
    for field in ["apiVersion", "kind"] {
        match node.get(field) {
            Some(Node { data: Data::String(text), .. }) if !text.is_empty() => {}
            // kustomize itself takes an object without apiVersion; patches often have none.
            None if field == "apiVersion" && dialect == Dialect::Kustomize => {}
            None | Some(Node { data: Data::Null, .. }) => return Err(missing(field)),
            Some(other) => return Err((other.at, format!("`{field}` must be a text"))),
        }
    }
    // kustomize lets a list be without a name.
    let is_list = dialect == Dialect::Kustomize
        && node.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    let Some(metadata) = node.get("metadata") else {
        return if is_list { Ok(()) } else { Err(missing("metadata.name")) };
    };
    for field in ["name", "namespace"] {
        match metadata.get(field) {
            None | Some(Node { data: Data::Null, .. }) if is_list => {}
            Some(Node { data: Data::String(text), .. }) if field != "name" || !text.is_empty() => {}
            None if field == "namespace" => {}
            Some(Node { data: Data::Null, .. }) if field == "namespace" => {}
            None | Some(Node { data: Data::Null | Data::String(_), .. }) => return Err(nameless(node, metadata)),
            Some(other) => return Err((other.at, format!("`metadata.{field}` must be a text; quote it"))),
        }
    }
    if dialect == Dialect::Kubernetes {
        check_text_map(metadata, "labels")?;
    }
    check_text_map(metadata, "annotations")
}

/// `metadata.name` is not there; where a name is to be generated, why that is no help.
fn nameless(node: &Node, metadata: &Node) -> (Place, String) {
    let generated = metadata.get("generateName").filter(|name| !matches!(name.data, Data::Null));
    generated.map_or_else(
        || (node.at, "`metadata.name` is missing".to_owned()),
        |name| {
            let why = "`metadata.generateName` is refused: every run would make another object, and `metadata.name` is missing; write that";
            (name.at, why.to_owned())
        },
    )
}

fn check_text_map(metadata: &Node, field: &str) -> Result<(), (Place, String)> {
    match metadata.get(field).map(|node| (&node.data, node.at)) {
        None | Some((Data::Null, _)) => Ok(()),
        Some((Data::Mapping(entries), _)) => entries.iter().try_for_each(|entry| match entry.value.data {
            Data::String(_) | Data::Null => Ok(()),
            _ => Err((entry.value.at, format!("`metadata.{field}.{}` must be a text; quote it", entry.key))),
        }),
        Some((_, at)) => Err((at, format!("`metadata.{field}` must be a mapping of texts"))),
    }
}
