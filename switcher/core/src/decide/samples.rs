//! Scenes for tests: a move from blue to green in which everything is as it should be, until a test spoils something.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::color::{Color, Role};
use crate::declaration::{Asking, Declaration, Policy};
use crate::gate::{GateSeen, Standing};
use crate::health::Proof;
use crate::ledger::{Course, Digest, Fleet, Ledger, Phase, Task, TtlHistory};
use crate::observation::{
    ColorSeen, FreezeSeen, Git, Inspected, LedgerSeen, Me, Observation, Record, Relation, SyncFacts, SyncSeen, Time,
    Value,
};
use crate::order::{Order, Verb};
use crate::propagation::{Says, Vantage};
use crate::step::{Action, Effect, Step};
use crate::watch::Watch;

pub(crate) const NOW_MS: u64 = 1_790_000_000_000;
pub(crate) const OP: &str = "op-1";

pub(crate) fn declaration(active: &str) -> Declaration {
    Declaration {
        name: "contoso".to_owned(),
        active: Color::from(active),
        attempt: 1,
        with_fleet: false,
        digest: Digest::of(&format!("digest-of-{active}")),
        revision: "a".repeat(40),
        colors: ["blue", "green"].map(Color::from).into(),
        policy: Policy::default(),
        leads: true,
        followers: Vec::new(),
        stages: Vec::new(),
        asking: Asking::Authority,
    }
}

/// What is declared and seen at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) declared: Declaration,
    pub(crate) seen: Observation,
}

fn gate(name: &str) -> GateSeen {
    let age = Duration::from_secs(1);
    GateSeen { name: name.to_owned(), standing: Standing::Pass, message: "as declared".to_owned(), age, since: age }
}

fn color(role: Role, pin: Option<&str>, freeze: FreezeSeen) -> ColorSeen {
    let sync = SyncFacts {
        ready: true,
        message: "applied".to_owned(),
        revision: "f".repeat(40),
        digest: Digest::of("fleet-f"),
        role: Some(role),
        role_in_force: Some(role),
        pin: pin.map(str::to_owned),
    };
    let sync = SyncSeen::Known(sync);
    ColorSeen { proof: Proof::Ok, message: "200".to_owned(), unknown_for: Duration::ZERO, sync, freeze }
}

impl Scene {
    /// Blue is live, git says so, nothing is to do; the only switcher looks.
    pub(crate) fn steady() -> Self {
        let ledger = Ledger::first("lineage", Color::from("blue"), &declaration("blue"), 300, NOW_MS);
        Self::of(declaration("blue"), ledger)
    }

    /// In a move from blue to green, at the beginning of this step, with the world as the step before left it.
    pub(crate) fn moving(phase: Phase, task: Task) -> Self {
        let mut ledger = Ledger::first("lineage", Color::from("blue"), &declaration("green"), 300, NOW_MS);
        ledger.epoch = 7;
        ledger.course = Some(Course { from: "blue".into(), to: "green".into() });
        ledger.holder = Some("solo".to_owned());
        ledger.op = OP.to_owned();
        ledger.freeze_until_ms = Some(NOW_MS + 7_200_000);
        ledger.ttl = TtlHistory { largest: 300, lowered_ms: NOW_MS, lowered: 2 };
        if task != Task::Freezing {
            ledger.fleet = Some(Fleet { commit: "f".repeat(40), digest: Digest::of("fleet-f") });
        }
        if phase.shifted() {
            ledger.active = Color::from("green");
        }
        let mut scene = Self::of(declaration("green"), ledger.enter(phase, task, None));
        scene.seen.record.ttl = 10;
        scene
    }

    fn of(declared: Declaration, ledger: Ledger) -> Self {
        let mut watch = Watch::default();
        watch.note(&ledger, Duration::ZERO);
        let held = !ledger.phase.at_rest() && ledger.fleet.is_some();
        let commit = "f".repeat(40);
        let pin = held.then_some(commit.as_str());
        let frozen = if held { FreezeSeen::Active { op: OP.to_owned() } } else { FreezeSeen::Off };
        let role = |name: &str| ledger.role_of(&Color::from(name));
        let colors = BTreeMap::from([
            (Color::from("blue"), color(role("blue"), pin, frozen)),
            (Color::from("green"), color(role("green"), pin, FreezeSeen::Off)),
        ]);
        let says = Says::Color(ledger.active.clone());
        let seen = Observation {
            me: Me { identity: "solo".to_owned(), color: None },
            time: Time { mono: Duration::ZERO, wall_ms: NOW_MS, skew: None },
            fresh_id: "fresh".to_owned(),
            record: Record { value: Value::Color(ledger.active.clone()), ttl: 300, inspected: Inspected::Clear },
            ledger: LedgerSeen::Known(Box::new(ledger)),
            watch,
            targets: Vec::new(),
            git: Git { relation: Relation::Equal, fresh: true, mixed: false, known_for: Duration::ZERO },
            colors,
            before: vec![gate("parity")],
            during: vec![gate("errors")],
            vantages: vec![Vantage { server: "ns1".to_owned(), authoritative: true, says }],
        };
        Self { declared, seen }
    }

