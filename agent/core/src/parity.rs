//! How equal two clusters are (DESIGN §8). Pure: the switcher feeds it what both agents reported.
//!
//! Blue is the cluster that serves, green the one that shall. An object counts as equal only when its parity digests are
//! equal *and* both sides applied it, have it Current and undrifted: equal intent alone proves nothing.
//! A verdict is inconclusive, never "equal", when the two sides can't be compared at all.

use std::collections::BTreeMap;

use crate::id::ObjectId;

mod class;

pub use class::{Class, Inconclusive};

/// Most examples kept in a verdict.
pub const MAX_EXAMPLES: usize = 50;

/// How one declared object stands on one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FactState {
    /// Applied at the wanted digest, Current, undrifted.
    #[default]
    Ready,
    /// Applied, with fields set by somebody who is neither Teal nor a controller.
    Foreign(String),
    /// Not applied, or not Current; with a reason.
    NotReady(String),
    /// Differs from git right now.
    Drifted,
    /// Can't be asked about (stale discovery).
    Unknown,
}

/// What one cluster reports of one declared object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectFacts {
    /// Digest as applied there.
    pub digest: String,
    /// Digest without declared differences; `None` (or empty) when it can't be compared.
    pub parity: Option<String>,
    /// How it stands.
    pub state: FactState,
}

/// What one cluster reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterFacts {
    /// Digest of the fleet it has converged to.
    pub fleet_digest: String,
    /// Id of the key that digested Secrets; empty for none.
    pub key_id: String,
    /// [`DIGEST_VERSION`](crate::DIGEST_VERSION) it was made with.
    pub digest_version: u32,
    /// Every declared object.
    pub objects: BTreeMap<ObjectId, ObjectFacts>,
}

/// One object that is not equal, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The object.
    pub id: ObjectId,
    /// Its class.
    pub class: Class,
    /// Which side, and what of it.
    pub detail: String,
}

/// How equal two clusters are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parity {
    /// Share of declared objects (of either side) that are equal or differ only as declared, in `0.0..=1.0`; `1.0` when
    /// none are declared. Exactly `1.0` only when all are. Means nothing while `inconclusive` is set.
    pub ratio: f64,
    /// Declared objects of either side.
    pub declared: usize,
    /// Equal in every respect.
    pub equal: usize,
    /// Equal but for declared differences.
    pub declared_difference: usize,
    /// Differs from git on a side.
    pub drifted: usize,
    /// Only on blue.
    pub missing: usize,
    /// Only on green.
    pub extra: usize,
    /// Fields of somebody else on a side.
    pub foreign: usize,
    /// Not applied or not Current on a side.
    pub not_ready: usize,
    /// Declared differently without a declaration of that.
    pub unequal: usize,
    /// Can't be compared.
    pub unknown: usize,
    /// Why the numbers mean nothing; `None` when they do.
    pub inconclusive: Option<Inconclusive>,
    /// Objects that are not equal, worst first, at most [`MAX_EXAMPLES`].
    pub examples: Vec<Example>,
}

impl Parity {
    /// How many objects are of a class.
    #[must_use]
    pub fn count(&self, class: Class) -> usize {
        match class {
            Class::Missing => self.missing,
            Class::Unequal => self.unequal,
            Class::Drifted => self.drifted,
            Class::NotReady => self.not_ready,
            Class::Foreign => self.foreign,
            Class::Extra => self.extra,
            Class::Unknown => self.unknown,
            Class::DeclaredDifference => self.declared_difference,
            Class::Equal => self.equal,
        }
    }

    fn add(&mut self, class: Class) {
        self.declared += 1;
        let count = match class {
            Class::Missing => &mut self.missing,
            Class::Unequal => &mut self.unequal,
            Class::Drifted => &mut self.drifted,
            Class::NotReady => &mut self.not_ready,
            Class::Foreign => &mut self.foreign,
            Class::Extra => &mut self.extra,
            Class::Unknown => &mut self.unknown,
            Class::DeclaredDifference => &mut self.declared_difference,
            Class::Equal => &mut self.equal,
        };
        *count += 1;
    }
}

