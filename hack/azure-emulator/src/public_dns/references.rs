//! Which record sets point at a resource.

use http::Method;
use serde_json::{Value, json};

use crate::arm::{ArmError, Call, Reply, ResourceId};
use crate::dns_records::lists;
use crate::world::World;

/// Answers `getDnsResourceReference`.
pub(super) fn handle(world: &World, call: &Call) -> Result<Reply, ArmError> {
    if call.method != Method::POST {
        return Err(ArmError::method(&call.method, "Microsoft.Network/getDnsResourceReference"));
    }
    let targets = call.body.pointer("/properties/targetResources").and_then(Value::as_array);
    let Some(targets) = targets else {
        return Err(ArmError::bad("BadRequest", "The request body has no 'properties.targetResources'."));
    };
    let mut references = Vec::new();
    for target in targets.iter().filter_map(|target| target.get("id").and_then(Value::as_str)) {
        let id = ResourceId::parse(target)
            .map_err(|text| ArmError::bad("BadRequest", format!("A target resource is invalid: {text}.")))?;
        let sets: Vec<Value> =
            lists::aliases_of(world, &id).iter().map(|set| json!({ "id": set.to_string() })).collect();
        references.push(json!({ "dnsResources": sets, "targetResource": { "id": target } }));
    }
    Ok(Reply::ok(json!({ "properties": { "dnsResourceReferences": references } })))
}
