//! Resources that others refer to and that do nothing here: stored as they were sent. Public addresses get an address and,
//! with a label, a name in DNS.

mod networks;

use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_proto::rr::RecordType;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, ErrorStyle, Reply, ResourceId, ResourceType, Scope, Target, paging};
use crate::check::{default, merge, set, text};
use crate::provider::{NameAnswer, Names, Provider, address_data};
use crate::world::{Resource, World};

/// The type of public addresses.
const PUBLIC_IP: &str = "Microsoft.Network/publicIPAddresses";
/// Below which their names lie.
const DOMAIN: &str = ".cloudapp.azure.com";
/// The TTL of their names, in seconds.
const TTL: u32 = 10;

const fn kind(name: &'static str) -> ResourceType {
    ResourceType { name, versions: &["2014-01-01"], errors: ErrorStyle::Wrapped }
}

const TYPES: &[ResourceType] = &[
    // Those that tools look up by name in the register of providers.
    kind("Microsoft.Network/publicIPAddresses"),
    kind("Microsoft.Network/virtualNetworks"),
    kind("Microsoft.Network/virtualNetworks/subnets"),
    kind("Microsoft.Network/networkSecurityGroups"),
    kind("Microsoft.Network/loadBalancers"),
    kind("Microsoft.Network/privateEndpoints"),
    kind("Microsoft.Network/frontDoorWebApplicationFirewallPolicies"),
    kind("Microsoft.ManagedIdentity/userAssignedIdentities"),
    kind("Microsoft.KeyVault/vaults"),
    kind("Microsoft.Web/sites"),
    kind("Microsoft.Network/*"),
    kind("Microsoft.Network/virtualNetworks/*"),
    kind("Microsoft.Network/networkSecurityGroups/*"),
    kind("Microsoft.Network/loadBalancers/*"),
    kind("Microsoft.Network/privateEndpoints/*"),
    kind("Microsoft.Network/privateLinkServices/*"),
    kind("Microsoft.ManagedIdentity/*"),
    kind("Microsoft.KeyVault/*"),
    kind("Microsoft.Web/*"),
    kind("Microsoft.Compute/*"),
];

/// The service of what has no service of its own. It must be asked last.
#[derive(Debug)]
pub(crate) struct Passthrough;

impl Provider for Passthrough {
    fn name(&self) -> &'static str {
        "Stored as sent"
    }

    fn types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn handle(&self, world: &mut World, call: &Call) -> Result<Reply, ArmError> {
        match &call.target {
            Target::Resource(id) => one(world, call, id),
            Target::Below { scope, kind, .. } if call.method == Method::GET => list(world, call, scope, kind),
            target => Err(ArmError::method(&call.method, &target.kind())),
        }
    }

    fn names(&self) -> Option<&dyn Names> {
        Some(self)
    }
}

impl Names for Passthrough {
    fn resolve(&self, world: &mut World, name: &str, kind: RecordType) -> Option<NameAnswer> {
        if !name.ends_with(DOMAIN) {
            return None;
        }
        let now = world.now();
        let keys = world.store.known_below("/subscriptions/").filter(|key| key.contains("/publicipaddresses/"));
        let mut found = keys.filter_map(|key| world.store.seen(key, now, Duration::ZERO));
        let Some(address) = found.find(|one| {
            let fqdn = one.property("dnsSettings").get("fqdn").and_then(Value::as_str);
            fqdn.is_some_and(|fqdn| fqdn.eq_ignore_ascii_case(name))
        }) else {
            return Some(NameAnswer::NxDomain);
        };
        Some(answer(address, kind))
    }

    fn alias(&self, world: &mut World, target: &ResourceId, kind: RecordType) -> Option<NameAnswer> {
        if !target.is(PUBLIC_IP) {
            return None;
        }
        let now = world.now();
        let found = world.store.seen(&target.key(), now, Duration::ZERO);
        Some(found.map_or(NameAnswer::NoData, |address| answer(address, kind)))
    }
}

/// What a public address stands for in DNS.
fn answer(address: &Resource, kind: RecordType) -> NameAnswer {
    match address.property("ipAddress").as_str().and_then(|ip| ip.parse().ok()).map(address_data) {
        Some(data) if data.record_type() == kind => NameAnswer::Records { ttl: TTL, data: vec![data] },
        _ => NameAnswer::NoData,
    }
}

