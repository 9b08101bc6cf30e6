//! Front Door Standard and Premium (`Microsoft.Cdn/profiles`). There are no ETags here: read again before every write.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::id::{IdError, ResourceId};
use crate::operation::Operation;
use crate::request::{Method, Request, read};
use crate::versions;

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: ResourceId,
}

/// What every resource of Front Door tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    /// Its id, as answered.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// What is special about it.
    pub facts: T,
    /// `Succeeded`, `Failed`, `Updating`, `Creating`, `Deleting`; empty when not told.
    pub state: String,
}

impl<T> Found<T> {
    /// Is an operation at work on it?
    #[must_use]
    pub fn at_work(&self) -> bool {
        matches!(self.state.to_ascii_lowercase().as_str(), "updating" | "creating" | "deleting")
    }
}

/// A reference to another resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// Its id; empty when there is none.
    pub id: String,
}

impl Reference {
    /// The id, when it is one.
    #[must_use]
    pub fn resource(&self) -> Option<ResourceId> {
        self.id.parse().ok()
    }
}

/// An endpoint.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Endpoint {
    /// The name clients call.
    pub host_name: String,
    /// `Enabled` or `Disabled`.
    pub enabled_state: String,
}

/// A route of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Route {
    /// Where it sends requests.
    pub origin_group: Option<Reference>,
    /// Rules that may send them elsewhere.
    pub rule_sets: Option<Vec<Reference>>,
    /// `Enabled` or `Disabled`.
    pub enabled_state: String,
    /// Present when answers are cached.
    pub cache_configuration: Option<Value>,
    /// Paths it is for.
    pub patterns_to_match: Option<Vec<String>>,
}

/// A rule of a rule set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rule {
    /// What it does; kinds differ.
    pub actions: Vec<Value>,
}

impl Rule {
    /// The origin groups that this rule sends requests to, instead of the route's.
    #[must_use]
    pub fn overrides(&self) -> Vec<ResourceId> {
        let id = |action: &Value| {
            let parameters = action.get("parameters")?;
            let group = parameters
                .pointer("/originGroupOverride/originGroup/id")
                .or_else(|| parameters.pointer("/originGroup/id"));
            group?.as_str()?.parse().ok()
        };
        self.actions.iter().filter_map(id).collect()
    }
}

/// An origin group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OriginGroup {
    /// How origins are chosen.
    pub load_balancing_settings: Option<LoadBalancing>,
    /// Absent: origins are never probed.
    pub health_probe_settings: Option<Value>,
    /// `Enabled` when clients stick to an origin.
    pub session_affinity_state: Option<String>,
}

/// How origins of a group are chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LoadBalancing {
    /// The latency band: with 0, the fastest origin gets all and weights mean nothing.
    pub additional_latency_in_milliseconds: Option<i64>,
}

/// An origin of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Origin {
    /// `Enabled` or `Disabled`.
    pub enabled_state: String,
    /// 1 to 1000; Azure's default is 1000 when it answers null.
    pub weight: Option<u32>,
    /// 1 to 5; Azure's default is 1 when it answers null.
    pub priority: Option<u32>,
    /// Where it is.
    pub host_name: String,
}

impl Origin {
    /// May it get traffic?
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled_state.eq_ignore_ascii_case("Enabled")
    }
}

/// The profile's kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileFacts {
    /// `Standard_AzureFrontDoor` or `Premium_AzureFrontDoor`; anything else is a CDN.
    pub sku: String,
    /// `Active`, `Creating`, `Disabled`, …
    pub resource_state: String,
}

impl Profile {
    /// A profile by its place.
    ///
    /// # Errors
    /// A part that no id can have.
    pub fn new(subscription: &str, group: &str, profile: &str) -> Result<Self, IdError> {
        Ok(Self { id: ResourceId::new(subscription, group, "Microsoft.Cdn", "profiles", profile)? })
    }

    /// Reads the profile.
    #[must_use]
    pub fn get(&self) -> Request {
        let what = format!("reading the Front Door profile {}", self.id.name());
        Request::get("frontDoor", &self.id, versions::FRONT_DOOR, needs("CDN Profile Contributor", &self.id)).told(what)
    }

    fn below(&self, what: &str, parts: &[&str]) -> Request {
        self.get().at(parts).told(format!("reading the {what} {} of {}", parts[parts.len() - 1], self.id.name()))
    }

    /// Reads an endpoint.
    #[must_use]
    pub fn get_endpoint(&self, endpoint: &str) -> Request {
        self.below("endpoint", &["afdEndpoints", endpoint])
    }

    /// Lists endpoints.
    #[must_use]
    pub fn list_endpoints(&self) -> Request {
        self.below("list", &["afdEndpoints"])
    }

    /// Reads a route.
    #[must_use]
    pub fn get_route(&self, endpoint: &str, route: &str) -> Request {
        self.below("route", &["afdEndpoints", endpoint, "routes", route])
    }

    /// Lists an endpoint's routes.
    #[must_use]
    pub fn list_routes(&self, endpoint: &str) -> Request {
        self.below("list", &["afdEndpoints", endpoint, "routes"])
    }

    /// Lists a rule set's rules.
    #[must_use]
    pub fn list_rules(&self, rule_set: &str) -> Request {
        self.below("list", &["ruleSets", rule_set, "rules"])
    }

    /// Lists the rule sets.
    #[must_use]
    pub fn list_rule_sets(&self) -> Request {
        self.below("list", &["ruleSets"])
    }

