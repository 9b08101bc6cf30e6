//! `$filter` of lists of resources and groups: terms with `eq`, `ne`, `startswith` and `substringof`, joined by `and` and
//! `or`, in parentheses where need be.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::arm::{ArmError, Call};

/// What a term may ask for. A tag's name and value are asked of one tag at a time.
const NAMES: [&str; 6] = ["resourceType", "name", "resourceGroup", "location", "tagName", "tagValue"];

/// Most parentheses, since each one inside another takes stack.
const DEEPEST: usize = 32;

/// What is known of one resource or group.
pub(super) struct Facts<'a> {
    pub(super) kind: String,
    pub(super) name: &'a str,
    pub(super) group: &'a str,
    pub(super) location: &'a str,
    pub(super) tags: Option<&'a Map<String, Value>>,
}

/// A filter; without one everything passes.
#[derive(Debug)]
pub(super) struct Filter(Option<Term>);

#[derive(Debug)]
enum Term {
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
    Is { name: &'static str, test: Test, value: String },
}

#[derive(Clone, Copy, Debug)]
enum Test {
    Equal,
    StartsWith,
    Contains,
}

impl Filter {
    /// The filter of a call.
    ///
    /// # Errors
    /// 400 that quotes what isn't understood.
    pub(super) fn of(call: &Call) -> Result<Self, ArmError> {
        let text = call.query("$filter").unwrap_or_default();
        Self::parse(text).ok_or_else(|| {
            let text = format!(
                "The filter '{text}' is not understood here; write terms such as resourceType eq 'value', joined by and, or. \
                 They may ask for {}.",
                NAMES.join(", ")
            );
            ArmError::front(StatusCode::BAD_REQUEST, "InvalidFilterInQueryString", text)
        })
    }

    fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self(None));
        }
        if text.matches('(').count() > DEEPEST {
            return None;
        }
        let words = words(text)?;
        let mut rest = words.as_slice();
        let term = any(&mut rest)?;
        rest.is_empty().then_some(Self(Some(term)))
    }

    /// Does it let something through?
    pub(super) fn passes(&self, facts: &Facts<'_>) -> bool {
        let Some(term) = &self.0 else { return true };
        match facts.tags.filter(|tags| !tags.is_empty()) {
            Some(tags) => {
                tags.iter().any(|(name, value)| term.holds(facts, (name, value.as_str().unwrap_or_default())))
            }
            None => term.holds(facts, ("", "")),
        }
    }
}

impl Term {
    fn holds(&self, facts: &Facts<'_>, tag: (&str, &str)) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.holds(facts, tag)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(facts, tag)),
            Self::Not(term) => !term.holds(facts, tag),
            Self::Is { name, test, value } => {
                let fact = match *name {
                    "resourceType" => &facts.kind,
                    "name" => facts.name,
                    "resourceGroup" => facts.group,
                    "location" => facts.location,
                    "tagName" => tag.0,
                    _ => tag.1,
                };
                let (fact, value) = (fact.to_lowercase(), value.to_lowercase());
                match test {
                    Test::Equal => fact == value,
                    Test::StartsWith => fact.starts_with(&value),
                    Test::Contains => fact.contains(&value),
                }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
    Mark(char),
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '(' | ')' | ',' => (Word::Mark(first), &rest[1..]),
            '\'' => {
                let (inner, after) = quoted(&rest[1..])?;
                (Word::Quoted(inner), after)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "(),'".contains(c)).unwrap_or(rest.len());
                (Word::Plain(rest[..end].to_owned()), &rest[end..])
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    Some(words)
}

/// Text up to its quote; two quotes stand for one.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut inner = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        inner.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                inner.push('\'');
                rest = more;
            }
            None => return Some((inner, after)),
        }
    }
}

