//! The stack that turns events into nodes, with budgets, anchors and merge keys.

use super::folded::folded_again;
use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
use crate::{Data, Dialect, Entry, Node, Place, ReadError, Reason, resolve};
use granit_parser::{ScalarStyle, Tag};
use std::collections::HashMap;

/// Mappings with more keys than this get an index for the search of duplicates.
const INDEX_FROM: usize = 12;

/// A finished node with what it costs to repeat it.
struct Built {
    node: Node,
    /// Values in it, itself included.
    nodes: usize,
    /// Bytes of the texts and keys in it.
    bytes: usize,
    /// Levels in it; a scalar has none.
    height: usize,
}

/// An open collection.
struct Frame {
    at: Place,
    anchor: usize,
    nodes: usize,
    bytes: usize,
    height: usize,
    kind: Kind,
}

enum Kind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, index: HashMap<String, Place>, key: Option<Key>, merges: Vec<Node> },
}

enum Key {
    Named(String, Place),
    Merge,
}

pub(super) struct Builder {
    dialect: Dialect,
    last_wins: bool,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    root: Option<Node>,
    nodes: usize,
    /// Bytes that aliases and anchors repeated; what stands in the text itself is bounded by its length.
    repeated: usize,
}

impl Builder {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            last_wins: false,
            stack: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            nodes: 0,
            repeated: 0,
        }
    }

    /// Takes the last of several values of one key instead of refusing them.
    pub(super) fn last_wins(mut self) -> Self {
        self.last_wins = true;
        self
    }

    /// Begins a document; anchors end with the document before.
    pub(super) fn begin(&mut self) {
        self.stack.clear();
        self.anchors.clear();
        self.root = None;
    }

    /// Ends a document; `None` when there is nothing in it.
    pub(super) fn end(&mut self) -> Option<Node> {
        self.root.take().filter(|node| node.data != Data::Null)
    }

    pub(super) fn scalar(
        &mut self,
        at: Place,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), ReadError> {
        let plain = style == ScalarStyle::Plain;
        if self.expects_key() && anchor == 0 {
            let key = self.key_of_scalar(at, text, plain, tag)?;
            return self.set_key(key);
        }
        let again = (style == ScalarStyle::Folded && self.dialect == Dialect::Kustomize).then(|| folded_again(text));
        let text = again.as_deref().unwrap_or(text);
        let data = match tag {
            None if plain => resolve::plain(self.dialect, text),
            None => Ok(Data::String(text.to_owned())),
            Some(tag) => match core_name(tag).and_then(|name| resolve::tagged(self.dialect, &name, text)) {
                Some(data) => data,
                // A tag of one's own, and `!`, leave the text as it is.
                None => Ok(Data::String(text.to_owned())),
            },
        };
        let data = data.map_err(|wrong| ReadError::new(at, Reason::BadScalar, wrong))?;
        self.spend(at, 1)?;
        self.add(Built { node: Node { data, at }, nodes: 1, bytes: text.len(), height: 0 }, anchor)
    }

    pub(super) fn open_sequence(&mut self, at: Place, anchor: usize) -> Result<(), ReadError> {
        self.open(at, anchor, Kind::Sequence(Vec::new()))
    }

    pub(super) fn open_mapping(&mut self, at: Place, anchor: usize) -> Result<(), ReadError> {
        let kind = Kind::Mapping { entries: Vec::new(), index: HashMap::new(), key: None, merges: Vec::new() };
        self.open(at, anchor, kind)
    }

    fn open(&mut self, at: Place, anchor: usize, kind: Kind) -> Result<(), ReadError> {
        if self.expects_key() {
            return Err(ReadError::new(at, Reason::BadKey, "a list or a mapping can't be a key; keys are texts"));
        }
        self.spend(at, 1)?;
        self.check_depth(at, 1)?;
        self.stack.push(Frame { at, anchor, nodes: 1, bytes: 0, height: 1, kind });
        Ok(())
    }

    /// Closes the innermost collection.
    pub(super) fn close(&mut self) -> Result<(), ReadError> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let data = match frame.kind {
            Kind::Sequence(items) => Data::Sequence(items),
            Kind::Mapping { entries, merges, .. } => {
                let entries = if self.last_wins { last_of_each(entries) } else { entries };
                Data::Mapping(merged(entries, merges)?)
            }
        };
        let node = Node { data, at: frame.at };
        self.add(Built { node, nodes: frame.nodes, bytes: frame.bytes, height: frame.height }, frame.anchor)
    }

    pub(super) fn alias(&mut self, at: Place, anchor: usize) -> Result<(), ReadError> {
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(ReadError::new(at, Reason::BadAlias, "this alias stands inside its own anchor"));
        };
        let (nodes, bytes, height) = (target.nodes, target.bytes, target.height);
        // The budgets come before the copy, so that a bomb costs nothing.
        self.spend(at, nodes)?;
        self.repeat(at, bytes)?;
        self.check_depth(at, height)?;
        let Some(target) = self.anchors.get(&anchor) else { return Ok(()) };
        let node = target.node.clone();
        self.add(Built { node, nodes, bytes, height }, 0)
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, built: Built, anchor: usize) -> Result<(), ReadError> {
        if anchor != 0 {
            self.spend(built.node.at, built.nodes)?;
            self.repeat(built.node.at, built.bytes)?;
            self.anchors.insert(anchor, Built { node: built.node.clone(), ..built });
        }
        if self.expects_key() {
            let key = self.key_of_node(&built.node)?;
            return self.set_key(key);
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(built.node);
            return Ok(());
        };
        frame.nodes += built.nodes;
        frame.bytes += built.bytes;
        frame.height = frame.height.max(built.height + 1);
        match &mut frame.kind {
            Kind::Sequence(items) => items.push(built.node),
            Kind::Mapping { entries, key, merges, .. } => match key.take() {
                Some(Key::Named(key, key_at)) => entries.push(Entry { key, key_at, value: built.node }),
                Some(Key::Merge) => merges.push(built.node),
                None => {}
            },
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { kind: Kind::Mapping { key: None, .. }, .. }))
    }

    fn key_of_scalar(&self, at: Place, text: &str, plain: bool, tag: Option<&Tag>) -> Result<Key, ReadError> {
        if (plain && tag.is_none() && text == "<<") || tag.and_then(core_name).is_some_and(|name| name == "merge") {
            return Ok(Key::Merge);
        }
        if !plain || tag.is_some() {
            return Ok(Key::Named(text.to_owned(), at));
        }
        if self.dialect == Dialect::Kustomize && !text.is_empty() {
            return Ok(Key::Named(text.to_owned(), at));
        }
        let data = resolve::plain(self.dialect, text).unwrap_or_else(|_| Data::String(text.to_owned()));
        self.key_of_node(&Node { data, at })
    }

    fn key_of_node(&self, node: &Node) -> Result<Key, ReadError> {
        let name = match &node.data {
            Data::String(text) => text.clone(),
            Data::Bool(value) => value.to_string(),
            Data::Number(value) => value.to_string(),
            Data::Null => {
                return Err(ReadError::new(
                    node.at,
                    Reason::BadKey,
                    "a key is missing or null; quote it if it is meant",
                ));
            }
            _ => {
                return Err(ReadError::new(
                    node.at,
                    Reason::BadKey,
                    "a list or a mapping can't be a key; keys are texts",
                ));
            }
        };
        Ok(Key::Named(name, node.at))
    }

    fn set_key(&mut self, new: Key) -> Result<(), ReadError> {
        let Some(Frame { bytes, kind: Kind::Mapping { entries, index, key, .. }, .. }) = self.stack.last_mut() else {
            return Ok(());
        };
        if let Key::Named(name, _) = &new {
            *bytes += name.len();
        }
        if let Key::Named(name, at) = &new
            && !self.last_wins
        {
            let earlier = if entries.len() < INDEX_FROM {
                entries.iter().find(|entry| entry.key == *name).map(|entry| entry.key_at)
            } else {
                if index.is_empty() {
                    index.extend(entries.iter().map(|entry| (entry.key.clone(), entry.key_at)));
                }
                index.insert(name.clone(), *at)
            };
            if let Some(earlier) = earlier {
                let message = format!(
                    "the key `{name}` stands twice in one mapping: first at line {}, column {}; keep one",
                    earlier.line, earlier.column
                );
                return Err(ReadError::new(*at, Reason::DuplicateKey, message));
            }
        }
        *key = Some(new);
        Ok(())
    }

    fn spend(&mut self, at: Place, nodes: usize) -> Result<(), ReadError> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("more than {MAX_NODES} values, aliases expanded; split the file");
        Err(ReadError::new(at, Reason::TooLarge, message))
    }

    /// Counts bytes that are held once more than they stand in the text: a long text behind an anchor, named often.
    fn repeat(&mut self, at: Place, bytes: usize) -> Result<(), ReadError> {
        self.repeated = self.repeated.saturating_add(bytes);
        if self.repeated <= MAX_BYTES {
            return Ok(());
        }
        let message = format!("aliases repeat more than {MAX_BYTES} bytes; write less text behind anchors");
        Err(ReadError::new(at, Reason::TooLarge, message))
    }

    fn check_depth(&self, at: Place, more: usize) -> Result<(), ReadError> {
        if self.stack.len() + more <= MAX_DEPTH {
            return Ok(());
        }
        Err(ReadError::new(at, Reason::TooLarge, format!("nested deeper than {MAX_DEPTH} levels")))
    }
}

