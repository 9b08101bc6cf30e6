//! Tenants, subscriptions, groups and the register of providers: what every tool asks for before anything else.

mod filter;
mod groups;
pub(crate) mod registry;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::arm::{ArmError, Call, Reply, ResourceType, Target, paging};
use crate::world::World;

pub(crate) use groups::{need_group, or_no_group};

/// The subscription that is there when nothing else is.
pub(crate) const DEFAULT_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
/// The tenant of callers that name none.
pub(crate) const DEFAULT_TENANT: &str = "00000000-0000-0000-0000-0000000000aa";

/// Regions that exist.
const LOCATIONS: [(&str, &str); 4] =
    [("westeurope", "West Europe"), ("northeurope", "North Europe"), ("eastus", "East US"), ("westus2", "West US 2")];

/// Answers calls about tenants, subscriptions, groups and providers.
pub(crate) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    if call.api_version.is_empty() {
        return Err(missing_version());
    }
    match &call.target {
        Target::Tenants => get(call).and_then(|()| tenants(world, call)),
        Target::Subscriptions => {
            get(call)?;
            let all = subscriptions(world).iter().map(|id| subscription(world, call, id)).collect();
            paging::page(call, all, world.settings.page_size)
        }
        Target::Subscription(id, None) => get(call).map(|()| Reply::ok(subscription(world, call, id.as_str()))),
        Target::Subscription(id, Some(list)) => {
            below_subscription(world, call, id.as_str(), &list.to_ascii_lowercase())
        }
        Target::Group(subscription, name, None) => groups::handle(world, call, subscription.as_str(), name.as_str()),
        Target::Group(_, _, Some(list)) if list.eq_ignore_ascii_case("resources") => groups::resources(world, call),
        Target::Namespace(scope, namespace) => registry::handle(world, call, scope, namespace.as_deref()),
        _ => Err(unknown(call)),
    }
}

fn below_subscription(world: &mut World, call: &Call, subscription: &str, list: &str) -> Result<Reply, ArmError> {
    match list {
        "resourcegroups" => {
            get(call)?;
            groups::list(world, call, subscription)
        }
        "resources" => groups::resources(world, call),
        "metrics:getbatch" if call.method == Method::POST => crate::metrics::batch(world, call),
        "tagnames" => get(call).map(|()| tag_names(world, call, subscription)),
        "locations" => {
            get(call)?;
            let location = |(name, shown): &(&str, &str)| {
                json!({
                    "id": format!("/subscriptions/{subscription}/locations/{name}"),
                    "name": name, "displayName": shown, "regionalDisplayName": shown, "type": "Region",
                })
            };
            Ok(Reply::ok(json!({ "value": LOCATIONS.iter().map(location).collect::<Vec<_>>() })))
        }
        _ => Err(unknown(call)),
    }
}

/// All tags of a subscription's groups and resources, with how often they are used.
fn tag_names(world: &World, call: &Call, subscription: &str) -> Reply {
    let mut names: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut count = |tags: &serde_json::Map<String, Value>| {
        for (name, value) in tags {
            *names
                .entry(name.clone())
                .or_default()
                .entry(value.as_str().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
    };
    world.store.groups(Some(subscription)).for_each(|group| count(&group.tags));
    let tags = world.store.below(&call.target.scope()).filter_map(|one| one.body.get("tags")?.as_object());
    tags.for_each(&mut count);
    let total = |number: u64| json!({"type": "Total", "value": number});
    let shown: Vec<Value> = names
        .into_iter()
        .map(|(name, values)| {
            let id = format!("/subscriptions/{subscription}/tagNames/{name}");
            let values_shown: Vec<Value> = values
                .iter()
                .map(|(value, times)| json!({"id": format!("{id}/tagValues/{value}"), "tagValue": value, "count": total(*times)}))
                .collect();
            json!({"id": id, "tagName": name, "count": total(values.values().sum()), "values": values_shown})
        })
        .collect();
    Reply::ok(json!({ "value": shown }))
}

fn get(call: &Call) -> Result<(), ArmError> {
    match call.method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(ArmError::method(&call.method, &call.target.kind())),
    }
}

fn unknown(call: &Call) -> ArmError {
    let text = format!("The path '{}' is not served by this emulator.", call.path);
    ArmError::front(StatusCode::NOT_FOUND, "NotFound", text)
}

fn missing_version() -> ArmError {
    const ANY: ResourceType = ResourceType {
        name: "Microsoft.Resources/subscriptions",
        versions: &["2014-04-01"],
        errors: crate::arm::ErrorStyle::Wrapped,
    };
    match ANY.check("", false) {
        Err(error) => error,
        Ok(()) => ArmError::bad("MissingApiVersionParameter", "The api-version query parameter is required."),
    }
}

/// Ids of all subscriptions: declared ones, else those that hold something, else one that is always there.
pub(crate) fn subscriptions(world: &World) -> Vec<String> {
    let declared: Vec<String> = world.access.tenants.iter().flat_map(|tenant| tenant.subscriptions.clone()).collect();
    if !declared.is_empty() {
        return declared;
    }
    let mut seen: Vec<String> = Vec::new();
    for group in world.store.groups(None) {
        if !seen.iter().any(|one| one.eq_ignore_ascii_case(&group.subscription)) {
            seen.push(group.subscription.clone());
        }
    }
    if seen.is_empty() { vec![DEFAULT_SUBSCRIPTION.to_owned()] } else { seen }
}

/// The tenant that a caller sees: its token's, else the first that is declared.
fn tenant(world: &World, call: &Call) -> String {
    if !call.principal.tenant.is_empty() {
        return call.principal.tenant.clone();
    }
    world.access.tenants.first().map_or_else(|| DEFAULT_TENANT.to_owned(), |tenant| tenant.id.clone())
}

fn tenants(world: &World, call: &Call) -> Result<Reply, ArmError> {
    let own = tenant(world, call);
    let mut all = vec![own.clone()];
    all.extend(world.access.tenants.iter().map(|tenant| tenant.id.clone()).filter(|id| *id != own));
    let show = |id: &String| {
        json!({
            "id": format!("/tenants/{id}"), "tenantId": id, "countryCode": "NL", "displayName": "Emulated",
            "domains": ["emulated.onmicrosoft.com"], "tenantCategory": "Home", "defaultDomain": "emulated.onmicrosoft.com",
        })
    };
    Ok(Reply::ok(json!({ "value": all.iter().map(show).collect::<Vec<_>>() })))
}

fn subscription(world: &World, call: &Call, id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": tenant(world, call),
        "displayName": format!("Emulated {id}"),
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
        },
    })
}
