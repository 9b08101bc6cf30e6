//! What an earlier process achieved, read from the statuses that it wrote. Latches live in memory (SYNC §3); without this
//! an object that fell ill in an early layer would, after a restart, hold layers that had long been open. Pure.

use std::collections::HashMap;

use teal_api::sync::SyncStatus;
use teal_api::unit::{UnitSpec, UnitState, UnitStatus};

use crate::wanted::Wanted;

/// Units whose objects had all been Current once, with the digest they had then.
#[derive(Debug, Default)]
pub(crate) struct Remembered(HashMap<String, String>);

impl Remembered {
    /// Reads the statuses. A unit had its latches when it was ready, or when its layer had opened at its digest; the
    /// reporter writes that a layer closed before it writes any unit's new digest, so the two belong together.
    pub(crate) fn of<'a>(
        sync: &SyncStatus,
        units: impl IntoIterator<Item = (&'a str, &'a UnitSpec, &'a UnitStatus)>,
    ) -> Self {
        let was_open = |layer: &str| sync.layers.iter().any(|found| found.name == layer && found.open);
        let ready = units.into_iter().filter(|(_, spec, status)| {
            status.state == UnitState::Ready || status.state != UnitState::Waiting && was_open(&spec.layer)
        });
        Self(ready.filter_map(|(slug, _, status)| Some((slug.to_owned(), status.digest.clone()?))).collect())
    }

    /// Forgets units that are wanted otherwise now, for good: going back to a digest later must be proven anew.
    ///
    /// A layer that goes on after a timeout opens without proof of its units. What depends on one of them by name still
    /// asks for that proof.
    pub(crate) fn keep(&mut self, wanted: &Wanted) {
        self.0.retain(|slug, digest| {
            let Some(unit) = wanted.units.iter().find(|unit| *unit.slug == **slug) else { return false };
            let goes_on = wanted.layers.get(unit.layer).is_some_and(|layer| layer.continue_on_timeout);
            let needed = || wanted.units.iter().any(|other| other.depends_on.contains(&unit.path));
            unit.errors.is_empty() && unit.digest.to_string() == *digest && !(goes_on && needed())
        });
    }

    /// Whether every object of this unit has been Current once at the digest that is wanted.
    pub(crate) fn was_ready(&self, slug: &str) -> bool {
        self.0.contains_key(slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use teal_agent_core::Digest;
    use teal_api::sync::LayerStatus;

    fn digest(text: &str) -> Digest {
        Digest::of_parts([text.as_bytes()])
    }

    #[test]
    fn latches_are_remembered_only_where_they_were_proven_at_this_digest() {
        let open = |open| SyncStatus {
            layers: vec![LayerStatus { name: "platform".into(), open, ..LayerStatus::default() }],
            ..SyncStatus::default()
        };
        let spec = UnitSpec { sync: "main".into(), layer: "platform".into(), path: "platform".into() };
        for (rule, layer_open, state, now, want) in [
            ("ready", false, UnitState::Ready, "1", true),
            ("ill after its layer opened", true, UnitState::Progressing, "1", true),
            ("failed after its layer opened", true, UnitState::Failed, "1", true),
            ("never ready yet", false, UnitState::Progressing, "1", false),
            ("wanted otherwise now", true, UnitState::Ready, "2", false),
        ] {
            let status = UnitStatus { state, digest: Some(digest("1").to_string()), ..UnitStatus::default() };
            let mut remembered = Remembered::of(&open(layer_open), [("platform-1", &spec, &status)]);
            let unit = crate::wanted::Unit {
                slug: "platform-1".into(),
                path: "platform".into(),
                layer: 0,
                depends_on: Vec::new(),
                timeout: std::time::Duration::ZERO,
                ignore: Vec::new(),
                objects: Default::default(),
                errors: Vec::new(),
                digest: digest(now),
            };
            let layers = vec![crate::wanted::Layer { name: "platform".into(), ..Default::default() }];
            remembered.keep(&Wanted { units: vec![unit], layers, ..Wanted::default() });
            assert_eq!(remembered.was_ready("platform-1"), want, "{rule}");
        }
    }
}
