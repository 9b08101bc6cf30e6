//! Who may do what. Nobody is refused unless told otherwise.

pub(crate) mod roles;
mod token;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::arm::{ArmError, Call, Principal, Target};
use crate::world::World;

use token::Claims;
pub(crate) use token::{issue, object_of, read};

/// Declared tenants, clients and roles, as `PUT /_emulator/access` takes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Access {
    /// Only what is declared is let in.
    pub(crate) strict: bool,
    /// The tenant that unnamed callers belong to, and its subscriptions.
    pub(crate) tenants: Vec<Tenant>,
    /// Who can get a token.
    pub(crate) clients: Vec<Client>,
    /// Who may do what where.
    pub(crate) assignments: Vec<Assignment>,
    /// The client behind managed identity; any when left out.
    pub(crate) managed_identity: Option<String>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: String,
    /// Its subscriptions' ids.
    #[serde(default)]
    pub(crate) subscriptions: Vec<String>,
}

/// An application that can get a token.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Client {
    /// Its tenant.
    pub(crate) tenant: String,
    /// Its client id.
    pub(crate) id: String,
    /// Its object id, which roles are assigned to; derived from the client id when left out.
    #[serde(default)]
    pub(crate) object: Option<String>,
    /// Its secret.
    #[serde(default)]
    pub(crate) secret: Option<String>,
    /// Subject of the federated tokens that stand for it, such as `system:serviceaccount:teal:switcher`.
    #[serde(default)]
    pub(crate) federated_subject: Option<String>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({} in {})", self.id, self.tenant)
    }
}

impl Client {
    /// The object id.
    pub(crate) fn object(&self) -> String {
        self.object.clone().unwrap_or_else(|| object_of(&self.id))
    }
}

/// A role given to somebody at a scope and below.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Assignment {
    /// Client id or object id.
    pub(crate) principal: String,
    /// A built-in role's name, such as `DNS Zone Contributor`.
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// Actions instead of a role, such as `Microsoft.Network/dnsZones/*`.
    #[serde(default)]
    pub(crate) actions: Vec<String>,
    /// Where: a path such as `/subscriptions/{id}` or a resource's id; `/` for everything.
    pub(crate) scope: String,
}

impl Assignment {
    /// The actions that it allows.
    fn does(&self) -> Vec<&str> {
        match &self.role {
            Some(role) => roles::actions(role).unwrap_or_default().to_vec(),
            None => self.actions.iter().map(String::as_str).collect(),
        }
    }
}

impl Access {
    /// All that is wrong with it, one sentence each.
    pub(crate) fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let tenant_known = |id: &str| self.tenants.iter().any(|tenant| tenant.id.eq_ignore_ascii_case(id));
        for client in &self.clients {
            if !tenant_known(&client.tenant) {
                wrong.push(format!("client {} is in tenant {}, which is not declared", client.id, client.tenant));
            }
        }
        for assignment in &self.assignments {
            match (&assignment.role, assignment.actions.as_slice()) {
                (None, []) => {
                    wrong.push(format!("the assignment of {} has neither role nor actions", assignment.principal))
                }
                (Some(role), []) if roles::actions(role).is_none() => {
                    let known = roles::names().join(", ");
                    wrong.push(format!("there is no role `{role}`; give `actions`, or one of: {known}"));
                }
                (Some(_), [_, ..]) => {
                    wrong.push(format!(
                        "the assignment of {} has both role and actions; give one",
                        assignment.principal
                    ));
                }
                _ => {}
            }
            if !assignment.scope.starts_with('/') {
                wrong.push(format!("scope `{}` must start with a slash", assignment.scope));
            }
        }
        if self.strict && self.clients.is_empty() {
            wrong.push("strict is set and no client is declared: nobody could call anything".to_owned());
        }
        wrong
    }

    /// Who calls, by the `Authorization` header.
    ///
    /// # Errors
    /// 401 in strict mode without a valid token of a declared client.
    pub(crate) fn principal(&self, authorization: Option<&str>) -> Result<Principal, ArmError> {
        let refused = |code: &str, text: &str| Err(ArmError::front(StatusCode::UNAUTHORIZED, code, text));
        let bearer = authorization
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(bearer) = bearer else {
            if self.strict {
                return refused(
                    "AuthenticationFailed",
                    "Authentication failed. The 'Authorization' header is missing.",
                );
            }
            return Ok(Principal::default());
        };
        let claims = read(bearer);
        if !self.strict {
            return Ok(claims.map(Claims::principal).unwrap_or_default());
        }
        let Some(claims) = claims else {
            return refused("InvalidAuthenticationToken", "The access token is invalid.");
        };
        if claims.expires <= jiff::Timestamp::now().as_second() {
            let text = "The access token expiry is in the past. Please acquire a new one.";
            return refused("ExpiredAuthenticationToken", text);
        }
        let principal = claims.principal();
        let known = self.clients.iter().any(|client| {
            client.id.eq_ignore_ascii_case(&principal.client) && client.tenant.eq_ignore_ascii_case(&principal.tenant)
        });
        if !known {
            return refused(
                "InvalidAuthenticationTokenTenant",
                "The access token is from a client that is not known here.",
            );
        }
        Ok(principal)
    }

    /// What the declared roles that somebody holds at a scope may do.
    pub(crate) fn held<'a>(
        &'a self,
        principal: &'a Principal,
        scope: &'a str,
    ) -> impl Iterator<Item = Vec<&'a str>> + use<'a> {
        let theirs =
            move |one: &&Assignment| principal.is(&one.principal) && (one.scope == "/" || within(&one.scope, scope));
        self.assignments.iter().filter(theirs).map(Assignment::does)
    }

    fn allows(&self, principal: &Principal, action: &str, scope: &str) -> bool {
        let does = |actions: Vec<&str>| actions.iter().any(|pattern| crate::world::faults::matches(pattern, action));
        self.held(principal, scope).any(does)
    }
}

