//! The world under its lock, with real time let in.

use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::rr::{RData, RecordType};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::provider::Provider;
use crate::world::World;

/// A handle to the world; clones share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    providers: Vec<Box<dyn Provider>>,
    changed: watch::Sender<u64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    /// Takes a world and those who serve it.
    pub(crate) fn new(world: World, providers: Vec<Box<dyn Provider>>) -> Self {
        let changed = watch::Sender::new(world.revision());
        Self(Arc::new(Inner { world: Mutex::new(world), providers, changed }))
    }

    /// Who serves which types.
    pub(crate) fn providers(&self) -> &[Box<dyn Provider>] {
        &self.0.providers
    }

    /// Looks at the world or changes it, at the present time. Must be short: all others wait.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.tick(Timestamp::now());
        deliver(&mut world, self.providers());
        let result = act(&mut world);
        deliver(&mut world, self.providers());
        let revision = world.revision();
        drop(world);
        self.0.changed.send_if_modified(|seen| std::mem::replace(seen, revision) != revision);
        result
    }

    /// Tells of every lasting change.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Waits until an emulated time has come, whatever becomes of the clock meanwhile.
    pub(crate) async fn sleep_until(&self, then: Timestamp) {
        let mut changed = self.changed();
        loop {
            changed.borrow_and_update();
            match self.with(|world| world.clock.real_until(world.now(), then)) {
                Some(wait) if wait.is_zero() => return,
                Some(wait) => {
                    let _ = tokio::time::timeout(wait, changed.changed()).await;
                }
                None => {
                    let _ = changed.changed().await;
                }
            }
        }
    }

    /// What a name resolves to here: own zones (private ones first), services' names, `localhost` and addresses
    /// themselves. Nothing outside is asked. Empty when there is nothing. Each with the smallest TTL of
    /// the chain that leads to it, in seconds.
    pub(crate) fn resolve(&self, name: &str, kind: RecordType) -> Vec<(u32, RData)> {
        self.with(|world| crate::dns_server::answer::resolve(world, self.providers(), name, kind))
    }
}

/// Tells services what has ended, until nothing is left to tell.
pub(crate) fn deliver(world: &mut World, providers: &[Box<dyn Provider>]) {
    loop {
        let notes = world.take_notes();
        if notes.is_empty() {
            return;
        }
        for (id, note) in notes {
            let kind = id.kind();
            let serves = |provider: &dyn Provider| provider.types().iter().any(|one| one.serves(&kind));
            if let Some(provider) = providers.iter().find(|provider| serves(provider.as_ref())) {
                provider.completed(world, &id, &note);
            }
        }
    }
}
