//! The three shapes of error bodies that Azure answers (seen in the issues of other clients).

use serde_json::Value;

/// What an error body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Complaint {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// How deep a body may be wrapped into itself.
const DEPTH: usize = 3;
/// Characters of a message that are kept.
const KEPT: usize = 600;

/// Reads `{"error": {"code", "message"}}`, the same without `error` (Azure DNS), and a JSON *string* that holds it
/// (Private DNS, when it throttles). Anything else is its own message. Never fails.
pub(crate) fn complaint(bytes: &[u8]) -> Complaint {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return Complaint { code: String::new(), message: tame(&String::from_utf8_lossy(bytes)) };
    };
    of(&value, DEPTH)
}

/// The same from JSON, such as the `error` of an operation's status.
pub(crate) fn of(value: &Value, depth: usize) -> Complaint {
    match value {
        Value::String(text) if depth > 0 => match serde_json::from_str::<Value>(text) {
            Ok(inner) => of(&inner, depth - 1),
            Err(_) => Complaint { code: String::new(), message: tame(text) },
        },
        Value::Object(fields) => match fields.get("error") {
            // An identity endpoint's `error` is a word, beside `error_description`.
            Some(Value::String(code)) if fields.contains_key("error_description") => {
                Complaint { code: tame(code), message: text(fields.get("error_description")) }
            }
            Some(inner) if depth > 0 => of(inner, depth - 1),
            _ => {
                let details = fields.get("details").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let details: Vec<String> = details.iter().take(3).map(|detail| text(detail.get("message"))).collect();
                let mut message = text(fields.get("message"));
                for detail in details {
                    if !detail.is_empty() && !message.contains(&detail) {
                        message = format!("{message} ({detail})");
                    }
                }
                Complaint { code: text(fields.get("code")), message: tame(&message) }
            }
        },
        Value::Null => Complaint::default(),
        other => Complaint { code: String::new(), message: tame(&other.to_string()) },
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).map(tame).unwrap_or_default()
}

/// One line of a readable length, without control characters: it goes into logs and pages.
pub(crate) fn tame(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(KEPT) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// Takes out what is another in each answer: `[request …]` as [`Said`](crate::error::Said) shows it, and what Entra ID
/// ends its texts with, such as `Trace ID: … Correlation ID: … Timestamp: 2026-01-01 00:00:00Z`.
pub(crate) fn steady(text: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(" [request ")
        && let Some((_, after)) = after.split_once(']')
    {
        kept.push_str(before);
        rest = after;
    }
    kept.push_str(rest);
    let words: Vec<&str> = kept.split(' ').collect();
    let (mut at, mut left) = (0, Vec::new());
    while let Some(word) = words.get(at) {
        at += match (*word, words.get(at + 1)) {
            ("Trace" | "Correlation", Some(&"ID:")) | ("Timestamp:", Some(_)) => 3,
            _ => {
                left.push(*word);
                1
            }
        };
    }
    left.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_shapes_say_the_same() {
        let want = Complaint { code: "Throttled".into(), message: "Too many requests.".into() };
        for body in [
            r#"{"error":{"code":"Throttled","message":"Too many requests.","target":null,"details":[]}}"#,
            r#"{"code":"Throttled","message":"Too many requests."}"#,
            r#""{\"code\":\"Throttled\",\"message\":\"Too many requests.\"}""#,
            r#""{\"error\":{\"code\":\"Throttled\",\"message\":\"Too many requests.\"}}""#,
        ] {
            assert_eq!(complaint(body.as_bytes()), want, "{body}");
        }
    }

    #[test]
    fn anything_else_is_its_own_message_on_one_line() {
        for (body, code, message) in [
            ("", "", ""),
            ("null", "", ""),
            ("<html>\n<b>502</b>\r\n</html>", "", "<html> <b>502</b> </html>"),
            ("[1]", "", "[1]"),
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: bad"}"#,
                "invalid_client",
                "AADSTS7000215: bad",
            ),
            (r#"{"error":{"code":7}}"#, "", ""),
            (r#"{"code":"A","message":"b","details":[{"message":"c"}]}"#, "A", "b (c)"),
        ] {
            let got = complaint(body.as_bytes());
            assert_eq!((got.code.as_str(), got.message.as_str()), (code, message), "{body}");
        }
        let long = complaint("é".repeat(10_000).as_bytes());
        assert_eq!(long.message.chars().count(), KEPT + 1);
        let deep = format!("{}1{}", "{\"error\":".repeat(100), "}".repeat(100));
        complaint(deep.as_bytes());
    }

    #[test]
    fn the_same_refusal_reads_the_same() {
        for (text, want) in [
            (
                "x is forbidden (403 Forbidden: no [request 1f-2]): grant it",
                "x is forbidden (403 Forbidden: no): grant it",
            ),
            ("x: sent (408 [request a]); y (500 [request b])", "x: sent (408); y (500)"),
            (
                "AADSTS700016: not found. Trace ID: 1-2 Correlation ID: 3-4 Timestamp: 2026-01-01 00:00:00Z: see",
                "AADSTS700016: not found. see",
            ),
            ("cut off [request 1", "cut off [request 1"),
            ("cut off Trace ID:", "cut off"),
            ("a  plain Trace of it", "a  plain Trace of it"),
        ] {
            assert_eq!(steady(text), want);
        }
    }
}
