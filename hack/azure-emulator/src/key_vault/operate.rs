//! What keys are for.

use http::StatusCode;
use serde_json::{Value, json};

use super::calls::{Answer, absent, bad, refuse};
use super::crypto;
use super::keys::{self, Vault};
use crate::arm::Reply;
use crate::check::text;
use crate::world::World;

/// Encrypts, decrypts, wraps, unwraps, signs or verifies.
///
/// # Errors
/// The refusal.
pub(super) fn operate(world: &World, vault: &Vault, key: &str, version: &str, action: &str, body: &Value) -> Answer {
    const ALL: [&str; 6] = ["encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify"];
    let one = keys::find(world, vault, key, version).ok_or_else(|| absent(vault, key))?;
    let Some(operation) = ALL.into_iter().find(|known| known.eq_ignore_ascii_case(action)) else {
        return Err(bad(format!("The emulator's vault does {}, not '{action}'.", ALL.join(", "))));
    };
    let stored = Value::Object(one.body.clone());
    let forbidden = |text: String| refuse(StatusCode::FORBIDDEN, "Forbidden", text);
    if stored.pointer("/attributes/enabled") == Some(&Value::Bool(false)) {
        return Err(forbidden("Operation is not allowed on a disabled key.".to_owned()));
    }
    if !crate::check::list(&stored, "/key/key_ops")
        .iter()
        .any(|op| op.as_str().is_some_and(|op| op.eq_ignore_ascii_case(operation)))
    {
        return Err(forbidden(format!("Operation {operation} is not permitted on this key.")));
    }
    if let Some(text) = out_of_time(world, &stored, operation) {
        return Err(forbidden(text));
    }
    let algorithm = text(body, "/alg").ok_or_else(|| bad("The body needs alg."))?;
    let bytes = |name: &str| {
        let found = text(body, &format!("/{name}")).and_then(crypto::decode);
        found.ok_or_else(|| bad(format!("The body needs {name}, in base64url.")))
    };
    let private = keys::private(&one).map_err(bad)?;
    if operation == "verify" {
        let valid = private.verify(algorithm, &bytes("digest")?, &bytes("value")?).map_err(bad)?;
        return Ok(Reply::ok(json!({ "value": valid })));
    }
    let value = bytes("value")?;
    let outcome = match operation {
        "encrypt" | "wrapKey" => private.encrypt(algorithm, &value),
        "sign" => private.sign(algorithm, &value),
        _ => private.decrypt(algorithm, &value),
    };
    Ok(Reply::ok(json!({"kid": keys::kid(vault, &one, true), "value": crypto::encode(&outcome.map_err(bad)?)})))
}

/// Why a key may not be used now: outside of its time it still decrypts, unwraps and verifies.
fn out_of_time(world: &World, key: &Value, operation: &str) -> Option<String> {
    if ["decrypt", "unwrapKey", "verify"].contains(&operation) {
        return None;
    }
    let now = world.now().as_second();
    let at = |name: &str| key.pointer(&format!("/attributes/{name}")).and_then(Value::as_i64);
    if at("nbf").is_some_and(|from| now < from) {
        return Some(format!("Operation {operation} is not allowed on a key that is not valid yet."));
    }
    at("exp").filter(|until| now >= *until).map(|_| format!("Operation {operation} is not allowed on an expired key."))
}
