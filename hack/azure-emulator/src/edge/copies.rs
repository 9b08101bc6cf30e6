//! Copies of answers that the edge keeps for routes that cache. They stay when the route's origins change: only time and a
//! purge take them away.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, DATE, EXPIRES};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::headers;
use crate::front_door::caching::{Caching, Lifetime};
use crate::front_door::rules::Seen;
use crate::world::World;

/// Answers with a longer body are not kept.
pub(super) const LARGEST: usize = 8 << 20;
/// Bytes of all that is kept; beyond, what ends first goes first.
const ROOM: usize = 64 << 20;
/// The edge's own choice where nobody says how long: one to three days.
const DAY: Duration = Duration::from_secs(86_400);

/// What a copy is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    host: String,
    path: String,
    query: String,
    /// The encodings that the client takes: an origin may answer each in its own.
    encodings: String,
}

impl Key {
    /// The key of a request.
    pub(super) fn of(caching: &Caching, seen: &Seen<'_>) -> Self {
        let accepts = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
        let mut encodings: Vec<String> =
            accepts.map_or("", |(_, value)| value).split(',').map(|one| one.trim().to_ascii_lowercase()).collect();
        encodings.sort_unstable();
        Self {
            host: seen.host.to_ascii_lowercase(),
            path: seen.path.to_owned(),
            query: caching.query(seen.query),
            encodings: encodings.join(","),
        }
    }
}

/// An answer as an origin gave it.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    /// The profile's id, lower case, and the endpoint's name.
    pub(super) endpoint: (String, String),
    /// Its status.
    pub(super) status: StatusCode,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Bytes,
    /// Since when it is kept.
    pub(super) since: Timestamp,
    /// Until when.
    pub(super) until: Timestamp,
}

#[derive(Debug, Default)]
struct Copies(BTreeMap<Key, Copy>);

/// The copy for a key, if there is one that has not run out.
pub(super) fn find(world: &mut World, key: &Key) -> Option<Copy> {
    let now = world.now();
    world.runtime::<Copies>().0.get(key).filter(|copy| copy.until > now).cloned()
}

/// Keeps a copy.
pub(super) fn keep(world: &mut World, key: Key, copy: Copy) {
    let now = world.now();
    let copies = &mut world.runtime::<Copies>().0;
    copies.retain(|_, copy| copy.until > now);
    copies.insert(key, copy);
    trim(copies, ROOM);
}

fn trim(copies: &mut BTreeMap<Key, Copy>, room: usize) {
    let mut taken: usize = copies.iter().map(|(key, copy)| size_of(key, copy)).sum();
    while taken > room {
        let first = copies.iter().min_by_key(|(_, copy)| copy.until).map(|(key, _)| key.clone());
        let Some((key, copy)) = first.and_then(|key| copies.remove_entry(&key)) else { return };
        taken -= size_of(&key, &copy);
    }
}

/// Bytes that a copy takes; one without a body takes some, too.
fn size_of(key: &Key, copy: &Copy) -> usize {
    let headers = usize::try_from(headers::size(&copy.headers)).unwrap_or(usize::MAX);
    let names = key.host.len() + key.path.len() + key.query.len() + key.encodings.len();
    copy.body.len() + headers + names
}

/// Throws away what an endpoint keeps below paths: a path alone, or all below it with `*` at its end; upper and lower case
/// alike. `domains` empty: of all its host names.
pub(crate) fn purge(world: &mut World, endpoint: (&str, &str), paths: &[String], domains: &[String]) {
    let matches = |pattern: &str, path: &str| {
        let (pattern, path) = (pattern.to_ascii_lowercase(), path.to_ascii_lowercase());
        pattern.strip_suffix('*').map_or(path == pattern, |start| path.starts_with(start))
    };
    world.runtime::<Copies>().0.retain(|key, copy| {
        let of = (copy.endpoint.0.as_str(), copy.endpoint.1.as_str()) == endpoint;
        let host = domains.is_empty() || domains.iter().any(|domain| domain.eq_ignore_ascii_case(&key.host));
        !(of && host && paths.iter().any(|pattern| matches(pattern, &key.path)))
    });
}

/// Whether an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// So long.
    For(Duration),
    /// The origin forbids it.
    Forbidden,
    /// It is none that is kept.
    No,
}

/// Whether an answer is kept, and how long. `dice` is between 0 and 1, for what nobody says.
pub(super) fn keeping(
    caching: &Caching,
    asked: &HeaderMap,
    status: StatusCode,
    answer: &HeaderMap,
    dice: f64,
) -> Keeping {
    if !matches!(status.as_u16(), 200 | 203 | 300 | 301 | 404 | 410) {
        return Keeping::No;
    }
    let directives = directives(answer);
    let says = |name: &str| directives.iter().any(|(known, _)| known == name);
    if asked.contains_key(AUTHORIZATION) && !["must-revalidate", "public", "s-maxage"].iter().any(|name| says(name)) {
        return Keeping::No;
    }
    if let Lifetime::Always(told) = caching.lifetime {
        return Keeping::For(told);
    }
    if ["private", "no-store", "no-cache"].iter().any(|name| says(name)) {
        return Keeping::Forbidden;
    }
    let seconds = |name: &str| {
        directives.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.trim_matches('"').parse().ok())
    };
    let said = seconds("s-maxage").or_else(|| seconds("max-age")).map(Duration::from_secs).or_else(|| expires(answer));
    match (said, caching.lifetime) {
        (Some(Duration::ZERO), _) => Keeping::No,
        (Some(said), _) => Keeping::For(said),
        (None, Lifetime::UnlessSaid(told)) => Keeping::For(told),
        (None, _) => Keeping::For(DAY + (DAY * 2).mul_f64(dice)),
    }
}

