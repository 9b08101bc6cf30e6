//! Bytes → objects: documents, `…List` flattening, and the checks kustomize makes of every object it reads.

use crate::resource::Origin;
use crate::{BuildError, BuildErrors};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::VecDeque;
use std::sync::Arc;
use teal_yaml::{Data, Dialect, Entry, Node, Place};

/// An object of a file and where it began. Its `Debug` shows no content, which may be a Secret's.
#[derive(Clone, PartialEq)]
pub struct LoadedObject {
    /// The object.
    pub value: Value,
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

/// An object as a build takes it in: with the places of keys that have nothing behind them.
pub(crate) struct Manifest {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    pub(crate) blanks: Vec<Vec<String>>,
    /// Annotations that were written as numbers, booleans or null.
    pub(crate) odd: Vec<(String, Value)>,
    pub(crate) numbers: Vec<OddNumber>,
}

/// A number that is not written as JSON prints it, such as `1.50` or `0x1F`.
#[derive(Clone)]
pub(crate) struct OddNumber {
    pub(crate) path: Vec<String>,
    pub(crate) number: Value,
    pub(crate) text: String,
}

/// What a document's values do not tell.
#[derive(Default)]
struct Marks {
    blanks: Vec<Vec<String>>,
    numbers: Vec<OddNumber>,
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
    let object = |manifest: Manifest| LoadedObject { value: manifest.value, origin: manifest.origin };
    Loaded { objects: manifests.into_iter().map(object).collect(), errors }
}

fn load(file: &str, bytes: &[u8], dialect: Dialect) -> (Vec<Manifest>, Vec<BuildError>) {
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
    let objects = match flatten_lists(documents) {
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
            find_marks(&node, &written, &mut Vec::new(), &mut marks);
            odd = annotations_as_written(&mut node, &written);
        }
        match check(&node, dialect) {
            Err((at, message)) => errors.push(BuildError::Object { file: file.to_owned(), at, message }),
            Ok(()) => {
                let origin = Origin { file: Arc::clone(&shared), line: at.line, document };
                let Marks { blanks, numbers } = marks;
                manifests.push(Manifest { value: node.into_value(), origin, blanks, odd, numbers });
            }
        }
    }
    (manifests, errors)
}

/// Replaces `…List` documents that have `items` by these, behind the documents that are there already. Returns each
/// object with the number of its document, from 0.
///
/// # Errors
/// The place of `items` that are no list.
pub(crate) fn flatten_lists(documents: Vec<Node>) -> Result<Vec<(Node, u32)>, (Place, String)> {
    let is_alone = documents.len() == 1;
    let mut queue: VecDeque<(Node, u32)> = documents.into_iter().zip(0..).collect();
    let mut objects = Vec::with_capacity(queue.len());
    while let Some((node, document)) = queue.pop_front() {
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
            None | Some(Node { data: Data::Null | Data::String(_), .. }) => return Err(missing("metadata.name")),
            Some(other) => return Err((other.at, format!("`metadata.{field}` must be a text; quote it"))),
        }
    }
    if dialect == Dialect::Kubernetes {
        check_text_map(metadata, "labels")?;
    }
    check_text_map(metadata, "annotations")
}

/// Values further right than this are not looked up, so that a file of one line costs no square.
const WIDEST_LOOKUP: usize = 10_000;

/// The text of a file, to look up how scalars were written.
pub(crate) struct Written<'t> {
    text: &'t str,
    lines: OnceCell<Vec<&'t str>>,
}

