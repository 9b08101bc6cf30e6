//! No ledger, or one that can't be read: never assume Steady (SWITCH §2).

use crate::declaration::Declaration;
use crate::ledger::Ledger;
use crate::observation::{Observation, Value};
use crate::step::{Alert, Reason, Step, Wait};

/// There never was a ledger: adopt a record that routes to one of the colors.
pub(super) fn first(declared: &Declaration, seen: &Observation) -> Step {
    let color = match &seen.record.value {
        Value::Color(color) => color,
        Value::Gone => return ask("there is no record yet; create it by hand, routing to the color that is live"),
        Value::Mixed => return ask("the record routes to several colors; leave the address of the one that is live"),
        Value::Foreign(what) | Value::Unreadable(what) => {
            return ask(&format!(
                "the record says {what}, which no color declares; correct the record or the declaration"
            ));
        }
    };
    let patience = declared.policy.step + declared.policy.grace;
    let mine = seen.me.color.as_ref().is_none_or(|me| me == color);
    if !mine && seen.git.known_for < patience {
        return Step::hold(Wait::new(Reason::Claim, format!("the switcher in {color} makes the first ledger")));
    }
    let now_ms = seen.time.wall_ms;
    let ledger = Ledger::first(seen.fresh_id.clone(), color.clone(), declared, seen.record.ttl, now_ms);
    Step::write(ledger, None, format!("first start: the record routes to {color}, and so the ledger begins there"))
}

fn ask(message: &str) -> Step {
    let alert = Alert::new("NoLedgerYet", message, "nothing is written until then");
    Step::hold(Wait::new(Reason::ForeignWrite, message)).alert(Some(alert))
}

/// There was a ledger, and it is gone.
pub(super) fn gone() -> Step {
    stop(
        "LedgerGone",
        "the ledger is gone, although there was one",
        "nothing is assumed and nothing is written; see who deleted it, then restart the switchers: they begin anew with the record as it is",
    )
}

pub(super) fn unreadable(why: &str) -> Step {
    stop(
        "LedgerUnreadable",
        &format!("the ledger can't be read: {why}"),
        "nothing is written until it can; compare the ledger's key in the Secrets of both switchers, and their versions",
    )
}

pub(super) fn foreign(what: &str) -> Step {
    let hint = "nothing is written; see who wrote it, delete it, then restart the switchers: they begin anew with the record as it is";
    stop("LedgerForeign", &format!("something else is in the ledger's place: {what}"), hint)
}

fn stop(reason: &'static str, message: &str, hint: &str) -> Step {
    let wait = Wait::new(Reason::Parked, message).or_type(&["teal ledger show"]);
    Step::hold(wait).alert(Some(Alert::new(reason, message, hint)))
}
