//! The cluster, what goes with it, and what is its own.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::Api;
use ring::digest::{SHA256, digest};
use teal_azure::aks::Cluster;
use teal_azure::{AzureError, Client, ResourceId};
use teal_switcher::cluster::Access;
use teal_switcher_core::retire::{ClusterSeen, Doomed, DoomedKind, State};

use super::Belongings;
use super::followed::{self, PUBLIC_IP};
use crate::retirement::Retirement;

/// Longest wait for the API server.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Types that hold data.
const DATA: &[&str] = &[
    "microsoft.compute/disks",
    "microsoft.compute/snapshots",
    "microsoft.storage/storageaccounts",
    "microsoft.netapp/netappaccounts",
    "microsoft.elasticsan/elasticsans",
];

pub(super) struct ClusterRead {
    pub(super) seen: Result<ClusterSeen, String>,
    pub(super) etag: Option<String>,
    /// See [`teal_switcher_core::retire::Facts::fingerprint`].
    pub(super) fingerprint: Option<String>,
    /// Its resource group is not there: that is the end of a cluster whose deletion had begun, and a wrong id otherwise.
    pub(super) group_gone: bool,
    pub(super) doomed: Result<Vec<Doomed>, String>,
    pub(super) belongings: Belongings,
}

/// Reads the cluster and its node group; addresses found there belong to the color as the declared ones do.
pub(super) async fn read(of: &Retirement) -> ClusterRead {
    let mut belongings = declared(of);
    let mut announced: Vec<ResourceId> = of.color.resources.iter().filter_map(|id| id.parse().ok()).collect();
    let cluster = match of.client.cluster(&of.aks).await {
        Ok(cluster) => cluster,
        Err(error) => {
            let why = error.to_string();
            let mut read = ClusterRead::without(Err(why.clone()), Err(why), belongings);
            read.group_gone =
                matches!(&error, AzureError::NotFound { said, .. } if said.code == "ResourceGroupNotFound");
            return read;
        }
    };
    let Some(cluster) = cluster else {
        return ClusterRead::without(Ok(ClusterSeen::Gone), Ok(Vec::new()), belongings);
    };
    [&cluster.fqdn, &cluster.private_fqdn].into_iter().flatten().for_each(|host| belongings.add_host(host));
    let doomed = match node_group(of, &cluster, &mut belongings).await {
        Ok(found) => {
            announced.extend(found.iter().filter(|id| id.kind() == PUBLIC_IP).cloned());
            let addresses = addresses(&of.client, &announced, &mut belongings).await;
            addresses.map(|()| doomed(of, &found)).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    let told = format!("{}, {}", word(&cluster.provisioning_state), word(&cluster.power_state.code));
    let seen = Ok(ClusterSeen::There { state: state(&cluster), told });
    let fingerprint = cluster.resource_uid.as_deref().filter(|uid| !uid.is_empty()).map(fingerprint);
    ClusterRead { etag: cluster.etag, fingerprint, ..ClusterRead::without(seen, doomed, belongings) }
}

/// Short, so that a ledger has room for it; it guards against accidents, not against forgers.
fn fingerprint(uid: &str) -> String {
    hex::encode(digest(&SHA256, uid.as_bytes()).as_ref().get(..4).unwrap_or_default())
}

impl ClusterRead {
    fn without(seen: Result<ClusterSeen, String>, doomed: Result<Vec<Doomed>, String>, belongings: Belongings) -> Self {
        Self { seen, etag: None, fingerprint: None, group_gone: false, doomed, belongings }
    }
}

fn declared(of: &Retirement) -> Belongings {
    let mut belongings = Belongings::default();
    of.color.ips.iter().for_each(|ip| belongings.add_ip(*ip));
    of.color.hosts.iter().for_each(|host| belongings.add_host(host));
    of.color.resources.iter().filter_map(|id| id.parse().ok()).for_each(|id| belongings.add_resource(id));
    belongings.add_resource(of.aks.id.clone());
    for named in &of.switches {
        let targets = named.switch.targets.iter().filter_map(|target| target.to.get(&named.color));
        targets.for_each(|to| belongings.add_destination(to));
    }
    belongings
}

async fn node_group(
    of: &Retirement,
    cluster: &Cluster,
    belongings: &mut Belongings,
) -> Result<Vec<ResourceId>, AzureError> {
    let Some(group) = &cluster.node_resource_group else { return Ok(Vec::new()) };
    belongings.add_group(of.aks.id.subscription(), group);
    of.client.group_resources(&of.aks.id, group).await
}

/// Address and name of every public address among these.
async fn addresses(client: &Client, ids: &[ResourceId], belongings: &mut Belongings) -> Result<(), AzureError> {
    for id in ids.iter().filter(|id| id.kind() == PUBLIC_IP) {
        let Some(public) = followed::read(client, id).await? else { continue };
        public.ip.into_iter().for_each(|ip| belongings.add_ip(ip));
        public.host.iter().for_each(|host| belongings.add_host(host));
        belongings.add_resource(id.clone());
    }
    Ok(())
}

fn doomed(of: &Retirement, found: &[ResourceId]) -> Vec<Doomed> {
    let announced = |id: &ResourceId| {
        of.color.resources.iter().filter_map(|own| own.parse::<ResourceId>().ok()).any(|own| own.holds(id))
    };
    let one = |id: &ResourceId| {
        let kind = match id.kind().as_str() {
            PUBLIC_IP => DoomedKind::Address,
            data if DATA.contains(&data) => DoomedKind::Data,
            _ => DoomedKind::Other,
        };
        Doomed { id: id.to_string(), kind, announced: announced(id) }
    };
    found.iter().map(one).collect()
}

fn word(text: &str) -> &str {
    if text.is_empty() { "not told" } else { text }
}

/// What ARM's two words mean together. A failed or cancelled operation leaves the power state as the truth.
fn state(cluster: &Cluster) -> State {
    let stopped = cluster.power_state.code.eq_ignore_ascii_case("Stopped");
    match cluster.provisioning_state.to_ascii_lowercase().as_str() {
        "stopping" => State::Stopping,
        "starting" => State::Starting,
        "deleting" => State::Deleting,
        "succeeded" | "failed" | "canceled" | "cancelled" if stopped => State::Stopped,
        "succeeded" | "failed" | "canceled" | "cancelled" => State::Running,
        _ => State::Busy,
    }
}

/// Pinned and found UID of `kube-system`; `None` when none is pinned.
pub(super) async fn uid(of: &Retirement, running: bool) -> Option<(String, Result<String, String>)> {
    let pinned = of.color.uid.clone()?;
    if !running {
        return Some((pinned, Err("it does not run; start it, so that it can show which it is".to_owned())));
    }
    let access = Access::Aks { id: of.aks.id.to_string(), azure: of.client.clone() };
    let cluster = teal_switcher::cluster::Cluster::new(&of.name, access, TIMEOUT);
    let ask = async {
        let client = cluster.client().await.map_err(|error| error.to_string())?;
        let found = Api::<Namespace>::all(client).get("kube-system").await.map_err(|error| error.to_string())?;
        Ok(found.uid().unwrap_or_default())
    };
    let found = tokio::time::timeout(TIMEOUT, ask).await;
    Some((pinned, found.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_of_arm_are_one_state() {
        for (provisioning, power, want) in [
            ("Succeeded", "Running", State::Running),
            ("Succeeded", "Stopped", State::Stopped),
            ("Canceled", "Running", State::Running),
            ("Failed", "Stopped", State::Stopped),
            ("Stopping", "Running", State::Stopping),
            ("Starting", "Stopped", State::Starting),
            ("Deleting", "Stopped", State::Deleting),
            ("Upgrading", "Running", State::Busy),
            ("", "", State::Busy),
        ] {
            let mut cluster = Cluster { provisioning_state: provisioning.to_owned(), ..Cluster::default() };
            cluster.power_state.code = power.to_owned();
            assert_eq!(state(&cluster), want, "{provisioning}, {power}");
        }
    }
}
