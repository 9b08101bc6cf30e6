//! `Sync`: one cluster following one fleet. The agent's whole configuration.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the cluster should follow and how far the agent may go.
#[derive(CustomResource, Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "teal.dev",
    version = "v1alpha1",
    kind = "Sync",
    root = "SyncObject",
    crates(kube_core = "::kube_core"),
    plural = "syncs",
    shortname = "tsync",
    category = "teal",
    category = "gitops",
    status = "SyncStatus",
    derive = "PartialEq",
    printcolumn(name = "Color", type_ = "string", json_path = ".spec.color"),
    printcolumn(name = "Role", type_ = "string", json_path = ".status.role"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].message"#),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct SyncSpec {
    /// The color of this cluster, a key of `colors` in `teal.yaml`.
    pub color: String,
    /// What this cluster may do now; set by the switcher. The last known role holds while the switcher is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// A commit id that wins over `source.ref` while it is set; set by the switcher during a move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Where the fleet is.
    pub source: Source,
    /// How much may be deleted. The ceiling: git may only lower it.
    #[serde(default)]
    pub prune: PruneCeiling,
    /// Whether drift is put right or only reported.
    #[serde(default)]
    pub drift: DriftMode,
    /// Secret in Teal's namespace whose `key` digests Secret data, so that two clusters can be compared without showing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity_key_ref: Option<SecretRef>,
    /// What the agent may do to render Helm charts. Git can't widen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmSettings>,
    /// Keys for files in git that are encrypted with SOPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption: Option<Decryption>,
    /// Namespaces beside Teal's own from which `substituteFrom` in `teal.yaml` may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitute_namespaces: Vec<String>,
    /// Stops all work; nothing is deleted.
    #[serde(default)]
    pub suspend: bool,
}

/// What Helm charts may need beyond public servers and a confined program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmSettings {
    /// Hosts (`name` or `name:port`) that charts may come from although their addresses are private; `http://name` without
    /// TLS as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Lets `helm` run where this machine can't keep it from the network and from files.
    #[serde(default)]
    pub unconfined: bool,
}

/// Where the keys for encrypted files come from. Both may be given; age is tried first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decryption {
    /// What encrypted the files.
    #[serde(default)]
    pub provider: DecryptionProvider,
    /// Secret in Teal's namespace; every key of it that ends in `.agekey` holds age identities as `age-keygen` writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalRef>,
    /// Asks Azure Key Vault to unwrap keys; `{}` takes the identity that the agent's environment offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<AzureIdentity>,
}

/// What encrypts files in git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DecryptionProvider {
    /// SOPS, with age or Azure Key Vault keys.
    #[default]
    Sops,
}

/// Parts of an Azure identity that are not those of the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureIdentity {
    /// Client id of the application or managed identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Directory it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Active or standby. Moves between colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Serves.
    Active,
    /// Is ready to serve and does nothing that only one cluster may do.
    Standby,
}

impl Role {
    /// The word used in YAML, labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
        }
    }
}

/// A git repository and what of it to follow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// `http://` or `https://` address.
    pub url: String,
    /// What to follow; the branch `main` when absent.
    #[serde(default, rename = "ref")]
    pub reference: Reference,
    /// Folder of the fleet inside the repository; the root when empty.
    #[serde(default)]
    pub path: String,
    /// How often to look for a new commit, such as `30s`; default 30 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Secret in Teal's namespace: `username` and `password`, or `bearerToken`, and optionally `ca.crt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalRef>,
}

/// One way to name a commit; at most one is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// Head of a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A full commit id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// A Secret in Teal's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct LocalRef {
    /// Its name.
    pub name: String,
}

/// One key of a Secret in Teal's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct SecretRef {
    /// Its name.
    pub name: String,
    /// The key in its data.
    pub key: String,
}

/// How much may be deleted in one go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PruneCeiling {
    /// Whether anything is deleted at all; default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Largest share of the owned objects that may go at once, such as `30%`; counts above 10 deletions.
    #[serde(default = "default_share")]
    pub max_share: String,
}

impl Default for PruneCeiling {
    fn default() -> Self {
        Self { enabled: true, max_share: default_share() }
    }
}

fn yes() -> bool {
    true
}

fn default_share() -> String {
    "30%".to_owned()
}

/// What to do about a managed object that differs from git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DriftMode {
    /// Put it right within a second, backing off when another writer insists.
    #[default]
    Repair,
    /// Report only.
    Detect,
}

/// What the agent found and did.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncStatus {
    /// Generation of the spec this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// `Ready`, `Reconciling`, `Stalled`.
    #[serde(default)]
    #[schemars(schema_with = "crate::sync::conditions_schema")]
    pub conditions: Vec<Condition>,
    /// Commit that every unit has converged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Commit that is being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempted_revision: Option<String>,
    /// Digest of what `revision` declares, free of colors and commit ids: equal on two clusters means equal intent (SYNC §9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet_digest: Option<String>,
    /// The role in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// UID of the `kube-system` namespace: which cluster this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_uid: Option<String>,
    /// Counts, layer by layer in order.
    #[serde(default)]
    pub layers: Vec<LayerStatus>,
    /// One digest over every object's parity digest, and the id of the key used for Secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityFacts>,
    /// Echo of the `teal.dev/requestedAt` annotation last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Things worth knowing that stop nothing, such as `${…}` left as it is. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// Counts of one layer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayerStatus {
    /// Name from `teal.yaml`.
    pub name: String,
    /// Whether the layers after it may begin.
    pub open: bool,
    /// Units in it.
    pub units: u32,
    /// Objects in them.
    pub objects: u32,
    /// Objects applied and Current.
    pub ready: u32,
    /// Objects that could not be applied, or whose health is Failed.
    pub failed: u32,
    /// Objects that differ from git right now.
    pub drifted: u32,
}

/// What another cluster needs to know to compare itself with this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParityFacts {
    /// Digest over (id, parity digest) of every declared object, sorted by id.
    pub digest: String,
    /// Which parity key was used; empty when none was. Different ids can't be compared.
    pub key_id: String,
    /// Declared objects.
    pub objects: u32,
    /// Declared objects that are applied, Current and not drifted.
    pub equal: u32,
}

pub(crate) fn conditions_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "lastTransitionTime", "reason", "message"],
            "properties": {
                "type": {"type": "string"},
                "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                "reason": {"type": "string"},
                "message": {"type": "string"},
                "observedGeneration": {"type": "integer", "format": "int64"},
                "lastTransitionTime": {"type": "string", "format": "date-time"}
            }
        }
    })
}
