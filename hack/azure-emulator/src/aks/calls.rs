//! Calls that change clusters.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{CLUSTER, credentials, pools, reads, shape};
use crate::arm::condition::Condition;
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope, Target, paging};
use crate::check::{merge, set, text};
use crate::world::{Begun, Effect, Group, Resource, Status, Work, World};

const OPERATIONS: &str = "Microsoft.ContainerService/locations/westeurope/operations";
const RESULTS: &str = "Microsoft.ContainerService/locations/westeurope/operationresults";

/// Answers one call.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    match &call.target {
        Target::Resource(id) if id.is(CLUSTER) => one(world, call, &id.spelled(CLUSTER)),
        Target::Resource(id) if call.method == Method::GET => reads::part(world, id),
        Target::Resource(id) if id.is(pools::POOL) => pools::change(world, call, id),
        Target::Below { scope, kind, .. } if call.method == Method::GET && kind.eq_ignore_ascii_case(CLUSTER) => {
            let shown = world.store.list(scope, CLUSTER).into_iter().map(|cluster| render(cluster)).collect();
            paging::page(call, shown, world.settings.page_size)
        }
        Target::Below { scope: Scope::Resource(id), last, .. } if call.method == Method::GET => {
            reads::list(world, call, id, last)
        }
        Target::Below { scope: Scope::Resource(id), last, .. } if call.method == Method::POST => {
            action(world, call, id, last)
        }
        target => Err(ArmError::method(&call.method, &target.kind())),
    }
}

/// A cluster as the API answers it.
pub(super) fn render(cluster: &Resource) -> Value {
    let mut shown = cluster.render("Microsoft.ContainerService/ManagedClusters", false);
    set(&mut shown, "id", cluster.id.to_string().replacen("/resourceGroups/", "/resourcegroups/", 1));
    set(&mut shown, "eTag", cluster.etag.clone());
    shown
}

fn one(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let old = world.store.get(id).cloned();
    let etag = old.as_ref().map(|old| old.etag.as_str());
    match call.method {
        Method::GET => old.map(|old| Reply::ok(render(&old))).ok_or_else(|| ArmError::not_found(id)),
        Method::PUT => {
            Condition::of(call).check(etag)?;
            busy(world, id)?;
            put(world, call, id, call.body.clone(), old.as_deref())
        }
        Method::PATCH => {
            let old = old.ok_or_else(|| ArmError::not_found(id))?;
            Condition::of(call).check(Some(&old.etag))?;
            if call.object().is_none_or(|map| map.keys().any(|key| key != "tags")) {
                return Err(ArmError::bad("BadRequest", "PATCH of a managed cluster takes tags only."));
            }
            busy(world, id)?;
            let mut body = Value::Object(old.body.clone());
            merge(&mut body, &call.body);
            put(world, call, id, body, Some(&old))
        }
        Method::DELETE if old.is_none() => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Method::DELETE => {
            Condition::of(call).check(etag)?;
            busy(world, id)?;
            state(world, id, "Deleting");
            let begun = begin(world, call, id, "Delete", json!({"deleted": true}));
            Ok(Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun))
        }
        _ => Err(ArmError::method(&call.method, CLUSTER)),
    }
}

