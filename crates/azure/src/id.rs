//! ARM resource ids. Azure answers them in changing case, so they are compared without it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// `/subscriptions/{s}/resourceGroups/{g}/providers/{namespace}/{type}/{name}[/{type}/{name}…]`, kept as written.
#[derive(Clone)]
pub struct ResourceId {
    text: String,
    /// The segments after the first slash, in lower case.
    lower: Vec<String>,
}

/// Not a resource id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no resource id: {why}; copy it from the portal's JSON view or from `az resource show --query id`")]
pub struct IdError {
    /// As written, cut to a readable length.
    pub text: String,
    /// What would be right.
    pub why: &'static str,
}

/// Longest id that is read; Azure's own limit is about 2 KiB.
const LONGEST: usize = 4096;

impl ResourceId {
    /// Makes an id of a resource in a resource group.
    ///
    /// # Errors
    /// A part that is empty or has a character that no name has.
    pub fn new(subscription: &str, group: &str, provider: &str, kind: &str, name: &str) -> Result<Self, IdError> {
        format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/{kind}/{name}").parse()
    }

    /// The id of a child: `{self}/{kind}/{name}`.
    ///
    /// # Errors
    /// A part that is empty or has a character that no name has.
    pub fn child(&self, kind: &str, name: &str) -> Result<Self, IdError> {
        format!("{}/{kind}/{name}", self.text).parse()
    }

    /// The id of the resource this one lies in; `None` for a resource that lies in its group.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.lower.len() <= 8 {
            return None;
        }
        let mut cut = self.text.rsplitn(3, '/');
        let _ = (cut.next(), cut.next());
        cut.next()?.parse().ok()
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In lower case: for maps, ledgers and comparison by others.
    #[must_use]
    pub fn lower(&self) -> String {
        self.lower.iter().fold(String::new(), |text, part| text + "/" + part)
    }

    /// The subscription, in lower case.
    #[must_use]
    pub fn subscription(&self) -> &str {
        self.part(1)
    }

    /// The resource group, in lower case.
    #[must_use]
    pub fn group(&self) -> &str {
        self.part(3)
    }

    /// Namespace and types, in lower case, such as `microsoft.cdn/profiles/origingroups`.
    #[must_use]
    pub fn kind(&self) -> String {
        let types = self.lower.iter().skip(6).step_by(2).map(String::as_str);
        std::iter::once(self.part(5)).chain(types).collect::<Vec<_>>().join("/")
    }

    /// The last name, as written.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// Does `other` lie in this resource, however deep, or is it this one?
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        other.lower.starts_with(&self.lower)
    }

    fn part(&self, at: usize) -> &str {
        self.lower.get(at).map_or("", String::as_str)
    }
}

impl FromStr for ResourceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = |why| IdError { text: text.chars().take(200).collect(), why };
        if text.len() > LONGEST {
            return Err(error("it is too long"));
        }
        let text = text.trim_end_matches('/');
        let rest = text.strip_prefix('/').ok_or_else(|| error("it starts with `/subscriptions/`"))?;
        let odd = |c: char| c.is_control() || matches!(c, '?' | '#' | '\\' | '%' | '"' | '<' | '>');
        let lower: Vec<String> = rest.split('/').map(str::to_ascii_lowercase).collect();
        if lower.iter().any(|part| part.is_empty() || part == "." || part == ".." || part.chars().any(odd)) {
            return Err(error("one of its parts is empty or has a character that no name has"));
        }
        let word = |at: usize, want: &str| lower.get(at).is_some_and(|part| part == want);
        if !(word(0, "subscriptions") && word(2, "resourcegroups") && word(4, "providers")) {
            return Err(error("it reads `/subscriptions/…/resourceGroups/…/providers/…`"));
        }
        if lower.len() < 8 || !lower.len().is_multiple_of(2) {
            return Err(error("after `providers/` come a namespace and pairs of type and name"));
        }
        Ok(Self { text: text.to_owned(), lower })
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.lower == other.lower
    }
}

impl Eq for ResourceId {}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lower.cmp(&other.lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/S1/resourceGroups/RG/providers/Microsoft.Cdn/profiles/Front/originGroups/Blue";

    #[test]
    fn ids_are_equal_without_case_and_shown_as_written() {
        let written: ResourceId = ID.parse().unwrap();
        let answered: ResourceId = ID.to_lowercase().parse().unwrap();
        assert_eq!(written, answered);
        assert_eq!((written.to_string().as_str(), written.name()), (ID, "Blue"));
        assert_eq!((written.subscription(), written.group()), ("s1", "rg"));
        assert_eq!(written.kind(), "microsoft.cdn/profiles/origingroups");
        assert_eq!(written.parent().unwrap().name(), "Front");
        assert_eq!(written.parent().unwrap().parent(), None);
        assert!(written.parent().unwrap().holds(&answered) && !answered.holds(&written.parent().unwrap()));
        assert_eq!(written.child("origins", "one").unwrap().to_string(), format!("{ID}/origins/one"));
    }

    #[test]
    fn what_is_no_id_is_refused_with_what_would_be_right() {
        for bad in [
            "",
            "blue",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/g",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones",
            "/subscriptions//resourceGroups/g/providers/Microsoft.Network/dnsZones/z",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/../x",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/z?x=1",
            "/subscriptions/s/groups/g/providers/Microsoft.Network/dnsZones/z",
        ] {
            let error = bad.parse::<ResourceId>().unwrap_err();
            assert!(error.to_string().contains("az resource show"), "{bad}: {error}");
        }
        assert!("/".repeat(10_000).parse::<ResourceId>().is_err());
    }
}
