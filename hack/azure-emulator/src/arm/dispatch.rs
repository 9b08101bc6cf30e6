//! From a request to an answer: which part of Azure it is for, what goes wrong, who may, who serves.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::{ArmError, Body, Call, ErrorStyle, Principal, Reply, ResourceType, Target, late, lro};
use crate::provider::{OtherCall, Provider};
use crate::world::World;
use crate::world::faults::Fault;
use crate::world::log::Entry;
use crate::{admin, identity, page, resources};

/// A request as it came, its body still bytes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// As sent, escapes and all.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// `https://host:port` as the caller used it.
    pub(crate) base: String,
    /// The listener serves managed identity alone.
    pub(crate) only_identity: bool,
}

impl Request {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Host without port, in lower case.
    fn host(&self) -> String {
        let host = self.base.split_once("://").map_or("", |(_, host)| host);
        let bare = match host.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        bare.to_ascii_lowercase()
    }
}

/// Answers any request.
pub(crate) fn request(world: &mut World, providers: &[Box<dyn Provider>], request: &Request) -> Reply {
    let request_id = world.uuid();
    let correlation = request.header("x-ms-correlation-request-id").map_or_else(|| request_id.clone(), str::to_owned);
    let reply = route(world, providers, request, &request_id);
    let mut reply = reply
        .with("x-ms-request-id", request_id)
        .with("x-ms-correlation-request-id", correlation)
        .with("cache-control", "no-cache")
        .with("x-content-type-options", "nosniff")
        .with("strict-transport-security", "max-age=31536000; includeSubDomains");
    if let Some(id) = request.header("x-ms-client-request-id") {
        reply = reply.with("x-ms-client-request-id", id.to_owned());
    }
    if request.method == Method::HEAD {
        reply.body = Body::Empty;
    }
    reply
}

fn route(world: &mut World, providers: &[Box<dyn Provider>], request: &Request, request_id: &str) -> Reply {
    if let Some(reply) = identity::answer(world, request) {
        return reply;
    }
    if request.only_identity {
        let text = format!("Only managed identity is served here, not '{}'.", request.path);
        return ArmError::front(StatusCode::NOT_FOUND, "NotFound", text).reply(ErrorStyle::Wrapped);
    }
    let host = request.host();
    let other = OtherCall {
        method: &request.method,
        host: &host,
        base: &request.base,
        path: &request.path,
        query: &request.query,
        headers: &request.headers,
        body: &request.body,
    };
    // Services have admin calls of their own, so they come first.
    if let Some(reply) = providers.iter().find_map(|provider| provider.other(world, &other)) {
        return reply;
    }
    if late::asked(request) {
        return late::release(world, |world, call| arm(world, providers, call));
    }
    if let Some(reply) = admin::answer(world, request) {
        return reply;
    }
    if request.path == "/" && request.method == Method::GET {
        return page::show(world, providers, request);
    }
    let method = request.method.clone();
    match call(world, request, request_id) {
        Ok(call) => arm(world, providers, &call),
        Err(error) => {
            note(world, request, &error, &method);
            error.reply(ErrorStyle::Wrapped)
        }
    }
}

/// Reads an ARM call.
fn call(world: &World, request: &Request, request_id: &str) -> Result<Call, ArmError> {
    let target = Target::parse(&request.path, false)
        .map_err(|text| ArmError::front(StatusCode::NOT_FOUND, "InvalidRequestUri", format!("{text}.")))?;
    let body = if request.body.iter().all(u8::is_ascii_whitespace) {
        Value::Null
    } else {
        serde_json::from_slice(&request.body).map_err(|error| {
            let text = format!("The request content was invalid and could not be deserialized: '{error}'.");
            ArmError::front(StatusCode::BAD_REQUEST, "InvalidRequestContent", text)
        })?
    };
    let principal = world.access.principal(request.header("authorization"))?;
    Ok(Call {
        method: request.method.clone(),
        path: request.path.clone(),
        api_version: request.query.get("api-version").cloned().unwrap_or_default(),
        query: request.query.clone(),
        headers: request.headers.clone(),
        base: request.base.clone(),
        request_id: request_id.to_owned(),
        target,
        body,
        principal,
    })
}

