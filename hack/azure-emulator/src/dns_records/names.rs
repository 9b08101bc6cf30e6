//! Which names a zone and a set may have.

/// What is wrong with a zone's name; `None` when it is fine.
pub(crate) fn wrong_zone(name: &str) -> Option<String> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let labels: Vec<&str> = bare.split('.').collect();
    if bare.len() > 253 {
        return Some(format!("it has {} characters; 253 are the most", bare.len()));
    }
    if labels.len() > 34 {
        return Some(format!("it has {} labels; a zone has at most 34", labels.len()));
    }
    labels.iter().find_map(|label| wrong_label(label, false))
}

/// What is wrong with a set's name relative to its zone; `None` when it is fine.
pub(crate) fn wrong_set(name: &str, zone: &str) -> Option<String> {
    if name == "@" {
        return None;
    }
    if name.len() + 1 + zone.len() > 253 {
        return Some("with its zone it has more than 253 characters".to_owned());
    }
    let labels: Vec<&str> = name.split('.').collect();
    labels.iter().enumerate().find_map(|(at, label)| match *label {
        "*" if at == 0 => None,
        label if label.contains('*') => Some("a `*` may only stand alone as its first label".to_owned()),
        label => wrong_label(label, true),
    })
}

fn wrong_label(label: &str, underscore: bool) -> Option<String> {
    if label.is_empty() || label.len() > 63 {
        return Some(format!("the label `{label}` has {} characters; 1 to 63 are allowed", label.len()));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte >= 0x80;
    let bad = label.bytes().find(|byte| !allowed(*byte));
    if let Some(bad) = bad {
        return Some(format!("the label `{label}` holds `{}`", char::from(bad)));
    }
    let hyphen = label.starts_with('-') || label.ends_with('-');
    (hyphen && !underscore).then(|| format!("the label `{label}` starts or ends with a hyphen"))
}

/// A set's full name with a dot at its end.
pub(crate) fn fqdn(name: &str, zone: &str) -> String {
    let zone = zone.trim_end_matches('.');
    if name == "@" { format!("{zone}.") } else { format!("{name}.{zone}.") }
}

#[cfg(test)]
mod tests {
    use super::{fqdn, wrong_set, wrong_zone};

    #[test]
    fn names_are_checked() {
        for zone in ["x.dev", "zone1", "a-b.x.dev", "privatelink.westeurope.azmk8s.io"] {
            assert_eq!(wrong_zone(zone), None, "{zone}");
        }
        for zone in ["", "x..dev", "-x.dev", "x y.dev", &format!("{}.dev", "x".repeat(64))] {
            assert!(wrong_zone(zone).is_some(), "{zone}");
        }
        for set in ["@", "*", "*.a", "www", "_teal.www", "a.b"] {
            assert_eq!(wrong_set(set, "x.dev"), None, "{set}");
        }
        for set in ["", "a.*", "a*", "a..b", "a b", &"x".repeat(64), &"a.".repeat(130)] {
            assert!(wrong_set(set, "x.dev").is_some(), "{set}");
        }
        assert_eq!((fqdn("@", "x.dev"), fqdn("www", "x.dev")), ("x.dev.".to_owned(), "www.x.dev.".to_owned()));
    }
}
