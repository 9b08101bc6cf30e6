//! What a switcher of the small world sees.

use std::collections::BTreeMap;
use std::time::Duration;

use teal_switcher_core::{
    ColorSeen, Digest, FreezeSeen, GateSeen, Git, Inspected, LedgerSeen, Me, Observation, Proof, Record, Relation,
    Says, Standing, SyncFacts, SyncSeen, TargetSeen, Time, Value, Vantage, Watch,
};

use crate::world::{At, Cell, NOW_MS, Side, World, color, seconds};

/// F in this world: there is only one tree.
pub(crate) const F: &str = "f";

/// The moment of looking, in seconds of every switcher's own clock.
const NOW: u64 = 2_000_000;

impl World {
    /// What switcher `who` sees when it reads `cell`; it has noted the ledger already.
    pub(crate) fn look(&self, who: u8, cell: &Cell) -> Observation {
        let switcher = &self.switchers[usize::from(who)];
        let mut watch = Watch::default();
        for (epoch, age) in &switcher.known {
            let mut then = (*cell.ledger).clone();
            then.epoch = *epoch;
            watch.note(&then, Duration::from_secs(NOW - seconds(*age)));
        }
        let held = if switcher.alone { NOW - seconds(1) } else { NOW };
        let watch = watch.held_since(Duration::from_secs(held));
        let ripe = switcher.known.last().map_or(0, |(_, age)| *age);
        Observation {
            me: Me { identity: format!("s{who}"), color: (!self.left.colorless).then(|| color(who)) },
            time: Time { mono: Duration::from_secs(NOW), wall_ms: NOW_MS, skew: None },
            fresh_id: format!("op{}", self.claims),
            ledger: LedgerSeen::Known(Box::new((*cell.ledger).clone())),
            watch,
            targets: if self.left.second { vec![self.second()] } else { Vec::new() },
            record: Record { value: value(cell.at), ttl: cell.ttl, inspected: Inspected::Clear },
            git: self.git(switcher.fetched, cell, ripe),
            colors: (0..2).map(|at| (color(at), self.sides[usize::from(at)].look())).collect::<BTreeMap<_, _>>(),
            before: Vec::new(),
            during: Vec::new(),
            vantages: vec![Vantage { server: "ns".to_owned(), authoritative: true, says: self.says() }],
        }
    }

    /// What the second target says of itself, read just now.
    fn second(&self) -> TargetSeen {
        TargetSeen {
            value: value(self.second.at),
            ttl: None,
            age: Duration::ZERO,
            working: self.second.working.map(|_| String::new()),
            failed: self.second.failed.map(|_| String::new()),
            inspected: Inspected::Clear,
            cleared: None,
        }
    }

    fn git(&self, fetched: u8, cell: &Cell, ripe: u8) -> Git {
        let old: u8 = cell.ledger.revision.parse().unwrap();
        let relation = match (self.descends(fetched, old), self.descends(old, fetched)) {
            (true, true) => Relation::Equal,
            (true, false) => Relation::Descends,
            (false, true) => Relation::Behind,
            (false, false) => Relation::Diverged,
        };
        // A fetch may be seconds old and miss the newest commit; it still counts as fresh.
        Git { relation, fresh: true, mixed: false, known_for: Duration::from_secs(seconds(ripe)) }
    }

    fn says(&self) -> Says {
        match (self.cell.at, self.spread) {
            (At::Color(at), true) => Says::Color(color(at)),
            (At::Color(at), false) => Says::Color(color(1 - at)),
            (At::Foreign, _) => Says::Other("10.9.9.9".to_owned()),
        }
    }
}

fn value(at: At) -> Value {
    match at {
        At::Color(at) => Value::Color(color(at)),
        At::Foreign => Value::Foreign("10.9.9.9".to_owned()),
    }
}

impl Side {
    fn look(&self) -> ColorSeen {
        let facts = SyncFacts {
            ready: true,
            message: String::new(),
            revision: F.to_owned(),
            digest: Digest::of(F),
            role: Some(self.role),
            role_in_force: Some(self.role),
            pin: self.pinned.then(|| F.to_owned()),
        };
        let (sync, freeze) = match (self.reachable, &self.frozen) {
            (false, _) => (SyncSeen::Unreachable(String::new()), FreezeSeen::Unreachable(String::new())),
            (true, None) => (SyncSeen::Known(facts), FreezeSeen::Off),
            (true, Some(op)) => (SyncSeen::Known(facts), FreezeSeen::Active { op: op.to_string() }),
        };
        ColorSeen { proof: self.health, message: String::new(), unknown_for: Duration::ZERO, sync, freeze }
    }
}

/// Takes away everything that going back must not need: git, API servers, metrics, name servers.
pub(crate) fn in_the_dark(seen: &mut Observation, active: u8) {
    seen.git.relation = Relation::Unknown;
    seen.git.fresh = false;
    for (name, side) in &mut seen.colors {
        side.proof = if *name == color(active) { Proof::Fail } else { Proof::Ok };
        side.sync = SyncSeen::Unreachable(String::new());
        side.freeze = FreezeSeen::Unreachable(String::new());
    }
    seen.vantages[0].says = Says::ServFail;
    seen.targets.iter_mut().for_each(|target| target.value = Value::Unreadable(String::new()));
    let standing = Standing::Error;
    let (age, since) = (Duration::ZERO, Duration::ZERO);
    seen.during = vec![GateSeen { name: "errors".to_owned(), standing, message: String::new(), age, since }];
}
