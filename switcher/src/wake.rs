//! A bell that wakes the loops: many rings while one is served count as one.

use std::sync::Arc;

use tokio::sync::Notify;

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
