//! Front Door (classic), `Microsoft.Network/frontDoors`: one big resource without PATCH and without ETag. It ends on
//! 2027-03-31; read, flip by a whole PUT, and warn.

use serde::Deserialize;
use serde_json::Value;

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::id::{IdError, ResourceId};
use crate::request::{Method, Request};
use crate::versions;

/// When it ends, for messages.
pub const END: &str = "2027-03-31";

/// One classic Front Door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classic {
    /// Its id.
    pub id: ResourceId,
}

/// A backend of a pool.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Backend {
    /// Name or address.
    pub address: String,
    /// `Enabled` or `Disabled`.
    pub enabled_state: String,
    /// 1 to 5.
    pub priority: Option<u32>,
    /// 1 to 1000.
    pub weight: Option<u32>,
}

impl Classic {
    /// A classic Front Door by its place.
    ///
    /// # Errors
    /// A part that no id can have.
    pub fn new(subscription: &str, group: &str, name: &str) -> Result<Self, IdError> {
        Ok(Self { id: ResourceId::new(subscription, group, "Microsoft.Network", "frontDoors", name)? })
    }

    /// Reads it whole.
    #[must_use]
    pub fn get(&self) -> Request {
        let needs = needs("Network Contributor", &self.id);
        let what = format!("reading the classic Front Door {}", self.id.name());
        Request::get("frontDoorClassic", &self.id, versions::FRONT_DOOR_CLASSIC, needs).told(what)
    }

    /// Replaces it whole: `body` is what was read, changed.
    #[must_use]
    pub fn put(&self, body: Value) -> Request {
        let what = format!("writing the classic Front Door {}", self.id.name());
        self.get().write(Method::Put, Some(writable(body)), what)
    }
}

/// Takes away what only an answer has. Everything unknown stays: a PUT replaces the whole.
pub(crate) fn writable(mut body: Value) -> Value {
    if let Value::Object(fields) = &mut body {
        for key in ["etag", "type", "name"] {
            fields.remove(key);
        }
        if let Some(Value::Object(properties)) = fields.get_mut("properties") {
            for key in ["provisioningState", "resourceState", "cname", "frontdoorId", "rulesEngines"] {
                properties.remove(key);
            }
        }
    }
    body
}

/// The backends of a pool; `None` when there is no such pool.
#[must_use]
pub fn backends(body: &Value, pool: &str) -> Option<Vec<Backend>> {
    let pools = body.pointer("/properties/backendPools")?.as_array()?;
    let found = pools.iter().find(|one| named(one, pool))?;
    let list = found.pointer("/properties/backends")?.as_array()?;
    Some(list.iter().filter_map(|backend| serde_json::from_value(backend.clone()).ok()).collect())
}

/// The same body with a pool's traffic split anew: `weight` tells of a backend's address what it gets, 0 for nothing,
/// `None` to leave it as it is.
///
/// # Errors
/// [`AzureError::Refused`] without such a pool, or when no backend would be left enabled.
pub fn with_weights(mut body: Value, pool: &str, weight: impl Fn(&str) -> Option<u32>) -> Result<Value, AzureError> {
    let refused = |why: &str| AzureError::Refused { what: format!("changing the pool {pool}"), why: why.to_owned() };
    let pools = body.pointer_mut("/properties/backendPools").and_then(Value::as_array_mut);
    let found = pools.and_then(|pools| pools.iter_mut().find(|one| named(one, pool)));
    let list = found.and_then(|pool| pool.pointer_mut("/properties/backends")).and_then(Value::as_array_mut);
    let list = list.ok_or_else(|| refused("there is no such backend pool"))?;
    let mut any = false;
    for backend in list.iter_mut() {
        if let Some(weight) = backend.get("address").and_then(Value::as_str).and_then(&weight) {
            backend["enabledState"] = Value::from(if weight > 0 { "Enabled" } else { "Disabled" });
            if weight > 0 {
                backend["weight"] = Value::from(weight.clamp(1, 1000));
            }
        }
        any |= backend.get("enabledState").and_then(Value::as_str).is_some_and(|on| on.eq_ignore_ascii_case("Enabled"));
    }
    if any { Ok(body) } else { Err(refused("no backend would be left enabled")) }
}

fn named(value: &Value, name: &str) -> bool {
    value.get("name").and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(name))
}

impl Client {
    /// Reads it whole, as JSON.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn classic(&self, classic: &Classic) -> Result<Value, AzureError> {
        Ok(self.send(&classic.get()).await?.body)
    }
}
