//! What is in a resource group, whatever it is.

use serde_json::Value;

use crate::client::{Client, needs};
use crate::error::AzureError;
use crate::id::ResourceId;
use crate::request::{Place, Request, segments};
use crate::versions;

/// Asks for everything in the resource group of a subscription; `any` is any id in that subscription.
#[must_use]
pub fn list(any: &ResourceId, group: &str) -> Request {
    let scope = format!("/subscriptions/{}/resourceGroups/{group}", any.subscription());
    let mut request = Request::get("resources", any, versions::RESOURCES, needs("Reader", &scope));
    request.place = Place::Segments(segments(&format!("{scope}/resources")));
    request.told(format!("listing what is in the resource group {group}"))
}

impl Client {
    /// The ids of everything in a resource group; empty when the group is not there.
    ///
    /// # Errors
    /// See [`AzureError`]; a subscription that is not seen is an error, not an empty group.
    pub async fn group_resources(&self, any: &ResourceId, group: &str) -> Result<Vec<ResourceId>, AzureError> {
        let request = list(any, group);
        let items = match self.list(&request).await {
            Ok(items) => items,
            Err(AzureError::NotFound { said, .. }) if said.code == "ResourceGroupNotFound" => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let odd = |why: String| AzureError::Odd { what: request.what.clone(), why };
        let id = |item: &Value| {
            let text = item.get("id").and_then(Value::as_str).unwrap_or_default();
            text.parse().map_err(|error: crate::id::IdError| odd(error.to_string()))
        };
        items.iter().map(id).collect()
    }
}
