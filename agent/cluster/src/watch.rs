//! Watches of managed objects: metadata for most kinds, with status where health needs it. Each object is reduced to a
//! few facts while it is decoded; nothing of it is kept here.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_stream};
use kube::{Api, Client};
use teal_agent_core::{Digest, GroupKind, Health, ObjectId};
use teal_api::names::SYNC_LABEL;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::chain;
use crate::kinds::Kind;
use crate::reduced::{METADATA, Reduced, SPEC, STATUS, depth_of};

/// One managed object as it is now.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Which.
    pub id: ObjectId,
    /// Its UID.
    pub uid: String,
    /// Its resource version as a number, so that a late sighting can be told from a new one; 0 when it is none.
    pub version: u64,
    /// Generation of its spec; 0 for kinds without one.
    pub generation: i64,
    /// Hash of our own Apply entry; `None` when it is gone.
    pub own_fields: Option<Digest>,
    /// Its health as it was seen; kinds without any are Current by being there.
    pub health: Health,
    /// It becomes Current after this long, unless it is seen otherwise before.
    pub matures: Option<Duration>,
    /// The other manager that wrote last.
    pub last_writer: Option<String>,
    /// See [`Meta::foreign`](crate::Meta::foreign).
    pub foreign: Option<String>,
}

/// What the watches report.
#[derive(Debug, Clone)]
pub enum Sighting {
    /// An object is there, or changed.
    Seen(Box<Seen>),
    /// An object left the watch: deleted, or its label was taken away.
    Left {
        /// Which.
        id: ObjectId,
        /// The UID it had.
        uid: String,
    },
    /// A kind was listed whole: what is not in `present` is not there under our label.
    Listed {
        /// The kind.
        kind: GroupKind,
        /// Namespace and name of each object.
        present: HashSet<(String, String)>,
    },
    /// A watch fails and is tried again.
    Failing {
        /// The kind.
        kind: GroupKind,
        /// Why.
        message: String,
    },
}

/// Runs one watch a kind.
pub struct Watches {
    client: Client,
    selector: String,
    grace: Duration,
    sightings: mpsc::Sender<Sighting>,
    running: HashMap<GroupKind, (Kind, JoinHandle<()>)>,
}

impl Watches {
    /// Prepares watches of objects labelled with `sync`; `sightings` gets what they see. A custom resource that its
    /// controller has said nothing about is not Current for `grace`.
    #[must_use]
    pub fn new(client: Client, sync: &str, grace: Duration, sightings: mpsc::Sender<Sighting>) -> Self {
        Self { client, selector: format!("{SYNC_LABEL}={sync}"), grace, sightings, running: HashMap::new() }
    }

    /// Watches exactly `kinds` from now on; those already watched at the same version go on undisturbed.
    pub fn follow(&mut self, kinds: Vec<Kind>) {
        let wanted: HashMap<GroupKind, Kind> =
            kinds.into_iter().filter(|kind| kind.watchable).map(|kind| (kind.group_kind(), kind)).collect();
        self.running.retain(|id, (kind, task)| {
            let keep = wanted.get(id) == Some(kind) && !task.is_finished();
            if !keep {
                task.abort();
            }
            keep
        });
        for (id, kind) in wanted {
            if !self.running.contains_key(&id) {
                let task = self.start(kind.clone());
                self.running.insert(id, (kind, task));
            }
        }
    }

    /// How many watches there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether nothing is watched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    fn start(&self, kind: Kind) -> JoinHandle<()> {
        let depth = depth_of(&kind.group_kind());
        let one = One {
            client: self.client.clone(),
            kind,
            selector: self.selector.clone(),
            grace: self.grace,
            sightings: self.sightings.clone(),
        };
        match depth {
            SPEC => tokio::spawn(one.follow::<SPEC>()),
            STATUS => tokio::spawn(one.follow::<STATUS>()),
            _ => tokio::spawn(one.follow::<METADATA>()),
        }
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        for (_, task) in self.running.values() {
            task.abort();
        }
    }
}

/// The watch of one kind.
struct One {
    client: Client,
    kind: Kind,
    selector: String,
    grace: Duration,
    sightings: mpsc::Sender<Sighting>,
}

impl One {
    /// Watches until the receiver goes away.
    async fn follow<const DEPTH: u8>(self) {
        let api: Api<Reduced<DEPTH>> = Api::all_with(self.client.clone(), &self.kind.api_resource());
        // Whole objects come in smaller pages: only one page is in memory at a time.
        let page = if DEPTH == METADATA { 500 } else { 100 };
        let config = watcher::Config::default().labels(&self.selector).page_size(page);
        let mut events = pin!(watch_stream(api, config).backoff(Patience::new()));
        let mut present = HashSet::new();
        while let Some(event) = events.next().await {
            if let Some(sighting) = self.sighting(event, &mut present)
                && self.sightings.send(sighting).await.is_err()
            {
                return;
            }
        }
    }

    fn sighting<const DEPTH: u8>(
        &self,
        event: Result<Event<Reduced<DEPTH>>, watcher::Error>,
        present: &mut HashSet<(String, String)>,
    ) -> Option<Sighting> {
        let seen = |object: Reduced<DEPTH>| {
            Sighting::Seen(Box::new(object.seen(&self.kind, jiff::Timestamp::now(), self.grace)))
        };
        let kind = || self.kind.group_kind();
        Some(match event {
            Ok(Event::Init) => {
                present.clear();
                return None;
            }
            Ok(Event::InitApply(object)) => {
                present.insert((object.facts.namespace.clone(), object.facts.name.clone()));
                seen(object)
            }
            Ok(Event::InitDone) => Sighting::Listed { kind: kind(), present: std::mem::take(present) },
            Ok(Event::Apply(object)) => seen(object),
            Ok(Event::Delete(object)) => Sighting::Left { id: object.id(&self.kind), uid: object.facts.uid },
            Err(error) => Sighting::Failing { kind: kind(), message: chain(&error) },
        })
    }
}

/// Waits between tries of a watch that fails. kube's own begin at almost a second; but the API server answers 429 for a
/// moment after it accepted a definition, and a fleet's first sync would wait for that.
struct Patience(backon::ExponentialBackoff);

impl Patience {
    fn new() -> Self {
        let growing = ExponentialBuilder::default().with_factor(2.0).with_jitter().without_max_times();
        Self(growing.with_min_delay(Duration::from_millis(100)).with_max_delay(Duration::from_secs(30)).build())
    }
}

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        *self = Self::new();
    }
}

/// Yields whenever the set of served kinds may have changed: a CRD or an APIService was made, changed or deleted.
///
/// The first items come at once, from the initial lists.
pub fn kind_changes(client: &Client) -> impl futures::Stream<Item = ()> + Send + use<> {
    let watch = |group: &str, kind: &str, plural: &str| {
        let resource = kube::core::ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: format!("{group}/v1"),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        let api: Api<Reduced<METADATA>> = Api::all_with(client.clone(), &resource);
        watch_stream(api, watcher::Config::default()).default_backoff().filter_map(|event| async move {
            matches!(event, Ok(Event::InitDone | Event::Apply(_) | Event::Delete(_))).then_some(())
        })
    };
    futures::stream::select(
        watch("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions").boxed(),
        watch("apiregistration.k8s.io", "APIService", "apiservices").boxed(),
    )
}
