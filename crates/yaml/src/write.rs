//! Values → text, in the one form kustomize prints: sorted keys, lists not indented below their key, quotes only where
//! a reader would see something else.

mod order;
mod scalar;
mod view;

pub use order::natural_order;
pub use view::{View, Written};

use scalar::{Place, scalar};

/// Everything YAML 1.1 takes for a line break; a key with one is written with `? `.
const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
/// Keys longer than this are written with `? `.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Prints one value as one YAML document without `---`, ending with a line break.
///
/// Keys come in natural order ([`natural_order`]), texts of several lines as `|` blocks, long lines fold at 80 columns.
/// Reading the result with [`crate::read`] gives the value back.
#[must_use]
pub fn write<V: Written>(value: &V) -> String {
    let mut out = String::new();
    node(&mut out, value, 0);
    out
}

/// Says whether a text can't be written plain, on one line: without quotes a reader would see something else.
#[must_use]
pub fn needs_quotes(text: &str) -> bool {
    scalar::needs_quotes(text)
}

/// Prints one text as the value of an entry that stands in a file already: on one line however long it is, or as a block
/// indented by `indent` spaces, `deeper` more than the entry. No line break at the end.
#[must_use]
pub fn write_text(text: &str, indent: usize, deeper: usize) -> String {
    let mut out = String::new();
    scalar::unfolded(&mut out, text, indent, deeper);
    out
}

/// Writes a node whose first character is already in place; ends with a line break.
fn node<V: Written>(out: &mut String, value: &V, indent: usize) {
    match value.view() {
        View::Mapping(entries) if !entries.is_empty() => mapping(out, entries, indent),
        View::List(items) if !items.is_empty() => sequence(out, items, indent),
        view => {
            scalar(out, &view, indent.max(2), Place::Value);
            end_line(out);
        }
    }
}

fn mapping<V: Written>(out: &mut String, mut entries: Vec<(&str, &V)>, indent: usize) {
    entries.sort_by(|a, b| natural_order(a.0, b.0));
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            spaces(out, indent);
        }
        if key.len() > LONGEST_SIMPLE_KEY || key.contains(BREAKS) {
            out.push_str("? ");
            scalar::text(out, key, indent + 2, Place::Value);
            end_line(out);
            spaces(out, indent);
            out.push_str(": ");
            node(out, value, indent + 2);
            continue;
        }
        scalar::text(out, key, indent + 2, Place::Key);
        out.push(':');
        match value.view() {
            View::Mapping(entries) if !entries.is_empty() => {
                out.push('\n');
                spaces(out, indent + 2);
                mapping(out, entries, indent + 2);
            }
            View::List(items) if !items.is_empty() => {
                out.push('\n');
                spaces(out, indent);
                sequence(out, items, indent);
            }
            view => {
                out.push(' ');
                scalar(out, &view, indent + 2, Place::Value);
                end_line(out);
            }
        }
    }
}

fn sequence<V: Written>(out: &mut String, items: &[V], indent: usize) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            spaces(out, indent);
        }
        out.push_str("- ");
        node(out, item, indent + 2);
    }
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// Ends the line, unless a block scalar just did.
fn end_line(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}
