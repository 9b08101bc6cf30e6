//! The order of keys: as people count, not as bytes compare.

use std::cmp::Ordering;

/// Compares two keys as Go's YAML library does when it prints: letters by code point, runs of digits by value, anything
/// else before letters. `Alpha, alpha, b9, b10`.
#[must_use]
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    if same == a.len() || same == b.len() {
        return a.len().cmp(&b.len());
    }
    // Back to the start of the character in which they differ.
    let start = (0..=same).rev().find(|&at| a.is_char_boundary(at) && b.is_char_boundary(at)).unwrap_or(0);
    let (Some(x), Some(y)) = (a[start..].chars().next(), b[start..].chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Two numbers that share a beginning: a zero further on counts as a digit of it, not as leading.
    let inside =
        (x == '0' || y == '0') && a[..start].bytes().rev().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    let (value_a, digits_a) = number(&a[start..], inside);
    let (value_b, digits_b) = number(&b[start..], inside);
    value_a.cmp(&value_b).then(digits_a.cmp(&digits_b)).then(x.cmp(&y))
}

fn number(text: &str, inside: bool) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let value = text
        .bytes()
        .take(digits)
        .fold(i64::from(inside), |value, digit| value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')));
    (value, digits)
}