/// The name of one of YAML's own tags: `int` of `!!int`.
fn core_name(tag: &Tag) -> Option<std::borrow::Cow<'_, str>> {
    tag.suffix_in_namespace("tag:yaml.org,2002:")
}

/// Leaves the last entry of each key, where it stands.
fn last_of_each(entries: Vec<Entry>) -> Vec<Entry> {
    let mut last: HashMap<String, usize> = HashMap::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        last.insert(entry.key.clone(), at);
    }
    if last.len() == entries.len() {
        return entries;
    }
    let kept = entries.into_iter().enumerate().filter(|(at, entry)| last.get(&entry.key) == Some(at));
    kept.map(|(_, entry)| entry).collect()
}

/// Adds what `<<` names: keys of the mapping itself win, then the earlier of several merged mappings.
fn merged(mut entries: Vec<Entry>, merges: Vec<Node>) -> Result<Vec<Entry>, ReadError> {
    if merges.is_empty() {
        return Ok(entries);
    }
    let mut known: std::collections::HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for merge in merges {
        let sources = match merge.data {
            Data::Sequence(items) => items,
            data => vec![Node { data, at: merge.at }],
        };
        for source in sources {
            let Data::Mapping(more) = source.data else {
                let message = "`<<` merges a mapping or a list of mappings, and this is neither";
                return Err(ReadError::new(source.at, Reason::BadAlias, message));
            };
            entries.extend(more.into_iter().filter(|entry| known.insert(entry.key.clone())));
        }
    }
    Ok(entries)
}
