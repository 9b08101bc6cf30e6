//! Where traffic goes, color by color, and what a write of any target came to.

use std::collections::BTreeMap;
use std::time::Duration;

use teal_api::switch::Destination;

/// Where traffic goes, as far as the provider tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutedNow {
    /// Percent by color; colors that get nothing are absent. Sums to 100 unless something is `foreign`.
    pub shares: BTreeMap<String, u32>,
    /// What gets traffic and is no color's; for people. Never overwritten.
    pub foreign: Option<String>,
    /// TTL in seconds, where there is one.
    pub ttl: Option<u32>,
    /// Is the provider done with what it was told?
    pub settled: Settled,
    /// The opId of the last write, where the provider can keep one.
    pub stamp: Option<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl RoutedNow {
    /// All traffic goes to this color, and nothing else is known yet.
    pub(crate) fn all(color: &str) -> Self {
        let shares = BTreeMap::from([(color.to_owned(), 100)]);
        Self { shares, foreign: None, ttl: None, settled: Settled::Yes, stamp: None, warnings: Vec::new() }
    }

    /// Something that is no color's gets traffic.
    pub(crate) fn foreign(what: impl Into<String>) -> Self {
        Self { shares: BTreeMap::new(), foreign: Some(what.into()), ..Self::all("") }
    }

    /// Is it as asked, and is the provider done?
    #[must_use]
    pub fn is(&self, split: &Split) -> bool {
        self.shares == split.0 && self.foreign.is_none() && self.settled == Settled::Yes
    }
}

/// Is the provider done?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Yes: what was read is in force, but for its propagation.
    Yes,
    /// It is at work.
    Working {
        /// Its operation, to be polled; `None` when only the resource's state tells.
        operation: Option<String>,
        /// For people.
        what: String,
    },
    /// Its last work failed.
    Failed {
        /// For people.
        why: String,
    },
}

/// Percent by color; sums to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split(pub(crate) BTreeMap<String, u32>);

impl Split {
    /// Everything to one color.
    #[must_use]
    pub fn all(color: &str) -> Self {
        Self(BTreeMap::from([(color.to_owned(), 100)]))
    }

    /// Percent by color; `None` unless they sum to 100. Zeros are left out.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, u32)>) -> Option<Self> {
        let parts: BTreeMap<String, u32> =
            parts.into_iter().filter(|(_, part)| *part > 0).map(|(color, part)| (color.to_owned(), part)).collect();
        let sum = parts.values().fold(0_u32, |sum, part| sum.saturating_add(*part));
        (sum == 100).then_some(Self(parts))
    }

    /// The color that gets everything; `None` when several get something.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        match self.0.iter().next() {
            Some((color, 100)) => Some(color),
            _ => None,
        }
    }

    /// Percent of a color.
    #[must_use]
    pub fn share(&self, color: &str) -> u32 {
        self.0.get(color).copied().unwrap_or(0)
    }
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(color, part)| format!("{color} {part} %")).collect();
        f.write_str(&parts.join(", "))
    }
}

/// In whose name a target is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The move's opId.
    pub id: String,
    /// TTL in seconds to be set, where there is one; `None` leaves it.
    pub ttl: Option<u32>,
    /// Traffic goes back: no step is made that only makes it smoother.
    pub back: bool,
}

/// What a call of `route` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Read back as asked, and settled. Nothing was written if it was so before.
    Done(RoutedNow),
    /// The provider is at work, or one more write is needed: call again until it is done.
    Working {
        /// To be polled; `None` when only the target itself tells.
        operation: Option<String>,
        /// As it was read after the write.
        now: RoutedNow,
    },
}

impl Written {
    /// What was read back.
    #[must_use]
    pub fn now(&self) -> &RoutedNow {
        match self {
            Self::Done(now) | Self::Working { now, .. } => now,
        }
    }
}

/// How far a provider's operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// At work.
    Running {
        /// Ask again after this, when the provider says so.
        after: Option<Duration>,
    },
    /// Done; the target is to be read.
    Succeeded,
    /// Ended without success.
    Failed {
        /// For people.
        why: String,
    },
    /// Not known any more: the target itself decides.
    Lost,
}

/// Something that is to be told before a move begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// No move may begin while it holds.
    pub refuse: bool,
    /// For people: what, where, what to do.
    pub what: String,
}

impl Finding {
    pub(crate) fn refuse(what: impl Into<String>) -> Self {
        Self { refuse: true, what: what.into() }
    }

    pub(crate) fn warn(what: impl Into<String>) -> Self {
        Self { refuse: false, what: what.into() }
    }

