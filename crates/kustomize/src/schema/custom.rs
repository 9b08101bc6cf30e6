//! A schema of one's own: OpenAPI definitions (`openapi.path`), JSON or YAML.

use super::{BuiltIn, Field, Schema, Type};
use crate::{BuildError, BuildErrors};
use serde_json::{Map, Value};
use std::collections::HashMap;
use teal_yaml::Place;

const MERGE: &str = "x-kubernetes-patch-strategy";
const MERGE_KEY: &str = "x-kubernetes-patch-merge-key";
const MERGE_KEYS: &str = "x-kubernetes-list-map-keys";
const KIND: &str = "x-kubernetes-group-version-kind";
/// Most types in one schema.
const MOST_TYPES: usize = 200_000;
/// Longest chain of references from one definition to the next.
const LONGEST_CHAIN: usize = 32;

/// Reads a schema; `built_in` says how the built-in one holds together with it.
///
/// # Errors
/// When the text does not parse or holds no definitions.
pub(crate) fn parse(file: &str, bytes: &[u8], built_in: BuiltIn) -> Result<Schema, BuildErrors> {
    let wrong = |at, message: String| BuildErrors::from(BuildError::Load { file: file.to_owned(), at, message });
    let document: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) => {
            let documents = teal_yaml::text_of(bytes)
                .and_then(teal_yaml::read)
                .map_err(|source| BuildError::Yaml { file: file.to_owned(), source })?;
            // An empty file is a schema that says nothing.
            documents.into_iter().next().map_or(Value::Object(Map::new()), teal_yaml::Node::into_value)
        }
    };
    let none = Map::new();
    let definitions = match (&document, document.get("definitions")) {
        (Value::Object(_), Some(Value::Object(map))) => map,
        (Value::Object(_), None) => &none,
        _ => {
            let message = "invalid schema file: expected an OpenAPI document with `definitions`".to_owned();
            return Err(wrong(Some(Place { line: 1, column: 1 }), message));
        }
    };
    let schema = if built_in == BuiltIn::Out { Schema::default() } else { Schema::built_in().clone() };
    let first = schema.types.len();
    let numbers = definitions.keys().map(String::as_str).zip(first..).collect();
    let mut reader = Reader { definitions, numbers, schema, built_in };
    reader.schema.types.resize_with(first + definitions.len(), Type::default);
    for (number, definition) in (first..).zip(definitions.values()) {
        // Of a file that is too large as a whole, no line is the wrong one.
        reader.fill(number, definition).map_err(|message| wrong(None, message))?;
        for kind in definition.get(KIND).and_then(Value::as_array).into_iter().flatten() {
            let Some(key) = type_meta(kind) else { continue };
            if built_in == BuiltIn::First {
                reader.schema.kinds.entry(key).or_insert(number);
            } else {
                reader.schema.kinds.insert(key, number);
            }
        }
    }
    let mut schema = reader.schema;
    schema.scopes = scopes(&document);
    Ok(schema)
}

/// `apiVersion` and `kind` of a group, version and kind.
fn type_meta(kind: &Value) -> Option<(String, String)> {
    let text = |name: &str| kind.get(name).and_then(Value::as_str);
    let version = text("version")?;
    let api_version = match text("group") {
        Some(group) if !group.is_empty() => format!("{group}/{version}"),
        _ => version.to_owned(),
    };
    Some((api_version, text("kind")?.to_owned()))
}

/// Which kinds are cluster-scoped, by the paths they are reached under.
fn scopes(document: &Value) -> HashMap<(String, String), bool> {
    let mut scopes = HashMap::new();
    for (path, operations) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let Some(key) = operations.get("get").and_then(|get| get.get(KIND)).and_then(type_meta) else { continue };
        let is_namespaced = path.contains("namespaces/{namespace}");
        let scope = scopes.entry(key).or_insert(!is_namespaced);
        *scope &= !is_namespaced;
    }
    scopes
}

struct Reader<'a> {
    definitions: &'a Map<String, Value>,
    numbers: HashMap<&'a str, usize>,
    schema: Schema,
    built_in: BuiltIn,
}

/// What a reference leads to.
enum Found<'a> {
    Schema(&'a Value, Option<usize>),
    BuiltIn(usize),
}

impl<'a> Reader<'a> {
    /// Fills in the fields of a type.
    fn fill(&mut self, number: usize, schema: &'a Value) -> Result<(), String> {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = self.field(property)?;
            self.schema.types[number].fields.insert(name.clone(), field);
        }
        if let Some(others) = schema.get("additionalProperties").filter(|others| others.is_object()) {
            let field = self.field(others)?;
            self.schema.types[number].others = Some(field);
        }
        Ok(())
    }

    /// Follows `$ref` to the schema it means, with its number when it is a definition.
    fn resolve(&self, mut schema: &'a Value) -> Option<Found<'a>> {
        let mut number = None;
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str).filter(|text| !text.is_empty()) else {
                return Some(Found::Schema(schema, number));
            };
            let name = reference.strip_prefix("#/definitions/")?.replace("~1", "/").replace("~0", "~");
            let built_in = self.schema.definitions.get(&name).copied();
            let own = self.definitions.get_key_value(&name);
            match (own, built_in) {
                (_, Some(number)) if self.built_in == BuiltIn::First => return Some(Found::BuiltIn(number)),
                (None, Some(number)) => return Some(Found::BuiltIn(number)),
                (None, None) => return None,
                (Some((name, definition)), _) => {
                    schema = definition;
                    number = self.numbers.get(name.as_str()).copied();
                }
            }
        }
        None
    }

    fn field(&mut self, property: &'a Value) -> Result<Field, String> {
        let (schema, number) = match self.resolve(property) {
            None => return Ok(Field::default()),
            Some(Found::BuiltIn(number)) => return Ok(Field { of: Some(number), keys: None }),
            Some(Found::Schema(schema, number)) => (schema, number),
        };
        let merges =
            schema.get(MERGE).and_then(Value::as_str).is_some_and(|text| text.split(',').any(|s| s == "merge"));
        let keys = merges.then(|| match (schema.get(MERGE_KEYS), schema.get(MERGE_KEY)) {
            (Some(Value::Array(keys)), _) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            (_, Some(Value::String(key))) => vec![key.clone()],
            _ => Vec::new(),
        });
        let is_list = match schema.get("type") {
            Some(Value::String(text)) => text == "array",
            Some(Value::Array(types)) => types.len() == 1 && types[0] == "array",
            _ => false,
        };
        let of = match schema.get("items").filter(|_| is_list) {
            None => Some(Found::Schema(schema, number)),
            Some(items) => self.resolve(items),
        };
        let (schema, number) = match of {
            None => return Ok(Field { of: None, keys }),
            Some(Found::BuiltIn(number)) => return Ok(Field { of: Some(number), keys }),
            Some(Found::Schema(schema, number)) => (schema, number),
        };
        let of = match number {
            Some(number) => number,
            None => {
                if self.schema.types.len() >= MOST_TYPES {
                    return Err(format!("the schema has more than {MOST_TYPES} types"));
                }
                self.schema.types.push(Type::default());
                let number = self.schema.types.len() - 1;
                self.fill(number, schema)?;
                number
            }
        };
        Ok(Field { of: Some(of), keys })
    }
}
