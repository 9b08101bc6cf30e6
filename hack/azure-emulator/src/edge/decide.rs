//! What happens to one request: an answer of the edge's own, or an origin and what it is asked.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::copies::{self, Copy, Key};
use super::{cookies, health};
use crate::front_door::caching::Caching;
use crate::front_door::choose::{Candidate, choose};
use crate::front_door::routing::{Found, find, origin_path};
use crate::front_door::rules::{Action, Seen, evaluate};
use crate::front_door::variables::expand;
use crate::front_door::{Forwarding, Origin, Profile, Route, rollout};
use crate::world::World;

/// What the edge answers itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// Status.
    pub(super) status: StatusCode,
    /// `Location`, of a redirect.
    pub(super) location: Option<String>,
    /// Words for people.
    pub(super) text: String,
}

/// Where a request goes on to.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Whose configuration it was.
    pub(super) profile: Arc<Profile>,
    /// The endpoint's name.
    pub(super) endpoint: String,
    /// The group's id.
    pub(super) group: String,
    /// The origin.
    pub(super) origin: Origin,
    /// Over HTTPS.
    pub(super) https: bool,
    /// Path and query for the origin.
    pub(super) path: String,
    /// How long it may take to answer.
    pub(super) timeout: Duration,
    /// Changes of the request's headers.
    pub(super) request_headers: Vec<Change>,
    /// Changes of the answer's headers.
    pub(super) answer_headers: Vec<Change>,
    /// `Set-Cookie` values of session affinity.
    pub(super) cookies: Vec<String>,
    /// Under what a copy of the answer is kept, and how.
    pub(super) caching: Option<(Key, Caching)>,
}

/// A change of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// `append`, `overwrite` or `delete`.
    pub(super) how: String,
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}

/// A copy that answers, and what changes in it.
#[derive(Debug)]
pub(super) struct Copied {
    /// The copy.
    pub(super) copy: Copy,
    /// Changes of its headers.
    pub(super) answer_headers: Vec<Change>,
}

/// What happens.
#[derive(Debug)]
pub(super) enum Decision {
    /// The edge answers; the profile and endpoint that it counts for, if any.
    Own(Own, Option<(Arc<Profile>, String)>),
    /// A copy of an earlier answer.
    Copied(Box<Copied>),
    /// An origin answers.
    Forward(Box<Plan>),
}

/// How many requests found all origins of their group unhealthy: they take turns.
#[derive(Debug, Default)]
struct Turns(u64);

/// Decides on a request.
pub(super) fn decide(world: &mut World, seen: &Seen<'_>) -> Decision {
    let Some(profile) = rollout::hosts(world).get(&seen.host.to_ascii_lowercase()).cloned() else {
        let text = format!("'{}' is no host name of a Front Door whose configuration has arrived here.", seen.host);
        return Decision::Own(own(StatusCode::NOT_FOUND, text), None);
    };
    let endpoint = profile.hosts.get(&seen.host.to_ascii_lowercase()).cloned().unwrap_or_default();
    let counted = Some((profile.clone(), endpoint.clone()));
    let (route, kept) = match find(&profile.routes, seen.host, seen.path, seen.https) {
        Found::Route(route, kept) => (route, kept),
        Found::ToHttps => {
            let query = if seen.query.is_empty() { String::new() } else { format!("?{}", seen.query) };
            let mut own = own(StatusCode::TEMPORARY_REDIRECT, "This route serves HTTPS.");
            own.location = Some(format!("https://{}{}{query}", seen.host, seen.path));
            return Decision::Own(own, counted);
        }
        Found::Nothing => {
            let text = format!("No enabled route of '{}' takes this path and protocol.", seen.host);
            return Decision::Own(own(StatusCode::NOT_FOUND, text), counted);
        }
    };
    match plan(world, &profile, route, &kept, seen) {
        Ok(Decision::Forward(plan)) => Decision::Forward(Box::new(Plan { endpoint, ..*plan })),
        Ok(decision) => decision,
        Err(own) => Decision::Own(own, counted),
    }
}

fn own(status: StatusCode, text: impl Into<String>) -> Own {
    Own { status, location: None, text: text.into() }
}

