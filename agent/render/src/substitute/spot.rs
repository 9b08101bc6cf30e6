//! Where something stands: in an object, and in the file that the object comes from.

use std::fmt::Write as _;

use teal_kustomize::{Entry, Origin, Tree};
use teal_yaml::{Data, Node};

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

impl Spot {
    /// Place and field for people: `apps/a.yaml:12:9: spec.replicas`. The line is that of the text itself where `tree` has
    /// the file and `needle` stands there, else the one the object begins on.
    pub(crate) fn shown(&self, tree: &dyn Tree, needle: &str) -> String {
        let at = self.line(tree, needle);
        let place = at
            .map_or_else(|| self.origin.to_string(), |(line, column)| format!("{}:{line}:{column}", self.origin.file));
        format!("{place}: {}", field(&self.steps))
    }

    /// Without looking into the file.
    pub(crate) fn roughly(&self) -> String {
        format!("{}: {}", self.origin, field(&self.steps))
    }

    fn line(&self, tree: &dyn Tree, needle: &str) -> Option<(usize, usize)> {
        let Ok(Some(Entry::File(bytes))) = tree.entry(&self.origin.file) else { return None };
        let text = teal_yaml::text_of(&bytes).ok()?;
        let documents = teal_yaml::read(text).ok()?;
        let document = documents.get(self.origin.document as usize)?;
        let has = |node: &Node| node.as_str().is_some_and(|text| text.contains(needle));
        let by_path = below(document, &self.steps).filter(|node| has(node)).map(|node| node.at.line);
        // A key, an item of a list of objects, or something that was moved: the first one in the document will do.
        let from = by_path.unwrap_or(document.at.line) as usize;
        let mut lines = text.lines().enumerate().skip(from.saturating_sub(1));
        lines.find_map(|(line, text)| Some((line + 1, text[..text.find(needle)?].chars().count() + 1)))
    }
}

fn below<'n>(node: &'n Node, steps: &[Step]) -> Option<&'n Node> {
    steps.iter().try_fold(node, |node, step| match (step, &node.data) {
        (Step::Key(key), _) => node.get(key),
        (Step::Item(index), Data::Sequence(items)) => items.get(*index),
        _ => None,
    })
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

    #[test]
    fn the_line_is_that_of_the_text_itself() {
        let file = "a: 1\n---\nkind: A\nlist:\n- x\n- k: |\n    one\n    two ${N}\nother: ${N}\n'${M}': 1\n";
        let tree = MemoryTree::from([("u/a.yaml", file)]);
        let key = |key: &str| Step::Key(key.to_owned());
        let spot = |document, steps: &[Step]| Spot {
            origin: Origin { file: "u/a.yaml".into(), line: 3, document },
            steps: steps.to_vec(),
        };
        for (steps, needle, expected) in [
            (&[key("list"), Step::Item(1), key("k")][..], "${N", "u/a.yaml:8:9: list[1].k"),
            (&[key("other")], "${N", "u/a.yaml:9:8: other"),
            (&[key("moved"), key("a.b/c")], "${N", "u/a.yaml:8:9: moved[\"a.b/c\"]"),
            (&[key("${M}")], "${M", "u/a.yaml:10:2: [\"${M}\"]"),
            (&[key("patched")], "${P", "u/a.yaml:3: patched"),
        ] {
            assert_eq!(spot(1, steps).shown(&tree, needle), expected);
        }
        assert_eq!(spot(0, &[key("other")]).roughly(), "u/a.yaml:3: other");
    }
}
