//! Which origin of a group a request goes to: health, then priority, then the latency band, then weight.

use std::collections::VecDeque;
use std::time::Duration;

use crate::traffic_manager::by_weight;

/// An origin, as far as choosing needs it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// `enabledState`.
    pub(crate) enabled: bool,
    /// What the probes say.
    pub(crate) healthy: bool,
    /// 1..5, the smallest first.
    pub(crate) priority: u64,
    /// 1..1000.
    pub(crate) weight: u64,
    /// The mean of the last good probes; zero if none was measured.
    pub(crate) latency: Duration,
}

/// The origin for a request; `None` if none is enabled.
///
/// Among the healthy ones of the smallest priority, those within `band` of the fastest share by weight, so that a band
/// of zero leaves the fastest alone. If none is healthy, all enabled ones take turns: `turn` counts requests. `draw` is
/// uniform in 0..1.
#[must_use]
pub(crate) fn choose(origins: &[Candidate], band: Duration, draw: f64, turn: u64) -> Option<usize> {
    let enabled: Vec<usize> = (0..origins.len()).filter(|i| origins[*i].enabled).collect();
    let mut pool: Vec<usize> = enabled.iter().copied().filter(|i| origins[*i].healthy).collect();
    if pool.is_empty() {
        let nth = usize::try_from(turn.checked_rem(enabled.len() as u64)?).unwrap_or(0);
        return enabled.get(nth).copied();
    }
    let first = pool.iter().map(|i| origins[*i].priority).min()?;
    pool.retain(|i| origins[*i].priority == first);
    let fastest = pool.iter().map(|i| origins[*i].latency).min()?;
    pool.retain(|i| origins[*i].latency <= fastest.saturating_add(band));
    by_weight(&pool, |i| origins[i].weight, draw)
}

/// The last probes of an origin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window(VecDeque<Option<Duration>>);

impl Window {
    /// Takes in a probe: how long a good one took, `None` for a bad one. Keeps the last `size`.
    pub(crate) fn probed(&mut self, outcome: Option<Duration>, size: usize) {
        self.0.push_back(outcome);
        while self.0.len() > size.max(1) {
            self.0.pop_front();
        }
    }

    /// At least `required` of the last `size` probes were good; probes that were not made yet count as good, so a new
    /// origin is served until its probes say otherwise.
    #[must_use]
    pub(crate) fn healthy(&self, size: usize, required: usize) -> bool {
        let bad = self.0.iter().filter(|probe| probe.is_none()).count();
        size.max(1).saturating_sub(bad) >= required.min(size.max(1))
    }

    /// The mean time of the good probes; zero if there are none.
    #[must_use]
    pub(crate) fn latency(&self) -> Duration {
        let good: Vec<Duration> = self.0.iter().copied().flatten().collect();
        good.iter().sum::<Duration>().checked_div(u32::try_from(good.len()).unwrap_or(u32::MAX)).unwrap_or_default()
    }

    /// Probes that were good, and all, of those kept.
    #[must_use]
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.0.iter().flatten().count(), self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn origin(healthy: bool, priority: u64, weight: u64, ms: u64) -> Candidate {
        Candidate { enabled: true, healthy, priority, weight, latency: MS(ms) }
    }

    #[test]
    fn health_priority_latency_weight_in_this_order() {
        let off = Candidate { enabled: false, ..origin(true, 1, 1000, 1) };
        for (name, origins, band, expected) in [
            ("priority", vec![origin(true, 2, 50, 1), origin(true, 1, 50, 90)], 0, Some(1)),
            ("health before priority", vec![origin(true, 2, 50, 1), origin(false, 1, 50, 1)], 0, Some(0)),
            ("band of zero", vec![origin(true, 1, 1, 10), origin(true, 1, 1000, 11)], 0, Some(0)),
            ("band", vec![origin(true, 1, 1, 10), origin(true, 1, 1000, 60)], 50, Some(1)),
            ("outside the band", vec![origin(true, 1, 1, 10), origin(true, 1, 1000, 61)], 50, Some(0)),
            ("disabled", vec![off.clone(), origin(false, 1, 1, 1)], 0, Some(1)),
            ("nothing enabled", vec![off], 0, None),
            ("nothing", vec![], 0, None),
        ] {
            assert_eq!(choose(&origins, MS(band), 0.5, 0), expected, "{name}");
        }
    }

    #[test]
    fn all_unhealthy_take_turns_whatever_their_priority() {
        let all = [origin(false, 1, 1000, 1), origin(false, 5, 1, 900)];
        let turns: Vec<_> = (0..4).filter_map(|turn| choose(&all, MS(0), 0.0, turn)).collect();
        assert_eq!(turns, [0, 1, 0, 1]);
    }

    #[test]
    fn weights_share_the_band() {
        let two = [origin(true, 1, 90, 1), origin(true, 1, 10, 1)];
        let first = (0..1000).filter(|n| choose(&two, MS(0), f64::from(*n) / 1000.0, 0) == Some(0)).count();
        assert_eq!(first, 900);
    }

    #[test]
    fn health_is_a_share_of_the_last_samples() {
        let mut window = Window::default();
        assert!(window.healthy(4, 3), "new");
        window.probed(None, 4);
        assert!(window.healthy(4, 3), "one bad of four");
        window.probed(None, 4);
        assert!(!window.healthy(4, 3), "two bad of four");
        for _ in 0..3 {
            window.probed(Some(MS(4)), 4);
        }
        assert!(window.healthy(4, 3), "the old ones are forgotten");
        assert_eq!((window.latency(), window.counts()), (MS(4), (3, 4)));
    }
}
