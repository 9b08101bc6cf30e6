//! Label selectors as Kubernetes reads them: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`.

use teal_yaml::{Map, Value};

/// Longest name, and longest value, of a label.
const LONGEST: usize = 63;
/// Longest part before the slash of a name.
const LONGEST_PREFIX: usize = 253;

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requirement {
    In(String, Vec<String>),
    /// Also met when the label is absent.
    NotIn(String, Vec<String>),
    More(String, i64),
    Less(String, i64),
    Exists(String),
    Absent(String),
}

impl Requirement {
    pub(super) fn is_met(&self, map: Option<&Map>) -> bool {
        let value = |key: &str| map.and_then(|map| map.get(key)).and_then(Value::as_str);
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.iter().any(|other| other == value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|other| other != value)),
            Self::More(key, bound) => value(key).and_then(|text| text.parse::<i64>().ok()).is_some_and(|n| n > *bound),
            Self::Less(key, bound) => value(key).and_then(|text| text.parse::<i64>().ok()).is_some_and(|n| n < *bound),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

type Wrong = &'static str;

/// Reads a selector; an empty one has no requirements.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, Wrong> {
    let mut tokens = Tokens { rest: text };
    let mut requirements = Vec::new();
    while let Some(token) = tokens.next() {
        requirements.push(one(token, &mut tokens)?);
        match tokens.next() {
            None => break,
            Some(",") if tokens.peek().is_some() => {}
            Some(",") => return Err("after the last comma stands nothing"),
            Some(_) => return Err("expected a comma, or the end"),
        }
    }
    Ok(requirements)
}

fn one<'t>(first: &'t str, tokens: &mut Tokens<'t>) -> Result<Requirement, Wrong> {
    if first == "!" {
        return Ok(Requirement::Absent(key(tokens.next())?));
    }
    let key = key(Some(first))?;
    if matches!(tokens.peek(), None | Some(",")) {
        return Ok(Requirement::Exists(key));
    }
    match tokens.next() {
        Some("=" | "==") => Ok(Requirement::In(key, vec![exact(tokens)?])),
        Some("!=") => Ok(Requirement::NotIn(key, vec![exact(tokens)?])),
        Some("in") => Ok(Requirement::In(key, list(tokens)?)),
        Some("notin") => Ok(Requirement::NotIn(key, list(tokens)?)),
        Some(">") => Ok(Requirement::More(key, bound(tokens)?)),
        Some("<") => Ok(Requirement::Less(key, bound(tokens)?)),
        _ => Err("after a name stands =, ==, !=, in, notin, > or <"),
    }
}

/// A label's name, perhaps with a DNS name and a slash before it.
fn key(token: Option<&str>) -> Result<String, Wrong> {
    let key = token.ok_or("a label name is missing")?;
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_label = |part: &str| {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(is_inner) && part.ends_with(is_inner) && part.chars().all(|c| is_inner(c) || c == '-')
    };
    let is_prefix = prefix.is_none_or(|prefix| prefix.len() <= LONGEST_PREFIX && prefix.split('.').all(is_label));
    if is_prefix && !name.is_empty() && is_value(name) { Ok(key.to_owned()) } else { Err("this is no label name") }
}

/// Letters, digits, `-`, `_` and `.`, at both ends a letter or digit; or nothing.
fn is_value(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    text.is_empty()
        || (text.len() <= LONGEST
            && text.starts_with(is_end)
            && text.ends_with(is_end)
            && text.chars().all(|c| is_end(c) || matches!(c, '-' | '_' | '.')))
}

fn value(text: &str) -> Result<String, Wrong> {
    if is_value(text) { Ok(text.to_owned()) } else { Err("this is no label value") }
}

/// The value behind `=`; none is the empty one.
fn exact(tokens: &mut Tokens<'_>) -> Result<String, Wrong> {
    match tokens.peek() {
        None | Some(",") => Ok(String::new()),
        Some(_) => value(tokens.next().unwrap_or_default()),
    }
}

fn bound(tokens: &mut Tokens<'_>) -> Result<i64, Wrong> {
    tokens.next().and_then(|text| text.parse().ok()).ok_or("after > or < stands a whole number")
}

/// `(a, b)`; what is missing between commas is an empty value.
fn list(tokens: &mut Tokens<'_>) -> Result<Vec<String>, Wrong> {
    if tokens.next() != Some("(") {
        return Err("a list begins with a parenthesis");
    }
    let mut values = Vec::new();
    let mut is_open = true;
    loop {
        match tokens.next() {
            Some(")") => {
                if is_open {
                    values.push(String::new());
                }
                return Ok(values);
            }
            Some(",") => {
                if is_open {
                    values.push(String::new());
                }
                is_open = true;
            }
            Some(text) if is_open => {
                values.push(value(text)?);
                is_open = false;
            }
            Some(_) => return Err("the values of a list are joined by commas"),
            None => return Err("a parenthesis is never closed"),
        }
    }
}

/// Words and signs of a selector.
struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    fn peek(&self) -> Option<&'t str> {
        Tokens { rest: self.rest }.next()
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let is_sign = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
        let rest = self.rest.trim_start();
        let length = match rest.chars().next()? {
            c if is_sign(c) => ["==", "!="].into_iter().find(|sign| rest.starts_with(sign)).map_or(1, str::len),
            _ => rest.find(|c: char| is_sign(c) || c.is_whitespace()).unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at(length);
        self.rest = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn selectors_are_read_as_kubernetes_reads_them() {
        for good in [
            "",
            "a",
            "!a",
            "a=",
            "a=b",
            "a = b",
            "a==b",
            "a!=b",
            "a in (b, c)",
            "a notin (b)",
            "a in (b,)",
            "a in ()",
            "in=notin",
            "x.io/a=b,!c , d",
            "a>1",
            "a<-1",
        ] {
            assert!(parse(good).is_ok(), "{good}: {:?}", parse(good));
        }
        for bad in [
            "a,",
            ",a",
            "a b",
            "a/b/c=x",
            "A.B/c",
            "a=b c",
            "a in b",
            "a in (b c)",
            "a in (b",
            "a>x",
            "==",
            "a=-",
            "!a=b",
            "a=b/c",
            "=b",
            "a gt 3",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
