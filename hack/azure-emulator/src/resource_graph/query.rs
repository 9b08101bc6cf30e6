//! Whole questions: a table and what is done with its rows, step by step.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::expression::{Expression, Rest, order};
use super::words::{Word, words};

/// A question.
#[derive(Debug)]
pub(super) struct Query {
    /// The table, in lower case.
    pub(super) table: String,
    steps: Vec<Step>,
}

type Columns = Vec<(String, Expression)>;

#[derive(Debug)]
enum Step {
    Where(Expression),
    Project(Columns),
    Extend(Columns),
    Away(Vec<String>),
    Distinct(Columns),
    /// What to sort by, and whether the largest come first.
    Sort(Vec<(Expression, bool)>),
    Take(usize),
    /// How many rows there are, for each value of the columns.
    Count(String, Columns),
}

const STEPS: &str =
    "where, project, project-away, extend, distinct, order by, sort by, limit, take, count, summarize count()";

impl Query {
    /// Reads a question.
    ///
    /// # Errors
    /// A sentence about the first thing that isn't understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let words = words(text)?;
        let mut parts = words.split(|word| *word == Word::Mark("|")).peekable();
        // A question may begin with its first step.
        let table = match parts.peek() {
            Some([Word::Name(table)]) if !table.eq_ignore_ascii_case("count") => {
                let table = table.to_ascii_lowercase();
                parts.next();
                table
            }
            _ => "resources".to_owned(),
        };
        let steps = parts.map(step).collect::<Result<_, _>>()?;
        Ok(Self { table, steps })
    }

    /// Does the work.
    pub(super) fn run(&self, rows: Vec<Value>) -> Vec<Value> {
        self.steps.iter().fold(rows, |rows, step| step.run(rows))
    }
}

fn step(words: &[Word]) -> Result<Step, String> {
    let mut rest = Rest { words, depth: 0 };
    let name = rest.name()?.to_ascii_lowercase();
    let step = match name.as_str() {
        "where" => Step::Where(rest.expression()?),
        "project" => Step::Project(columns(&mut rest)?),
        "extend" => Step::Extend(columns(&mut rest)?),
        "distinct" => Step::Distinct(columns(&mut rest)?),
        "project-away" => Step::Away(columns(&mut rest)?.into_iter().map(|(name, _)| name).collect()),
        "order" | "sort" => {
            rest.need("by")?;
            Step::Sort(sorting(&mut rest)?)
        }
        "limit" | "take" => Step::Take(number(&mut rest)?),
        "count" => Step::Count("Count".to_owned(), Vec::new()),
        "summarize" => {
            let named = matches!(rest.words, [Word::Name(_), Word::Mark("="), ..]);
            let name = if named { rest.name()? } else { "count_".to_owned() };
            if named {
                rest.need("=")?;
            }
            for wanted in ["count", "(", ")"] {
                rest.need(wanted)?;
            }
            let by = if rest.take("by") { columns(&mut rest)? } else { Vec::new() };
            Step::Count(name, by)
        }
        other => return Err(format!("the step '{other}' is not known here; there are {STEPS}")),
    };
    if rest.words.is_empty() { Ok(step) } else { Err(format!("{} is too much behind '{name}'", rest.next())) }
}

fn number(rest: &mut Rest<'_>) -> Result<usize, String> {
    match rest.words.split_first() {
        Some((Word::Number(number), after)) => {
            rest.words = after;
            usize::try_from(*number).map_err(|_| format!("{number} is too large"))
        }
        _ => Err(format!("a number is missing before {}", rest.next())),
    }
}

/// `a, b = tolower(c)`
fn columns(rest: &mut Rest<'_>) -> Result<Columns, String> {
    let mut all = Columns::new();
    loop {
        let named = matches!(rest.words, [Word::Name(_), Word::Mark("="), ..]);
        let name = if named { Some(rest.name()?) } else { None };
        if named {
            rest.need("=")?;
        }
        let expression = rest.expression()?;
        let name = name.or_else(|| expression.name()).unwrap_or_else(|| format!("Column{}", all.len() + 1));
        all.push((name, expression));
        if !rest.take(",") {
            return Ok(all);
        }
    }
}

fn sorting(rest: &mut Rest<'_>) -> Result<Vec<(Expression, bool)>, String> {
    let mut all = Vec::new();
    loop {
        let by = rest.expression()?;
        // Without a word the largest come first.
        let rising = rest.take("asc");
        if !rising {
            rest.take("desc");
        }
        all.push((by, !rising));
        if !rest.take(",") {
            return Ok(all);
        }
    }
}

fn shown(row: &Value, columns: &[(String, Expression)]) -> Value {
    Value::Object(columns.iter().map(|(name, value)| (name.clone(), value.of(row))).collect())
}

