//! What was decrypted for a unit: which objects hold some of it, and where it may not be (G9).
//!
//! Names, namespaces, kinds and keys are told everywhere: in logs, status, field managers, names of files. None of them may
//! hold a value that was encrypted. That a word of it stands there proves nothing by itself (a Service `postgres`, and the
//! value `postgres` in a Secret), so a word counts only when no file of the unit has it in the clear.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::Value;
use teal_kustomize::{BuildError, BuildErrors, Entry, Origin, Tree};
use zeroize::Zeroizing;

use crate::RenderError;
use crate::differences::described;
use crate::finish::IDENTITY;

/// Texts shorter than this are in every object, and no secret.
const SHORTEST: usize = 4;
/// Texts shorter than this are looked for as whole values: inside others they are everywhere.
const WHOLE_BELOW: usize = 6;
/// How much of a long text is looked for.
const MOST_LETTERS: usize = 200;
/// Longest text that is looked for in base64 as well.
const MOST_ENCODED: usize = 4096;
/// Words that rendering itself puts into names and keys.
const OWN_WORDS: [&str; 18] = [
    "v1",
    "ConfigMap",
    "Secret",
    "default",
    "kubernetes",
    "config",
    "origin",
    "transformations",
    "app",
    "managed",
    "kustomize",
    "alpha",
    "metadata",
    "annotations",
    "namespace",
    "labels",
    "immutable",
    "teal",
];
/// Stands for what is not shown.
const HIDDEN: &str = "…";

/// What a [`Decrypting`](crate::Decrypting) tree came by.
pub(crate) struct Found<'a> {
    pub(crate) tree: &'a dyn Tree,
    /// Files that were encrypted.
    pub(crate) files: HashSet<String>,
    /// What was encrypted in them.
    pub(crate) texts: Vec<Zeroizing<String>>,
    /// What was encrypted in them and says which object it is.
    pub(crate) identities: Vec<String>,
    /// Every file that was read.
    pub(crate) read: BTreeSet<String>,
}

/// What was decrypted for one unit. No `Debug`: it holds plaintext.
pub struct Secrets<'a> {
    tree: &'a dyn Tree,
    files: HashSet<String>,
    short: Vec<Zeroizing<String>>,
    long: Long,
    /// Words of what was decrypted, also as base64.
    words: HashSet<Box<str>>,
    read: BTreeSet<String>,
    clear: Vec<String>,
    /// Words that somebody can read in git, or in what was made of clear text alone.
    known: OnceCell<HashSet<Box<str>>>,
}

enum Long {
    None,
    Some(Regex),
    /// Too much to look for: everything counts.
    All,
}

