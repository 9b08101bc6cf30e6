//! Lists in pages, with absolute links.

use serde_json::{Value, json};

use super::call::percent_encode;
use super::{ArmError, Call, Reply};

/// What the link's continuation is called in the query.
const SKIP: &str = "$skiptoken";

/// One page of a list: as many as `$top` says, else `page_size` (0: all). The link to the next page has the caller's
/// own scheme, host, path and query.
///
/// # Errors
/// When `$top` or the continuation is no number.
pub(crate) fn page(call: &Call, items: Vec<Value>, page_size: usize) -> Result<Reply, ArmError> {
    let number = |name: &str| match call.query(name) {
        None | Some("") => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| {
            ArmError::bad("BadRequest", format!("The value '{text}' of the query parameter '{name}' is not a number."))
        }),
    };
    let (top, start) = (number("$top")?, number(SKIP)?.unwrap_or(0));
    let size = match top {
        Some(0) => {
            return Err(ArmError::bad("BadRequest", "The query parameter '$top' must be at least 1."));
        }
        Some(top) => top,
        None if page_size == 0 => usize::MAX,
        None => page_size,
    };
    let total = items.len();
    let members: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let end = start.saturating_add(members.len());
    let mut body = json!({ "value": members });
    if end < total {
        body["nextLink"] = Value::String(next_link(call, end));
    }
    Ok(Reply::ok(body))
}

fn next_link(call: &Call, start: usize) -> String {
    let others = call.query.iter().filter(|(name, _)| *name != SKIP);
    let mut pairs: Vec<String> =
        others.map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect();
    pairs.push(format!("{}={start}", percent_encode(SKIP)));
    format!("{}{}?{}", call.base, call.path, pairs.join("&"))
}
