//! The origins of one group, by weight: a color that gets nothing is disabled, but never the last enabled one, and
//! never before another has been enabled. One PATCH a call.

use std::collections::BTreeMap;

use teal_api::switch::Destination;
use teal_azure::AzureError;
use teal_azure::front_door::{Found, Origin, OriginGroup};

use super::FrontDoorTarget;
use crate::arm;
use crate::error::TargetError;
use crate::flow::{Colors, Finding, RoutedNow, Settled, Split, Written, needed, shares};

/// Azure's weight where it answers none.
const DEFAULT_WEIGHT: u32 = 1000;
/// Smallest weight: an origin that is off has no health.
const LEAST: u32 = 1;

/// One PATCH of one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) origin: String,
    pub(super) enabled: bool,
    pub(super) weight: Option<u32>,
}

/// What of an origin decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lever {
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) weight: u32,
    pub(super) priority: u32,
}

impl Lever {
    fn of(origin: &Found<Origin>) -> Self {
        let facts = &origin.facts;
        let (weight, priority) = (facts.weight.unwrap_or(DEFAULT_WEIGHT), facts.priority.unwrap_or(1));
        Self { name: origin.name.clone(), enabled: facts.enabled(), weight, priority }
    }
}

fn color_of<'a>(colors: &'a Colors, origin: &str) -> Option<&'a String> {
    let named = |to: &Destination| matches!(to, Destination::Named(name) if name.eq_ignore_ascii_case(origin));
    colors.iter().find(|(_, to)| named(to)).map(|(color, _)| color)
}

/// Where the group sends requests: the enabled origins of the smallest priority, by weight.
pub(super) fn now(levers: &[Lever], colors: &Colors) -> RoutedNow {
    let on = || levers.iter().filter(|lever| lever.enabled);
    let Some(first) = on().map(|lever| lever.priority).min() else {
        return RoutedNow::foreign("nothing: no origin is enabled");
    };
    let live: Vec<&Lever> = on().filter(|lever| lever.priority == first).collect();
    if let Some(strange) = live.iter().find(|lever| color_of(colors, &lever.name).is_none()) {
        return RoutedNow::foreign(format!("the origin {}", strange.name));
    }
    let weight = |lever: &&Lever| color_of(colors, &lever.name).map(|color| (color.clone(), lever.weight));
    let weights: BTreeMap<String, u32> = live.iter().filter_map(weight).collect();
    let mut warnings = Vec::new();
    for lever in on().filter(|lever| lever.priority != first && color_of(colors, &lever.name).is_some()) {
        warnings
            .push(format!("the origin {} has priority {} and stands behind the others", lever.name, lever.priority));
    }
    RoutedNow { shares: shares(&weights), warnings, ..RoutedNow::all("") }
}

/// The next change towards a split: what gains first, what is switched off last, so that something always answers. `warm`:
/// what was off comes at the smallest weight first, while others answer: it has no health until it is on.
pub(super) fn next(levers: &[Lever], colors: &Colors, split: &Split, warm: bool) -> Option<Patch> {
    let ours =
        || levers.iter().filter_map(|lever| color_of(colors, &lever.name).map(|color| (lever, split.share(color))));
    let wanted = |share: u32| share.saturating_mul(10).clamp(LEAST, DEFAULT_WEIGHT);
    let changes = |(lever, share): &(&Lever, u32)| !lever.enabled || lever.weight != wanted(*share);
    // Of several that get something, the one that gets most.
    let raise = ours().filter(|(_, share)| *share > 0).filter(changes).max_by_key(|(_, share)| *share);
    if let Some((lever, share)) = raise {
        let cold = warm && !lever.enabled && levers.iter().any(|other| other.enabled);
        let weight = if cold { LEAST } else { wanted(share) };
        return Some(Patch { origin: lever.name.clone(), enabled: true, weight: Some(weight) });
    }
    let off = ours().find(|(lever, share)| *share == 0 && lever.enabled);
    let others = ours().any(|(lever, share)| share > 0 && lever.enabled);
    off.filter(|_| others).map(|(lever, _)| Patch { origin: lever.name.clone(), enabled: false, weight: None })
}