    /// Reads an origin group.
    #[must_use]
    pub fn get_group(&self, group: &str) -> Request {
        self.below("origin group", &["originGroups", group])
    }

    /// Lists origin groups.
    #[must_use]
    pub fn list_groups(&self) -> Request {
        self.below("list", &["originGroups"])
    }

    /// Reads an origin.
    #[must_use]
    pub fn get_origin(&self, group: &str, origin: &str) -> Request {
        self.below("origin", &["originGroups", group, "origins", origin])
    }

    /// Lists a group's origins.
    #[must_use]
    pub fn list_origins(&self, group: &str) -> Request {
        self.below("list", &["originGroups", group, "origins"])
    }

    /// Sends a route's requests to another origin group: the whole flip in one change.
    #[must_use]
    pub fn patch_route(&self, endpoint: &str, route: &str, group: &ResourceId) -> Request {
        let body = json!({"properties": {"originGroup": {"id": group.as_str()}}});
        let what = format!("sending the route {route} of {endpoint} to the origin group {}", group.name());
        self.get_route(endpoint, route).write(Method::Patch, Some(body), what)
    }

    /// Changes whether an origin gets traffic, and its weight.
    #[must_use]
    pub fn patch_origin(&self, group: &str, origin: &str, enabled: bool, weight: Option<u32>) -> Request {
        let mut properties = json!({"enabledState": if enabled { "Enabled" } else { "Disabled" }});
        if let Some(weight) = weight {
            properties["weight"] = json!(weight);
        }
        let what = format!("changing the origin {origin} of the group {group}");
        self.get_origin(group, origin).write(Method::Patch, Some(json!({"properties": properties})), what)
    }

    /// Throws cached answers away.
    #[must_use]
    pub fn purge(&self, endpoint: &str, paths: &[String], domains: &[String]) -> Request {
        let mut body = json!({"contentPaths": paths});
        if !domains.is_empty() {
            body["domains"] = json!(domains);
        }
        let what = format!("purging what the endpoint {endpoint} has cached");
        self.get_endpoint(endpoint).at(&["purge"]).write(Method::Post, Some(body), what)
    }
}

/// Reads one resource.
///
/// # Errors
/// [`AzureError::Odd`].
pub fn found<T: serde::de::DeserializeOwned>(body: &Value, what: &str) -> Result<Found<T>, AzureError> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = text("id").parse().map_err(|error| AzureError::Odd { what: what.to_owned(), why: format!("{error}") })?;
    let properties = body.get("properties").cloned().unwrap_or_else(|| json!({}));
    let state = properties.get("provisioningState").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Found { id, name: text("name"), facts: read(&properties, what)?, state })
}

impl Client {
    /// Reads the profile itself.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn front_door(&self, profile: &Profile) -> Result<ProfileFacts, AzureError> {
        let answer = self.send(&profile.get()).await?;
        let text = |path: &str| answer.body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(ProfileFacts { sku: text("/sku/name"), resource_state: text("/properties/resourceState") })
    }

    /// Reads one resource that `request` names.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn find<T: serde::de::DeserializeOwned>(&self, request: &Request) -> Result<Found<T>, AzureError> {
        found(&self.send(request).await?.body, &request.what)
    }

    /// Reads the list that `request` names.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn find_all<T: serde::de::DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Vec<Found<T>>, AzureError> {
        self.list(request).await?.iter().map(|item| found(item, &request.what)).collect()
    }

    /// Sends one write, once; the operation it started, when it is not done with the answer.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn start(&self, request: &Request) -> Result<Option<Operation>, AzureError> {
        let answer = self.send(request).await?;
        Ok(Operation::started(request, &answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_is_one_patch_of_one_key() {
        let profile = Profile::new("s", "rg", "front").unwrap();
        let group = profile.id.child("originGroups", "green").unwrap();
        let request = profile.patch_route("web", "default", &group);
        assert_eq!(request.method, Method::Patch);
        assert_eq!(request.body.unwrap(), json!({"properties": {"originGroup": {"id": group.as_str()}}}));
        assert!(request.what.contains("route default of web to the origin group green"));
    }

    #[test]
    fn nulls_and_missing_fields_are_read_as_azure_means_them() {
        let body = json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p/originGroups/g/origins/o",
            "name": "o", "properties": {"enabledState": "Enabled", "weight": null, "priority": null, "provisioningState": "Updating"}});
        let origin: Found<Origin> = found(&body, "reading").unwrap();
        assert!(origin.at_work() && origin.facts.enabled() && origin.facts.weight.is_none());
        assert_eq!(found::<Origin>(&json!({"id": "x"}), "reading").unwrap_err().reason(), "Odd");
        assert_eq!(found::<Origin>(&Value::Null, "reading").unwrap_err().reason(), "Odd");
    }

    #[test]
    fn a_rules_override_is_found_in_both_forms() {
        let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p/originGroups/g";
        let rule: Rule = serde_json::from_value(json!({"actions": [
            {"name": "RouteConfigurationOverride", "parameters": {"originGroupOverride": {"originGroup": {"id": group}}}},
            {"name": "OriginGroupOverride", "parameters": {"originGroup": {"id": group}}},
            {"name": "ModifyResponseHeader", "parameters": {"headerName": "x"}},
        ]}))
        .unwrap();
        assert_eq!(rule.overrides().len(), 2);
    }
}
