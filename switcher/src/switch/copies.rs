//! Copies of answers that a target keeps: once a change has spread they are thrown away, once for each change. Those
//! that can't be are told, and hold nothing up: they run out by themselves.

use tokio::time::Instant;

use super::followers::AIM_LIFE;
use super::operation::{Ended, Operation};

/// What of copies that could not be thrown away is told.
const KEPT: &str = "old copies are served until they run out";

/// What is known of a target's copies.
#[derive(Debug, Clone, Default)]
pub(super) struct Copies {
    /// The change for which they are to go, and when that was asked.
    asked: Option<(Instant, String)>,
    /// The provider is at it: for which change.
    going: Option<(String, Operation)>,
    /// The change for which they went, or can't go; `None` where none are kept.
    gone: Option<String>,
    /// Why they could not go.
    kept: Option<String>,
}

impl Copies {
    /// Of a target that keeps some, or does not.
    pub(super) fn of(keeps: bool) -> Self {
        Self { gone: keeps.then(String::new), ..Self::default() }
    }

    pub(super) fn ask(&mut self, change: &str) {
        self.asked = Some((Instant::now(), change.to_owned()));
    }

    /// Takes the change for which they are to go now. None while some are going, and none for which they have gone: who
    /// asked may not have seen it yet.
    pub(super) fn take_asked(&mut self) -> Option<String> {
        let (asked, change) = self.asked.take()?;
        let wanted = self.going.is_none() && self.gone.as_ref() != Some(&change);
        Some(change).filter(|_| wanted && asked.elapsed() <= AIM_LIFE)
    }

    /// The provider has taken it on; `None`: it is done.
    pub(super) fn started(&mut self, change: String, operation: Option<String>) {
        match operation {
            Some(operation) => self.going = Some((change, Operation::new(operation))),
            None => self.ended(change, Ended::Done),
        }
    }

    pub(super) fn going(&self) -> Option<(String, Operation)> {
        self.going.clone()
    }

    /// Still at it: `operation` knows when to ask next.
    pub(super) fn goes_on(&mut self, change: String, operation: Operation) {
        self.going = Some((change, operation));
    }

    pub(super) fn ended(&mut self, change: String, ended: Ended) {
        (self.going, self.gone) = (None, Some(change));
        self.kept = match ended {
            Ended::Done => None,
            Ended::Failed(why) | Ended::Untold(why) => Some(format!("{KEPT}: {why}")),
        };
    }

    /// The change for which they went last; `None` where none are kept.
    pub(super) fn gone(&self) -> Option<String> {
        self.gone.clone()
    }

    /// Why they could not go, for people.
    pub(super) fn kept(&self) -> Option<String> {
        self.kept.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_go_once_for_a_change_however_often_that_is_asked() {
        let mut copies = Copies::of(true);
        assert_eq!(copies.take_asked(), None, "nobody asked");
        copies.ask("a");
        assert_eq!(copies.take_asked().as_deref(), Some("a"));
        copies.started("a".to_owned(), Some("operations/1".to_owned()));
        copies.ask("a");
        assert_eq!(copies.take_asked(), None, "they are going");
        // A look of before the end asks once more after it.
        copies.ask("a");
        copies.ended("a".to_owned(), Ended::Done);
        assert_eq!((copies.take_asked(), copies.gone().as_deref()), (None, Some("a")));
        copies.ask("b");
        assert_eq!(copies.take_asked().as_deref(), Some("b"), "another move");
    }

    #[test]
    fn what_cannot_go_is_told_and_not_asked_again() {
        let mut copies = Copies::of(true);
        copies.ended("a".to_owned(), Ended::Failed("no right".to_owned()));
        copies.ask("a");
        assert_eq!((copies.take_asked(), copies.gone().as_deref()), (None, Some("a")));
        assert_eq!(copies.kept().as_deref(), Some("old copies are served until they run out: no right"));
        copies.started("b".to_owned(), None);
        assert_eq!((copies.gone().as_deref(), copies.kept()), (Some("b"), None));
        assert_eq!(Copies::of(false).gone(), None);
    }
}
