//! Without a ledger, Steady, Parked.

use std::time::Duration;

use super::{check, converging, freezing, parked, shifting, soaking, steady};
use crate::color::Role;
use crate::decide::samples::Scene;
use crate::health::Proof::{Fail, Ok, Unknown};
use crate::ledger::{ParkedWhy, Phase};
use crate::observation::{FreezeSeen, LedgerSeen, Relation, Value};
use crate::order::Verb;

#[test]
fn without_a_readable_ledger_nothing_is_assumed() {
    let lost = |seen| steady().with(|scene| scene.seen.ledger = seen);
    let never = || lost(LedgerSeen::Missing { ever: false });
    check([
        ("a first start adopts a record that routes to a color", never(), "write Steady/rest"),
        ("but not from the other color at once", never().seen_from("green"), "hold claim"),
        ("nor without a record", never().with(|scene| scene.seen.record.value = Value::Gone), "hold foreign-write"),
        ("nor a mixed one", never().with(|scene| scene.seen.record.value = Value::Mixed), "hold foreign-write"),
        ("a ledger that is gone is never made again", lost(LedgerSeen::Missing { ever: true }), "hold parked"),
        ("nor one that can't be opened", lost(LedgerSeen::Unreadable("key".into())), "hold parked"),
        ("nor one of someone else", lost(LedgerSeen::Foreign("spf".into())), "hold parked"),
        (
            "a record that can't be read decides nothing",
            steady().with(|scene| scene.seen.record.value = Value::Unreadable("timeout".into())),
            "hold blind",
        ),
    ]);
}

#[test]
fn g5_steady_moves_only_when_git_asks_and_can_be_believed() {
    let asked = || steady().committed("green");
    check([
        ("as git says", steady(), "rest"),
        ("git asks: claim, and lower the TTL in the same write", asked(), "write Preparing/freezing, route blue at 10"),
        ("not by an old fetch", asked().with(|scene| scene.seen.git.fresh = false), "hold stale-git"),
        ("not by an older clone", asked().with(|scene| scene.seen.git.relation = Relation::Behind), "hold stale-git"),
        (
            "not while ancestry is unknown",
            asked().with(|scene| scene.seen.git.relation = Relation::Unknown),
            "hold stale-git",
        ),
        (
            "rewritten history parks",
            asked().with(|scene| scene.seen.git.relation = Relation::Diverged),
            "write Parked/rest (rewritten)",
        ),
        (
            "fleet and active in one commit are refused",
            asked().with(|scene| scene.seen.git.mixed = true),
            "write Parked/rest (mixed-commit)",
        ),
        (
            "unless declared",
            asked().with(|scene| (scene.seen.git.mixed, scene.declared.with_fleet) = (true, true)),
            "write Preparing/freezing, route blue at 10",
        ),
        ("the destination's switcher begins", asked().seen_from("green"), "write Preparing/freezing, route blue at 10"),
        ("the other one lets it", asked().seen_from("blue"), "hold claim"),
        (
            "for a while",
            asked().seen_from("blue").with(|scene| scene.seen.git.known_for = Duration::from_secs(150)),
            "write Preparing/freezing, route blue at 10",
        ),
        ("a color that fails is no reason to move by itself", steady().proof("blue", Fail), "rest"),
    ]);
    assert!(steady().proof("blue", Fail).decide().alert.is_some(), "but a person is told");
}

#[test]
fn g2_what_a_crash_left_behind_is_put_right_at_rest() {
    check([
        ("a role", steady().sync("green", |sync| sync.role = Some(Role::Active)), "green standby"),
        (
            "first down, then up",
            steady().sync("green", |sync| sync.role = None).sync("blue", |sync| sync.role = None),
            "green standby",
        ),
        ("then up", steady().sync("blue", |sync| sync.role = None), "blue active"),
        ("a pin", steady().sync("green", |sync| sync.pin = Some("old".into())), "unpin green"),
        (
            "a freeze, by its own name",
            steady().with(|scene| scene.color("blue").freeze = FreezeSeen::Active { op: "old".into() }),
            "unfreeze blue of old",
        ),
        ("a cluster that does not answer is tried again later", steady().unreachable("green"), "rest"),
        (
            "in a move a freeze of another move goes, too",
            freezing().with(|scene| scene.color("blue").freeze = FreezeSeen::Active { op: "old".into() }),
            "unfreeze blue of old",
        ),
    ]);
}

#[test]
fn g5_parked_ends_by_a_change_of_this_switch_alone() {
    check([
        ("the refused declaration", parked(), "hold parked"),
        ("a commit elsewhere", parked().with(|scene| scene.seen.git.relation = Relation::Descends), "hold parked"),
        ("a higher attempt", parked().with(|scene| scene.declared.attempt = 2), "write Steady/rest"),
        (
            "a change of this Switch",
            parked().committed("green").with(|scene| scene.declared.digest = crate::Digest::of("other")),
            "write Steady/rest",
        ),
        ("git asks for what is live", parked().committed("blue"), "write Steady/rest"),
        (
            "not by an older clone",
            parked().committed("blue").with(|scene| scene.seen.git.relation = Relation::Behind),
            "hold parked",
        ),
        (
            "not by rewritten history",
            parked().committed("blue").with(|scene| scene.seen.git.relation = Relation::Diverged),
            "hold parked",
        ),
        (
            "only adopt takes that",
            parked().with(|scene| scene.seen.git.relation = Relation::Diverged).ordered(Verb::Adopt),
            "write Steady/rest",
        ),
        ("a lost color never returns by itself", parked().proof("green", Ok), "hold parked"),
    ]);
}

#[test]
fn g1_a_foreign_write_parks_and_is_never_overwritten() {
    let found = |scene: Scene, value| scene.with(move |scene| scene.seen.record.value = value);
    let elsewhere = || Value::Foreign("10.9.9.9".to_owned());
    let foreign = || {
        found(steady(), elsewhere()).with(|scene| {
            let ledger = scene.ledger().clone().refusing(ParkedWhy::ForeignWrite, "found 10.9.9.9").rest(Phase::Parked);
            *scene.ledger() = ledger;
        })
    };
    for (scene, value) in [
        (steady(), elsewhere()),
        (converging(), Value::Gone),
        (soaking(), Value::Mixed),
        (shifting(), Value::Color("blue".into())),
    ] {
        check([("parked, the record untouched", found(scene, value), "write Parked/rest (foreign-write)")]);
    }
    let by_hand = || found(foreign(), Value::Color("green".into()));
    check([
        ("then it only waits", foreign(), "hold foreign-write"),
        ("even when git asks for another color", foreign().committed("green"), "hold foreign-write"),
        (
            "reassert writes it again",
            foreign().ordered(Verb::Reassert),
            "write Parked/rest (foreign-write), route blue at 10",
        ),
        ("to a proven color only", foreign().ordered(Verb::Reassert).proof("blue", Unknown), "hold gate"),
        ("nothing of ours to adopt", foreign().ordered(Verb::Adopt), "hold foreign-write"),
        ("a flip by hand waits, too", by_hand(), "hold foreign-write"),
        ("adopted: git's other wish stays refused", by_hand().ordered(Verb::Adopt), "write Parked/rest (adopted)"),
        ("or a commit agrees", by_hand().committed("green"), "write Steady/rest"),
        ("put back by hand: as git says", found(foreign(), Value::Color("blue".into())), "write Steady/rest"),
    ]);
}
