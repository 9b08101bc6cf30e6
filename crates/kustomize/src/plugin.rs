//! Generators, transformers and validators with a document of their own: kustomize's built-in ones. Others would be
//! programs to run, which nothing here does.

mod transformers;

use crate::build::files::Files;
use crate::kustomization::Generator;
use crate::kustomization::form::Form;
use crate::kustomization::parts::{charts, data};
use crate::provenance::Provenance;
use crate::resource::{Origin, Resource};
use crate::transform::Step;
use crate::{BuildError, BuildErrors, HelmChart, generate};
use std::rc::Rc;
use teal_yaml::{Data, Entry, Key, Node, Place, Value};

const TRANSFORMERS: [&str; 14] = [
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "SuffixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "ValueAddTransformer",
];
const GENERATORS: [&str; 4] =
    ["ConfigMapGenerator", "IAMPolicyGenerator", "SecretGenerator", "HelmChartInflationGenerator"];

/// What a generator document asks for.
pub(crate) enum Generated {
    Map(Box<Generator>, bool),
    Account(Value),
    Chart(Box<HelmChart>),
}

/// Reads a generator document.
///
/// # Errors
/// A kind that is no built-in generator, and every mistake in the document.
pub(crate) fn generator(document: &Resource) -> Result<Generated, BuildErrors> {
    check(document, &GENERATORS, &TRANSFORMERS, "generator")?;
    let (file, node) = node(document);
    let mut form = Form::lenient(&file);
    let generated = match document.kind() {
        kind @ ("ConfigMapGenerator" | "SecretGenerator") => {
            let secret = kind == "SecretGenerator";
            Generated::Map(Box::new(data::generator(&mut form, &node, secret)), secret)
        }
        "IAMPolicyGenerator" => Generated::Account(generate::iam::generate(&mut form, &node)),
        _ => Generated::Chart(Box::new(charts::chart(&mut form, &node))),
    };
    form.finish(generated)
}

/// Reads a transformer document; `files` are those of the kustomization that names it.
///
/// # Errors
/// A kind that is no built-in transformer, and every mistake in the document and in the files it names.
pub(crate) fn transformer(document: &Resource, files: &Files<'_>) -> Result<Vec<Step>, BuildErrors> {
    check(document, &TRANSFORMERS, &GENERATORS, "transformer")?;
    let (file, node) = node(document);
    let by = provenance(document);
    let shared: Rc<str> = file.as_str().into();
    let read = |node: &Node| transformers::read(document.kind(), node, &files.told_of(&file));
    // Only mistakes need their places.
    let all = read(&node).or_else(|errors| match in_its_file(document, files) {
        Some(located) => read(&located),
        None => Err(errors),
    })?;
    let last = all.len().saturating_sub(1);
    let step = |(at, what)| {
        let by = if at == last { by.clone() } else { None };
        Step { what, file: Rc::clone(&shared), by, times: 1 }
    };
    Ok(all.into_iter().enumerate().map(step).collect())
}

/// How a document is told among the transformations of an object, or as its origin.
pub(crate) fn provenance(document: &Resource) -> Option<Rc<Provenance>> {
    document.provenance.as_ref().map(|own| own.of_document(&document.value))
}

fn check(document: &Resource, good: &[&str], other: &[&str], what: &str) -> Result<(), BuildError> {
    let kind = document.kind();
    let wrong = |message: String| BuildError::Object {
        file: document.origin.file.to_string(),
        at: place(&document.origin),
        message,
    };
    if document.api_version() != "builtin" {
        return Err(wrong(format!("external plugins disabled; unable to load external plugin '{kind}'")));
    }
    if good.contains(&kind) {
        return Ok(());
    }
    if other.contains(&kind) {
        return Err(wrong(format!("plugin {kind} not a {what}")));
    }
    Err(wrong(format!("unable to load builtin {kind}; there are {}", good.join(", "))))
}

fn place(origin: &Origin) -> Place {
    Place { line: origin.line, column: 1 }
}

/// The document as a located tree; everything in it stands where the document begins, since transformers may have
/// changed it.
fn node(document: &Resource) -> (String, Node) {
    (document.origin.file.to_string(), located(&document.value, place(&document.origin)))
}

/// The document as it stands in its file, when it is still what it was there.
fn in_its_file(document: &Resource, files: &Files<'_>) -> Option<Node> {
    let Ok(Some(crate::Entry::File(bytes))) = files.tree.entry(&document.origin.file) else { return None };
    let documents = teal_yaml::text_of(&bytes).and_then(teal_yaml::read).ok()?;
    let node = documents.into_iter().nth(usize::try_from(document.origin.document).ok()?)?;
    (Value::from(node.clone()) == document.value).then_some(node)
}

/// A value as a tree of which everything stands in one place.
pub(crate) fn located(value: &Value, at: Place) -> Node {
    let entry = |(key, value): (&Key, &Value)| Entry { key: key.to_string(), key_at: at, value: located(value, at) };
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(flag) => Data::Bool(*flag),
        Value::Number(number) => Data::Number(number.clone()),
        Value::String(text) => Data::String(text.clone()),
        Value::Array(items) => Data::Sequence(items.iter().map(|item| located(item, at)).collect()),
        Value::Object(map) => Data::Mapping(map.iter().map(entry).collect()),
    };
    Node { data, at }
}
