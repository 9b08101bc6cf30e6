//! Traffic Manager profiles. All calls are synchronous; there are no ETags.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::id::{IdError, ResourceId};
use crate::request::{Method, Request, read};
use crate::versions;

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: ResourceId,
}

/// A profile as it was read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ProfileFacts {
    /// `Enabled` or `Disabled`: then its name does not exist.
    pub profile_status: String,
    /// `Priority`, `Weighted`, `Performance`, `Geographic`, `MultiValue`, `Subnet`.
    pub traffic_routing_method: String,
    /// Its name and TTL.
    pub dns_config: DnsConfig,
    /// How it probes.
    pub monitor_config: MonitorConfig,
    /// All of them, as Azure answers them: sent back whole in one write.
    pub endpoints: Vec<Value>,
}

/// Name and TTL of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DnsConfig {
    /// What clients ask for.
    pub fqdn: String,
    /// Seconds.
    pub ttl: u32,
}

/// How a profile probes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MonitorConfig {
    /// 30 or 10.
    pub interval_in_seconds: Option<u32>,
    /// 5 to 10.
    pub timeout_in_seconds: Option<u32>,
    /// 0 to 9.
    pub tolerated_number_of_failures: Option<u32>,
}

/// One endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// Last part of its type: `externalEndpoints`, `azureEndpoints`, `nestedEndpoints`.
    pub kind: String,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// 1 to 1000.
    pub weight: Option<u32>,
    /// 1 to 1000, unique in its profile.
    pub priority: Option<u32>,
    /// `Online`, `Degraded`, `CheckingEndpoint`, `Stopped`, `Inactive`, …
    pub monitor: String,
    /// `Enabled`: answered whatever the probes say.
    pub always_serve: bool,
    /// Name or address it stands for.
    pub target: String,
    /// Resource it stands for.
    pub resource: Option<ResourceId>,
}

impl Endpoint {
    /// Reads one; odd parts are left empty.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number =
            |path: &str| value.pointer(path).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        Self {
            name: text("/name"),
            kind: text("/type").rsplit('/').next().unwrap_or_default().to_owned(),
            status: text("/properties/endpointStatus"),
            weight: number("/properties/weight"),
            priority: number("/properties/priority"),
            monitor: text("/properties/endpointMonitorStatus"),
            always_serve: text("/properties/alwaysServe").eq_ignore_ascii_case("Enabled"),
            target: text("/properties/target"),
            resource: text("/properties/targetResourceId").parse().ok(),
        }
    }

    /// May it be answered?
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.status.eq_ignore_ascii_case("Enabled")
    }
}

impl Profile {
    /// A profile by its place.
    ///
    /// # Errors
    /// A part that no id can have.
    pub fn new(subscription: &str, group: &str, profile: &str) -> Result<Self, IdError> {
        Ok(Self { id: ResourceId::new(subscription, group, "Microsoft.Network", "trafficmanagerprofiles", profile)? })
    }

    /// Reads the profile with its endpoints.
    #[must_use]
    pub fn get(&self) -> Request {
        let needs = needs("Traffic Manager Contributor", &self.id);
        let what = format!("reading the Traffic Manager profile {}", self.id.name());
        Request::get("trafficManager", &self.id, versions::TRAFFIC_MANAGER, needs).told(what)
    }

    /// Changes all endpoints in one write. `ttl`: the profile's TTL in seconds, when that changes too.
    #[must_use]
    pub fn patch_endpoints(&self, endpoints: &[Value], ttl: Option<u32>) -> Request {
        let endpoints: Vec<Value> = endpoints.iter().cloned().map(writable).collect();
        let mut properties = json!({"endpoints": endpoints});
        if let Some(ttl) = ttl {
            properties["dnsConfig"] = json!({"ttl": ttl});
        }
        let what = format!("changing the endpoints of the Traffic Manager profile {}", self.id.name());
        self.get().write(Method::Patch, Some(json!({"properties": properties})), what)
    }
}

/// Takes away what only an answer has.
fn writable(mut endpoint: Value) -> Value {
    if let Some(Value::Object(properties)) = endpoint.get_mut("properties") {
        properties.remove("endpointMonitorStatus");
    }
    endpoint
}

impl Client {
    /// Reads a profile with its endpoints.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn traffic_manager(&self, profile: &Profile) -> Result<ProfileFacts, AzureError> {
        let request = profile.get();
        let answer = self.send(&request).await?;
        read(answer.body.get("properties").unwrap_or(&Value::Null), &request.what)
    }
}
