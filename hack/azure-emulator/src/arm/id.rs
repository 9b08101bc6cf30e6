//! Ids of resources: compared without case, shown as they were first spelled.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// Where a resource or a list hangs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// The whole tenant: paths that start with `/providers`.
    Tenant,
    /// `/subscriptions/{id}`.
    Subscription(Caseless),
    /// `/subscriptions/{id}/resourceGroups/{name}`.
    Group(Caseless, Caseless),
    /// Another resource: its children and extensions.
    Resource(Box<ResourceId>),
}

impl Scope {
    /// The path, without a slash at its end; empty for the tenant.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Tenant => String::new(),
            Self::Subscription(subscription) => format!("/subscriptions/{subscription}"),
            Self::Group(subscription, group) => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            Self::Resource(id) => id.to_string(),
        }
    }

    /// The subscription that it lies in.
    pub(crate) fn subscription(&self) -> Option<&str> {
        match self {
            Self::Tenant => None,
            Self::Subscription(subscription) | Self::Group(subscription, _) => Some(subscription.as_str()),
            Self::Resource(id) => id.subscription(),
        }
    }

    /// The resource group that it lies in.
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            Self::Tenant | Self::Subscription(_) => None,
            Self::Group(_, group) => Some(group.as_str()),
            Self::Resource(id) => id.group(),
        }
    }
}

/// Text that is compared without ASCII case and keeps its spelling.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Caseless(String);

impl Caseless {
    /// Keeps a spelling.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was spelled.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for Caseless {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Caseless {}

impl PartialOrd for Caseless {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Caseless {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Caseless {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

impl fmt::Display for Caseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Caseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A resource's id, such as `/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones/z/A/www`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourceId {
    scope: Scope,
    namespace: Caseless,
    /// Type segment and name, from the outside in. Never empty.
    pairs: Vec<(Caseless, Caseless)>,
}

impl ResourceId {
    /// Builds an id below a scope that is no resource.
    pub(crate) fn new(scope: Scope, namespace: &str, kind: &str, name: &str) -> Self {
        Self { scope, namespace: Caseless::new(namespace), pairs: vec![(Caseless::new(kind), Caseless::new(name))] }
    }

    /// Reads an id.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match super::path::Target::parse(text, true)? {
            super::path::Target::Resource(id) => Ok(id),
            _ => Err(format!("`{text}` is not the id of a resource")),
        }
    }

    /// Joins parts that were read; `pairs` must not be empty.
    pub(super) fn from_parts(scope: Scope, namespace: Caseless, pairs: Vec<(Caseless, Caseless)>) -> Self {
        Self { scope, namespace, pairs }
    }

    /// The id of a child.
    pub(crate) fn child(&self, kind: &str, name: &str) -> Self {
        let mut child = self.clone();
        child.pairs.push((Caseless::new(kind), Caseless::new(name)));
        child
    }

    /// The resource that this one is a child of.
    pub(crate) fn parent(&self) -> Option<Self> {
        let mut parent = self.clone();
        parent.pairs.pop();
        (!parent.pairs.is_empty()).then_some(parent)
    }

    /// Where it hangs.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The subscription's id.
    pub(crate) fn subscription(&self) -> Option<&str> {
        self.scope.subscription()
    }

    /// The resource group's name.
    pub(crate) fn group(&self) -> Option<&str> {
        self.scope.group()
    }

    /// Such as `Microsoft.Network`.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_str()
    }

    /// The whole type as spelled, such as `Microsoft.Network/dnsZones/A`.
    pub(crate) fn kind(&self) -> String {
        let mut kind = self.namespace.to_string();
        for (segment, _) in &self.pairs {
            kind.push('/');
            kind.push_str(segment.as_str());
        }
        kind
    }

    /// Is it of this type? Compared without case.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind().eq_ignore_ascii_case(kind)
    }

    /// The last type segment, such as `A`.
    pub(crate) fn last_kind(&self) -> &str {
        self.pairs.last().map_or("", |(kind, _)| kind.as_str())
    }

    /// The last name.
    pub(crate) fn name(&self) -> &str {
        self.pairs.last().map_or("", |(_, name)| name.as_str())
    }

    /// All names from the outside in.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.pairs.iter().map(|(_, name)| name.as_str()).collect()
    }

    /// How many type segments it has: 1 for a top-level resource.
    pub(crate) fn depth(&self) -> usize {
        self.pairs.len()
    }

    /// The same id with its type segments and namespace spelled as told (such as
    /// `Microsoft.Network/dnszones/A`), names and scope as they are. Has no effect on another number of segments.
    #[must_use]
    pub(crate) fn spelled(&self, kind: &str) -> Self {
        let mut words = kind.split('/');
        let namespace = words.next().unwrap_or_default();
        let segments: Vec<&str> = words.collect();
        if segments.len() != self.pairs.len() {
            return self.clone();
        }
        let pairs = segments.iter().zip(&self.pairs).map(|(kind, (_, name))| (Caseless::new(kind), name.clone()));
        Self { scope: self.scope.clone(), namespace: Caseless::new(namespace), pairs: pairs.collect() }
    }

    /// The same id with another last name.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> Self {
        let mut other = self.clone();
        if let Some(last) = other.pairs.last_mut() {
            last.1 = Caseless::new(name);
        }
        other
    }

    /// What it is stored under: the whole id in lower case.
    pub(crate) fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/providers/{}", self.scope.path(), self.namespace)?;
        self.pairs.iter().try_for_each(|(kind, name)| write!(f, "/{kind}/{name}"))
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceId;

    const RECORD: &str = "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network/dnsZones/x.dev/A/www";

    #[test]
    fn ids_keep_their_spelling_and_compare_without_case() {
        let one = ResourceId::parse(RECORD).unwrap();
        let other = ResourceId::parse(&RECORD.to_uppercase().replace("SUBSCRIPTIONS", "subscriptions")).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.key(), other.key());
        assert_eq!(one.to_string(), RECORD);
        assert_eq!((one.kind().as_str(), one.name(), one.group()), ("Microsoft.Network/dnsZones/A", "www", Some("Rg")));
        assert_eq!(one.parent().unwrap().names(), ["x.dev"]);
        assert!(one.is("microsoft.network/DNSZONES/a"));
        assert_eq!(one.spelled("Microsoft.Network/dnszones/A").kind(), "Microsoft.Network/dnszones/A");
    }

    #[test]
    fn what_is_no_id_says_so() {
        for text in
            ["", "/", "x", "/subscriptions/s", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones"]
        {
            assert!(ResourceId::parse(text).is_err(), "{text}");
        }
    }
}