impl Step {
    fn run(&self, mut rows: Vec<Value>) -> Vec<Value> {
        match self {
            Self::Where(wanted) => rows.retain(|row| wanted.holds(row)),
            Self::Project(columns) => rows = rows.iter().map(|row| shown(row, columns)).collect(),
            Self::Extend(columns) => {
                for row in &mut rows {
                    let more = shown(row, columns);
                    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
                        row.extend(more);
                    }
                }
            }
            Self::Away(names) => {
                for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                    row.retain(|name, _| !names.contains(name));
                }
            }
            Self::Distinct(columns) => {
                let mut seen = Vec::new();
                for row in rows.iter().map(|row| shown(row, columns)) {
                    if !seen.contains(&row) {
                        seen.push(row);
                    }
                }
                rows = seen;
            }
            Self::Sort(by) => rows.sort_by(|one, other| {
                by.iter().fold(Ordering::Equal, |so_far, (value, falling)| {
                    so_far.then_with(|| {
                        let order = order(&value.of(one), &value.of(other));
                        if *falling { order.reverse() } else { order }
                    })
                })
            }),
            Self::Take(most) => rows.truncate(*most),
            Self::Count(name, by) => rows = count(&rows, name, by),
        }
        rows
    }
}

fn count(rows: &[Value], name: &str, by: &[(String, Expression)]) -> Vec<Value> {
    let mut counts: Vec<(Value, u64)> = Vec::new();
    if by.is_empty() {
        counts.push((Value::Object(Map::new()), 0));
    }
    for row in rows {
        let group = shown(row, by);
        match counts.iter_mut().find(|(known, _)| *known == group) {
            Some((_, count)) => *count += 1,
            None => counts.push((group, 1)),
        }
    }
    let with = |(mut group, count): (Value, u64)| {
        group[name] = count.into();
        group
    };
    counts.into_iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Query;

    fn ask(text: &str) -> Value {
        let rows = vec![
            json!({"name": "b", "type": "microsoft.network/dnszones", "tags": {"Team": "x"}, "properties": {"n": 10}}),
            json!({"name": "a", "type": "microsoft.network/dnszones", "tags": {}, "properties": {"n": 9}}),
            json!({"name": "C", "type": "microsoft.cdn/profiles", "tags": null, "properties": {"n": 2, "on": true}}),
        ];
        Value::Array(Query::parse(text).unwrap().run(rows))
    }

    #[test]
    fn questions_are_answered() {
        let names = |text: &str| -> Vec<String> {
            let rows = ask(text);
            rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
        };
        for (text, expected) in [
            ("Resources", "b a C"),
            ("\nresources\n| where type =~ \"Microsoft.Network/DNSZones\"\n| project name", "b a"),
            ("where type == 'Microsoft.Network/dnszones'", ""),
            ("resources | where type !~ 'microsoft.network/dnszones'", "C"),
            ("resources | where tags.team =~ 'X' or tags['Team'] == 'y'", "b"),
            ("resources | where name in~ ('A', 'c') | order by name asc", "C a"),
            ("resources | where not(name in ('b')) and type has 'network'", "a"),
            ("resources | where properties.n > 8 | sort by properties.n", "b a"),
            ("resources | where isnotempty(tags.Team) or properties.on == true | order by tolower(name) asc", "b C"),
            ("resources | where name !contains 'B' | limit 1", "a"),
        ] {
            assert_eq!(names(text).join(" "), expected, "{text}");
        }
        assert_eq!(ask("count"), json!([{"Count": 3}]));
        assert_eq!(
            ask("resources | summarize many = count() by type"),
            json!([{"type": "microsoft.network/dnszones", "many": 2}, {"type": "microsoft.cdn/profiles", "many": 1}])
        );
        assert_eq!(
            ask("resources | project who = toupper(name), properties.n | take 1"),
            json!([{"who": "B", "properties_n": 10}])
        );
        assert_eq!(ask("resources | distinct type | project-away type | extend x = 1 | take 1"), json!([{"x": 1}]));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (text, part) in [
            ("resources | join (x) on y", "'join'"),
            ("resources | where", "ends too early"),
            ("resources | where name = 'a'", "'='"),
            ("resources | where strcat(name) == 'a'", "'strcat'"),
            ("resources | take a", "a number"),
            ("resources | where name == 'a' limit 1", "'limit' is too much"),
            ("resources | where name in 'a'", "'('"),
            ("resources | ", "a name"),
        ] {
            let why = Query::parse(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
        let deep = format!("where {}name{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(Query::parse(&deep).unwrap_err().contains("too many"));
    }
}
