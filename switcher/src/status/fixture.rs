//! A status as it is in the middle of a move, for tests of the page and for looking at it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use teal_gates::{Outcome, Report};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_250_000 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn color(name: &str, live: bool, proof: &str, message: &str, address: &str) -> ColorStatus {
    ColorStatus {
        name: name.to_owned(),
        role: if live { "active" } else { "standby" }.to_owned(),
        live,
        proof: proof.to_owned(),
        proof_message: message.to_owned(),
        addresses: vec![address.to_owned()],
        cluster: ClusterStatus {
            unknown: (!live).then(|| "the API server gave no answer within 5s".to_owned()),
            version: "v1.36.3".to_owned(),
            nodes: 3,
            nodes_ready: 3,
            sync: "contoso".to_owned(),
            sync_ready: live,
            sync_message: "61 objects in 3 layers".to_owned(),
            revision: "6f1ed002ab5595859014ebf0951522d9".to_owned(),
            pin: "6f1ed002ab5595859014ebf0951522d9".to_owned(),
            role: if live { "active" } else { "standby" }.to_owned(),
            objects: 61,
        },
    }
}

fn step(text: &str, state: StepState, takes: &str) -> PlanLine {
    PlanLine { text: text.to_owned(), state, takes: takes.to_owned() }
}

fn transition(second: i64, from: &str, to: &str, why: &str) -> Transition {
    Transition {
        at: at(second),
        from: from.to_owned(),
        to: to.to_owned(),
        colors: "blue → green".to_owned(),
        why: why.to_owned(),
        evidence: vec!["green: answers as declared, 2 s old".to_owned()],
        by: "switcher-green".to_owned(),
        revision: "90ab12cd34ef".to_owned(),
        epoch: 7,
    }
}

fn declaration() -> Declaration {
    Declaration {
        file: "switch.yaml".to_owned(),
        revision: "90ab12cd34ef56".to_owned(),
        subject: "Move contoso to green".to_owned(),
        author: "Kim <kim@contoso.com>".to_owned(),
        digest: "aa".to_owned(),
        active: "green".to_owned(),
        valid: false,
        mistakes: vec!["switch.yaml:7:13: spec.active: `grene` is no color; did you mean `green`?".to_owned()],
    }
}

/// Traffic is on blue, as git wants it.
#[must_use]
pub(crate) fn steady() -> Status {
    let mut status = soaking();
    status.switches[0] = SwitchStatus {
        banner: "blue is live, as git wants it".to_owned(),
        mood: Mood::Calm,
        phase: "Steady".to_owned(),
        stage: "T0".to_owned(),
        wait: None,
        holder: None,
        freezes: Vec::new(),
        gates: Vec::new(),
        plan: Vec::new(),
        attention: Vec::new(),
        commands: Vec::new(),
        double_run_seconds: 0,
        ..on_blue("blue")
    };
    status
}

/// Blue is frozen; green is made equal.
#[must_use]
pub(crate) fn preparing() -> Status {
    let mut status = soaking();
    let mut one = on_blue("green");
    one.banner = "blue is live; green is being made ready, as git wants it".to_owned();
    one.phase = "Preparing".to_owned();
    one.stage = "T2".to_owned();
    one.wait = Some(Wait {
        reason: "gate".to_owned(),
        message: "gate parity is inconclusive: 59 of 61 declared objects are equal on blue and green".to_owned(),
        until: Some(at(3600)),
    });
    one.gates.iter_mut().for_each(|gate| gate.at_shift = false);
    one.attention = Vec::new();
    one.plan = vec![
        step("claim the move and lower the TTL to 10 s; freeze blue", StepState::Done, ""),
        step("pin both, make green equal, run the gates", StepState::Now, "5 min"),
        step("route to green, and see that every server answers so", StepState::Next, "at once"),
    ];
    one.commands = vec!["teal abort contoso --reason …".to_owned(), "teal hold contoso --reason …".to_owned()];
    status.switches[0] = one;
    status
}

/// Green failed, traffic went back to blue, and stays there.
#[must_use]
pub(crate) fn parked() -> Status {
    let mut status = steady();
    let one = &mut status.switches[0];
    let why = "rolled-back: green is fail: status 500 instead of 2xx";
    one.banner = format!("blue is live; nothing moves until this Switch's declaration changes ({why})");
    one.mood = Mood::Alarm;
    one.phase = "Parked".to_owned();
    one.desired = "green".to_owned();
    one.declaration.active = "green".to_owned();
    one.wait = Some(Wait { reason: "parked".to_owned(), message: format!("parked ({why})"), until: None });
    one.gates = soaking().switches[0].gates.clone();
    one.commands = vec!["teal retry contoso".to_owned(), "teal explain contoso".to_owned()];
    one.attention = vec![Attention {
        reason: "SwitchParked".to_owned(),
        message: format!("parked ({why})"),
        hint: "change this Switch, or raise its `attempt` with `teal retry`".to_owned(),
    }];
    status
}

