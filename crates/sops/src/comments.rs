//! Encrypted comments in YAML. They are bound to the way to the mapping or list they stand in, which a comment's place
//! only hints at; only the right way opens it, so the few that come into question are tried.

use zeroize::Zeroizing;

use crate::DataKey;
use crate::value::{Plain, open};
use crate::yaml::{Edit, Lines, encrypted_comment};

/// Opens the comments of one document, which ends at `end` or before. One that does not open stays as it is: comments
/// are in no MAC, and older versions of SOPS left them in the clear.
pub(crate) fn comments(
    text: &str,
    lines: &Lines,
    sites: &[(u32, Vec<String>)],
    end: usize,
    key: &DataKey,
) -> Vec<Edit> {
    let mut found = Vec::new();
    for (line, start, content) in lines.each(text).filter(|(_, start, _)| *start < end) {
        let Some(comment) = encrypted_comment(content) else { continue };
        let Some(plain) = ways(line, sites).iter().find_map(|way| opened(comment.trim_end(), key, way)) else {
            continue;
        };
        let begin = start + content.len() - content.trim_start().len();
        found.push(Edit { range: begin..start + content.len(), text: plain });
    }
    found
}

/// Ways to the containers around a line: those of the entry after it and of the one before, innermost first.
fn ways(line: u32, sites: &[(u32, Vec<String>)]) -> Vec<Vec<String>> {
    let next = sites.partition_point(|(other, _)| *other <= line);
    let around = [sites.get(next), next.checked_sub(1).and_then(|before| sites.get(before))];
    let mut ways: Vec<Vec<String>> = Vec::new();
    for (_, way) in around.into_iter().flatten() {
        for length in (0..=way.len()).rev() {
            if !ways.iter().any(|known| *known == way[..length]) {
                ways.push(way[..length].to_vec());
            }
        }
    }
    ways
}

fn opened(comment: &str, key: &DataKey, way: &[String]) -> Option<Zeroizing<String>> {
    let mut bound_to = way.join(":");
    bound_to.push(':');
    let Ok(Plain::Comment(bytes)) = open(comment, key, &bound_to) else { return None };
    let text = std::str::from_utf8(&bytes).ok()?;
    // A comment is one line; more would be YAML.
    (!text.contains(['\n', '\r'])).then(|| Zeroizing::new(format!("#{text}")))
}
