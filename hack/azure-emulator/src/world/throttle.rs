//! Limits on calls: Azure DNS's per zone, ARM's per subscription and principal.

use std::collections::HashMap;

use http::{Method, StatusCode};

use super::World;
use crate::arm::{ArmError, Call, Reply, ResourceId, Target};

/// Calls in the running minute, by what is counted.
#[derive(Debug, Default)]
struct Counts(HashMap<String, (i64, u32)>);

impl Counts {
    /// Counts one more; false when the limit is reached.
    fn take(&mut self, what: String, minute: i64, limit: u32) -> bool {
        let (counted, count) = self.0.entry(what).or_insert((minute, 0));
        if *counted != minute {
            (*counted, *count) = (minute, 0);
        }
        *count += 1;
        *count <= limit
    }

    fn left(&self, what: &str, minute: i64, limit: u32) -> u32 {
        match self.0.get(what) {
            Some((counted, count)) if *counted == minute => limit.saturating_sub(*count),
            _ => limit,
        }
    }
}

/// What ARM says is left when no limit is set.
const PLENTY: u32 = 11_999;

/// Counts a call and refuses it when there were too many.
///
/// # Errors
/// 429 with `Retry-After`.
pub(crate) fn check(world: &mut World, call: &Call) -> Result<(), ArmError> {
    let minute = world.now().as_second().div_euclid(60);
    let seconds_left = u32::try_from(60 - world.now().as_second().rem_euclid(60)).unwrap_or(60);
    if let Some((what, limit)) = subscription_limit(world, call)
        && !world.runtime::<Counts>().take(what, minute, limit)
    {
        let text = format!(
            "Number of requests for subscription '{}' and operation '{}' exceeded the backend storage limit. Please try \
             again after '{seconds_left}' seconds.",
            call.target.scope().subscription().unwrap_or_default(),
            class(&call.method),
        );
        let error = ArmError::front(StatusCode::TOO_MANY_REQUESTS, "SubscriptionRequestsThrottled", text);
        return Err(error.retry_after(seconds_left));
    }
    if world.settings.throttle.azure_dns_limits
        && let Some((zone, private)) = zone_of(&call.target)
    {
        let exists = matches!(&call.target, Target::Resource(id) if world.store.get(id).is_some());
        let (what, limit) = zone_limit(&call.method, &call.target, exists, private);
        if !world.runtime::<Counts>().take(format!("{} {what}", zone.key()), minute, limit) {
            let text =
                format!("Too many requests: the limit of {limit} {what} operations per zone and minute is reached.");
            let (code, wait) = if private { ("Throttled", 10) } else { ("TooManyRequests", seconds_left) };
            return Err(ArmError::new(StatusCode::TOO_MANY_REQUESTS, code, text).retry_after(wait));
        }
    }
    Ok(())
}

/// Adds what is left of ARM's limits.
pub(crate) fn with_remaining(world: &mut World, call: &Call, reply: Reply) -> Reply {
    let minute = world.now().as_second().div_euclid(60);
    let left = match subscription_limit(world, call) {
        Some((what, limit)) => world.runtime::<Counts>().left(&what, minute, limit),
        None => PLENTY,
    };
    let (own, global) = match class(&call.method) {
        "reads" => {
            ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-subscription-global-reads")
        }
        "deletes" => {
            ("x-ms-ratelimit-remaining-subscription-deletes", "x-ms-ratelimit-remaining-subscription-global-deletes")
        }
        _ => ("x-ms-ratelimit-remaining-subscription-writes", "x-ms-ratelimit-remaining-subscription-global-writes"),
    };
    let reply = reply.with(own, left.to_string()).with(global, left.saturating_mul(15).to_string());
    if zone_of(&call.target).is_some() {
        return reply.with("x-ms-ratelimit-remaining-subscription-resource-requests", left.to_string());
    }
    reply
}

fn class(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" | "HEAD" => "reads",
        "DELETE" => "deletes",
        _ => "writes",
    }
}

fn subscription_limit(world: &World, call: &Call) -> Option<(String, u32)> {
    let class = class(&call.method);
    let throttle = &world.settings.throttle;
    let limit = match class {
        "reads" => throttle.reads,
        "deletes" => throttle.deletes,
        _ => throttle.writes,
    }?;
    let scope = call.target.scope();
    Some((format!("{} {} {class}", scope.subscription()?.to_ascii_lowercase(), call.principal.client), limit))
}

/// The zone whose record sets a call is about, and whether it is a private one.
fn zone_of(target: &Target) -> Option<(ResourceId, bool)> {
    let zone = match target {
        Target::Resource(id) => id.parent()?,
        Target::Below { scope: crate::arm::Scope::Resource(id), .. } => (**id).clone(),
        _ => return None,
    };
    let private = zone.is("Microsoft.Network/privateDnsZones");
    (private || zone.is("Microsoft.Network/dnsZones")).then_some((zone, private))
}

/// What Azure documents per zone and minute.
fn zone_limit(method: &Method, target: &Target, exists: bool, private: bool) -> (&'static str, u32) {
    let (what, public, own) = match (method.as_str(), target) {
        ("GET" | "HEAD", Target::Below { .. }) => ("list", 60, 100),
        ("GET" | "HEAD", _) => ("get", 2_000, 200),
        ("DELETE", _) => ("delete", 200, 60),
        (_, _) if exists => ("update", 200, 60),
        _ => ("create", 200, 60),
    };
    (what, if private { own } else { public })
}
