//! The machine, checked exhaustively for G1 to G5: two switchers, crashes between any two effects, stale reads, answers
//! lost after commit, late writes, provider errors, git rewrites, unreachable clusters, foreign writes.
//!
//! Each test explores every state that its mishaps can lead to, and checks all five guarantees in each.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a broken guarantee ends the test")]

mod broken;
mod canon;
mod check;
mod events;
mod explore;
mod look;
mod world;

use teal_switcher_core::{Phase, Task, decide};

use explore::explore;
use world::{Budget, Rules};

const HONEST: Rules = Rules { decide, cas: true };

/// More states than this would take too long for every commit.
const MOST: usize = 3_000_000;

/// Explores all that this budget of mishaps can lead to; returns what was reached.
fn holds(name: &str, budget: Budget) -> explore::Explored {
    let begun = std::time::Instant::now();
    let found = explore(budget, &HONEST, MOST, 20);
    println!("{name}: {} states, {} steps, {:.1} s", found.states, found.steps, begun.elapsed().as_secs_f64());
    if let Some((broken, way)) = &found.broken {
        panic!("{name}: {} broken: {}\n{}", broken.guarantee, broken.how, told(budget, way));
    }
    assert!(found.states < MOST, "{name} is not exhausted");
    found
}

/// The way to a broken guarantee, with where each event leads.
fn told(budget: Budget, way: &[events::Event]) -> String {
    let mut world = world::World::new(budget);
    let mut text = String::new();
    for event in way {
        let led = match world.after(*event, &HONEST) {
            Ok(next) => {
                world = next;
                let ledger = &world.cell.ledger;
                let holder = ledger.holder.as_deref().unwrap_or("nobody");
                let pending = world.switchers.iter().map(|one| one.pending.as_ref().map(world::Pending::told));
                let pending: Vec<_> = pending.collect();
                format!("{}/{} of {holder}, {:?}, {pending:?}", ledger.phase, ledger.task.as_str(), world.second.at)
            }
            Err(broken) => broken.how,
        };
        text.push_str(&format!("{event:?}: {led}\n"));
    }
    text
}

const ONCE: Budget = Budget { switches: 1, ..NONE };
const NONE: Budget = Budget {
    crashes: 0,
    stale_reads: 0,
    lost_answers: 0,
    late_writes: 0,
    errors: 0,
    flips: 0,
    outages: 0,
    foreign: 0,
    switches: 0,
    retries: 0,
    unrelated: 0,
    force_pushes: 0,
    undos: 0,
    retires: 0,
    second: false,
    slow: false,
    late_routes: 0,
    lost_routes: 0,
    failures: 0,
    unbounded: false,
    slow_dns: false,
    slow_git: false,
    colorless: false,
};

#[test]
fn g1_one_writer_whatever_is_lost_late_or_stale() {
    holds("stale reads", Budget { stale_reads: 1, ..ONCE });
    holds("late writes", Budget { late_writes: 1, ..ONCE });
    holds("lost answers", Budget { lost_answers: 1, errors: 1, ..ONCE });
    holds("foreign writes", Budget { foreign: 1, ..ONCE });
    holds("two that both drive", Budget { colorless: true, ..ONCE });
}

#[test]
fn g2_a_crash_at_any_instant_forgets_nothing() {
    let found = holds("crashes", Budget { crashes: 1, flips: 1, ..ONCE });
    holds("outages", Budget { outages: 1, ..ONCE });
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::Retiring) {
        assert!(found.reached.iter().any(|(reached, _)| *reached == phase), "{phase} was never reached");
    }
    assert_eq!(found.reached.len(), 12, "every task of every phase: {:?}", found.reached);
}

#[test]
fn g3_g4_health_decides_where_traffic_is() {
    holds("health", Budget { flips: 2, ..ONCE });
    holds("slow name servers", Budget { flips: 1, slow_dns: true, ..ONCE });
}

#[test]
fn g5_git_alone_decides_when_it_moves_again() {
    holds("reverts", Budget { switches: 2, slow_git: true, ..NONE });
    holds("retries", Budget { retries: 1, unrelated: 1, ..ONCE });
    holds("rewrites", Budget { force_pushes: 1, ..ONCE });
    holds("undo", Budget { undos: 1, ..ONCE });
}

#[test]
fn g1_to_g5_hold_while_a_color_is_retired() {
    let found = holds("a retirement", Budget { retires: 1, crashes: 1, ..ONCE });
    assert!(found.reached.iter().any(|(phase, _)| *phase == Phase::Retiring), "Retiring was never reached");
    holds("a retirement and reverts", Budget { retires: 1, switches: 2, slow_git: true, ..NONE });
    holds("a retirement, undo and foreign writes", Budget { retires: 1, undos: 1, foreign: 1, ..NONE });
    holds("a retirement, lost and late writes", Budget { retires: 1, lost_answers: 1, late_writes: 1, ..ONCE });
}

const TWICE: Budget = Budget { second: true, ..ONCE };

#[test]
fn g1_to_g5_hold_with_a_second_target_that_compares_nothing() {
    holds("stale reads of its ledger", Budget { stale_reads: 1, ..TWICE });
    holds("its foreign writes", Budget { foreign: 1, ..TWICE });
    holds("requests that outlive every bound", Budget { late_routes: 1, unbounded: true, ..TWICE });
    holds("two that both drive it", Budget { colorless: true, ..TWICE });
}

#[test]
fn g1_to_g5_hold_whatever_a_second_target_does() {
    let found = holds("a second target", Budget { flips: 1, ..TWICE });
    for task in [Task::Routing, Task::Propagating] {
        for phase in [Phase::Shifting, Phase::RollingBack] {
            assert!(found.reached.contains(&(phase, task)), "{phase}/{} was never reached", task.as_str());
        }
    }
    holds("its late requests", Budget { late_routes: 1, ..TWICE });
    holds("its lost requests", Budget { lost_routes: 1, slow: true, ..TWICE });
    holds("its refusals", Budget { failures: 1, slow: true, ..TWICE });
}

/// Mishaps that come together; too many states for every commit.
#[test]
#[ignore = "minutes; `cargo test -p teal-switcher-core --test model -- --ignored`"]
fn g1_to_g5_hold_when_mishaps_come_together() {
    holds("stale reads and failing colors", Budget { stale_reads: 1, flips: 1, ..ONCE });
    holds("late writes and failing colors", Budget { late_writes: 1, flips: 1, ..ONCE });
    holds("lost answers and failing colors", Budget { lost_answers: 1, errors: 1, flips: 1, ..ONCE });
    holds("two that both drive and failing colors", Budget { colorless: true, flips: 1, ..ONCE });
    holds("foreign writes and stale reads", Budget { foreign: 1, stale_reads: 1, flips: 1, ..ONCE });
    holds("retries and failing colors", Budget { retries: 1, flips: 1, ..ONCE });
    holds("commits elsewhere and failing colors", Budget { unrelated: 1, flips: 1, ..ONCE });
    holds("crashes and outages", Budget { crashes: 1, outages: 1, ..ONCE });
    holds("crashes and late writes", Budget { crashes: 1, late_writes: 1, ..ONCE });
    holds("slow git and failing colors", Budget { flips: 1, slow_git: true, ..ONCE });
    holds("undo and failing colors", Budget { undos: 1, flips: 1, ..ONCE });
    holds("late requests and failing colors", Budget { late_routes: 1, flips: 1, ..TWICE });
    holds("a slow second target and crashes", Budget { crashes: 1, slow: true, ..TWICE });
    holds("rewrites and slow git", Budget { force_pushes: 1, slow_git: true, ..ONCE });
}
