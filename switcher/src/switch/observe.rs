//! Puts together what is seen at one moment. Nothing here waits for an API server, git, a metrics server or a vantage:
//! those are looked at beside the loop, and what is known of them is taken as it is. Only the target itself is read (G4).

use std::collections::BTreeMap;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use teal_api::conditions::{READY, holds};
use teal_api::freeze::{FreezeObject, FreezeState};
use teal_api::sync::{Role as ApiRole, SyncObject};
use teal_switcher_core::{
    Color, ColorSeen, Digest, FreezeSeen, Git, Ledger, LedgerSeen, Me, Observation, Proof, Record, Relation, Role,
    SyncFacts, SyncSeen, Time, Value, Watch,
};
use teal_targets::{Routed, TargetError};
use tokio::time::Instant;

use super::gates::{BEFORE, DURING};
use super::kit::Kit;
use crate::cluster::{OP_LABEL, SWITCH_LABEL, View};
use crate::config::SwitcherConfig;
use crate::source::Answer;

/// What is remembered from one look to the next; lost with the process, which only makes waits longer.
#[derive(Debug)]
pub(crate) struct Memory {
    began: Instant,
    watch: Watch,
    unknown_since: BTreeMap<String, Instant>,
    declared_since: Option<(Digest, Instant)>,
    /// Since when the record has been as it is.
    pub(crate) record_since: Option<(Value, u32, Instant)>,
    /// Whether a ledger is known to have existed.
    pub(crate) ever: bool,
}

/// One look: the observation, and what a write must expect.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) seen: Observation,
    /// `None` when the target could not be read.
    pub(crate) routed: Result<Routed, TargetError>,
}

impl Look {
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        match &self.seen.ledger {
            LedgerSeen::Known(ledger) => Some(ledger),
            _ => None,
        }
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            watch: Watch::default(),
            unknown_since: BTreeMap::new(),
            declared_since: None,
            record_since: None,
            ever: false,
        }
    }

    /// Looks at everything. `git` is what is known of git.
    pub(crate) async fn look(&mut self, kit: &Kit, config: &SwitcherConfig, git: GitNow<'_>) -> Look {
        let read = kit.route.read(self.ever).await;
        let time = self.time(kit.route.target.clock_skew());
        let inspected = kit.inspection.found().seen();
        let (routed, ledger, record) = match read {
            Ok((routed, ledger)) => {
                let record = Record { value: kit.route.value(&routed), ttl: routed.ttl, inspected };
                (Ok(routed), ledger, record)
            }
            Err(error) => {
                let why = error.to_string();
                let record = Record { value: Value::Unreadable(why.clone()), ttl: 0, inspected };
                (Err(error), LedgerSeen::Unreadable(why), record)
            }
        };
        if let LedgerSeen::Known(ledger) = &ledger {
            self.watch.note(ledger, time.mono);
            self.ever = true;
        }
        self.note_record(&record);
        let known = match &ledger {
            LedgerSeen::Known(ledger) => Some(ledger.as_ref()),
            _ => None,
        };
        let op = known.map(|ledger| ledger.op.clone()).unwrap_or_default();
        let switch = &kit.declared.switch;
        let since = self.record_since.as_ref().map(|(_, _, since)| *since);
        let seen = Observation {
            me: Me { identity: config.identity.clone(), color: config.color.as_ref().map(Color::new) },
            time,
            fresh_id: random_id(),
            git: self.git(kit, &git, known),
            colors: self.colors(kit, &op),
            before: kit.gates.standings(&op, BEFORE, &switch.gates.before),
            during: kit.gates.standings(&op, DURING, &switch.gates.during),
            vantages: kit.outside.vantages(since),
            watch: self.watch.clone(),
            ledger,
            record,
            targets: kit.followers.seen(),
        };
        Look { seen, routed }
    }

    /// Takes note of a ledger that this switcher wrote itself, as of when the request began: what others may do about
    /// it counts from then, not from the next look.
    pub(crate) fn wrote(&mut self, ledger: &Ledger, began: Instant) {
        self.watch.note(ledger, began.saturating_duration_since(self.began));
    }

    fn time(&self, skew: Option<i64>) -> Time {
        Time {
            mono: self.began.elapsed(),
            wall_ms: u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0),
            skew: skew.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
        }
    }

    fn note_record(&mut self, record: &Record) {
        if matches!(record.value, Value::Unreadable(_)) {
            return;
        }
        let same =
            self.record_since.as_ref().is_some_and(|(value, ttl, _)| *value == record.value && *ttl == record.ttl);
        if !same {
            self.record_since = Some((record.value.clone(), record.ttl, Instant::now()));
        }
    }

    fn git(&mut self, kit: &Kit, git: &GitNow<'_>, ledger: Option<&Ledger>) -> Git {
        let digest = Digest::of(&kit.declared.switch.digest);
        let since = match &self.declared_since {
            Some((known, since)) if *known == digest => *since,
            _ => self.declared_since.insert((digest, Instant::now())).1,
        };
        let known_for = since.elapsed();
        let declared = Digest::of(&kit.declared.switch.digest);
        let Some(ledger) = ledger else {
            return Git { relation: Relation::Unknown, fresh: git.fresh, mixed: false, known_for };
        };
        let answer = (git.answer)(&ledger.revision, declared != ledger.digest);
        Git { relation: answer.relation, fresh: git.fresh, mixed: answer.mixed, known_for }
    }

    fn colors(&mut self, kit: &Kit, op: &str) -> BTreeMap<Color, ColorSeen> {
        let mut seen = BTreeMap::new();
        for (name, proven) in kit.monitor.proofs() {
            let unknown_for = if proven.proof == Proof::Unknown {
                self.unknown_since.entry(name.clone()).or_insert_with(Instant::now).elapsed()
            } else {
                self.unknown_since.remove(&name);
                Duration::ZERO
            };
            let known = kit.clusters.get(&name).map(|cluster| cluster.known()).unwrap_or_default();
            let (sync, freeze) = match known.fresh(FRESH) {
                Ok(view) => (sync_of(view), freeze_of(view, &kit.declared.switch.name, op)),
                Err(why) => (SyncSeen::Unreachable(why.clone()), FreezeSeen::Unreachable(why)),
            };
            let color = ColorSeen { proof: proven.proof, message: proven.message, unknown_for, sync, freeze };
            seen.insert(Color::new(&name), color);
        }
        seen
    }
}