/// Colors without an origin in the group.
pub(super) fn missing(origins: &[Found<Origin>], colors: &Colors) -> Vec<Finding> {
    let there = |name: &str| origins.iter().any(|origin| origin.name.eq_ignore_ascii_case(name));
    let lost = colors.iter().filter_map(|(color, to)| match to {
        Destination::Named(name) if !there(name) => Some((color, name)),
        _ => None,
    });
    lost.map(|(color, name)| Finding::refuse(format!("the group has no origin `{name}` for {color}"))).collect()
}

/// How Azure refuses to switch off a group's last enabled origin, in lower case.
const LAST: &str = "cannot disable or delete the last origin";

/// Azure keeps the last enabled origin of a group on, and by what was read before a change it never was the last one: a
/// refusal by that rule, or where a color's origin is no longer as it was read, is somebody else's change in between.
/// Nobody's origins say nothing of ours, nor does the order that Azure lists them in. `after` is empty if it is unknown.
fn overtaken(error: AzureError, before: &[Lever], after: &[Lever], colors: &Colors) -> AzureError {
    let ours = |levers: &[Lever]| -> BTreeMap<String, (bool, u32, u32)> {
        let ours = levers.iter().filter(|lever| color_of(colors, &lever.name).is_some());
        ours.map(|one| (one.name.to_ascii_lowercase(), (one.enabled, one.weight, one.priority))).collect()
    };
    match error {
        AzureError::Rejected { what, said } | AzureError::Conflict { what, said }
            if said.message.to_ascii_lowercase().contains(LAST)
                || (!after.is_empty() && ours(before) != ours(after)) =>
        {
            AzureError::Changed { what, said }
        }
        error => error,
    }
}

impl FrontDoorTarget {
    pub(super) async fn read_origins(&self, group: &str) -> Result<Vec<Found<Origin>>, TargetError> {
        self.client.find_all(&self.profile.list_origins(group)).await.map_err(|error| self.azure(error))
    }

    async fn read_group(&self, group: &str) -> Result<Found<OriginGroup>, TargetError> {
        self.client.find(&self.profile.get_group(group)).await.map_err(|error| self.azure(error))
    }

    pub(super) async fn origins_now(&self, group: &str) -> Result<RoutedNow, TargetError> {
        let (found, origins) = tokio::try_join!(self.read_group(group), self.read_origins(group))?;
        Ok(self.whole(&found, &origins))
    }

    /// The group and its origins, as traffic.
    fn whole(&self, group: &Found<OriginGroup>, origins: &[Found<Origin>]) -> RoutedNow {
        let levers: Vec<Lever> = origins.iter().map(Lever::of).collect();
        let mut now = now(&levers, &self.colors);
        if latency(group) == 0 && now.shares.len() > 1 {
            now.warnings.push("latency sensitivity is 0 ms: the fastest origin gets all, whatever the weights".into());
        }
        let states = origins.iter().map(|origin| (format!("the origin {}", origin.name), &origin.state));
        let states = states.chain([("the origin group".to_owned(), &group.state)]);
        let settled: Vec<Settled> = states.map(|(what, state)| arm::settled(&what, state)).collect();
        let worst = settled.iter().find(|one| matches!(one, Settled::Working { .. }));
        let worst = worst.or_else(|| settled.iter().find(|one| matches!(one, Settled::Failed { .. })));
        now.settled = worst.cloned().unwrap_or(Settled::Yes);
        now
    }

