//! Managed identity, as App Service and as a virtual machine has it.

use http::{Method, StatusCode};
use serde_json::json;

use super::grant::form_of;
use super::{audience, bearer, now};
use crate::access::issue;
use crate::arm::dispatch::Request;
use crate::arm::{Principal, Reply};
use crate::resources::DEFAULT_TENANT;
use crate::world::World;

/// Seconds that a token lives.
const LIFE: i64 = 86_399;

/// The identity behind requests that name none.
const SYSTEM: &str = "00000000-0000-0000-0000-0000000000bb";

/// `GET /msi/token?resource=…&api-version=2019-08-01` with `X-IDENTITY-HEADER`; with `secret` as Azure ML, Service Fabric
/// and App Service's older version send it; or a POST with `Metadata: true` and the resource in a form, as in Cloud Shell.
pub(super) fn app_service(world: &mut World, request: &Request) -> (Reply, String) {
    let header = |name: &str| request.header(name).is_some_and(|value| !value.is_empty());
    let cloud_shell = request.method == Method::POST && header("metadata");
    if !header("x-identity-header") && !header("secret") && !cloud_shell {
        let text = "The header X-IDENTITY-HEADER is missing.";
        return (refusal(StatusCode::UNAUTHORIZED, "Unauthorized", text), String::new());
    }
    token(world, request, false)
}

/// `GET /metadata/identity/oauth2/token?resource=…` with `Metadata: true`.
pub(super) fn imds(world: &mut World, request: &Request) -> (Reply, String) {
    if !request.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let text = "Required metadata header not specified";
        let body = json!({ "error": "invalid_request", "error_description": text });
        return (Reply::json(StatusCode::BAD_REQUEST, body), String::new());
    }
    token(world, request, true)
}

fn refusal(status: StatusCode, code: &str, text: &str) -> Reply {
    Reply::json(status, json!({ "statusCode": status.as_u16(), "code": code, "message": text }))
}

fn token(world: &World, request: &Request, machine: bool) -> (Reply, String) {
    let form = form_of(request).unwrap_or_default();
    let asked = |name: &str| request.query.get(name).or_else(|| form.get(name)).filter(|value| !value.is_empty());
    let Some(resource) = asked("resource") else {
        let body =
            json!({ "error": "invalid_resource", "error_description": "The query parameter 'resource' is missing." });
        return (Reply::json(StatusCode::BAD_REQUEST, body), String::new());
    };
    let named = ["client_id", "clientid"].iter().find_map(|name| asked(name)).cloned();
    let own = world.access.managed_identity.clone();
    if world.access.strict && named.is_some() && named != own {
        let body = json!({ "error": "invalid_request", "error_description": "Identity not found" });
        return (Reply::json(StatusCode::BAD_REQUEST, body), named.unwrap_or_default());
    }
    let client = named.or(own).unwrap_or_else(|| SYSTEM.to_owned());
    let declared = world.access.clients.iter().find(|one| one.id.eq_ignore_ascii_case(&client));
    let tenant = declared
        .map(|one| one.tenant.clone())
        .or_else(|| world.access.tenants.first().map(|tenant| tenant.id.clone()))
        .unwrap_or_else(|| DEFAULT_TENANT.to_owned());
    let object = declared.map_or_else(|| crate::access::object_of(&client), crate::access::Client::object);
    let principal = Principal { tenant, client: client.clone(), object };
    let issuer = format!("https://sts.windows.net/{}/", principal.tenant);
    let (from, until) = (now(), now() + LIFE);
    let mut body = bearer(issue(&principal, &audience(resource), &issuer, from, until));
    body["resource"] = json!(resource);
    body["client_id"] = json!(client);
    body["expires_on"] = json!(until.to_string());
    if machine {
        body["expires_in"] = json!(LIFE.to_string());
        body["ext_expires_in"] = json!(LIFE.to_string());
        body["not_before"] = json!(from.to_string());
    }
    (Reply::ok(body), client)
}
