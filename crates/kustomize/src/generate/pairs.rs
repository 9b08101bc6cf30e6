//! Where generated data comes from: `envs`, `literals`, `files`, in this order. Errors name files, and the keys that the
//! kustomization writes; never a value, and nothing of a file: what stands before a `=` there may be part of a secret.
//! What is no pair at all is told when the generator is read ([`data`]).

use crate::build::files::Files;
use crate::kustomization::parts::data;
use crate::kustomization::{Generator, Located};
use crate::{BuildError, BuildErrors};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads every pair of a generator.
///
/// # Errors
/// Every file that can't be read, key that no API server takes, and key given twice; of a file of variables the first one.
pub(super) fn load(files: &Files<'_>, generator: &Generator) -> Result<BTreeMap<String, Vec<u8>>, BuildErrors> {
    let mut pairs = Pairs { files, generator, found: BTreeMap::new(), errors: Vec::new() };
    generator.envs.iter().for_each(|path| pairs.env(path));
    for (key, value) in generator.literals.iter().filter_map(|literal| data::literal(literal)) {
        pairs.put(key, &format!("`{key}`"), unquote(value).as_bytes().to_vec());
    }
    for (key, path) in generator.files.iter().filter_map(|file| data::file(file)) {
        if let Some((_, bytes)) = pairs.read(path) {
            pairs.put(key, &format!("`{key}`"), bytes.to_vec());
        }
    }
    if pairs.errors.is_empty() { Ok(pairs.found) } else { Err(BuildErrors(pairs.errors)) }
}

struct Pairs<'a> {
    files: &'a Files<'a>,
    generator: &'a Generator,
    found: BTreeMap<String, Vec<u8>>,
    errors: Vec<BuildError>,
}

impl Pairs<'_> {
    fn wrong(&mut self, message: &str) {
        let message = format!("generator `{}`: {message}", self.generator.name);
        let (file, at) = (self.files.file.to_owned(), self.generator.at);
        self.errors.push(BuildError::Kustomization { file, at, message });
    }

    /// Returns whether the key is new.
    fn put(&mut self, key: &str, shown: &str, value: Vec<u8>) -> bool {
        let is_new = self.found.insert(key.to_owned(), value).is_none();
        if !is_new {
            self.wrong(&format!("the key {shown} is given twice"));
        }
        is_new
    }

    fn read(&mut self, path: &str) -> Option<(String, Arc<[u8]>)> {
        let read = self.files.read(&Located { text: path.to_owned(), at: self.generator.at });
        read.map_err(|more| self.errors.extend(more.0)).ok()
    }

    /// Takes in the lines of a file of variables.
    fn env(&mut self, path: &str) {
        let Some((_, bytes)) = self.read(path) else { return };
        let Ok(text) = std::str::from_utf8(&bytes) else { return self.wrong(&format!("`{path}` is not UTF-8")) };
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let shown = format!("in line {number} of `{path}`");
            if key.is_empty() {
                continue;
            }
            // A line of something else, such as a private key, must not become the name of a key.
            if !is_key(key) {
                // The first one tells what the file is.
                return self.wrong(&format!("the key {shown} can't be one; use letters, digits, `-`, `_` and `.`"));
            }
            // A file may be millions of lines of one key.
            if !self.put(key, &shown, value.as_bytes().to_vec()) {
                return;
            }
        }
    }
}

fn is_key(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Takes off quotes that stand round the whole value.
fn unquote(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}