    /// One change towards a split; on the way `back` nothing is warmed, nor where weights mean nothing.
    pub(super) async fn step(&self, name: &str, split: &Split, back: bool) -> Result<Written, TargetError> {
        let (group, origins) = tokio::try_join!(self.read_group(name), self.read_origins(name))?;
        let mut found = missing(&origins, &needed(&self.colors, split, back));
        if split.only().is_none() && latency(&group) == 0 {
            found.push(Finding::refuse(
                "latency sensitivity (additionalLatencyInMilliseconds) is 0: the fastest origin would get all whatever the weights; set it, such as to 500",
            ));
        }
        if let Some(why) = Finding::refusals(found) {
            return Err(self.unfit(why));
        }
        let levers: Vec<Lever> = origins.iter().map(Lever::of).collect();
        let before = self.whole(&group, &origins);
        // Weights decide even where the shares look right: 1000 beside 1 is a hundred percent of nothing.
        let warm = !back && latency(&group) > 0;
        let patch = next(&levers, &self.colors, split, warm);
        match arm::unneeded(&self.shown, &before, split)? {
            Some(Written::Done(now)) if patch.is_none() => return Ok(Written::Done(now)),
            Some(working @ Written::Working { .. }) => return Ok(working),
            _ => {}
        }
        let Some(patch) = patch else {
            let why = format!("no change of weights leads to {split}; look at the origins' priorities");
            return Err(self.unfit(why));
        };
        self.change(name, &levers, &patch, split, warm).await
    }

    /// Sends one change; done only when nothing is left to be changed.
    async fn change(
        &self,
        group: &str,
        before: &[Lever],
        patch: &Patch,
        split: &Split,
        warm: bool,
    ) -> Result<Written, TargetError> {
        let request = self.profile.patch_origin(group, &patch.origin, patch.enabled, patch.weight);
        let sent = self.client.start(&request).await;
        let back = tokio::try_join!(self.read_group(group), self.read_origins(group));
        let (back, after) = match back {
            Ok((found, origins)) => (Ok(self.whole(&found, &origins)), origins.iter().map(Lever::of).collect()),
            Err(error) => (Err(error), Vec::<Lever>::new()),
        };
        let landed = after.iter().any(|lever| {
            lever.name == patch.origin
                && lever.enabled == patch.enabled
                && patch.weight.is_none_or(|want| lever.weight == want)
        });
        let left = next(&after, &self.colors, split, warm);
        let sent = sent.map_err(|error| overtaken(error, before, &after, &self.colors));
        let written = arm::judged(&self.shown, self.server(), sent, back, |_| landed)?;
        Ok(match written {
            Written::Done(now) if left.is_some() || !now.is(split) => Written::Working { operation: None, now },
            written => written,
        })
    }
}

