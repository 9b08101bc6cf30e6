//! A long-running operation of a provider: its own words tell how it ended, which a reading of the target does not have.

use std::time::Duration;

use teal_targets::{Progress, Target};
use tokio::time::Instant;

/// However long a provider wants to be left alone, its operation is asked after this.
const LONGEST: Duration = Duration::from_secs(15);

/// One that has been started, and when it is worth asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    name: String,
    due: Instant,
}

/// How one ended.
pub(super) type Ended = Result<(), String>;

impl Operation {
    pub(super) fn new(name: String) -> Self {
        Self { name, due: Instant::now() }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// Asks how it is, if it is time; `None` while nobody knows. One that is not known any more has ended, and only the
    /// target itself tells how.
    pub(super) async fn ask(&mut self, target: &Target, switch: &str) -> Option<Ended> {
        if Instant::now() < self.due {
            return None;
        }
        match target.poll(&self.name).await {
            Ok(Progress::Running { after }) => {
                self.due = Instant::now() + after.unwrap_or_default().min(LONGEST);
                None
            }
            Err(_) => None,
            Ok(Progress::Succeeded | Progress::Lost) => Some(Ok(())),
            Ok(Progress::Failed { why }) => {
                tracing::warn!(switch, target = target.name(), why, "The provider's operation failed");
                Some(Err(why))
            }
        }
    }
}
