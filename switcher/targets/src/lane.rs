//! The way back of a whole declaration: whether its targets keep what it promises (SWITCH §8). One answer for the
//! switcher, which refuses such a declaration, and for `teal check`, which tells it before the commit.

use std::fmt;
use std::time::Duration;

use teal_api::duration::show;
use teal_api::switch::Switch;
use teal_azure::Client;

use crate::config::{Access, Options, Secret};
use crate::routed::Truths;
use crate::target::Target;

/// Why one target's way back is not as it is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// Which of the declared targets.
    pub index: usize,
    /// For a person, such as the record's full name.
    pub name: String,
    /// Its times, and what to do.
    pub why: String,
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

/// All that is slower than the declared objective. Without one, something must be fast enough to need none: else the
/// slowest is told. `targets` are those that route traffic, in declared order; `ttl` is the TTL while something moves.
#[must_use]
pub fn slow(targets: &[(&str, Truths)], ttl: Duration, objective: Option<Duration>) -> Vec<Slow> {
    let slow = |index: usize, name: &str, why: String| Slow { index, name: name.to_owned(), why };
    let all = targets.iter().enumerate();
    let Some(objective) = objective else {
        if targets.iter().any(|(_, truths)| truths.rollback_lane) {
            return Vec::new();
        }
        let slowest = all.max_by_key(|(_, (_, truths))| truths.way_back(ttl));
        return slowest.map(|(index, (name, truths))| slow(index, name, undeclared(truths, ttl))).into_iter().collect();
    };
    all.filter_map(|(index, (name, truths))| Some(slow(index, name, truths.too_slow(ttl, objective)?))).collect()
}

fn undeclared(truths: &Truths, ttl: Duration) -> String {
    let back = truths.way_back(ttl);
    format!(
        "going back by {} takes up to {} s, and nothing else here is faster: move a DNS record instead, or declare `rollback: {{objective: {}}}`",
        truths.kind,
        back.as_secs(),
        show(back)
    )
}

/// The same of a declaration alone, without its keys: the targets are made with stand-ins that can send nothing. What
/// can't be a target at all is told in its place.
///
/// # Errors
/// No client could be made, as where TLS itself can't be had.
pub fn slow_as_declared(switch: &Switch) -> Result<Vec<Slow>, teal_azure::client::SettingsError> {
    let access = Access { secret: Some(Secret::new([0; 32])), azure: Some(Client::unable()?) };
    let (mut made, mut found) = (Vec::new(), Vec::new());
    for (index, declared) in switch.targets.iter().enumerate() {
        match Target::new(&declared.provider, &declared.to, &access, Options::default()) {
            Ok(target) => made.push((index, target)),
            Err(why) => {
                found.push(Slow { index, name: declared.provider.kind().to_owned(), why: why.to_string() });
            }
        }
    }
    if found.is_empty() {
        let targets: Vec<_> = made.iter().map(|(_, target)| (target.name(), target.truths())).collect();
        found = slow(&targets, switch.strategy.ttl_moving, switch.rollback.objective);
    }
    Ok(found)
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
