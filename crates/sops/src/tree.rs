//! One walk over a tree of values in the order of the file: what is encrypted is opened where it stands, everything goes
//! into the MAC.

use serde_json::Number;
use teal_yaml::{Data, Entry, Node};
use zeroize::Zeroizing;

use crate::error::shown;
use crate::mac::{Mac, bool_text};
use crate::metadata::Metadata;
use crate::value::{Plain, is_encrypted_value, open};
use crate::{DataKey, Secret, SopsError};

/// The name of the stanza.
pub(crate) const STANZA: &str = "sops";

/// How an encrypted comment ends.
const COMMENT: &str = ",type:comment]";

/// Where a value stands, for whoever writes it.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    /// Column of the mapping's keys or the list's dashes, from 0.
    pub(crate) column: usize,
    /// Whether it is an item of a list.
    pub(crate) item: bool,
    /// It is the first item of a list that holds nothing but comments, so an empty one.
    pub(crate) empties: bool,
}

/// The state of a walk. Several documents may share one MAC.
pub(crate) struct Walk<'a> {
    key: &'a DataKey,
    metadata: &'a Metadata,
    mac: Mac,
    path: Vec<String>,
    pub(crate) secrets: Vec<Secret>,
    /// Line and way to the container of every entry and item, in order; only when asked for.
    pub(crate) sites: Option<Vec<(u32, Vec<String>)>>,
}

/// Takes what was opened: the node it stood in, the value, the site.
pub(crate) type Take<'t> = dyn FnMut(&mut Node, Plain, Site) -> Result<(), &'static str> + 't;

impl<'a> Walk<'a> {
    pub(crate) fn new(key: &'a DataKey, metadata: &'a Metadata) -> Self {
        let mac = Mac::new(metadata.mac_only_encrypted);
        Self { key, metadata, mac, path: Vec::new(), secrets: Vec::new(), sites: None }
    }

    /// Walks one document; its stanza is passed over.
    pub(crate) fn document(&mut self, document: &mut Node, take: &mut Take<'_>) -> Result<(), SopsError> {
        let Data::Mapping(entries) = &mut document.data else { return Ok(()) };
        self.entries(entries, 0, take)
    }

    /// Adds a value that is outside any tree: a line of a dotenv file.
    pub(crate) fn line(&mut self, name: &str, text: &str) -> Result<Option<Plain>, SopsError> {
        self.path.push(name.to_owned());
        let opened = self.text(text, false);
        self.path.pop();
        opened
    }

    /// Proves that everything was there and in order; gives the secrets back.
    pub(crate) fn finish(self) -> Result<Vec<Secret>, SopsError> {
        self.mac.verify(self.metadata, self.key)?;
        Ok(self.secrets)
    }

    fn entries(&mut self, entries: &mut [Entry], depth: usize, take: &mut Take<'_>) -> Result<(), SopsError> {
        for entry in entries {
            if depth == 0 && entry.key == STANZA {
                continue;
            }
            let site = Site { column: column(entry.key_at.column), item: false, empties: false };
            self.note(entry.key_at.line);
            self.path.push(entry.key.clone());
            self.node(&mut entry.value, site, depth, take)?;
            self.path.pop();
        }
        Ok(())
    }

    /// Items are comments when they were encrypted: SOPS has no other place for a comment in a list.
    fn items(&mut self, items: &mut [Node], depth: usize, take: &mut Take<'_>) -> Result<(), SopsError> {
        let comment = |item: &Node| item.as_str().is_some_and(|text| text.ends_with(COMMENT));
        let only_comments = items.iter().all(comment);
        for (index, item) in items.iter_mut().enumerate() {
            // Two columns before the item stands its dash.
            let column = column(item.at.column).saturating_sub(2);
            self.note(item.at.line);
            self.node(item, Site { column, item: true, empties: only_comments && index == 0 }, depth, take)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &mut Node, site: Site, depth: usize, take: &mut Take<'_>) -> Result<(), SopsError> {
        let opened = match &mut node.data {
            Data::Mapping(entries) => return self.entries(entries, depth + 1, take),
            Data::Sequence(items) => return self.items(items, depth + 1, take),
            Data::Null => None,
            Data::Bool(value) => self.clear(bool_text(*value))?,
            Data::Number(number) => {
                let text = number_text(number);
                self.clear(&text)?
            }
            Data::String(text) => self.text(text, site.item)?,
        };
        if let Some(plain) = opened {
            take(node, plain, site).map_err(|problem| SopsError::value(&self.path, problem))?;
        }
        Ok(())
    }

    fn text(&mut self, text: &str, item: bool) -> Result<Option<Plain>, SopsError> {
        let encrypted = self.metadata.rule.encrypts(&self.path).unwrap_or_else(|| is_encrypted_value(text));
        if !encrypted {
            self.mac.add_clear(text);
            return Ok(None);
        }
        // An empty text has nothing to encrypt and stays as it is.
        if text.is_empty() {
            return Ok(None);
        }
        if !is_encrypted_value(text) {
            return Err(SopsError::InTheClear { path: shown(&self.path) });
        }
        let mut bound_to = self.path.join(":");
        bound_to.push(':');
        let plain = open(text, self.key, &bound_to).map_err(|problem| SopsError::value(&self.path, problem))?;
        if matches!(plain, Plain::Comment(_)) && !item {
            return Err(SopsError::value(&self.path, "is the text of a comment"));
        }
        self.mac.add_plain(&plain);
        self.remember(&plain);
        Ok(Some(plain))
    }

    /// A number or a boolean, which is never an encrypted form.
    fn clear(&mut self, text: &str) -> Result<Option<Plain>, SopsError> {
        if self.metadata.rule.encrypts(&self.path) == Some(true) {
            return Err(SopsError::InTheClear { path: shown(&self.path) });
        }
        self.mac.add_clear(text);
        Ok(None)
    }

    fn remember(&mut self, plain: &Plain) {
        let text = match plain {
            Plain::Bytes(bytes) | Plain::Time(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Plain::Int(number) => Some(number.to_string()),
            Plain::Float(number) => Some(number.to_string()),
            Plain::Bool(_) | Plain::Comment(_) => None,
        };
        let path = shown(&self.path);
        self.secrets.extend(text.map(|text| Secret { path, text: Zeroizing::new(text) }));
    }

    fn note(&mut self, line: u32) {
        if let Some(sites) = &mut self.sites {
            sites.push((line, self.path.clone()));
        }
    }
}

/// A number as it is fed to the MAC: floats never with an exponent.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// Columns from 1 as an offset from 0.
fn column(column: u32) -> usize {
    usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1)
}