/// Answers an ARM call, with faults before and after.
fn arm(world: &mut World, providers: &[Box<dyn Provider>], call: &Call) -> Reply {
    let operation = lro::operation_of(&call.target, &call.path);
    let kind = if operation.is_some() { "operation".to_owned() } else { call.target.kind() };
    let method = if call.method == Method::HEAD { Method::GET } else { call.method.clone() };
    let fault = {
        let World { faults, random, .. } = &mut *world;
        faults.strike(random, method.as_str(), &kind, &call.path)
    };
    if fault.is_some() {
        world.touch();
    }
    if fault == Some(Fault::Late) {
        world.late.push(call.clone());
    }
    let serving = find(providers, &kind);
    let style = serving.map_or(ErrorStyle::Wrapped, |(_, kind)| kind.errors);
    let reply = match instead(fault.as_ref()) {
        Some(reply) => reply.unwrap_or_else(|error| error.reply(style)),
        None => {
            world.store.stale = fault == Some(Fault::StaleRead) && method == Method::GET;
            world.hold_lro_fault(fault.as_ref());
            let decided = match operation {
                Some(id) => polled(world, providers, call, &id),
                None => decide(world, call, serving),
            };
            world.store.stale = false;
            world.hold_lro_fault(None);
            let reply = decided.unwrap_or_else(|error| error.reply(style));
            afterwards(reply, fault.as_ref())
        }
    };
    let reply = crate::world::throttle::with_remaining(world, call, reply);
    log(world, call, &kind, &reply, fault.as_ref());
    reply
}

/// Answers whoever asks after an operation.
fn polled(world: &mut World, providers: &[Box<dyn Provider>], call: &Call, id: &str) -> Result<Reply, ArmError> {
    let reply = lro::answer(world, call, id)?;
    let made = lro::made(world, call, id).filter(|_| reply.status == StatusCode::NO_CONTENT);
    let Some(resource) = made else { return Ok(reply) };
    let Some((provider, _)) = find(providers, &resource.kind()) else { return Ok(reply) };
    let read = Call { method: Method::GET, target: Target::Resource(resource), ..call.clone() };
    Ok(provider.handle(world, &read).unwrap_or(reply))
}

/// Who serves a type.
fn find<'a>(providers: &'a [Box<dyn Provider>], kind: &str) -> Option<(&'a dyn Provider, &'static ResourceType)> {
    providers
        .iter()
        .find_map(|provider| provider.types().iter().find(|one| one.serves(kind)).map(|one| (provider.as_ref(), one)))
}

