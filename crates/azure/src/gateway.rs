//! Application Gateway: one big resource. PATCH changes tags only, so every other change is a whole PUT; there is an
//! `etag` in the body, but no conditional write in Microsoft's own clients.

use serde_json::{Value, json};

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::front_door_classic::writable;
use crate::id::{IdError, ResourceId};
use crate::request::{Method, Request};
use crate::versions;

/// One gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its id.
    pub id: ResourceId,
}

impl Gateway {
    /// A gateway by its place.
    ///
    /// # Errors
    /// A part that no id can have.
    pub fn new(subscription: &str, group: &str, gateway: &str) -> Result<Self, IdError> {
        Ok(Self { id: ResourceId::new(subscription, group, "Microsoft.Network", "applicationGateways", gateway)? })
    }

    /// Reads it whole.
    #[must_use]
    pub fn get(&self) -> Request {
        let needs = needs("Network Contributor", &self.id);
        let what = format!("reading the Application Gateway {}", self.id.name());
        Request::get("applicationGateway", &self.id, versions::APPLICATION_GATEWAY, needs).told(what)
    }

    /// Replaces it whole: `body` is what was read, changed.
    #[must_use]
    pub fn put(&self, body: Value) -> Request {
        let what = format!("writing the Application Gateway {}", self.id.name());
        self.get().write(Method::Put, Some(writable(body)), what)
    }
}

/// The addresses in a pool, names in lower case; `None` when there is no such pool.
#[must_use]
pub fn pool(body: &Value, name: &str) -> Option<Vec<String>> {
    let pools = body.pointer("/properties/backendAddressPools")?.as_array()?;
    let found = pools.iter().find(|one| named(one, name))?;
    let list = found.pointer("/properties/backendAddresses").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text = |address: &Value| {
        let one = address.get("ipAddress").or_else(|| address.get("fqdn"))?;
        Some(one.as_str()?.trim_end_matches('.').to_ascii_lowercase())
    };
    let mut addresses: Vec<String> = list.iter().filter_map(text).collect();
    addresses.sort();
    addresses.dedup();
    Some(addresses)
}

/// The same body, with a pool that holds exactly these addresses.
///
/// # Errors
/// [`AzureError::Refused`] without such a pool, or when it would be empty.
pub fn with_pool(mut body: Value, name: &str, addresses: &[String]) -> Result<Value, AzureError> {
    let refused = |why: &str| AzureError::Refused { what: format!("changing the pool {name}"), why: why.to_owned() };
    if addresses.is_empty() {
        return Err(refused("it would be empty"));
    }
    let pools = body.pointer_mut("/properties/backendAddressPools").and_then(Value::as_array_mut);
    let found = pools.and_then(|pools| pools.iter_mut().find(|one| named(one, name)));
    let found = found.ok_or_else(|| refused("there is no such backend address pool"))?;
    let entry = |address: &String| match address.parse::<std::net::IpAddr>() {
        Ok(ip) => json!({"ipAddress": ip}),
        Err(_) => json!({"fqdn": address}),
    };
    found["properties"]["backendAddresses"] = addresses.iter().map(entry).collect();
    Ok(body)
}

/// Longest time in seconds, 1 to 3600, for which the settings that use a pool let open requests stay where they are;
/// `None` when one of them cuts at once, or no rule uses the pool.
#[must_use]
pub fn draining(body: &Value, name: &str) -> Option<u64> {
    let list = |path: &str| body.pointer(path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let last = |value: &Value, path: &str| {
        let id = value.pointer(path)?.as_str()?;
        Some(id.rsplit('/').next()?.to_ascii_lowercase())
    };
    let rules = list("/properties/requestRoutingRules").iter().filter(|rule| {
        last(rule, "/properties/backendAddressPool/id").is_some_and(|pool| pool.eq_ignore_ascii_case(name))
    });
    let settings: Vec<String> = rules.filter_map(|rule| last(rule, "/properties/backendHttpSettings/id")).collect();
    let drains = list("/properties/backendHttpSettingsCollection")
        .iter()
        .filter(|one| settings.iter().any(|name| named(one, name)))
        .map(|one| {
            let draining = one.pointer("/properties/connectionDraining")?;
            draining.get("enabled")?.as_bool().filter(|on| *on)?;
            draining.get("drainTimeoutInSec")?.as_u64()
        });
    drains.collect::<Option<Vec<u64>>>()?.into_iter().max()
}

/// Who else writes this gateway, by the marks that AGIC and other controllers leave; `None` when nobody does.
#[must_use]
pub fn controller(body: &Value) -> Option<String> {
    let tags = body.get("tags").and_then(Value::as_object);
    let tag = tags.into_iter().flatten().find(|(key, _)| {
        let key = key.to_ascii_lowercase();
        key.contains("managed-by-k8s-ingress")
            || key.contains("ingress-for-aks-cluster-id")
            || key.contains("last-updated-by-k8s-ingress")
    });
    if let Some((key, value)) = tag {
        return Some(format!("its tag {key}: {}", value.as_str().unwrap_or_default()));
    }
    let names = ["backendAddressPools", "httpListeners", "requestRoutingRules", "backendHttpSettingsCollection"];
    names.iter().find_map(|kind| {
        let list = body.pointer(&format!("/properties/{kind}"))?.as_array()?;
        let name = list.iter().filter_map(|one| one.get("name")?.as_str()).find(|name| agic(name))?;
        Some(format!("the name {name} in its {kind}"))
    })
}

/// AGIC names what it makes by kind and content: `pool-…-bp-80`, `fl-<hash>`, `rr-<hash>`, `bp-…`.
fn agic(name: &str) -> bool {
    let hashed = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    hashed("fl-")
        || hashed("rr-")
        || hashed("url-")
        || hashed("fp-")
        || (name.starts_with("pool-") && name.contains("-bp-"))
}

fn named(value: &Value, name: &str) -> bool {
    value.get("name").and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(name))
}

