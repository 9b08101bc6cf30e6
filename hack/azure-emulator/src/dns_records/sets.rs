//! One record set: read, replaced, merged, deleted.

use std::net::IpAddr;

use hickory_proto::rr::RecordType;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Flavor, KINDS, Kind, names, validate};
use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId};
use crate::check::text;
use crate::world::{Resource, World};

/// A set that a call is about.
struct Set {
    flavor: Flavor,
    kind: &'static Kind,
    zone: ResourceId,
    id: ResourceId,
    /// Relative to the zone.
    name: String,
}

/// Answers a call on one set.
pub(crate) fn handle(flavor: Flavor, world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let Some(kind) = flavor.kind(id.last_kind()) else {
        let text = format!("The record type '{}' is not supported.", id.last_kind());
        return Err(ArmError::bad("BadRequest", text));
    };
    let Some(zone) = id.parent() else { return Err(ArmError::not_found(id)) };
    let name = if flavor == Flavor::Private { id.name().to_ascii_lowercase() } else { id.name().to_owned() };
    let set =
        Set { flavor, kind, id: id.named(&name).spelled(&flavor.set(kind)), zone: zone.spelled(flavor.zone()), name };
    let there = world.store.get(&set.zone).is_some();
    match call.method.as_str() {
        "DELETE" if !there => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        _ if !there => Err(ArmError::parent_not_found(&set.zone)),
        "GET" | "HEAD" => match world.store.get(&set.id) {
            Some(resource) => Ok(reply(flavor, StatusCode::OK, kind, resource)),
            None => Err(set.absent()),
        },
        "PUT" => put(world, call, &set),
        "PATCH" => patch(world, call, &set),
        "DELETE" => delete(world, call, &set),
        _ => Err(ArmError::method(&call.method, &set.id.kind())),
    }
}

fn reply(flavor: Flavor, status: StatusCode, kind: &Kind, resource: &Resource) -> Reply {
    Reply::json(status, show(flavor, kind, resource)).with("etag", resource.etag.clone())
}

/// A set as the service shows it.
pub(crate) fn show(flavor: Flavor, kind: &Kind, resource: &Resource) -> Value {
    let mut shown = resource.render(&flavor.set(kind), true);
    let zone = resource.id.parent().map(|zone| zone.name().to_owned()).unwrap_or_default();
    if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("fqdn".to_owned(), json!(names::fqdn(resource.id.name(), &zone)));
        properties.retain(|_, value| !value.is_null());
        match flavor {
            Flavor::Public => {
                properties.insert("provisioningState".to_owned(), json!("Succeeded"));
                properties.entry("targetResource".to_owned()).or_insert_with(|| json!({}));
                if validate::alias(properties).is_some() {
                    properties.remove(kind.public);
                } else if kind.many {
                    properties.entry(kind.public.to_owned()).or_insert_with(|| json!([]));
                }
            }
            Flavor::Private => {
                properties.insert("isAutoRegistered".to_owned(), json!(false));
            }
        }
    }
    shown
}

impl Set {
    fn absent(&self) -> ArmError {
        let text = format!(
            "The resource record '{}' does not exist in resource group '{}' of subscription '{}'.",
            self.name,
            self.zone.group().unwrap_or_default(),
            self.zone.subscription().unwrap_or_default(),
        );
        ArmError::new(StatusCode::NOT_FOUND, "NotFound", text)
    }

    fn is_apex(&self) -> bool {
        self.name == "@"
    }