/// May somebody do this there? Everybody may everything unless only what is declared is let in: by the admin API, or by a
/// role assignment.
pub(crate) fn permits(world: &World, principal: &Principal, action: &str, scope: &str) -> bool {
    !world.access.strict
        || world.access.allows(principal, action, scope)
        || crate::authorization::granted(world, principal, action, scope)
}

/// Is a path at or below another, without case?
pub(crate) fn within(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (outer.trim_end_matches('/').to_ascii_lowercase(), inner.to_ascii_lowercase());
    inner.strip_prefix(&outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// May the caller do this? Also checks, in strict mode, that the subscription is declared.
///
/// # Errors
/// As the resource manager words it: 404 for a subscription, 403 with action and scope.
pub(crate) fn check(world: &World, call: &Call) -> Result<(), ArmError> {
    if !world.access.strict {
        return Ok(());
    }
    let scope = call.target.scope();
    if let Some(subscription) = scope.subscription() {
        let known = world.access.tenants.iter().flat_map(|tenant| &tenant.subscriptions);
        if !known.into_iter().any(|one| one.eq_ignore_ascii_case(subscription)) {
            let text = format!("The subscription '{subscription}' could not be found.");
            return Err(ArmError::front(StatusCode::NOT_FOUND, "SubscriptionNotFound", text));
        }
    }
    let Some((action, path)) = action(&call.method, &call.target) else { return Ok(()) };
    if permits(world, &call.principal, &action, &path) {
        return Ok(());
    }
    let text = format!(
        "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{path}' \
         or the scope is invalid. If access was recently granted, please refresh your credentials.",
        call.principal.client, call.principal.object,
    );
    Err(ArmError::front(StatusCode::FORBIDDEN, "AuthorizationFailed", text))
}

/// The action that a call is, and the scope it needs it at. `None` for what anybody may: the lists of their
/// subscriptions and tenants, and what they may.
fn action(method: &http::Method, target: &Target) -> Option<(String, String)> {
    let verb = match method.as_str() {
        "GET" | "HEAD" => "read",
        "DELETE" => "delete",
        "POST" => "action",
        _ => "write",
    };
    match target {
        Target::Subscriptions | Target::Tenants | Target::Subscription(_, None) => None,
        Target::Below { kind, .. } if kind.eq_ignore_ascii_case("Microsoft.Authorization/permissions") => None,
        // Shows only what the caller may read.
        Target::Below { kind, .. } if kind.eq_ignore_ascii_case(crate::resource_graph::QUESTION) => None,
        other => Some((format!("{}/{verb}", other.kind()), other.scope().path())),
    }
}
