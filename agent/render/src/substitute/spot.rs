//! Where something stands: in an object, and in the file that the object comes from.

use std::fmt::Write as _;

use teal_kustomize::{Entry, Origin, Tree};
use teal_yaml::{Data, Node, Place};

use super::DEEPEST_DEFAULT;
use super::text::{Piece, pieces};

/// Fields that hold texts only, whatever is below them.
const TEXTS: [&str; 9] =
    ["data", "stringData", "annotations", "labels", "matchLabels", "nodeSelector", "args", "command", "env"];

/// One step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Under a key.
    Key(String),
    /// An item of a list, from 0.
    Item(usize),
}

/// A place inside a value while it is walked over; costs nothing until somebody asks.
pub(crate) enum At<'p> {
    Top,
    Key(&'p At<'p>, &'p str),
    Item(&'p At<'p>, usize),
}

impl At<'_> {
    /// The way from the top.
    pub(super) fn steps(&self) -> Vec<Step> {
        let (mut steps, mut at) = (Vec::new(), self);
        loop {
            at = match at {
                At::Top => break,
                At::Key(above, key) => {
                    steps.push(Step::Key((*key).to_owned()));
                    above
                }
                At::Item(above, index) => {
                    steps.push(Step::Item(*index));
                    above
                }
            };
        }
        steps.reverse();
        steps
    }

    /// Whether this is a `description`.
    pub(super) fn is_description(&self) -> bool {
        matches!(self, At::Key(_, "description"))
    }

    /// Whether nothing but texts may stand here, in any object.
    pub(super) fn takes_texts_only(&self) -> bool {
        match self {
            At::Top => false,
            At::Key(above, key) => TEXTS.contains(key) || above.takes_texts_only(),
            At::Item(above, _) => above.takes_texts_only(),
        }
    }
}

/// A field of an object, and where the object comes from.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) origin: Origin,
    pub(crate) steps: Vec<Step>,
}

/// What is looked for where something stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sought<'n> {
    /// `${NAME}`, or with a default.
    Variable(&'n str),
    /// `${NAME` with something else behind it.
    Odd(&'n str),
    /// The key that the steps end with.
    Key,
}

impl Spot {
    /// Place and field for people: `apps/a.yaml:12:9: spec.replicas`. The place is that of the text itself where it stands
    /// in the file that the object comes from, else the one the object begins on: a patch may have brought it.
    pub(crate) fn shown(&self, tree: &dyn Tree, sought: Sought<'_>) -> String {
        let at = self.found(tree, sought);
        let place = at.map_or_else(|| self.origin.to_string(), |at| format!("{}:{at}", self.origin.file));
        format!("{place}: {}", field(&self.steps))
    }

    /// Without looking into the file.
    pub(crate) fn roughly(&self) -> String {
        format!("{}: {}", self.origin, field(&self.steps))
    }

    fn found(&self, tree: &dyn Tree, sought: Sought<'_>) -> Option<Place> {
        let Ok(Some(Entry::File(bytes))) = tree.entry(&self.origin.file) else { return None };
        let text = teal_yaml::text_of(&bytes).ok()?;
        let mut documents = teal_yaml::read(text).ok()?.into_iter().skip(self.origin.document as usize);
        let (document, next) = (documents.next()?, documents.next());
        let object = self.object(&document)?;
        let from = match (self.key(object), sought) {
            (Some(entry), Sought::Key) => return Some(entry.key_at),
            (None, Sought::Key) => return None,
            (Some(entry), _) if sought.is_in(&entry.key, 0) => entry.key_at,
            _ => below(object, &self.steps).filter(|node| node.as_str().is_some_and(|text| sought.is_in(text, 0)))?.at,
        };
        let end = behind(&document, from).or(next.map(|next| next.at));
        Some(sought.place(text, from, end).unwrap_or(from))
    }

    /// The object in its document, which may be a list of objects. What was generated stands in no document.
    fn object<'n>(&self, document: &'n Node) -> Option<&'n Node> {
        let items = document.get("items").filter(|_| is_list(document)).map(|items| &items.data);
        if self.origin.line == 0 || document.at.line == self.origin.line && items.is_none() {
            return Some(document);
        }
        let Some(Data::Sequence(items)) = items else { return None };
        let mut own = items.iter().filter_map(|item| self.object(item));
        own.next().filter(|_| own.next().is_none())
    }

    /// The entry whose key the steps end with.
    fn key<'n>(&self, object: &'n Node) -> Option<&'n teal_yaml::Entry> {
        let (Step::Key(last), above) = self.steps.split_last()? else { return None };
        let Data::Mapping(entries) = &below(object, above)?.data else { return None };
        entries.iter().find(|entry| entry.key == *last)
    }
}