    /// Everything that refuses, in one text; `None` when nothing does.
    pub(crate) fn refusals(found: Vec<Self>) -> Option<String> {
        let all: Vec<String> = found.into_iter().filter(|one| one.refuse).map(|one| one.what).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// What a value means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Exactly this color.
    Color(String),
    /// Several colors at once.
    Mixed,
    /// Something that no color declares; with what, for people.
    Foreign(String),
    /// Nothing.
    Gone,
}

/// The colors of a target, and what each points to.
pub(crate) type Colors = BTreeMap<String, Destination>;

/// The colors without which a write makes no sense. On the way back those are the ones that get something: that the bad
/// color is gone is no reason to stay with it.
pub(crate) fn needed(colors: &Colors, split: &Split, back: bool) -> Colors {
    let needs = |(color, _): &(&String, &Destination)| !back || split.share(color) > 0;
    colors.iter().filter(needs).map(|(color, to)| (color.clone(), to.clone())).collect()
}

/// What a value means, among the declared ones.
pub(crate) fn meaning(colors: &Colors, value: Option<&Destination>) -> Meaning {
    let Some(value) = value.cloned().map(Destination::canonical) else { return Meaning::Gone };
    let declared = |to: &Destination| to.clone().canonical();
    if let Some((color, _)) = colors.iter().find(|(_, to)| declared(to) == value) {
        return Meaning::Color(color.clone());
    }
    let known = match &value {
        Destination::Ip(found) => {
            let all: Vec<_> =
                colors.values().flat_map(|to| if let Destination::Ip(list) = to { &list[..] } else { &[] }).collect();
            !found.is_empty() && found.iter().all(|ip| all.contains(&ip))
        }
        Destination::Ipv6(found) => {
            let all: Vec<_> =
                colors.values().flat_map(|to| if let Destination::Ipv6(list) = to { &list[..] } else { &[] }).collect();
            !found.is_empty() && found.iter().all(|ip| all.contains(&ip))
        }
        _ => false,
    };
    if known { Meaning::Mixed } else { Meaning::Foreign(crate::routed::shown(Some(&value))) }
}

/// Shares of percent from weights: each at least 1 when it gets anything, the largest takes what rounding leaves.
pub(crate) fn shares(weights: &BTreeMap<String, u32>) -> BTreeMap<String, u32> {
    let live: Vec<(&String, u64)> =
        weights.iter().filter(|(_, weight)| **weight > 0).map(|(color, weight)| (color, u64::from(*weight))).collect();
    let sum: u64 = live.iter().map(|(_, weight)| weight).sum();
    if sum == 0 {
        return BTreeMap::new();
    }
    let part = |weight: u64| u32::try_from((weight * 100 + sum / 2) / sum).unwrap_or(100).max(1);
    let mut found: BTreeMap<String, u32> =
        live.iter().map(|(color, weight)| ((*color).clone(), part(*weight))).collect();
    let largest = live
        .iter()
        .max_by_key(|(color, weight)| (*weight, std::cmp::Reverse(*color)))
        .map(|(color, _)| (*color).clone());
    if let Some(largest) = largest {
        let others: u32 = found.iter().filter(|(color, _)| **color != largest).map(|(_, part)| part).sum();
        found.insert(largest, 100_u32.saturating_sub(others));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(list: &[u8]) -> Destination {
        Destination::Ip(list.iter().map(|last| std::net::Ipv4Addr::new(10, 0, 0, *last)).collect())
    }

    #[test]
    fn a_value_means_one_color_several_none_or_nothing() {
        let colors: Colors = [("blue".to_owned(), ip(&[1, 2])), ("green".to_owned(), ip(&[3]))].into();
        for (value, want) in [
            (None, Meaning::Gone),
            (Some(ip(&[2, 1])), Meaning::Color("blue".into())),
            (Some(ip(&[1, 3])), Meaning::Mixed),
            (Some(ip(&[1])), Meaning::Mixed),
            (Some(ip(&[1, 9])), Meaning::Foreign("10.0.0.1, 10.0.0.9".into())),
            (Some(Destination::Cname("x".into())), Meaning::Foreign("x".into())),
        ] {
            assert_eq!(meaning(&colors, value.as_ref()), want, "{value:?}");
        }
        let ids: Colors = [("blue".to_owned(), Destination::ResourceId("/Subscriptions/S".into()))].into();
        let found = Destination::ResourceId("/subscriptions/s".into());
        assert_eq!(meaning(&ids, Some(&found)), Meaning::Color("blue".into()), "ids have no case");
    }

    #[test]
    fn shares_sum_to_a_hundred_and_the_smallest_is_never_nothing() {
        let of = |parts: &[(&str, u32)]| {
            let weights = parts.iter().map(|(color, weight)| ((*color).to_owned(), *weight)).collect();
            shares(&weights).into_iter().map(|(color, part)| format!("{color}{part}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(&[("b", 1000), ("g", 0)]), "b100");
        assert_eq!(of(&[("b", 900), ("g", 100)]), "b90 g10");
        assert_eq!(of(&[("b", 1000), ("g", 1)]), "b99 g1");
        assert_eq!(of(&[("b", 1), ("g", 1), ("h", 1)]), "b34 g33 h33");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn a_split_sums_to_a_hundred() {
        assert_eq!(Split::of([("blue", 100), ("green", 0)]), Some(Split::all("blue")));
        assert_eq!(Split::of([("blue", 50), ("green", 40)]), None);
        assert_eq!(Split::of([("blue", u32::MAX), ("green", u32::MAX)]), None);
        let split = Split::of([("blue", 90), ("green", 10)]).unwrap();
        assert_eq!((split.only(), split.share("green"), split.share("red")), (None, 10, 0));
        assert_eq!(split.to_string(), "blue 90 %, green 10 %");
    }
}
