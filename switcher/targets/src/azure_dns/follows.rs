//! What alias records follow, and which color an answer is therefore of.
//!
//! An alias is answered as the addresses of what it follows. Those of a public IP resource and of another record set can
//! be learned. Those of a profile or an endpoint can't be told by color: they change by themselves, and several colors
//! may share them. Its host name, which a CNAME record answers, is its own: where that is answered it tells the color,
//! and whatever else is answered tells none.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use teal_api::switch::Destination;
use teal_azure::dns::{RecordType, Records, Zone};
use teal_azure::{AzureError, Client, ResourceId};
use tokio::time::Instant;

use crate::answer::Untold;

/// The aliases of all colors.
pub(super) struct Follows {
    each: Vec<Alias>,
    /// Why no answer can ever be told by color.
    never: Option<String>,
    /// Why none but the known ones can.
    other: Option<String>,
    kind: RecordType,
    known: Mutex<BTreeMap<String, Known>>,
}

/// One color's alias.
struct Alias {
    /// Canonical, as the declaration has it.
    id: String,
    from: Option<Source>,
}

/// Where its answer is learned from.
enum Source {
    Address(ResourceId),
    /// Another set of the zone, by its name.
    Set(String),
    /// What has a host name of its own; and what it is.
    Host(ResourceId, &'static str),
}

/// What is known of one, and when it was looked at.
struct Known {
    looked: Instant,
    answers: Answers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Answers {
    /// Exactly this.
    These(Destination),
    /// Nothing that could be compared; with why. `lasting`: asking again is of no use by itself.
    Unknown { why: String, lasting: bool },
}

impl Follows {
    pub(super) fn new(ids: Vec<String>, kind: RecordType, zone: &Zone) -> Self {
        let (mut each, mut never, mut other) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            let from = source_of(&id, kind, zone);
            match &from {
                Ok(Source::Host(_, what)) => other.push(*what),
                Ok(_) => {}
                Err(what) => never.push(*what),
            }
            each.push(Alias { id, from: from.ok() });
        }
        let why = |mut what: Vec<&str>| {
            what.sort_unstable();
            what.dedup();
            let follows = what.join(" and ");
            (!what.is_empty()).then(|| {
                format!(
                    "the alias follows {follows}: its answers change by themselves and may be the same for every color"
                )
            })
        };
        Self { each, never: why(never), other: why(other), kind, known: Mutex::default() }
    }

    /// Learns what is not known yet, or all of it anew; nothing is looked at twice within `pause`.
    pub(super) async fn learn(&self, client: &Client, zone: &Zone, anew: bool, pause: Duration) {
        if self.never.is_some() {
            return;
        }
        for Alias { id, from } in &self.each {
            let due = lock(&self.known).get(id).is_none_or(|known| {
                (anew || !matches!(known.answers, Answers::These(_))) && known.looked.elapsed() >= pause
            });
            let Some(from) = from.as_ref().filter(|_| due) else { continue };
            let looked = Instant::now();
            let answers = self.look(from, client, zone).await;
            lock(&self.known).insert(id.clone(), Known { looked, answers });
        }
    }

    async fn look(&self, from: &Source, client: &Client, zone: &Zone) -> Answers {
        let unknown = |why: String, lasting| Answers::Unknown { why, lasting };
        match from {
            Source::Address(id) => match client.public_ip(id).await {
                Ok(Some(std::net::IpAddr::V4(ip))) => Answers::These(Destination::Ip(vec![ip])),
                Ok(Some(std::net::IpAddr::V6(ip))) => Answers::These(Destination::Ipv6(vec![ip])),
                Ok(None) => unknown(format!("{id} has no address yet"), false),
                Err(error) => failed(&error),
            },
            Source::Host(id, _) => match client.host_name(id).await {
                Ok(Some(name)) => Answers::These(Destination::Cname(name).canonical()),
                Ok(None) => unknown(format!("{id} has no host name yet"), false),
                Err(error) => failed(&error),
            },
            Source::Set(name) => match client.record_set(zone, self.kind, name).await {
                Ok(Some(set)) => match set.records {
                    Records::A(list) if !list.is_empty() => Answers::These(Destination::Ip(list).canonical()),
                    Records::Aaaa(list) if !list.is_empty() => Answers::These(Destination::Ipv6(list).canonical()),
                    Records::Cname(name) => Answers::These(Destination::Cname(name).canonical()),
                    _ if set.target.is_some() => unknown(format!("the record set {name} is an alias itself"), true),
                    _ => unknown(format!("the record set {name} is empty"), false),
                },
                Ok(None) => unknown(format!("there is no record set {name}"), false),
                Err(error) => failed(&error),
            },
        }
    }

