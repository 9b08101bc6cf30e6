//! One zone as a name server sees it: late by its lag.

use std::sync::Arc;
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};

use super::answer::{absolute, resolve};
use crate::arm::ResourceId;
use crate::dns_records::{Flavor, KINDS, Kind, data, validate};
use crate::provider::{NameAnswer, Provider};
use crate::world::{Resource, World};

/// TTL of an alias without one: never seen, since every set has one.
const ALIAS_TTL: u32 = 60;

/// A zone that a name lies in.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    flavor: Flavor,
    /// Stored key.
    key: String,
    /// Its name, lower case.
    name: String,
}

/// What a zone or a service has for a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// TTL and data.
    Records(u32, Vec<RData>),
    /// TTL and another name.
    Cname(u32, String),
    /// TTL, cut and servers of a delegation, and the addresses of those that lie below the cut.
    Referral(u32, Name, Vec<RData>, Vec<(Name, u32, RData)>),
    /// Nothing of this kind.
    Nothing {
        /// The name exists.
        exists: bool,
        /// For how long that may be remembered: zone, TTL and SOA.
        soa: Option<(Name, u32, RData)>,
    },
}

fn lag(world: &World, server: usize) -> Duration {
    let seconds = world.settings.propagation.servers.get(server).copied().unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// The zone that a name lies in: the one with the longest name; of two with the same, the private one.
pub(super) fn find(world: &World, name: &str, server: usize) -> Option<Zone> {
    let lag = lag(world, server);
    let mut rest = Some(name);
    while let Some(suffix) = rest {
        for flavor in [Flavor::Private, Flavor::Public] {
            let kind = flavor.zone().to_ascii_lowercase();
            let mut keys = world.store.tops(&kind, suffix);
            if let Some(key) = keys.find(|key| world.store.seen(key, world.now(), lag).is_some()) {
                return Some(Zone { flavor, key: key.to_owned(), name: suffix.to_owned() });
            }
        }
        rest = suffix.split_once('.').map(|(_, rest)| rest);
    }
    None
}

impl Zone {
    /// Its resource, as metrics are kept by.
    pub(super) fn resource(&self) -> &str {
        &self.key
    }

    fn set<'a>(&self, world: &'a World, kind: &Kind, name: &str, lag: Duration) -> Option<&'a Arc<Resource>> {
        let key = format!("{}/{}/{name}", self.key, kind.name.to_ascii_lowercase());
        world.store.seen(&key, world.now(), lag)
    }

    /// Does a name exist, if only because something lies below it?
    fn exists(&self, world: &World, name: &str, lag: Duration) -> bool {
        if name == "@" || KINDS.iter().any(|kind| self.set(world, kind, name, lag).is_some()) {
            return true;
        }
        let below = format!(".{name}");
        let prefix = format!("{}/", self.key);
        world
            .store
            .known_below(&prefix)
            .any(|key| key.ends_with(&below) && world.store.seen(key, world.now(), lag).is_some())
    }

    fn soa(&self, world: &World, lag: Duration) -> Option<(Name, u32, RData)> {
        let kind = self.flavor.kind("SOA")?;
        let (ttl, data) = data::of(self.flavor, kind, self.set(world, kind, "@", lag)?.properties())?;
        let soa = data.into_iter().next()?;
        let minimum = match &soa {
            RData::SOA(soa) => soa.minimum,
            _ => ttl,
        };
        Some((absolute(&self.name)?, ttl.min(minimum), soa))
    }
}

/// Looks a name up in its zone.
pub(super) fn look(
    world: &mut World,
    providers: &[Box<dyn Provider>],
    zone: &Zone,
    name: &str,
    kind: RecordType,
    server: usize,
) -> Option<Found> {
    let lag = lag(world, server);
    let relative = match name.strip_suffix(&zone.name) {
        Some("") => "@",
        Some(label) => label.trim_end_matches('.'),
        None => return None,
    };
    if let Some(referral) = delegation(world, zone, relative, kind, lag) {
        return Some(referral);
    }
    if let Some(found) = at(world, providers, zone, relative, kind, lag) {
        return Some(found);
    }
    let soa = zone.soa(world, lag);
    if zone.exists(world, relative, lag) {
        return Some(Found::Nothing { exists: true, soa });
    }
    if let Some(wildcard) = wildcard(world, zone, relative, lag) {
        let found = at(world, providers, zone, &wildcard, kind, lag);
        return Some(found.unwrap_or(Found::Nothing { exists: true, soa }));
    }
    Some(Found::Nothing { exists: false, soa })
}

/// The wildcard that stands for a name that does not exist: below its closest ancestor that does.
fn wildcard(world: &World, zone: &Zone, relative: &str, lag: Duration) -> Option<String> {
    let mut rest = relative;
    loop {
        let (ancestor, star) = match rest.split_once('.') {
            Some((_, ancestor)) => (ancestor, format!("*.{ancestor}")),
            None => ("@", "*".to_owned()),
        };
        if KINDS.iter().any(|kind| zone.set(world, kind, &star, lag).is_some()) {
            return Some(star);
        }
        if ancestor == "@" || zone.exists(world, ancestor, lag) {
            return None;
        }
        rest = ancestor;
    }
}

