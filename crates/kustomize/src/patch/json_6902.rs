//! JSON 6902 operations.

use super::PatchError;
use json_patch::{Patch, PatchOperation};
use serde_json::{Value, json};
use teal_yaml::{Data, Node};

/// Most that the `copy` operations of one patch may repeat, as bytes of texts and keys and one for each value: an object
/// that copies itself into itself doubles each time.
const MAX_COPIED: usize = 4 << 20;

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
        if path.matches('/').count() > teal_yaml::MAX_DEPTH {
            return Err(wrong("`path` is deeper than any object may be"));
        }
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
    let wrong = |object: &Value, message| PatchError::Apply { object: crate::resource::describe(object), message };
    let copies = |operation: &PatchOperation| matches!(operation, PatchOperation::Copy(_));
    if !operations.0.iter().any(copies) {
        return json_patch::patch(object, operations).map_err(|error| wrong(object, error.to_string()));
    }
    let (mut patched, mut copied) = (object.clone(), 0);
    for (index, operation) in operations.0.iter().enumerate() {
        if let PatchOperation::Copy(copy) = operation {
            copied += patched.pointer(copy.from.as_str()).map_or(0, weight);
            if copied > MAX_COPIED {
                return Err(wrong(object, format!("operation '/{index}' copies more than {MAX_COPIED} bytes in all")));
            }
        }
        json_patch::patch(&mut patched, std::slice::from_ref(operation)).map_err(|mut error| {
            error.operation = index;
            wrong(object, error.to_string())
        })?;
    }
    *object = patched;
    Ok(())
}

fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 0,
    }
}
