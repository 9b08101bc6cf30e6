//! Which endpoints of a profile DNS answers with.

use std::net::IpAddr;

use super::health::EndpointStatus;

/// How a profile chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// The endpoint of the smallest priority.
    Priority,
    /// A draw by weight.
    Weighted,
    /// The nearest one. The emulator has no geography: the first in the list stands for the nearest.
    Performance,
    /// By the caller's country. The emulator has no geography: only a mapping of `WORLD` matches.
    Geographic,
    /// Several healthy ones at once, at most as many as stated.
    MultiValue(usize),
    /// By the caller's address; an endpoint without subnets takes what no subnet claims.
    Subnet,
}

impl Method {
    /// Reads `trafficRoutingMethod`; `max_return` is for MultiValue.
    #[must_use]
    pub(crate) fn parse(name: &str, max_return: u64) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "priority" => Self::Priority,
            "weighted" => Self::Weighted,
            "performance" => Self::Performance,
            "geographic" => Self::Geographic,
            "multivalue" => Self::MultiValue(usize::try_from(max_return.clamp(1, 8)).unwrap_or(1)),
            "subnet" => Self::Subnet,
            _ => return None,
        })
    }
}

/// One endpoint, as far as choosing needs it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Its status.
    pub(crate) status: EndpointStatus,
    /// 1..1000, the smallest first.
    pub(crate) priority: u64,
    /// 1..1000.
    pub(crate) weight: u64,
    /// Has `WORLD` among its geographies.
    pub(crate) world: bool,
    /// First and last address of each of its subnets.
    pub(crate) subnets: Vec<(IpAddr, IpAddr)>,
}

/// The indices of the endpoints to answer with, in order; none means an answer without data.
///
/// Endpoints that are disabled or stopped are out. If no other can be served, the degraded ones are treated as if they were online:
/// a guess is better than silence. `draw` is uniform in 0..1 and used by Weighted alone.
#[must_use]
pub(crate) fn choose(method: Method, candidates: &[Candidate], caller: Option<IpAddr>, draw: f64) -> Vec<usize> {
    let with = |wanted: fn(EndpointStatus) -> bool| -> Vec<usize> {
        (0..candidates.len()).filter(|i| wanted(candidates[*i].status)).collect()
    };
    let mut pool = with(EndpointStatus::served);
    if pool.is_empty() {
        pool = with(|status| status == EndpointStatus::Degraded);
    }
    match method {
        Method::Priority => pool.into_iter().min_by_key(|i| candidates[*i].priority).into_iter().collect(),
        Method::Weighted => by_weight(&pool, |i| candidates[i].weight, draw).into_iter().collect(),
        Method::Performance => pool.into_iter().take(1).collect(),
        Method::Geographic => pool.into_iter().filter(|i| candidates[*i].world).take(1).collect(),
        Method::MultiValue(most) => pool.into_iter().take(most).collect(),
        Method::Subnet => {
            let claims = |i: usize| {
                caller.is_some_and(|caller| {
                    candidates[i]
                        .subnets
                        .iter()
                        .any(|(first, last)| first.is_ipv4() == caller.is_ipv4() && (*first..=*last).contains(&caller))
                })
            };
            let claimed = pool.iter().copied().find(|i| claims(*i));
            claimed.or_else(|| pool.into_iter().find(|i| candidates[*i].subnets.is_empty())).into_iter().collect()
        }
    }
}

/// The member of `pool` that `draw` (0..1) hits when each takes room by its weight; `None` for an empty pool. Members of
/// weight 0 are hit only when all are 0, and then all take the same room.
#[must_use]
pub(crate) fn by_weight(pool: &[usize], weight: impl Fn(usize) -> u64, draw: f64) -> Option<usize> {
    let total: u64 = pool.iter().map(|i| weight(*i)).sum();
    if total == 0 {
        let last = pool.len().checked_sub(1)?;
        return pool.get(((draw * pool.len() as f64) as usize).min(last)).copied();
    }
    let mut left = draw.clamp(0.0, 1.0) * total as f64;
    for i in pool {
        left -= weight(*i) as f64;
        if left < 0.0 {
            return Some(*i);
        }
    }
    pool.iter().rev().find(|i| weight(**i) > 0).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use EndpointStatus as S;

    fn candidate(status: S, priority: u64, weight: u64) -> Candidate {
        Candidate { status, priority, weight, world: false, subnets: Vec::new() }
    }

    #[test]
    fn priority_falls_over_and_ends_with_all() {
        let two = |a, b| vec![candidate(a, 2, 1), candidate(b, 1, 1)];
        for (a, b, expected) in [
            (S::Online, S::Online, vec![1]),
            (S::Online, S::Degraded, vec![0]),
            (S::CheckingEndpoint, S::Degraded, vec![0]),
            (S::Degraded, S::Degraded, vec![1]),
            (S::Degraded, S::Disabled, vec![0]),
            (S::Degraded, S::Stopped, vec![0]),
            (S::Disabled, S::Disabled, vec![]),
            (S::Unmonitored, S::Degraded, vec![0]),
        ] {
            assert_eq!(choose(Method::Priority, &two(a, b), None, 0.5), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn weights_take_their_share() {
        let pool = [candidate(S::Online, 1, 1), candidate(S::Online, 2, 3), candidate(S::Degraded, 3, 1000)];
        let hits = (0..1000).filter(|n| choose(Method::Weighted, &pool, None, f64::from(*n) / 1000.0) == [1]).count();
        assert_eq!(hits, 750);
        assert_eq!(choose(Method::Weighted, &pool, None, 1.0), [1], "the end of the range is the last that has weight");
        assert_eq!(by_weight(&[0, 1], |_| 0, 0.7), Some(1));
        assert_eq!(by_weight(&[], |_| 1, 0.7), None);
    }

    #[test]
    fn several_at_once() {
        let pool = vec![candidate(S::Online, 1, 1); 4];
        assert_eq!(choose(Method::MultiValue(2), &pool, None, 0.0), [0, 1]);
    }

    #[test]
    fn subnets_claim_their_callers() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut pool = vec![candidate(S::Online, 1, 1), candidate(S::Online, 2, 1)];
        pool[0].subnets = vec![(ip("10.0.0.0"), ip("10.0.0.255"))];
        assert_eq!(choose(Method::Subnet, &pool, Some(ip("10.0.0.7")), 0.0), [0]);
        assert_eq!(choose(Method::Subnet, &pool, Some(ip("10.0.1.7")), 0.0), [1]);
        assert_eq!(choose(Method::Subnet, &pool, Some(ip("::a00:7")), 0.0), [1]);
        assert_eq!(choose(Method::Subnet, &pool[..1], None, 0.0), Vec::<usize>::new());
    }

    #[test]
    fn only_the_world_is_known() {
        let mut pool = vec![candidate(S::Online, 1, 1), candidate(S::Online, 2, 1)];
        assert_eq!(choose(Method::Geographic, &pool, None, 0.0), Vec::<usize>::new());
        pool[1].world = true;
        assert_eq!(choose(Method::Geographic, &pool, None, 0.0), [1]);
    }
}