/// Oldest view of a cluster that counts as *now*; twice the longest time between two looks.
const FRESH: Duration = Duration::from_secs(20);

/// What is known of git, without asking it.
pub(crate) struct GitNow<'a> {
    pub(crate) fresh: bool,
    /// Asked with the ledger's commit, and whether the declaration has changed since.
    pub(crate) answer: &'a (dyn Fn(&str, bool) -> Answer + Sync),
}

fn role(role: ApiRole) -> Role {
    match role {
        ApiRole::Active => Role::Active,
        ApiRole::Standby => Role::Standby,
    }
}

fn sync_of(view: &View) -> SyncSeen {
    match &view.sync {
        Ok(sync) => SyncSeen::Known(facts(sync)),
        Err(why) => SyncSeen::Unreachable(why.clone()),
    }
}

fn facts(sync: &SyncObject) -> SyncFacts {
    let status = sync.status.clone().unwrap_or_default();
    let current = sync.status.is_some() && Some(status.observed_generation) == sync.metadata.generation;
    let message = status.conditions.iter().find(|condition| condition.type_ == READY).map(|one| one.message.clone());
    SyncFacts {
        ready: current && holds(&status.conditions, READY),
        message: message.unwrap_or_default(),
        revision: status.revision.unwrap_or_default(),
        digest: Digest::of(&status.fleet_digest.unwrap_or_default()),
        role: sync.spec.role.map(role),
        // A role that its agent has not seen yet is not in force, whatever the old status says.
        role_in_force: status.role.filter(|_| current).map(role),
        pin: sync.spec.pin.clone(),
    }
}

/// Our freeze of this move; else one that an earlier move left behind, so that it is found and lifted.
fn freeze_of(view: &View, switch: &str, op: &str) -> FreezeSeen {
    let label = |freeze: &FreezeObject, name: &str| {
        freeze.metadata.labels.as_ref().and_then(|labels| labels.get(name)).cloned()
    };
    let ours: Vec<(String, &FreezeObject)> = view
        .freezes
        .iter()
        .filter(|freeze| label(freeze, SWITCH_LABEL).as_deref() == Some(switch))
        .map(|freeze| (label(freeze, OP_LABEL).unwrap_or_default(), freeze))
        .collect();
    let found = ours.iter().find(|(of, _)| of == op).or_else(|| ours.first());
    let Some((of, freeze)) = found else { return FreezeSeen::Off };
    let op = of.clone();
    match freeze.status.as_ref().map(|status| status.state).unwrap_or_default() {
        FreezeState::Pending => FreezeSeen::Pending { op },
        FreezeState::Active => FreezeSeen::Active { op },
        FreezeState::Lifted => FreezeSeen::Lifted { op },
    }
}

/// 64 random bits in hex: short enough for the ledger, for a label and for a name.
fn random_id() -> String {
    let mut bytes = [0_u8; 8];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // Without entropy the clock still tells two moves apart; the seal has its own check.
        bytes = jiff::Timestamp::now().as_nanosecond().to_le_bytes()[..8].try_into().unwrap_or(bytes);
    }
    hex::encode(bytes)
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
