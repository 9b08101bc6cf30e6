//! Switchers that are broken on purpose: each guarantee must notice the fault that it is there for.

use teal_switcher_core::{
    Declaration, Effect, Ledger, LedgerSeen, Observation, ParkedWhy, Phase, Proof, Step, SyncSeen, Value, decide,
};

use crate::explore::explore;
use crate::world::{Budget, Rules};
use crate::{HONEST, ONCE};

/// Explores until a guarantee is broken; fails when it is another one, or none.
fn caught(want: &str, how: &str, budget: Budget, rules: Rules) {
    let found = explore(budget, &rules, 200_000, 3);
    let Some((broken, way)) = found.broken else { panic!("{want} notices nothing in {} states", found.states) };
    println!("{want} notices in {} states: {} after {way:?}", found.states, broken.how);
    assert_eq!(broken.guarantee, want, "{}", broken.how);
    assert!(broken.how.contains(how), "{want}: {}", broken.how);
}

fn ledger(seen: &Observation) -> Option<&Ledger> {
    match &seen.ledger {
        LedgerSeen::Known(ledger) => Some(ledger),
        _ => None,
    }
}

#[test]
fn g1_notices_a_provider_that_does_not_compare() {
    let budget = Budget { switches: 1, ..Budget::default() };
    caught("G1", "a write was lost", budget, Rules { cas: false, ..HONEST });
}

#[test]
fn g1_notices_a_switcher_that_takes_a_foreign_record_for_its_own() {
    fn blind_to_others(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        if let Some(active) = ledger(&seen).map(|ledger| ledger.active.clone()) {
            seen.record.value = Value::Color(active);
        }
        decide(declared, &seen)
    }
    let budget = Budget { switches: 1, foreign: 1, ..Budget::default() };
    caught("G1", "foreign write is overwritten", budget, Rules { decide: blind_to_others, ..HONEST });
}

#[test]
fn g1_notices_a_switcher_that_parks_a_retirement() {
    fn parks(declared: &Declaration, seen: &Observation) -> Step {
        let step = decide(declared, seen);
        match ledger(seen).filter(|ledger| ledger.phase == Phase::Retiring) {
            Some(ledger) if step.alert.is_some() => {
                let next = ledger.next(0).refusing(ParkedWhy::ForeignWrite, "found").rest(Phase::Parked);
                Step::write(next, None, "parks, and with it the point of no return is lost")
            }
            _ => step,
        }
    }
    let budget = Budget { retires: 1, foreign: 1, ..Budget::default() };
    caught("G1", "moves or ends a retirement", budget, Rules { decide: parks, ..HONEST });
}

#[test]
fn g2_notices_an_effect_before_its_intent() {
    fn hasty(declared: &Declaration, seen: &Observation) -> Step {
        let step = decide(declared, seen);
        let rests = ledger(seen).is_some_and(|ledger| ledger.phase.at_rest());
        match step.next().filter(|next| rests && next.phase == Phase::Preparing) {
            Some(next) => {
                let freeze = Effect::Freeze { color: next.active.clone(), op: next.op.clone(), until_ms: 1 };
                Step::effects(vec![freeze], None, "the freeze comes first")
            }
            None => step,
        }
    }
    let budget = Budget { switches: 1, ..Budget::default() };
    caught("G2", "not announced", budget, Rules { decide: hasty, ..HONEST });
}

#[test]
fn g2_notices_a_switcher_that_leaves_things_behind() {
    fn forgetful(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        // Off the path that it remembers, it looks at no pins.
        if ledger(&seen).is_some_and(|ledger| ledger.phase.at_rest()) {
            for side in seen.colors.values_mut() {
                if let SyncSeen::Known(sync) = &mut side.sync {
                    sync.pin = None;
                }
            }
        }
        decide(declared, &seen)
    }
    let budget = Budget { switches: 2, ..Budget::default() };
    caught("G2", "leaves", budget, Rules { decide: forgetful, ..HONEST });
}

#[test]
fn g3_notices_a_switcher_that_takes_unknown_for_well() {
    fn trusting(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        for side in seen.colors.values_mut().filter(|side| side.proof == Proof::Unknown) {
            side.proof = Proof::Ok;
        }
        decide(declared, &seen)
    }
    let budget = Budget { switches: 1, flips: 1, ..Budget::default() };
    caught("G3", "traffic moves to green which was unknown", budget, Rules { decide: trusting, ..HONEST });
}

#[test]
fn g4_notices_a_way_back_that_needs_an_api_server() {
    fn dependent(declared: &Declaration, seen: &Observation) -> Step {
        let step = decide(declared, seen);
        let dark = seen.colors.values().any(|side| matches!(side.sync, SyncSeen::Unreachable(_)));
        let back = step.next().is_some_and(|next| next.phase == Phase::RollingBack);
        if dark && back { Step::rest("waits for the API server") } else { step }
    }
    let budget = Budget { switches: 1, ..Budget::default() };
    caught("G4", "does not go back", budget, Rules { decide: dependent, ..HONEST });
}

#[test]
fn g5_notices_a_switcher_that_forgets_what_was_refused() {
    fn stubborn(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        if let LedgerSeen::Known(ledger) = &mut seen.ledger
            && ledger.phase == Phase::Parked
        {
            **ledger = ledger.clone().rest(Phase::Steady);
        }
        decide(declared, &seen)
    }
    let budget = Budget { switches: 1, flips: 2, ..Budget::default() };
    caught("G5", "is tried again", budget, Rules { decide: stubborn, ..HONEST });
}

const SECOND: Budget = Budget { second: true, ..ONCE };

#[test]
fn g1_notices_a_new_holder_that_does_not_wait_for_old_requests() {
    fn impatient(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        seen.watch = seen.watch.clone().held_since(std::time::Duration::ZERO);
        decide(declared, &seen)
    }
    let budget = Budget { flips: 1, ..SECOND };
    caught("G1", "after it was confirmed", budget, Rules { decide: impatient, ..HONEST });
}

#[test]
fn g2_notices_a_switcher_that_reads_nothing_back() {
    fn credulous(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        if let Some(active) = ledger(&seen).map(|ledger| ledger.active.clone()) {
            seen.targets.iter_mut().for_each(|target| target.value = Value::Color(active.clone()));
        }
        decide(declared, &seen)
    }
    caught("G2", "leaves the second target at", SECOND, Rules { decide: credulous, ..HONEST });
}

#[test]
fn g1_notices_a_second_target_that_is_overwritten() {
    fn blind_to_others(declared: &Declaration, seen: &Observation) -> Step {
        let mut seen = seen.clone();
        // At rest it looks, so that what is found is the overwriting and not that it stays unseen.
        let moving = ledger(&seen).is_some_and(|ledger| !ledger.phase.at_rest());
        for target in seen.targets.iter_mut().filter(|target| moving && matches!(target.value, Value::Foreign(_))) {
            target.value = Value::Color("blue".into());
        }
        decide(declared, &seen)
    }
    caught("G1", "overwritten", Budget { foreign: 1, ..SECOND }, Rules { decide: blind_to_others, ..HONEST });
}