    /// The condition of a write, in the service's words.
    fn condition(&self, call: &Call, etag: Option<&str>) -> Result<(), ArmError> {
        let condition = Condition::of(call);
        if condition.holds(etag) {
            return Ok(());
        }
        let text = match (condition, etag) {
            (Condition::Absent, _) => {
                format!("The Record set {} exists already and hence cannot be created again.", self.name)
            }
            (Condition::Exactly(wanted), Some(etag)) => {
                format!("The condition '{wanted}' in the If-Match header was not satisfied. The current was '{etag}'.")
            }
            _ => format!("The Record set {} does not exist, and the If-Match header asks that it does.", self.name),
        };
        Err(ArmError::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", text))
    }

    /// Rules about the place, not the content.
    fn placed(&self, world: &World, new: bool) -> Result<(), ArmError> {
        if let Some(wrong) = names::wrong_set(&self.name, self.zone.name()) {
            let text = format!("The domain name '{}' is invalid: {wrong}.", names::fqdn(&self.name, self.zone.name()));
            return Err(ArmError::bad("BadRequest", text));
        }
        if self.kind.name == "SOA" && !self.is_apex() {
            return Err(ArmError::bad("BadRequest", "Record sets of type 'SOA' can only be at the zone's apex ('@')."));
        }
        if self.kind.name == "NS" && self.name.starts_with('*') {
            return Err(ArmError::bad("BadRequest", "Record sets of type 'NS' cannot be wildcards."));
        }
        if self.kind.name == "CNAME" && self.is_apex() {
            return Err(ArmError::bad("BadRequest", "Record sets of type 'CNAME' cannot be at the zone's apex ('@')."));
        }
        if !new {
            return Ok(());
        }
        let others = KINDS.iter().filter(|other| {
            let exclusive = (self.kind.name == "CNAME") != (other.name == "CNAME");
            exclusive && world.store.get(&self.zone.child(other.name, &self.name)).is_some()
        });
        if let Some(other) = others.into_iter().next() {
            let text = format!(
                "The record '{}' of type '{}' could not be created because a record of type '{}' with the same name \
                 already exists in this zone.",
                self.name, self.kind.name, other.name,
            );
            return Err(ArmError::conflict("Conflict", text));
        }
        let most = self.flavor.most_sets();
        if super::lists::count(self.flavor, world, &self.zone) >= most {
            let text = format!("The zone '{}' has reached its maximum of {most} record sets.", self.zone.name());
            return Err(ArmError::bad("RecordSetLimitReached", text));
        }
        Ok(())
    }

    /// The zone's own NS stay, and its SOA keeps its server.
    fn guarded(
        &self,
        world: &World,
        old: Option<&Resource>,
        properties: &mut Map<String, Value>,
    ) -> Result<(), ArmError> {
        let Some(old) = old.filter(|_| self.is_apex()) else { return Ok(()) };
        if self.kind.name == "SOA" {
            let key = self.flavor.key(self.kind);
            let mut record = old.property(key).as_object().cloned().unwrap_or_default();
            if let Some(sent) = properties.get(key).and_then(Value::as_object) {
                let own = record.get("host").cloned();
                record.extend(sent.clone().into_iter().filter(|(_, value)| !value.is_null()));
                // The primary server is Azure's and cannot be changed.
                record.extend(own.map(|own| ("host".to_owned(), own)));
            }
            properties.insert(key.to_owned(), Value::Object(record));
        }
        if self.kind.name == "NS" && self.flavor == Flavor::Public {
            let own = world.store.get(&self.zone).map(|zone| zone.property("nameServers").clone()).unwrap_or_default();
            let sent: Vec<String> = properties
                .get(self.kind.public)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|record| record.get("nsdname").and_then(Value::as_str))
                .map(|name| name.trim_end_matches('.').to_ascii_lowercase())
                .collect();
            let missing = own
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .find(|server| !sent.contains(&server.trim_end_matches('.').to_ascii_lowercase()));
            if let Some(server) = missing {
                let text =
                    format!("The name server '{server}' of the zone cannot be removed from its NS record set '@'.");
                return Err(ArmError::bad("BadRequest", text));
            }
        }
        Ok(())
    }
}

fn no_properties() -> ArmError {
    ArmError::bad("BadRequest", "The request body has no 'properties' object.")
}

/// Replaces: what is left out, such as metadata, is gone.
fn put(world: &mut World, call: &Call, set: &Set) -> Result<Reply, ArmError> {
    let old = world.store.get(&set.id).cloned();
    let sent = call.body.get("properties").and_then(Value::as_object).cloned().ok_or_else(no_properties)?;
    set.placed(world, old.is_none())?;
    set.condition(call, old.as_ref().map(|old| old.etag.as_str()))?;
    let mut properties = validate::spell(set.flavor, set.kind, sent);
    set.guarded(world, old.as_deref(), &mut properties)?;
    write(world, call, set, properties, old.is_none())
}

