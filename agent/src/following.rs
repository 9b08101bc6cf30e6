//! Which `Sync` this process follows, and what it says about the source. The watch tells only of what the agent acts on:
//! spec, `teal.dev/requestedAt` and deletion; its own status writes are no news.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use teal_agent_core::ParityKey;
use teal_api::names::REQUESTED_AT_ANNOTATION;
use teal_api::sync::{Source, SyncObject};
use teal_git::{Auth, Reference};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::source::Follow;

/// How often the repository is asked when the Sync does not say.
const INTERVAL: Duration = Duration::from_secs(30);
/// Never more often than this.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

/// What the cluster says about whom to follow.
#[derive(Debug, Clone)]
pub(crate) enum Followed {
    /// Exactly this one.
    One(Arc<SyncObject>),
    /// There is none yet.
    None,
    /// Several, and no name was given: their names.
    Several(Vec<String>),
}

/// Why the Sync's source can't be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FollowError {
    /// A Secret it names can't be used.
    #[error("Secret {namespace}/{name}: {problem}")]
    Secret {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What is wrong, without values.
        problem: String,
    },
    /// A field that can't be read.
    #[error("spec.{field}: {problem}")]
    Field {
        /// Path of the field.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl FollowError {
    /// Closed set: condition reason and log field alike.
    #[must_use]
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "InvalidSecret",
            Self::Field { .. } => "InvalidSpec",
        }
    }
}

impl Followed {
    /// Is it this very Sync, and is it to stay?
    pub(crate) fn is(&self, uid: Option<&str>) -> bool {
        match self {
            Self::One(sync) => sync.metadata.uid.as_deref() == uid && sync.metadata.deletion_timestamp.is_none(),
            Self::None | Self::Several(_) => false,
        }
    }
}

/// Waits until the Sync of this UID has been gone for so long; for ever while it is there.
pub(crate) async fn gone_for(patience: Duration, mut syncs: watch::Receiver<Followed>, uid: Option<String>) {
    let uid = uid.as_deref();
    // At the end of all nobody tells any more, and whoever waits is ended otherwise.
    while until(&mut syncs, |followed| !followed.is(uid)).await {
        tokio::select! {
            () = tokio::time::sleep(patience) => return,
            told = until(&mut syncs, |followed| followed.is(uid)) => if !told { break },
        }
    }
    std::future::pending().await
}

/// Waits until it is so. Returns whether anybody tells.
async fn until(syncs: &mut watch::Receiver<Followed>, met: impl FnMut(&Followed) -> bool) -> bool {
    syncs.wait_for(met).await.is_ok()
}

/// Watches Syncs; `name` picks one.
pub(crate) fn start(client: Client, name: Option<String>, shutdown: CancellationToken) -> watch::Receiver<Followed> {
    let (tell, told) = watch::channel(Followed::None);
    tokio::spawn(async move {
        let mut config = watcher::Config::default();
        if let Some(name) = &name {
            config = config.fields(&format!("metadata.name={name}"));
        }
        let mut events = pin!(watcher(Api::<SyncObject>::all(client), config).default_backoff());
        let mut all: BTreeMap<String, Arc<SyncObject>> = BTreeMap::new();
        let mut listing: BTreeMap<String, Arc<SyncObject>> = BTreeMap::new();
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return,
                event = events.next() => event,
            };
            match event {
                Some(Ok(Event::Init)) => listing = BTreeMap::new(),
                Some(Ok(Event::InitApply(sync))) => {
                    listing.insert(sync.name_any(), Arc::new(sync));
                    continue;
                }
                Some(Ok(Event::InitDone)) => all = std::mem::take(&mut listing),
                Some(Ok(Event::Apply(sync))) => {
                    all.insert(sync.name_any(), Arc::new(sync));
                }
                Some(Ok(Event::Delete(sync))) => {
                    all.remove(&sync.name_any());
                }
                Some(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "Syncs not watched; tried again");
                    continue;
                }
                None => return,
            }
            let now = followed(&all);
            tell.send_if_modified(|last| {
                let news = is_news(last, &now);
                *last = now;
                news
            });
        }
    });
    told
}

