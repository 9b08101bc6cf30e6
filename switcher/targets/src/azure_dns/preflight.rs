//! What is to be told before a move begins: who else writes this record, and what of it can't be seen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use teal_azure::dns::{RecordSet, RecordType};

use super::AzureDnsTarget;
use super::heritage::{self, Host, Owns, Text};
use crate::error::TargetError;
use crate::flow::Finding;

/// Most pages of one list; Azure allows 60 lists of a zone a minute, and others list, too.
const PAGES: usize = 20;

/// What external-dns was found to own, and by which TXT sets: while they are there, nothing is listed again.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    findings: Vec<Finding>,
    texts: Vec<String>,
}

impl AzureDnsTarget {
    pub(super) async fn findings(&self) -> Result<Vec<Finding>, TargetError> {
        if self.0.ledger_only {
            return Ok(Vec::new());
        }
        self.learn(false).await;
        let mut found: Vec<Finding> = self.0.follows.warnings().into_iter().map(Finding::warn).collect();
        match self.owners().await {
            Ok(owners) => found.extend(owners),
            // Whoever may not look is told so, and holds nothing (decision 0012).
            Err(error) if error.denied() => found.push(Finding::warn(format!(
                "it could not be looked at for an external-dns that owns it: {}",
                error.steady()
            ))),
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// Looks through the zone's TXT sets for those that external-dns leaves for a record it owns, this one.
    async fn owners(&self) -> Result<Vec<Finding>, TargetError> {
        let inner = &self.0;
        let before = inner.owned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(before) = before
            && self.still(&before.texts).await?
        {
            return Ok(before.findings);
        }
        let (sets, all) = self.list(RecordType::Txt).await?;
        let texts: Vec<Text> = sets.iter().filter_map(heritage::text).collect();
        let (name, apex) = (lower(&inner.shown), lower(inner.zone.name()));
        let host = Host { name: &name, kind: inner.kind };
        let guessed = |text: &Text| heritage::guessed(&absolute(&text.name, &apex), &host);
        let names = if texts.iter().any(guessed) { Some(self.names(&apex).await?) } else { None };
        let mut found = owners(&inner.shown, &texts, &host, &apex, names.as_ref());
        if !all {
            found.findings.push(Finding::warn(format!(
                "{apex} has more TXT record sets than are listed at a look: only the first {} were searched for those of external-dns",
                sets.len()
            )));
        }
        let owned = found.findings.iter().any(|one| one.refuse).then(|| found.clone());
        *inner.owned.lock().unwrap_or_else(PoisonError::into_inner) = owned;
        Ok(found.findings)
    }

    /// Are these all still external-dns's?
    async fn still(&self, texts: &[String]) -> Result<bool, TargetError> {
        for name in texts {
            let set = self.0.client.record_set(&self.0.zone, RecordType::Txt, name).await;
            let set = set.map_err(|error| self.azure(error))?;
            if set.as_ref().and_then(heritage::text).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn list(&self, kind: RecordType) -> Result<(Vec<RecordSet>, bool), TargetError> {
        let listed = self.0.client.record_sets_within(&self.0.zone, Some(kind), PAGES).await;
        listed.map_err(|error| self.azure(error))
    }

    /// Every name of the zone that has a record external-dns could own, absolute; and whether these are all.
    async fn names(&self, apex: &str) -> Result<(BTreeSet<String>, bool), TargetError> {
        let (mut names, mut whole) = (BTreeSet::new(), true);
        for kind in [RecordType::A, RecordType::Aaaa, RecordType::Cname] {
            let (sets, all) = self.list(kind).await?;
            names.extend(sets.iter().map(|set| absolute(&set.name, apex)));
            whole &= all;
        }
        Ok((names, whole))
    }
}

fn lower(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn absolute(name: &str, apex: &str) -> String {
    if name == "@" { apex.to_owned() } else { format!("{}.{apex}", lower(name)) }
}

/// What the texts say, one finding an owner. `names`: all names with records, when they had to be known.
fn owners(shown: &str, texts: &[Text], host: &Host<'_>, apex: &str, names: Option<&(BTreeSet<String>, bool)>) -> Owned {
    let others = || names.iter().flat_map(|(names, _)| names.iter().map(String::as_str)).collect::<Vec<_>>();
    let whole = names.is_none_or(|(_, whole)| *whole);
    let mut by_owner: BTreeMap<(u8, &str), Vec<&Text>> = BTreeMap::new();
    for text in texts {
        let name = absolute(&text.name, apex);
        let rank = match heritage::owns(&name, host, others()) {
            Owns::Nothing => continue,
            Owns::This if whole || !heritage::guessed(&name, host) => 0,
            Owns::This => 1,
            Owns::OtherType => 2,
        };
        by_owner.entry((rank, &text.owner)).or_default().push(text);
    }
    let mut found = Owned { findings: Vec::new(), texts: Vec::new() };
    for ((rank, owner), texts) in by_owner {
        let by = by(owner, &texts);
        found.findings.push(match rank {
            0 => {
                found.texts.extend(texts.iter().map(|text| text.name.clone()));
                let undo = "take the host name out of its sources, or leave it out of this Switch";
                Finding::refuse(format!("{shown} belongs to external-dns ({by}): {undo}"))
            }
            1 => Finding::warn(format!(
                "{shown} may belong to external-dns ({by}): the zone has too many records to tell whose this text is"
            )),
            _ => Finding::warn(format!("another type of record at {shown} belongs to external-dns ({by})")),
        });
    }
    found
}

/// Whose, what for, and where it says so.
fn by(owner: &str, texts: &[&Text]) -> String {
    let unique = |words: Vec<&str>| {
        let words: BTreeSet<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.into_iter().collect::<Vec<_>>().join(", ")
    };
    let resources = unique(texts.iter().map(|text| text.resource.as_str()).collect());
    let names = unique(texts.iter().map(|text| text.name.as_str()).collect());
    let resources = if resources.is_empty() { String::new() } else { format!(" for {resources}") };
    format!("owner `{owner}`{resources}, TXT at {names}")
}
