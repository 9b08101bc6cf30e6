//! `index.yaml` of a chart repository, written by whoever runs it: which versions there are, and where. Pure.

use teal_yaml::{Data, Node};

use super::range::{Range, newest, version};

/// What an index says of one version of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As written there.
    pub version: String,
    /// Of the archive; may be relative to the index.
    pub address: String,
    /// Of the archive, with or without `sha256:` before it; a digest that YAML takes for a number is none that an archive
    /// could have.
    pub digest: Option<String>,
}

/// The newest version of `name` in `index` that the range `wanted` allows.
///
/// # Errors
/// That it is no index, has no such chart, none of its versions, or no address for it.
pub fn choose(index: &[u8], name: &str, wanted: &str) -> Result<Entry, String> {
    let range = Range::parse(wanted)?;
    let entries = entries(index, name)?.ok_or_else(|| format!("has no chart {name}"))?;
    let text = |entry: &Node, key: &str| entry.get(key).and_then(Node::as_str).map(str::to_owned);
    let versions = entries.iter().filter_map(|entry| text(entry, "version")).filter(|found| version(found).is_some());
    let chosen = newest(versions, &range).ok_or_else(|| format!("no version of {name} fits `{wanted}`"))?;
    let entry = entries.iter().find(|entry| text(entry, "version").as_deref() == Some(&chosen));
    let address = entry.and_then(|entry| match &entry.get("urls")?.data {
        Data::Sequence(urls) => urls.iter().find_map(Node::as_str).map(str::to_owned),
        _ => None,
    });
    let address = address.ok_or_else(|| format!("the index names no address for {name} {chosen}"))?;
    let said = entry.and_then(|entry| entry.get("digest")).filter(|said| said.data != Data::Null);
    let digest = said.map(|said| said.as_str().unwrap_or("a number").to_owned()).filter(|said| !said.is_empty());
    Ok(Entry { version: chosen, address, digest })
}

/// The entries of one chart; `None` when the index has none. Of a large index only its own part is read.
fn entries(index: &[u8], name: &str) -> Result<Option<Vec<Node>>, String> {
    let text = teal_yaml::text_of(index).map_err(|error| error.to_string())?;
    let list = match part(text, name) {
        Some(part) => {
            only(teal_yaml::read(&part)).map_err(|error| error.to_string())?.and_then(|node| node.get(name).cloned())
        }
        None => {
            let node = only(teal_yaml::read(text)).map_err(|error| error.to_string())?;
            let entries = node.as_ref().and_then(|node| node.get("entries"));
            if entries.is_none() {
                return Err("is no index of a chart repository: it has no `entries`".to_owned());
            }
            entries.and_then(|entries| entries.get(name)).cloned()
        }
    };
    match list.map(|list| list.data) {
        Some(Data::Sequence(items)) => Ok(Some(items)),
        None | Some(Data::Null) => Ok(None),
        Some(_) => Err(format!("its entry for {name} is no list")),
    }
}

fn only<E>(documents: Result<Vec<Node>, E>) -> Result<Option<Node>, E> {
    documents.map(|documents| documents.into_iter().next())
}

/// The lines of one chart, where the index is written as every tool writes it: `entries:`, two spaces, the name.
fn part(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != "entries:").skip(1);
    let begins = |line: &str| {
        let key = line.strip_prefix("  ").and_then(|rest| rest.trim_end().strip_suffix(':'));
        key.is_some_and(|key| key.trim_matches(['"', '\'']) == name)
    };
    lines.by_ref().find(|line| begins(line))?;
    let mut part = format!("{name}:\n");
    for line in lines {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let is_next = depth < 2 || depth == 2 && !line.starts_with("  -");
        if is_next && !line.trim().is_empty() {
            break;
        }
        part.push_str(line);
        part.push('\n');
    }
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_fits_is_chosen_with_its_address() {
        let index = "entries:\n  web:\n  - {version: 1.0.0, urls: [a.tgz], digest: 1}\n  - {version: 1.2.0, urls: []}\n  - {version: x}\n";
        let entry = |version: &str, address: &str, digest: &str| Entry {
            version: version.to_owned(),
            address: address.to_owned(),
            digest: Some(digest.to_owned()),
        };
        assert_eq!(choose(index.as_bytes(), "web", "1.0.x"), Ok(entry("1.0.0", "a.tgz", "a number")));
        for (name, wanted, problem) in [
            ("web", "", "the index names no address for web 1.2.0"),
            ("web", "3", "no version of web fits `3`"),
            ("none", "", "has no chart none"),
            ("web", "x.y", "`x.y` is no version"),
        ] {
            let told = choose(index.as_bytes(), name, wanted).unwrap_err();
            assert!(told.contains(problem), "{told}");
        }
    }

    #[test]
    fn one_chart_is_read_out_of_an_index_however_it_is_written() {
        let tools = "apiVersion: v1\nentries:\n  api:\n  - version: 9.0.0\n    urls: [x]\n  web:\n  - version: 1.0.0\n    description: |-\n      web:\n\n      text\n    urls:\n    - web-1.0.0.tgz\n  - version: 1.1.0\n  zoo:\n  - version: 3.0.0\ngenerated: now\n";
        let indented =
            "entries:\n  web:\n    - version: 1.0.0\n    - version: 1.1.0\n  \"zoo\":\n    - version: 3.0.0\n";
        let json = r#"{"apiVersion": "v1", "entries": {"web": [{"version": "1.0.0"}, {"version": "1.1.0"}], "zoo": [{"version": "3.0.0"}]}}"#;
        for text in [tools, indented, json] {
            let versions = |name: &str| -> Option<Vec<String>> {
                let found = entries(text.as_bytes(), name).unwrap()?;
                Some(found.iter().filter_map(|node| node.get("version")?.as_str().map(str::to_owned)).collect())
            };
            assert_eq!(versions("web").unwrap(), ["1.0.0", "1.1.0"], "{text}");
            assert_eq!(versions("zoo").unwrap(), ["3.0.0"], "{text}");
            assert_eq!(versions("none"), None, "{text}");
        }
        assert!(entries(b"<html>", "web").is_err());
    }
}
