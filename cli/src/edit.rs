//! Changes one scalar in a YAML file and leaves every other byte as it is: comments, quotes and order are the author's.

use anyhow::{Context, Result, bail};
use teal_yaml::{Data, Node};

/// Returns `text` with the scalar at `path` of the `Switch` named `name` replaced by `value`; a missing last key is added
/// below its parent's first key. The old value comes back too, `None` when the key was missing.
///
/// # Errors
/// When the text is not YAML, holds no such Switch, or the place holds no scalar.
pub(crate) fn set(text: &str, name: &str, path: &[&str], value: &str) -> Result<(String, Option<String>)> {
    let documents = teal_yaml::read(text).map_err(|error| anyhow::anyhow!("{}: {}", error.at, error.message))?;
    let document = documents
        .iter()
        .find(|node| {
            is_switch(node)
                && node.get("metadata").and_then(|meta| meta.get("name")).and_then(Node::as_str) == Some(name)
        })
        .with_context(|| format!("the file holds no Switch named {name}"))?;
    let (last, parents) = path.split_last().context("no path")?;
    let mut parent = document;
    for key in parents {
        parent = parent.get(key).with_context(|| format!("the Switch has no {key}"))?;
    }
    match parent.get(last) {
        Some(node) => {
            let old = scalar(node).with_context(|| format!("{} holds no plain value", path.join(".")))?;
            Ok((replace(text, node, &old, value)?, Some(old)))
        }
        None => Ok((insert(text, parent, last, value)?, None)),
    }
}

fn is_switch(node: &Node) -> bool {
    node.get("kind").and_then(Node::as_str) == Some("Switch")
}

fn scalar(node: &Node) -> Option<String> {
    match &node.data {
        Data::String(text) => Some(text.clone()),
        Data::Bool(value) => Some(value.to_string()),
        Data::Number(value) => Some(value.to_string()),
        Data::Null | Data::Sequence(_) | Data::Mapping(_) => None,
    }
}

fn offset(text: &str, node: &Node) -> Result<usize> {
    let line = usize::try_from(node.at.line.saturating_sub(1))?;
    let column = usize::try_from(node.at.column.saturating_sub(1))?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let inside = text[start..].char_indices().nth(column).map_or(0, |(index, _)| index);
    Ok(start + inside)
}

fn replace(text: &str, node: &Node, old: &str, value: &str) -> Result<String> {
    let start = offset(text, node)?;
    let rest = &text[start..];
    let (before, after) = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let end = rest[1..].find(quote).context("a quote is not closed on its line")?;
            (start + 1, start + 1 + end)
        }
        _ if rest.starts_with(old) => (start, start + old.len()),
        _ => {
            bail!("line {}: the value is written in a way that can't be edited safely; change it by hand", node.at.line)
        }
    };
    Ok(format!("{}{value}{}", &text[..before], &text[after..]))
}

fn insert(text: &str, parent: &Node, key: &str, value: &str) -> Result<String> {
    let Data::Mapping(entries) = &parent.data else { bail!("there is no mapping to add {key} to") };
    let first = entries.first().context("there is nothing to put the new key beside")?;
    let line = usize::try_from(first.key_at.line.saturating_sub(1))?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let indent = usize::try_from(first.key_at.column.saturating_sub(1))?;
    let own_line = text[start..].chars().take(indent).all(|c| c == ' ');
    if !own_line {
        bail!("line {}: the mapping is written on one line; add `{key}: {value}` by hand", first.key_at.line);
    }
    Ok(format!("{}{}{key}: {value}\n{}", &text[..start], " ".repeat(indent), &text[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# who serves\napiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {name: contoso}\nspec:\n  # the word\n  active: blue   # <- commit this\n  strategy: {soak: 30m}\n";

    #[test]
    fn one_word_changes_and_nothing_else() {
        let (text, old) = set(FILE, "contoso", &["spec", "active"], "green").unwrap();
        assert_eq!(old.as_deref(), Some("blue"));
        assert_eq!(text, FILE.replace("active: blue ", "active: green "));
        let quoted = FILE.replace("active: blue", "active: \"blue\"");
        assert_eq!(
            set(&quoted, "contoso", &["spec", "active"], "green").unwrap().0,
            quoted.replace("\"blue\"", "\"green\"")
        );
    }

    #[test]
    fn a_missing_key_is_put_beside_its_siblings() {
        let (text, old) = set(FILE, "contoso", &["spec", "attempt"], "2").unwrap();
        assert_eq!(old, None);
        assert!(text.contains("  # the word\n  attempt: 2\n  active: blue "), "{text}");
        let (again, old) = set(&text, "contoso", &["spec", "attempt"], "3").unwrap();
        assert_eq!((old.as_deref(), again), (Some("2"), text.replace("attempt: 2", "attempt: 3")));
    }

    #[test]
    fn the_right_document_of_several_is_changed() {
        let two = format!("{FILE}---\n{}", FILE.replace("contoso", "shop"));
        let (text, _) = set(&two, "shop", &["spec", "active"], "green").unwrap();
        assert!(text.starts_with(FILE) && text.matches("green").count() == 1);
        assert!(
            set(FILE, "other", &["spec", "active"], "green").unwrap_err().to_string().contains("no Switch named other")
        );
        assert!(set(FILE, "contoso", &["spec", "strategy"], "x").is_err());
    }
}
