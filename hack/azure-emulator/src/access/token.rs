//! Access tokens: JSON web tokens that say who calls. Their signature is a filler: nothing here is secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::arm::Principal;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) tenant: String,
    pub(crate) client: String,
    pub(crate) object: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
    /// Subject, of federated tokens.
    pub(crate) subject: String,
}

impl Claims {
    pub(crate) fn principal(self) -> Principal {
        Principal { tenant: self.tenant, client: self.client, object: self.object }
    }
}

/// Makes a token.
pub(crate) fn issue(principal: &Principal, audience: &str, issuer: &str, now: i64, expires: i64) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "azure-emulator"});
    let payload = json!({
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": expires,
        "appid": principal.client,
        "azp": principal.client,
        "appidacr": "1",
        "idtyp": "app",
        "oid": principal.object,
        "sub": principal.object,
        "tid": principal.tenant,
        "ver": "1.0",
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&header), part(&payload), URL_SAFE_NO_PAD.encode("not a signature"))
}

/// Reads a token, ours or another's; `None` when it is none.
pub(crate) fn read(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let payload: Value = serde_json::from_slice(&bytes).ok()?;
    let text = |names: &[&str]| {
        names.iter().find_map(|name| payload.get(*name).and_then(Value::as_str)).unwrap_or_default().to_owned()
    };
    Some(Claims {
        tenant: text(&["tid"]),
        client: text(&["appid", "azp"]),
        object: text(&["oid", "sub"]),
        expires: payload.get("exp").and_then(Value::as_i64).unwrap_or_default(),
        subject: text(&["sub"]),
    })
}

/// The object id of a client that has none declared: always the same for the same client.
pub(crate) fn object_of(client: &str) -> String {
    let seed = client.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    });
    crate::world::Random::new(seed).uuid()
}

#[cfg(test)]
mod tests {
    use super::{issue, object_of, read};
    use crate::arm::Principal;

    #[test]
    fn a_token_says_who_it_was_made_for() {
        let principal = Principal { tenant: "t".to_owned(), client: "c".to_owned(), object: object_of("c") };
        let claims = read(&issue(&principal, "a", "i", 1, 2)).unwrap();
        assert_eq!((claims.expires, claims.clone().principal()), (2, principal));
        assert_eq!(read("nonsense"), None);
        assert_eq!(read("a.b.c"), None);
    }
}