fn on_blue(wanted: &str) -> SwitchStatus {
    let mut one = soaking().switches.remove(0);
    one.live = Some("blue".to_owned());
    one.desired = wanted.to_owned();
    one.declaration = Declaration { active: wanted.to_owned(), valid: true, mistakes: Vec::new(), ..one.declaration };
    one.colors = vec![
        color("blue", true, "ok", "answers as declared", "10.1.0.4"),
        color("green", false, "ok", "answers as declared", "10.2.0.4"),
    ];
    for color in &mut one.colors {
        color.cluster.unknown = None;
        color.cluster.sync_ready = true;
    }
    one.dns[0].color = Some("blue".to_owned());
    one.dns[0].answer = "10.1.0.4 (TTL 10 s)".to_owned();
    one
}

/// Traffic is on green, which proves itself; blue's API server is away.
#[must_use]
pub(crate) fn soaking() -> Status {
    let gate = |name: &str, outcome, message: &str| GateStatus {
        when: "before".to_owned(),
        at_shift: true,
        at: at(40),
        report: Report::new(name, outcome, message).took(Duration::from_millis(12)),
    };
    let contoso = SwitchStatus {
        name: "contoso".to_owned(),
        banner: "green is live and proving itself, as git wants it".to_owned(),
        mood: Mood::Busy,
        live: Some("green".to_owned()),
        desired: "green".to_owned(),
        phase: "Soaking".to_owned(),
        stage: "T3".to_owned(),
        wait: Some(Wait {
            reason: "soak".to_owned(),
            message: "green must stay healthy for 30 min".to_owned(),
            until: Some(at(1900)),
        }),
        overridden: None,
        epoch: Some(7),
        holder: Some("switcher-green".to_owned()),
        declaration: declaration(),
        colors: vec![
            color("blue", false, "unknown", "last probed 20 s ago", "10.1.0.4"),
            color("green", true, "ok", "answers as declared", "10.2.0.4"),
        ],
        parity: Some(ParityStatus {
            outcome: "fail".to_owned(),
            ratio: Some(0.998),
            message: "997 of 999 declared objects are equal on blue and green".to_owned(),
            objects: BTreeMap::from([("equal".to_owned(), 997), ("drifted".to_owned(), 2)]),
            differing: vec!["drifted apps/Deployment shop/web: green: differs from git".to_owned()],
            at: at(42),
        }),
        freezes: vec![FreezeFacts {
            color: "blue".to_owned(),
            state: "Active".to_owned(),
            reason: "contoso moves from blue to green".to_owned(),
            since: at(10).to_string(),
            until: at(7200).to_string(),
        }],
        gates: vec![
            gate("platform", Outcome::Pass, "v1.36.3, 3 nodes Ready, 4 system workloads healthy"),
            gate("parity", Outcome::Inconclusive, "the clusters are at different fleets"),
        ],
        targets: Vec::new(),
        dns: vec![VantageStatus {
            vantage: "127.0.0.1:5353".to_owned(),
            authoritative: true,
            color: Some("green".to_owned()),
            answer: "10.2.0.4 (TTL 10 s)".to_owned(),
            at: at(100),
        }],
        plan: vec![
            step("Freeze blue and pin both clusters to 6f1ed002", StepState::Done, "1 s"),
            step("Move the record from blue to green", StepState::Done, "under 1 s"),
            step("Watch green", StepState::Now, "30 min"),
            step("Restore the TTL to 300 s", StepState::Next, "under 1 s"),
        ],
        attention: vec![Attention {
            reason: "DeclarationInvalid".to_owned(),
            message: "the newest commit has 1 mistake; nothing was changed by it".to_owned(),
            hint: "teal check switch.yaml".to_owned(),
        }],
        commands: vec!["teal undo contoso --reason …".to_owned(), "teal hold contoso --reason …".to_owned()],
        history: vec![
            transition(100, "Draining", "Soaking", "every name server answers green and the old TTL has passed"),
            transition(60, "Preparing", "Shifting", "all gates passed and green is proven healthy"),
        ],
        double_run_seconds: 100,
    };
    Status {
        at: at(120),
        switcher: SwitcherStatus {
            identity: "switcher-green".to_owned(),
            color: Some("green".to_owned()),
            version: "0.1.0".to_owned(),
        },
        git: GitStatus {
            url: "https://git.contoso.com/fleet.git".to_owned(),
            branch: "main".to_owned(),
            revision: Some("ffee00112233".to_owned()),
            fetched_at: Some(at(118)),
            error: None,
        },
        switches: vec![contoso],
        invalid: Vec::new(),
    }
}
