//! What is POSTed to profiles, endpoints and domains.

use http::StatusCode;
use serde_json::{Value, json};

use super::kinds::{Kind, label};
use super::write::{OPERATIONS, RESULTS, render};
use super::{ENDPOINT, PROFILE, rollout};
use crate::arm::{ArmError, Call, Reply, ResourceId, Scope};
use crate::check::{list, text};
use crate::world::{Effect, Status, Work, World};

/// Answers an action.
///
/// # Errors
/// The refusal.
pub(super) fn handle(world: &mut World, call: &Call, scope: &Scope, action: &str) -> Result<Reply, ArmError> {
    let on = match scope {
        Scope::Resource(id) => {
            if world.store.get(id).is_none() {
                return Err(ArmError::not_found(id));
            }
            Some(id.as_ref())
        }
        _ => None,
    };
    match (on, action.to_ascii_lowercase().as_str()) {
        (Some(id), "purge") if id.is(ENDPOINT) => purge(world, call, id),
        (Some(id), "validatecustomdomain") if id.is(ENDPOINT) => Ok(Reply::ok(json!({"customDomainValidated": true}))),
        (Some(id), "refreshvalidationtoken") if Kind::of(&id.kind()) == Some(Kind::CustomDomain) => {
            Ok(Reply::empty(StatusCode::ACCEPTED))
        }
        (Some(id), "checkhostnameavailability") if id.is(PROFILE) => Ok(available(world, call, "hostName")),
        (Some(id), "usages") => Ok(usages(world, id)),
        (_, "checkendpointnameavailability") => {
            let name = text(&call.body, "/name").unwrap_or_default();
            let host =
                format!("{}-{}.z01.azurefd.net", name.to_ascii_lowercase(), label(&format!("{}{name}", scope.path())));
            Ok(Reply::ok(json!({"nameAvailable": !name.is_empty(), "availableHostname": host})))
        }
        (None, "checknameavailability") => Ok(available(world, call, "name")),
        _ => Err(ArmError::method(&call.method, &format!("{}/{action}", call.target.kind()))),
    }
}

/// Throws away what the edge keeps for an endpoint, when the operation ends.
fn purge(world: &mut World, call: &Call, id: &ResourceId) -> Result<Reply, ArmError> {
    let paths = list(&call.body, "/contentPaths");
    if paths.is_empty() || !paths.iter().all(|path| path.as_str().is_some_and(|path| path.starts_with('/'))) {
        return Err(ArmError::bad("BadRequest", "contentPaths must name at least one path, each starting with '/'.")
            .about("contentPaths"));
    }
    let endpoint = world.store.get(id).map(|one| Value::Object(one.body.clone())).unwrap_or_default();
    let own = text(&endpoint, "/properties/hostName").unwrap_or_default().to_owned();
    let custom: Vec<String> = world
        .store
        .all()
        .filter(|one| one.id.is("Microsoft.Cdn/profiles/customDomains") && one.id.parent() == id.parent())
        .filter_map(|one| one.property("hostName").as_str().map(str::to_owned))
        .collect();
    let known =
        |domain: &str| domain.eq_ignore_ascii_case(&own) || custom.iter().any(|c| c.eq_ignore_ascii_case(domain));
    if let Some(stranger) = list(&call.body, "/domains").iter().filter_map(Value::as_str).find(|domain| !known(domain))
    {
        return Err(
            ArmError::bad("BadRequest", format!("'{stranger}' is no domain of this endpoint.")).about("domains")
        );
    }
    let begun = world.begin(
        call,
        Work {
            resource: id.clone(),
            verb: "Purge",
            effects: vec![Effect::Provider {
                id: id.clone(),
                note: json!({"purge": paths, "domains": list(&call.body, "/domains")}),
            }],
            on_failure: Vec::new(),
            result: None,
            duration: None,
            status_path: OPERATIONS,
            result_path: RESULTS,
            group_scoped: true,
        },
    );
    Ok(match begun.status {
        Status::Succeeded => Reply::empty(StatusCode::OK),
        _ => Reply::empty(StatusCode::ACCEPTED).with_async(&begun).with_location(&begun),
    })
}

/// A purge's operation has ended: the copies go.
pub(super) fn completed(world: &mut World, id: &ResourceId, note: &Value) {
    let texts = |pointer| list(note, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let (Some(profile), paths) = (id.parent(), texts("/purge")) else { return };
    let (profile, endpoint) = (profile.to_string().to_ascii_lowercase(), id.name().to_ascii_lowercase());
    crate::edge::purge(world, (&profile, &endpoint), &paths, &texts("/domains"));
}

fn available(world: &World, call: &Call, key: &str) -> Reply {
    let name = text(&call.body, &format!("/{key}")).unwrap_or_default();
    let taken = world.store.all().any(|one| {
        let host = one.property("hostName").as_str();
        one.id.namespace().eq_ignore_ascii_case("Microsoft.Cdn")
            && host.is_some_and(|host| host.eq_ignore_ascii_case(name))
    });
    let mut answer = json!({"nameAvailable": !taken});
    if taken {
        answer["reason"] = "Name already in use".into();
        answer["message"] = format!("'{name}' is in use already.").into();
    }
    Reply::ok(answer)
}

/// How much of a profile's or endpoint's limits is used; the emulator adds how many changes the edges still wait for.
fn usages(world: &World, id: &ResourceId) -> Reply {
    let scope = Scope::Resource(Box::new(id.clone()));
    let count = |kind: Kind| world.store.list(&scope, &format!("Microsoft.Cdn/{}", kind.path())).len();
    let premium = world.store.get(&super::write::profile_of(id)).map(|profile| render(Kind::Profile, profile));
    let premium = premium.is_some_and(|p| text(&p, "/sku/name").is_some_and(|sku| sku.starts_with("Premium")));
    let more = |standard: u32, with_premium: u32| if premium { with_premium } else { standard };
    let mut value = Vec::new();
    let mut add = |name: &str, used: usize, limit: u32| {
        value.push(json!({
            "id": format!("{id}/usages/{name}"), "unit": "Count", "currentValue": used, "limit": limit,
            "name": {"value": name, "localizedValue": name},
        }));
    };
    match Kind::of(&id.kind()) {
        Some(Kind::Profile) => {
            add("afdendpoint", count(Kind::Endpoint), more(10, 25));
            add("origingroup", count(Kind::OriginGroup), more(100, 200));
            add("customdomain", count(Kind::CustomDomain), more(100, 500));
            add("ruleset", count(Kind::RuleSet), more(100, 200));
            add("emulator-changes-on-their-way", rollout::pending(world, id), u32::MAX);
        }
        Some(Kind::Endpoint) => add("route", count(Kind::Route), more(100, 200)),
        Some(Kind::OriginGroup) => add("origin", count(Kind::Origin), 50),
        Some(Kind::RuleSet) => add("rule", count(Kind::Rule), 100),
        _ => {}
    }
    Reply::ok(json!({ "value": value }))
}
