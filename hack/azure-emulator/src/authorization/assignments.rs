//! Role assignments and the definitions of built-in roles. In strict mode an assignment grants what its role says.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::need;
use crate::access::{roles, within};
use crate::arm::{ArmError, Call, Principal, Reply, ResourceId, Target, paging};
use crate::check::{Problems, set, text};
use crate::world::{Resource, World};

/// The type.
pub(super) const ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments";
/// The type of roles.
pub(super) const DEFINITION: &str = "Microsoft.Authorization/roleDefinitions";

/// What the caller may do somewhere.
pub(super) const PERMISSIONS: &str = "Microsoft.Authorization/permissions";

/// The last word of a role definition's id.
fn role_of(definition: &str) -> &str {
    definition.rsplit('/').next().unwrap_or_default()
}

/// May somebody do this there, by an assignment that was written through the resource manager?
pub(crate) fn granted(world: &World, principal: &Principal, action: &str, scope: &str) -> bool {
    world.store.all().filter(|one| one.id.is(ASSIGNMENT)).any(|one| {
        let theirs = one.property("principalId").as_str().is_some_and(|id| principal.is(id));
        let role = roles::by_id(role_of(one.property("roleDefinitionId").as_str().unwrap_or_default()));
        let does =
            || role.is_some_and(|role| role.actions.iter().any(|one| crate::world::faults::matches(one, action)));
        theirs && within(&one.id.scope().path(), scope) && does()
    })
}

/// `GET {scope}/providers/Microsoft.Authorization/permissions`: everything, unless roles are asked for.
pub(super) fn permissions(world: &World, call: &Call) -> Result<Reply, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method(&call.method, PERMISSIONS));
    }
    let scope = call.target.scope().path();
    let actions = if world.access.strict { held(world, &call.principal, &scope) } else { vec![vec!["*"]] };
    let show =
        |actions: Vec<&str>| json!({"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []});
    Ok(Reply::ok(json!({ "value": actions.into_iter().map(show).collect::<Vec<_>>() })))
}

/// What the roles that somebody holds at a scope may do, by declaration and by assignment.
fn held<'a>(world: &'a World, principal: &'a Principal, scope: &'a str) -> Vec<Vec<&'a str>> {
    let assigned = world.store.all().filter(|one| one.id.is(ASSIGNMENT) && within(&one.id.scope().path(), scope));
    let assigned = assigned.filter(|one| one.property("principalId").as_str().is_some_and(|id| principal.is(id)));
    let assigned =
        assigned.filter_map(|one| roles::by_id(role_of(one.property("roleDefinitionId").as_str().unwrap_or_default())));
    world.access.held(principal, scope).chain(assigned.map(|role| role.actions.to_vec())).collect()
}

/// Answers a call about assignments.
pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, ArmError> {
    let id = match &call.target {
        Target::Resource(id) => id,
        Target::Below { .. } if call.method == Method::GET => return list(world, call),
        target => return Err(ArmError::method(&call.method, &target.kind())),
    };
    let old = world.store.get(id).cloned();
    let absent = || {
        let text = format!("The role assignment '{}' is not found.", id.name());
        ArmError::front(StatusCode::NOT_FOUND, "RoleAssignmentNotFound", text)
    };
    match call.method {
        Method::GET => old.map(|old| Reply::ok(old.render(ASSIGNMENT, false))).ok_or_else(absent),
        Method::PUT => put(world, call, id, old.as_deref()),
        Method::DELETE => Ok(match old {
            Some(old) => {
                world.remove(id);
                Reply::ok(old.render(ASSIGNMENT, false))
            }
            None => Reply::empty(StatusCode::NO_CONTENT),
        }),
        _ => Err(ArmError::method(&call.method, ASSIGNMENT)),
    }
}

