//! When a key service that gave no key is asked again: soon at first, then less and less often.

use std::time::Duration;

use teal_agent_core::Digest;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);

/// The next time, and how often it was in vain.
#[derive(Default)]
pub(crate) struct Asking {
    keys: Option<Digest>,
    wait: Duration,
    due: Option<Instant>,
}

impl Asking {
    /// Takes in how a rendering went; `keys` changes with the keys. One that something else asked for, and that was in
    /// vain as well, puts nothing off.
    pub(crate) fn rendered(&mut self, unanswered: bool, keys: Option<Digest>, now: Instant) {
        if !unanswered {
            *self = Self::default();
            return;
        }
        if self.keys != keys {
            *self = Self { keys, ..Self::default() };
        }
        if self.due.is_none() {
            self.wait = (self.wait * 2).clamp(FIRST, LONGEST);
            self.due = Some(now + self.wait);
        }
    }

    /// When the next time is.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is time; told once.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<Digest> {
        Some(Digest::of_parts([text.as_bytes()]))
    }

    #[test]
    fn it_is_asked_less_and_less_often_until_keys_or_answers_change() {
        let (mut asking, mut now) = (Asking::default(), Instant::now());
        let mut next = |asking: &mut Asking, keys: &str| {
            asking.rendered(true, id(keys), now);
            let due = asking.due().unwrap();
            let wait = (due - now).as_secs();
            assert!(!asking.take(due - Duration::from_millis(1)) && asking.take(due) && !asking.take(due));
            now = due;
            wait
        };
        let waits: Vec<u64> = (0..7).map(|_| next(&mut asking, "a")).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(next(&mut asking, "b"), 30, "other keys");
        assert_eq!(next(&mut asking, "b"), 60);
        asking.rendered(false, id("b"), Instant::now());
        assert_eq!(asking.due(), None, "nothing is open");
        assert_eq!(next(&mut asking, "b"), 30, "from the start");
    }

    #[test]
    fn a_rendering_in_between_does_not_put_it_off() {
        let (mut asking, now) = (Asking::default(), Instant::now());
        for after in [0, 10, 20] {
            asking.rendered(true, id("a"), now + Duration::from_secs(after));
            assert_eq!(asking.due(), Some(now + FIRST));
        }
    }
}
