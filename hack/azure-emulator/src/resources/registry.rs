//! Which providers are registered: all that are served, always.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::arm::{ArmError, Call, Reply, Scope, paging};
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
    let providers = crate::providers::all();
    let own = |name: &str| name.split('/').next().is_some_and(|one| one.eq_ignore_ascii_case(namespace));
    let kinds: Vec<Value> = providers
        .iter()
        .flat_map(|provider| provider.types())
        .filter(|kind| own(kind.name) && !kind.name.ends_with('*'))
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
