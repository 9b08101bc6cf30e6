//! Variables that come from ConfigMaps and Secrets in the cluster (DESIGN §5.1). Someone else reads them; here they are
//! values.

use std::collections::{BTreeMap, BTreeSet};

use teal_api::fleet::{SourceKind, SubstituteFrom, is_variable};
use zeroize::Zeroizing;

/// What `substituteFrom` brought. Its `Debug` shows names only (G9).
#[derive(Clone, Default)]
pub struct ClusterValues {
    values: BTreeMap<String, ClusterValue>,
    declared: BTreeSet<String>,
    differing: BTreeSet<String>,
    missing: Vec<String>,
}

/// One value.
#[derive(Clone)]
pub struct ClusterValue {
    text: Zeroizing<String>,
    secret: bool,
}

impl ClusterValue {
    /// The value; the caller keeps it to itself when it is [secret](Self::is_secret).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it comes from a Secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }
}

impl std::fmt::Debug for ClusterValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterValues")
            .field("names", &self.values.keys())
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

impl ClusterValues {
    /// Adds what a source holds; `None` when there is no such object. Later sources win. Keys that are no names of
    /// variables are passed over, and so is what is no text.
    pub fn add(&mut self, source: &SubstituteFrom, data: Option<&BTreeMap<String, Vec<u8>>>) {
        for name in &source.names {
            self.declared.insert(name.clone());
            if source.differs {
                self.differing.insert(name.clone());
            }
        }
        if data.is_none() && !source.optional {
            self.missing.push(shown(source));
        }
        for (name, bytes) in data.into_iter().flatten() {
            let wanted = is_variable(name) && (source.names.is_empty() || source.names.contains(name));
            if let (true, Ok(text)) = (wanted, std::str::from_utf8(bytes)) {
                let secret = source.kind == SourceKind::Secret;
                let value = ClusterValue { text: Zeroizing::new(text.to_owned()), secret };
                self.values.insert(name.clone(), value);
            }
        }
    }

    /// Notes that a source may not be read, and why; units that could need it fail.
    pub fn refuse(&mut self, source: &SubstituteFrom, problem: &str) {
        self.missing.push(format!("{}: {problem}", shown(source)));
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ClusterValue> {
        self.values.get(name)
    }

    /// Whether some source names it, though none may have it.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    /// Names that may have other values on the other cluster.
    pub fn differing(&self) -> impl Iterator<Item = &str> {
        self.differing.iter().map(String::as_str)
    }

    /// Whether a name may have another value on the other cluster.
    #[must_use]
    pub fn differs(&self, name: &str) -> bool {
        self.differing.contains(name)
    }

    /// Required sources that are not there, for people.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

fn shown(source: &SubstituteFrom) -> String {
    let namespace = source.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
    format!("{} {namespace}{}", source.kind.as_str(), source.name)
}
