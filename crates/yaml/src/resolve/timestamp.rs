//! Timestamps: recognised in both dialects (they are quoted when written), rewritten in kustomize's.

use std::fmt::Write as _;

/// Returns the full form (`2001-01-02` → `2001-01-02T00:00:00Z`) of a text that Go's YAML library takes for a
/// timestamp, or `None`.
pub(super) fn normalise(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    // Cheap refusal first: every form begins with four digits and a dash.
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut rest = &text[5..];
    let year: u32 = text[..4].parse().ok()?;
    let month = take_number(&mut rest, 2)?;
    rest = rest.strip_prefix('-')?;
    let day = take_number(&mut rest, 2)?;
    if month == 0 || month > 12 || day == 0 || day > days_in(year, month) {
        return None;
    }
    let mut out = format!("{year:04}-{month:02}-{day:02}T");
    if rest.is_empty() {
        out.push_str("00:00:00Z");
        return Some(out);
    }
    let separator = rest.chars().next()?;
    rest = &rest[separator.len_utf8()..];
    let (hour, minute, second) = clock(&mut rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    write!(out, "{hour:02}:{minute:02}:{second:02}").ok()?;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let fraction = after[..digits.min(9)].trim_end_matches('0');
        if !fraction.is_empty() {
            write!(out, ".{fraction}").ok()?;
        }
        rest = &after[digits..];
    }
    match separator {
        'T' | 't' => out.push_str(&zone(rest)?),
        ' ' if rest.is_empty() => out.push('Z'),
        _ => return None,
    }
    Some(out)
}

fn clock(rest: &mut &str) -> Option<(u32, u32, u32)> {
    let hour = take_number(rest, 2)?;
    *rest = rest.strip_prefix(':')?;
    let minute = take_number(rest, 2)?;
    *rest = rest.strip_prefix(':')?;
    Some((hour, minute, take_number(rest, 2)?))
}

fn zone(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("Z".to_owned());
    }
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let shape = bytes.len() == 6 && matches!(bytes[0], b'+' | b'-') && bytes[3] == b':';
    (shape && digit(1) && digit(2) && digit(4) && digit(5)).then(|| text.to_owned())
}

/// Takes one to `most` digits from the front.
fn take_number(rest: &mut &str, most: usize) -> Option<u32> {
    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = rest[..digits].parse().ok()?;
    *rest = &rest[digits..];
    Some(value)
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
