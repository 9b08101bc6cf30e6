//! Go templates as texts: which functions they call and where, and the same text with other functions in their place.
//!
//! Helm has no clock or cluster that could be set from outside, so the calls themselves are changed. Nothing but whole
//! identifiers inside actions is ever touched: not fields (`.now`), variables (`$now`), strings, comments or plain text.

/// A function called by a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The function.
    pub function: String,
}

/// Functions whose result is another one each time.
const RESTLESS: &[&str] = &[
    "ago",
    "bcrypt",
    "buildCustomCert",
    "date",
    "dateInZone",
    "date_in_zone",
    "derivePassword",
    "encryptAES",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "htmlDate",
    "htmlDateInZone",
    "htpasswd",
    "keys",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "shuffle",
    "unixEpoch",
    "uuidv4",
    "values",
];

/// The text that `lookup` is replaced with, where it is refused: it fails with these words when, and only when, it is
/// reached.
const NO_LOOKUP: &str = "(fail `teal: lookup`)";
/// The words by which a reached `lookup` is known in Helm's error.
pub const LOOKUP_REACHED: &str = "teal: lookup";
/// A time of which no part is today's, whenever today is: 16,602 days (45 years, 5 months and half a month, and no whole
/// number of weeks), 13 hours, 43 minutes and 11 seconds from now.
const OTHER_NOW: &str = "(dateModify `398461h43m11s` now)";
/// Says of any time that it is another one.
const OTHER_AGO: &str = "printf `%v, teal's other clock`";

/// Every call in `text` of a function whose result is another one each time.
#[must_use]
pub fn restless_calls(file: &str, text: &str) -> Vec<Call> {
    let (mut line, mut counted) = (1, 0);
    let found = identifiers(text).into_iter().filter(|found| RESTLESS.binary_search(&found.name).is_ok());
    found
        .map(|found| {
            line += text.as_bytes()[counted..found.at].iter().filter(|byte| **byte == b'\n').count();
            counted = found.at;
            Call { file: file.to_owned(), line, function: found.name.to_owned() }
        })
        .collect()
}

/// `text` with every `lookup` made to fail where it is reached. `None` when there is none.
#[must_use]
pub fn without_lookup(text: &str) -> Option<String> {
    replaced(text, &[("lookup", NO_LOOKUP)])
}

/// `text` with another clock: `now` is a time in the far future, and `ago` says so. `None` when it
/// asks for no time.
#[must_use]
pub fn other_clock(text: &str) -> Option<String> {
    replaced(text, &[("now", OTHER_NOW), ("ago", OTHER_AGO)])
}

/// Takes back what [`other_clock`] or [`without_lookup`] put into a text that was printed instead of run, such as an
/// alert's annotation among the values.
#[must_use]
pub fn as_written(text: &str) -> String {
    text.replace(OTHER_NOW, "now").replace(OTHER_AGO, "ago").replace(NO_LOOKUP, "lookup")
}

/// An identifier of an action that is no field, variable or part of a string.
struct Found<'t> {
    at: usize,
    name: &'t str,
}

fn replaced(text: &str, with: &[(&str, &str)]) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for found in identifiers(text) {
        if let Some((_, new)) = with.iter().find(|(name, _)| *name == found.name) {
            out.push_str(&text[done..found.at]);
            out.push_str(new);
            done = found.at + found.name.len();
        }
    }
    (done > 0).then(|| out + &text[done..])
}

/// Walks the actions of a text once. A string that does not end in its action ends the action: the template is broken
/// then, and Helm will say so.
fn identifiers(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(open) = text[at..].find("{{") {
        at += open + 2;
        let inside = text[at..].trim_start_matches('-').trim_start();
        if inside.starts_with("/*") {
            at = text[at..].find("*/").map_or(text.len(), |end| at + end + 2);
            continue;
        }
        while at < bytes.len() {
            match bytes[at] {
                b'}' if bytes.get(at + 1) == Some(&b'}') => {
                    at += 2;
                    break;
                }
                quote @ (b'"' | b'\'' | b'`') => match end_of_string(bytes, at, quote) {
                    Some(end) => at = end,
                    None => {
                        at += 1;
                        break;
                    }
                },
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    let length =
                        bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                    if !before.is_some_and(|byte| matches!(byte, b'.' | b'$') || byte.is_ascii_digit()) {
                        found.push(Found { at, name: &text[at..at + length] });
                    }
                    at += length;
                }
                _ => at += 1,
            }
            // Steps over the rest of a character that is no ASCII.
            while at < bytes.len() && !text.is_char_boundary(at) {
                at += 1;
            }
        }
    }
    found
}

/// The place behind a string that begins at `at`.
fn end_of_string(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in bytes.iter().enumerate().skip(at + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quote != b'`' => escaped = true,
            b'\n' if quote != b'`' => return None,
            byte if *byte == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_are_found() {
        for (text, names) in [
            ("{{ now }}", vec!["now"]),
            ("{{- now | date \"2006\" -}}", vec!["now", "date"]),
            ("{{ .now }} {{ $now := 1 }} {{ .Values.now.uuidv4 }}", vec![]),
            ("now {{/* now */}} {{- /* now */ -}} {{ \"now\" }} {{ `{{ now` }} {{ 'n' }}", vec![]),
            ("{{ if (eq now .x) }}{{ range $i, $e := shuffle .y }}é{{ end }}{{ end }}", vec!["now", "shuffle"]),
            ("{{ printf \"a\\\"now\" now }}", vec!["now"]),
            ("{{ \"never ends\nnow }} {{ uuidv4 }}", vec!["uuidv4"]),
            ("{{ é now }}", vec!["now"]),
            ("{{", vec![]),
            ("{{ randAlphaNum 3", vec!["randAlphaNum"]),
        ] {
            let found: Vec<_> = restless_calls("f", text).into_iter().map(|call| call.function).collect();
            assert_eq!(found, names, "{text}");
        }
        assert_eq!(restless_calls("f", "a\n{{\nnow }}")[0].line, 3);
    }

    #[test]
    fn the_list_is_sorted_as_it_is_searched() {
        assert!(RESTLESS.is_sorted());
    }

    #[test]
    fn other_functions_take_their_place_and_texts_come_back() {
        assert_eq!(
            without_lookup("{{ if (lookup \"v1\" \"Secret\" \"\" \"\").data }}").unwrap(),
            format!("{{{{ if ({NO_LOOKUP} \"v1\" \"Secret\" \"\" \"\").data }}}}")
        );
        assert_eq!(without_lookup("{{ .lookup }} lookup"), None);
        let other = other_clock("{{ now | ago }}").unwrap();
        assert_eq!(other, format!("{{{{ {OTHER_NOW} | {OTHER_AGO} }}}}"));
        assert_eq!(as_written(&other), "{{ now | ago }}");
        assert_eq!(as_written(&without_lookup("{{ lookup }}").unwrap()), "{{ lookup }}");
    }

    #[test]
    fn a_text_full_of_beginnings_costs_no_square() {
        for text in ["{{ \"".repeat(1 << 18), "{{/*".repeat(1 << 18), "{{ now ".repeat(1 << 17), "{{`".repeat(1 << 18)]
        {
            let begun = std::time::Instant::now();
            let _ = (restless_calls("f", &text).len(), other_clock(&text));
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
        }
    }
}