impl Sought<'_> {
    /// Whether it stands in `text`, as the text is read: in defaults as deep as they are replaced; `text` is one of these
    /// in `depth` others.
    fn is_in(self, text: &str, depth: usize) -> bool {
        let mut found = false;
        pieces(text, &mut |piece| {
            if found {
                return;
            }
            found = match (piece, self) {
                (Piece::Odd(name), Sought::Odd(sought)) => name == sought,
                (Piece::Variable { name, .. }, Sought::Variable(sought)) if name == sought => true,
                (Piece::Variable { default: Some(default), .. }, _) if depth < DEEPEST_DEFAULT => {
                    default.contains("${") && self.is_in(default, depth + 1)
                }
                _ => false,
            };
        });
        found
    }

    /// Where it is written in `text`, from `from` on and before `end`; `None` where it is written in another way, such as
    /// with escapes.
    fn place(self, text: &str, from: Place, end: Option<Place>) -> Option<Place> {
        let lines = (1..).zip(text.lines()).skip(from.line.saturating_sub(1) as usize);
        let mut lines = lines.take_while(|(line, _)| end.is_none_or(|end| *line <= end.line));
        lines.find_map(|(line, text)| {
            let least = if line == from.line { offset(text, from.column) } else { 0 };
            let most = end.filter(|end| end.line == line).map_or(text.len(), |end| offset(text, end.column));
            // Letters are counted once: a line may be long and full of variables.
            let at = self.offsets(text).find(|at| (least..most).contains(at))?;
            Some(Place { line, column: text[..at].chars().count() as u32 + 1 })
        })
    }

    /// Where it begins in `line`, in bytes.
    fn offsets(self, line: &str) -> impl Iterator<Item = usize> {
        let (name, odd) = match self {
            Self::Variable(name) => (name, false),
            Self::Odd(name) => (name, true),
            Self::Key => ("", false),
        };
        let fits = move |at: usize| {
            let behind = &line[at + 2 + name.len()..];
            let is_inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let escaped = line[..at].bytes().rev().take_while(|byte| *byte == b'$').count() % 2 == 1;
            let whole = ["}", ":=", ":-"].iter().any(|end| behind.starts_with(end));
            !escaped && !behind.starts_with(is_inner) && if odd { !behind.starts_with('}') } else { whole }
        };
        let found = line.match_indices("${").map(|(at, _)| at).filter(move |at| line[at + 2..].starts_with(name));
        found.filter(move |at| fits(*at))
    }
}

/// The byte of `line` at which the letter in `column`, from 1, begins; its length where there is none.
fn offset(line: &str, column: u32) -> usize {
    let letter = column.saturating_sub(1) as usize;
    line.char_indices().nth(letter).map_or(line.len(), |(at, _)| at)
}

fn is_list(document: &Node) -> bool {
    document.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"))
}

fn below<'n>(node: &'n Node, steps: &[Step]) -> Option<&'n Node> {
    steps.iter().try_fold(node, |node, step| match (step, &node.data) {
        (Step::Key(key), _) => node.get(key),
        (Step::Item(index), Data::Sequence(items)) => items.get(*index),
        _ => None,
    })
}

/// The next place behind `at` where a key or a value of `node` begins: what begins at `at` has ended there.
fn behind(node: &Node, at: Place) -> Option<Place> {
    let later = |place: Place| Some(place).filter(|place| *place > at);
    match &node.data {
        Data::Mapping(entries) => {
            let inner = |entry: &teal_yaml::Entry| [later(entry.key_at), behind(&entry.value, at)];
            entries.iter().flat_map(inner).flatten().chain(later(node.at)).min()
        }
        Data::Sequence(items) => items.iter().filter_map(|item| behind(item, at)).chain(later(node.at)).min(),
        _ => later(node.at),
    }
}

