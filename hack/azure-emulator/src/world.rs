//! All state, and the rules for changing it. No IO: time comes with [`World::tick`].

mod clock;
mod effects;
pub(crate) mod faults;
pub(crate) mod log;
mod operations;
mod random;
mod runtime;
pub(crate) mod settings;
mod store;
pub(crate) mod throttle;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use clock::Clock;
pub(crate) use effects::Effect;
pub(crate) use operations::{Begun, Operation, Operations, Status, Work};
pub(crate) use random::Random;
use runtime::Runtime;
pub(crate) use settings::Settings;
pub(crate) use store::{Group, Resource, Store};

use crate::access::Access;

/// Everything the emulator knows.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct World {
    /// Resources and groups.
    pub(crate) store: Store,
    /// Long-running operations.
    pub(crate) operations: Operations,
    /// The knobs.
    pub(crate) settings: Settings,
    /// What shall go wrong.
    pub(crate) faults: faults::Faults,
    /// Who may do what.
    pub(crate) access: Access,
    /// How time passes here.
    pub(crate) clock: Clock,
    /// Dice that fall the same way for the same seed.
    pub(crate) random: Random,
    /// What was asked and answered.
    #[serde(skip)]
    pub(crate) log: log::Log,
    /// Listeners, by what they serve.
    #[serde(skip)]
    pub(crate) addresses: BTreeMap<&'static str, SocketAddr>,
    #[serde(skip)]
    runtime: Runtime,
    #[serde(skip)]
    now: Timestamp,
    #[serde(skip)]
    revision: u64,
    #[serde(skip)]
    notes: Vec<(crate::arm::ResourceId, serde_json::Value)>,
    /// Calls held back by [`faults::Fault::Late`].
    #[serde(skip)]
    pub(crate) late: Vec<crate::arm::Call>,
    #[serde(skip)]
    pending_lro_fault: Option<faults::LroFault>,
}

impl World {
    /// An empty world whose dice start from a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { random: Random::new(seed), ..Self::default() }
    }

    /// Sets the time from the real one and lets everything happen that is due.
    pub(crate) fn tick(&mut self, real: Timestamp) {
        self.now = self.clock.emulated(real);
        self.store.keep = Duration::try_from_secs_f64(self.settings.propagation.slowest()).unwrap_or_default();
        self.operations_due();
    }

    /// What services must be told since the last time, oldest first.
    pub(crate) fn take_notes(&mut self) -> Vec<(crate::arm::ResourceId, serde_json::Value)> {
        std::mem::take(&mut self.notes)
    }

    /// The emulated time, fixed during one call.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The emulated time so much later.
    pub(crate) fn after(&self, wait: Duration) -> Timestamp {
        self.now.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    /// State of a service that need not outlive the process, such as probes' results; made on first use.
    pub(crate) fn runtime<T: Default + std::any::Any + Send>(&mut self) -> &mut T {
        self.runtime.get()
    }

    /// Notes that something lasting changed: waiters wake up and the state file is written.
    pub(crate) fn touch(&mut self) {
        self.revision += 1;
    }

    /// Becomes another world, in the same process: listeners, log and the count of changes stay.
    pub(crate) fn replace(&mut self, other: Self) {
        let old = std::mem::replace(self, other);
        self.addresses = old.addresses;
        self.log = old.log;
        self.revision = old.revision;
        self.touch();
        self.now = old.now;
    }

    /// Counts lasting changes.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// A new etag or id, shaped as a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        self.random.uuid()
    }
}
