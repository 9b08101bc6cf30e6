//! Takes a text apart: what stands, escapes, and `${…}`.

use std::cell::OnceCell;
use std::collections::HashMap;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Stands as it is.
    Text(&'t str),
    /// Dollars before a brace: two mean one, as Flux has it.
    Dollars(usize),
    /// `${NAME}`, `${NAME:=default}` or `${NAME:-default}`.
    Variable { name: &'t str, default: Option<&'t str>, whole: &'t str },
    /// `${NAME` with something behind it that is none of these; what stands is still to come.
    Odd(&'t str),
}

/// Hands the pieces of `text` to `each`, in order. Takes time in proportion to the text, whatever is in it.
pub(super) fn pieces<'t>(text: &'t str, each: &mut dyn FnMut(Piece<'t>)) {
    let braces = OnceCell::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("${") {
        let at = from + found;
        let dollars = text.as_bytes()[from..=at].iter().rev().take_while(|byte| **byte == b'$').count();
        each(Piece::Text(&text[from..at + 1 - dollars]));
        if dollars > 1 {
            each(Piece::Dollars(dollars / 2 * 2));
        }
        if dollars % 2 == 0 {
            each(Piece::Text("{"));
            from = at + 2;
            continue;
        }
        match variable(text, at, &braces) {
            Some((piece, end)) => {
                each(piece);
                from = end;
            }
            None => {
                if let Some(name) = name(&text[at + 2..]) {
                    each(Piece::Odd(name));
                }
                each(Piece::Text("${"));
                from = at + 2;
            }
        }
    }
    each(Piece::Text(&text[from..]));
}

/// The variable that begins at the dollar `at`, and where it ends.
fn variable<'t>(text: &'t str, at: usize, braces: &OnceCell<HashMap<usize, usize>>) -> Option<(Piece<'t>, usize)> {
    let name = name(&text[at + 2..])?;
    let behind = at + 2 + name.len();
    let rest = &text[behind..];
    if rest.starts_with('}') {
        let whole = &text[at..=behind];
        return Some((Piece::Variable { name, default: None, whole }, behind + 1));
    }
    if !rest.starts_with(":=") && !rest.starts_with(":-") {
        return None;
    }
    let end = *braces.get_or_init(|| closing(text)).get(&(at + 1))?;
    let default = text.get(behind + 2..end)?;
    Some((Piece::Variable { name, default: Some(default), whole: &text[at..=end] }, end + 1))
}

/// The name a text begins with, if it does.
fn name(text: &str) -> Option<&str> {
    let length = text.bytes().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == b'_').count();
    let name = &text[..length];
    (!name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())).then_some(name)
}

/// Where each brace that stands behind a dollar is closed; braces within braces are pairs, as Flux has it.
fn closing(text: &str) -> HashMap<usize, usize> {
    let bytes = text.as_bytes();
    let (mut open, mut closed) = (Vec::new(), HashMap::new());
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => open.push(at),
            b'}' => {
                if let Some(start) = open.pop().filter(|start| *start > 0 && bytes[*start - 1] == b'$') {
                    closed.insert(start, at);
                }
            }
            _ => {}
        }
    }
    closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_and_nothing_is_lost() {
        let variable = |name, default, whole| Piece::Variable { name, default, whole };
        for (text, expected) in [
            ("plain", vec![Piece::Text("plain")]),
            ("a${B}c", vec![Piece::Text("a"), variable("B", None, "${B}"), Piece::Text("c")]),
            ("${B:=x:=y}", vec![variable("B", Some("x:=y"), "${B:=x:=y}")]),
            ("${B:-}", vec![variable("B", Some(""), "${B:-}")]),
            ("${B:=${C:={}}}}", vec![variable("B", Some("${C:={}}"), "${B:=${C:={}}}"), Piece::Text("}")]),
            ("$${B}", vec![Piece::Dollars(2), Piece::Text("{"), Piece::Text("B}")]),
            ("$$${B}", vec![Piece::Dollars(2), variable("B", None, "${B}")]),
            ("$$$${B}", vec![Piece::Dollars(4), Piece::Text("{"), Piece::Text("B}")]),
            ("é$$ ${B^^}", vec![Piece::Text("é$$ "), Piece::Odd("B"), Piece::Text("${"), Piece::Text("B^^}")]),
            ("${B", vec![Piece::Odd("B"), Piece::Text("${"), Piece::Text("B")]),
            ("${B:=x", vec![Piece::Odd("B"), Piece::Text("${"), Piece::Text("B:=x")]),
            ("${2} ${} ${ B }", vec!["${", "2} ", "${", "} ", "${", " B }"].into_iter().map(Piece::Text).collect()),
        ] {
            let mut found = Vec::new();
            pieces(text, &mut |piece| found.push(piece));
            found.retain(|piece| *piece != Piece::Text(""));
            assert_eq!(found, expected, "{text}");
        }
    }
}
