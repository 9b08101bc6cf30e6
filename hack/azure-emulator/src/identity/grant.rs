//! The token endpoint.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::json;

use super::{audience, bearer, now, refusal};
use crate::access::{issue, read};
use crate::arm::dispatch::Request;
use crate::arm::{Principal, Reply};
use crate::resources::DEFAULT_TENANT;
use crate::world::World;

/// Seconds that a token lives.
const LIFE: i64 = 3_599;

/// What was posted.
type Form = BTreeMap<String, String>;

/// `/{tenant}/oauth2/v2.0/token`.
pub(super) fn version_2(world: &mut World, request: &Request) -> (Reply, String) {
    grant(world, request, |form| {
        let scope = form.get("scope").map_or("", String::as_str);
        (audience(scope), scope.to_owned())
    })
}

/// `/{tenant}/oauth2/token`: `resource` instead of `scope`, and numbers as text.
pub(super) fn version_1(world: &mut World, request: &Request) -> (Reply, String) {
    let (mut reply, client) =
        grant(world, request, |form| (audience(form.get("resource").map_or("", String::as_str)), String::new()));
    if let (StatusCode::OK, crate::arm::Body::Json(body)) = (reply.status, &mut reply.body) {
        let resource =
            form_of(request).map(|form| form.get("resource").cloned().unwrap_or_default()).unwrap_or_default();
        body["expires_in"] = json!(LIFE.to_string());
        body["ext_expires_in"] = json!(LIFE.to_string());
        body["expires_on"] = json!((now() + LIFE).to_string());
        body["not_before"] = json!(now().to_string());
        body["resource"] = json!(resource);
    }
    (reply, client)
}

pub(super) fn form_of(request: &Request) -> Result<Form, String> {
    let text = std::str::from_utf8(&request.body).map_err(|_| "the body is not UTF-8".to_owned())?;
    crate::arm::call::parse_query(text)
}

fn grant(world: &mut World, request: &Request, wanted: fn(&Form) -> (String, String)) -> (Reply, String) {
    let tenant = request.path.split('/').find(|word| !word.is_empty()).unwrap_or_default().to_owned();
    let mut form = match form_of(request) {
        Ok(form) => form,
        Err(text) => {
            let text = format!("AADSTS900144: The request body could not be read: {text}.");
            return (refusal(StatusCode::BAD_REQUEST, "invalid_request", &text), String::new());
        }
    };
    basic(request, &mut form);
    let client = form.get("client_id").cloned().unwrap_or_default();
    let refused = |error: &str, text: &str| (refusal(StatusCode::BAD_REQUEST, error, text), client.clone());
    if request.method != http::Method::POST {
        return refused("invalid_request", "AADSTS900561: The endpoint only accepts POST requests.");
    }
    let Some(kind) = form.get("grant_type").map(String::as_str).filter(|kind| !kind.is_empty()) else {
        let text = "AADSTS900144: The request body must contain the following parameter: 'grant_type'.";
        return refused("invalid_request", text);
    };
    let known = ["client_credentials", "refresh_token", "password", "authorization_code"];
    if !known.contains(&kind) && !kind.starts_with("urn:ietf:params:oauth:grant-type:") {
        let text = format!("AADSTS70003: The app requested an unsupported grant type '{kind}'.");
        return refused("unsupported_grant_type", &text);
    }
    if client.is_empty() {
        let text = "AADSTS900144: The request body must contain the following parameter: 'client_id'.";
        return refused("invalid_request", text);
    }
    if let Err((error, text)) = permitted(world, &tenant, &client, &form) {
        return (refusal(StatusCode::UNAUTHORIZED, error, &text), client);
    }
    let (audience, scope) = wanted(&form);
    let principal = principal(world, &tenant, &client);
    let mut body =
        bearer(issue(&principal, &audience, &format!("{}/{}/", request.base, principal.tenant), now(), now() + LIFE));
    body["expires_in"] = json!(LIFE);
    body["ext_expires_in"] = json!(LIFE);
    if kind != "client_credentials" {
        add_person(&mut body, &principal, &scope, &request.base);
    }
    (Reply::ok(body), client)
}