    /// The alias that is answered so, when it is exactly one.
    pub(super) fn told(&self, value: &Destination) -> Option<String> {
        if self.never.is_some() {
            return None;
        }
        let known = lock(&self.known);
        let mut same = known.iter().filter(|(_, known)| known.answers == Answers::These(value.clone()));
        let first = same.next()?;
        same.next().is_none().then(|| first.0.clone())
    }

    /// Why such an answer can't be told by color; `None` when it can, or is none of ours.
    pub(super) fn untold(&self, value: &Destination) -> Option<Untold> {
        if let Some(why) = &self.never {
            return Some(Untold { why: why.clone(), lasting: true });
        }
        let known = lock(&self.known);
        let same = known.values().filter(|known| known.answers == Answers::These(value.clone())).count();
        match same {
            0 => {
                let (whys, lasting) = unknown(known.values());
                let learned = (!whys.is_empty()).then(|| Untold { why: whys.join("; "), lasting });
                learned.or_else(|| self.other.clone().map(|why| Untold { why, lasting: true }))
            }
            1 => None,
            _ => Some(Untold { why: "the aliases of several colors are answered alike".to_owned(), lasting: true }),
        }
    }

    /// Is it an answer of none of what is known?
    pub(super) fn strange(&self, value: &Destination) -> bool {
        let known = lock(&self.known);
        !self.each.is_empty() && !known.values().any(|known| known.answers == Answers::These(value.clone()))
    }

    /// Why changes can't be seen from outside, when that won't end by itself.
    pub(super) fn unproven(&self) -> Option<String> {
        let lasting = |known: &&Known| matches!(known.answers, Answers::Unknown { lasting: true, .. });
        let learned = || {
            let known = lock(&self.known);
            let (whys, _) = unknown(known.values().filter(lasting));
            (!whys.is_empty()).then(|| format!("what its alias answers is not known: {}", whys.join("; ")))
        };
        self.never.clone().or_else(learned)
    }

    /// What could not be learned, for people.
    pub(super) fn warnings(&self) -> Vec<String> {
        let (whys, _) = unknown(lock(&self.known).values());
        whys.into_iter().map(|why| format!("what its alias answers is not known: {why}")).collect()
    }
}

/// Why some are not known, and whether that lasts for all of these.
fn unknown<'a>(known: impl Iterator<Item = &'a Known>) -> (Vec<String>, bool) {
    let (mut whys, mut all) = (Vec::new(), true);
    for known in known {
        if let Answers::Unknown { why, lasting } = &known.answers {
            whys.push(why.clone());
            all &= lasting;
        }
    }
    (whys, all)
}

/// A missing role is missing tomorrow, too; what Azure fails at today is asked again.
fn failed(error: &AzureError) -> Answers {
    Answers::Unknown { why: error.steady(), lasting: !error.transient() }
}

/// Where an alias's answers are learned from; else what it follows.
fn source_of(id: &str, kind: RecordType, zone: &Zone) -> Result<Source, &'static str> {
    let id: ResourceId = id.parse().map_err(|_| "something that is no resource")?;
    let of = id.kind();
    match of.as_str() {
        "microsoft.network/publicipaddresses" => Ok(Source::Address(id)),
        "microsoft.network/trafficmanagerprofiles" => host(id, kind, "a Traffic Manager profile"),
        "microsoft.cdn/profiles/afdendpoints" => host(id, kind, "a Front Door endpoint"),
        "microsoft.cdn/profiles/endpoints" => host(id, kind, "a CDN endpoint"),
        "microsoft.network/frontdoors" => Err("a classic Front Door"),
        _ if zone.id.holds(&id) && of == format!("{}/{}", zone.id.kind(), kind.as_str().to_ascii_lowercase()) => {
            Ok(Source::Set(id.name().to_owned()))
        }
        _ => Err("something that has no addresses of its own"),
    }
}

/// A CNAME record answers the host name of what it follows, and no other record does.
fn host(id: ResourceId, kind: RecordType, what: &'static str) -> Result<Source, &'static str> {
    if kind == RecordType::Cname { Ok(Source::Host(id, what)) } else { Err(what) }
}

/// A poisoned lock still holds whole values: every critical section here only assigns.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
