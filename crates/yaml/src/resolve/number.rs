//! Numbers as Go's YAML libraries read them: signs, underscores, `0x`, `0b`, `0o` and old `0` octals, floats.

use super::float;
use serde_json::Number;

/// What a text that begins like a number is.
pub(super) enum Parsed {
    /// A number.
    Number(Number),
    /// Text after all.
    Text,
    /// A number beyond what a float can hold.
    TooLarge,
}

/// Reads a text that begins with a digit, a sign or a dot.
pub(super) fn parse(text: &str) -> Parsed {
    let plain: std::borrow::Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some(number) = (!plain.starts_with('.')).then(|| parse_integer(&plain)).flatten() {
        return Parsed::Number(number);
    }
    if is_float(&plain) { parse_float(&plain) } else { Parsed::Text }
}

fn parse_integer(text: &str) -> Option<Number> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = |prefix: &str| rest.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let (digits, radix) = if lower("0x") {
        (&rest[2..], 16)
    } else if lower("0b") {
        (&rest[2..], 2)
    } else if lower("0o") {
        (&rest[2..], 8)
    } else if rest.len() > 1 && rest.starts_with('0') {
        (&rest[1..], 8)
    } else {
        (rest, 10)
    };
    // from_str_radix takes a sign of its own, which here would be a second one.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if !negative {
        return Some(Number::from(magnitude));
    }
    i64::try_from(-i128::from(magnitude)).ok().map(Number::from)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, by hand: this runs for every scalar that begins with a digit.
fn is_float(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if whole == 0 && fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    } else if whole == 0 {
        return false;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = if at <= bytes.len() { digits(at) } else { 0 };
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == bytes.len()
}

fn parse_float(text: &str) -> Parsed {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => float(value).map_or(Parsed::Text, Parsed::Number),
        Ok(_) => Parsed::TooLarge,
        Err(_) => Parsed::Text,
    }
}

/// Says whether YAML 1.1 would read the text as a number to the base of 60, such as `1:30`. Nobody reads those any
/// more, but they are quoted when written.
pub(super) fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or("");
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !digits(first) || !digits(fraction) {
        return false;
    }
    let mut any = false;
    for part in parts {
        any = true;
        let fits = matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
        if !fits {
            return false;
        }
    }
    any
}
