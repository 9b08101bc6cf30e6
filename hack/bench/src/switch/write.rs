//! The write of a way back alone: encoding the ledger, one PUT with the record and its ledger, and judging the answer. The
//! switcher's loop does this after a look and a decision, which are not timed. The emulator adds no time of its own.

use std::time::{Duration, Instant};

use anyhow::Result;
use teal_api::switch::Switch;
use teal_switcher::secrets::Secrets;
use teal_switcher::switch::Route;
use teal_switcher_core::ledger::Course;
use teal_switcher_core::step::{Change, Write};
use teal_switcher_core::{Asking, Color, Declaration, Digest, Ledger, Phase, Policy, Reason, Task};

use super::ground::{BLUE, GREEN, Ground};

/// A record of its own: the one that serves is not disturbed.
pub(crate) const RECORD: &str = "back";

/// Writes so many ways back and returns how long each took, sorted.
pub(crate) async fn measure(ground: &Ground, writes: usize) -> Result<Vec<Duration>> {
    let switch = Switch::parse("switch.yaml", &ground.declaration(BLUE, RECORD))?;
    let route = Route::new(&switch, &Secrets::new(ground.secrets()), ground.azure())?;
    let (mut routed, _) = route.read(false).await?;
    let mut ledger = Ledger::first("9f3c1a2b44d0e871", Color::from(BLUE), &declared(&switch), 5, now_ms());
    routed = route.write(&routed, &Write { next: ledger.clone(), change: None }).await?;
    let mut took = Vec::new();
    for turn in 0..writes {
        let (to, from) = if turn % 2 == 0 { (GREEN, BLUE) } else { (BLUE, GREEN) };
        let mut next = ledger.next(now_ms()).enter(Phase::RollingBack, Task::Propagating, Some(Reason::Propagation));
        next.active = Color::from(to);
        next.course = Some(Course { from: Color::from(to), to: Color::from(from) });
        next.holder = Some("bench".to_owned());
        let write = Write { next: next.clone(), change: Some(Change { color: Color::from(to), ttl: 1 }) };
        let began = Instant::now();
        routed = route.write(&routed, &write).await?;
        took.push(began.elapsed());
        ledger = next;
    }
    took.sort_unstable();
    Ok(took)
}

fn declared(switch: &Switch) -> Declaration {
    Declaration {
        name: switch.name.clone(),
        active: Color::from(BLUE),
        attempt: 1,
        with_fleet: false,
        digest: Digest::of(&switch.digest),
        revision: "a".repeat(40),
        colors: [BLUE, GREEN].map(Color::from).into(),
        policy: Policy::default(),
        leads: true,
        followers: Vec::new(),
        stages: Vec::new(),
        asking: Asking::default(),
    }
}

fn now_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}
