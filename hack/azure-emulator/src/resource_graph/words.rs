//! The words of a question.

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// A column, an operator or a function, such as `type`, `project-away` or `!in~`.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Anything else.
    Mark(&'static str),
}

/// Longer ones first.
const MARKS: [&str; 16] = ["==", "=~", "!=", "!~", ">=", "<=", "|", ",", "(", ")", "[", "]", ".", "=", ">", "<"];

/// Cuts a question into words.
///
/// # Errors
/// A sentence that quotes what is no word.
pub(super) fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '/' if rest.starts_with("//") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after).trim_start();
                continue;
            }
            '\'' | '"' => quoted(rest, first)?,
            _ if first.is_ascii_digit() => number(rest)?,
            _ if first.is_alphabetic() || "_$".contains(first) => name(rest),
            '!' if rest[1..].starts_with(char::is_alphabetic) => name(rest),
            _ => match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => (Word::Mark(mark), &rest[mark.len()..]),
                None => return Err(format!("'{first}' is not understood in '{}'", text.trim())),
            },
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn name(text: &str) -> (Word, &str) {
    let inner = |c: char| c.is_alphanumeric() || "_$".contains(c);
    let start = usize::from(text.starts_with('!'));
    let mut end = text[start..].find(|c: char| !inner(c)).map_or(text.len(), |at| start + at);
    if text[..end].eq_ignore_ascii_case("project") && text[end..].starts_with("-away") {
        end += "-away".len();
    }
    if text[end..].starts_with('~') {
        end += 1;
    }
    (Word::Name(text[..end].to_owned()), &text[end..])
}

fn number(text: &str) -> Result<(Word, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().map_err(|_| format!("'{}' is too large a number", &text[..end]))?;
    Ok((Word::Number(number), &text[end..]))
}

fn quoted(text: &str, quote: char) -> Result<(Word, &str), String> {
    let mut inner = String::new();
    let mut all = text.char_indices().skip(1);
    while let Some((at, c)) = all.next() {
        match c {
            '\\' => match all.next() {
                Some((_, 'n')) => inner.push('\n'),
                Some((_, 't')) => inner.push('\t'),
                Some((_, c)) => inner.push(c),
                None => break,
            },
            c if c == quote => return Ok((Word::Text(inner), &text[at + 1..])),
            c => inner.push(c),
        }
    }
    Err(format!("the text that begins at {text} has no end"))
}

#[cfg(test)]
mod tests {
    use super::{Word, words};

    #[test]
    fn a_question_is_cut() {
        let cut = words("where type !in~ ('a', \"b\\\"c\") // no\n| project-away x.y == 12").unwrap();
        let name = |text: &str| Word::Name(text.to_owned());
        let text = |text: &str| Word::Text(text.to_owned());
        let mark = Word::Mark;
        assert_eq!(
            cut,
            [
                name("where"),
                name("type"),
                name("!in~"),
                mark("("),
                text("a"),
                mark(","),
                text("b\"c"),
                mark(")"),
                mark("|"),
                name("project-away"),
                name("x"),
                mark("."),
                name("y"),
                mark("=="),
                Word::Number(12),
            ]
        );
        for wrong in ["where 'a", "a # b", "99999999999999999999", "'\\"] {
            assert!(words(wrong).is_err(), "{wrong}");
        }
    }
}
