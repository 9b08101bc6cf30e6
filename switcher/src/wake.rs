//! A bell that wakes the loops: many rings while one is served count as one.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

/// Cheap to clone; every clone rings the same bell.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the one that waits, or the next one that will.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Returns at the next ring, at once when it has rung since the last wait.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}

/// A bell that anybody may ring: the first ring counts at once, a flood of them once in `floor`.
#[derive(Debug)]
pub(crate) struct Bell {
    wake: Wake,
    floor: Duration,
    answered: Option<Instant>,
}

impl Bell {
    pub(crate) fn new(wake: Wake, floor: Duration) -> Self {
        Self { wake, floor, answered: None }
    }

    /// Returns at the next ring that counts.
    pub(crate) async fn rung(&mut self) {
        self.wake.rung().await;
        if let Some(before) = self.answered {
            sleep_until(before + self.floor).await;
        }
        self.answered = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_first_ring_counts_at_once_and_a_flood_counts_seldom() {
        let wake = Wake::default();
        wake.ring();
        let mut slow = Bell::new(wake.clone(), Duration::from_secs(3_600));
        tokio::time::timeout(Duration::from_secs(600), slow.rung()).await.expect("the first ring counts at once");

        let floor = Duration::from_secs(1);
        let (mut bell, flood) = (Bell::new(wake.clone(), floor), wake.clone());
        let began = Instant::now();
        wake.ring();
        bell.rung().await;
        let flood = tokio::spawn(async move {
            loop {
                flood.ring();
                tokio::task::yield_now().await;
            }
        });
        for times in 1..=2 {
            bell.rung().await;
            assert!(began.elapsed() >= floor * times, "ring {times} counted after {:?}", began.elapsed());
        }
        flood.abort();
    }
}
