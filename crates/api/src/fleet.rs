//! `teal.yaml` (kind `Fleet`) and `unit.yaml` (kind `UnitSettings`): what the fleet repository says of itself (DESIGN §5.1).

mod layers;
mod parse;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

/// `teal.yaml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fleet {
    /// `metadata.name`.
    pub name: String,
    /// Layers in the order of the file; names are unique and `after` is free of cycles.
    pub layers: Vec<Layer>,
    /// What each role changes.
    pub roles: Roles,
    /// Variables that are replaced in every color; only these names are.
    pub substitute: BTreeMap<String, String>,
    /// Objects in the cluster that bring more variables; later ones win, and all yield to `substitute` and `colors`.
    pub substitute_from: Vec<SubstituteFrom>,
    /// Whether a `${NAME}` that is declared nowhere is an error instead of a notice.
    pub strict: bool,
    /// The few differences a color may have.
    pub colors: BTreeMap<String, ColorDifferences>,
}

impl Fleet {
    /// Whether it declares any variable: only then is anything replaced, or an escape.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        let of_colors = || self.colors.values().any(|color| !color.substitute.is_empty());
        !self.substitute.is_empty() || !self.substitute_from.is_empty() || of_colors()
    }
}

/// A ConfigMap or a Secret in the cluster whose keys are variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubstituteFrom {
    /// Which kind it is.
    pub kind: SourceKind,
    /// Its name.
    pub name: String,
    /// Its namespace; Teal's own when absent. Another one must be allowed by the `Sync`.
    pub namespace: Option<String>,
    /// Whether rendering goes on without it.
    pub optional: bool,
    /// The variables it may bring, declared although it lacks them; every key of it when empty.
    pub names: Vec<String>,
    /// Whether `names` may have other values on the other cluster: parity knows them as declared.
    pub differs: bool,
}

/// Kinds that variables come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SourceKind {
    /// `v1/ConfigMap`.
    #[default]
    ConfigMap,
    /// `v1/Secret`: its values are never shown.
    Secret,
}

impl SourceKind {
    /// The kind as Kubernetes has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

/// Whether a text can be the name of a variable: letters, digits and `_`, not beginning with a digit.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

/// An ordered group of units.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layer {
    /// Its name, unique in the fleet.
    pub name: String,
    /// Globs over directories, relative to the folder of `teal.yaml`; each match is a unit.
    pub paths: Vec<String>,
    /// Layers that must have been ready first.
    pub after: Vec<String>,
    /// How long a unit of this layer may take to become ready; default 10 min.
    pub timeout: Duration,
    /// Whether the layers after it may begin although this one timed out.
    pub continue_on_timeout: bool,
    /// May only lower the Sync's ceiling: a share in percent.
    pub max_share_percent: Option<u8>,
}

/// What a role changes about the declared objects (SWITCH §6).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Roles {
    /// Changes on the standby.
    pub standby: RoleChanges,
    /// Changes on the active color.
    pub active: RoleChanges,
}

/// Changes made to declared objects for a color or a role; known to parity as declared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleChanges {
    /// Kinds to suspend: `CronJob` and `Job` get `spec.suspend: true`; `Deployment`, `StatefulSet` and `ReplicaSet` get no replicas.
    /// A kind may be narrowed by labels: `{kind: Deployment, labels: {role: consumer}}`.
    pub suspend: Vec<Suspend>,
    /// Patches, as in a kustomization's `patches`.
    pub patches: Vec<Patch>,
}

/// Which objects a role suspends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspend {
    /// The kind.
    pub kind: String,
    /// Labels the object must carry; all of that kind when empty.
    pub labels: BTreeMap<String, String>,
}

/// A patch with its target, kept as the kustomize document it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patch {
    /// `target` as written (group, version, kind, name, namespace, labelSelector, annotationSelector).
    pub target: serde_json::Value,
    /// The patch text: strategic merge or JSON 6902.
    pub patch: String,
}

/// The differences of one color.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColorDifferences {
    /// Variables of this color; they win over the fleet's.
    pub substitute: BTreeMap<String, String>,
    /// Patches of this color.
    pub patches: Vec<Patch>,
}

/// `unit.yaml` beside a unit's manifests. May only narrow what `Sync` and `teal.yaml` allow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnitSettings {
    /// Paths of other units that must have been ready first.
    pub depends_on: Vec<String>,
    /// How long this unit may take to become ready.
    pub timeout: Option<Duration>,
    /// Objects whose health does not count.
    pub readiness_ignore: Vec<ObjectMatch>,
}

/// Matches objects by the parts that are given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectMatch {
    /// API group; any when absent.
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; any when absent.
    pub namespace: Option<String>,
    /// Name; any when absent.
    pub name: Option<String>,
}
