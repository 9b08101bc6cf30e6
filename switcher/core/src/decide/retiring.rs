//! Retiring: a person or a pipeline takes the old color down with `teal retire`, and the switcher moves nothing. It keeps
//! the live color in its role, and tells what does not fit.

use super::view::View;
use super::{demand, lane};
use crate::ledger::{Retirement, Stage};
use crate::step::{Alert, Reason, Step, Wait};

pub(super) fn step(view: &View<'_>) -> Step {
    let Some(retirement) = view.ledger.retirement() else {
        let message = "the ledger says that a color is being retired, and not which: it is damaged";
        let wait = Wait::new(Reason::Drain, message).or_type(&["teal ledger show"]);
        let alert = Alert::new("LedgerDamaged", message, "compare it with `teal history`, then write it again");
        return Step::hold(wait).alert(Some(alert));
    };
    let (wait, why) = (wait(&retirement), format!("{} is being retired: nothing moves", retirement.color));
    let alert = objection(view, &retirement).or_else(|| lane::expired(view));
    if !view.drives() {
        return Step { why, ..Step::hold(wait) }.alert(alert);
    }
    let mut missing = demand::missing(view);
    // A stopped cluster does not answer, as it should.
    missing.unreachable.retain(|line| !line.starts_with(&format!("{} ", retirement.color)));
    let other = missing.alert();
    Step { why, ..Step::effects(missing.effects, Some(wait), "") }.alert(alert).alert(other)
}

fn wait(retirement: &Retirement) -> Wait {
    let Retirement { color, stage, until_ms, by, .. } = retirement;
    match stage {
        Stage::Proving => {
            let what = format!("{by} retires {color}: it was started again, and its drain is to be proved anew");
            Wait::new(Reason::Drain, what)
        }
        Stage::Stopping => Wait::new(Reason::Drain, format!("{by} retires {color}: its cluster is being stopped")),
        Stage::Screaming => {
            let message = format!(
                "{color} is stopped; `teal retire {color}` deletes it after the scream time, `teal retire {color} --revive` starts it again"
            );
            Wait::new(Reason::Drain, message).until(*until_ms)
        }
        Stage::Deleting => Wait::new(Reason::Drain, format!("{by} retires {color}: its cluster is being deleted")),
    }
    .or_type(&["teal ledger show", "teal history"])
}

/// What a person should look at while nothing is done about it.
fn objection(view: &View<'_>, retirement: &Retirement) -> Option<Alert> {
    let color = &retirement.color;
    if let Some(message) = view.foreign() {
        let hint =
            "nothing is written while a color is retired, and `teal retire` does not go on: put it right by hand";
        return Some(Alert::new("ForeignWrite", message, hint));
    }
    if !view.git_trusted() || view.declared.active == view.ledger.active {
        return None;
    }
    let (wanted, active) = (&view.declared.active, &view.ledger.active);
    if wanted == color {
        let message = format!("git asks for {color}, which is being retired: no move begins");
        let hint = format!(
            "commit `active: {active}`; or start {color} again with `teal retire {color} --revive`, until its deletion begins"
        );
        return Some(Alert::new("RetiringRefusesMove", message, hint));
    }
    let message = format!("git asks for {wanted}, but no move begins while {color} is being retired");
    Some(Alert::new("RetiringRefusesMove", message, "it begins when the retirement has ended"))
}
