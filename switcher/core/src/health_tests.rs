//! The law of SWITCH §4, rule by rule and exhaustively.

use super::Proof::{Fail, Ok, Unknown};
use super::Verdict::{Blind, GoBack, Hold, HoldAndPage, Page, Stay};
use super::*;

const DEADLINE: Duration = Duration::from_secs(300);
const NEVER: Duration = Duration::MAX;

fn policy(fallback: Fallback, last_resort_other: bool) -> Rollback {
    Rollback { automatic: true, fallback, unknown_deadline: DEADLINE, last_resort_other }
}

fn seen(active: Proof, other: Proof, unknown_for: Duration) -> Health {
    Health { active, other, unknown_for }
}

#[test]
fn g3_the_law_holds() {
    let stay = policy(Fallback::Hold, false);
    let back = policy(Fallback::Back, false);
    let brave = policy(Fallback::Hold, true);
    let just_short = DEADLINE - Duration::from_millis(1);
    for (rule, health, policy, want) in [
        ("a well new color stays", seen(Ok, Ok, NEVER), &back, Stay),
        ("whatever the other is", seen(Ok, Fail, NEVER), &brave, Stay),
        ("or is not known to be", seen(Ok, Unknown, NEVER), &brave, Stay),
        ("a sick color with a proven other goes back", seen(Fail, Ok, Duration::ZERO), &stay, GoBack),
        ("nobody is proven: stay and page", seen(Fail, Fail, NEVER), &brave, Page),
        ("never to the unknown", seen(Fail, Unknown, NEVER), &back, Page),
        ("unless the last resort is declared", seen(Fail, Unknown, Duration::ZERO), &brave, GoBack),
        ("unknown holds until its deadline", seen(Unknown, Ok, just_short), &back, Hold),
        ("then it goes back, if so declared", seen(Unknown, Ok, DEADLINE), &back, GoBack),
        ("or it holds and tells a person", seen(Unknown, Ok, DEADLINE), &stay, HoldAndPage),
        ("unknown beside a dead other stays", seen(Unknown, Fail, NEVER), &back, Page),
        ("a blind switcher never acts", seen(Unknown, Unknown, NEVER), &policy_bravest(), Blind),
    ] {
        assert_eq!(verdict(&health, policy), want, "{rule}");
    }
}

fn policy_bravest() -> Rollback {
    policy(Fallback::Back, true)
}

/// All 9 pairs, before and after the deadline, under all four policies: traffic goes back only to a proven color, or by
/// the declared last resort from a color that fails.
#[test]
fn g3_no_verdict_moves_traffic_to_the_unproven() {
    let mut went = 0;
    for active in Proof::ALL {
        for other in Proof::ALL {
            for unknown_for in [Duration::ZERO, DEADLINE, NEVER] {
                for fallback in [Fallback::Hold, Fallback::Back] {
                    for last in [false, true] {
                        let got = verdict(&seen(active, other, unknown_for), &policy(fallback, last));
                        if got == GoBack {
                            went += 1;
                            assert!(other == Ok || (last && active == Fail && other == Unknown), "{active} {other}");
                        }
                        assert!(active != Ok || got == Stay, "a proven color never loses its traffic");
                        assert_eq!((active, other) == (Unknown, Unknown), got == Blind, "{active} {other}");
                    }
                }
            }
        }
    }
    // fail/ok: 12; fail/unknown by last resort: 6; unknown/ok late with fallback back: 2 × 2.
    assert_eq!(went, 22);
}

fn sample(good: bool, answered: bool, streak: u32, age: u64, sighted: bool) -> Sample {
    Sample { vantage: "v".to_owned(), good, answered, streak, age: Duration::from_secs(age), sighted }
}

#[test]
fn g3_proof_is_fresh_repeated_and_agreed() {
    let evidence = Evidence { freshness: Duration::from_secs(15), threshold: 2, vantages: 2 };
    let good = || sample(true, true, 2, 1, true);
    let silent = |sighted| sample(false, false, 2, 1, sighted);
    let bad = || sample(false, true, 2, 1, false);
    for (rule, samples, want) in [
        ("nobody looked", vec![], Unknown),
        ("one vantage is all there is", vec![good()], Ok),
        ("both agree", vec![good(), good()], Ok),
        ("one of two is not enough", vec![good(), sample(true, true, 1, 1, true)], Unknown),
        ("an old answer is none", vec![good(), sample(true, true, 9, 16, true)], Unknown),
        ("they disagree", vec![good(), bad()], Unknown),
        ("both say it answers badly", vec![bad(), bad()], Fail),
        ("silence, and the control probe answers", vec![silent(true), silent(true)], Fail),
        ("silence, and nothing answers: blind", vec![silent(false), silent(false)], Unknown),
        ("one is blind, the other alone is too few", vec![silent(false), bad()], Unknown),
    ] {
        assert_eq!(prove(&samples, &evidence), want, "{rule}");
    }
}
