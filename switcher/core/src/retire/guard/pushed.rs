//! What git says against it: the files here, and what the remote says now. An old clone must not end what git wants.

use super::Log;
use crate::retire::facts::{Facts, Git, Likeness, SwitchSeen};

/// What the branches say of what is not here.
pub(super) fn branches(facts: &Facts, log: &mut Log) {
    let (branches, colors) = match &facts.git {
        Git::NotAsked => {
            let what = "no remote was asked what it wants now: the files here are taken for it";
            return log.warn("GitNotAsked", "git", what, "see that they are what is pushed");
        }
        Git::Asked { branches, colors } => (branches, colors),
    };
    for branch in branches {
        match &branch.beyond {
            Err(why) => {
                let todo = "what git wants now must be known: mend that, or vouch for the files here by --no-fetch";
                log.refuse("GitUnknown", &branch.name, format!("it can't be asked what it wants: {why}"), todo);
            }
            Ok(beyond) => {
                for switch in beyond {
                    let what = format!("its Switch {switch} names this cluster, and is not in the files here");
                    log.refuse(
                        "SwitchNotHere",
                        &branch.name,
                        what,
                        "`git pull`, and list it in the color's `switches`",
                    );
                }
            }
        }
    }
    match colors {
        Likeness::Same => {}
        Likeness::Differs => {
            let what = format!("what it says of {} is not what is pushed", facts.color);
            log.refuse("NotAsPushed", "colors.yaml", what, "`git pull`, or push what was changed");
        }
        Likeness::Absent => {
            let todo =
                "commit it beside the Switches: what is searched before a cluster goes deserves a second pair of eyes";
            log.warn("NotPushed", "colors.yaml", "no commit has it", todo);
        }
    }
}

/// What git says of one Switch.
pub(super) fn of(switch: &SwitchSeen, place: &str, log: &mut Log) {
    let color = &switch.color;
    let todo = "commit the color that should be live, and let the move end";
    if switch.wanted == *color {
        log.refuse("GitWantsIt", place, format!("git asks for {color}"), todo);
    }
    let Some(pushed) = &switch.pushed else { return };
    let branch = &pushed.branch;
    if pushed.wants_it && switch.wanted != *color {
        log.refuse("GitWantsIt", place, format!("{branch} asks for {color}; the file here is another"), todo);
    } else if pushed.copy == Likeness::Differs {
        let what = format!("its declaration here is not that of {branch}");
        log.refuse("NotAsPushed", place, what, "`git pull`, or push what was changed");
    } else if pushed.copy == Likeness::Absent {
        let todo = "push it, name the folder that it was moved to by --switches, or the branch that the switchers follow by --branch";
        log.refuse("NotPushed", place, format!("{branch} has no such Switch here"), todo);
    }
    if pushed.acted_on == Some(false) {
        let what = format!("its switcher has acted on a commit that is not in {branch}");
        let todo =
            "name the branch that the switchers follow by --branch; where history was rewritten, `teal adopt` first";
        log.refuse("OtherBranch", place, what, todo);
    } else if pushed.acted_on.is_none() && pushed.copy != Likeness::Absent {
        let what = format!("this clone's history is too short to tell whether its switcher follows {branch}");
        log.warn("HistoryShort", place, what, "see that it does, or clone without --depth");
    }
}
