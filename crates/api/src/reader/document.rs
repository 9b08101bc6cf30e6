//! The outer shape of every file: one document, `apiVersion`, `kind`, `metadata.name`, `spec`.

use serde_json::Value;
use teal_yaml::{Data, Node, Place};

use super::{Log, Spot};

/// What a file is to be.
pub(crate) struct Kind {
    /// The word under `kind`.
    pub(crate) name: &'static str,
    /// Whether it must be named.
    pub(crate) named: bool,
}

/// A file's document whose outer shape is right.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) node: Node,
}

impl Document {
    /// Returns `spec`; an absent one reads as an empty mapping.
    pub(crate) fn spec<'a>(&'a self, log: &'a Log<'a>) -> Spot<'a> {
        let node = self.node.get("spec").unwrap_or(&self.node);
        Spot::new(node, "spec", log)
    }
}

/// Longest text that is read: nobody writes a declaration of more than a mebibyte.
const MAX_BYTES: usize = 1 << 20;

/// Reads the one document of a file; `None` after noting why it can't be read on.
pub(crate) fn document(text: &str, kind: &Kind, log: &Log<'_>) -> Option<Document> {
    let start = Place { line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        let size = text.len();
        log.add(
            start,
            "",
            format!("the file has {size} bytes, and at most {MAX_BYTES} are read; is it a {}?", kind.name),
        );
        return None;
    }
    let mut documents = match teal_yaml::read(text) {
        Ok(documents) => documents.into_iter(),
        Err(error) => {
            log.add(error.at, "", error.message);
            return None;
        }
    };
    let Some(node) = documents.next() else {
        log.add(start, "", format!("the file is empty; write one {}", kind.name));
        return None;
    };
    if let Some(second) = documents.next() {
        log.add(second.at, "", format!("a second document; write one {} a file", kind.name));
    }
    let root = Spot::new(&node, "", log);
    let fields = root.fields(&["apiVersion", "kind", "metadata", "spec"], &["status"])?;
    if let Some(version) = fields.need("apiVersion", "`teal.dev/v1alpha1`") {
        version.word(&["teal.dev/v1alpha1"]);
    }
    // Of another kind, every field would be a mistake: say only this.
    let right = fields.need("kind", &format!("`{}`", kind.name))?.word(&[kind.name]).is_some();
    if !right {
        return None;
    }
    let name = match fields.get("metadata") {
        Some(metadata) => {
            let metadata = metadata.fields(&["name", "labels", "annotations"], &[]);
            metadata.and_then(|fields| match fields.get("name") {
                None if kind.named => fields.need("name", "a name such as `contoso`").and_then(|spot| spot.label()),
                None => Some(String::new()),
                Some(spot) => spot.label(),
            })
        }
        None if kind.named => {
            fields.need("metadata", "`metadata: {name: …}`");
            None
        }
        None => Some(String::new()),
    };
    fields.need("spec", "what this file declares")?;
    let name = name.unwrap_or_default();
    Some(Document { name, node })
}

/// Writes a value as JSON with sorted keys: the same for every formatting and order of the same declaration.
pub(crate) fn canonical(node: &Node) -> String {
    fn write(node: &Node, out: &mut String) {
        match &node.data {
            Data::Null => out.push_str("null"),
            Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Data::Number(value) => out.push_str(&value.to_string()),
            Data::String(text) => out.push_str(&Value::String(text.clone()).to_string()),
            Data::Sequence(items) => list(out, '[', ']', items, write),
            Data::Mapping(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by(|a, b| a.key.cmp(&b.key));
                list(out, '{', '}', &entries, |entry, out| {
                    out.push_str(&Value::String(entry.key.clone()).to_string());
                    out.push(':');
                    write(&entry.value, out);
                });
            }
        }
    }
    fn list<T>(out: &mut String, open: char, close: char, items: &[T], mut write: impl FnMut(&T, &mut String)) {
        out.push(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write(item, out);
        }
        out.push(close);
    }
    let mut out = String::new();
    write(node, &mut out);
    out
}
