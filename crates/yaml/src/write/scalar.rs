//! One scalar: which style it needs, and the writing of each style. The rules are libyaml's, which kustomize's printer
//! inherits.

use super::View;
use crate::resolve;
use serde_json::Number;
use std::fmt::Write as _;

/// Lines fold at the first space past this column.
const WIDTH: usize = 80;

/// Where the scalar stands: a key never breaks its line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Key,
    Value,
}

/// Writes anything that is one scalar, or an empty collection.
pub(super) fn scalar<V>(out: &mut String, value: &View<'_, V>, indent: usize, place: Place) {
    match value {
        View::Null => out.push_str("null"),
        View::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        View::Number(value) => number(out, value),
        View::Text(value) => text(out, value, indent, place),
        View::List(_) => out.push_str("[]"),
        View::Mapping(_) => out.push_str("{}"),
    }
}

fn number(out: &mut String, value: &Number) {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(float) => out.push_str(&float_text(float)),
        None => {
            let _ = write!(out, "{value}"); // writing to a String can't fail
        }
    }
}

/// The shortest text of a float with Go's choice between plain and exponent form.
fn float_text(value: f64) -> String {
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&exponent) && !(6..21).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Says whether a text can't be written plain.
pub(super) fn needs_quotes(text: &str) -> bool {
    text.contains('\n') || resolve::is_ambiguous(text) || !Shape::of(text).plain
}

/// Writes a text in the plainest style that reads back as this text.
pub(super) fn text(out: &mut String, text: &str, indent: usize, place: Place) {
    let shape = Shape::of(text);
    if text.contains('\n') && place == Place::Value && shape.block {
        return literal(out, text, indent, 2);
    }
    if text.contains('\n') || resolve::is_ambiguous(text) || !(shape.plain || shape.single) {
        return double_quoted(out, text, indent, place);
    }
    if shape.plain { plain(out, text, indent, place) } else { single_quoted(out, text, indent, place) }
}

/// Writes a text that never folds; a block of several lines has no line break at its end.
pub(super) fn unfolded(out: &mut String, text: &str, indent: usize, deeper: usize) {
    if text.contains('\n') && Shape::of(text).block {
        literal(out, text, indent, deeper);
        out.truncate(out.len() - 1);
    } else {
        self::text(out, text, indent, Place::Key);
    }
}

/// Which styles could hold a text.
struct Shape {
    plain: bool,
    single: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self { plain: true, single: true, block: true };
        if text.starts_with("---") || text.starts_with("...") {
            shape.plain = false;
        }
        let mut previous = ' ';
        let mut characters = text.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let next = characters.peek().map(|&(_, next)| next);
            let spaced = matches!(next, None | Some(' ' | '\t'));
            match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
                    if at == 0 =>
                {
                    shape.plain = false;
                }
                '?' | '-' if at == 0 && spaced => shape.plain = false,
                ':' if spaced => shape.plain = false,
                '#' if matches!(previous, ' ' | '\t' | '\n') => shape.plain = false,
                ' ' => shape.space(at, previous, next),
                '\n' => {
                    shape.plain = false;
                    if previous == ' ' && at > 0 {
                        shape.single = false;
                        shape.block = false;
                    }
                }
                _ if !is_printable(c) => shape = Self { plain: false, single: false, block: false },
                _ => {}
            }
            if !shape.plain && !shape.single && !shape.block {
                break;
            }
            previous = c;
        }
        shape
    }

    fn space(&mut self, at: usize, previous: char, next: Option<char>) {
        if at == 0 || next.is_none() {
            self.plain = false;
        }
        if next.is_none() {
            self.block = false;
        }
        if previous == '\n' {
            self.plain = false;
            self.single = false;
        }
    }
}

/// What may stand unescaped. Characters beyond the basic plane are escaped, as the printer we follow does; so are the
/// two line separators, which would read back as breaks.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// Pushes characters and breaks lines at spaces once they are long enough.
struct Folder<'a> {
    out: &'a mut String,
    column: usize,
    indent: usize,
    may_fold: bool,
    after_space: bool,
}

impl<'a> Folder<'a> {
    fn new(out: &'a mut String, indent: usize, place: Place) -> Self {
        let line = out.rfind('\n').map_or(0, |at| at + 1);
        let column = out[line..].chars().count();
        Self { out, column, indent, may_fold: place == Place::Value, after_space: false }
    }

    fn push(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
        self.after_space = false;
    }

    fn push_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
        self.after_space = false;
    }

    /// Pushes a space, or a line break in its stead when `here` allows one.
    fn space(&mut self, here: bool) -> bool {
        let fold = self.may_fold && here && !self.after_space && self.column > WIDTH;
        if fold {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
        } else {
            self.out.push(' ');
            self.column += 1;
        }
        self.after_space = true;
        fold
    }
}

fn plain(out: &mut String, text: &str, indent: usize, place: Place) {
    let mut folder = Folder::new(out, indent, place);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == ' ' {
            folder.space(characters.peek() != Some(&' '));
        } else {
            folder.push(c);
        }
    }
}

fn single_quoted(out: &mut String, text: &str, indent: usize, place: Place) {
    let mut folder = Folder::new(out, indent, place);
    folder.push('\'');
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            ' ' => {
                let next = characters.peek().map(|&(_, next)| next);
                folder.space(at > 0 && next.is_some() && next != Some(' '));
            }
            '\'' => folder.push_str("''"),
            _ => folder.push(c),
        }
    }
    folder.push('\'');
}

fn double_quoted(out: &mut String, text: &str, indent: usize, place: Place) {
    let mut folder = Folder::new(out, indent, place);
    folder.push('"');
    // The printer we follow looks for a byte-order mark at the start of the text at every character.
    let all = text.starts_with('\u{feff}');
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => folder.push_str("\\\""),
            '\\' => folder.push_str("\\\\"),
            _ if all => folder.push_str(&escape(c)),
            ' ' => {
                let next = characters.peek().map(|&(_, next)| next);
                if folder.space(at > 0 && next.is_some()) && next == Some(' ') {
                    folder.out.push('\\');
                    folder.column += 1;
                }
            }
            _ if c != '\n' && is_printable(c) => folder.push(c),
            _ => folder.push_str(&escape(c)),
        }
    }
    folder.push('"');
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// A text that begins with a blank must say how much `deeper` than its entry it is.
fn literal(out: &mut String, text: &str, indent: usize, deeper: usize) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push_str(&deeper.to_string());
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text == "\n" || text.ends_with("\n\n") {
        out.push('+');
    }
    out.push('\n');
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
        out.push('\n');
    }
}