impl Client {
    /// Reads a gateway whole, as JSON.
    ///
    /// # Errors
    /// See [`AzureError`].
    pub async fn gateway(&self, gateway: &Gateway) -> Result<Value, AzureError> {
        Ok(self.send(&gateway.get()).await?.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Value {
        json!({"name": "gw", "etag": "W/\"x\"", "properties": {"provisioningState": "Succeeded",
            "backendAddressPools": [{"name": "Web", "properties": {"backendAddresses": [{"ipAddress": "10.1.0.4"}, {"fqdn": "B.Contoso.com"}]}}],
            "requestRoutingRules": [{"name": "r", "properties": {"backendAddressPool": {"id": "/x/backendAddressPools/web"}, "backendHttpSettings": {"id": "/x/backendHttpSettingsCollection/S"}}}],
            "backendHttpSettingsCollection": [{"name": "s", "properties": {"connectionDraining": {"enabled": true, "drainTimeoutInSec": 60}}}]}})
    }

    #[test]
    fn a_pool_is_read_and_replaced_and_all_else_stays() {
        assert_eq!(pool(&body(), "web").unwrap(), ["10.1.0.4", "b.contoso.com"]);
        assert_eq!(pool(&body(), "other"), None);
        let changed = with_pool(body(), "web", &["10.2.0.4".into(), "g.contoso.com".into()]).unwrap();
        assert_eq!(pool(&changed, "WEB").unwrap(), ["10.2.0.4", "g.contoso.com"]);
        let put = Gateway::new("s", "rg", "gw").unwrap().put(changed).body.unwrap();
        assert!(put.get("etag").is_none() && put["properties"]["requestRoutingRules"].is_array());
        assert!(with_pool(body(), "web", &[]).unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn draining_is_the_longest_of_all_settings_unless_one_cuts() {
        assert_eq!(draining(&body(), "web"), Some(60));
        let mut two = body();
        let rule = json!({"name": "r2", "properties": {"backendAddressPool": {"id": "/x/backendAddressPools/WEB"}, "backendHttpSettings": {"id": "/x/backendHttpSettingsCollection/t"}}});
        let setting = |on: bool| json!({"name": "t", "properties": {"connectionDraining": {"enabled": on, "drainTimeoutInSec": 3600}}});
        two["properties"]["requestRoutingRules"].as_array_mut().unwrap().push(rule);
        two["properties"]["backendHttpSettingsCollection"].as_array_mut().unwrap().push(setting(true));
        assert_eq!(draining(&two, "web"), Some(3600));
        two["properties"]["backendHttpSettingsCollection"][1] = setting(false);
        assert_eq!(draining(&two, "web"), None);
        assert_eq!(draining(&body(), "other"), None);
    }

    #[test]
    fn a_controllers_gateway_is_known_by_its_marks() {
        assert_eq!(controller(&body()), None);
        let mut tagged = body();
        tagged["tags"] = json!({"managed-by-k8s-ingress": "1.7.0/abc"});
        assert!(controller(&tagged).unwrap().contains("managed-by-k8s-ingress"));
        let mut named = body();
        named["properties"]["httpListeners"] = json!([{"name": "fl-e1903c8aa3446b7b3207aec6d6ecba8a"}]);
        assert!(controller(&named).unwrap().contains("httpListeners"));
        let mut pool = body();
        pool["properties"]["backendAddressPools"][0]["name"] = json!("pool-default-web-80-bp-80");
        assert!(controller(&pool).is_some());
    }
}
