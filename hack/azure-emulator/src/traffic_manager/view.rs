//! A profile as it stands now: its stored body and what probing says of it.

use serde_json::Value;

use super::health::{EndpointStatus, Facts, Probing, endpoint_status, nested, profile_status};
use super::{DOMAIN, PROFILE, shape};
use crate::arm::ResourceId;
use crate::check::{is, list, number, set, text};
use crate::probe::Known;
use crate::world::{Resource, World};

/// How deep profiles may nest before the emulator stops following them.
pub(super) const DEPTH: usize = 10;

/// What an endpoint's probing is kept under.
pub(super) fn endpoint_key(profile: &ResourceId, endpoint: &Value) -> String {
    let kind = text(endpoint, "/type").and_then(shape::kind).unwrap_or_default();
    format!("{}/{kind}/{}", profile.key(), text(endpoint, "/name").unwrap_or_default()).to_ascii_lowercase()
}

/// The statuses of a profile's endpoints, in their order.
pub(super) fn statuses(world: &mut World, profile: &Resource, depth: usize) -> Vec<EndpointStatus> {
    let body = Value::Object(profile.body.clone());
    let profile_enabled = !is(&body, "/properties/profileStatus", "Disabled");
    let mut found = Vec::new();
    for endpoint in list(&body, "/properties/endpoints") {
        let child = nested_profile(world, endpoint);
        let mut facts = Facts {
            profile_enabled,
            enabled: !is(endpoint, "/properties/endpointStatus", "Disabled"),
            always_serve: is(endpoint, "/properties/alwaysServe", "Enabled"),
            stopped: is_gone(world, endpoint),
        };
        let probing = match child {
            Some(child) if depth < DEPTH => {
                facts.stopped |=
                    child.property("profileStatus").as_str().is_some_and(|s| s.eq_ignore_ascii_case("Disabled"));
                let children = statuses(world, &child, depth + 1);
                nested(&children, number(endpoint, "/properties/minChildEndpoints").unwrap_or(1))
            }
            _ => {
                let key = endpoint_key(&profile.id, endpoint);
                world.runtime::<Known<Probing>>().get(&key).copied().unwrap_or_default()
            }
        };
        found.push(endpoint_status(facts, probing));
    }
    found
}

/// The profile that a nested endpoint stands for.
pub(super) fn nested_profile(world: &World, endpoint: &Value) -> Option<std::sync::Arc<Resource>> {
    let Some(id) = text(endpoint, "/properties/targetResourceId").filter(|id| !id.is_empty()) else {
        // A nested endpoint may name its child by its host name alone.
        let nested = text(endpoint, "/type").and_then(shape::kind) == Some("nestedEndpoints");
        let name = text(endpoint, "/properties/target").filter(|_| nested)?.strip_suffix(DOMAIN)?.strip_suffix('.')?;
        return super::profiles::owner_of(world, name, None).and_then(|id| world.store.get(&id).cloned());
    };
    let id = ResourceId::parse(id).ok()?;
    if id.is(PROFILE) { world.store.get(&id).cloned() } else { None }
}

/// Whether an endpoint's target resource is of a type that the emulator keeps, and is not there.
fn is_gone(world: &World, endpoint: &Value) -> bool {
    let Some(id) = text(endpoint, "/properties/targetResourceId").and_then(|id| ResourceId::parse(id).ok()) else {
        return false;
    };
    let kept = ["Microsoft.Network/publicIPAddresses", "Microsoft.Cdn/profiles/afdEndpoints", PROFILE];
    kept.iter().any(|kind| id.is(kind)) && world.store.get(&id).is_none()
}

/// Whether following nested endpoints from `from` comes to `to`.
pub(super) fn reaches(world: &World, from: &ResourceId, to: &ResourceId, depth: usize) -> bool {
    let Some(profile) = world.store.get(from) else { return false };
    let endpoints = profile.property("endpoints").as_array().cloned().unwrap_or_default();
    endpoints
        .iter()
        .filter_map(|e| nested_profile(world, e))
        .any(|child| child.id == *to || (depth < DEPTH && reaches(world, &child.id, to, depth + 1)))
}

/// Where an endpoint leads: its own target, or the name or address of its target resource.
pub(super) fn target(world: &World, endpoint: &Value) -> Option<String> {
    let own = text(endpoint, "/properties/target").filter(|t| !t.is_empty()).map(str::to_owned);
    let Some(id) = text(endpoint, "/properties/targetResourceId").and_then(|id| ResourceId::parse(id).ok()) else {
        return own;
    };
    let resource = world.store.get(&id).map(|resource| Value::Object(resource.body.clone()));
    let places = [
        "/properties/dnsSettings/fqdn",
        "/properties/ipAddress",
        "/properties/dnsConfig/fqdn",
        "/properties/hostName",
        "/properties/defaultHostName",
    ];
    let of = |resource: &Value| places.iter().find_map(|at| text(resource, at)).map(str::to_owned);
    resource.as_ref().and_then(of).or(own)
}

/// A profile as the API answers it.
pub(super) fn render(world: &mut World, profile: &Resource) -> Value {
    let found = statuses(world, profile, 0);
    let mut shown = profile.render(PROFILE, false);
    let enabled = !is(&shown, "/properties/profileStatus", "Disabled");
    let id = profile.id.to_string();
    let targets: Vec<Option<String>> =
        list(&shown, "/properties/endpoints").iter().map(|endpoint| target(world, endpoint)).collect();
    if let Some(endpoints) = shown.pointer_mut("/properties/endpoints").and_then(Value::as_array_mut) {
        for ((endpoint, status), target) in endpoints.iter_mut().zip(&found).zip(targets) {
            let kind = text(endpoint, "/type").and_then(shape::kind).unwrap_or_default();
            let name = text(endpoint, "/name").unwrap_or_default().to_owned();
            set(endpoint, "id", format!("{id}/{kind}/{name}"));
            set(&mut endpoint["properties"], "endpointMonitorStatus", status.name());
            if let Some(target) = target {
                set(&mut endpoint["properties"], "target", target);
            }
        }
    }
    if let Some(monitor) = shown.pointer_mut("/properties/monitorConfig") {
        set(monitor, "profileMonitorStatus", profile_status(enabled, &found));
    }
    shown
}
