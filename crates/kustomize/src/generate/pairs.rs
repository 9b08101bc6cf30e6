//! Where generated data comes from: `envs`, `literals`, `files`, in this order. Errors name files, and the keys that the
//! kustomization writes; never a value, and nothing of a file: what stands before a `=` there may be part of a secret.

use crate::build::files::Files;
use crate::kustomization::{Generator, Located};
use crate::path::file_name;
use crate::{BuildError, BuildErrors};
use std::collections::BTreeMap;

/// Reads every pair of a generator.
///
/// # Errors
/// A file that can't be read, a source that is no pair, a key of a file that no API server takes, a key
/// given twice.
pub(super) fn load(files: &Files<'_>, generator: &Generator) -> Result<BTreeMap<String, Vec<u8>>, BuildErrors> {
    let mut pairs = BTreeMap::new();
    let wrong = |message: String| {
        BuildErrors::from(BuildError::Kustomization {
            file: files.file.to_owned(),
            at: generator.at,
            message: format!("generator `{}`: {message}", generator.name),
        })
    };
    let mut put = |key: &str, shown: &str, value: Vec<u8>| match pairs.insert(key.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(wrong(format!("the key {shown} is given twice"))),
    };
    let quoted = |key: &str| format!("`{key}`");
    let read = |path: &str| files.read(&Located { text: path.to_owned(), at: generator.at });
    for path in &generator.envs {
        let (_, bytes) = read(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| wrong(format!("`{path}` is not UTF-8")))?;
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
                return Err(wrong(format!("the key {shown} can't be one; use letters, digits, `-`, `_` and `.`")));
            }
            put(key, &shown, value.as_bytes().to_vec())?;
        }
    }
    for literal in &generator.literals {
        match literal.split_once('=').filter(|(key, _)| !key.is_empty()) {
            Some((key, value)) => put(key, &quoted(key), unquote(value).as_bytes().to_vec())?,
            None => return Err(wrong("a literal must be written key=value".to_owned())),
        }
    }
    for source in &generator.files {
        let (key, path) = match source.split_once('=') {
            None => (file_name(source), source.as_str()),
            Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => (key, path),
            Some(_) => return Err(wrong(format!("`{source}` must be a path, or key=path with one `=`"))),
        };
        put(key, &quoted(key), read(path)?.1.to_vec())?;
    }
    Ok(pairs)
}

fn is_key(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Takes off quotes that stand round the whole value.
fn unquote(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}
