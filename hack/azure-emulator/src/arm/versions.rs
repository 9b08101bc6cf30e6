//! Which api-versions a type takes.

use http::StatusCode;

use super::{ArmError, ErrorStyle};

/// A resource type that a provider serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceType {
    /// Full name, such as `Microsoft.Network/dnsZones/A`; a last segment `*` stands for any.
    pub(crate) name: &'static str,
    /// Known versions, oldest first. Never empty.
    pub(crate) versions: &'static [&'static str],
    /// How its errors look.
    pub(crate) errors: ErrorStyle,
}

impl ResourceType {
    /// Does a type or action belong here? `Microsoft.Network/dnsZones/*` takes one more segment, whatever it is.
    pub(crate) fn serves(&self, kind: &str) -> bool {
        match self.name.strip_suffix("/*") {
            None => self.name.eq_ignore_ascii_case(kind),
            Some(parent) => kind.rsplit_once('/').is_some_and(|(above, _)| above.eq_ignore_ascii_case(parent)),
        }
    }

    /// Checks a version: one of the known; unless `strict`, also any well-formed one that is not older than the first.
    ///
    /// # Errors
    /// As the resource manager words it.
    pub(crate) fn check(&self, version: &str, strict: bool) -> Result<(), ArmError> {
        if version.is_empty() {
            let text = "The api-version query parameter (?api-version=) is required for all requests.";
            return Err(ArmError::front(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", text));
        }
        let known = self.versions.iter().any(|known| known.eq_ignore_ascii_case(version));
        let first = self.versions.first().copied().unwrap_or_default();
        if known || (!strict && date(version).is_some_and(|date| Some(date) >= self::date(first))) {
            return Ok(());
        }
        let (namespace, kind) = self.name.split_once('/').unwrap_or((self.name, ""));
        let text = format!(
            "No registered resource provider found for location 'global' and API version '{version}' for type \
             '{kind}'. The supported api-versions are '{}'. The supported locations are 'global'. ({namespace})",
            self.versions.join(", "),
        );
        Err(ArmError::front(StatusCode::BAD_REQUEST, "NoRegisteredProviderFound", text))
    }
}

/// `YYYY-MM-DD` at the start, with an optional suffix such as `-preview`.
fn date(version: &str) -> Option<&str> {
    let date = version.get(..10)?;
    let rest = version.get(10..)?;
    let shaped = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let suffix = rest.is_empty()
        || rest
            .strip_prefix('-')
            .is_some_and(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()));
    (shaped && suffix).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::{ErrorStyle, ResourceType};

    const DNS: ResourceType = ResourceType {
        name: "Microsoft.Network/dnsZones/*",
        versions: &["2016-04-01", "2018-05-01"],
        errors: ErrorStyle::Bare,
    };

    #[test]
    fn versions_form_a_set_and_newer_clients_are_welcome_unless_told_otherwise() {
        for (version, strict, fine) in [
            ("2018-05-01", true, true),
            ("2023-07-01-preview", false, true),
            ("2023-07-01-preview", true, false),
            ("2015-01-01", false, false),
            ("", false, false),
            ("latest", false, false),
            ("2018-05-01x", false, false),
        ] {
            assert_eq!(DNS.check(version, strict).is_ok(), fine, "{version} {strict}");
        }
    }

    #[test]
    fn a_star_takes_one_segment() {
        assert!(DNS.serves("microsoft.network/DNSZONES/a"));
        assert!(!DNS.serves("Microsoft.Network/dnsZones"));
        assert!(!DNS.serves("Microsoft.Network/dnsZones/A/b"));
    }
}
