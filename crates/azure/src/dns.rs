//! Azure DNS and Azure Private DNS: zones and record sets. The two speak the same verbs with other keys.

mod set;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::id::{IdError, ResourceId};
use crate::request::{Condition, Effect, Method, Needs, Place, Request, segments};
use crate::versions;

pub use set::{RecordSet, RecordType, Records, SetBody};

/// Which of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZoneKind {
    /// `Microsoft.Network/dnsZones`, answered to the whole world.
    Public,
    /// `Microsoft.Network/privateDnsZones`, answered inside linked networks.
    Private,
}

/// One zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Which service.
    pub kind: ZoneKind,
    /// Its id.
    pub id: ResourceId,
}

/// What is told of a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ZoneFacts {
    /// Its name servers, with a dot at the end; empty for private zones.
    pub name_servers: Vec<String>,
    /// Record sets in it.
    pub number_of_record_sets: Option<i64>,
    /// `Public` or `Private`; absent for private zones.
    pub zone_type: Option<String>,
}

impl Zone {
    /// A zone by its place.
    ///
    /// # Errors
    /// A part that no id can have.
    pub fn new(kind: ZoneKind, subscription: &str, group: &str, zone: &str) -> Result<Self, IdError> {
        let provider_type = if kind == ZoneKind::Public { "dnsZones" } else { "privateDnsZones" };
        Ok(Self { kind, id: ResourceId::new(subscription, group, "Microsoft.Network", provider_type, zone)? })
    }

    /// Its DNS name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.name()
    }

    fn version(&self) -> &'static str {
        if self.kind == ZoneKind::Public { versions::DNS } else { versions::PRIVATE_DNS }
    }

    fn service(&self) -> &'static str {
        if self.kind == ZoneKind::Public { "dns" } else { "privateDns" }
    }

    /// What one record set needs: a role on that set alone. What is read of the whole zone needs `Reader` there.
    fn set_needs(&self, kind: RecordType, name: &str) -> Needs {
        let role = if self.kind == ZoneKind::Public { "DNS Zone Contributor" } else { "Private DNS Zone Contributor" };
        needs(role, format!("{}/{}/{name}", self.id, kind.as_str()))
    }

    /// Reads the zone.
    #[must_use]
    pub fn get(&self) -> Request {
        let what = format!("reading the zone {}", self.name());
        Request::get(self.service(), &self.id, self.version(), needs("Reader", &self.id)).told(what)
    }

    /// Reads one record set; `name` is relative to the zone, `@` is the zone itself.
    #[must_use]
    pub fn get_set(&self, kind: RecordType, name: &str) -> Request {
        let what = format!("reading the {} record set {}", kind.as_str(), self.full(name));
        let needs = self.set_needs(kind, name);
        Request { needs, ..self.get() }.at(&[kind.as_str(), name]).told(what)
    }

    /// Lists the record sets of one type, or of all.
    #[must_use]
    pub fn list_sets(&self, kind: Option<RecordType>) -> Request {
        let what = format!("listing the record sets of {}", self.name());
        let all = if self.kind == ZoneKind::Public { "recordsets" } else { "ALL" };
        self.get().at(&[kind.map_or(all, RecordType::as_str)]).told(what)
    }

    /// Makes or replaces one record set, whole.
    #[must_use]
    pub fn put_set(&self, kind: RecordType, name: &str, body: &SetBody, condition: Condition) -> Request {
        let what = format!("writing the {} record set {}", kind.as_str(), self.full(name));
        let body = body.to_json(self.kind, kind);
        self.get_set(kind, name).write(Method::Put, Some(body), what).when(condition)
    }

    /// Changes the metadata of one record set, and nothing else.
    #[must_use]
    pub fn patch_metadata(&self, kind: RecordType, name: &str, metadata: Value, condition: Condition) -> Request {
        let what = format!("changing the metadata of the {} record set {}", kind.as_str(), self.full(name));
        let body = serde_json::json!({"properties": {"metadata": metadata}});
        self.get_set(kind, name).write(Method::Patch, Some(body), what).when(condition)
    }

    /// Reads the zone's SOA record.
    #[must_use]
    pub fn get_soa(&self) -> Request {
        self.get().at(&["SOA", "@"]).told(format!("reading the SOA record of {}", self.name()))
    }

    /// Deletes one record set.
    #[must_use]
    pub fn delete_set(&self, kind: RecordType, name: &str, condition: Condition) -> Request {
        let what = format!("deleting the {} record set {}", kind.as_str(), self.full(name));
        self.get_set(kind, name).write(Method::Delete, None, what).when(condition)
    }

    fn full(&self, name: &str) -> String {
        if name == "@" { self.name().to_owned() } else { format!("{name}.{}", self.name()) }
    }
}

