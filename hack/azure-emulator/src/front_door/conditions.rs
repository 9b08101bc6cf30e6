//! The rules engine's conditions over a request.

use regex::Regex;
use serde_json::Value;

use super::rules::Seen;
use crate::check::{list, text};

/// One condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    what: String,
    selector: String,
    operator: String,
    values: Vec<String>,
    patterns: Vec<Regex>,
    negate: bool,
    lower: bool,
    upper: bool,
}

/// Reads a condition; one of a kind that is not known never holds.
pub(super) fn condition(body: &Value) -> Condition {
    let transforms = list(body, "/parameters/transforms");
    let has = |name: &str| transforms.iter().any(|t| t.as_str().is_some_and(|t| t.eq_ignore_ascii_case(name)));
    let values: Vec<String> =
        list(body, "/parameters/matchValues").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let operator = text(body, "/parameters/operator").unwrap_or("Any").to_ascii_lowercase();
    let patterns =
        if operator == "regex" { values.iter().filter_map(|v| Regex::new(v).ok()).collect() } else { Vec::new() };
    Condition {
        what: text(body, "/name").unwrap_or_default().to_ascii_lowercase(),
        selector: text(body, "/parameters/selector").unwrap_or_default().to_owned(),
        operator,
        values,
        patterns,
        negate: body.pointer("/parameters/negateCondition").and_then(Value::as_bool).unwrap_or(false),
        lower: has("Lowercase"),
        upper: has("Uppercase"),
    }
}

impl Condition {
    /// Whether it holds for a request.
    pub(super) fn holds(&self, seen: &Seen<'_>) -> bool {
        let Some(found) = self.subject(seen) else { return false };
        let holds = found.is_some_and(|found| {
            let found = if self.lower {
                found.to_lowercase()
            } else if self.upper {
                found.to_uppercase()
            } else {
                found
            };
            self.compare(&found)
        });
        holds != self.negate
    }

    /// What is compared: `None` for a kind that is not known, `Some(None)` if the request has no such thing.
    fn subject(&self, seen: &Seen<'_>) -> Option<Option<String>> {
        let file = seen.path.rsplit('/').next().unwrap_or_default();
        let scheme = if seen.https { "HTTPS" } else { "HTTP" };
        Some(match self.what.as_str() {
            "requestmethod" => Some(seen.method.to_owned()),
            "requestscheme" => Some(scheme.to_owned()),
            "requesturi" => {
                let query = if seen.query.is_empty() { String::new() } else { format!("?{}", seen.query) };
                Some(format!("{}://{}{}{query}", scheme.to_lowercase(), seen.host, seen.path))
            }
            // The service compares paths without their leading slash.
            "urlpath" => Some(seen.path.trim_start_matches('/').to_owned()),
            "urlfilename" => Some(file.to_owned()),
            "urlfileextension" => file.rsplit_once('.').map(|(_, extension)| extension.to_owned()),
            "hostname" => Some(seen.host.to_owned()),
            "querystring" => Some(seen.query.to_owned()),
            "requestheader" => header(seen, &self.selector).map(str::to_owned),
            "cookies" => header(seen, "cookie").and_then(|cookies| cookie(cookies, &self.selector)).map(str::to_owned),
            "remoteaddress" => Some(seen.first_client().to_owned()),
            "socketaddr" => Some(seen.client.to_owned()),
            "clientport" => Some(seen.client_port.to_string()),
            "serverport" => Some(seen.server_port().to_string()),
            "httpversion" => Some(seen.version.to_owned()),
            "isdevice" => {
                let mobile = header(seen, "user-agent").is_some_and(|agent| agent.contains("Mobi"));
                Some(if mobile { "Mobile" } else { "Desktop" }.to_owned())
            }
            _ => return None,
        })
    }

    fn compare(&self, found: &str) -> bool {
        let path = self.what == "urlpath";
        let trimmed = |value: &String| if path { value.trim_start_matches('/').to_owned() } else { value.clone() };
        let any = |f: &dyn Fn(&str) -> bool| self.values.iter().map(trimmed).any(|value| f(&value));
        let numbers =
            |f: fn(f64, f64) -> bool| any(&|value| matches!((found.parse(), value.parse()), (Ok(a), Ok(b)) if f(a, b)));
        match self.operator.as_str() {
            "any" => true,
            "equal" if matches!(self.what.as_str(), "requestmethod" | "requestscheme" | "hostname") => {
                any(&|value| found.eq_ignore_ascii_case(value))
            }
            "equal" => any(&|value| found == value),
            "contains" => any(&|value| found.contains(value)),
            "beginswith" => any(&|value| found.starts_with(value)),
            "endswith" => any(&|value| found.ends_with(value)),
            "regex" => self.patterns.iter().any(|pattern| pattern.is_match(found)),
            "wildcard" => {
                any(&|value| value.strip_suffix('*').map_or(found == value, |prefix| found.starts_with(prefix)))
            }
            "ipmatch" => any(&|value| in_range(found, value)),
            "lessthan" => numbers(|a, b| a < b),
            "lessthanorequal" => numbers(|a, b| a <= b),
            "greaterthan" => numbers(|a, b| a > b),
            "greaterthanorequal" => numbers(|a, b| a >= b),
            _ => false,
        }
    }
}

/// Whether `address` lies within `range` (`10.0.0.0/8`, or one address).
fn in_range(address: &str, range: &str) -> bool {
    let (base, bits) = range.split_once('/').map_or((range, None), |(base, bits)| (base, bits.parse::<u32>().ok()));
    let (Ok(a), Ok(b)) = (address.parse::<std::net::IpAddr>(), base.parse::<std::net::IpAddr>()) else { return false };
    match (a, b) {
        (std::net::IpAddr::V4(a), std::net::IpAddr::V4(b)) => {
            let shift = 32 - bits.unwrap_or(32).min(32);
            u32::from(a).checked_shr(shift) == u32::from(b).checked_shr(shift)
        }
        (std::net::IpAddr::V6(a), std::net::IpAddr::V6(b)) => {
            let shift = 128 - bits.unwrap_or(128).min(128);
            u128::from(a).checked_shr(shift) == u128::from(b).checked_shr(shift)
        }
        _ => false,
    }
}

/// The value of a header.
fn header<'a>(seen: &'a Seen<'_>, name: &str) -> Option<&'a str> {
    seen.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The value of the cookie `name` in a `Cookie` header.
#[must_use]
pub(crate) fn cookie<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    cookies
        .split(';')
        .filter_map(|one| one.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}
