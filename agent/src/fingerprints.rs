//! When a unit is rendered again: whenever anything it was made of changes, and at no other time.

use std::collections::BTreeSet;

use teal_agent_core::Digest;
use teal_api::fleet::Fleet;
use teal_render::helm::ValueRef;

use crate::rendering::Request;

/// What a unit was made of beside what all units are: it is rendered again when any of this changes.
#[derive(Default)]
pub(crate) struct Used {
    /// Paths that were asked for.
    pub(crate) reads: BTreeSet<String>,
    /// Variables that stand in its objects.
    pub(crate) names: BTreeSet<String>,
    /// A file of it is encrypted.
    pub(crate) decrypted: bool,
    /// Values of its charts that are in the cluster.
    pub(crate) chart_values: BTreeSet<ValueRef>,
}

/// Everything that every unit depends on.
fn common_digest(request: &Request, fleet: &Fleet) -> Digest {
    let patches: Vec<_> = fleet.colors.iter().map(|(color, differences)| (color, &differences.patches)).collect();
    // Where no variable is declared at all, `$$` before a brace is no escape.
    let differences = format!("{:?}{patches:?}{:?}{}", fleet.roles, fleet.strict, fleet.has_variables());
    let key = request.key.as_ref().map_or("", |key| key.id());
    Digest::of_parts([
        differences.as_bytes(),
        request.color.as_bytes(),
        request.role.as_str().as_bytes(),
        request.sync.as_bytes(),
        key.as_bytes(),
    ])
}

/// What a unit was made of, as one digest. It stays in this process: values of Secrets are in it.
pub(crate) struct Fingerprints<'a> {
    common: Digest,
    request: &'a Request,
    fleet: &'a Fleet,
}

impl<'a> Fingerprints<'a> {
    pub(crate) fn new(request: &'a Request, fleet: &'a Fleet) -> Self {
        Self { common: common_digest(request, fleet), request, fleet }
    }

    /// Changes exactly when the unit's inputs do: git's ids of all that was read, present or absent, the values of the
    /// variables and of the charts it uses, and the keys if anything of it is encrypted.
    pub(crate) fn of(&self, used: &Used) -> Digest {
        let snapshot = &self.request.fetched.snapshot;
        let mut parts = vec![self.common.to_string()];
        for path in &used.reads {
            let id = snapshot.own_id(path).unwrap_or_else(|error| Some(error.to_string()));
            parts.extend([path.clone(), id.unwrap_or_default()]);
        }
        parts.extend(used.names.iter().map(|name| self.variable(name)));
        if !used.names.is_empty() {
            parts.extend(self.request.values.missing().iter().cloned());
        }
        if let Some(keys) = self.request.keys.as_ref().filter(|_| used.decrypted) {
            parts.push(keys.id().to_string());
        }
        parts.extend(used.chart_values.iter().map(|wanted| self.request.chart_values.digest(wanted).to_string()));
        Digest::of_parts(parts.iter().map(String::as_bytes))
    }

    /// A variable and everything that decides what is put in its place.
    fn variable(&self, name: &str) -> String {
        let (fleet, values) = (self.fleet, &self.request.values);
        let colored = fleet.colors.values().any(|color| color.substitute.contains_key(name)) || values.differs(name);
        let color = fleet.colors.get(&self.request.color).and_then(|color| color.substitute.get(name));
        let received = values.get(name).map(|value| (value.text(), value.is_secret()));
        let decides = (name, colored, color, fleet.substitute.get(name), received, values.declares(name));
        Digest::of_parts([format!("{decides:?}").as_bytes()]).to_string()
    }
}