/// Compares what two clusters report.
#[must_use]
pub fn compare(blue: &ClusterFacts, green: &ClusterFacts) -> Parity {
    let mut parity = Parity::default();
    let mut examples = Vec::new();
    for (id, on_blue) in &blue.objects {
        let (class, detail) = match green.objects.get(id) {
            Some(on_green) => classify(on_blue, on_green),
            None => (Class::Missing, "green does not declare it".to_owned()),
        };
        note(id, class, detail, &mut parity, &mut examples);
    }
    for id in green.objects.keys().filter(|id| !blue.objects.contains_key(id)) {
        note(id, Class::Extra, "blue does not declare it".to_owned(), &mut parity, &mut examples);
    }
    let good = parity.equal + parity.declared_difference;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52, and equal counts divide to exactly 1")]
    let ratio = if parity.declared == 0 { 1.0 } else { good as f64 / parity.declared as f64 };
    parity.ratio = ratio;
    parity.inconclusive = inconclusive(blue, green).or_else(|| unknown(&parity, &examples, blue));
    examples.sort_by(|a, b| (a.class, &a.id).cmp(&(b.class, &b.id)));
    examples.truncate(MAX_EXAMPLES);
    parity.examples = examples;
    parity
}

fn note(id: &ObjectId, class: Class, detail: String, parity: &mut Parity, examples: &mut Vec<Example>) {
    parity.add(class);
    if !matches!(class, Class::Equal | Class::DeclaredDifference) {
        examples.push(Example { id: id.clone(), class, detail });
    }
}

fn classify(blue: &ObjectFacts, green: &ObjectFacts) -> (Class, String) {
    let sides = [("blue", &blue.state), ("green", &green.state)];
    let digests = |facts: &ObjectFacts| facts.parity.clone().filter(|digest| !digest.is_empty());
    let comparable = digests(blue).zip(digests(green));
    if comparable.as_ref().is_some_and(|(on_blue, on_green)| on_blue != on_green) {
        return (Class::Unequal, "its declarations differ beyond declared differences".to_owned());
    }
    let worst = sides.iter().filter_map(|(side, state)| match state {
        FactState::Drifted => Some((Class::Drifted, format!("{side}: differs from git"))),
        FactState::NotReady(why) => Some((Class::NotReady, format!("{side}: {why}"))),
        FactState::Foreign(what) => Some((Class::Foreign, format!("{side}: {what}"))),
        FactState::Unknown => Some((Class::Unknown, format!("{side}: its kind can't be asked about"))),
        FactState::Ready => None,
    });
    if let Some(worst) = worst.min_by_key(|(class, _)| *class) {
        return worst;
    }
    match comparable {
        None => (Class::Unknown, "its content can't be compared without a shared parity key".to_owned()),
        Some(_) if blue.digest == green.digest => (Class::Equal, String::new()),
        Some(_) => (Class::DeclaredDifference, String::new()),
    }
}

fn inconclusive(blue: &ClusterFacts, green: &ClusterFacts) -> Option<Inconclusive> {
    for (side, facts) in [("blue", blue), ("green", green)] {
        if facts.fleet_digest.is_empty() {
            return Some(Inconclusive::NoFleet { side });
        }
    }
    if blue.digest_version != green.digest_version {
        return Some(Inconclusive::VersionDiffers { blue: blue.digest_version, green: green.digest_version });
    }
    if blue.fleet_digest != green.fleet_digest {
        return Some(Inconclusive::FleetDiffers { blue: blue.fleet_digest.clone(), green: green.fleet_digest.clone() });
    }
    if blue.key_id != green.key_id {
        return Some(Inconclusive::KeyDiffers { blue: blue.key_id.clone(), green: green.key_id.clone() });
    }
    None
}

fn unknown(parity: &Parity, examples: &[Example], blue: &ClusterFacts) -> Option<Inconclusive> {
    let example = examples.iter().find(|example| example.class == Class::Unknown)?;
    let hint = if blue.key_id.is_empty() {
        "give both Syncs the same parityKeyRef, so that Secrets can be compared"
    } else {
        "wait until both API servers answer for every kind"
    };
    Some(Inconclusive::Unknown { count: parity.unknown, example: example.id.to_string(), hint })
}
