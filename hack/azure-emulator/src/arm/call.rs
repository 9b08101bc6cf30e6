//! One call as the core sees it: no sockets, no encodings.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::path::Target;

/// Who calls, as the token says or as nobody checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Principal {
    /// Tenant's id.
    pub(crate) tenant: String,
    /// Client's (application's) id.
    pub(crate) client: String,
    /// Object's id: what role assignments name.
    pub(crate) object: String,
}

impl Principal {
    /// Is it what an assignment names by this id, a client's or an object's?
    pub(crate) fn is(&self, id: &str) -> bool {
        [&self.client, &self.object].into_iter().any(|own| own.eq_ignore_ascii_case(id))
    }
}

/// One call to the resource manager, or to a data plane below another host.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// GET, PUT, PATCH, DELETE, POST or HEAD.
    pub(crate) method: Method,
    /// The path as sent.
    pub(crate) path: String,
    /// What the path means.
    pub(crate) target: Target,
    /// `api-version`; never empty when a provider sees the call.
    pub(crate) api_version: String,
    /// Query values, decoded, keys in lower case.
    pub(crate) query: BTreeMap<String, String>,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, `Value::Null` when there was none.
    pub(crate) body: Value,
    /// Scheme, host and port the caller used, such as `https://localhost:8443`: absolute links start with it.
    pub(crate) base: String,
    /// Who calls.
    pub(crate) principal: Principal,
    /// `x-ms-request-id` of the answer.
    pub(crate) request_id: String,
}

impl Call {
    /// A query value by its name, without case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Path and query as they would be sent again.
    pub(crate) fn path_and_query(&self) -> String {
        let pairs: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
            .collect();
        format!("{}?{}", self.path, pairs.join("&"))
    }

    /// The body as an object; `None` for anything else.
    pub(crate) fn object(&self) -> Option<&Map<String, Value>> {
        self.body.as_object()
    }

    /// `properties` of the body; an empty object when it has none.
    pub(crate) fn properties(&self) -> Map<String, Value> {
        self.body.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

/// Undoes percent escapes.
///
/// # Errors
/// When an escape is broken or the result is no UTF-8.
pub(crate) fn percent_decode(text: &str) -> Result<String, String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return Err(format!("`{text}` has a broken percent escape"));
        };
        plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(plain).map_err(|_| format!("`{text}` is not UTF-8 once its percent escapes are undone"))
}

/// Escapes everything but letters, digits and `-._~`, as a query value needs.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Reads `a=b&c=d`; keys in lower case, `+` is a space, the last of two equal keys wins.
///
/// # Errors
/// As [`percent_decode`].
pub(crate) fn parse_query(text: &str) -> Result<BTreeMap<String, String>, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| percent_decode(&text.replace('+', " "));
            Ok((plain(key)?.to_ascii_lowercase(), plain(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{parse_query, percent_decode, percent_encode};

    #[test]
    fn escapes_go_both_ways() {
        let text = "a b/ü=%&+";
        assert_eq!(percent_decode(&percent_encode(text)).unwrap(), text);
        assert!(percent_decode("%4").is_err());
        assert!(percent_decode("%ff").is_err());
    }

    #[test]
    fn query_keys_have_no_case() {
        let query = parse_query("Api-Version=2018-05-01&%24top=5&x").unwrap();
        assert_eq!(query["api-version"], "2018-05-01");
        assert_eq!(query["$top"], "5");
        assert_eq!(query["x"], "");
    }
}
