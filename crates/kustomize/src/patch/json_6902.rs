//! JSON 6902 operations as kustomize applies them. Where its library strays from the RFC, so do we: `replace` makes a
//! missing field, `move` and `copy` of a missing field give null, and negative numbers count items from the end.

use super::PatchError;
use teal_yaml::{Data, Map, Node, Place, Value};

/// Most that the `copy` operations of one patch may repeat, as bytes of texts and keys and one for each value: an object
/// that copies itself into itself doubles each time.
const MAX_COPIED: usize = 4 << 20;

/// A list of operations.
#[derive(Clone)]
pub(crate) struct Operations(Vec<Operation>);

#[derive(Clone)]
struct Operation {
    what: What,
    /// As written, for messages.
    written: String,
    /// Where it begins in the patch.
    at: Place,
    path: Vec<String>,
}

#[derive(Clone)]
enum What {
    Add(Value),
    Replace(Value),
    Test(Value),
    Remove,
    Move(Vec<String>),
    Copy(Vec<String>),
}

impl Operations {
    /// Says whether any of them puts something else in the place of a field, or of what it lies in.
    pub(crate) fn replace(&self, field: &[&str]) -> bool {
        let holds = |path: &[String]| path.len() <= field.len() && path.iter().zip(field).all(|(a, b)| a == b);
        self.0.iter().any(|operation| match &operation.what {
            What::Test(_) => false,
            What::Move(from) => holds(&operation.path) || holds(from),
            _ => holds(&operation.path),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a list of operations. A missing `value` is null.
pub(super) fn parse(documents: Vec<Node>) -> Result<Operations, PatchError> {
    let mut operations = Vec::new();
    // kustomize reads the first document only.
    let items = match documents.into_iter().next() {
        Some(Node { data: Data::Sequence(items), .. }) => items,
        other => {
            let at = other.map_or(Place { line: 1, column: 1 }, |document| document.at);
            return Err(PatchError::Shape { at, message: "expected a list of operations".to_owned() });
        }
    };
    for item in items {
        operations.push(operation(&item).map_err(|message| PatchError::Shape { at: item.at, message })?);
    }
    Ok(Operations(operations))
}

fn operation(item: &Node) -> Result<Operation, String> {
    let text = |name: &str| item.get(name).and_then(Node::as_str);
    let op = text("op").ok_or("an operation needs `op`")?;
    let written = text("path").ok_or("an operation needs `path`")?;
    let value = || item.get("value").cloned().map_or(Value::Null, Value::from);
    let from = || pointer(text("from").ok_or("this operation needs `from`")?, "from");
    let what = match op {
        "add" => What::Add(value()),
        "replace" => What::Replace(value()),
        "test" => What::Test(value()),
        "remove" => What::Remove,
        "move" => What::Move(from()?),
        "copy" => What::Copy(from()?),
        _ => return Err("`op` must be add, remove, replace, move, copy or test".to_owned()),
    };
    Ok(Operation { what, written: written.to_owned(), at: item.at, path: pointer(written, "path")? })
}

/// The parts of a pointer: `~1` is a slash, `~0` a tilde. What stands before the first slash says nothing.
fn pointer(text: &str, name: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some((_, rest)) = text.split_once('/') else { return Err(format!("`{name}` must begin with `/`")) };
    if text.matches('/').count() > teal_yaml::MAX_DEPTH {
        return Err(format!("`{name}` is deeper than any object may be"));
    }
    Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

/// Applies operations; the object is unchanged when one of them fails.
pub(crate) fn apply(operations: &Operations, object: &mut Value) -> Result<(), PatchError> {
    let (mut patched, mut copied) = (object.clone(), 0);
    for (index, operation) in operations.0.iter().enumerate() {
        run(operation, &mut patched, &mut copied).map_err(|message| {
            let message = format!("operation '/{index}' failed at path '{}': {message}", operation.written);
            PatchError::Apply { object: crate::resource::describe(object), at: Some(operation.at), message }
        })?;
    }
    *object = patched;
    Ok(())
}

fn run(operation: &Operation, object: &mut Value, copied: &mut usize) -> Result<(), String> {
    let Some((key, parents)) = operation.path.split_last() else { return run_at_root(&operation.what, object) };
    let missing = || "the path is missing in the object".to_owned();
    match &operation.what {
        What::Add(value) => add(walk(object, parents).ok_or_else(missing)?, key, value.clone()),
        What::Remove => remove(walk(object, parents).ok_or_else(missing)?, key).map(drop),
        What::Replace(value) => match walk(object, parents).ok_or_else(missing)? {
            Container::Mapping(map) => {
                map.insert(key.clone(), value.clone());
                Ok(())
            }
            Container::List(items) => {
                let at = index(key, items.len())?;
                items[at] = value.clone();
                Ok(())
            }
        },
        What::Test(value) => {
            let found = get(walk(object, parents).ok_or_else(missing)?, key)?;
            if found == *value { Ok(()) } else { Err("the value there is another one than tested for".to_owned()) }
        }
        What::Move(from) => {
            let (from_key, from_parents) = from.split_last().ok_or("`from` is the whole object")?;
            let from = || "`from` is missing in the object".to_owned();
            let value = remove(walk(object, from_parents).ok_or_else(from)?, from_key)?;
            add(walk(object, parents).ok_or_else(missing)?, key, value)
        }
        What::Copy(from) => {
            let (from_key, from_parents) = from.split_last().ok_or("`from` is the whole object")?;
            let from = || "`from` is missing in the object".to_owned();
            let found = walk(object, from_parents).ok_or_else(from)?;
            *copied += found.peek(from_key).map_or(0, weight);
            if *copied > MAX_COPIED {
                return Err(format!("the patch copies more than {MAX_COPIED} bytes in all"));
            }
            let value = get(found, from_key)?;
            add(walk(object, parents).ok_or_else(missing)?, key, value)
        }
    }
}

fn run_at_root(what: &What, object: &mut Value) -> Result<(), String> {
    match what {
        What::Replace(value @ (Value::Object(_) | Value::Array(_))) => {
            object.clone_from(value);
            Ok(())
        }
        What::Test(value) if value == object => Ok(()),
        What::Test(_) => Err("the object is another one than tested for".to_owned()),
        _ => Err("the path is the whole object".to_owned()),
    }
}

enum Container<'v> {
    Mapping(&'v mut Map),
    List(&'v mut Vec<Value>),
}

impl Container<'_> {
    fn peek(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Mapping(map) => map.get(key),
            Self::List(items) => index(key, items.len()).ok().map(|at| &items[at]),
        }
    }
}

/// Walks to the mapping or list that parts lead to.
fn walk<'v>(object: &'v mut Value, parts: &[String]) -> Option<Container<'v>> {
    let mut at = object;
    for part in parts {
        at = match at {
            Value::Object(map) => map.get_mut(part)?,
            Value::Array(items) => {
                let at = index(part, items.len()).ok()?;
                &mut items[at]
            }
            _ => return None,
        };
    }
    match at {
        Value::Object(map) => Some(Container::Mapping(map)),
        Value::Array(items) => Some(Container::List(items)),
        _ => None,
    }
}

/// The place of an item that is there.
fn index(key: &str, length: usize) -> Result<usize, String> {
    let wrong = || format!("`{key}` is no item of a list of {length}");
    let number: i64 = key.parse().map_err(|_| wrong())?;
    let at = if number < 0 { length.checked_sub(number.unsigned_abs() as usize) } else { usize::try_from(number).ok() };
    at.filter(|at| *at < length).ok_or_else(wrong)
}

fn get(container: Container<'_>, key: &str) -> Result<Value, String> {
    match container {
        Container::Mapping(map) => Ok(map.get(key).cloned().unwrap_or_default()),
        Container::List(items) => Ok(items[index(key, items.len())?].clone()),
    }
}

fn add(container: Container<'_>, key: &str, value: Value) -> Result<(), String> {
    match container {
        Container::Mapping(map) => drop(map.insert(key.to_owned(), value)),
        Container::List(items) if key == "-" => items.push(value),
        // One place more than there are items: behind the last.
        Container::List(items) => items.insert(index(key, items.len() + 1)?, value),
    }
    Ok(())
}

fn remove(container: Container<'_>, key: &str) -> Result<Value, String> {
    match container {
        Container::Mapping(map) => map.remove(key).ok_or_else(|| "there is nothing to remove".to_owned()),
        Container::List(items) => {
            let at = index(key, items.len())?;
            Ok(items.remove(at))
        }
    }
}

fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 0,
    }
}
