//! Dice with a seed.

use serde::{Deserialize, Serialize};

/// SplitMix64: small, fast, the same on every machine. Nothing secret depends on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Random {
    /// Dice that start from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly in `0.0..1.0`.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with a probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        probability >= 1.0 || self.unit() < probability
    }

    /// A version-4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let third = (high & 0x0fff) | 0x4000;
        let fourth = ((low >> 48) & 0x3fff) | 0x8000;
        format!(
            "{:08x}-{:04x}-{third:04x}-{fourth:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn equal_seeds_give_equal_dice_that_are_fair_enough() {
        let draw = |seed| {
            let mut dice = Random::new(seed);
            (0..3000).map(|_| dice.chance(1.0 / 3.0)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let hits = draw(7).iter().filter(|hit| **hit).count();
        assert!((800..1200).contains(&hits), "{hits}");
        assert!((0..1000).map(|_| Random::new(1).unit()).all(|unit| (0.0..1.0).contains(&unit)));
    }

    #[test]
    fn an_id_looks_like_one() {
        let id = Random::new(3).uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
    }
}
