//! Which records external-dns owns, by the TXT sets that it leaves: each is named after its record, with the record's type
//! and what was chosen as `--txt-prefix` or `--txt-suffix`, either of which may hold the type too (`%{record_type}`).
//!
//! Nobody here knows prefix and suffix, so names are compared: of two records that may explain a name, the one that
//! explains more of it has it. Texts that external-dns encrypts can't be recognised.

use teal_azure::dns::{RecordSet, RecordType, Records};

/// A TXT set that external-dns left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// Relative to the zone.
    pub(super) name: String,
    /// Which external-dns; empty when it does not say.
    pub(super) owner: String,
    /// What in its cluster asks for the record, such as `ingress/shop/web`.
    pub(super) resource: String,
}

/// Reads a TXT set; `None` when it is not external-dns's.
pub(super) fn text(set: &RecordSet) -> Option<Text> {
    let Records::Txt(texts) = &set.records else { return None };
    let found = texts.iter().map(|pieces| pieces.concat()).find(|text| text.contains("heritage=external-dns"))?;
    let label = |name: &str| {
        let mut parts = found.split(',').map(|part| part.trim_matches(['"', '\\', ' ']));
        parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().to_owned()
    };
    let (owner, resource) = (label("external-dns/owner"), label("external-dns/resource"));
    Some(Text { name: set.name.to_ascii_lowercase(), owner, resource })
}

/// What a TXT set's name says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owns {
    /// This record.
    This,
    /// Another type of record at the same name.
    OtherType,
    /// Another name.
    Nothing,
}

/// A record as names are compared: absolute, in lower case, without a dot at the end.
#[derive(Debug, Clone)]
pub(super) struct Host<'a> {
    pub(super) name: &'a str,
    pub(super) kind: RecordType,
}

/// How well a record explains a TXT set's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fit {
    rank: Rank,
    /// The type that the name tells.
    kind: Option<RecordType>,
}

/// Of two explanations the greater one holds; compared field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Nothing is left: no prefix, no suffix.
    whole: bool,
    /// The type stands right before the record's name, as a word of its own.
    typed: bool,
    /// Prefixes are usual, suffixes are rare.
    unsuffixed: bool,
    /// Characters of the name that are the record's.
    explained: usize,
}

/// The words for types in names; the longest first, since one ends with the other.
const TYPES: [(&str, RecordType); 3] = [("aaaa", RecordType::Aaaa), ("cname", RecordType::Cname), ("a", RecordType::A)];

fn parts(c: char) -> bool {
    matches!(c, '-' | '.' | '_')
}

/// Can this TXT set be explained only with a prefix or suffix? Then it is to be known which other records there are.
pub(super) fn guessed(text: &str, host: &Host<'_>) -> bool {
    fit(text, host.name).is_some_and(|fit| !fit.rank.whole)
}

/// What a TXT set (absolute) says of a record, among all other names that have records.
pub(super) fn owns<'a>(text: &str, host: &Host<'_>, others: impl IntoIterator<Item = &'a str>) -> Owns {
    let Some(ours) = fit(text, host.name) else { return Owns::Nothing };
    let better = |other: &str| other != host.name && fit(text, other).is_some_and(|fit| fit.rank > ours.rank);
    if !ours.rank.whole && others.into_iter().any(better) {
        return Owns::Nothing;
    }
    match ours.kind {
        Some(kind) if kind != host.kind => Owns::OtherType,
        _ => Owns::This,
    }
}

/// The best way to explain a TXT set's name by a record's: prefix, type, first label, suffix, and the rest after it.
fn fit(text: &str, host: &str) -> Option<Fit> {
    let (label, rest) = host.split_once('.')?;
    let before_rest = text.strip_suffix(rest)?.strip_suffix('.')?;
    let at_every = (0..before_rest.len()).filter(|at| before_rest.get(*at..).is_some_and(|end| end.starts_with(label)));
    at_every.filter_map(|at| at_label(before_rest, at, label, rest)).max_by_key(|fit| fit.rank)
}

/// The same with the label at one place.
fn at_label(text: &str, at: usize, label: &str, rest: &str) -> Option<Fit> {
    let (prefix, suffix) = (text.get(..at)?, text.get(at + label.len()..)?);
    // A suffix belongs to the first label.
    if suffix.contains('.') || !(suffix.is_empty() || suffix.starts_with(parts)) {
        return None;
    }
    let (explained, unsuffixed) = (label.len() + 1 + rest.len(), suffix.is_empty());
    for (word, kind) in TYPES {
        let Some(left) = prefix.strip_suffix('-').and_then(|left| left.strip_suffix(word)) else { continue };
        let typed = left.is_empty() || left.ends_with(parts);
        // A prefix may end without a mark.
        if typed || unsuffixed {
            let whole = left.is_empty() && unsuffixed;
            return Some(Fit { rank: Rank { whole, typed, unsuffixed, explained }, kind: Some(kind) });
        }
    }
    if !(prefix.is_empty() || prefix.ends_with(parts)) {
        return None;
    }
    let mut words = prefix.split(parts).chain(suffix.split(parts));
    let kind = words.find_map(|word| TYPES.iter().find(|(of, _)| *of == word)).map(|(_, kind)| *kind);
    let whole = prefix.is_empty() && unsuffixed;
    Some(Fit { rank: Rank { whole, typed: false, unsuffixed, explained }, kind })
}

#[cfg(test)]
#[path = "heritage_tests.rs"]
mod tests;
