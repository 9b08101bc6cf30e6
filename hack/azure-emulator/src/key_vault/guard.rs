//! What stands before every call of a vault: what goes wrong on purpose, who may, and the log.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use super::keys::Vault;
use crate::arm::{Principal, Reply, ResourceId, Scope};
use crate::provider::OtherCall;
use crate::world::World;
use crate::world::faults::Fault;
use crate::world::log::Entry;

/// The type of keys, in faults, roles and the log.
const KEYS: &str = "Microsoft.KeyVault/vaults/keys";

/// What a call does: its type as faults and the log know it, and the action that a role must have.
fn action(method: &Method, words: &[&str]) -> (String, String) {
    let verb = match (method, words) {
        (&Method::GET, _) => return (KEYS.to_owned(), format!("{KEYS}/read")),
        (&Method::DELETE, ["deletedkeys", ..]) => "purge",
        (&Method::DELETE, _) => return (KEYS.to_owned(), format!("{KEYS}/delete")),
        (&Method::PATCH, _) => return (KEYS.to_owned(), format!("{KEYS}/update/action")),
        (&Method::PUT, _) => "import",
        (_, [.., "wrapkey"]) => "wrap",
        (_, [.., "unwrapkey"]) => "unwrap",
        (_, [.., last]) => last,
        (_, []) => "read",
    };
    (format!("{KEYS}/{verb}"), format!("{KEYS}/{verb}/action"))
}

/// Serves a call that has a token, unless a fault or the roles stand before it; `serve` does the work.
pub(super) fn pass(
    world: &mut World,
    call: &OtherCall<'_>,
    vault: &Vault,
    path: &[String],
    serve: impl FnOnce(&mut World) -> Reply,
) -> Reply {
    let folded: Vec<String> = path.iter().map(|word| word.to_ascii_lowercase()).collect();
    let words: Vec<&str> = folded.iter().map(String::as_str).collect();
    let (kind, action) = action(call.method, &words);
    let fault = {
        let World { faults, random, .. } = &mut *world;
        faults.strike(random, call.method.as_str(), &kind, call.path)
    };
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    // An unknown token is served as nobody's where anybody may; in strict mode nobody may nothing.
    let principal = world.access.principal(header("authorization")).unwrap_or_default();
    let key = path.get(1).map_or("", String::as_str);
    let mut reply = match &fault {
        Some(Fault::Error { status, code, message, retry_after }) => {
            refused(*status, code.as_deref(), message.as_deref(), *retry_after)
        }
        Some(Fault::CloseBefore) => Reply::empty(StatusCode::OK),
        _ => match denied(world, &principal, &action, vault, key) {
            Some(reply) => reply,
            None => serve(world),
        },
    };
    match &fault {
        Some(Fault::Delay { milliseconds }) => reply.delay = Duration::from_millis(*milliseconds),
        Some(Fault::CloseBefore | Fault::CloseAfter) => reply.hangup = true,
        _ => {}
    }
    let entry = Entry {
        number: 0,
        time: world.now(),
        method: call.method.to_string(),
        kind,
        path: call.path.to_owned(),
        api_version: call.query.get("api-version").cloned().unwrap_or_default(),
        status: if reply.hangup { 0 } else { reply.status.as_u16() },
        client: principal.client,
        agent: header("user-agent").unwrap_or_default().to_owned(),
        request_id: String::new(),
        condition: None,
        fault: fault.as_ref().map(Fault::label),
    };
    world.log.add(entry);
    reply
}

fn refused(status: u16, code: Option<&str>, message: Option<&str>, retry_after: Option<u32>) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (usual_code, usual_message) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("Throttled", "Request was not processed because too many were received."),
        StatusCode::FORBIDDEN => ("Forbidden", "Caller is not authorized to perform action on resource."),
        _ => ("InternalServerError", "The vault could not answer."),
    };
    let error = json!({"code": code.unwrap_or(usual_code), "message": message.unwrap_or(usual_message)});
    let reply = Reply::json(status, json!({ "error": error }));
    match retry_after {
        Some(seconds) => reply.with("retry-after", seconds.to_string()),
        None => reply,
    }
}

/// 403 with action and key, when roles are declared and none of the caller's has the action.
fn denied(world: &World, principal: &Principal, action: &str, vault: &Vault, key: &str) -> Option<Reply> {
    let vault = ResourceId::new(Scope::Tenant, "Microsoft.KeyVault", "vaults", &vault.name);
    let scope = if key.is_empty() { vault.to_string() } else { vault.child("keys", key).to_string() };
    if crate::access::permits(world, principal, action, &scope) {
        return None;
    }
    let text = format!(
        "Caller is not authorized to perform action on resource. Caller: appid={};oid={} Action: '{action}' Resource: '{scope}'",
        principal.client, principal.object
    );
    Some(refused(403, None, Some(&text), None))
}

#[cfg(test)]
mod tests {
    use super::{KEYS, action};
    use http::Method;

    #[test]
    fn a_call_is_an_action_of_azures_roles() {
        for (method, path, verb) in [
            (Method::GET, "keys/k/1", "read"),
            (Method::POST, "keys/k/1/decrypt", "decrypt/action"),
            (Method::POST, "keys/k/unwrapkey", "unwrap/action"),
            (Method::POST, "keys/k/1/wrapkey", "wrap/action"),
            (Method::POST, "keys/k/create", "create/action"),
            (Method::PUT, "keys/k", "import/action"),
            (Method::DELETE, "keys/k", "delete"),
            (Method::DELETE, "deletedkeys/k", "purge/action"),
        ] {
            let words: Vec<&str> = path.split('/').collect();
            assert_eq!(action(&method, &words).1, format!("{KEYS}/{verb}"), "{method} {path}");
        }
        assert_eq!(action(&Method::POST, &["keys", "k", "decrypt"]).0, format!("{KEYS}/decrypt"));
    }
}
