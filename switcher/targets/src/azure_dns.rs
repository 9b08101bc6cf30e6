//! A record set of an Azure zone, public or private, and its ledger in the set's metadata: one PUT with `If-Match`
//! changes both, or neither.
//!
//! A PUT replaces the whole set, so it brings along what it read: other metadata stays. The answer to a PUT is the set
//! as Azure keeps it, and is compared with what was asked for. Nothing is retried; a lost answer is decided by reading
//! the ledger back.

mod commit;
mod follows;
mod heritage;
mod observe;
mod preflight;
mod read;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hickory_proto::rr::{Name, RecordType as DnsType};
use teal_api::switch::{AzureRecord, Destination, RecordType as Declared};
use teal_azure::dns::{RecordType, Zone, ZoneKind};
use teal_azure::{AzureError, Client};
use tokio::sync::OnceCell;

use crate::answer::{Answer, Untold};
use crate::config::{ConfigMistake, ConfigMistakes, Options};
use crate::error::TargetError;
use crate::flow::{Colors, Finding};
use crate::routed::{Change, Routed, Tag, Truths};
use crate::target::Holder;
use follows::Follows;
use preflight::Owned;

/// The one key of the metadata that is ours.
pub(crate) const KEY: &str = "teal";
/// Largest payload in bytes. Azure documents no limit for a value of metadata; this is what has been agreed on.
pub(crate) const LEDGER_LIMIT: usize = 512;
/// Azure's name servers know a change within 60 s (its FAQ).
const BOUND: Duration = Duration::from_secs(60);
/// Longest that ARM keeps a request after its sender has left; an assumption, harmless here: `If-Match` decides.
const LATE: Duration = Duration::from_secs(120);

/// A record set. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AzureDnsTarget(Arc<Inner>);

struct Inner {
    client: Client,
    zone: Zone,
    record: String,
    kind: RecordType,
    /// Routes nothing: a TXT set for a ledger alone.
    ledger_only: bool,
    /// The record's full name without the last dot, for people.
    shown: String,
    name: Name,
    apex: Name,
    declared_servers: Vec<String>,
    servers: OnceCell<Vec<String>>,
    follows: Follows,
    /// What external-dns was found to own, and by which TXT sets.
    owned: Mutex<Option<Owned>>,
    options: Options,
}

impl AzureDnsTarget {
    pub(crate) fn new(
        declared: &AzureRecord,
        private: bool,
        colors: &Colors,
        client: Client,
        options: Options,
    ) -> Result<Self, ConfigMistakes> {
        let kind = record_type(declared, private, colors).map_err(|mistake| ConfigMistakes(vec![mistake]))?;
        Self::made(declared, private, kind, false, colors, client, options)
    }

    pub(crate) fn ledger_only(
        declared: &AzureRecord,
        private: bool,
        client: Client,
        options: Options,
    ) -> Result<Self, ConfigMistakes> {
        Self::made(declared, private, RecordType::Txt, true, &Colors::new(), client, options)
    }

    fn made(
        declared: &AzureRecord,
        private: bool,
        kind: RecordType,
        ledger_only: bool,
        colors: &Colors,
        client: Client,
        options: Options,
    ) -> Result<Self, ConfigMistakes> {
        let word = if private { "azurePrivateDns" } else { "azureDns" };
        let zone_kind = if private { ZoneKind::Private } else { ZoneKind::Public };
        let mut mistakes = Vec::new();
        let place = |why: String| ConfigMistake::Place { kind: word, why };
        let zone = Zone::new(zone_kind, &declared.subscription, &declared.resource_group, &declared.zone)
            .map_err(|error| mistakes.push(place(error.to_string())))
            .ok();
        let shown = match declared.record.as_str() {
            "@" => declared.zone.clone(),
            record => format!("{record}.{}", declared.zone),
        };
        let absolute = |text: &str| Name::from_ascii(format!("{}.", text.trim_end_matches('.')));
        let names = absolute(&shown).and_then(|name| Ok((name, absolute(&declared.zone)?)));
        let names = names.map_err(|error| mistakes.push(place(format!("{shown} is no name: {error}")))).ok();
        for server in &declared.nameservers {
            if crate::wire::host_and_port(server).is_none() {
                mistakes.push(ConfigMistake::Server { server: server.clone() });
            }
        }
        let (Some(zone), Some((name, apex)), true) = (zone, names, mistakes.is_empty()) else {
            return Err(ConfigMistakes(mistakes));
        };
        let aliases =
            colors.values().filter_map(|to| if let Destination::ResourceId(id) = to { Some(id.clone()) } else { None });
        let follows = Follows::new(aliases.collect(), kind, &zone);
        Ok(Self(Arc::new(Inner {
            client,
            zone,
            record: declared.record.clone(),
            kind,
            ledger_only,
            shown,
            name,
            apex,
            declared_servers: declared.nameservers.clone(),
            servers: OnceCell::new(),
            follows,
            owned: Mutex::default(),
            options,
        })))
    }