/// How many milliseconds slower than the fastest an origin may be and still get its weight; 0 by default.
pub(super) fn latency(group: &Found<OriginGroup>) -> i64 {
    let settings = group.facts.load_balancing_settings.as_ref();
    settings.and_then(|settings| settings.additional_latency_in_milliseconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use teal_azure::error::Said;

    use super::*;

    fn colors() -> Colors {
        ["blue", "green", "red"].map(|color| (color.to_owned(), Destination::Named(format!("o-{color}")))).into()
    }

    fn lever(color: &str, enabled: bool, weight: u32) -> Lever {
        Lever { name: format!("o-{color}"), enabled, weight, priority: 1 }
    }

    /// Applies changes until there is none; what is seen on the way.
    fn walk(mut levers: Vec<Lever>, split: &Split, warm: bool) -> (Vec<Lever>, usize) {
        for steps in 0..10 {
            let Some(patch) = next(&levers, &colors(), split, warm) else { return (levers, steps) };
            let others = levers.iter().any(|lever| lever.enabled && lever.name != patch.origin);
            let lever = levers.iter_mut().find(|lever| lever.name == patch.origin).unwrap();
            let cold = warm && patch.enabled && !lever.enabled && others;
            assert!(!cold || patch.weight == Some(LEAST), "{} gets traffic before it has a health", patch.origin);
            lever.enabled = patch.enabled;
            lever.weight = patch.weight.unwrap_or(lever.weight);
            assert!(levers.iter().any(|lever| lever.enabled), "the last origin was switched off");
        }
        panic!("no end: {levers:?}");
    }

    #[test]
    fn from_anywhere_to_any_split_in_few_changes_and_never_without_an_origin() {
        let flags = [false, true];
        let splits: Vec<Split> = ["blue", "green", "red"]
            .map(Split::all)
            .into_iter()
            .chain(
                [Split::of([("blue", 90), ("green", 10)]), Split::of([("blue", 1), ("green", 49), ("red", 50)])]
                    .into_iter()
                    .flatten(),
            )
            .collect();
        for bits in 1..8_usize {
            let on = |bit: usize| flags[(bits >> bit) & 1];
            let start = vec![lever("blue", on(0), 1000), lever("green", on(1), 1), lever("red", on(2), 500)];
            for split in &splits {
                for warm in flags {
                    let (end, steps) = walk(start.clone(), split, warm);
                    assert!(now(&end, &colors()).is(split), "{start:?} to {split}: {end:?}");
                    assert!(steps <= if warm { 5 } else { 3 }, "{steps} changes");
                }
            }
        }
    }

    #[test]
    fn a_flip_gains_before_it_loses() {
        let start = vec![lever("blue", true, 1000), lever("green", true, 1), lever("red", false, 1)];
        let first = next(&start, &colors(), &Split::all("green"), true).unwrap();
        assert_eq!(first, Patch { origin: "o-green".into(), enabled: true, weight: Some(1000) });
        let after = vec![lever("blue", true, 1000), lever("green", true, 1000), lever("red", false, 1)];
        let second = next(&after, &colors(), &Split::all("green"), true).unwrap();
        assert_eq!(second, Patch { origin: "o-blue".into(), enabled: false, weight: None });
    }

    /// A race is looked at again at once: what lasts must never look like one.
    #[test]
    fn g1_only_what_changed_of_the_colors_origins_is_a_race() {
        let before = || vec![lever("blue", true, 1000), lever("green", true, 1)];
        let with = |name: &str, on: bool| {
            let mut levers = before();
            levers.push(Lever { name: name.to_owned(), ..lever("", on, 500) });
            levers
        };
        let mut off = before();
        off[1].enabled = false;
        let mut shouted = before();
        shouted[0].name = "O-BLUE".into();
        let last = "Cannot disable or delete the last origin when the origin group is still associated";
        for (rule, said, after, race) in [
            ("the rule of the last one", last, before(), true),
            ("even unread", last, vec![], true),
            ("other words with the same in them", "the last origin name is reserved", before(), false),
            ("another is off now", "no", off, true),
            ("one is gone", "no", before().split_off(1), true),
            ("nothing else", "no", before(), false),
            ("nothing is known", "no", vec![], false),
            ("another order", "no", before().into_iter().rev().collect(), false),
            ("another case", "no", shouted, false),
            ("an origin of nobody", "no", with("sorry", true), false),
            ("a color's that is new", "no", with("o-red", false), true),
        ] {
            for conflict in [false, true] {
                let (what, message) = ("x".to_owned(), said.to_owned());
                let said = Box::new(Said { status: 400, code: String::new(), message, request_id: None });
                let error =
                    if conflict { AzureError::Conflict { what, said } } else { AzureError::Rejected { what, said } };
                let told = overtaken(error, &before(), &after, &colors());
                assert_eq!(matches!(told, AzureError::Changed { .. }), race, "{rule}: {told}");
            }
        }
    }

    #[test]
    fn strangers_and_other_priorities_are_told() {
        let mut stranger = lever("blue", true, 1000);
        stranger.name = "sorry-page".into();
        let found = now(&[lever("blue", true, 1000), stranger.clone()], &colors());
        assert_eq!(found.foreign.as_deref(), Some("the origin sorry-page"));
        stranger.priority = 2;
        assert!(
            now(&[lever("blue", true, 1000), stranger], &colors()).is(&Split::all("blue")),
            "a standby is no traffic"
        );
        let behind = Lever { priority: 2, ..lever("green", true, 1000) };
        let found = now(&[lever("blue", true, 1000), behind], &colors());
        assert!(found.warnings[0].contains("stands behind"), "{found:?}");
        assert!(now(&[lever("blue", false, 1)], &colors()).foreign.unwrap().contains("no origin is enabled"));
    }
}
