//! The authority: discovery, tokens, managed identity, and what the CLI wants to know of a cloud.

mod cloud;
mod grant;
mod managed;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::arm::Reply;
use crate::arm::dispatch::Request;
use crate::world::World;
use crate::world::faults::Fault;
use crate::world::log::Entry;

/// Answers what belongs to identity; `None` when it is something else.
pub(crate) fn answer(world: &mut World, request: &Request) -> Option<Reply> {
    let words: Vec<&str> = request.path.split('/').filter(|word| !word.is_empty()).collect();
    let folded: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
    let get = request.method == Method::GET;
    match folded.as_slice() {
        ["msi", "token"] => return Some(served(world, request, "msi", managed::app_service)),
        ["metadata", "identity", "oauth2", "token"] => return Some(served(world, request, "msi", managed::imds)),
        _ if request.only_identity => return None,
        [_, "oauth2", "v2.0", "token"] => return Some(served(world, request, "token", grant::version_2)),
        [_, "oauth2", "token"] => return Some(served(world, request, "token", grant::version_1)),
        _ => {}
    }
    let reply = match folded.as_slice() {
        ["metadata", "endpoints"] if get => cloud::endpoints(world, request),
        [_, "discovery", "instance"] if get => cloud::instance(request),
        [_, "v2.0", ".well-known", "openid-configuration"] if get => cloud::openid(request, words.first()?, true),
        [_, ".well-known", "openid-configuration"] if get => cloud::openid(request, words.first()?, false),
        [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"] if get => Reply::ok(json!({ "keys": [] })),
        _ => return None,
    };
    Some(reply)
}

/// Serves a token endpoint, with its faults, and logs it. No secret goes into the log.
fn served(
    world: &mut World,
    request: &Request,
    kind: &str,
    serve: fn(&mut World, &Request) -> (Reply, String),
) -> Reply {
    let fault = {
        let World { faults, random, .. } = &mut *world;
        faults.strike(random, request.method.as_str(), kind, &request.path)
    };
    let (mut reply, client) = match &fault {
        Some(Fault::Error { status, code, message, retry_after }) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let code = code.as_deref().unwrap_or("temporarily_unavailable");
            let reply =
                refusal(status, code, message.as_deref().unwrap_or("AADSTS90033: A transient error has occurred."));
            let reply = match retry_after {
                Some(seconds) => reply.with("retry-after", seconds.to_string()),
                None => reply,
            };
            (reply, String::new())
        }
        _ => serve(world, request),
    };
    match &fault {
        Some(Fault::Delay { milliseconds }) => reply.delay = std::time::Duration::from_millis(*milliseconds),
        Some(Fault::CloseBefore | Fault::CloseAfter) => reply.hangup = true,
        _ => {}
    }
    let entry = Entry {
        number: 0,
        time: world.now(),
        method: request.method.to_string(),
        kind: kind.to_owned(),
        path: request.path.clone(),
        api_version: request.query.get("api-version").cloned().unwrap_or_default(),
        status: if reply.hangup { 0 } else { reply.status.as_u16() },
        client,
        agent: request.header("user-agent").unwrap_or_default().to_owned(),
        request_id: String::new(),
        condition: None,
        fault: fault.as_ref().map(Fault::label),
    };
    world.log.add(entry);
    reply
}

/// An error of the authority.
fn refusal(status: StatusCode, error: &str, description: &str) -> Reply {
    let number: Option<i64> = description
        .strip_prefix("AADSTS")
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok());
    let mut body = json!({ "error": error, "error_description": description });
    if let Some(number) = number {
        body["error_codes"] = json!([number]);
    }
    Reply::json(status, body)
}

/// Audience of a scope or resource: without `/.default`.
fn audience(scope: &str) -> String {
    let resource = scope.split_whitespace().find(|word| word.contains("://") || word.ends_with("/.default"));
    let resource = resource.unwrap_or("https://management.azure.com/.default");
    resource.strip_suffix("/.default").unwrap_or(resource).to_owned()
}

/// Seconds since 1970 in real time: clients compare tokens with their own clocks.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The fields both kinds of token answers have.
fn bearer(token: String) -> Value {
    json!({ "token_type": "Bearer", "access_token": token })
}