fn put(
    world: &mut World,
    call: &Call,
    id: &ResourceId,
    mut body: Value,
    old: Option<&Resource>,
) -> Result<Reply, ArmError> {
    if let Some(map) = body.as_object_mut() {
        map.retain(|key, _| !["id", "name", "type", "etag", "eTag", "systemData"].contains(&key.as_str()));
    }
    // What the service has given stays, whatever the caller leaves out.
    if let Some(old) = old {
        let given = [
            "fqdn",
            "azurePortalFQDN",
            "nodeResourceGroup",
            "dnsPrefix",
            "powerState",
            "networkProfile",
            "agentPoolProfiles",
            "resourceUID",
        ];
        if !body.get("properties").is_some_and(Value::is_object) {
            set(&mut body, "properties", json!({}));
        }
        for key in given {
            crate::check::default(&mut body["properties"], key, old.property(key).clone());
        }
    }
    if old.is_none()
        && let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
    {
        properties.remove("resourceUID");
    }
    let group = id.group().unwrap_or_default();
    shape::fill(&mut body, group, id.name(), &crate::front_door::label(&id.key()));
    shape::fill_identity(&mut body, &id.to_string(), id.subscription().unwrap_or_default());
    shape::check(&body, id.name()).done().map_err(ArmError::from)?;
    let (running, verb) = if old.is_some() { ("Updating", "Update") } else { ("Creating", "Create") };
    set(&mut body["properties"], "provisioningState", running);
    node_group(world, id, &body);
    let hidden = old.map(|old| old.hidden.clone()).unwrap_or_default();
    let (saved, created) = world.save(id, body.as_object().cloned().unwrap_or_default(), hidden);
    if created {
        // Tells it from a later cluster of the same id.
        let uid: String = saved.etag.chars().filter(char::is_ascii_hexdigit).take(24).collect();
        amend(world, id, |properties| {
            properties.insert("resourceUID".to_owned(), uid.into());
        });
    }
    let begun = begin(world, call, id, verb, json!({"power": Value::Null}));
    let saved = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    let mut shown = render(&saved);
    if begun.status == Status::Succeeded {
        set(&mut shown["properties"], "provisioningState", "Succeeded");
    }
    Ok(Reply::put(created, shown).with_async(&begun))
}

/// The group that a cluster keeps its nodes' things in.
fn node_group(world: &mut World, id: &ResourceId, body: &Value) {
    let (Some(subscription), Some(name)) = (id.subscription(), text(body, "/properties/nodeResourceGroup")) else {
        return;
    };
    if world.store.group(subscription, name).is_some() {
        return;
    }
    let mut tags = Map::new();
    tags.insert("aks-managed-cluster-name".to_owned(), id.name().into());
    let location = text(body, "/location").unwrap_or("westeurope").to_owned();
    world.store.put_group(Group { subscription: subscription.to_owned(), name: name.to_owned(), location, tags });
}

pub(super) fn begin(world: &mut World, call: &Call, id: &ResourceId, verb: &'static str, note: Value) -> Begun {
    let failed =
        Effect::Set { id: id.clone(), pointer: "/properties/provisioningState".to_owned(), value: "Failed".into() };
    world.begin(
        call,
        Work {
            resource: id.clone(),
            verb,
            effects: vec![Effect::Provider { id: id.clone(), note }],
            on_failure: vec![failed],
            result: None,
            duration: None,
            status_path: OPERATIONS,
            result_path: RESULTS,
            group_scoped: false,
        },
    )
}

/// 409 while another operation about the cluster runs.
pub(super) fn busy(world: &World, id: &ResourceId) -> Result<(), ArmError> {
    match world.operations.running(id).next() {
        None => Ok(()),
        Some(other) => Err(ArmError::conflict(
            "OperationNotAllowed",
            format!(
                "Operation is not allowed: Another operation ({}) is in progress, please wait for it to finish before starting a \
                 new operation. See https://aka.ms/aks-pending-operation for more details",
                other.verb
            ),
        )),
    }
}

/// Changes the state of a cluster and of its node pools where they stand: no new etag.
fn state(world: &mut World, id: &ResourceId, value: &str) {
    amend(world, id, |properties| {
        properties.insert("provisioningState".to_owned(), value.into());
        for pool in properties.get_mut("agentPoolProfiles").and_then(Value::as_array_mut).into_iter().flatten() {
            set(pool, "provisioningState", value);
        }
    });
}

pub(super) fn amend(world: &mut World, id: &ResourceId, change: impl FnOnce(&mut Map<String, Value>)) {
    let Some(old) = world.store.get(id).cloned() else { return };
    let mut new = (*old).clone();
    if let Some(properties) = new.body.get_mut("properties").and_then(Value::as_object_mut) {
        change(properties);
    }
    world.store.amend(new);
    world.touch();
}