fn followed(all: &BTreeMap<String, Arc<SyncObject>>) -> Followed {
    let mut syncs = all.values();
    match (syncs.next(), syncs.next()) {
        (None, _) => Followed::None,
        (Some(one), None) => Followed::One(one.clone()),
        _ => Followed::Several(all.keys().cloned().collect()),
    }
}

fn is_news(last: &Followed, now: &Followed) -> bool {
    match (last, now) {
        (Followed::One(a), Followed::One(b)) => {
            a.uid() != b.uid()
                || a.spec != b.spec
                || a.annotations().get(REQUESTED_AT_ANNOTATION) != b.annotations().get(REQUESTED_AT_ANNOTATION)
                || a.metadata.deletion_timestamp != b.metadata.deletion_timestamp
        }
        (Followed::None, Followed::None) => false,
        (Followed::Several(a), Followed::Several(b)) => a != b,
        _ => true,
    }
}

/// What to follow, with credentials read from the Secret in `namespace`.
///
/// # Errors
/// See [`FollowError`]; the last valid source stays in force.
pub(crate) async fn follow(client: &Client, namespace: &str, sync: &SyncObject) -> Result<Follow, FollowError> {
    let source = &sync.spec.source;
    let (auth, ca) = match &source.secret_ref {
        Some(secret) => credentials(&read_secret(client, namespace, &secret.name).await?, namespace, &secret.name)?,
        None => (Auth::None, None),
    };
    Ok(Follow {
        url: source.url.clone(),
        reference: reference(source, sync.spec.pin.as_deref())?,
        auth,
        ca,
        interval: interval(source)?,
        requested_at: sync.annotations().get(REQUESTED_AT_ANNOTATION).cloned(),
    })
}

/// The key that digests Secrets; `None` when the Sync names none.
///
/// # Errors
/// [`FollowError::Secret`].
pub(crate) async fn parity_key(
    client: &Client,
    namespace: &str,
    sync: &SyncObject,
) -> Result<Option<ParityKey>, FollowError> {
    let Some(reference) = &sync.spec.parity_key_ref else { return Ok(None) };
    let data = read_secret(client, namespace, &reference.name).await?;
    match data.get(&reference.key) {
        Some(bytes) if bytes.len() >= 16 => Ok(Some(ParityKey::shared(bytes))),
        Some(_) => {
            Err(secret_error(namespace, &reference.name, format!("key {} is shorter than 16 bytes", reference.key)))
        }
        None => Err(secret_error(namespace, &reference.name, format!("has no key {}", reference.key))),
    }
}

fn secret_error(namespace: &str, name: &str, problem: impl Into<String>) -> FollowError {
    FollowError::Secret { namespace: namespace.to_owned(), name: name.to_owned(), problem: problem.into() }
}

async fn read_secret(client: &Client, namespace: &str, name: &str) -> Result<BTreeMap<String, Vec<u8>>, FollowError> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    match api.get_opt(name).await {
        Ok(Some(secret)) => {
            Ok(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect())
        }
        Ok(None) => Err(secret_error(namespace, name, "does not exist; create it")),
        Err(kube::Error::Api(status)) => {
            Err(secret_error(namespace, name, format!("can't be read: {}", status.reason)))
        }
        Err(_) => Err(secret_error(namespace, name, "can't be read: the API server does not answer")),
    }
}

fn credentials(
    data: &BTreeMap<String, Vec<u8>>,
    namespace: &str,
    name: &str,
) -> Result<(Auth, Option<Vec<u8>>), FollowError> {
    let text = |key: &str| match data.get(key) {
        None => Ok(None),
        Some(bytes) => match String::from_utf8(bytes.clone()) {
            Ok(text) => Ok(Some(text.trim_end_matches('\n').to_owned())),
            Err(_) => Err(secret_error(namespace, name, format!("key {key} is no text"))),
        },
    };
    let auth = match (text("bearerToken")?, text("username")?, text("password")?) {
        (Some(token), _, _) => Auth::Bearer(token),
        (None, Some(username), Some(password)) => Auth::Basic { username, password },
        (None, None, None) if data.contains_key("ca.crt") => Auth::None,
        _ => return Err(secret_error(namespace, name, "needs the keys username and password, or bearerToken")),
    };
    Ok((auth, data.get("ca.crt").cloned()))
}