fn render(world: &World, one: &Resource) -> Value {
    let mut shown = one.render(&one.id.kind(), false);
    set(&mut shown, "etag", format!("W/\"{}\"", one.etag));
    if one.id.is(networks::NETWORK) {
        networks::show(world, &one.id, &mut shown);
    }
    shown
}

fn list(world: &World, call: &Call, scope: &Scope, kind: &str) -> Result<Reply, ArmError> {
    if let Scope::Resource(parent) = scope
        && world.store.get(parent).is_none()
    {
        return Err(ArmError::not_found(parent));
    }
    let shown = world.store.list(scope, kind).into_iter().map(|one| render(world, one)).collect();
    paging::page(call, shown, world.settings.page_size)
}

fn one(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let old = world.store.get(id).cloned();
    match call.method {
        Method::GET => old.map(|old| Reply::ok(render(world, &old))).ok_or_else(|| ArmError::not_found(id)),
        Method::PUT => {
            Condition::of(call).check(old.as_ref().map(|old| old.etag.as_str()))?;
            if let Some(parent) = id.parent()
                && world.store.get(&parent).is_none()
            {
                return Err(ArmError::parent_not_found(&parent));
            }
            if !call.body.is_object() {
                return Err(ArmError::bad("InvalidRequestContent", "The body must be an object."));
            }
            save(world, id, call.body.clone())
        }
        Method::PATCH => {
            let old = old.ok_or_else(|| ArmError::not_found(id))?;
            Condition::of(call).check(Some(old.etag.as_str()))?;
            let mut body = Value::Object(old.body.clone());
            merge(&mut body, &call.body);
            save(world, id, body)
        }
        Method::DELETE => {
            if let Some(old) = &old {
                Condition::of(call).check(Some(old.etag.as_str()))?;
            }
            Ok(Reply::empty(if world.remove(id) { StatusCode::OK } else { StatusCode::NO_CONTENT }))
        }
        _ => Err(ArmError::method(&call.method, &id.kind())),
    }
}

fn save(world: &mut World, id: &ResourceId, mut body: Value) -> Result<Reply, ArmError> {
    let subnets = if id.is(networks::NETWORK) { networks::taken_out(&mut body)? } else { None };
    let created = store(world, id, body);
    if let Some(subnets) = subnets {
        networks::put_in(world, id, subnets);
    }
    let saved = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    Ok(Reply::put(created, render(world, &saved)))
}

/// Stores a body as it was sent; true when it is new.
fn store(world: &mut World, id: &ResourceId, mut body: Value) -> bool {
    if let Some(map) = body.as_object_mut() {
        map.retain(|key, _| !["id", "name", "type", "etag"].contains(&key.as_str()));
    }
    if body.get("properties").is_none_or(Value::is_null) {
        set(&mut body, "properties", json!({}));
    }
    set(&mut body["properties"], "provisioningState", "Succeeded");
    if id.is(PUBLIC_IP) {
        address(world, id, &mut body);
    }
    world.save(id, body.as_object().cloned().unwrap_or_default(), Map::new()).1
}

/// Gives a public address its address, which stays, and its name.
fn address(world: &World, id: &ResourceId, body: &mut Value) {
    let location = text(body, "/location").unwrap_or("westeurope").replace(' ', "").to_ascii_lowercase();
    let kept = world.store.get(id).and_then(|old| old.property("ipAddress").as_str().map(str::to_owned));
    let properties = &mut body["properties"];
    default(properties, "publicIPAddressVersion", "IPv4");
    default(properties, "publicIPAllocationMethod", "Dynamic");
    default(properties, "idleTimeoutInMinutes", 4);
    let fresh = || {
        // Addresses for tests of networks, RFC 2544: they lead nowhere unless the host map says where.
        let sum = id.key().bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) | (sum & 0x0001_ffff)).to_string()
    };
    default(properties, "ipAddress", kept.unwrap_or_else(fresh));
    if let Some(label) = text(properties, "/dnsSettings/domainNameLabel").map(str::to_owned) {
        set(&mut properties["dnsSettings"], "fqdn", format!("{label}.{location}{DOMAIN}").to_ascii_lowercase());
    }
}
