//! YAML, decrypted in place: each encrypted scalar is exchanged for its plaintext and the stanza is cut out. All else
//! stays as it stands in the file, so comments, order and indentation are those that SOPS prints.

use std::ops::Range;

use teal_yaml::{Data, Dialect, Node};
use zeroize::Zeroizing;

use crate::comments::comments;
use crate::json::{Output, write_text};
use crate::keys::unlock;
use crate::metadata::Metadata;
use crate::tree::{STANZA, Site, Walk};
use crate::value::{MARKER, Plain};
use crate::{SopsError, Unwrap};

/// What SOPS indents by.
const STEP: usize = 4;

/// One piece of the text and what takes its place.
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: Zeroizing<String>,
}

/// Decrypts every document that has a stanza. Documents of one `sops` run share its MAC; others stand for themselves.
pub(crate) fn decrypt(text: &str, sources: &dyn Unwrap) -> Result<Output, SopsError> {
    let mut documents = teal_yaml::read_as(Dialect::Kustomize, text)?;
    let lines = Lines::of(text);
    let (mut edits, mut secrets) = (Vec::new(), Vec::new());
    for (metadata, members) in groups(&documents)? {
        let key = unlock(&metadata, sources)?;
        let mut walk = Walk::new(&key, &metadata);
        for member in members {
            let Some(document) = documents.get_mut(member) else { continue };
            walk.sites = text.contains("#ENC[").then(Vec::new);
            walk.document(document, &mut |node, plain, site| {
                edits.push(exchange(text, &lines, node, &plain, site)?);
                Ok(())
            })?;
            let cut = stanza(text, &lines, document);
            if let (Some(sites), Some(cut)) = (walk.sites.take(), &cut) {
                edits.extend(comments(text, &lines, &sites, cut.start, &key));
            }
            edits.extend(cut.map(|range| Edit { range, text: Zeroizing::default() }));
        }
        secrets.extend(walk.finish()?);
    }
    Ok((apply(text, edits), secrets))
}

/// Documents by the MAC in their stanza, in the order of the file.
fn groups(documents: &[Node]) -> Result<Vec<(Metadata, Vec<usize>)>, SopsError> {
    let mut found: Vec<(Metadata, Vec<usize>)> = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let Some(stanza) = document.get(STANZA) else { continue };
        let metadata = Metadata::read(&stanza.clone().into_value())?;
        match found.iter_mut().find(|(other, _)| other.mac == metadata.mac) {
            Some((_, members)) => members.push(index),
            None => found.push((metadata, vec![index])),
        }
    }
    Ok(found)
}

/// Where lines begin.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The offset at which a line begins; lines count from 1.
    pub(crate) fn start(&self, line: u32) -> Option<usize> {
        self.0.get(usize::try_from(line).ok()?.checked_sub(1)?).copied()
    }

    /// Every line with its number and offset.
    pub(crate) fn each<'t>(&self, text: &'t str) -> impl Iterator<Item = (u32, usize, &'t str)> {
        let ends = self.0.iter().skip(1).copied().chain(std::iter::once(text.len()));
        let ranges: Vec<_> = self.0.iter().copied().zip(ends).collect();
        (1..)
            .zip(ranges)
            .map(move |(line, (start, end))| (line, start, text[start..end].trim_end_matches(['\n', '\r'])))
    }
}

/// Finds the scalar in the text and writes its plaintext.
fn exchange(text: &str, lines: &Lines, node: &Node, plain: &Plain, site: Site) -> Result<Edit, &'static str> {
    let wrong = "is written as SOPS never writes it; encrypt the file anew";
    let Data::String(value) = &node.data else { return Err(wrong) };
    let line = lines.start(node.at.line).ok_or(wrong)?;
    let column = usize::try_from(node.at.column).unwrap_or(usize::MAX).saturating_sub(1);
    let before = text[line..].chars().take(column).map(char::len_utf8).sum::<usize>();
    let at = line + before;
    let quote = text[at..].chars().next().filter(|letter| matches!(letter, '"' | '\'')).map_or(0, char::len_utf8);
    // Alone on a line without quotes it may be the inside of a block, where plaintext would mean something else.
    let block = quote == 0 && text[line..at].trim().is_empty();
    if block || !text[at + quote..].starts_with(value.as_str()) {
        return Err(wrong);
    }
    let range = at..at + value.len() + 2 * quote;
    if let Plain::Comment(comment) = plain {
        let dash = at.checked_sub(2).filter(|dash| text.get(*dash..at) == Some("- ")).ok_or(wrong)?;
        let comment = std::str::from_utf8(comment).ok().filter(|text| !text.contains(['\n', '\r'])).ok_or(wrong)?;
        let text = Zeroizing::new(format!("{}#{comment}", if site.empties { "[] " } else { "" }));
        return Ok(Edit { range: dash..range.end, text });
    }
    let rest = text.get(range.end..).ok_or(wrong)?.lines().next().unwrap_or_default();
    // Inside brackets, or before a comment, only a form that ends on its line will do.
    let inline = !rest.trim().is_empty() || text[line..at].contains(['{', '[']);
    Ok(Edit { range, text: written(plain, inline, site)? })
}

fn written(plain: &Plain, inline: bool, site: Site) -> Result<Zeroizing<String>, &'static str> {
    Ok(Zeroizing::new(match plain {
        Plain::Int(number) => number.to_string(),
        Plain::Float(number) => teal_yaml::write(&serde_json::json!(number)).trim_end().to_owned(),
        Plain::Bool(value) => value.to_string(),
        Plain::Comment(_) => return Err("is the text of a comment"),
        Plain::Time(bytes) => std::str::from_utf8(bytes).map_err(|_| "is no text")?.to_owned(),
        Plain::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| "is no text")?;
            if inline {
                let mut out = String::with_capacity(text.len() + 2);
                write_text(&mut out, text);
                out
            } else {
                let indent = if site.item { site.column + 2 } else { (site.column / STEP + 1) * STEP };
                teal_yaml::write_text(text, indent, indent - site.column)
            }
        }
    }))
}

/// The lines of the stanza, up to the next entry, the next document or the end.
fn stanza(text: &str, lines: &Lines, document: &Node) -> Option<Range<usize>> {
    let Data::Mapping(entries) = &document.data else { return None };
    let at = entries.iter().position(|entry| entry.key == STANZA)?;
    let start = lines.start(entries.get(at)?.key_at.line)?;
    let next = entries.get(at + 1).and_then(|entry| lines.start(entry.key_at.line));
    let end = next.unwrap_or_else(|| {
        let marks = lines
            .each(text)
            .find(|(_, offset, line)| *offset > start && (line.starts_with("---") || line.starts_with("...")));
        marks.map_or(text.len(), |(_, offset, _)| offset)
    });
    Some(start..end.max(start))
}

/// Whether a text could hold an encrypted comment.
pub(crate) fn encrypted_comment(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix('#').filter(|comment| comment.starts_with(MARKER))
}

fn apply(text: &str, mut edits: Vec<Edit>) -> Zeroizing<Vec<u8>> {
    edits.sort_by_key(|edit| edit.range.start);
    // Large enough at once: a buffer that grows leaves copies behind.
    let grown: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + grown));
    let mut done = 0;
    for edit in edits {
        // Two of one place come from an alias; the first one did it.
        if edit.range.start < done {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[done..edit.range.start]);
        out.extend_from_slice(edit.text.as_bytes());
        done = edit.range.end;
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
    out
}