    fn azure(&self, error: AzureError) -> TargetError {
        TargetError::azure(&self.0.shown, error)
    }

    fn dns_type(&self) -> DnsType {
        match self.0.kind {
            RecordType::A => DnsType::A,
            RecordType::Aaaa => DnsType::AAAA,
            RecordType::Cname => DnsType::CNAME,
            RecordType::Txt => DnsType::TXT,
        }
    }
}

/// The record's type, by what it points to; all colors must agree.
fn record_type(declared: &AzureRecord, private: bool, colors: &Colors) -> Result<RecordType, ConfigMistake> {
    let kind = if private { "azurePrivateDns" } else { "azureDns" };
    let named = declared.record_type.map(|named| match named {
        Declared::A => RecordType::A,
        Declared::Aaaa => RecordType::Aaaa,
        Declared::Cname => RecordType::Cname,
    });
    let mut found: Option<RecordType> = named;
    for (color, to) in colors {
        let own = match to {
            Destination::Ip(_) => Some(RecordType::A),
            Destination::Ipv6(_) => Some(RecordType::Aaaa),
            Destination::Cname(_) => Some(RecordType::Cname),
            Destination::ResourceId(_) | Destination::Named(_) => None,
        };
        match (found, own) {
            (Some(found), Some(own)) if found != own => {
                let wanted = "the same type of record for every color: a change between types is a gap";
                return Err(ConfigMistake::Destination { kind, color: color.clone(), wanted, found: to.to_string() });
            }
            (None, Some(own)) => found = Some(own),
            _ => {}
        }
    }
    if declared.record == "@" && found == Some(RecordType::Cname) {
        return Err(ConfigMistake::Place {
            kind,
            why: "a zone's own name can't be a CNAME; use an alias (`resourceId`)".into(),
        });
    }
    Ok(found.unwrap_or(RecordType::A))
}

#[async_trait]
impl Holder for AzureDnsTarget {
    fn name(&self) -> &str {
        &self.0.shown
    }

    fn truths(&self) -> Truths {
        let retry = self.0.client.retry();
        Truths {
            kind: if self.0.zone.kind == ZoneKind::Public { "azureDns" } else { "azurePrivateDns" },
            cas: true,
            ledger_limit: LEDGER_LIMIT,
            weights: None,
            settling: Duration::ZERO,
            propagation_bound: BOUND,
            copies: false,
            named: true,
            rollback_lane: true,
            // One attempt of the write, and then reading back, which may be repeated.
            request_life: retry.attempt.saturating_add(retry.deadline),
            late_write: LATE,
        }
    }

    async fn read(&self) -> Result<Routed, TargetError> {
        self.read_set().await
    }

    async fn commit(&self, expect: &Tag, change: Option<&Change>, ledger: &[u8]) -> Result<Routed, TargetError> {
        self.write_set(expect, change, ledger).await
    }

    async fn observe(&self) -> Vec<Answer> {
        self.ask_servers().await
    }

    async fn ask(&self, resolver: &str) -> Answer {
        crate::lookup::resolver(resolver, &self.0.name, self.dns_type(), self.0.options.timeout).await
    }

    fn clock_skew(&self) -> Option<i64> {
        self.0.client.clock_skew()
    }

    async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        self.findings().await
    }

    fn answered(&self, answer: &Answer) -> Option<Destination> {
        let value = answer.value()?;
        Some(self.0.follows.told(&value).map_or(value, Destination::ResourceId))
    }

    fn untold(&self, answer: &Answer) -> Option<Untold> {
        self.0.follows.untold(&answer.value()?)
    }

    fn unproven(&self) -> Option<String> {
        self.0.follows.unproven()
    }
}
