//! Which sort of file it is, by its content first: a name says little of what a generator reads.

use teal_yaml::{Data, Dialect, Node};

use crate::value::MARKER;

/// Sorts of files that SOPS encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Values inside YAML documents.
    Yaml,
    /// Values inside one JSON object.
    Json,
    /// `NAME=value` lines.
    Dotenv,
    /// Any bytes, as one value in a JSON envelope.
    Binary,
    /// Sections of `name = value`; not read here.
    Ini,
}

/// Says whether a file carries SOPS metadata, and in which form; with its text. Costs one search for most files.
#[must_use]
pub fn format_of<'a>(path: &str, bytes: &'a [u8]) -> Option<(Format, &'a str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.contains(MARKER) {
        return None;
    }
    let format = if text.trim_start().starts_with('{') {
        envelope(path, text)?
    } else if text.lines().any(|line| line.starts_with("sops_mac=") || line.starts_with("sops_version=")) {
        Format::Dotenv
    } else if text.lines().any(|line| line.starts_with("sops:") || line.starts_with("\"sops\":")) {
        Format::Yaml
    } else if text.lines().any(|line| line.trim() == "[sops]") {
        Format::Ini
    } else {
        return None;
    };
    Some((format, text))
}

/// Text that begins with a brace: JSON, or binary when there is nothing but `data` and the name says no JSON.
fn envelope(path: &str, text: &str) -> Option<Format> {
    let documents = teal_yaml::read_as(Dialect::Kustomize, text).ok()?;
    let [Node { data: Data::Mapping(entries), .. }] = documents.as_slice() else { return None };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    if !has("sops") {
        return None;
    }
    let structured = [".json", ".yaml", ".yml"].iter().any(|ending| path.ends_with(ending));
    Some(if !structured && has("data") && entries.len() == 2 { Format::Binary } else { Format::Json })
}
