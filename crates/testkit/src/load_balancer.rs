//! The cloud's part of a Service of type LoadBalancer: an address from a range.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use futures::TryStreamExt;
use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::watcher::{self, Event};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Gives addresses as long as it lives. Dropping it stops that; addresses already given stay.
#[derive(Debug)]
pub struct LoadBalancer {
    _cancel: DropGuard,
    task: JoinHandle<()>,
}

impl LoadBalancer {
    /// Starts to watch all Services of a cluster and to give those of type LoadBalancer one address each, the lowest
    /// that is free in `first..=last`. A Service may ask for one by `spec.loadBalancerIP`.
    ///
    /// A Service that is deleted or changes its type frees its address. When none is free, a Service waits until one is.
    #[must_use]
    pub fn start(client: Client, first: Ipv4Addr, last: Ipv4Addr) -> Self {
        let cancel = CancellationToken::new();
        let stopped = cancel.clone();
        let task = tokio::spawn(async move {
            stopped.run_until_cancelled(serve(client, Addresses::new(first, last))).await;
        });
        Self { _cancel: cancel.drop_guard(), task }
    }

    /// Whether it still works; only a panic ends it early.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}

/// Watches for ever: the watch itself goes on after errors, with back-off.
async fn serve(client: Client, mut addresses: Addresses) {
    use kube::runtime::WatchStreamExt;
    let services: Api<Service> = Api::all(client.clone());
    let mut events = std::pin::pin!(kube::runtime::watcher(services, watcher::Config::default()).default_backoff());
    loop {
        match events.try_next().await {
            Ok(Some(event)) => handle(&client, &mut addresses, event).await,
            Ok(None) => return,
            Err(error) => tracing::debug!(%error, "watching Services"),
        }
    }
}

async fn handle(client: &Client, addresses: &mut Addresses, event: Event<Service>) {
    let settled = match event {
        Event::Apply(service) | Event::InitApply(service) => settle(client, addresses, &service).await,
        Event::Delete(service) => settle_rest(client, addresses, &key(&service)).await,
        Event::Init | Event::InitDone => Ok(()),
    };
    if let Err(error) = settled {
        // The Service comes by again with its next change; a test that waits in vain finds this in its output.
        tracing::warn!(error = format!("{error:#}"), "giving a load balancer's address");
    }
}

/// Brings one Service's status to what it should be.
async fn settle(client: &Client, addresses: &mut Addresses, service: &Service) -> Result<()> {
    let key = key(service);
    let spec = service.spec.as_ref();
    if spec.and_then(|spec| spec.type_.as_deref()) != Some("LoadBalancer") {
        return settle_rest(client, addresses, &key).await;
    }
    if let Some(given) = given(service) {
        addresses.keep(key, given);
        return Ok(());
    }
    let wish = spec.and_then(|spec| spec.load_balancer_ip.as_deref()).and_then(|ip| ip.parse().ok());
    match addresses.take(key.clone(), wish) {
        Some(address) => publish(client, &key, address).await,
        None => Ok(()),
    }
}

/// A Service is gone: whoever waits for an address can have its one.
async fn settle_rest(client: &Client, addresses: &mut Addresses, gone: &Key) -> Result<()> {
    if let Some((key, address)) = addresses.free(gone) {
        publish(client, &key, address).await?;
    }
    Ok(())
}

async fn publish(client: &Client, (namespace, name): &Key, address: Ipv4Addr) -> Result<()> {
    let services: Api<Service> = Api::namespaced(client.clone(), namespace);
    let ingress = json!([{ "ip": address, "ipMode": "VIP" }]);
    let status = Patch::Merge(json!({ "status": { "loadBalancer": { "ingress": ingress } } }));
    let written = services.patch_status(name, &PatchParams::default(), &status).await;
    written.with_context(|| format!("write the status of {namespace}/{name}"))?;
    Ok(())
}

type Key = (String, String);

fn key(service: &Service) -> Key {
    (service.namespace().unwrap_or_default(), service.name_any())
}

fn given(service: &Service) -> Option<Ipv4Addr> {
    let balancer = service.status.as_ref()?.load_balancer.as_ref()?;
    balancer.ingress.as_ref()?.first()?.ip.as_ref()?.parse().ok()
}

/// Who has which address, and who waits for one.
#[derive(Debug)]
struct Addresses {
    free: BTreeSet<Ipv4Addr>,
    held: BTreeMap<Key, Ipv4Addr>,
    waiting: BTreeSet<Key>,
}

impl Addresses {
    fn new(first: Ipv4Addr, last: Ipv4Addr) -> Self {
        let free = (u32::from(first)..=u32::from(last)).map(Ipv4Addr::from).collect();
        Self { free, held: BTreeMap::new(), waiting: BTreeSet::new() }
    }

    /// Notes an address that a Service already shows.
    fn keep(&mut self, key: Key, address: Ipv4Addr) {
        self.free.remove(&address);
        self.held.insert(key, address);
    }

    /// The address of this Service: the one it has, the one it wants, or the lowest free one.
    fn take(&mut self, key: Key, wish: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let wanted = self.held.get(&key).copied().or(wish).or_else(|| self.free.first().copied());
        match wanted {
            Some(address) => {
                self.keep(key, address);
                Some(address)
            }
            None => {
                self.waiting.insert(key);
                None
            }
        }
    }

    /// Frees the address of one Service and gives it to one that waits, if any does.
    fn free(&mut self, gone: &Key) -> Option<(Key, Ipv4Addr)> {
        self.waiting.remove(gone);
        let address = self.held.remove(gone)?;
        match self.waiting.pop_first() {
            Some(next) => {
                self.held.insert(next.clone(), address);
                Some((next, address))
            }
            None => {
                self.free.insert(address);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::Addresses;

    fn key(name: &str) -> super::Key {
        ("default".to_owned(), name.to_owned())
    }

    #[test]
    fn a_freed_address_goes_to_whoever_waits() {
        let (one, two) = (Ipv4Addr::new(10, 9, 0, 1), Ipv4Addr::new(10, 9, 0, 2));
        let mut addresses = Addresses::new(one, two);
        assert_eq!(addresses.take(key("a"), None), Some(one));
        assert_eq!(addresses.take(key("a"), None), Some(one), "asking twice changes nothing");
        assert_eq!(addresses.take(key("b"), Some(two)), Some(two));
        assert_eq!(addresses.take(key("c"), None), None);
        assert_eq!(addresses.free(&key("a")), Some((key("c"), one)));
        assert_eq!(addresses.free(&key("b")), None);
        assert_eq!(addresses.take(key("d"), None), Some(two));
    }
}