fn plan(
    world: &mut World,
    profile: &Arc<Profile>,
    route: &Route,
    kept: &str,
    seen: &Seen<'_>,
) -> Result<Decision, Own> {
    let mut group_id = route.group.clone();
    let mut forwarding: Forwarding = route.forwarding;
    let mut path = origin_path(route, seen.path, kept);
    let mut caching = route.caching.as_ref();
    let (mut request_headers, mut answer_headers) = (Vec::new(), Vec::new());
    for action in evaluate(&route.rules, seen) {
        match action {
            Action::Group { group, forwarding: by } => {
                group_id.clone_from(group);
                forwarding = *by;
            }
            Action::Caching(by) => caching = by.as_ref(),
            Action::Redirect { .. } => return Err(redirect(action, seen)),
            Action::Rewrite { from, to, keep } => {
                if let Some(rest) = path.strip_prefix(from.as_str()) {
                    let to = expand(to, seen);
                    path = if *keep { format!("{to}{rest}") } else { to };
                }
            }
            Action::Header { answer, how, name, value } => {
                let change = Change { how: how.to_ascii_lowercase(), name: name.clone(), value: expand(value, seen) };
                if *answer { answer_headers.push(change) } else { request_headers.push(change) }
            }
        }
    }
    let caching = caching.filter(|_| seen.method == "GET").map(|how| (Key::of(how, seen), how.clone()));
    if let Some(copy) = caching.as_ref().and_then(|(key, _)| copies::find(world, key)) {
        return Ok(Decision::Copied(Box::new(Copied { copy, answer_headers })));
    }
    let unavailable =
        |why: &str| own(StatusCode::SERVICE_UNAVAILABLE, format!("Our services aren't available right now: {why}."));
    let group = profile.groups.get(&group_id).ok_or_else(|| unavailable("the route's origin group isn't there"))?;
    let candidates: Vec<Candidate> =
        group.origins.iter().map(|origin| health::candidate(world, group, origin)).collect();
    let cookie =
        seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("cookie")).map(|(_, value)| value.as_str());
    let sticky = cookie
        .filter(|_| group.affinity)
        .and_then(|cookie| cookies::origin_of(cookie, group))
        .filter(|i| candidates.get(*i).is_some_and(|one| one.enabled && one.healthy));
    let draw = world.random.unit();
    let chosen = sticky.or_else(|| {
        let turn = world.runtime::<Turns>();
        turn.0 = turn.0.wrapping_add(1);
        let turn = turn.0;
        choose(&candidates, group.band, draw, turn)
    });
    let origin = chosen.and_then(|i| group.origins.get(i)).ok_or_else(|| unavailable("no origin is enabled"))?.clone();
    if !seen.query.is_empty() {
        path = format!("{path}?{}", seen.query);
    }
    let cookies = if group.affinity && sticky.is_none() { cookies::set(&origin.id, seen.https) } else { Vec::new() };
    Ok(Decision::Forward(Box::new(Plan {
        profile: profile.clone(),
        endpoint: String::new(),
        group: group.id.clone(),
        https: forwarding.https(seen.https),
        origin,
        path,
        timeout: profile.timeout,
        request_headers,
        answer_headers,
        cookies,
        caching,
    })))
}

fn redirect(action: &Action, seen: &Seen<'_>) -> Own {
    let Action::Redirect { status, protocol, host, path, query } = action else {
        return own(StatusCode::INTERNAL_SERVER_ERROR, "This is no redirect.");
    };
    let scheme = match protocol.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("http") => "http",
        Some("https") => "https",
        _ if seen.https => "https",
        _ => "http",
    };
    let part_of =
        |part: &Option<String>, asked: &str| part.as_deref().map_or(asked.to_owned(), |part| expand(part, seen));
    let query = part_of(query, seen.query);
    let question = if query.is_empty() { String::new() } else { format!("?{query}") };
    let (host, path) = (part_of(host, seen.host), part_of(path, seen.path));
    let mut own = own(StatusCode::from_u16(*status).unwrap_or(StatusCode::FOUND), "This moved.");
    own.location = Some(format!("{scheme}://{host}{path}{question}"));
    own
}