/// `spec.containers[0].env[1].value`; keys with other signs stand in brackets.
fn field(steps: &[Step]) -> String {
    let is_plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let mut out = String::new();
    for step in steps {
        // Writing into a String can't fail.
        let _ = match step {
            Step::Item(index) => write!(out, "[{index}]"),
            Step::Key(key) if !is_plain(key) => write!(out, "[{key:?}]"),
            Step::Key(key) if out.is_empty() => write!(out, "{key}"),
            Step::Key(key) => write!(out, ".{key}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use teal_kustomize::MemoryTree;

    const FILE: &str = "a: 1
---
kind: A
list:
- x
- k: |
    one
    two ${N}
other: $${N} ${NO} ${N}
flow: {a: '${N^^} ${N}', b: '${N}', c: \"\\x24{N}\", d: '${N^^}'}
'${M}': '${M}'
deep: ${A:=${N}}
---
kind: List
items:
- kind: B
  k: x
- kind: B
  k: ${N}
- {kind: B, k: x}
";

    #[test]
    fn the_line_is_that_of_the_text_itself() {
        use Sought::{Key, Odd, Variable};
        let tree = MemoryTree::from([("u/a.yaml", FILE)]);
        let key = |key: &str| Step::Key(key.to_owned());
        let spot = |(line, document), steps: &[Step]| Spot {
            origin: Origin { file: "u/a.yaml".into(), line, document },
            steps: steps.to_vec(),
        };
        let (whole, second) = ((3, 1), (18, 2));
        for (at, steps, sought, expected) in [
            (whole, &[key("list"), Step::Item(1), key("k")][..], Variable("N"), "u/a.yaml:8:9: list[1].k"),
            (whole, &[key("other")], Variable("N"), "u/a.yaml:9:20: other"),
            (whole, &[key("flow"), key("a")], Variable("N"), "u/a.yaml:10:19: flow.a"),
            (whole, &[key("flow"), key("a")], Odd("N"), "u/a.yaml:10:12: flow.a"),
            (whole, &[key("flow"), key("b")], Variable("N"), "u/a.yaml:10:30: flow.b"),
            (whole, &[key("flow"), key("d")], Odd("N"), "u/a.yaml:10:55: flow.d"),
            (whole, &[key("${M}")], Variable("M"), "u/a.yaml:11:2: [\"${M}\"]"),
            (whole, &[key("${M}")], Key, "u/a.yaml:11:1: [\"${M}\"]"),
            (whole, &[key("deep")], Variable("N"), "u/a.yaml:12:12: deep"),
            // Written with an escape: where the text begins.
            (whole, &[key("flow"), key("c")], Variable("N"), "u/a.yaml:10:40: flow.c"),
            (second, &[key("k")], Variable("N"), "u/a.yaml:19:6: k"),
            // Brought by a patch or moved: the text of another field, or of another object, is none of it.
            (whole, &[key("moved"), key("a.b/c")], Variable("N"), "u/a.yaml:3: moved[\"a.b/c\"]"),
            (whole, &[key("flow"), key("b")], Odd("N"), "u/a.yaml:3: flow.b"),
            (whole, &[key("list"), Step::Item(0)], Variable("N"), "u/a.yaml:3: list[0]"),
            (whole, &[key("${GONE}")], Key, "u/a.yaml:3: [\"${GONE}\"]"),
            ((16, 2), &[key("k")], Variable("N"), "u/a.yaml:16: k"),
            ((20, 2), &[key("k")], Variable("N"), "u/a.yaml:20: k"),
            // Generated: the file is a kustomization.
            ((5, 1), &[key("other")], Variable("N"), "u/a.yaml:5: other"),
        ] {
            assert_eq!(spot(at, steps).shown(&tree, sought), expected);
        }
        assert_eq!(spot((3, 0), &[key("other")]).roughly(), "u/a.yaml:3: other");
    }
}
