//! Time that can run faster and be moved on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Maps real time to emulated time: a line that starts somewhere and has a slope.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Clock {
    /// Emulated seconds per real second; 0 stops it.
    scale: f64,
    real: Timestamp,
    emulated: Timestamp,
}

impl Default for Clock {
    /// Real time.
    fn default() -> Self {
        Self { scale: 1.0, real: Timestamp::UNIX_EPOCH, emulated: Timestamp::UNIX_EPOCH }
    }
}

impl Clock {
    /// The emulated time at a real time. Never before the point where the line starts.
    pub(crate) fn emulated(&self, real: Timestamp) -> Timestamp {
        if self.scale.to_bits() == 1.0_f64.to_bits() {
            return self.emulated.checked_add(real.duration_since(self.real)).unwrap_or(Timestamp::MAX);
        }
        let passed = real.duration_since(self.real).as_secs_f64().max(0.0) * self.scale;
        let passed = SignedDuration::try_from_secs_f64(passed).unwrap_or(SignedDuration::MAX);
        self.emulated.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Emulated seconds per real second.
    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    /// Goes on from here at another speed.
    pub(crate) fn set_scale(&mut self, real: Timestamp, scale: f64) {
        *self = Self { scale, real, emulated: self.emulated(real) };
    }

    /// Jumps ahead.
    pub(crate) fn advance(&mut self, real: Timestamp, by: Duration) {
        let emulated = self.emulated(real).checked_add(by).unwrap_or(Timestamp::MAX);
        *self = Self { scale: self.scale, real, emulated };
    }

    /// How long it takes in real time until an emulated time comes: zero when it is past, `None` when the clock stands.
    pub(crate) fn real_until(&self, now: Timestamp, then: Timestamp) -> Option<Duration> {
        let left = then.duration_since(now);
        if left <= SignedDuration::ZERO {
            return Some(Duration::ZERO);
        }
        if self.scale <= 0.0 {
            return None;
        }
        Duration::try_from_secs_f64(left.as_secs_f64() / self.scale).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::Clock;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn time_never_jumps_when_its_speed_changes() {
        let mut clock = Clock::default();
        assert_eq!(clock.emulated(at(100)), at(100));
        clock.set_scale(at(100), 60.0);
        assert_eq!(clock.emulated(at(100)), at(100));
        assert_eq!(clock.emulated(at(110)), at(700));
        clock.advance(at(110), Duration::from_secs(50));
        assert_eq!(clock.emulated(at(110)), at(750));
        clock.set_scale(at(110), 0.0);
        assert_eq!(clock.emulated(at(1000)), at(750));
        assert_eq!(clock.real_until(at(750), at(751)), None);
        clock.set_scale(at(1000), 2.0);
        assert_eq!(clock.real_until(at(750), at(760)), Some(Duration::from_secs(5)));
        assert_eq!(clock.real_until(at(750), at(1)), Some(Duration::ZERO));
        let _ = SignedDuration::ZERO;
    }
}
