//! JSON 6902 operations.

use super::PatchError;
use json_patch::Patch;
use serde_json::{Value, json};
use teal_yaml::{Data, Node};

/// Reads a list of operations. A missing `value` is null.
pub(super) fn parse(documents: Vec<Node>) -> Result<Patch, PatchError> {
    let mut operations = Vec::new();
    let mut documents = documents.into_iter();
    let items = match documents.next().map(|document| document.data) {
        Some(Data::Sequence(items)) => items,
        _ => return Err(PatchError::Shape("expected a list of operations".to_owned())),
    };
    if let Some(second) = documents.next() {
        return Err(PatchError::Shape(format!("line {}: a second document follows the operations", second.at.line)));
    }
    for item in items {
        let line = item.at.line;
        let wrong = |message: &str| PatchError::Shape(format!("line {line}: {message}"));
        let op = item.get("op").and_then(Node::as_str).ok_or_else(|| wrong("an operation needs `op`"))?.to_owned();
        let path = item.get("path").and_then(Node::as_str).ok_or_else(|| wrong("an operation needs `path`"))?;
        let mut operation = json!({"op": op, "path": path});
        match op.as_str() {
            "add" | "replace" | "test" => {
                let value = item.get("value").cloned().map_or(Value::Null, Node::into_value);
                operation["value"] = value;
            }
            "move" | "copy" => {
                let from =
                    item.get("from").and_then(Node::as_str).ok_or_else(|| wrong("this operation needs `from`"))?;
                operation["from"] = json!(from);
            }
            "remove" => {}
            _ => return Err(wrong("`op` must be add, remove, replace, move, copy or test")),
        }
        let parsed = serde_json::from_value(operation).map_err(|_| wrong("`path` must begin with `/`"))?;
        operations.push(parsed);
    }
    Ok(Patch(operations))
}

/// Applies operations; the object is unchanged when one of them fails.
pub(crate) fn apply(operations: &Patch, object: &mut Value) -> Result<(), PatchError> {
    json_patch::patch(object, operations)
        .map_err(|error| PatchError::Apply { object: crate::resource::describe(object), message: error.to_string() })
}