/// A set of NS below the apex: what lies there is somebody else's.
fn delegation(world: &World, zone: &Zone, relative: &str, kind: RecordType, lag: Duration) -> Option<Found> {
    let ns = zone.flavor.kind("NS").filter(|_| relative != "@")?;
    let mut cut = relative;
    loop {
        if let Some(set) = zone.set(world, ns, cut, lag) {
            // The parent answers for DS at the cut itself.
            if cut == relative && kind == RecordType::DS {
                return None;
            }
            let (ttl, data) = data::of(zone.flavor, ns, set.properties())?;
            let glue = glue(world, zone, cut, &data, lag);
            return Some(Found::Referral(ttl, absolute(&format!("{cut}.{}", zone.name))?, data, glue));
        }
        cut = cut.split_once('.')?.1;
    }
}

/// Addresses of servers that can't be found without them, since they lie in what they serve.
fn glue(world: &World, zone: &Zone, cut: &str, servers: &[RData], lag: Duration) -> Vec<(Name, u32, RData)> {
    let mut found = Vec::new();
    for server in servers {
        let RData::NS(server) = server else { continue };
        let name = server.0.to_utf8().trim_end_matches('.').to_ascii_lowercase();
        let relative = name.strip_suffix(&zone.name).map(|label| label.trim_end_matches('.'));
        let Some(relative) = relative.filter(|label| *label == cut || label.ends_with(&format!(".{cut}"))) else {
            continue;
        };
        for kind in ["A", "AAAA"].into_iter().filter_map(|kind| zone.flavor.kind(kind)) {
            let addresses = zone.set(world, kind, relative, lag);
            let addresses = addresses.and_then(|set| data::of(zone.flavor, kind, set.properties()));
            for (ttl, one) in addresses.into_iter().flat_map(|(ttl, data)| data.into_iter().map(move |one| (ttl, one)))
            {
                found.push((server.0.clone(), ttl, one));
            }
        }
    }
    found
}

/// What stands at a name itself: the kind, or a CNAME; for ANY the first kind there is.
fn at(
    world: &mut World,
    providers: &[Box<dyn Provider>],
    zone: &Zone,
    relative: &str,
    kind: RecordType,
    lag: Duration,
) -> Option<Found> {
    let wanted = |one: &&Kind| one.rr == kind || one.rr == RecordType::CNAME || kind == RecordType::ANY;
    // A set of the kind itself goes first.
    let mut kinds: Vec<&Kind> = KINDS.iter().filter(wanted).collect();
    kinds.sort_by_key(|one| one.rr != kind);
    for one in kinds {
        let Some(set) = zone.set(world, one, relative, lag).cloned() else { continue };
        if let Some(target) = validate::alias(set.properties()) {
            let Ok(target) = ResourceId::parse(target) else { continue };
            let ttl = set.property(zone.flavor.ttl()).as_u64().and_then(|ttl| u32::try_from(ttl).ok());
            match alias(world, providers, zone, &target, one, lag) {
                Some(NameAnswer::Records { ttl: own, data }) => {
                    return Some(Found::Records(own.min(ttl.unwrap_or(own)), data));
                }
                Some(NameAnswer::Cname { target, .. }) if one.rr == RecordType::CNAME => {
                    return Some(Found::Cname(ttl.unwrap_or(ALIAS_TTL), target));
                }
                // An address alias never shows the name behind it.
                Some(NameAnswer::Cname { target, .. }) => {
                    let data = resolve(world, providers, &target, one.rr);
                    if !data.is_empty() {
                        let data = data.into_iter().map(|(_, data)| data).collect();
                        return Some(Found::Records(ttl.unwrap_or(ALIAS_TTL), data));
                    }
                }
                _ => {}
            }
            continue;
        }
        if let Some((ttl, data)) = data::of(zone.flavor, one, set.properties()) {
            return Some(match data.first() {
                Some(RData::CNAME(target)) => {
                    Found::Cname(ttl, target.to_utf8().trim_end_matches('.').to_ascii_lowercase())
                }
                _ => Found::Records(ttl, data),
            });
        }
    }
    None
}

fn alias(
    world: &mut World,
    providers: &[Box<dyn Provider>],
    zone: &Zone,
    target: &ResourceId,
    kind: &Kind,
    lag: Duration,
) -> Option<NameAnswer> {
    let key = target.key();
    if key.starts_with(&format!("{}/", zone.key)) {
        let set = world.store.seen(&key, world.now(), lag)?;
        let (ttl, data) = data::of(zone.flavor, kind, set.properties())?;
        return Some(NameAnswer::Records { ttl, data });
    }
    providers.iter().filter_map(|provider| provider.names()).find_map(|names| names.alias(world, target, kind.rr))
}
