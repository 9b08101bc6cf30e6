//! No ledger, or one that can't be read: never assume Steady (SWITCH §2).

use crate::declaration::Declaration;
use crate::ledger::Ledger;
use crate::observation::{Observation, TargetSeen, Value};
use crate::step::{Alert, Reason, Step, Wait};

/// There never was a ledger: adopt a record that routes to one of the colors.
pub(super) fn first(declared: &Declaration, seen: &Observation) -> Step {
    let unread = |seen: &TargetSeen| matches!(seen.value, Value::Unreadable(_));
    if seen.targets.len() < declared.followers.len() || seen.targets.iter().any(unread) {
        return Step::hold(Wait::new(Reason::Blind, "not every target has been read yet"));
    }
    let agreed = super::route::agreed(&seen.record.value, &seen.targets);
    let color = match (&seen.record.value, &agreed) {
        (_, Some(color)) => color,
        (value, _) => {
            let strange = matches!(value, Value::Color(_) | Value::LedgerOnly);
            if let Some(step) = strange.then(|| disagree(declared, seen)) {
                return step;
            }
            return ask_about(value);
        }
    };
    let patience = declared.policy.step + declared.policy.grace;
    let mine = seen.me.color.as_ref().is_none_or(|me| me == color);
    if !mine && seen.git.known_for < patience {
        return Step::hold(Wait::new(Reason::Claim, format!("the switcher in {color} makes the first ledger")));
    }
    let now_ms = seen.time.wall_ms;
    let ledger = Ledger::first(seen.fresh_id.clone(), color.clone(), declared, seen.record.routed_ttl(), now_ms);
    Step::write(ledger, None, format!("first start: the record routes to {color}, and so the ledger begins there"))
}

fn ask_about(value: &Value) -> Step {
    match value {
        Value::Gone => ask("there is no record yet; create it by hand, routing to the color that is live"),
        Value::Mixed => ask("the record routes to several colors; leave the address of the one that is live"),
        other => {
            ask(&format!("the record says {other}, which no color declares; correct the record or the declaration"))
        }
    }
}

/// The targets do not route to one and the same color: which is live is a person's to say.
fn disagree(declared: &Declaration, seen: &Observation) -> Step {
    let others = declared.followers.iter().zip(&seen.targets);
    let record = match &seen.record.value {
        Value::LedgerOnly => Vec::new(),
        value => vec![format!("the record routes to {value}")],
    };
    let all: Vec<String> =
        record.into_iter().chain(others.map(|(one, seen)| format!("{} to {}", one.name, seen.value))).collect();
    ask(&format!("the targets do not route to one color: {}; make them agree by hand", all.join(", ")))
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
    let hint = "nothing is written; see whose it is. What nobody needs may be deleted: restart the switchers then, and they begin anew with the record as it is";
    stop("LedgerForeign", &format!("something else is in the ledger's place: {what}"), hint)
}

fn stop(reason: &'static str, message: &str, hint: &str) -> Step {
    let wait = Wait::new(Reason::Parked, message).or_type(&["teal ledger show"]);
    Step::hold(wait).alert(Some(Alert::new(reason, message, hint)))
}
