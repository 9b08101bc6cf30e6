//! What to say where a plan would stand when there is none: never that all is well unless it is.

use super::SwitchStatus;

/// A command as one types it for this Switch; whoever uses the emergency lane says why.
#[must_use]
pub fn typed(command: &str, switch: &str) -> String {
    let lane =
        ["abort", "adopt", "hold", "promote", "reassert", "undo"].iter().any(|verb| command == format!("teal {verb}"));
    format!("{command} {switch}{}", if lane { " --reason …" } else { "" })
}

impl SwitchStatus {
    /// One sentence: why nothing happens next, and what would change that. For an empty [`SwitchStatus::plan`].
    #[must_use]
    pub fn idle(&self) -> String {
        let wanted = &self.declaration.active;
        let typed = self.commands.iter().find(|command| !command.starts_with("teal explain"));
        let or = typed.map(|command| format!(", or `{command}`")).unwrap_or_default();
        let agrees = self.live.as_ref() == Some(wanted);
        match (self.phase.as_str(), self.live.as_deref()) {
            ("Steady", Some(_)) if agrees && self.wait.is_none() => {
                "Nothing: traffic is where git wants it.".to_owned()
            }
            ("Parked", Some(live)) if !agrees => format!(
                "Nothing by itself: traffic stays on {live} although git asks for {wanted}. Awaited: a commit that changes this Switch{or}."
            ),
            ("Parked", _) => format!("Nothing by itself. Awaited: a commit that changes this Switch{or}."),
            ("Unknown", _) => "Nothing, until record and ledger can be read.".to_owned(),
            _ => match &self.wait {
                Some(wait) => format!("Nothing before this ends: {}.", wait.message),
                None => "Nothing is planned.".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::status::fixture;

    #[test]
    fn nothing_to_do_is_told_with_what_would_change_it() {
        let said = |status: crate::status::Status| status.switches[0].idle();
        assert_eq!(said(fixture::steady()), "Nothing: traffic is where git wants it.");
        assert_eq!(
            said(fixture::parked()),
            "Nothing by itself: traffic stays on blue although git asks for green. Awaited: a commit that changes this Switch, or `teal retry contoso`."
        );
        let mut unknown = fixture::steady();
        unknown.switches[0].phase = "Unknown".to_owned();
        assert!(said(unknown).contains("until record and ledger can be read"));
        let mut rewritten = fixture::parked();
        rewritten.switches[0].commands = vec!["teal adopt contoso".to_owned()];
        assert!(said(rewritten).ends_with("or `teal adopt contoso`."));
        let mut held = fixture::steady();
        held.switches[0].wait = fixture::soaking().switches[0].wait.clone();
        assert!(!said(held).contains("where git wants it"), "a wait is a wait");
    }
}