impl<'t> Written<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text: text.trim_start_matches('\u{feff}'), lines: OnceCell::new() }
    }

    /// The characters of a plain scalar at a place, as far as they are of the sort that numbers and words have.
    fn at(&self, at: Place) -> Option<&'t str> {
        let lines = self.lines.get_or_init(|| self.text.lines().collect());
        let line = lines.get(at.line.saturating_sub(1) as usize).copied().unwrap_or("");
        let column = at.column.saturating_sub(1) as usize;
        if column > WIDEST_LOOKUP {
            return None;
        }
        let rest = line.char_indices().nth(column).map_or("", |(at, _)| &line[at..]);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '~');
        Some(&rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())])
    }

    /// How a number, boolean or null was written; `None` when it can't be found in the text.
    pub(crate) fn scalar(&self, node: &Node) -> Option<String> {
        let written = self.at(node.at)?;
        if node.data == Data::Null {
            return Some(if is_null(written) { written.to_owned() } else { String::new() });
        }
        let read = teal_yaml::read_as(Dialect::Kustomize, written).ok().and_then(|mut read| read.pop());
        read.is_some_and(|read| read.data == node.data).then(|| written.to_owned())
    }

    /// Says whether a null is written as nothing at all.
    fn is_blank(&self, at: Place) -> bool {
        self.at(at).is_some_and(|written| !is_null(written))
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "~" | "null" | "Null" | "NULL")
}

/// kustomize takes numbers, booleans and nulls among annotations for the text they are written as: `1.10` stays `1.10`,
/// and nothing is an empty text. What can't be found in the text as it was read stays a number, which is then told to be
/// quoted. Returns what was changed, with the values that the texts stand for.
fn annotations_as_written(node: &mut Node, written: &Written<'_>) -> Vec<(String, Value)> {
    let mut odd = Vec::new();
    for entry in annotations(node) {
        if let Some(text) = scalar_as_written(&entry.value, written) {
            odd.push((entry.key.clone(), entry.value.clone().into_value()));
            entry.value.data = Data::String(text);
        }
    }
    odd
}

fn scalar_as_written(node: &Node, written: &Written<'_>) -> Option<String> {
    matches!(node.data, Data::Number(_) | Data::Bool(_) | Data::Null).then(|| written.scalar(node)).flatten()
}

/// Numbers and booleans among the annotations of a patch, as the texts they are written as; a null there takes the
/// annotation away.
pub(crate) fn patch_annotations_as_written(node: &mut Node, written: &Written<'_>) {
    for entry in annotations(node).iter_mut().filter(|entry| entry.value.data != Data::Null) {
        if let Some(text) = scalar_as_written(&entry.value, written) {
            entry.value.data = Data::String(text);
        }
    }
}

fn annotations(node: &mut Node) -> &mut [Entry] {
    match node.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations")).map(|node| &mut node.data) {
        Some(Data::Mapping(entries)) => entries,
        _ => &mut [],
    }
}

enum Part<'n> {
    Key(&'n str),
    Item(usize),
}

/// Collects the places of keys that have nothing behind them, and of numbers that are written in another way than JSON
/// has.
fn find_marks<'n>(node: &'n Node, written: &Written<'_>, path: &mut Vec<Part<'n>>, into: &mut Marks) {
    let texts = |path: &[Part<'_>]| -> Vec<String> {
        let text = |part: &Part<'_>| match part {
            Part::Key(key) => (*key).to_owned(),
            Part::Item(at) => at.to_string(),
        };
        path.iter().map(text).collect()
    };
    let mut inner = |part: Part<'n>, node: &'n Node, is_key: bool| {
        path.push(part);
        match &node.data {
            Data::Null if is_key && written.is_blank(node.at) => into.blanks.push(texts(path)),
            Data::Number(number) => {
                let plain = number.to_string();
                if written.at(node.at).is_some_and(|text| text != plain)
                    && let Some(text) = written.scalar(node)
                {
                    into.numbers.push(OddNumber { path: texts(path), number: Value::Number(number.clone()), text });
                }
            }
            _ => find_marks(node, written, path, into),
        }
        path.pop();
    };
    match &node.data {
        Data::Mapping(entries) => entries.iter().for_each(|entry| inner(Part::Key(&entry.key), &entry.value, true)),
        Data::Sequence(items) => items.iter().enumerate().for_each(|(at, item)| inner(Part::Item(at), item, false)),
        _ => {}
    }
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
