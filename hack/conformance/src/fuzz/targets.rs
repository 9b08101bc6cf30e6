//! What is fuzzed, and what must hold of it. Shared with libFuzzer's program, `hack/fuzz`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use teal_kustomize::{LoadRestrictor, MemoryTree, ObjectPatch, Options, Reorder};
use teal_yaml::Dialect;

/// Between an object and a patch in one input.
const BETWEEN: &str = "\n%%%\n";
/// Begins the line that names a file of a tree.
const FILE: &str = "=== ";

/// One entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The YAML reader in both dialects, and the writer.
    Yaml,
    /// Strategic-merge and JSON 6902 patches.
    Merge,
    /// A whole build.
    Build,
}

pub(crate) const ALL: [Target; 3] = [Target::Yaml, Target::Merge, Target::Build];

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Merge => "merge",
            Self::Build => "build",
        }
    }

    /// Runs one input. Returns a class of behaviour: inputs that behave alike have the same.
    ///
    /// # Panics
    /// When something that must hold does not.
    pub(crate) fn run(self, input: &[u8]) -> u64 {
        match self {
            Self::Yaml => yaml(input),
            Self::Merge => merge(input),
            Self::Build => build(input),
        }
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || ALL.map(Self::name).join(", ");
        ALL.into_iter().find(|target| target.name() == name).ok_or_else(|| format!("`{name}` is none of {}", known()))
    }
}

/// The wording of a message without what it speaks of: digits and quoted parts.
pub(crate) fn class(message: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (at, part) in message.split('`').enumerate().filter(|(at, _)| at % 2 == 0) {
        at.hash(&mut hasher);
        part.chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ').collect::<String>().hash(&mut hasher);
    }
    hasher.finish()
}

fn yaml(input: &[u8]) -> u64 {
    let text = match teal_yaml::text_of(input) {
        Ok(text) => text,
        Err(error) => return class(&error.to_string()),
    };
    let mut classes = 0;
    for dialect in [Dialect::Kubernetes, Dialect::Kustomize] {
        match teal_yaml::read_as(dialect, text) {
            Err(error) => classes ^= class(&error.to_string()),
            Ok(documents) => {
                for value in documents.into_iter().map(teal_yaml::Node::into_value) {
                    let written = teal_yaml::write(&value);
                    let again = teal_yaml::read(&written).map(|mut again| again.pop().map(teal_yaml::Node::into_value));
                    // A document that is null is none.
                    let same = again.as_ref().is_ok_and(|again| again.clone().unwrap_or_default() == value);
                    assert!(same, "written and read again it is another value:\n{written}\n{again:?}");
                    classes = classes.rotate_left(5) ^ shape(&value, 0);
                }
            }
        }
    }
    classes
}

/// Which sorts of values are nested in which, down to a few levels.
fn shape(value: &serde_json::Value, depth: u64) -> u64 {
    use serde_json::Value;
    let own = match value {
        Value::Null => 1,
        Value::Bool(_) => 2,
        Value::Number(number) => 3 + u64::from(number.is_f64()),
        Value::String(text) => 5 + u64::from(text.contains('\n')) + 2 * u64::from(text.len() > 80),
        Value::Array(items) => {
            10 + items.iter().take(4).map(|item| shape(item, depth + 1)).fold(0, |all, one| all ^ one.rotate_left(7))
        }
        Value::Object(map) => {
            20 + map.values().take(4).map(|item| shape(item, depth + 1)).fold(0, |all, one| all ^ one.rotate_left(9))
        }
    };
    if depth > 4 { 0 } else { own.wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ depth) }
}

fn merge(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let (object, patch) = text.split_once(BETWEEN).unwrap_or((&text, ""));
    let Some(mut value) = teal_yaml::read(object).ok().and_then(|mut read| read.pop()).map(teal_yaml::Node::into_value)
    else {
        return 0;
    };
    let is_list = patch.trim_start().starts_with(['-', '[']);
    match ObjectPatch::parse(patch) {
        Err(error) => class(&error.to_string()),
        Ok(patch) => {
            let before = value.clone();
            match patch.apply(&mut value) {
                Err(error) => {
                    // A strategic merge may have been applied in part, and says so in its documentation.
                    assert!(!is_list || value == before, "operations that failed changed the object");
                    class(&error.to_string()) ^ 1
                }
                Ok(kept) => shape(&value, 0) ^ u64::from(kept),
            }
        }
    }
}

/// The files in one input.
pub(crate) fn tree(text: &str) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for part in text.split(FILE).skip(1) {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        let path: Vec<&str> = path.trim().split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        if !path.is_empty() {
            tree.insert(path.join("/"), content);
        }
    }
    tree
}

fn build(input: &[u8]) -> u64 {
    let tree = tree(&String::from_utf8_lossy(input));
    let options = Options { reorder: Reorder::Legacy, restrictor: LoadRestrictor::None };
    match teal_kustomize::build(&tree, "", &options) {
        Err(errors) => errors.0.iter().take(3).map(|error| class(&error.to_string())).fold(0, |all, one| all ^ one),
        Ok(built) => {
            let values = built.objects.iter().map(|object| {
                let written = teal_yaml::write(&object.value);
                assert!(teal_yaml::read(&written).is_ok(), "what was built is no YAML:\n{written}");
                shape(&object.value.clone().into(), 0)
            });
            values.fold(1, |all, one| all.rotate_left(3) ^ one)
        }
    }
}