/// An operation has ended well.
pub(super) fn completed(world: &mut World, id: &ResourceId, note: &Value) {
    if note.get("deleted").is_some() {
        delete(world, id);
        return;
    }
    if let Some(pool) = note.get("withoutPool").and_then(Value::as_str) {
        pools::remove(world, id, pool);
    }
    let power = note.get("power").and_then(Value::as_str).map(str::to_owned);
    amend(world, id, |properties| {
        if let Some(power) = &power {
            properties.insert("powerState".to_owned(), json!({ "code": power }));
        }
        for pool in properties.get_mut("agentPoolProfiles").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(power) = &power {
                set(pool, "powerState", json!({ "code": power }));
            }
        }
    });
    state(world, id, "Succeeded");
}

/// A cluster goes, and with it its node group and all that is in there: its public addresses too, so that alias records which
/// stand for them become empty.
fn delete(world: &mut World, id: &ResourceId) {
    let Some(cluster) = world.store.get(id).cloned() else { return };
    if let (Some(subscription), Some(group)) = (id.subscription(), cluster.property("nodeResourceGroup").as_str()) {
        let inside = |one: &Resource| {
            one.id.subscription().is_some_and(|s| s.eq_ignore_ascii_case(subscription))
                && one.id.group().is_some_and(|g| g.eq_ignore_ascii_case(group))
        };
        let all: Vec<ResourceId> = world.store.all().filter(|one| inside(one)).map(|one| one.id.clone()).collect();
        for one in all.iter().filter(|one| one.depth() == 1) {
            world.remove(one);
        }
        world.store.delete_group(subscription, group);
    }
    world.remove(id);
}

fn action(world: &mut World, call: &Call, id: &ResourceId, name: &str) -> Result<Reply, ArmError> {
    if let Some(cluster) = id.parent().filter(|_| id.last_kind().eq_ignore_ascii_case("accessProfiles")) {
        let cluster = world.store.get(&cluster).cloned().ok_or_else(|| ArmError::not_found(&cluster))?;
        return credentials::access_profile(&cluster, id, true);
    }
    let id = &id.spelled(CLUSTER);
    let cluster = world.store.get(id).cloned().ok_or_else(|| ArmError::not_found(id))?;
    let accepted = |begun: &Begun| Ok(Reply::empty(StatusCode::ACCEPTED).with_async(begun).with_location(begun));
    match name.to_ascii_lowercase().as_str() {
        "start" => {
            busy(world, id)?;
            state(world, id, "Starting");
            let begun = begin(world, call, id, "Start", json!({"power": "Running"}));
            accepted(&begun)
        }
        "stop" => {
            busy(world, id)?;
            state(world, id, "Stopping");
            let begun = begin(world, call, id, "Stop", json!({"power": "Stopped"}));
            accepted(&begun)
        }
        "rotateclustercertificates" | "rotateserviceaccountsigningkeys" => {
            busy(world, id)?;
            state(world, id, "Updating");
            let begun = begin(world, call, id, "Rotate", json!({}));
            accepted(&begun)
        }
        "abort" => {
            if world.cancel(id) == 0 {
                return Ok(Reply::empty(StatusCode::NO_CONTENT));
            }
            state(world, id, "Canceled");
            let begun = world.begin(
                call,
                Work {
                    resource: id.clone(),
                    verb: "Abort",
                    effects: Vec::new(),
                    on_failure: Vec::new(),
                    result: None,
                    duration: Some(std::time::Duration::ZERO),
                    status_path: OPERATIONS,
                    result_path: RESULTS,
                    group_scoped: false,
                },
            );
            accepted(&begun)
        }
        "listclusteradmincredential" => Ok(credentials::list(&cluster, "clusterAdmin")),
        "listclusterusercredential" => Ok(credentials::list(&cluster, "clusterUser")),
        "listclustermonitoringusercredential" => Ok(credentials::list(&cluster, "clusterMonitoringUser")),
        _ => Err(ArmError::method(&call.method, &format!("{CLUSTER}/{name}"))),
    }
}
