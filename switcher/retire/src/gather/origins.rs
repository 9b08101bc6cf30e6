//! Origins of a Front Door, and backends of a classic one, that lead to the color.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use teal_azure::front_door::{Endpoint, Found as Resource, OriginGroup, Profile, Route, Rule};
use teal_azure::front_door_classic::Classic;
use teal_azure::{AzureError, Client, ResourceId};
use teal_switcher_core::retire::{Pointer, Weight};

use super::{Belongings, Found};

/// An origin, as far as it tells where it leads to.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Origin {
    enabled_state: String,
    host_name: String,
    azure_origin: Option<Value>,
    shared_private_link_resource: Option<Value>,
}

pub(super) async fn search(client: &Client, id: ResourceId, belongings: &Belongings) -> Found {
    let profile = Profile { id };
    let used = used_groups(client, &profile).await?;
    let groups: Vec<Resource<OriginGroup>> = client.find_all(&profile.list_groups()).await?;
    let mut found = Vec::new();
    for group in groups {
        let origins: Vec<Resource<Origin>> = client.find_all(&profile.list_origins(&group.name)).await?;
        for origin in origins {
            let Some(to) = leads(&origin.facts, belongings) else { continue };
            let idle = off(&origin.facts.enabled_state) || !used.contains(&group.id.lower());
            let weight = if idle { Weight::Idle } else { Weight::Live };
            found.push(Pointer { what: format!("origin {} of the group {}", origin.name, group.name), to, weight });
        }
    }
    Ok(found)
}

/// Is it switched off? What does not tell is on.
fn off(state: &str) -> bool {
    state.eq_ignore_ascii_case("Disabled")
}

/// Where an origin leads to, when that is the color's.
fn leads(origin: &Origin, belongings: &Belongings) -> Option<String> {
    if belongings.has_address(&origin.host_name) {
        return Some(origin.host_name.clone());
    }
    let id = |value: &Option<Value>, path: &str| -> Option<ResourceId> {
        value.as_ref()?.pointer(path)?.as_str()?.parse().ok()
    };
    let resources = [id(&origin.azure_origin, "/id"), id(&origin.shared_private_link_resource, "/privateLink/id")];
    resources.into_iter().flatten().find(|id| belongings.has_resource(id)).map(|id| id.to_string())
}

/// The origin groups that a route or a rule sends requests to.
async fn used_groups(client: &Client, profile: &Profile) -> Result<BTreeSet<String>, AzureError> {
    let mut used = BTreeSet::new();
    let endpoints: Vec<Resource<Endpoint>> = client.find_all(&profile.list_endpoints()).await?;
    for endpoint in endpoints {
        let routes: Vec<Resource<Route>> = client.find_all(&profile.list_routes(&endpoint.name)).await?;
        let groups = routes.iter().filter_map(|route| route.facts.origin_group.as_ref()?.resource());
        used.extend(groups.map(|group| group.lower()));
    }
    let sets: Vec<Resource<Value>> = client.find_all(&profile.list_rule_sets()).await?;
    for set in sets {
        let rules: Vec<Resource<Rule>> = client.find_all(&profile.list_rules(&set.name)).await?;
        used.extend(rules.iter().flat_map(|rule| rule.facts.overrides()).map(|group| group.lower()));
    }
    Ok(used)
}

pub(super) async fn search_classic(client: &Client, id: ResourceId, belongings: &Belongings) -> Found {
    Ok(classic(&client.classic(&Classic { id }).await?, belongings))
}

fn classic(body: &Value, belongings: &Belongings) -> Vec<Pointer> {
    let list = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for pool in list(body, "/properties/backendPools") {
        let name = pool.get("name").and_then(Value::as_str).unwrap_or_default();
        for backend in list(&pool, "/properties/backends") {
            let text = |key: &str| backend.get(key).and_then(Value::as_str).unwrap_or_default();
            let link = text("privateLinkResourceId").parse::<ResourceId>().ok();
            if !belongings.has_address(text("address")) && !link.is_some_and(|id| belongings.has_resource(&id)) {
                continue;
            }
            let weight = if off(text("enabledState")) { Weight::Idle } else { Weight::Live };
            found.push(Pointer { what: format!("backend of the pool {name}"), to: text("address").to_owned(), weight });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn origins_and_backends_are_found_by_name_and_by_private_link() {
        let lb = "/subscriptions/s/resourceGroups/mc/providers/Microsoft.Network/privateLinkServices/blue";
        let mut own = Belongings::default();
        own.add_host("aks-blue.contoso.com");
        own.add_group("s", "MC");
        let origin = |value: Value| leads(&serde_json::from_value(value).unwrap(), &own);
        assert_eq!(origin(json!({"hostName": "AKS-blue.contoso.com"})).as_deref(), Some("AKS-blue.contoso.com"));
        let link = json!({"hostName": "10.0.0.1", "sharedPrivateLinkResource": {"privateLink": {"id": lb}}, "azureOrigin": null});
        assert_eq!(origin(link).as_deref(), Some(lb));
        assert_eq!(origin(json!({"hostName": "aks-green.contoso.com"})), None);
        let body = json!({"properties": {"backendPools": [{"name": "web", "properties": {"backends": [
            {"address": "aks-blue.contoso.com", "enabledState": "Enabled"}, {"address": "x", "privateLinkResourceId": lb, "enabledState": "Disabled"}, {"address": "aks-green.contoso.com"},
            {"address": "aks-blue.contoso.com"}, {"address": "aks-blue.contoso.com", "enabledState": "Paused"},
        ]}}]}});
        let weights: Vec<Weight> = classic(&body, &own).into_iter().map(|one| one.weight).collect();
        assert_eq!(
            weights,
            [Weight::Live, Weight::Idle, Weight::Live, Weight::Live],
            "only what says that it is off is off"
        );
    }
}