/// A pin wins over everything, so that a frozen cluster stays at its commit.
fn reference(source: &Source, pin: Option<&str>) -> Result<Reference, FollowError> {
    let commit = |field, id: &str| {
        id.parse().map(Reference::Commit).map_err(|error| FollowError::Field { field, problem: format!("{error}") })
    };
    if let Some(pin) = pin.filter(|pin| !pin.is_empty()) {
        return commit("pin", pin);
    }
    let reference = &source.reference;
    match (&reference.branch, &reference.tag, &reference.commit) {
        (None, None, None) => Ok(Reference::Branch("main".to_owned())),
        (Some(branch), None, None) => Ok(Reference::Branch(branch.clone())),
        (None, Some(tag), None) => Ok(Reference::Tag(tag.clone())),
        (None, None, Some(id)) => commit("source.ref.commit", id),
        _ => Err(FollowError::Field {
            field: "source.ref",
            problem: "names more than one of branch, tag and commit; keep one".to_owned(),
        }),
    }
}

fn interval(source: &Source) -> Result<Duration, FollowError> {
    let Some(text) = &source.interval else { return Ok(INTERVAL) };
    let wrong = |problem| FollowError::Field { field: "source.interval", problem };
    Ok(teal_api::duration::parse(text).map_err(wrong)?.max(LEAST_INTERVAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(reference: teal_api::sync::Reference) -> Source {
        let (url, path) = ("http://git.example/fleet".to_owned(), String::new());
        Source { url, reference, path, interval: None, secret_ref: None }
    }

    #[test]
    fn a_pin_wins_and_two_references_are_refused() {
        let pin = "0123456789012345678901234567890123456789";
        let branch = teal_api::sync::Reference { branch: Some("live".into()), ..Default::default() };
        let both = teal_api::sync::Reference { tag: Some("v1".into()), ..branch.clone() };
        assert_eq!(reference(&source(branch.clone()), Some(pin)).unwrap(), Reference::Commit(pin.parse().unwrap()));
        assert_eq!(reference(&source(branch), None).unwrap(), Reference::Branch("live".into()));
        assert_eq!(reference(&source(Default::default()), None).unwrap(), Reference::Branch("main".into()));
        assert!(reference(&source(both), None).unwrap_err().to_string().contains("keep one"));
        assert_eq!(reference(&source(Default::default()), Some("abc")).unwrap_err().reason(), "InvalidSpec");
    }

    fn sync(uid: &str) -> Followed {
        let text = serde_json::json!({
            "apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": "main", "uid": uid},
            "spec": {"color": "blue", "source": {"url": "http://git.example/fleet", "path": ""}},
        });
        Followed::One(Arc::new(serde_json::from_value(text).unwrap()))
    }

    #[tokio::test]
    async fn what_does_not_end_with_its_sync_is_left_and_its_namesake_is_another_one() {
        use futures::FutureExt as _;
        let (tell, told) = watch::channel(sync("old"));
        let gone = |patience: Duration| gone_for(patience, told.clone(), Some("old".to_owned()));
        let mut there = Box::pin(gone(Duration::ZERO));
        assert!(there.as_mut().now_or_never().is_none(), "it is there");
        // Deleted and made again at once: one word in the channel, with another UID.
        tell.send_replace(sync("new"));
        there.await;
        gone(Duration::ZERO).await;
        assert!(gone(Duration::from_secs(3600)).now_or_never().is_none(), "what is begun may end by itself");
        tell.send_replace(Followed::None);
        gone(Duration::ZERO).await;
        drop(tell);
        assert!(gone(Duration::from_secs(3600)).now_or_never().is_none(), "nobody tells any more: at the end of all");
    }

    #[test]
    fn g9_a_wrong_secret_is_named_and_not_shown() {
        let data = BTreeMap::from([("username".to_owned(), b"hunter2".to_vec())]);
        let error = credentials(&data, "teal-system", "git").unwrap_err().to_string();
        assert!(error.contains("teal-system/git") && !error.contains("hunter2"), "{error}");
    }
}
