//! A file that was encrypted, with other values in the place of those that nobody may see (G9): what a chart makes of the one
//! and not of the other was made of them.

use std::collections::HashSet;

use teal_sops::Format;
use teal_yaml::{Data, Node};

use crate::helm::{mask, mask_text};

/// The file in the clear with other values under the names in `hidden` (joined by dots, as SOPS counts them). A file that
/// can't be taken apart is masked as a whole.
pub(crate) fn masked(format: Format, content: &[u8], hidden: &HashSet<&str>) -> Vec<u8> {
    match format {
        Format::Yaml => documents(content, hidden).map(|documents| {
            let written: Vec<String> = documents.into_iter().map(|one| teal_yaml::write(&one.into_value())).collect();
            written.join("---\n").into_bytes()
        }),
        Format::Json => documents(content, hidden).map(|mut documents| {
            let value = documents.pop().map(Node::into_value).unwrap_or_default();
            value.to_string().into_bytes()
        }),
        Format::Dotenv => std::str::from_utf8(content).ok().map(|text| lines(text, hidden).into_bytes()),
        Format::Binary | Format::Ini => None,
    }
    .unwrap_or_else(|| whole(content))
}

/// Whether the file is an object, or several.
pub(crate) fn is_manifest(content: &[u8]) -> bool {
    let read = teal_yaml::text_of(content).and_then(teal_yaml::read);
    let object = |document: &Node| ["apiVersion", "kind"].iter().all(|field| document.get(field).is_some());
    read.is_ok_and(|documents| documents.iter().any(object))
}

fn whole(content: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(content) {
        Ok(text) => mask_text(text).into_bytes(),
        Err(_) => vec![b'x'; content.len()],
    }
}

fn lines(text: &str, hidden: &HashSet<&str>) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some((name, value)) if hidden.contains(name) => format!("{name}={}\n", mask_text(value)),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// As Helm reads it.
fn documents(content: &[u8], hidden: &HashSet<&str>) -> Option<Vec<Node>> {
    let mut documents = teal_yaml::text_of(content).and_then(teal_yaml::read).ok()?;
    documents.iter_mut().for_each(|document| hide(document, &mut String::new(), false, hidden));
    Some(documents)
}

/// Masks what is hidden; `odd` says that a key above is not read as it is written, so that nobody can tell.
fn hide(node: &mut Node, path: &mut String, odd: bool, hidden: &HashSet<&str>) {
    match &mut node.data {
        Data::Mapping(entries) => {
            let before = path.len();
            for entry in entries {
                if before > 0 {
                    path.push('.');
                }
                path.push_str(&entry.key);
                hide(&mut entry.value, path, odd || is_odd(&entry.key), hidden);
                path.truncate(before);
            }
        }
        Data::Sequence(items) => items.iter_mut().for_each(|item| hide(item, path, odd, hidden)),
        data if odd || hidden.contains(path.as_str()) => {
            let at = node.at;
            let value = Node { data: std::mem::replace(data, Data::Null), at }.into_value();
            node.data = match mask(&value) {
                serde_json::Value::String(text) => Data::String(text),
                serde_json::Value::Number(number) => Data::Number(number),
                serde_json::Value::Bool(value) => Data::Bool(value),
                _ => Data::Null,
            };
        }
        _ => {}
    }
}

/// A key that may be written in another way than it is read: `on`, `0x1`.
fn is_odd(key: &str) -> bool {
    matches!(key, "true" | "false") || key.starts_with(|first: char| "+-.0123456789".contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g9_what_was_encrypted_is_another_one_and_all_else_stays() {
        let hidden = HashSet::from(["a.b", "list", "A", "m"]);
        for (format, content, expected) in [
            (
                Format::Yaml,
                "# a comment\na: {b: hunter2, c: clear}\nlist: [one, {x: two}]\nm: 5432\non: 7\n---\na: {b: x}\n",
                "a:\n  b: xxxxxx1\n  c: clear\nlist:\n- xxx\n- x: two\nm: 1\n\"true\": 1\n---\na:\n  b: \"y\"\n",
            ),
            (Format::Json, "{\"a\": {\"b\": \"hunter2\"}, \"c\": true}", "{\"a\":{\"b\":\"xxxxxx1\"},\"c\":true}"),
            (Format::Dotenv, "# c\nA=hunter2\nB=clear\n", "# c\nA=xxxxxx1\nB=clear\n"),
            (Format::Binary, "hunter2\n", "xxxxxx1\n"),
            (Format::Yaml, "a: [hunter2", "x: [xxxxxx1"),
        ] {
            let masked = masked(format, content.as_bytes(), &hidden);
            assert_eq!(String::from_utf8(masked).unwrap(), expected, "{format:?}");
        }
        assert_eq!(masked(Format::Binary, &[0xff, 0x00], &hidden), b"xx");
    }
}
