//! Nothing speaks against blue's end: what all tests begin with.

mod guarded;
mod hands;
mod way;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::color::Color;
use crate::decide::samples::{NOW_MS, declaration};
use crate::ledger::{Ledger, Phase, RetireRefusal, Retirement, Stage, Task};
use crate::observation::Value;
use crate::order::{Order, Verb};

const HOUR: u64 = 3_600_000;

fn policy() -> Policy {
    Policy { retention: Duration::from_secs(3600), scream: Duration::from_secs(24 * 3600) }
}

fn steady_on_green() -> Ledger {
    Ledger::first("lineage", Color::from("green"), &declaration("green"), 300, NOW_MS - HOUR)
}

fn switch(name: &str) -> SwitchSeen {
    let record = TargetValue { name: "aks.contoso.com".to_owned(), value: Ok(Value::Color("green".into())) };
    SwitchSeen {
        name: name.to_owned(),
        color: "blue".into(),
        wanted: "green".into(),
        listed: true,
        ledger: Ok(steady_on_green()),
        targets: vec![record],
        same_identity: false,
        pushed: Some(Pushed {
            branch: "main of origin".to_owned(),
            copy: Likeness::Same,
            wants_it: false,
            acted_on: Some(true),
        }),
    }
}

fn there(state: State) -> Result<ClusterSeen, String> {
    Ok(ClusterSeen::There { state, told: "as ARM says".to_owned() })
}

fn asked(beyond: Result<Vec<String>, String>, colors: Likeness) -> Git {
    Git::Asked { branches: vec![Branch { name: "main of origin".to_owned(), beyond }], colors }
}

/// What the branch says of the first Switch.
fn pushed(facts: &mut Facts) -> &mut Pushed {
    facts.switches[0].pushed.as_mut().unwrap()
}

/// Nothing speaks against blue's end.
fn facts() -> Facts {
    Facts {
        color: "blue".into(),
        now_ms: NOW_MS,
        cluster: there(State::Running),
        uid: Some(("u".to_owned(), Ok("u".to_owned()))),
        fingerprint: Some("0badcafe".to_owned()),
        switches: vec![switch("contoso"), switch("shop")],
        git: asked(Ok(Vec::new()), Likeness::Same),
        strangers: Vec::new(),
        places: vec![Place { name: "zone contoso.com".to_owned(), declared: true, found: Ok(Vec::new()) }],
        drain: Drain::Proved("0 requests".to_owned()),
        doomed: Ok(Vec::new()),
    }
}

fn pointing(weight: Weight) -> Vec<Place> {
    let pointer = Pointer { what: "A record www".to_owned(), to: "10.1.0.4".to_owned(), weight };
    vec![Place { name: "zone contoso.com".to_owned(), declared: true, found: Ok(vec![pointer]) }]
}

fn doomed(kind: DoomedKind, announced: bool) -> Result<Vec<Doomed>, String> {
    Ok(vec![Doomed { id: "/x".to_owned(), kind, announced }])
}
