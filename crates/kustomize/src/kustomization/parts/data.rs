//! `configMapGenerator`, `secretGenerator`, `generatorOptions`.

use crate::kustomization::form::Form;
use crate::kustomization::{Generator, GeneratorOptions};
use crate::path::file_name;
use teal_yaml::Node;

/// A list of generators.
pub(crate) fn generators(form: &mut Form<'_>, node: &Node, secret: bool) -> Vec<Generator> {
    form.items(node).iter().map(|item| generator(form, item, secret)).collect()
}

/// One generator. As a document it may be named by its `metadata`.
pub(crate) fn generator(form: &mut Form<'_>, node: &Node, secret: bool) -> Generator {
    const KNOWN: [&str; 9] = ["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];
    let known = if secret { &KNOWN[..] } else { &KNOWN[..8] };
    let mut generator = Generator { at: node.at, ..Generator::default() };
    let mut env = None;
    for (name, node) in form.fields(node, known) {
        match name {
            "name" => generator.name = form.text(node),
            "namespace" => generator.namespace = form.text(node),
            "behavior" => {
                generator.behavior = form.text(node);
                if !matches!(generator.behavior.as_str(), "" | "create" | "merge" | "replace" | "unspecified") {
                    form.mistake(node.at, "behavior must be create, merge or replace");
                }
            }
            "literals" => generator.literals = checked(form, node, literal, "a literal must be written key=value"),
            "files" => {
                let wrong = "a file must be a path, or key=path with one `=`";
                generator.files = checked(form, node, file, wrong);
            }
            "envs" => generator.envs = form.texts(node),
            "env" => env = Some(form.text(node)),
            "options" => generator.options = options(form, node),
            _ => generator.secret_type = form.text(node),
        }
    }
    if form.is_lenient {
        if let Some(metadata) = node.get("metadata") {
            for (name, value) in form.fields(metadata, &["name", "namespace"]) {
                let into = if name == "name" { &mut generator.name } else { &mut generator.namespace };
                if into.is_empty() {
                    *into = form.text(value);
                }
            }
        }
    } else {
        // kustomize forgets `env` of a generator document.
        generator.envs.extend(env.filter(|env| !env.is_empty()));
    }
    if generator.name.is_empty() {
        form.mistake(node.at, "a generator needs a `name`");
    }
    generator
}

/// Texts that `read` can take apart; `wrong` tells of all others, and shows none: they may be secret.
fn checked<'n, T>(form: &mut Form<'_>, node: &'n Node, read: fn(&'n str) -> Option<T>, wrong: &str) -> Vec<String> {
    for item in form.items(node) {
        if item.as_str().is_some_and(|text| read(text).is_none()) {
            form.mistake(item.at, wrong);
        }
    }
    form.texts(node)
}

/// Key and value of one of `literals`.
pub(crate) fn literal(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(key, _)| !key.is_empty())
}

/// Key and path of one of `files`.
pub(crate) fn file(text: &str) -> Option<(&str, &str)> {
    match text.split_once('=') {
        None => Some((file_name(text), text)),
        Some((key, path)) => (!key.is_empty() && !path.is_empty() && !path.contains('=')).then_some((key, path)),
    }
}

/// `options` of a generator, or `generatorOptions`.
pub(crate) fn options(form: &mut Form<'_>, node: &Node) -> GeneratorOptions {
    let mut options = GeneratorOptions::default();
    for (name, node) in form.fields(node, &["labels", "annotations", "disableNameSuffixHash", "immutable"]) {
        match name {
            "labels" => options.labels = form.text_map(node),
            "annotations" => options.annotations = form.text_map(node),
            "disableNameSuffixHash" => options.disable_name_suffix_hash = form.flag(node),
            _ => options.immutable = form.flag(node),
        }
    }
    options
}
