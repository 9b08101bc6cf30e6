//! Where objects come from and what changed them, as `buildMetadata` prints it. Paths are relative to the folder built.

use crate::resource::text;
use std::fmt::Write as _;
use std::rc::Rc;
use teal_yaml::Value;

/// Annotation with an object's origin.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// Annotation with the transformers that changed an object.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// A file an object was read from, or a generator or transformer and the file that asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Provenance {
    pub(crate) path: String,
    configured_in: String,
    /// apiVersion, kind, name, namespace; empty ones are not printed.
    configured_by: [String; 4],
}

impl Provenance {
    /// An object read from a file.
    pub(crate) fn file(path: String) -> Rc<Self> {
        Rc::new(Self { path, ..Self::default() })
    }

    /// A generator or transformer that a kustomization's own fields ask for.
    pub(crate) fn built_in(configured_in: String, kind: &str) -> Rc<Self> {
        let configured_by = ["builtin".to_owned(), kind.to_owned(), String::new(), String::new()];
        Rc::new(Self { path: String::new(), configured_in, configured_by })
    }

    /// A generator or transformer with a document of its own; `document` has the origin `self`.
    pub(crate) fn of_document(&self, document: &Value) -> Rc<Self> {
        let metadata = document.get("metadata").unwrap_or(&Value::Null);
        let configured_by = [
            text(document, "apiVersion").to_owned(),
            text(document, "kind").to_owned(),
            text(metadata, "name").to_owned(),
            text(metadata, "namespace").to_owned(),
        ];
        Rc::new(Self { path: String::new(), configured_in: self.path.clone(), configured_by })
    }

    /// The text of the origin annotation.
    pub(crate) fn annotation(&self) -> String {
        let mut text = String::new();
        self.print(&mut text, "");
        text
    }

    fn print(&self, out: &mut String, indent: &str) {
        let mut lines = Vec::new();
        for (key, value) in [("path", &self.path), ("configuredIn", &self.configured_in)] {
            if !value.is_empty() {
                lines.push(format!("{key}: {}", scalar(value)));
            }
        }
        if self.configured_by.iter().any(|part| !part.is_empty()) {
            lines.push("configuredBy:".to_owned());
            for (key, value) in ["apiVersion", "kind", "name", "namespace"].iter().zip(&self.configured_by) {
                if !value.is_empty() {
                    lines.push(format!("  {key}: {}", scalar(value)));
                }
            }
        }
        for (at, line) in lines.iter().enumerate() {
            // Writing to a String can't fail.
            let _ = writeln!(out, "{}{line}", if at == 0 { "" } else { indent });
        }
    }
}

/// The text of the transformations annotation.
pub(crate) fn transformations(steps: &[Rc<Provenance>]) -> String {
    let mut text = String::new();
    for step in steps {
        text.push_str("- ");
        step.print(&mut text, "  ");
    }
    text
}

fn scalar(text: &str) -> String {
    teal_yaml::write(&Value::String(text.to_owned())).trim_end().to_owned()
}

/// Joins a path to the one that leads to it; leading `..` stay, since they lead out of the folder built.
pub(crate) fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
