//! Expressions: what a row must be, and what is shown of it.

use std::cmp::Ordering;

use serde_json::Value;

use super::words::Word;

/// Most parentheses, since each one inside another takes stack.
const DEEPEST: usize = 32;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Is { left: Box<Expression>, test: String, right: Vec<Expression> },
    Column(Vec<String>),
    Literal(Value),
    Call(String, Vec<Expression>),
}

/// What is left to read.
#[derive(Debug)]
pub(super) struct Rest<'a> {
    pub(super) words: &'a [Word],
    pub(super) depth: usize,
}

const TESTS: [&str; 20] = [
    "==",
    "!=",
    "=~",
    "!~",
    ">",
    "<",
    ">=",
    "<=",
    "contains",
    "!contains",
    "startswith",
    "!startswith",
    "endswith",
    "!endswith",
    "has",
    "!has",
    "in",
    "!in",
    "in~",
    "!in~",
];
const CALLS: [&str; 8] = ["tolower", "toupper", "tostring", "isempty", "isnotempty", "isnull", "isnotnull", "not"];

impl Rest<'_> {
    /// Takes a mark, or a name without case, if it comes next.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let found = match self.words.first() {
            Some(Word::Mark(mark)) => *mark == wanted,
            Some(Word::Name(name)) => name.eq_ignore_ascii_case(wanted),
            _ => false,
        };
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    /// Takes a mark or a name that must come next.
    pub(super) fn need(&mut self, wanted: &str) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(format!("'{wanted}' is missing before {}", self.next())) }
    }

    /// What comes next, for messages.
    pub(super) fn next(&self) -> String {
        match self.words.first() {
            None => "the end".to_owned(),
            Some(Word::Mark(mark)) => format!("'{mark}'"),
            Some(Word::Name(name)) => format!("'{name}'"),
            Some(Word::Text(text)) => format!("the text '{text}'"),
            Some(Word::Number(number)) => number.to_string(),
        }
    }

    /// A name that must come next.
    pub(super) fn name(&mut self) -> Result<String, String> {
        match self.words.split_first() {
            Some((Word::Name(name), rest)) => {
                self.words = rest;
                Ok(name.clone())
            }
            _ => Err(format!("a name is missing before {}", self.next())),
        }
    }

    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Result<Expression, String> {
        let mut terms = vec![self.all()?];
        while self.take("or") {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Expression::Any(terms) })
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut terms = vec![self.term()?];
        while self.take("and") {
            terms.push(self.term()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Expression::All(terms) })
    }

    fn term(&mut self) -> Result<Expression, String> {
        let left = self.operand()?;
        let test = match self.words.first() {
            Some(Word::Mark(mark)) => (*mark).to_owned(),
            Some(Word::Name(name)) => name.to_ascii_lowercase(),
            _ => return Ok(left),
        };
        if !TESTS.contains(&test.as_str()) {
            return Ok(left);
        }
        self.words = &self.words[1..];
        let right = if test.contains("in") && !test.contains("contains") {
            self.need("(")?;
            self.list()?
        } else {
            vec![self.operand()?]
        };
        Ok(Expression::Is { left: Box::new(left), test, right })
    }

    /// Expressions up to the closing parenthesis.
    fn list(&mut self) -> Result<Vec<Expression>, String> {
        let mut all = Vec::new();
        while !self.take(")") {
            if !all.is_empty() {
                self.need(",")?;
            }
            all.push(self.deeper(Self::expression)?);
        }
        Ok(all)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == DEEPEST {
            return Err("there are too many parentheses inside one another".to_owned());
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn operand(&mut self) -> Result<Expression, String> {
        if self.take("(") {
            let inner = self.deeper(Self::expression)?;
            return self.need(")").map(|()| inner);
        }
        let Some((word, rest)) = self.words.split_first() else {
            return Err("an expression ends too early".to_owned());
        };
        let value: Value = match word {
            Word::Text(text) => text.clone().into(),
            Word::Number(number) => (*number).into(),
            Word::Mark(mark) => return Err(format!("'{mark}' is no value")),
            Word::Name(_) => return self.named(),
        };
        self.words = rest;
        Ok(Expression::Literal(value))
    }

    /// A column with what is below it, `true`, `false`, or a call.
    fn named(&mut self) -> Result<Expression, String> {
        let name = self.name()?;
        if self.take("(") {
            let name = name.to_ascii_lowercase();
            if !CALLS.contains(&name.as_str()) {
                return Err(format!("the function '{name}' is not known here; there are {}", CALLS.join(", ")));
            }
            return self.list().map(|given| Expression::Call(name, given));
        }
        if let Ok(known) = name.to_ascii_lowercase().parse::<bool>() {
            return Ok(Expression::Literal(known.into()));
        }
        let mut path = vec![name];
        loop {
            if self.take(".") {
                path.push(self.name()?);
            } else if self.take("[") {
                match self.words.split_first() {
                    Some((Word::Text(key), rest)) => {
                        path.push(key.clone());
                        self.words = rest;
                    }
                    _ => return Err(format!("a text in quotes is missing before {}", self.next())),
                }
                self.need("]")?;
            } else {
                return Ok(Expression::Column(path));
            }
        }
    }
}

impl Expression {
    /// The name that a column gets when none is given.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Column(path) => Some(path.join("_")),
            Self::Call(_, given) => given.first().and_then(Self::name),
            _ => None,
        }
    }

    /// Does it hold for a row?
    pub(super) fn holds(&self, row: &Value) -> bool {
        self.of(row) == Value::Bool(true)
    }

    /// Its value for a row.
    pub(super) fn of(&self, row: &Value) -> Value {
        match self {
            Self::Any(terms) => terms.iter().any(|term| term.holds(row)).into(),
            Self::All(terms) => terms.iter().all(|term| term.holds(row)).into(),
            Self::Is { left, test, right } => {
                let left = left.of(row);
                is(&left, test, &right.iter().map(|one| one.of(row)).collect::<Vec<_>>()).into()
            }
            Self::Column(path) => path.iter().fold(row, |value, key| below(value, key)).clone(),
            Self::Literal(value) => value.clone(),
            Self::Call(name, given) => {
                let value = given.first().map_or(Value::Null, |one| one.of(row));
                let empty = value.is_null() || value == "";
                match name.as_str() {
                    "tolower" => shown(&value).to_lowercase().into(),
                    "toupper" => shown(&value).to_uppercase().into(),
                    "tostring" => shown(&value).into(),
                    "isempty" => empty.into(),
                    "isnotempty" => (!empty).into(),
                    "isnull" => value.is_null().into(),
                    "isnotnull" => (!value.is_null()).into(),
                    _ => (value != Value::Bool(true)).into(),
                }
            }
        }
    }
}