fn put(world: &mut World, call: &Call, id: &ResourceId, old: Option<&Resource>) -> Result<Reply, ArmError> {
    need(world, id.scope())?;
    let mut problems = Problems::default();
    problems.required(&call.body, "/properties/roleDefinitionId");
    problems.required(&call.body, "/properties/principalId");
    problems.done().map_err(ArmError::from)?;
    let wanted = |pointer: &str| text(&call.body, pointer).unwrap_or_default().to_owned();
    let (role, principal) = (wanted("/properties/roleDefinitionId"), wanted("/properties/principalId"));
    if roles::by_id(role_of(&role)).is_none() {
        let text = format!("The specified role definition with ID '{}' does not exist.", role_of(&role));
        return Err(ArmError::front(StatusCode::BAD_REQUEST, "RoleDefinitionDoesNotExist", text));
    }
    let same = |one: &Resource| {
        let has = |name: &str| one.property(name).as_str().unwrap_or_default().to_owned();
        role_of(&has("roleDefinitionId")).eq_ignore_ascii_case(role_of(&role))
            && has("principalId").eq_ignore_ascii_case(&principal)
    };
    if old.is_some_and(|old| !same(old)) {
        let text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
        return Err(ArmError::front(StatusCode::CONFLICT, "RoleAssignmentUpdateNotPermitted", text));
    }
    let twin = |one: &Resource| one.id.is(ASSIGNMENT) && one.id.scope() == id.scope() && one.id != *id && same(one);
    if let Some(twin) = world.store.all().find(|one| twin(one)) {
        let text = format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            twin.id.name()
        );
        return Err(ArmError::front(StatusCode::CONFLICT, "RoleAssignmentExists", text));
    }
    let now = world.now().to_string();
    let mut properties = Value::Object(call.properties());
    crate::check::default(&mut properties, "principalType", "ServicePrincipal");
    let scope = id.scope().path();
    set(&mut properties, "scope", if scope.is_empty() { "/".to_owned() } else { scope });
    set(&mut properties, "createdOn", old.map_or_else(|| now.clone(), |old| old.created.to_string()));
    set(&mut properties, "updatedOn", now);
    let mut body = Map::new();
    body.insert("properties".to_owned(), properties);
    let (saved, created) = world.save(id, body, Map::new());
    Ok(Reply::put(created, saved.render(ASSIGNMENT, false)))
}

/// Those at a scope and above, and below it unless the filter says `atScope()`.
fn list(world: &World, call: &Call) -> Result<Reply, ArmError> {
    let path = call.target.scope().path();
    let filter = call.query("$filter").unwrap_or_default();
    let here = filter.to_ascii_lowercase().contains("atscope()");
    let somebody = ["principalId eq '", "assignedTo('"].iter().find_map(|start| {
        let (_, rest) = filter.split_once(start)?;
        rest.split('\'').next()
    });
    let shown = world
        .store
        .all()
        .filter(|one| one.id.is(ASSIGNMENT))
        .filter(|one| {
            let scope = one.id.scope().path();
            within(&scope, &path) || (!here && within(&path, &scope))
        })
        .filter(|one| {
            somebody
                .is_none_or(|id| one.property("principalId").as_str().is_some_and(|own| own.eq_ignore_ascii_case(id)))
        })
        .map(|one| one.render(ASSIGNMENT, false))
        .collect();
    paging::page(call, shown, world.settings.page_size)
}

/// Answers a call about roles: the built-in ones can be read.
pub(super) fn definitions(call: &Call) -> Result<Reply, ArmError> {
    let path = match &call.target {
        Target::Resource(id) => id.scope().path(),
        target => target.scope().path(),
    };
    // Built-in roles are the same everywhere below a subscription.
    let prefix: String = path.split('/').take(3).collect::<Vec<_>>().join("/");
    let show = |role: &roles::Role| {
        json!({
            "id": format!("{prefix}/providers/{DEFINITION}/{}", role.id),
            "name": role.id,
            "type": DEFINITION,
            "properties": {
                "roleName": role.name,
                "type": "BuiltInRole",
                "description": format!("{}, as far as the emulated services go.", role.name),
                "assignableScopes": ["/"],
                "permissions": [{"actions": role.actions, "notActions": [], "dataActions": [], "notDataActions": []}],
            },
        })
    };
    match (&call.method, &call.target) {
        (&Method::GET, Target::Resource(id)) => match roles::by_id(id.name()) {
            Some(role) => Ok(Reply::ok(show(role))),
            None => {
                let text = format!("The specified role definition with ID '{}' does not exist.", id.name());
                Err(ArmError::front(StatusCode::NOT_FOUND, "RoleDefinitionDoesNotExist", text))
            }
        },
        (&Method::GET, _) => {
            let filter = call.query("$filter").unwrap_or_default();
            let name = filter.split_once("roleName eq '").and_then(|(_, rest)| rest.split('\'').next());
            let custom = filter.contains("CustomRole");
            let wanted = |role: &&roles::Role| !custom && name.is_none_or(|name| role.name.eq_ignore_ascii_case(name));
            Ok(Reply::ok(json!({"value": roles::ROLES.iter().filter(wanted).map(show).collect::<Vec<_>>()})))
        }
        (method, target) => Err(ArmError::method(method, &target.kind())),
    }
}
