//! Reads all that the guard judges. Whatever can't be read is told as that, and never left out.

mod belongings;
mod cluster;
mod drain;
mod followed;
mod gateway;
mod git;
mod origins;
mod switches;
mod traffic_manager;
mod zones;

use futures::future::join_all;
use teal_api::colors::{Inspect, InspectKind};
use teal_azure::{AzureError, Client, ResourceId};
use teal_switcher_core::ledger::Stage;
use teal_switcher_core::retire::{ClusterSeen, Facts, Place, Pointer, State, SwitchSeen};

use crate::retirement::Retirement;

pub(crate) use belongings::Belongings;
pub(crate) use switches::Held;

/// Everything, with what a write of a ledger expects.
pub(crate) struct Gathered {
    pub(crate) facts: Facts,
    pub(crate) held: Vec<Held>,
    /// What a deletion expects.
    pub(crate) etag: Option<String>,
}

/// Looks at everything once.
pub(crate) async fn gather(of: &Retirement) -> Gathered {
    // Ledgers first: a stop that they tell of has been, so that a cluster which runs after it was started again.
    let ((mut switches, held), answers) = tokio::join!(switches::read(of), git::ask(of));
    let git = git::compare(of, answers, &mut switches).await;
    let mut cluster = cluster::read(of).await;
    if cluster.group_gone && deleting(&switches) {
        (cluster.seen, cluster.doomed) = (Ok(ClusterSeen::Gone), Ok(Vec::new()));
    }
    let running = matches!(&cluster.seen, Ok(ClusterSeen::There { state: State::Running, .. }));
    let gone = matches!(&cluster.seen, Ok(ClusterSeen::Gone));
    let (places, drain, uid) = tokio::join!(
        async { if gone { Vec::new() } else { places(of, &cluster.belongings).await } },
        drain::read(of),
        cluster::uid(of, running),
    );
    let facts = Facts {
        color: of.name.as_str().into(),
        now_ms: now_ms(of.client.clock_skew()),
        cluster: cluster.seen,
        uid,
        fingerprint: cluster.fingerprint,
        switches,
        git,
        strangers: of.strangers.clone(),
        places,
        drain,
        doomed: cluster.doomed,
    };
    Gathered { facts, held, etag: cluster.etag }
}

/// Has the deletion begun, by all ledgers that do not tell of its end?
fn deleting(switches: &[SwitchSeen]) -> bool {
    let stage = |one: &SwitchSeen| one.ledger.as_ref().ok().map(|ledger| ledger.retirement().map(|one| one.stage));
    let told: Option<Vec<_>> = switches.iter().map(stage).collect();
    let stages: Vec<Stage> = told.unwrap_or_default().into_iter().flatten().collect();
    !stages.is_empty() && stages.iter().all(|stage| *stage == Stage::Deleting)
}

/// By Azure's clock: ours may be wrong by more than the scream time.
fn now_ms(skew: Option<i64>) -> u64 {
    let ours = jiff::Timestamp::now().as_millisecond();
    u64::try_from(ours.saturating_add(skew.unwrap_or(0).saturating_mul(1000))).unwrap_or(0)
}

async fn places(of: &Retirement, belongings: &Belongings) -> Vec<Place> {
    let searched = of.color.inspect.iter().map(|inspect| search(&of.client, inspect, belongings));
    let mut places = join_all(searched).await;
    places.extend(zones::aliases(of, belongings).await);
    places
}

async fn search(client: &Client, inspect: &Inspect, belongings: &Belongings) -> Place {
    let name = |what: &str| format!("{what} {}", inspect.id.rsplit('/').next().unwrap_or_default());
    let (name, found) = match inspect.id.parse::<ResourceId>() {
        Err(error) => (inspect.id.clone(), Err(error.to_string())),
        Ok(id) => {
            let (what, found) = match inspect.kind {
                InspectKind::Zone => ("zone", zones::search(client, id, true, belongings).await),
                InspectKind::PrivateZone => ("private zone", zones::search(client, id, false, belongings).await),
                InspectKind::FrontDoor => ("Front Door", origins::search(client, id, belongings).await),
                InspectKind::FrontDoorClassic => {
                    ("classic Front Door", origins::search_classic(client, id, belongings).await)
                }
                InspectKind::TrafficManager => {
                    ("Traffic Manager profile", traffic_manager::search(client, id, belongings).await)
                }
                InspectKind::ApplicationGateway => {
                    ("Application Gateway", gateway::search(client, id, belongings).await)
                }
            };
            (name(what), found.map_err(|error| error.to_string()))
        }
    };
    Place { name, declared: true, found }
}

/// What a search came to.
type Found = Result<Vec<Pointer>, AzureError>;
