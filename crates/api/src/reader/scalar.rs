//! Single values: texts, names, times, shares, addresses.

use std::net::Ipv4Addr;
use std::time::Duration;

use teal_yaml::Data;

use super::{Spot, named, nearest};
use crate::duration;

impl Spot<'_> {
    /// Reads a text that is not empty. A number or a truth value is told to be quoted.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.node.data {
            Data::String(text) if text.trim().is_empty() => {
                self.wrong("an empty text; write a value or leave the field out");
                None
            }
            _ => self.any_text(),
        }
    }

    /// Reads a text that may be empty.
    pub(crate) fn any_text(&self) -> Option<String> {
        match &self.node.data {
            Data::String(text) => Some(text.clone()),
            Data::Number(_) | Data::Bool(_) => {
                self.wrong(format!("YAML reads this as {}; put it in quotes", named(&self.node.data)));
                None
            }
            other => {
                self.wrong(format!("{} where a text belongs", named(other)));
                None
            }
        }
    }

    /// Reads one of some words.
    pub(crate) fn word(&self, known: &[&'static str]) -> Option<&'static str> {
        let text = self.text()?;
        let found = known.iter().find(|word| **word == text).copied();
        if found.is_none() {
            match known {
                [only] => self.wrong(format!("is `{text}`; write `{only}`")),
                _ => self.wrong(format!("is `{text}`; {}", nearest(&text, known))),
            }
        }
        found
    }

    /// Reads `true` or `false`.
    pub(crate) fn truth(&self) -> Option<bool> {
        match &self.node.data {
            Data::Bool(value) => Some(*value),
            other => {
                self.wrong(format!("{} where true or false belongs", named(other)));
                None
            }
        }
    }

    /// Reads a whole number in a range.
    pub(crate) fn whole(&self, least: u32, most: u32) -> Option<u32> {
        let number = match &self.node.data {
            Data::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        let found = number.filter(|number| (least..=most).contains(number));
        if found.is_none() {
            let range = if most == u32::MAX { format!("from {least}") } else { format!("from {least} to {most}") };
            self.wrong(format!("write a whole number {range}"));
        }
        found
    }

    /// Reads a time such as `1h30m`.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let text = match &self.node.data {
            Data::String(text) => text,
            Data::Number(number) => {
                self.wrong(format!("a number without a unit; write `{number}s` for seconds"));
                return None;
            }
            other => {
                self.wrong(format!("{} where a time such as `30s` belongs", named(other)));
                return None;
            }
        };
        match duration::parse(text) {
            Ok(found) => Some(found),
            Err(problem) => {
                self.wrong(problem);
                None
            }
        }
    }

    /// Reads a time that is at least this long.
    pub(crate) fn duration_from(&self, least: Duration) -> Option<Duration> {
        let found = self.duration()?;
        if found < least {
            self.wrong(format!("too short; write at least `{}`", duration::show(least)));
            return None;
        }
        Some(found)
    }

    /// Reads a TTL: whole seconds from 1 s to a week.
    pub(crate) fn ttl(&self) -> Option<Duration> {
        let found = self.duration()?;
        if found.subsec_nanos() != 0 || !(1..=604_800).contains(&found.as_secs()) {
            self.wrong("a TTL is whole seconds, from `1s` to `168h`");
            return None;
        }
        Some(found)
    }

    /// Reads a share such as `99.5%`, in percent.
    pub(crate) fn percent(&self) -> Option<f64> {
        let found = match &self.node.data {
            Data::String(text) => text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()),
            _ => None,
        };
        let found = found.filter(|share| (0.0..=100.0).contains(share));
        if found.is_none() {
            self.wrong("write a share from `0%` to `100%`, with the percent sign");
        }
        found
    }

    /// Reads a name as Kubernetes has them for objects of its own (RFC 1123 label).
    pub(crate) fn label(&self) -> Option<String> {
        let text = self.text()?;
        if is_label(&text) {
            return Some(text);
        }
        self.wrong(format!("`{text}` is no name; use lower-case letters, digits and `-`, at most 63, beginning and ending with a letter or digit"));
        None
    }

    /// Reads a name that may have dots, as Secrets have (RFC 1123 subdomain).
    pub(crate) fn object_name(&self) -> Option<String> {
        let text = self.text()?;
        if text.len() <= 253 && text.split('.').all(is_label) {
            return Some(text);
        }
        self.wrong(format!("`{text}` is no name of an object; use lower-case letters, digits, `-` and `.`"));
        None
    }

    /// Reads a DNS name; a trailing dot is dropped. Underscores are allowed: records may have them.
    pub(crate) fn dns_name(&self) -> Option<String> {
        let text = self.text()?;
        let name = text.strip_suffix('.').unwrap_or(&text).to_ascii_lowercase();
        if is_dns_name(&name) {
            return Some(name);
        }
        self.wrong(format!("`{text}` is no DNS name"));
        None
    }

    /// Reads an IPv4 address.
    pub(crate) fn ipv4(&self) -> Option<Ipv4Addr> {
        let text = self.text()?;
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(address);
        }
        match text.parse::<std::net::Ipv6Addr>() {
            Ok(_) => self.wrong(format!("`{text}` is IPv6, which belongs under `ipv6`; write an IPv4 address")),
            Err(_) => self.wrong(format!("`{text}` is no IPv4 address; write one such as `10.1.0.4`")),
        }
        None
    }

    /// Reads `host[:port]`; the port stays in the text.
    pub(crate) fn host_port(&self) -> Option<String> {
        let text = self.text()?;
        if is_host_port(&text) {
            return Some(text);
        }
        self.wrong(format!("{} is no server; write `host`, `host:port` or `[ipv6]:port`", shown(&text)));
        None
    }

    /// Reads an `http://` or `https://` address without user name or password.
    pub(crate) fn url(&self) -> Option<String> {
        let text = self.text()?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest else {
            self.wrong(format!("{} is no address; it begins with `http://` or `https://`", shown(&text)));
            return None;
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            self.wrong("an address with a user name or password; credentials don't belong into git");
            return None;
        }
        if !is_host_port(host) || rest.contains(char::is_whitespace) {
            self.wrong(format!("{} has no valid host", shown(&text)));
            return None;
        }
        Some(text)
    }
}

/// An address for a message: without its query, and not at all where it may hold a password.
fn shown(text: &str) -> String {
    if text.contains('@') {
        return "this (not shown: an address with `@` may hold a password)".to_owned();
    }
    format!("`{}`", text.split(['?', '#']).next().unwrap_or_default())
}

/// RFC 1123 label.
pub(crate) fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    bytes.len() <= 63
        && bytes.iter().all(inner)
        && bytes.first().is_some_and(|byte| *byte != b'-')
        && bytes.last().is_some_and(|byte| *byte != b'-')
}

fn is_dns_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|part| {
            let bytes = part.as_bytes();
            (1..=63).contains(&bytes.len())
                && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                && bytes.first() != Some(&b'-')
                && bytes.last() != Some(&b'-')
        })
}

fn is_host_port(text: &str) -> bool {
    let port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else { return false };
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && (rest.is_empty() || rest.strip_prefix(':').is_some_and(port));
    }
    match text.split_once(':') {
        Some((host, number)) => is_dns_name(host) && port(number),
        None => is_dns_name(text),
    }
}
