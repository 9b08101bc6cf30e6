//! Pools of an Application Gateway that hold the color.

use serde_json::Value;
use teal_azure::gateway::Gateway;
use teal_azure::{Client, ResourceId};
use teal_switcher_core::retire::{Pointer, Weight};

use super::{Belongings, Found};

pub(super) async fn search(client: &Client, id: ResourceId, belongings: &Belongings) -> Found {
    Ok(pointers(&client.gateway(&Gateway { id }).await?, belongings))
}

fn pointers(body: &Value, belongings: &Belongings) -> Vec<Pointer> {
    let list = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for pool in list(body, "/properties/backendAddressPools") {
        let name = pool.get("name").and_then(Value::as_str).unwrap_or_default();
        let weight = if used(body, name) { Weight::Live } else { Weight::Idle };
        for address in list(&pool, "/properties/backendAddresses") {
            let text = address.get("ipAddress").or_else(|| address.get("fqdn")).and_then(Value::as_str);
            if let Some(to) = text.filter(|text| belongings.has_address(text)) {
                found.push(Pointer { what: format!("pool {name}"), to: to.to_owned(), weight });
            }
        }
        // Machines that were put into the pool by their network interface.
        for member in list(&pool, "/properties/backendIPConfigurations") {
            let id = member.get("id").and_then(Value::as_str).and_then(|id| id.parse::<ResourceId>().ok());
            if let Some(id) = id.filter(|id| belongings.has_resource(id)) {
                found.push(Pointer { what: format!("pool {name}"), to: id.to_string(), weight });
            }
        }
    }
    found
}

/// Does anything outside the pools themselves name the pool: a rule, a path map, a listener of layer 4?
fn used(body: &Value, pool: &str) -> bool {
    let end = format!("/backendaddresspools/{}", pool.to_ascii_lowercase());
    let parts = body.get("properties").and_then(Value::as_object);
    let others = parts.into_iter().flatten().filter(|(key, _)| *key != "backendAddressPools");
    others.into_iter().any(|(_, part)| mentions(part, &end))
}

fn mentions(value: &Value, end: &str) -> bool {
    match value {
        Value::String(text) => text.to_ascii_lowercase().ends_with(end),
        Value::Array(items) => items.iter().any(|item| mentions(item, end)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, end)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_counts_where_something_leads_to_it() {
        let mut own = Belongings::default();
        own.add_ip("10.1.0.4".parse().unwrap());
        own.add_host("blue.contoso.com");
        own.add_group("s", "MC");
        let nic = "/subscriptions/S/resourceGroups/mc/providers/Microsoft.Compute/virtualMachineScaleSets/a/virtualMachines/0/networkInterfaces/n/ipConfigurations/i";
        let pool = |name: &str, address: Value| json!({"name": name, "properties": {"backendAddresses": [address]}});
        let body = json!({"properties": {
            "backendAddressPools": [pool("Web", json!({"ipAddress": "10.1.0.4"})), pool("old", json!({"fqdn": "blue.contoso.com"})), pool("green", json!({"ipAddress": "10.2.0.4"})),
                {"name": "nodes", "properties": {"backendIPConfigurations": [{"id": nic}]}}],
            "urlPathMaps": [{"properties": {"pathRules": [{"properties": {"backendAddressPool": {"id": "/x/backendAddressPools/web"}}}]}}],
        }});
        let found: Vec<(String, Weight)> =
            pointers(&body, &own).into_iter().map(|one| (one.what, one.weight)).collect();
        let want = [("pool Web", Weight::Live), ("pool old", Weight::Idle), ("pool nodes", Weight::Idle)];
        assert_eq!(found, want.map(|(pool, weight)| (pool.to_owned(), weight)));
    }
}
