//! Names that agent, switcher, CLI and charts must agree on.

/// Field manager of everything the agent applies.
pub const AGENT_MANAGER: &str = "teal-agent";
/// Field manager of the two `Sync` fields that the switcher owns.
pub const SWITCHER_MANAGER: &str = "teal-switcher";
/// Where Teal itself lives in a cluster.
pub const TEAL_NAMESPACE: &str = "teal-system";
/// Label of managed objects: the Sync's name. Only a watch filter, never a proof (SYNC §1).
pub const SYNC_LABEL: &str = "teal.dev/sync";
/// Annotation that proves ownership by matching its own object: `<sync>/<unit>/<group>/<kind>/<ns>/<name>` (SYNC §1).
pub const OWNER_ANNOTATION: &str = "teal.dev/owner";
/// Annotation on a live object: `confirmed` lets a guarded prune delete it, `disabled` keeps it for ever (SYNC §2).
pub const PRUNE_ANNOTATION: &str = "teal.dev/prune";
/// Annotation in git: comma-separated ids of objects that must be Current first (SYNC §3).
pub const AFTER_ANNOTATION: &str = "teal.dev/after";
/// Annotation in git: `disabled` keeps `${…}` of this object untouched (DESIGN §5.1).
pub const SUBSTITUTE_ANNOTATION: &str = "teal.dev/substitute";
/// Annotation on a `Sync`: any new value asks for a fetch now; echoed in `status.lastHandledReconcileAt`.
pub const REQUESTED_AT_ANNOTATION: &str = "teal.dev/requestedAt";
/// The ConfigMap that the freeze policy reads, in [`TEAL_NAMESPACE`].
pub const FREEZE_CONFIG_MAP: &str = "teal-freeze";
/// Name of the freeze's policy and binding.
pub const FREEZE_POLICY: &str = "freeze.teal.dev";
/// Members of this group pass every freeze.
pub const BREAK_GLASS_GROUP: &str = "teal:break-glass";
/// Ordinary identity that the freeze barrier impersonates for its probes.
pub const PROBE_USER: &str = "teal:freeze-probe";
