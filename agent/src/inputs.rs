//! Objects in the cluster that rendering reads: ConfigMaps and Secrets behind `substituteFrom`, and the keys for encrypted
//! files. Watched, never polled; what they hold stays in memory.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use teal_api::fleet::SourceKind;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// News that wait to be taken in.
const WAITING: usize = 64;

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InputRef {
    pub(crate) kind: SourceKind,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl std::fmt::Display for InputRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}

/// Keys and their bytes. No `Debug`: they may be a Secret's.
pub(crate) type Data = Arc<BTreeMap<String, Vec<u8>>>;

/// What is known of an object.
#[derive(Clone, PartialEq)]
pub(crate) enum Known {
    /// There is none.
    Absent,
    /// It can't be read; in words.
    Unreadable(String),
    /// What it holds.
    Holds(Data),
}

/// The objects that are watched.
pub(crate) struct Inputs {
    client: Client,
    watched: BTreeMap<InputRef, Watched>,
    tell: mpsc::Sender<(InputRef, Known)>,
    told: mpsc::Receiver<(InputRef, Known)>,
    epoch: u64,
}

struct Watched {
    known: Option<Known>,
    _stop: DropGuard,
}

impl Inputs {
    pub(crate) fn new(client: Client) -> Self {
        let (tell, told) = mpsc::channel(WAITING);
        Self { client, watched: BTreeMap::new(), tell, told, epoch: 0 }
    }

    /// Watches exactly these. Returns whether something is known of each.
    pub(crate) fn follow(&mut self, wanted: Vec<InputRef>) -> bool {
        let before = self.watched.len();
        self.watched.retain(|input, _| wanted.contains(input));
        self.epoch += u64::from(self.watched.len() != before);
        for input in wanted {
            let (client, tell) = (&self.client, &self.tell);
            self.watched.entry(input).or_insert_with_key(|input| {
                let stop = CancellationToken::new();
                start(client.clone(), input.clone(), tell.clone(), stop.clone());
                Watched { known: None, _stop: stop.drop_guard() }
            });
        }
        self.watched.values().all(|watched| watched.known.is_some())
    }

    /// Waits until an object changed, and takes that in. Dropped in between, it loses nothing.
    pub(crate) async fn changed(&mut self) {
        while let Some((input, known)) = self.told.recv().await {
            if self.take(input, known) {
                break;
            }
        }
        while let Ok((input, known)) = self.told.try_recv() {
            self.take(input, known);
        }
    }

    fn take(&mut self, input: InputRef, known: Known) -> bool {
        // One that is no longer followed may still have had something to say.
        let Some(watched) = self.watched.get_mut(&input) else { return false };
        // What was read stays in force while the API server does not answer.
        let stays = matches!((&watched.known, &known), (Some(Known::Holds(_)), Known::Unreadable(_)));
        if stays || watched.known.as_ref() == Some(&known) {
            return false;
        }
        watched.known = Some(known);
        self.epoch += 1;
        true
    }

    /// What is known of an object; `None` before the first answer.
    pub(crate) fn known(&self, input: &InputRef) -> Option<&Known> {
        self.watched.get(input)?.known.as_ref()
    }

    /// Rises whenever anything changed.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }
}

fn start(client: Client, input: InputRef, tell: mpsc::Sender<(InputRef, Known)>, stop: CancellationToken) {
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch(client, input, tell) => {}
        }
    });
}

async fn watch(client: Client, input: InputRef, tell: mpsc::Sender<(InputRef, Known)>) {
    match input.kind {
        SourceKind::ConfigMap => {
            let api: Api<ConfigMap> = Api::namespaced(client, &input.namespace);
            let data = |map: ConfigMap| {
                let entries = map.data.unwrap_or_default().into_iter();
                entries.map(|(key, value)| (key, value.into_bytes())).collect()
            };
            watch_one(api, input, tell, data).await;
        }
        SourceKind::Secret => {
            let api: Api<Secret> = Api::namespaced(client, &input.namespace);
            let data = |secret: Secret| {
                secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect()
            };
            watch_one(api, input, tell, data).await;
        }
    }
}

async fn watch_one<K>(
    api: Api<K>,
    input: InputRef,
    tell: mpsc::Sender<(InputRef, Known)>,
    data: impl Fn(K) -> BTreeMap<String, Vec<u8>>,
) where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned + Send + 'static,
{
    let config = watcher::Config::default().fields(&format!("metadata.name={}", input.name));
    let mut events = pin!(watcher(api, config).default_backoff());
    let mut listed = None;
    while let Some(event) = events.next().await {
        let known = match event {
            Ok(Event::Init) => {
                listed = None;
                continue;
            }
            Ok(Event::InitApply(object)) => {
                listed = Some(object);
                continue;
            }
            Ok(Event::InitDone) => listed.take().map_or(Known::Absent, |object| Known::Holds(Arc::new(data(object)))),
            Ok(Event::Apply(object)) => Known::Holds(Arc::new(data(object))),
            Ok(Event::Delete(_)) => Known::Absent,
            Err(error) => Known::Unreadable(unreadable(&error).to_owned()),
        };
        if tell.send((input.clone(), known)).await.is_err() {
            return;
        }
    }
}

/// The server's own words may quote; these suffice.
fn unreadable(error: &watcher::Error) -> &'static str {
    let kube_error = match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => Some(error),
        watcher::Error::WatchFailed(error) => Some(error),
        _ => None,
    };
    match kube_error {
        Some(kube::Error::Api(status)) if status.code == 403 => "can't be read: Teal is forbidden to list and watch it",
        _ => "can't be read: the API server does not answer",
    }
}