fn plain(rest: &mut &[Word], wanted: &str) -> bool {
    match rest.split_first() {
        Some((Word::Plain(word), after)) if word.eq_ignore_ascii_case(wanted) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn mark(rest: &mut &[Word], wanted: char) -> Option<()> {
    let (word, after) = rest.split_first()?;
    *rest = after;
    (*word == Word::Mark(wanted)).then_some(())
}

fn any(rest: &mut &[Word]) -> Option<Term> {
    let mut terms = vec![all(rest)?];
    while plain(rest, "or") {
        terms.push(all(rest)?);
    }
    Some(Term::Any(terms))
}

fn all(rest: &mut &[Word]) -> Option<Term> {
    let mut terms = vec![one(rest)?];
    while plain(rest, "and") {
        terms.push(one(rest)?);
    }
    Some(Term::All(terms))
}

fn one(rest: &mut &[Word]) -> Option<Term> {
    let (word, after) = rest.split_first()?;
    *rest = after;
    let Word::Plain(word) = word else {
        return match word {
            Word::Mark('(') => {
                let inner = any(rest)?;
                mark(rest, ')')?;
                Some(inner)
            }
            _ => None,
        };
    };
    match word.to_ascii_lowercase().as_str() {
        "startswith" => call(rest, Test::StartsWith),
        "substringof" => call(rest, Test::Contains),
        _ => {
            let name = known(word)?;
            let not = plain(rest, "ne");
            if !not && !plain(rest, "eq") {
                return None;
            }
            let term = Term::Is { name, test: Test::Equal, value: value(rest)? };
            Some(if not { Term::Not(Box::new(term)) } else { term })
        }
    }
}

/// `startswith(name, 'value')` and `substringof('value', name)`: the name and the value in either order.
fn call(rest: &mut &[Word], test: Test) -> Option<Term> {
    mark(rest, '(')?;
    let (first, after) = rest.split_first()?;
    *rest = after;
    mark(rest, ',')?;
    let (second, after) = rest.split_first()?;
    *rest = after;
    mark(rest, ')')?;
    match (first, second) {
        (Word::Plain(name), Word::Quoted(value)) | (Word::Quoted(value), Word::Plain(name)) => {
            Some(Term::Is { name: known(name)?, test, value: value.clone() })
        }
        _ => None,
    }
}

fn known(word: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(word))
}

fn value(rest: &mut &[Word]) -> Option<String> {
    let (word, after) = rest.split_first()?;
    *rest = after;
    match word {
        Word::Quoted(value) => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, Filter};
    use serde_json::json;

    #[test]
    fn filters_choose() {
        let tags = json!({"env": "prod", "team": "o'neil"});
        let facts = Facts {
            kind: "Microsoft.Network/dnszones".to_owned(),
            name: "contoso.dev",
            group: "Rg",
            location: "global",
            tags: tags.as_object(),
        };
        for (filter, passes) in [
            ("", true),
            ("resourceType eq 'microsoft.network/dnsZones'", true),
            ("resourceGroup eq 'rg' and name eq 'contoso.dev'", true),
            ("resourceGroup eq 'rg' and name ne 'contoso.dev'", false),
            ("name eq 'x' or (location eq 'global' and name eq 'contoso.dev')", true),
            ("tagName eq 'env' and tagValue eq 'prod'", true),
            ("tagname eq 'env' and tagvalue eq 'o''neil'", false),
            ("tagName eq 'team' and tagValue eq 'o''neil'", true),
            ("startswith(name, 'contoso') and substringof('.dev', name)", true),
            ("startswith(tagName, 'x')", false),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().passes(&facts), passes, "{filter}");
        }
        let bare = Facts { tags: None, ..facts };
        for (filter, passes) in [
            ("name eq 'contoso.dev' or tagName eq 'env'", true),
            ("tagName eq 'env'", false),
            ("tagName ne 'env'", true),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().passes(&bare), passes, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "name",
            "name eq",
            "name eq 'x",
            "name eq x",
            "size eq '1'",
            "(name eq 'x'",
            "name eq 'x' 'y'",
            "'x'",
            "name eq 'x' and",
        ] {
            assert!(Filter::parse(filter).is_none(), "{filter}");
        }
    }
}
