//! What is to be told before a move begins: who else writes this record.

use teal_azure::dns::{RecordType, Records};

use super::AzureDnsTarget;
use super::commit::OWNED;
use crate::error::TargetError;
use crate::flow::Finding;

impl AzureDnsTarget {
    /// Looks for the TXT record that external-dns leaves beside a record it owns: at the same name, or, since two
    /// types may not share a name with a CNAME, at the name with the type before it.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>, TargetError> {
        let inner = &self.0;
        if inner.ledger_only {
            return Ok(Vec::new());
        }
        let prefix = OWNED.iter().find(|(kind, _)| *kind == inner.kind).map_or("", |(_, prefix)| prefix);
        let names = match inner.record.as_str() {
            "@" => vec!["@".to_owned()],
            record => vec![record.to_owned(), format!("{prefix}{record}")],
        };
        for name in names {
            let set = inner.client.record_set(&inner.zone, RecordType::Txt, &name).await;
            let Some(set) = set.map_err(|error| self.azure(error))? else { continue };
            let Records::Txt(texts) = &set.records else { continue };
            let heritage =
                texts.iter().map(|pieces| pieces.concat()).find(|text| text.contains("heritage=external-dns"));
            if let Some(text) = heritage {
                let owner =
                    text.split(',').find_map(|part| part.split_once("external-dns/owner=")).map(|(_, owner)| owner);
                let owner = owner.unwrap_or_default().trim_matches('"');
                return Ok(vec![Finding::refuse(format!(
                    "{} belongs to external-dns (owner `{owner}`, TXT at {name}): take the host name out of its sources, or leave it out of this Switch",
                    inner.shown
                ))]);
            }
        }
        Ok(Vec::new())
    }
}
