//! Whether and how a route keeps copies of answers: of its own configuration, or of a rule's.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::check::text;

/// How copies are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caching {
    query: QueryKey,
    /// How long.
    pub(crate) lifetime: Lifetime,
}

/// Which part of the query makes another copy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum QueryKey {
    None,
    All,
    AllBut(BTreeSet<String>),
    Only(BTreeSet<String>),
}

/// How long a copy lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// As the origin says.
    Origin,
    /// So long, whatever the origin says.
    Always(Duration),
    /// So long if the origin says nothing.
    UnlessSaid(Duration),
}

impl Caching {
    /// Reads a `cacheConfiguration`; `None`: no copies are kept.
    #[must_use]
    pub(crate) fn parse(body: Option<&Value>) -> Option<Self> {
        let body = body.filter(|body| body.is_object())?;
        let named = || {
            let names = text(body, "/queryParameters").unwrap_or_default().split(',');
            names.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()
        };
        let behaviour = text(body, "/queryStringCachingBehavior").unwrap_or_default().to_ascii_lowercase();
        let query = match behaviour.as_str() {
            "usequerystring" => QueryKey::All,
            "ignorespecifiedquerystrings" => QueryKey::AllBut(named()),
            "includespecifiedquerystrings" => QueryKey::Only(named()),
            _ => QueryKey::None,
        };
        let told = text(body, "/cacheDuration").and_then(duration);
        let behaviour = text(body, "/cacheBehavior").unwrap_or_default().to_ascii_lowercase();
        let lifetime = match (behaviour.as_str(), told) {
            ("overridealways", Some(told)) => Lifetime::Always(told),
            ("overrideiforiginmissing", Some(told)) => Lifetime::UnlessSaid(told),
            _ => Lifetime::Origin,
        };
        Some(Self { query, lifetime })
    }

    /// What of a query makes another copy, always written the same way.
    #[must_use]
    pub(crate) fn query(&self, query: &str) -> String {
        let name = |part: &str| part.split_once('=').map_or(part, |(name, _)| name).to_ascii_lowercase();
        let mut parts: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
        match &self.query {
            QueryKey::None => parts.clear(),
            QueryKey::All => {}
            QueryKey::AllBut(names) => parts.retain(|part| !names.contains(&name(part))),
            QueryKey::Only(names) => parts.retain(|part| names.contains(&name(part))),
        }
        parts.sort_unstable();
        parts.join("&")
    }
}

/// A duration as Front Door's rules write it: `[d.]hh:mm:ss`.
fn duration(text: &str) -> Option<Duration> {
    let (days, clock) = text.split_once('.').unwrap_or(("0", text));
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    let days: u64 = days.parse().ok()?;
    let parts = [(days, 86_400), (*hours, 3_600), (*minutes, 60), (*seconds, 1)];
    let total = parts.iter().try_fold(0_u64, |sum, (part, of)| sum.checked_add(part.checked_mul(*of)?))?;
    Some(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_query_makes_another_copy_as_far_as_it_is_told() {
        for (behaviour, names, expected) in [
            ("IgnoreQueryString", "", ""),
            ("UseQueryString", "", "a=1&b=2&lang=de"),
            ("IgnoreSpecifiedQueryStrings", "A, b", "lang=de"),
            ("IncludeSpecifiedQueryStrings", "lang", "lang=de"),
        ] {
            let body = json!({"queryStringCachingBehavior": behaviour, "queryParameters": names});
            let caching = Caching::parse(Some(&body)).unwrap();
            assert_eq!(caching.query("b=2&a=1&lang=de"), expected, "{behaviour}");
        }
    }

    #[test]
    fn a_rule_says_how_long() {
        let of = |behaviour: &str, told: &str| {
            Caching::parse(Some(&json!({"cacheBehavior": behaviour, "cacheDuration": told}))).unwrap().lifetime
        };
        assert_eq!(of("HonorOrigin", "00:01:00"), Lifetime::Origin);
        assert_eq!(of("OverrideAlways", "1.02:03:04"), Lifetime::Always(Duration::from_secs(93_784)));
        assert_eq!(of("OverrideIfOriginMissing", "00:05:00"), Lifetime::UnlessSaid(Duration::from_secs(300)));
        assert_eq!(of("OverrideAlways", "soon"), Lifetime::Origin);
        assert_eq!(of("OverrideAlways", "9999999999999999999:00:00"), Lifetime::Origin, "no time is that long");
        assert_eq!((Caching::parse(None), Caching::parse(Some(&Value::Null))), (None, None));
    }
}