/// Merges: a property that is sent replaces the whole property, metadata too.
fn patch(world: &mut World, call: &Call, set: &Set) -> Result<Reply, ArmError> {
    let Some(old) = world.store.get(&set.id).cloned() else {
        set.condition(call, None)?;
        return Err(set.absent());
    };
    set.condition(call, Some(&old.etag))?;
    let sent = call.body.get("properties").and_then(Value::as_object).cloned().ok_or_else(no_properties)?;
    let mut sent = validate::spell(set.flavor, set.kind, sent);
    sent.retain(|_, value| !value.is_null());
    let mut properties = old.properties().clone();
    // One way out of the other: an alias ends records, records end an alias.
    if validate::alias(&sent).is_some() {
        properties.remove(set.flavor.key(set.kind));
    } else if sent.contains_key(set.flavor.key(set.kind)) {
        properties.remove("targetResource");
    }
    properties.extend(sent);
    set.guarded(world, Some(&old), &mut properties)?;
    write(world, call, set, properties, false)
}

fn write(
    world: &mut World,
    call: &Call,
    set: &Set,
    mut properties: Map<String, Value>,
    new: bool,
) -> Result<Reply, ArmError> {
    validate::check(set.flavor, set.kind, &set.name, &properties)?;
    if let Some(target) = validate::alias(&properties) {
        alias_allowed(world, set, target)?;
    }
    for computed in ["fqdn", "provisioningState", "isAutoRegistered"] {
        properties.remove(computed);
    }
    properties.retain(|_, value| !value.is_null());
    let mut body = call.object().cloned().unwrap_or_default();
    for own in ["id", "name", "type", "etag"] {
        body.remove(own);
    }
    body.insert("properties".to_owned(), Value::Object(properties));
    let (resource, created) = world.save(&set.id, body, Map::new());
    if created {
        super::lists::recount(set.flavor, world, &set.zone, true);
    }
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply(set.flavor, status, set.kind, &resource))
}

/// Why a resource can't be what an alias of this type stands for.
fn unfit(world: &World, target: &ResourceId, kind: RecordType) -> Option<&'static str> {
    if kind == RecordType::CNAME {
        let address = target.is("Microsoft.Network/publicIPAddresses");
        return address.then_some("a public address has no name that a CNAME could show; use A or AAAA");
    }
    let profile = Some(target).filter(|target| target.is(crate::traffic_manager::PROFILE))?;
    let named = |endpoint: &Value| {
        let kind = text(endpoint, "/type").unwrap_or_default().to_ascii_lowercase();
        let name = text(endpoint, "/properties/target").filter(|target| target.parse::<IpAddr>().is_err());
        kind.ends_with("/externalendpoints") && name.is_some()
    };
    let endpoints = world.store.get(profile)?.property("endpoints").as_array()?;
    endpoints.iter().any(named).then_some(
        "an A or AAAA record stands only for a profile whose external endpoints have addresses as targets; use a CNAME",
    )
}

/// Most alias sets that point at one target.
const MOST_ALIASES: usize = 20;

fn alias_allowed(world: &World, set: &Set, target: &str) -> Result<(), ArmError> {
    let Ok(target) = ResourceId::parse(target) else { return Ok(()) };
    let own_kind = target.is(&format!("{}/{}", Flavor::Public.zone(), set.kind.name));
    if own_kind
        && (target.parent().as_ref() != Some(&set.zone) || world.store.get(&target).is_none() || target == set.id)
    {
        let text = format!(
            "The target resource '{target}' must be another record set of the same type that exists in the same zone."
        );
        return Err(ArmError::bad("BadRequest", text));
    }
    if let Some(why) = unfit(world, &target, set.kind.rr) {
        let text = format!("The target resource '{target}' does not fit the record set '{}': {why}.", set.name);
        return Err(ArmError::bad("BadRequest", text));
    }
    let others = super::lists::aliases_of(world, &target).into_iter().filter(|id| *id != set.id).count();
    if others >= MOST_ALIASES {
        let text =
            format!("The target resource '{target}' has reached its maximum of {MOST_ALIASES} alias record sets.");
        return Err(ArmError::bad("BadRequest", text));
    }
    Ok(())
}

fn delete(world: &mut World, call: &Call, set: &Set) -> Result<Reply, ArmError> {
    let old = world.store.get(&set.id).cloned();
    set.condition(call, old.as_ref().map(|old| old.etag.as_str()))?;
    if old.is_none() {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    if set.is_apex() && (set.kind.name == "SOA" || (set.kind.name == "NS" && set.flavor == Flavor::Public)) {
        let text = format!(
            "Record sets of type '{}' with name '@' cannot be deleted: they belong to the zone.",
            set.kind.name
        );
        return Err(ArmError::bad("BadRequest", text));
    }
    world.remove(&set.id);
    super::lists::recount(set.flavor, world, &set.zone, false);
    Ok(Reply::empty(StatusCode::OK))
}