/// The smaller of an SOA's own TTL and its minimum, from the answer to [`Zone::get_soa`].
#[must_use]
pub fn negative_ttl(body: &Value) -> Option<u32> {
    let number = |fields: &Value, name: &str| {
        let fields = fields.as_object()?;
        let (_, value) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value.clone())
    };
    let properties = body.get("properties")?;
    let minimum = number(&number(properties, "soaRecord")?, "minimumTTL")?.as_u64()?;
    let ttl = number(properties, "ttl").and_then(|ttl| ttl.as_u64()).unwrap_or(u64::MAX);
    u32::try_from(minimum.min(ttl)).ok()
}

/// The record sets that an answer to [`references`] names.
#[must_use]
pub fn aliases(body: &Value) -> Vec<ResourceId> {
    let list = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let references = list(body, "/properties/dnsResourceReferences");
    let sets = references.iter().flat_map(|one| list(one, "/dnsResources"));
    sets.filter_map(|set| set.get("id")?.as_str()?.parse().ok()).collect()
}

/// Asks which record sets of a subscription are aliases of these resources.
///
/// # Errors
/// Ids of several subscriptions, or none.
pub fn references(targets: &[ResourceId]) -> Result<Request, AzureError> {
    let refused = |why: &str| AzureError::Refused { what: "asking for aliases".to_owned(), why: why.to_owned() };
    let first = targets.first().ok_or_else(|| refused("no resource was named"))?;
    if targets.iter().any(|target| target.subscription() != first.subscription()) {
        return Err(refused("the resources lie in several subscriptions"));
    }
    let scope = format!("/subscriptions/{}", first.subscription());
    let list: Vec<Value> = targets.iter().map(|target| serde_json::json!({"id": target.as_str()})).collect();
    let mut request = Request::get("dns", first, versions::DNS, needs("Reader", &scope));
    request.place = Place::Segments(segments(&format!("{scope}/providers/Microsoft.Network/getDnsResourceReference")));
    let body = serde_json::json!({"properties": {"targetResources": list}});
    let mut request = request.write(Method::Post, Some(body), format!("asking who is an alias of {first}"));
    request.effect = Effect::Read;
    Ok(request)
}

