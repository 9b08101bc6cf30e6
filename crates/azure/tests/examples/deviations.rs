//! Where Teal's requests differ from the official examples on purpose, each with its reason.

use crate::files::Example;

/// Another api-version than the examples have.
pub(crate) struct Version {
    pub(crate) service: &'static str,
    pub(crate) example: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) why: &'static str,
}

impl Version {
    pub(crate) fn shown(&self) -> String {
        format!("{} {} for {}: {}", self.service, self.ours, self.example, self.why)
    }
}

/// A query parameter (`?name`) or a key of the body that one side alone has, and all keys below it.
pub(crate) struct Part {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) part: &'static str,
    pub(crate) why: &'static str,
}

impl Part {
    pub(crate) fn covers(&self, example: &Example, part: &str) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with(['/', '[']);
        let named = part.strip_prefix(self.part).is_some_and(below);
        self.service == example.service && self.operation == example.operation && named
    }

    pub(crate) fn shown(&self, word: &str) -> String {
        format!("{word} in {} {}: {}: {}", self.service, self.operation, self.part, self.why)
    }
}

const fn part(service: &'static str, operation: &'static str, part: &'static str, why: &'static str) -> Part {
    Part { service, operation, part, why }
}

pub(crate) const VERSIONS: &[Version] = &[Version {
    service: "cdn-frontdoor",
    example: "2024-02-01",
    ours: "2025-06-01",
    why: "the newest; of it are the files in this folder's `spec`, whose shapes are those of the older ones",
}];

/// Why a PATCH has not all that an example's one has.
const PATCH: &str = "a PATCH changes what it names, and Teal changes nothing else";

/// What Teal sends and the example does not.
pub(crate) const MORE: &[Part] = &[
    part("cdn-frontdoor", "AFDOrigins.Update", "/properties/weight", "traffic is split by it"),
    part(
        "frontdoor-classic",
        "FrontDoors.CreateOrUpdate",
        "/properties/backendPools[]/properties/backends[]/enabledState",
        "a backend without traffic is off; the example leaves it at its default",
    ),
    part(
        "trafficmanager",
        "Profiles.Update",
        "/properties/endpoints",
        "all endpoints in one write, in the shape in which the examples create them",
    ),
    part("trafficmanager", "Profiles.Update", "/properties/dnsConfig", "the TTL moves in the same write"),
];

/// What the example sends and Teal does not.
pub(crate) const LEFT_OUT: &[Part] = &[
    part("cdn-frontdoor", "AFDOrigins.Update", "/properties/hostName", PATCH),
    part("cdn-frontdoor", "AFDOrigins.Update", "/properties/httpPort", PATCH),
    part("cdn-frontdoor", "AFDOrigins.Update", "/properties/httpsPort", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/cacheConfiguration", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/customDomains", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/enabledState", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/forwardingProtocol", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/httpsRedirect", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/linkToDefaultDomain", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/patternsToMatch", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/ruleSets", PATCH),
    part("cdn-frontdoor", "Routes.Update", "/properties/supportedProtocols", PATCH),
    part("trafficmanager", "Profiles.Update", "/properties/monitorConfig", PATCH),
    part(
        "monitor",
        "Metrics.List",
        "?AutoAdjustTimegrain",
        "a grain that is not there shall be an error, not another one",
    ),
    part(
        "monitor",
        "Metrics.List",
        "?ValidateDimensions",
        "its default is what is wanted: a wrong dimension is an error",
    ),
    part("monitor", "Metrics.List", "?orderby", "the filter names one series"),
    part("monitor", "Metrics.List", "?top", "the filter names one series"),
];
