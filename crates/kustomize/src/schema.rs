//! Schemas of kinds, as far as merging needs them: which fields are lists that merge item by item, and by which keys.
//!
//! One form for the kinds kustomize knows itself (Kubernetes 1.21) and for a schema of one's own (`openapi.path`).

mod built_in;
mod custom;

pub(crate) use custom::parse;

use std::collections::HashMap;
use std::sync::LazyLock;
use teal_yaml::{Map, Value};

/// kustomize's only built-in version.
pub(crate) const BUILT_IN_VERSION: &str = "v1.21.2";

static BUILT_IN: LazyLock<Schema> = LazyLock::new(built_in::schema);

/// Types by number, and which kind is of which type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    types: Vec<Type>,
    kinds: HashMap<(String, String), usize>,
    /// Types by the name of their definition.
    definitions: HashMap<String, usize>,
    /// Whether a kind is cluster-scoped, as far as the schema says.
    pub(crate) scopes: HashMap<(String, String), bool>,
}

/// Which definitions count when a schema of one's own and the built-in one hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BuiltIn {
    /// The built-in schema does not hold.
    #[default]
    Out,
    /// Its definitions win.
    First,
    /// Its definitions fill in.
    Second,
}

#[derive(Debug, Clone, Default)]
struct Type {
    fields: HashMap<String, Field>,
    /// What every other field is (`additionalProperties`).
    others: Option<Field>,
}

/// A field's type (or its items', for a list), and the keys by which its items merge, if they do.
#[derive(Debug, Clone, Default)]
struct Field {
    of: Option<usize>,
    keys: Option<Vec<String>>,
}

/// A type in its schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TypeRef<'s> {
    schema: &'s Schema,
    number: usize,
}

/// What is known of a field.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape<'s> {
    /// The type of the value; of the items, when it is a list.
    pub(crate) of: Option<TypeRef<'s>>,
    /// The keys of a list that merges; none for scalars, which merge as a set.
    pub(crate) keys: Option<&'s [String]>,
}

impl<'s> TypeRef<'s> {
    pub(crate) fn field(self, name: &str) -> Shape<'s> {
        let Some(kind) = self.schema.types.get(self.number) else { return Shape::default() };
        let Some(field) = kind.fields.get(name).or(kind.others.as_ref()) else { return Shape::default() };
        Shape { of: field.of.map(|number| TypeRef { schema: self.schema, number }), keys: field.keys.as_deref() }
    }
}

impl Schema {
    /// What kustomize knows itself.
    pub(crate) fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The type of an object, by its `apiVersion` and `kind`.
    pub(crate) fn of(&self, object: &Value) -> Option<TypeRef<'_>> {
        self.of_mapping(object.as_object()?)
    }

    /// [`Schema::of`] what may be a part of an object.
    pub(crate) fn of_mapping(&self, object: &Map) -> Option<TypeRef<'_>> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let key = (text("apiVersion")?.to_owned(), text("kind")?.to_owned());
        self.kinds.get(&key).map(|&number| TypeRef { schema: self, number })
    }
}

/// Says whether kustomize knows a kind without looking into any schema.
pub(crate) fn is_known(api_version: &str, kind: &str) -> bool {
    built_in::is_known(&BUILT_IN, api_version, kind)
}