    pub(crate) fn decide(&self) -> Step {
        crate::decide(&self.declared, &self.seen)
    }

    /// Git asks for a color by a commit that changes this Switch.
    pub(crate) fn committed(mut self, active: &str) -> Self {
        self.declared = Declaration { policy: self.declared.policy.clone(), ..declaration(active) };
        self.declared.digest = Digest::of(&format!("later-{active}"));
        self.declared.revision = "b".repeat(40);
        self.seen.git.relation = Relation::Descends;
        self
    }

    pub(crate) fn waited(mut self, seconds: u64) -> Self {
        self.seen.time.mono += Duration::from_secs(seconds);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The switcher that lives in this color looks.
    pub(crate) fn seen_from(mut self, color: &str) -> Self {
        self.seen.me = Me { identity: format!("switcher-{color}"), color: Some(Color::from(color)) };
        self
    }

    pub(crate) fn held_by(self, color: &str) -> Self {
        let holder = format!("switcher-{color}");
        self.with(|scene| scene.ledger().holder = Some(holder))
    }

    pub(crate) fn proof(self, name: &str, proof: Proof) -> Self {
        self.with(|scene| scene.color(name).proof = proof)
    }

    pub(crate) fn unreachable(self, name: &str) -> Self {
        self.with(|scene| {
            scene.color(name).sync = SyncSeen::Unreachable("no route".to_owned());
            scene.color(name).freeze = FreezeSeen::Unreachable("no route".to_owned());
        })
    }

    pub(crate) fn sync(self, name: &str, change: impl FnOnce(&mut SyncFacts)) -> Self {
        self.with(|scene| {
            if let SyncSeen::Known(facts) = &mut scene.color(name).sync {
                change(facts);
            }
        })
    }

    pub(crate) fn ordered(self, verb: Verb) -> Self {
        self.with(|scene| {
            let set_aside = scene.declared.digest.clone();
            let order = Order { verb, actor: "ada".into(), reason: "drill".into(), expires_ms: NOW_MS + 1, set_aside };
            scene.ledger().order = Some(order);
        })
    }

    pub(crate) fn ledger(&mut self) -> &mut Ledger {
        match &mut self.seen.ledger {
            LedgerSeen::Known(ledger) => ledger,
            other => panic!("no ledger in this scene: {other:?}"),
        }
    }

    pub(crate) fn color(&mut self, name: &str) -> &mut ColorSeen {
        self.seen.colors.get_mut(&Color::from(name)).unwrap()
    }
}

/// A step in a few words: `hold ttl`, `write Shifting/propagating, route green at 10`, `freeze blue + pin green`.
pub(crate) fn shown(step: &Step) -> String {
    match &step.action {
        Action::Hold => step.wait.as_ref().map_or("rest".to_owned(), |wait| format!("hold {}", wait.reason)),
        Action::Write(write) => {
            let next = &write.next;
            let change = write.change.as_ref();
            let change = change.map_or(String::new(), |change| format!(", route {} at {}", change.color, change.ttl));
            let parked = next.parked.as_ref().map_or(String::new(), |parked| format!(" ({})", parked.why));
            format!("write {}/{}{parked}{change}", next.phase, next.task.as_str())
        }
        Action::Effects(effects) => effects.iter().map(effect).collect::<Vec<_>>().join(" + "),
    }
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Freeze { color, .. } => format!("freeze {color}"),
        Effect::Unfreeze { color, op } => format!("unfreeze {color} of {op}"),
        Effect::Pin { color, .. } => format!("pin {color}"),
        Effect::Unpin { color, .. } => format!("unpin {color}"),
        Effect::SetRole { color, role } => format!("{color} {role}"),
        Effect::Route { target, split, ttl, .. } => {
            let ttl = ttl.map_or(String::new(), |ttl| format!(" at {ttl}"));
            format!("route #{target} to {}{ttl}", Value::of(split.clone()))
        }
        Effect::Clear { target, .. } => format!("clear #{target}"),
        Effect::RunGates { when, .. } => format!("gates {when:?}"),
    }
}