/// Credentials may come in the header.
fn basic(request: &Request, form: &mut Form) {
    let encoded = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
    let decoded = encoded.and_then(|text| STANDARD.decode(text.trim()).ok()).and_then(|b| String::from_utf8(b).ok());
    if let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) {
        form.entry("client_id".to_owned()).or_insert_with(|| id.to_owned());
        form.entry("client_secret".to_owned()).or_insert_with(|| secret.to_owned());
    }
}

/// What a person's sign-in adds.
fn add_person(body: &mut serde_json::Value, principal: &Principal, scope: &str, base: &str) {
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    body["scope"] = json!(scope);
    body["refresh_token"] = json!("an-emulated-refresh-token");
    body["client_info"] = json!(encode(json!({"uid": principal.object, "utid": principal.tenant})));
    let id = json!({
        "aud": principal.client, "iss": format!("{base}/{}/v2.0", principal.tenant), "iat": now(), "exp": now() + LIFE,
        "oid": principal.object, "sub": principal.object, "tid": principal.tenant, "ver": "2.0",
        "preferred_username": "someone@emulated.onmicrosoft.com",
    });
    body["id_token"] = json!(format!("{}.{}.", encode(json!({"typ": "JWT", "alg": "none"})), encode(id)));
}

fn principal(world: &World, tenant: &str, client: &str) -> Principal {
    let declared = world.access.clients.iter().find(|one| one.id.eq_ignore_ascii_case(client));
    let own = declared.map(|one| one.tenant.clone());
    let shared = ["common", "organizations", "consumers"].contains(&tenant.to_ascii_lowercase().as_str());
    let tenant = match own {
        Some(own) if shared || tenant.eq_ignore_ascii_case(&own) => own,
        _ if shared => {
            world.access.tenants.first().map_or_else(|| DEFAULT_TENANT.to_owned(), |tenant| tenant.id.clone())
        }
        _ => tenant.to_owned(),
    };
    let object = declared.map_or_else(|| crate::access::object_of(client), crate::access::Client::object);
    Principal { tenant, client: client.to_owned(), object }
}

/// In strict mode: is the tenant known, the client in it, and does the secret or assertion prove it?
fn permitted(world: &World, tenant: &str, client: &str, form: &Form) -> Result<(), (&'static str, String)> {
    let access = &world.access;
    if !access.strict {
        return Ok(());
    }
    let known = access.tenants.iter().any(|one| one.id.eq_ignore_ascii_case(tenant));
    if !known && !["common", "organizations"].contains(&tenant.to_ascii_lowercase().as_str()) {
        let text =
            format!("AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return Err(("invalid_request", text));
    }
    let Some(declared) = access.clients.iter().find(|one| one.id.eq_ignore_ascii_case(client)) else {
        let text =
            format!("AADSTS700016: Application with identifier '{client}' was not found in the directory '{tenant}'.");
        return Err(("unauthorized_client", text));
    };
    if let Some(assertion) = form.get("client_assertion") {
        let Some(claims) = read(assertion) else {
            return Err(("invalid_client", "AADSTS50027: JWT token is invalid or malformed.".to_owned()));
        };
        if claims.expires <= now() {
            let text = "AADSTS700024: Client assertion is not within its valid time range.".to_owned();
            return Err(("invalid_client", text));
        }
        if declared.federated_subject.as_ref().is_some_and(|subject| *subject != claims.subject) {
            let text = format!(
                "AADSTS700213: No matching federated identity record found for presented assertion subject '{}'.",
                claims.subject,
            );
            return Err(("invalid_client", text));
        }
        return Ok(());
    }
    match (&declared.secret, form.get("client_secret")) {
        (Some(secret), Some(given)) if secret == given => Ok(()),
        (None, _) if form.contains_key("refresh_token") => Ok(()),
        _ => {
            let text = format!("AADSTS7000215: Invalid client secret provided for app '{client}'.");
            Err(("invalid_client", text))
        }
    }
}