impl Client {
    /// The record sets of the targets' subscription that are aliases of them.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn aliases_of(&self, targets: &[ResourceId]) -> Result<Vec<ResourceId>, AzureError> {
        let answer = self.send(&references(targets)?).await?;
        Ok(aliases(&answer.body))
    }

    /// Reads a zone.
    ///
    /// # Errors
    /// See [`AzureError`]; a zone that is not there is [`AzureError::NotFound`].
    pub async fn zone(&self, zone: &Zone) -> Result<ZoneFacts, AzureError> {
        let request = zone.get();
        let answer = self.send(&request).await?;
        crate::request::read(answer.body.get("properties").unwrap_or(&Value::Null), &request.what)
    }

    /// Reads a record set; `None` when the zone is there and the set is not.
    ///
    /// # Errors
    /// See [`AzureError`]; a zone that is not there is an error, not a missing record.
    pub async fn record_set(&self, zone: &Zone, kind: RecordType, name: &str) -> Result<Option<RecordSet>, AzureError> {
        let request = zone.get_set(kind, name);
        match self.send(&request).await {
            Ok(answer) => RecordSet::read(zone.kind, &answer, &request.what).map(Some),
            // A missing zone, group or subscription answers 404 too, and codes vary: the zone itself decides.
            Err(AzureError::NotFound { .. }) => self.zone(zone).await.map(|_| None),
            Err(error) => Err(error),
        }
    }

    /// Lists record sets, of one type or of all. Counts against 60 (public) or 100 (private) lists a minute.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn record_sets(&self, zone: &Zone, kind: Option<RecordType>) -> Result<Vec<RecordSet>, AzureError> {
        let request = zone.list_sets(kind);
        let items = self.list(&request).await?;
        items.iter().map(|item| RecordSet::of(zone.kind, item, None, &request.what)).collect()
    }

    /// The same for at most so many pages; with whether these are all.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn record_sets_within(
        &self,
        zone: &Zone,
        kind: Option<RecordType>,
        pages: usize,
    ) -> Result<(Vec<RecordSet>, bool), AzureError> {
        let request = zone.list_sets(kind);
        let (items, all) = self.list_within(&request, pages).await?;
        let sets: Result<Vec<RecordSet>, _> =
            items.iter().map(|item| RecordSet::of(zone.kind, item, None, &request.what)).collect();
        Ok((sets?, all))
    }

    /// Makes or replaces a record set, whole, once. What is left out of `body` is lost.
    ///
    /// # Errors
    /// See [`AzureError`]; [`AzureError::Changed`] when the condition does not hold.
    pub async fn put_record_set(
        &self,
        zone: &Zone,
        kind: RecordType,
        name: &str,
        body: &SetBody,
        condition: Condition,
    ) -> Result<RecordSet, AzureError> {
        let request = zone.put_set(kind, name, body, condition);
        let answer = self.send(&request).await?;
        RecordSet::read(zone.kind, &answer, &request.what)
    }

    /// Deletes a record set; one that is not there is deleted.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn delete_record_set(
        &self,
        zone: &Zone,
        kind: RecordType,
        name: &str,
        condition: Condition,
    ) -> Result<(), AzureError> {
        match self.send(&zone.delete_set(kind, name, condition)).await {
            Ok(_) => Ok(()),
            Err(AzureError::NotFound { .. }) => self.zone(zone).await.map(|_| ()),
            Err(error) => Err(error),
        }
    }

    /// How long resolvers may remember that a name of the zone is absent, in seconds (RFC 2308 §5); `None` when the
    /// SOA does not tell.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn negative_ttl(&self, zone: &Zone) -> Result<Option<u32>, AzureError> {
        Ok(negative_ttl(&self.send(&zone.get_soa()).await?.body))
    }

    /// The address of a public IP resource, which an alias record answers; `None` while it has none.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn public_ip(&self, id: &ResourceId) -> Result<Option<std::net::IpAddr>, AzureError> {
        let request = Request::get("network", id, versions::PUBLIC_IP, needs("Reader", id));
        let answer = self.send(&request).await?;
        let text = answer.body.pointer("/properties/ipAddress").and_then(Value::as_str);
        Ok(text.and_then(|text| text.parse().ok()))
    }
    /// The host name of a Traffic Manager profile or of a Front Door or CDN endpoint, which a CNAME record that is an
    /// alias of it answers; `None` while it has none.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn host_name(&self, id: &ResourceId) -> Result<Option<String>, AzureError> {
        let profile = id.kind() == "microsoft.network/trafficmanagerprofiles";
        let (service, version, path) = if profile {
            ("trafficManager", versions::TRAFFIC_MANAGER, "/properties/dnsConfig/fqdn")
        } else {
            ("frontDoor", versions::FRONT_DOOR, "/properties/hostName")
        };
        let answer = self.send(&Request::get(service, id, version, needs("Reader", id))).await?;
        let text = answer.body.pointer(path).and_then(Value::as_str).unwrap_or_default();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}
