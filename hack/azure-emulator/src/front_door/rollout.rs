//! Slow configuration: what was written reaches the edges later, one change behind another.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::PROFILE;
use super::config::{Profile, compile};
use crate::arm::ResourceId;
use crate::world::World;

/// When a change of a profile that is made now arrives at the edges: it starts when the change before has arrived and
/// takes the propagation time of its kind.
pub(super) fn arrival(world: &mut World, profile: &ResourceId, kind: &str) -> Timestamp {
    let lag = world.propagation(kind);
    let now = world.now();
    let last = world.store.last_effective(&profile.key()).unwrap_or(now);
    last.max(now).checked_add(lag).unwrap_or(Timestamp::MAX)
}

/// How many changes of a profile are on their way.
pub(super) fn pending(world: &World, profile: &ResourceId) -> usize {
    world.store.coming(&profile.key(), world.now())
}

/// What all edges serve, until something arrives.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    revision: Option<u64>,
    until: Timestamp,
    hosts: Arc<HashMap<String, Arc<Profile>>>,
    profiles: Arc<Vec<Arc<Profile>>>,
}

/// The profiles that serve each host name now.
pub(crate) fn hosts(world: &mut World) -> Arc<HashMap<String, Arc<Profile>>> {
    refresh(world);
    world.runtime::<Edges>().hosts.clone()
}

/// All profiles as the edges know them now.
pub(crate) fn profiles(world: &mut World) -> Arc<Vec<Arc<Profile>>> {
    refresh(world);
    world.runtime::<Edges>().profiles.clone()
}

fn refresh(world: &mut World) {
    let (now, revision) = (world.now(), world.revision());
    let edges = world.runtime::<Edges>();
    if edges.revision == Some(revision) && now < edges.until {
        return;
    }
    let mut by_profile: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut classic = Vec::new();
    for key in world.store.known_below("/subscriptions/") {
        let Some(seen) = world.store.seen(key, now, Duration::ZERO) else { continue };
        if let Some(profile) = profile_key(key) {
            by_profile.entry(profile.to_owned()).or_default().insert(key.to_owned(), Value::Object(seen.body.clone()));
        } else if seen.id.is(crate::front_door_classic::FRONT_DOOR) {
            classic.push(seen.clone());
        }
    }
    let mut profiles: Vec<Arc<Profile>> = by_profile.iter().map(|(key, all)| Arc::new(compile(key, all))).collect();
    for door in classic {
        let body = Value::Object(door.body.clone());
        profiles.push(Arc::new(crate::front_door_classic::as_profile(&body, &door.id.to_string())));
    }
    let mut hosts = HashMap::new();
    for profile in &profiles {
        for host in profile.hosts.keys() {
            hosts.insert(host.clone(), profile.clone());
        }
    }
    let until = world.store.next_effective("/subscriptions/", now).unwrap_or(Timestamp::MAX);
    *world.runtime::<Edges>() =
        Edges { revision: Some(revision), until, hosts: Arc::new(hosts), profiles: Arc::new(profiles) };
}

/// The key of the profile that a key belongs to.
fn profile_key(key: &str) -> Option<&str> {
    let marker = format!("/providers/{}/", PROFILE.to_ascii_lowercase());
    let start = key.find(&marker)? + marker.len();
    let end = key.get(start..)?.find('/').map_or(key.len(), |at| start + at);
    key.get(..end)
}

#[cfg(test)]
mod tests {
    use super::profile_key;

    #[test]
    fn children_belong_to_their_profile() {
        let profile = "/subscriptions/s/resourcegroups/g/providers/microsoft.cdn/profiles/p";
        assert_eq!(profile_key(profile), Some(profile));
        assert_eq!(profile_key(&format!("{profile}/origingroups/g/origins/o")), Some(profile));
        assert_eq!(profile_key("/subscriptions/s/resourcegroups/g/providers/microsoft.network/dnszones/z"), None);
    }
}
