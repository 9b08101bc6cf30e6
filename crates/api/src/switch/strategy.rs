//! Reads TTLs, waits and steps.

use std::time::Duration;

use super::{Stage, Strategy};
use crate::duration::show;
use crate::reader::{Fields, Spot};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Reads `strategy`; returns where the steps are, for what is told of them later.
pub(super) fn strategy<'a>(fields: &Fields<'a>) -> (Strategy, Option<Spot<'a>>) {
    let mut strategy = Strategy {
        ttl_steady: 5 * MINUTE,
        ttl_moving: 10 * SECOND,
        soak: 30 * MINUTE,
        deadline: 60 * MINUTE,
        ttl_maximum: None,
        steps: Vec::new(),
    };
    let known = ["ttl", "soak", "deadline", "steps"];
    let Some(fields) = fields.get("strategy").and_then(|spot| spot.fields(&known, &[])) else {
        return (strategy, None);
    };
    if let Some(ttl) = fields.get("ttl").and_then(|spot| spot.fields(&["steady", "moving", "maximum"], &[])) {
        ttls(&ttl, &mut strategy);
    }
    strategy.soak = fields.or("soak", Spot::duration, strategy.soak);
    strategy.deadline = fields.or("deadline", |spot| spot.duration_from(MINUTE), strategy.deadline);
    let place = fields.get("steps");
    if let Some(spot) = &place {
        strategy.steps = steps(spot).unwrap_or_default();
    }
    (strategy, place)
}

fn ttls(ttl: &Fields<'_>, strategy: &mut Strategy) {
    strategy.ttl_steady = ttl.or("steady", Spot::ttl, strategy.ttl_steady);
    let moving = ttl.get("moving");
    strategy.ttl_moving = ttl.or("moving", Spot::ttl, strategy.ttl_moving.min(strategy.ttl_steady));
    if let Some(moving) = moving.filter(|_| strategy.ttl_moving > strategy.ttl_steady) {
        moving.wrong(format!(
            "`{}` is above `steady` (`{}`); the TTL is lowered for a move",
            show(strategy.ttl_moving),
            show(strategy.ttl_steady)
        ));
    }
    let Some(spot) = ttl.get("maximum") else { return };
    strategy.ttl_maximum = spot.ttl();
    if strategy.ttl_maximum.is_some_and(|maximum| maximum < strategy.ttl_steady) {
        let steady = show(strategy.ttl_steady);
        spot.wrong(format!("is below `steady` (`{steady}`); it is the most that a record may have when a move begins"));
    }
}

fn steps(spot: &Spot<'_>) -> Option<Vec<Stage>> {
    let items = spot.list()?;
    let mut steps: Vec<Stage> = Vec::new();
    let mut last = 0;
    for item in &items {
        let Some(step) = step(item) else { continue };
        if let Stage::Weight { weight, .. } = step {
            if weight <= last {
                item.wrong(format!("`weight: {weight}` does not rise above the step before (`{last}`)"));
            }
            last = weight.max(last);
        }
        steps.push(step);
    }
    match items.last() {
        None => spot.wrong("no steps; leave it out to move all traffic at once"),
        Some(end) if steps.len() == items.len() && !matches!(steps.last(), Some(Stage::Weight { weight: 100, .. })) => {
            end.wrong("the last step brings all traffic: write `{weight: 100}` after it");
        }
        Some(_) => {}
    }
    // The ledger counts steps in one small number.
    if items.len() > 50 {
        spot.wrong("more than 50 steps");
    }
    Some(steps)
}

fn step(spot: &Spot<'_>) -> Option<Stage> {
    let fields = spot.fields(&["weight", "hold", "pause"], &["analysis", "header"])?;
    match (fields.get("weight"), spot.node.get("pause").is_some()) {
        (Some(weight), false) => {
            let weight = u8::try_from(weight.whole(1, 100)?).ok()?;
            let hold = fields.or("hold", Spot::duration, Duration::ZERO);
            Some(Stage::Weight { weight, hold })
        }
        (None, true) => {
            if let Some(hold) = fields.get("hold") {
                hold.wrong("a pause ends by `teal promote` alone; put `hold` into the step with the weight");
            }
            Some(Stage::Pause)
        }
        (Some(_), true) => {
            spot.wrong("a weight and a pause at once; write two steps: `{weight: …}` and `{pause: {}}`");
            None
        }
        (None, false) => {
            spot.wrong("write `{weight: 10, hold: 10m}` or `{pause: {}}`");
            None
        }
    }
}