fn directives(headers: &HeaderMap) -> Vec<(String, String)> {
    let all = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_ascii_lowercase(), value.trim().to_owned())
        })
        .collect()
}

/// `Expires`, counted from the answer's own date: the emulator's clock need not be the origin's.
fn expires(headers: &HeaderMap) -> Option<Duration> {
    let time = |name| {
        let text = headers.get(name)?.to_str().ok()?;
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
    };
    headers.get(EXPIRES)?;
    // What can't be read has run out already (RFC 9111 §5.3).
    let Some(until) = time(EXPIRES) else { return Some(Duration::ZERO) };
    let from = time(DATE).unwrap_or_else(Timestamp::now);
    Some(Duration::try_from(until.duration_since(from)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_origin_says_how_long() {
        let honor = Caching::parse(Some(&json!({}))).unwrap();
        let always = json!({"cacheBehavior": "OverrideAlways", "cacheDuration": "00:01:00"});
        let always = Caching::parse(Some(&always)).unwrap();
        let missing = json!({"cacheBehavior": "OverrideIfOriginMissing", "cacheDuration": "00:02:00"});
        let missing = Caching::parse(Some(&missing)).unwrap();
        let seconds = |n| Keeping::For(Duration::from_secs(n));
        let token = ("authorization", "Bearer x");
        let dated = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        for (caching, asked, status, answer, expected) in [
            (&honor, vec![], 200, vec![("cache-control", "max-age=60")], seconds(60)),
            (&honor, vec![], 200, vec![("cache-control", "public, max-age=60, s-maxage=\"90\"")], seconds(90)),
            (&honor, vec![], 200, vec![dated, ("expires", "Wed, 21 Oct 2015 07:29:30 GMT")], seconds(90)),
            (&honor, vec![], 200, vec![dated, ("expires", "Wed, 21 Oct 2015 07:27:00 GMT")], Keeping::No),
            (&honor, vec![], 200, vec![("expires", "0")], Keeping::No),
            (&honor, vec![], 200, vec![], seconds(2 * 86_400)),
            (&honor, vec![], 200, vec![("cache-control", "max-age=0")], Keeping::No),
            (&honor, vec![], 200, vec![("cache-control", "Private, max-age=60")], Keeping::Forbidden),
            (&honor, vec![], 500, vec![("cache-control", "max-age=60")], Keeping::No),
            (&honor, vec![token], 200, vec![("cache-control", "max-age=60")], Keeping::No),
            (&honor, vec![token], 200, vec![("cache-control", "public, max-age=60")], seconds(60)),
            (&always, vec![], 200, vec![("cache-control", "no-store")], seconds(60)),
            (&missing, vec![], 200, vec![("cache-control", "max-age=5")], seconds(5)),
            (&missing, vec![], 200, vec![], seconds(120)),
            (&missing, vec![], 200, vec![("cache-control", "no-cache")], Keeping::Forbidden),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let found = keeping(caching, &fields(&asked), status, &fields(&answer), 0.5);
            assert_eq!(found, expected, "{caching:?} {asked:?} {status} {answer:?}");
        }
    }

    #[test]
    fn what_is_kept_takes_bounded_room_and_what_ends_first_goes_first() {
        let mut world = World::seeded(1);
        let caching = Caching::parse(Some(&json!({}))).unwrap();
        for (at, path) in ["/late", "/soon", "/later"].into_iter().enumerate() {
            let key = Key::of(&caching, &Seen { host: "a.dev", path, ..Seen::default() });
            let wait = [20, 10, 30][at];
            let (since, until) = (world.now(), world.after(Duration::from_secs(wait)));
            let (status, headers, body) = (StatusCode::NOT_FOUND, HeaderMap::new(), Bytes::new());
            let endpoint = ("front".to_owned(), "web".to_owned());
            keep(&mut world, key, Copy { endpoint, status, headers, body, since, until });
        }
        let copies = &mut world.runtime::<Copies>().0;
        let all: usize = copies.iter().map(|(key, copy)| size_of(key, copy)).sum();
        trim(copies, all);
        assert_eq!(copies.len(), 3);
        trim(copies, all - 1);
        let left: Vec<&str> = copies.keys().map(|key| key.path.as_str()).collect();
        assert_eq!(left, ["/late", "/later"], "also what has no body is counted");
    }

    #[test]
    fn a_purge_takes_paths_of_one_endpoint() {
        let mut world = World::seeded(1);
        let caching = Caching::parse(Some(&json!({}))).unwrap();
        let fill = |world: &mut World| {
            for (host, path) in [("a.dev", "/"), ("a.dev", "/img/One.png"), ("b.dev", "/img/two.png")] {
                let key = Key::of(&caching, &Seen { host, path, ..Seen::default() });
                let (since, until) = (world.now(), world.after(DAY));
                let (status, headers, body) = (StatusCode::OK, HeaderMap::new(), Bytes::from_static(b"x"));
                let endpoint = ("front".to_owned(), "web".to_owned());
                keep(world, key, Copy { endpoint, status, headers, body, since, until });
            }
        };
        for (endpoint, paths, domains, left) in [
            ("web", vec!["/*"], vec![], 0),
            ("web", vec!["/"], vec![], 2),
            ("web", vec!["/IMG/one.png"], vec![], 2),
            ("web", vec!["/img/*"], vec!["B.dev"], 2),
            ("web", vec!["/img"], vec![], 3),
            ("other", vec!["/*"], vec![], 3),
        ] {
            fill(&mut world);
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            purge(&mut world, ("front", endpoint), &owned(&paths), &owned(&domains));
            assert_eq!(world.runtime::<Copies>().0.len(), left, "{endpoint} {paths:?} {domains:?}");
        }
    }
}
