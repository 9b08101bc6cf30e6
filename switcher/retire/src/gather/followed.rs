//! Public addresses that others follow by their ARM id: the color's own may lie outside its groups, and be declared by
//! address or name only.

use std::net::IpAddr;

use serde_json::Value;
use teal_azure::{AzureError, Client, Needs, Request, ResourceId, versions};

use super::Belongings;

pub(super) const PUBLIC_IP: &str = "microsoft.network/publicipaddresses";

/// What a public address is.
pub(super) struct Public {
    pub(super) ip: Option<IpAddr>,
    pub(super) host: Option<String>,
}

/// Reads a public address; `None` when it is not there.
pub(super) async fn read(client: &Client, id: &ResourceId) -> Result<Option<Public>, AzureError> {
    let needs = Needs { role: "Reader", scope: id.to_string() };
    match client.send(&Request::get("network", id, versions::PUBLIC_IP, needs)).await {
        Ok(answer) => Ok(Some(public(&answer.body))),
        Err(AzureError::NotFound { said, .. })
            if ["ResourceNotFound", "ResourceGroupNotFound"].contains(&said.code.as_str()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn public(body: &Value) -> Public {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    Public {
        ip: text("/properties/ipAddress").and_then(|ip| ip.parse().ok()),
        host: text("/properties/dnsSettings/fqdn").map(str::to_owned),
    }
}

/// The same belongings, with each of these public addresses that has an address or a name of the color.
pub(super) async fn with<'a>(
    client: &Client,
    ids: impl Iterator<Item = &'a ResourceId>,
    belongings: &Belongings,
) -> Result<Belongings, AzureError> {
    let mut all = belongings.clone();
    for id in ids.filter(|id| id.kind() == PUBLIC_IP) {
        if all.has_resource(id) {
            continue;
        }
        let Some(Public { ip, host }) = read(client, id).await? else { continue };
        if ip.is_some_and(|ip| all.has_ip(ip)) || host.is_some_and(|host| all.has_host(&host)) {
            all.add_resource(id.clone());
        }
    }
    Ok(all)
}