fn decide(
    world: &mut World,
    call: &Call,
    serving: Option<(&dyn Provider, &'static ResourceType)>,
) -> Result<Reply, ArmError> {
    if matches!(
        call.target,
        Target::Subscriptions | Target::Tenants | Target::Subscription(..) | Target::Group(..) | Target::Namespace(..)
    ) {
        crate::access::check(world, call)?;
        crate::authorization::locks::check(world, call)?;
        return resources::handle(world, call);
    }
    if let Some(reply) = resources::registry::register(call).or_else(|| resources::registry::operations(call)) {
        return Ok(reply);
    }
    let Some((provider, kind)) = serving else {
        let full = call.target.kind();
        let (namespace, kind) = full.split_once('/').unwrap_or((&full, ""));
        let text = format!(
            "The resource type '{kind}' could not be found in the namespace '{namespace}' for api version '{}'.",
            call.api_version
        );
        return Err(ArmError::front(StatusCode::NOT_FOUND, "InvalidResourceType", text));
    };
    kind.check(&call.api_version, world.settings.strict_versions)?;
    crate::access::check(world, call)?;
    resources::need_group(world, call)?;
    crate::authorization::locks::check(world, call)?;
    crate::world::throttle::check(world, call)?;
    if call.method == Method::HEAD && matches!(call.target, Target::Resource(_)) {
        // Is it there? No more than that is asked, and answered.
        provider.handle(world, &Call { method: Method::GET, ..call.clone() })?;
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    provider.handle(world, call).map_err(|error| resources::or_no_group(world, call, error))
}

/// What a fault puts in the place of the work.
fn instead(fault: Option<&Fault>) -> Option<Result<Reply, ArmError>> {
    let new = |status, code: &str, text: &str| Some(Err(ArmError::new(status, code, text)));
    match fault? {
        Fault::Error { status, code, message, retry_after } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let code = code.clone().unwrap_or_else(|| usual_code(status).to_owned());
            let message = message.clone().unwrap_or_else(|| usual_message(status).to_owned());
            let mut error = ArmError::new(status, &code, message);
            error.retry_after = *retry_after;
            Some(Err(error))
        }
        Fault::Busy => new(
            StatusCode::CONFLICT,
            "OperationNotAllowed",
            "Another operation is in progress on this resource; wait until it has completed and try again.",
        ),
        Fault::PreconditionFailed => new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "The condition given in the request header(s) was not met: the resource has been modified.",
        ),
        Fault::CloseBefore => Some(Ok(Reply { hangup: true, ..Reply::empty(StatusCode::BAD_GATEWAY) })),
        Fault::Late => Some(Ok(late::silence())),
        _ => None,
    }
}

fn usual_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "AuthenticationFailed",
        403 => "AuthorizationFailed",
        404 => "ResourceNotFound",
        409 => "Conflict",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        status if status < 500 => "BadRequest",
        _ => "InternalServerError",
    }
}

fn usual_message(status: StatusCode) -> &'static str {
    match status.as_u16() {
        429 => "The request was throttled. Please wait for the time that Retry-After names.",
        503 => "The service is temporarily unavailable. Please try again later.",
        504 => "The gateway did not receive a response within the specified time.",
        500.. => "The server encountered an internal error. Please retry the request.",
        _ => "The request was refused.",
    }
}

/// What a fault does to an answer that was made.
fn afterwards(reply: Reply, fault: Option<&Fault>) -> Reply {
    match fault {
        Some(Fault::Delay { milliseconds }) => Reply { delay: Duration::from_millis(*milliseconds), ..reply },
        Some(Fault::CloseAfter) => Reply { hangup: true, ..reply },
        _ => reply,
    }
}

fn log(world: &mut World, call: &Call, kind: &str, reply: &Reply, fault: Option<&Fault>) {
    let condition = match (call.header("if-match"), call.header("if-none-match")) {
        (Some(etag), _) => Some(format!("If-Match: {etag}")),
        (None, Some(etag)) => Some(format!("If-None-Match: {etag}")),
        (None, None) => None,
    };
    let entry = Entry {
        number: 0,
        time: world.now(),
        method: call.method.to_string(),
        kind: kind.to_owned(),
        path: call.path.clone(),
        api_version: call.api_version.clone(),
        status: if reply.hangup { 0 } else { reply.status.as_u16() },
        client: call.principal.client.clone(),
        agent: call.header("user-agent").unwrap_or_default().to_owned(),
        request_id: call.request_id.clone(),
        condition,
        fault: fault.map(Fault::label),
    };
    world.log.add(entry);
}

/// Logs a request that was no call.
fn note(world: &mut World, request: &Request, error: &ArmError, method: &Method) {
    let call = Call {
        method: method.clone(),
        path: request.path.clone(),
        target: Target::Tenants,
        api_version: request.query.get("api-version").cloned().unwrap_or_default(),
        query: BTreeMap::new(),
        headers: request.headers.clone(),
        body: Value::Null,
        base: String::new(),
        principal: Principal::default(),
        request_id: String::new(),
    };
    log(world, &call, "none", &error.reply(ErrorStyle::Wrapped), None);
}