/// A value by its key, spelled as it is or else without case.
fn below<'a>(value: &'a Value, key: &str) -> &'a Value {
    let Some(map) = value.as_object() else { return &Value::Null };
    let other = || map.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    map.get(key).or_else(other).unwrap_or(&Value::Null)
}

/// A value as text; nothing for null.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How two values follow one another: numbers by size, all else as text.
pub(super) fn order(one: &Value, other: &Value) -> Ordering {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => shown(one).cmp(&shown(other)),
    }
}

fn is(left: &Value, test: &str, right: &[Value]) -> bool {
    if let Some(opposite) = test.strip_prefix('!') {
        let opposite = match opposite {
            "=" => "==",
            "~" => "=~",
            other => other,
        };
        return !is(left, opposite, right);
    }
    let folded = |value: &Value| shown(value).to_lowercase();
    let (own, first) = (folded(left), right.first().unwrap_or(&Value::Null));
    let given = folded(first);
    let known = !left.is_null();
    match test {
        "==" => known && order(left, first).is_eq(),
        "=~" => known && own == given,
        "in" => right.iter().any(|one| known && order(left, one).is_eq()),
        "in~" => right.iter().any(|one| known && own == folded(one)),
        ">" => known && order(left, first).is_gt(),
        "<" => known && order(left, first).is_lt(),
        ">=" => known && order(left, first).is_ge(),
        "<=" => known && order(left, first).is_le(),
        "contains" => own.contains(&given),
        "startswith" => own.starts_with(&given),
        "endswith" => own.ends_with(&given),
        // A term is letters and digits between others.
        _ => own.split(|c: char| !c.is_alphanumeric()).any(|term| term == given) || (own == given && known),
    }
}
