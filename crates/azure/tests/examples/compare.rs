//! An official request and Teal's, part by part: every difference is a mistake unless [`crate::deviations`] gives its
//! reason, and every reason must still be needed.

use std::collections::BTreeSet;

use teal_azure::Request;

use crate::deviations::{LEFT_OUT, MORE, VERSIONS};
use crate::files::{Example, keys};

/// What was found in all comparisons.
#[derive(Default)]
pub(crate) struct Found {
    /// Differences that nobody gave a reason for.
    pub(crate) wrong: Vec<String>,
    /// Deviations that were met, each by its own words.
    met: BTreeSet<String>,
}

impl Found {
    /// Deviations that no example needs.
    pub(crate) fn unneeded(&self) -> Vec<String> {
        let versions = VERSIONS.iter().map(|one| one.shown());
        let parts = MORE.iter().map(|one| one.shown("more")).chain(LEFT_OUT.iter().map(|one| one.shown("less")));
        versions.chain(parts).filter(|shown| !self.met.contains(shown)).collect()
    }

    /// The example's request and Teal's, side by side. `known`: every key of this service's examples.
    pub(crate) fn compare(&mut self, example: &Example, ours: &Request, known: &BTreeSet<String>) {
        let asked = example.request.as_ref().unwrap();
        let mut say = |why: String| self.wrong.push(format!("{}: {why}", example.file));
        if asked.method != ours.method.as_str() {
            say(format!("method {} instead of {}", ours.method.as_str(), asked.method));
        }
        let (want, got) = (asked.path.to_ascii_lowercase(), ours.path().to_ascii_lowercase());
        if want != got {
            say(format!("path {got} instead of {want}"));
        }
        match (&asked.body, &ours.body) {
            (None, Some(_)) => say("a body where the example has none".into()),
            (Some(_), None) => say("no body where the example has one".into()),
            _ => {}
        }
        self.version(example, ours);
        let names = |query: &mut dyn Iterator<Item = String>| -> BTreeSet<String> {
            query.filter(|name| name != "api-version").map(|name| format!("?{name}")).collect()
        };
        let theirs = names(&mut asked.query.iter().map(|(name, _)| name.clone()));
        let own = names(&mut ours.query.iter().map(|(name, _)| (*name).to_owned()));
        self.parts(example, &theirs, &own);
        if let (Some(theirs), Some(own)) = (&asked.body, &ours.body) {
            let own = keys(own);
            for key in own.difference(known) {
                self.wrong.push(format!("{}: the key {key} is in no example of this service", example.file));
            }
            self.parts(example, &keys(theirs), &own);
        }
    }

    /// The api-version, letter by letter.
    fn version(&mut self, example: &Example, ours: &Request) {
        let theirs = example.request.as_ref().unwrap().query("api-version").unwrap_or_default();
        if theirs == ours.version {
            return;
        }
        let reason = VERSIONS
            .iter()
            .find(|one| one.service == example.service && one.example == theirs && one.ours == ours.version);
        match reason {
            Some(one) => drop(self.met.insert(one.shown())),
            None => self.wrong.push(format!("{}: api-version {} instead of {theirs}", example.file, ours.version)),
        }
    }

    /// Query parameters (with a `?`) or keys: what one side has and the other has not.
    fn parts(&mut self, example: &Example, theirs: &BTreeSet<String>, own: &BTreeSet<String>) {
        for (list, word, parts, why) in [
            (MORE, "more", own.difference(theirs), "is not in the example"),
            (LEFT_OUT, "less", theirs.difference(own), "of the example is missing"),
        ] {
            for part in parts {
                match list.iter().find(|one| one.covers(example, part)) {
                    Some(one) => drop(self.met.insert(one.shown(word))),
                    None => self.wrong.push(format!("{}: {part} {why}", example.file)),
                }
            }
        }
    }
}
