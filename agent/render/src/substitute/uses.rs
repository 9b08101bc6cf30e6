//! What all objects of a unit met, and what is told of it: errors with the very line, and notices.

use std::collections::BTreeMap;

use teal_api::fleet::Fleet;
use teal_kustomize::{Origin, Tree};

use super::{Met, Sought, Spot, Step};
use crate::{ClusterValues, RenderError};

/// Most things of a sort that are told as notices, or are looked up in their files for errors.
const MOST: usize = 50;

/// Everything that was met, each with its first place.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    unset: BTreeMap<String, Spot>,
    unknown: BTreeMap<String, Spot>,
    odd: BTreeMap<String, (Spot, bool)>,
    texts: BTreeMap<String, Spot>,
    clashes: Vec<Spot>,
    dollars: Option<Spot>,
}

/// Whom it is told to.
pub(crate) struct Told<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) fleet: &'a Fleet,
    pub(crate) color: &'a str,
    pub(crate) cluster: Option<&'a ClusterValues>,
}

impl Uses {
    /// Takes up what one object, or what stands at `above` of a file, met. Returns whether it can be used.
    pub(crate) fn note(&mut self, met: Met, origin: &Origin, above: &[Step]) -> bool {
        let fine = met.unset.is_empty() && met.clash.is_none() && !met.odd.values().any(|(_, declared)| *declared);
        let spot = |steps: Vec<Step>| Spot { origin: origin.clone(), steps: [above, steps.as_slice()].concat() };
        let add = |all: &mut BTreeMap<String, Spot>, met: BTreeMap<String, Vec<Step>>| {
            for (name, steps) in met {
                all.entry(name).or_insert_with(|| spot(steps));
            }
        };
        add(&mut self.unset, met.unset);
        add(&mut self.unknown, met.unknown);
        add(&mut self.texts, met.texts);
        for (name, (steps, declared)) in met.odd {
            self.odd.entry(name).or_insert_with(|| (spot(steps), declared));
        }
        self.clashes.extend(met.clash.map(spot));
        if self.dollars.is_none() {
            self.dollars = met.dollars.map(spot);
        }
        fine
    }

    /// Whether nothing that was met keeps an object from being used.
    pub(crate) fn are_fine(&self) -> bool {
        self.unset.is_empty() && self.clashes.is_empty() && !self.odd.values().any(|(_, declared)| *declared)
    }

    /// Says what is wrong, and what is worth knowing.
    pub(crate) fn tell(self, told: &Told<'_>, errors: &mut Vec<RenderError>, notices: &mut Vec<String>) {
        let missing = told.cluster.map(ClusterValues::missing).unwrap_or_default();
        // Without a cluster nobody can tell what its objects declare.
        let unknowable = told.cluster.is_none() && !told.fleet.substitute_from.is_empty();
        let strict = told.fleet.strict && !unknowable;
        let mut place = {
            let mut looked = 0;
            move |spot: &Spot, sought: Sought<'_>| {
                looked += 1;
                if looked > MOST { spot.roughly() } else { spot.shown(told.tree, sought) }
            }
        };
        errors.extend(self.unset.iter().map(|(name, spot)| RenderError::Unset {
            place: place(spot, Sought::Variable(name)),
            name: name.clone(),
            color: told.color.to_owned(),
        }));
        errors.extend(self.clashes.iter().map(|spot| RenderError::Clash { place: place(spot, Sought::Key) }));
        let wrong = |declared: bool| declared || strict;
        errors.extend(
            self.odd.iter().filter(|(_, (_, declared))| wrong(*declared)).map(|(name, (spot, _))| RenderError::Odd {
                place: place(spot, Sought::Odd(name)),
                name: name.clone(),
            }),
        );
        if !missing.is_empty() || strict {
            errors.extend(self.unknown.iter().map(|(name, spot)| {
                match (place(spot, Sought::Variable(name)), missing) {
                    (place, []) => RenderError::Undeclared { place, name: name.clone() },
                    (place, _) => RenderError::SourceMissing { place, name: name.clone(), sources: missing.join(", ") },
                }
            }));
        } else {
            tell_unknown(&self.unknown, unknowable, notices);
        }
        let odd = self.odd.into_iter().filter(|(_, (_, declared))| !wrong(*declared));
        let odd: BTreeMap<String, Spot> = odd.map(|(name, (spot, _))| (name, spot)).collect();
        tell_some(
            &odd,
            "names in `${…}` have something behind them and are left as they are",
            notices,
            |name, place| {
                format!("`${{{name}…` is left as it is, first in {place}: behind a name stand `}}`, `:=` or `:-`")
            },
        );
        tell_some(&self.texts, "variables stay texts that read like numbers", notices, |name, place| {
            format!(
                "${{{name}}} in {place} stays a text, and Flux would make a number or a truth value of it; a field that wants one gets it by a patch in git, or under `colors` in teal.yaml"
            )
        });
        notices.extend(self.dollars.map(|spot| {
            format!("`$$` in {} is left as it is, since no brace follows; Flux would make `$` of it", spot.roughly())
        }));
    }
}

/// Names that are declared nowhere, or that the cluster may bring where it was not asked.
fn tell_unknown(unknown: &BTreeMap<String, Spot>, unknowable: bool, notices: &mut Vec<String>) {
    let rest = "names in `${…}` are declared nowhere and left as they are";
    tell_some(unknown, rest, notices, |name, place| match unknowable {
        true => format!(
            "${{{name}}} is left as it is, first in {place}: `substituteFrom` may bring it, and the cluster was not asked; `teal build` takes it by --substitute or --substitute-from"
        ),
        false => format!(
            "${{{name}}} is declared nowhere and left as it is, first in {place}; declare it under `substitute` to have it replaced"
        ),
    });
}

fn tell_some(
    all: &BTreeMap<String, Spot>,
    rest: &str,
    notices: &mut Vec<String>,
    tell: impl Fn(&str, String) -> String,
) {
    notices.extend(all.iter().take(MOST).map(|(name, spot)| tell(name, spot.roughly())));
    if let Some(more) = all.len().checked_sub(MOST).filter(|more| *more > 0) {
        notices.push(format!("{more} more {rest}"));
    }
}
