//! A long-running operation of a provider: its own words tell how it ended, which a reading of the target does not have.

use std::time::Duration;

use teal_targets::{Progress, Retry, Target};
use tokio::time::Instant;

use super::followers::Round;

/// However long a provider wants to be left alone, its operation is asked after this.
const LONGEST: Duration = Duration::from_secs(15);

/// One that has been started, and when it is worth asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    name: String,
    due: Instant,
}

/// After a question that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// How one ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, or nobody knows it any more: the target itself tells how.
    Done,
    /// In vain, in the provider's words.
    Failed(String),
    /// Nobody may know: the provider does not let us ask.
    Untold(String),
}

impl Operation {
    pub(super) fn new(name: String) -> Self {
        Self { name, due: Instant::now() }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// Asks how it is, if it is time; `None` while nobody knows.
    pub(super) async fn ask(&mut self, target: &Target, round: &Round) -> Option<Ended> {
        if Instant::now() < self.due {
            return None;
        }
        match target.poll(&self.name).await {
            Ok(Progress::Running { after }) => {
                self.due = Instant::now() + after.unwrap_or_default().min(LONGEST);
                None
            }
            Ok(Progress::Succeeded | Progress::Lost) => Some(Ended::Done),
            Ok(Progress::Failed { why }) => {
                tracing::warn!(switch = round.switch, target = target.name(), why, "The provider's operation failed");
                Some(Ended::Failed(why))
            }
            Err(error) => {
                round.failed(target, &error, "The provider's operation can't be asked");
                self.due = Instant::now() + AGAIN;
                (error.retry() == Retry::WhenConfigChanges).then(|| Ended::Untold(error.to_string()))
            }
        }
    }
}
