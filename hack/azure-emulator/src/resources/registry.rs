//! Which providers are registered: all that are served, always.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::arm::{ArmError, Call, Reply, ResourceType, Scope, paging};
use crate::world::World;

/// Answers `/providers`, `/providers/{namespace}` and its `register`.
pub(super) fn handle(world: &World, call: &Call, scope: &Scope, namespace: Option<&str>) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, "Microsoft.Resources/providers"));
    }
    let all = namespaces();
    let Some(wanted) = namespace else {
        let all = all.iter().map(|namespace| show(scope, namespace)).collect();
        return paging::page(call, all, world.settings.page_size);
    };
    match all.iter().find(|one| one.eq_ignore_ascii_case(wanted)) {
        Some(namespace) => Ok(Reply::ok(show(scope, namespace))),
        None => {
            let text = format!("The resource namespace '{wanted}' is invalid.");
            Err(ArmError::front(StatusCode::NOT_FOUND, "InvalidResourceNamespace", text))
        }
    }
}

/// Answers a POST to `…/providers/{namespace}/register` and `unregister`; `None` for anything else.
pub(crate) fn register(call: &Call) -> Option<Reply> {
    let crate::arm::Target::Below { scope, namespace, last, .. } = &call.target else { return None };
    let verb = last.to_ascii_lowercase();
    (call.method == Method::POST && matches!(verb.as_str(), "register" | "unregister"))
        .then(|| Reply::ok(show(scope, namespace)))
}

/// Answers `/providers/{namespace}/operations`: what can be done with the types that are served; `None` for anything else.
pub(crate) fn operations(call: &Call) -> Option<Reply> {
    let crate::arm::Target::Below { scope: Scope::Tenant, namespace, last, .. } = &call.target else { return None };
    if call.method != Method::GET || !last.eq_ignore_ascii_case("operations") {
        return None;
    }
    let name = namespaces().into_iter().find(|one| one.eq_ignore_ascii_case(namespace))?;
    let all: Vec<Value> = types_of(name)
        .flat_map(|kind| ["read", "write", "delete"].map(|verb| (kind.name, verb)))
        .map(|(kind, verb)| {
            let resource = kind.split_once('/').map_or("", |(_, kind)| kind);
            json!({
                "name": format!("{kind}/{verb}"), "isDataAction": false, "origin": "user,system",
                "display": {"provider": name, "resource": resource, "operation": verb,
                    "description": format!("{verb} {resource}")},
            })
        })
        .collect();
    Some(Reply::ok(json!({ "value": all })))
}

/// The types of a namespace that have a name of their own.
fn types_of(namespace: &str) -> impl Iterator<Item = &'static ResourceType> {
    let own = move |name: &str| name.split('/').next().is_some_and(|one| one.eq_ignore_ascii_case(namespace));
    crate::providers::all()
        .into_iter()
        .flat_map(|provider| provider.types())
        .filter(move |kind| own(kind.name) && !kind.name.ends_with('*'))
}

fn namespaces() -> Vec<&'static str> {
    let mut names: Vec<&str> = crate::providers::all()
        .iter()
        .flat_map(|provider| provider.types())
        .filter_map(|kind| kind.name.split('/').next())
        .chain(["Microsoft.Resources"])
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn show(scope: &Scope, namespace: &str) -> Value {
    let kinds: Vec<Value> = types_of(namespace)
        .map(|kind| {
            let newest_first: Vec<&str> = kind.versions.iter().rev().copied().collect();
            json!({
                "resourceType": kind.name.split_once('/').map_or("", |(_, kind)| kind),
                "locations": ["global", "West Europe"],
                "apiVersions": newest_first,
                "defaultApiVersion": kind.versions.last(),
                "capabilities": "SupportsTags, SupportsLocation",
            })
        })
        .collect();
    json!({
        "id": format!("{}/providers/{namespace}", scope.path()),
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": kinds,
    })
}
