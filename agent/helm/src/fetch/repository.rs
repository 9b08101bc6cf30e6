//! A chart repository: `index.yaml`, the newest entry that fits, its archive.

use reqwest::Url;
use teal_render::helm::ChartError;
use teal_yaml::{Data, Node};

use super::http::{Browser, no, shown};
use super::range::{Range, newest, version};
use super::{failed, sha256};
use crate::archive::{MAX_PACKED, tame};

/// Most bytes of an index; the largest public ones have some twenty million.
const MAX_INDEX: u64 = 64 << 20;

/// Fetches the newest version of `name` that `wanted` allows: its version and archive.
///
/// # Errors
/// `FETCH`, `LIMIT`, `DIGEST` when the archive is not what the index says.
pub(crate) fn fetch(
    browser: &Browser,
    repository: &str,
    name: &str,
    wanted: &str,
) -> Result<(String, Vec<u8>), ChartError> {
    let range = Range::parse(wanted).map_err(failed)?;
    let base = Url::parse(&format!("{}/", repository.trim_end_matches('/')));
    let base = base.map_err(|_| failed(format!("`{}` is no address", tame(repository))))?;
    let index = base.join("index.yaml").map_err(|_| failed("the repository's address can't be extended"))?;
    let answer = browser.get(&index, browser.auth(), "application/yaml, text/yaml, */*", MAX_INDEX)?;
    if !answer.status.is_success() {
        return Err(no(&index, &answer, browser.auth().is_some()));
    }
    let entries = entries(&answer.body, name).map_err(|problem| failed(format!("{}: {problem}", shown(&index))))?;
    let Some(entries) = entries else { return Err(failed(format!("{} has no chart {name}", shown(&index)))) };
    let text = |entry: &Node, key: &str| entry.get(key).and_then(Node::as_str).map(str::to_owned);
    let versions = entries.iter().filter_map(|entry| text(entry, "version")).filter(|found| version(found).is_some());
    let chosen = newest(versions, &range).ok_or_else(|| failed(format!("no version of {name} fits `{wanted}`")))?;
    let entry = entries.iter().find(|entry| text(entry, "version").as_deref() == Some(&chosen));
    let address = entry.and_then(|entry| match &entry.get("urls")?.data {
        Data::Sequence(urls) => urls.iter().find_map(Node::as_str),
        _ => None,
    });
    let address = address.ok_or_else(|| failed(format!("the index names no address for {name} {chosen}")))?;
    if address.starts_with("oci://") {
        return Err(failed(format!(
            "the index sends {name} to a registry; write `oci: {}` in its place",
            tame(address)
        )));
    }
    let url = base.join(address).map_err(|_| failed(format!("the index's address for {name} {chosen} is none")))?;
    // Credentials are for the repository: an archive elsewhere gets none.
    let auth = browser.auth().filter(|_| url.origin() == base.origin());
    let answer = browser.get(&url, auth, "*/*", MAX_PACKED)?;
    if !answer.status.is_success() {
        return Err(no(&url, &answer, auth.is_some()));
    }
    // A digest that YAML takes for a number is none that an archive could have.
    let said = entry.and_then(|entry| entry.get("digest")).filter(|said| said.data != Data::Null);
    let said = said.map(|said| said.as_str().unwrap_or("a number").to_owned()).filter(|said| !said.is_empty());
    let found = sha256(&answer.body);
    if let Some(said) = said.filter(|said| format!("sha256:{}", said.trim_start_matches("sha256:")) != found) {
        let said = tame(&said);
        return Err(ChartError::new(
            ChartError::DIGEST,
            format!("version {chosen}: the index says its digest is {said}, and {} has {found}", shown(&url)),
        ));
    }
    Ok((chosen, answer.body))
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
