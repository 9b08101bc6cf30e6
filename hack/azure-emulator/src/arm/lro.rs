//! How a long-running operation looks from outside.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::percent_encode;
use super::{ArmError, Call, Reply, ResourceId, Target};
use crate::world::{Begun, Operation, Status, Work, World};

/// Length of the made-up signature: real URLs grow beyond 4 KB with it.
const SIGNATURE: usize = 1_024;

impl Reply {
    /// With `Azure-AsyncOperation`, `Retry-After`.
    #[must_use]
    pub(crate) fn with_async(self, begun: &Begun) -> Self {
        self.with("azure-asyncoperation", begun.status_url.clone()).with_retry_after(begun)
    }

    /// With `Location`, `Retry-After`.
    #[must_use]
    pub(crate) fn with_location(self, begun: &Begun) -> Self {
        self.with("location", begun.result_url.clone()).with_retry_after(begun)
    }

    fn with_retry_after(mut self, begun: &Begun) -> Self {
        self.headers.retain(|(name, _)| *name != "retry-after");
        match begun.retry_after {
            Some(seconds) => self.with("retry-after", seconds.to_string()),
            None => self,
        }
    }
}

/// The absolute URL at which the caller asks after an operation: long and signed, to be used as it is.
pub(crate) fn poll_url(call: &Call, work: &Work, path: &str, id: &str) -> String {
    let scope = match (work.resource.subscription(), work.resource.group()) {
        (Some(subscription), Some(group)) if work.group_scoped => {
            format!("/subscriptions/{subscription}/resourcegroups/{group}")
        }
        (Some(subscription), _) => format!("/subscriptions/{subscription}"),
        _ => String::new(),
    };
    let digest = work.resource.key().bytes().fold(17_u64, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte));
    let signature: String = (0..SIGNATURE)
        .map(|at| {
            char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                    [(at * 7 + usize::try_from(digest % 64).unwrap_or(0)) % 64],
            )
        })
        .collect();
    let values = [("t", "639000000000000000"), ("c", &signature), ("s", &signature), ("h", &signature), ("h2", id)];
    let values: Vec<String> = values.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    format!("{}{scope}/providers/{path}/{id}?api-version={}&{}", call.base, call.api_version, values.join("&"))
}

/// Is this path one at which operations are asked after? Then the operation's id.
pub(crate) fn operation_of(target: &Target, path: &str) -> Option<String> {
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let [.., segment, id] = words.as_slice() else { return None };
    let segment = segment.to_ascii_lowercase();
    let shaped = id.len() == 36 && id.bytes().filter(|byte| *byte == b'-').count() == 4;
    let known = ["operations", "operationstatuses", "operationstatus", "operationresults", "operationresult"]
        .iter()
        .any(|suffix| segment.ends_with(suffix));
    let inside = matches!(target, Target::Resource(_) | Target::Below { .. });
    (shaped && known && inside).then(|| (*id).to_owned())
}

/// The answer to whoever asks after an operation. The answer fits both protocols: at a `Location` URL 202 means that it
/// runs; at a status URL the body says so.
pub(crate) fn answer(world: &mut World, call: &Call, id: &str) -> Result<Reply, ArmError> {
    let Some(operation) = world.poll(id) else {
        let text = format!("The operation '{id}' was not found.");
        return Err(ArmError::new(StatusCode::NOT_FOUND, "OperationNotFound", text));
    };
    let retry_after = world.settings.lro.of(&operation.resource.kind()).retry_after;
    let reply =
        if is_result_url(&call.path, &operation) { at_location(call, &operation) } else { at_status(&operation) };
    Ok(match (operation.status, retry_after) {
        (Status::InProgress, Some(seconds)) => reply.with("retry-after", seconds.to_string()),
        _ => reply,
    })
}

/// What the `Location` of an operation shows once it has ended well: the resource that it made or changed. `None` when it
/// shows something else, or nothing.
pub(crate) fn made(world: &World, call: &Call, id: &str) -> Option<ResourceId> {
    let operation = world.operations.get(id)?;
    let whole = operation.result.is_none() && ["Create", "Update"].contains(&operation.verb.as_str());
    (whole && is_result_url(&call.path, operation)).then(|| operation.resource.clone())
}

fn is_result_url(path: &str, operation: &Operation) -> bool {
    // Front Door polls its statuses below a segment that is called `operationresults`.
    let segment = path.rsplit('/').nth(1).unwrap_or_default().to_ascii_lowercase();
    let status = operation.status_segment.to_ascii_lowercase();
    segment != status
}

fn at_location(call: &Call, operation: &Operation) -> Reply {
    match (operation.status, &operation.result) {
        (Status::InProgress, _) => {
            Reply::empty(StatusCode::ACCEPTED).with("location", format!("{}{}", call.base, call.path_and_query()))
        }
        (Status::Succeeded, Some(body)) => Reply::ok(body.clone()),
        (Status::Succeeded, None) => Reply::empty(StatusCode::NO_CONTENT),
        (Status::Failed | Status::Canceled, _) => {
            Reply::json(StatusCode::CONFLICT, json!({ "error": failure(operation) }))
        }
    }
}

fn at_status(operation: &Operation) -> Reply {
    let mut body = json!({
        "name": operation.id,
        "status": operation.status,
        "startTime": operation.started.to_string(),
    });
    if let Some(ended) = operation.ended {
        body["endTime"] = json!(ended.to_string());
    }
    match operation.status {
        Status::Failed | Status::Canceled => body["error"] = failure(operation),
        Status::Succeeded => {
            if let Some(result) = &operation.result {
                body["properties"] = result.get("properties").cloned().unwrap_or_else(|| result.clone());
            }
        }
        Status::InProgress => {}
    }
    Reply::ok(body)
}

fn failure(operation: &Operation) -> Value {
    operation
        .error
        .clone()
        .unwrap_or_else(|| json!({"code": "OperationPreempted", "message": "The operation was cancelled."}))
}
