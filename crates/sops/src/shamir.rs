//! Key groups: a file's key split so that only several groups together have it (Shamir, over the field of AES).

use crate::DataKey;

/// Puts parts together. Each part is the values at one point, and that point as its last byte.
/// `None` for parts that can't belong together. Too few parts give a wrong key, which opens nothing.
pub(crate) fn combine(parts: &[DataKey]) -> Option<DataKey> {
    let length = parts.first()?.bytes().len();
    if length < 2 || parts.iter().any(|part| part.bytes().len() != length) {
        return None;
    }
    let points: Vec<u8> = parts.iter().filter_map(|part| part.bytes().last().copied()).collect();
    let distinct = points.iter().enumerate().all(|(at, point)| *point != 0 && !points[..at].contains(point));
    if !distinct {
        return None;
    }
    let at = |index: usize| {
        let values = parts.iter().map(|part| part.bytes().get(index).copied().unwrap_or_default());
        values.zip(&points).fold(0, |sum, (value, own)| sum ^ multiply(value, weight(*own, &points)))
    };
    Some(DataKey::new((0..length - 1).map(at).collect()))
}

/// What the value at `own` counts for the value at 0.
fn weight(own: u8, points: &[u8]) -> u8 {
    let others = points.iter().filter(|point| **point != own);
    others.fold(1, |product, other| multiply(product, multiply(*other, inverse(own ^ other))))
}

/// Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, without branches on the operands.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0_u8, |product, bit| {
        let carry = (product >> 7).wrapping_neg() & 0x1b;
        (product << 1) ^ carry ^ (((b >> bit) & 1).wrapping_neg() & a)
    })
}

/// a^254, which is the inverse of all but 0.
fn inverse(a: u8) -> u8 {
    (0..254).fold(1, |power, _| multiply(power, a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_that_of_aes() {
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        assert!((1..=255).all(|a| multiply(a, inverse(a)) == 1));
    }

    #[test]
    fn any_two_of_three_parts_make_the_key() {
        // f(x) = secret + slope·x at 1, 2 and 7.
        let (secret, slope) = ([0x2a, 0x00, 0xff], [0x11, 0x80, 0x03]);
        let part = |x: u8| {
            let values = secret.iter().zip(slope).map(|(secret, slope)| secret ^ multiply(slope, x));
            DataKey::new(values.chain([x]).collect())
        };
        for pair in [[1, 2], [1, 7], [7, 2]] {
            assert_eq!(combine(&pair.map(part)).unwrap().bytes(), secret, "{pair:?}");
        }
        assert_ne!(combine(&[part(1)]).unwrap().bytes(), secret, "one is not enough");
        assert!(combine(&[part(1), part(1)]).is_none(), "the same part twice");
        assert!(combine(&[part(1), DataKey::new(vec![1, 2])]).is_none());
        assert!(combine(&[]).is_none());
    }
}