impl<'a> Secrets<'a> {
    pub(crate) fn new(found: Found<'a>) -> Self {
        let texts: Vec<_> = found.texts.into_iter().filter(|text| text.trim().len() >= SHORTEST).collect();
        let mut all = HashSet::new();
        texts.iter().for_each(|text| add_secret_words(text, &mut all));
        let (short, long): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| text.len() < WHOLE_BELOW);
        let parts: Vec<String> = long
            .iter()
            .map(|text| regex::escape(&text.trim().chars().take(MOST_LETTERS).collect::<String>()))
            .collect();
        let long = match parts.is_empty() {
            true => Long::None,
            false => Regex::new(&parts.join("|")).map_or(Long::All, Long::Some),
        };
        let (tree, files, read, clear) = (found.tree, found.files, found.read, found.identities);
        Self { tree, files, short, long, words: all, read, clear, known: OnceCell::new() }
    }

    /// Tells of names that are no secret although no file has them: a chart made them of clear text alone.
    pub fn know(&mut self, names: impl IntoIterator<Item = String>) {
        if self.any() {
            self.clear.extend(names);
            self.known = OnceCell::new();
        }
    }

    /// Whether anything was decrypted.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether an object holds decrypted text: it comes from such a file, or a patch, a generator or a replacement put
    /// some into it. Any Secret counts where anything was decrypted.
    #[must_use]
    pub fn are_in(&self, object: &Value, file: &str) -> bool {
        // What a generator put into a Secret is base64, and may be bytes or too short to be looked for.
        let is_secret = object.get("kind").is_some_and(|kind| kind == "Secret");
        self.any() && (is_secret || self.files.contains(file) || matches!(self.long, Long::All) || self.found(object))
    }

    /// Refuses an object with decrypted text in its identity or in a key. The error shows none of it.
    ///
    /// # Errors
    /// [`RenderError::SecretIdentity`].
    pub fn check(&self, object: &Value, origin: &Origin) -> Result<(), RenderError> {
        let Some(field) = self.public_field(object) else { return Ok(()) };
        let what = self.conceal(&described(object));
        Err(RenderError::SecretIdentity { place: origin.to_string(), what, field })
    }

    /// A message without decrypted text.
    #[must_use]
    pub fn conceal(&self, message: &str) -> String {
        let mut out = String::with_capacity(message.len());
        let mut end = 0;
        for hidden in self.hidden(message) {
            if hidden.start >= end {
                out.push_str(&message[end..hidden.start]);
                out.push_str(HIDDEN);
            }
            end = end.max(hidden.end);
        }
        out + &message[end..]
    }

    /// What a build said without decrypted text.
    #[must_use]
    pub fn conceal_build(&self, errors: BuildErrors) -> BuildErrors {
        BuildErrors(errors.0.into_iter().map(|error| self.conceal_one(error)).collect())
    }

    pub(crate) fn conceal_one(&self, mut error: BuildError) -> BuildError {
        let hide = |text: &mut String| *text = self.conceal(text);
        match &mut error {
            BuildError::Kustomization { message, .. }
            | BuildError::Load { message, .. }
            | BuildError::Object { message, .. }
            | BuildError::Transform { message, .. } => hide(message),
            BuildError::Duplicate { id, .. } => hide(id),
            // Of files that are no YAML places are told, and nothing else.
            BuildError::Yaml { .. } | BuildError::Tree(_) | BuildError::Unsupported { .. } => {}
        }
        error
    }

    fn public_field(&self, object: &Value) -> Option<&'static str> {
        if !self.any() {
            return None;
        }
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let part =
            IDENTITY.into_iter().find(|(pointer, _)| text(pointer).is_some_and(|it| !self.hidden(it).is_empty()));
        part.map(|(_, field)| field).or_else(|| self.in_a_key(object).then_some("a key"))
    }

    fn in_a_key(&self, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| self.in_a_key(item)),
            // Whole values only: the names in a file of variables are words of it, and keys.
            Value::Object(map) => map.iter().any(|(key, item)| {
                let mut whole = Vec::new();
                self.whole_values(key, &mut whole);
                !whole.is_empty() || self.in_a_key(item)
            }),
            _ => false,
        }
    }

    /// Where decrypted text stands in `text` that stands nowhere in the clear; in order, may overlap.
    fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let suspicious = |word: &Range<usize>| word.len() >= SHORTEST && self.words.contains(&text[word.clone()]);
        let mut found: Vec<_> =
            words(text).filter(|word| suspicious(word) && !self.knows(&text[word.clone()])).collect();
        self.whole_values(text, &mut found);
        found.sort_by_key(|range| range.start);
        found
    }

    /// Decrypted values that stand in `text` as a whole, with a word that nobody can read elsewhere.
    fn whole_values(&self, text: &str, found: &mut Vec<Range<usize>>) {
        let Long::Some(regex) = &self.long else { return };
        let unknown = |range: &Range<usize>| {
            let mut inside = words(text).filter(|word| word.start < range.end && range.start < word.end);
            inside.any(|word| !self.knows(&text[word]))
        };
        found.extend(regex.find_iter(text).map(|found| found.range()).filter(unknown));
    }

    fn knows(&self, word: &str) -> bool {
        self.known.get_or_init(|| self.clear_words()).contains(word)
    }

    /// Every word of every file as git has it: of encrypted ones the keys are in the clear.
    fn clear_words(&self) -> HashSet<Box<str>> {
        let mut known: HashSet<Box<str>> = OWN_WORDS.into_iter().map(Box::from).collect();
        let mut add = |text: &str| known.extend(words(text).map(|word| Box::from(&text[word])));
        self.clear.iter().for_each(|text| add(text));
        for path in &self.read {
            add(path);
            if let Ok(Some(Entry::File(bytes))) = self.tree.entry(path) {
                add(&String::from_utf8_lossy(&bytes));
            }
        }
        known
    }

    fn found(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => {
                let long = match &self.long {
                    Long::Some(regex) => regex.is_match(text),
                    Long::None | Long::All => false,
                };
                long || text.len() < WHOLE_BELOW && self.short.iter().any(|short| **short == *text)
            }
            Value::Number(number) => {
                let text = number.to_string();
                self.short.iter().any(|short| **short == text)
                    || matches!(&self.long, Long::Some(regex) if regex.is_match(&text))
            }
            Value::Array(items) => items.iter().any(|item| self.found(item)),
            Value::Object(map) => map.values().any(|item| self.found(item)),
            _ => false,
        }
    }
}

/// The words of a text, by itself and as a generator would encode it: the whole, and what a file of variables holds.
fn add_secret_words(text: &str, all: &mut HashSet<Box<str>>) {
    let mut add = |text: &str| {
        all.extend(words(text).filter(|word| word.len() >= SHORTEST).map(|word| Box::from(&text[word])));
    };
    add(text);
    if text.len() <= MOST_ENCODED {
        add(&STANDARD.encode(text));
        for (_, value) in text.lines().filter_map(|line| line.split_once('=')).filter(|(_, it)| it.len() >= SHORTEST) {
            add(&STANDARD.encode(value));
        }
    }
}

/// Where the runs of letters and digits are.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        let start = at + bytes[at..].iter().position(is_inner)?;
        at = bytes[start..].iter().position(|byte| !is_inner(byte)).map_or(bytes.len(), |length| start + length);
        Some(start..at)
    })
}
