//! What Teal knows of kinds without asking a cluster. A cluster's own kind map always wins over it.

use crate::id::GroupKind;

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In no namespace.
    Cluster,
    /// In one.
    Namespaced,
}

/// API groups that the API server itself serves; everything else comes from a CRD or an aggregated server.
const BUILT_IN_GROUPS: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Built-in kinds that live in no namespace, by `group/Kind`.
const CLUSTER_SCOPED: &[(&str, &str)] = &[
    ("", "ComponentStatus"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("certificates.k8s.io", "ClusterTrustBundle"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("internal.apiserver.k8s.io", "StorageVersion"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "DeviceTaintRule"),
    ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "VolumeAttributesClass"),
    ("storagemigration.k8s.io", "StorageVersionMigration"),
];

/// Whether the API server itself serves this group.
#[must_use]
pub fn is_built_in(group: &str) -> bool {
    BUILT_IN_GROUPS.binary_search(&group).is_ok()
}

/// The scope of a built-in kind; `None` for kinds that a CRD or an aggregated server defines.
///
/// For work without a cluster (`teal build`). A kind of a built-in group that is not in the table counts as namespaced.
#[must_use]
pub fn built_in_scope(kind: &GroupKind) -> Option<Scope> {
    if !is_built_in(&kind.group) {
        return None;
    }
    let known = CLUSTER_SCOPED.binary_search(&(kind.group.as_str(), kind.kind.as_str())).is_ok();
    Some(if known { Scope::Cluster } else { Scope::Namespaced })
}

/// Whether health of this kind can't be told from metadata, so that whole objects must be watched (SYNC §5).
#[must_use]
pub fn needs_status(kind: &GroupKind) -> bool {
    if !is_built_in(&kind.group) {
        return true;
    }
    matches!(
        (kind.group.as_str(), kind.kind.as_str()),
        ("", "Pod" | "Service" | "PersistentVolumeClaim" | "PersistentVolume" | "ReplicationController" | "Namespace")
            | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job")
            | ("autoscaling", "HorizontalPodAutoscaler")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
            | ("apiregistration.k8s.io", "APIService")
    )
}

/// Kinds whose deletion takes more with it than themselves: they need `teal.dev/prune: confirmed` (SYNC §2).
#[must_use]
pub fn is_blast_radius(kind: &GroupKind) -> bool {
    is_namespace(kind)
        || is_crd(kind)
        || (kind.group.is_empty() && matches!(kind.kind.as_str(), "PersistentVolume" | "PersistentVolumeClaim"))
}

pub(crate) fn is_namespace(kind: &GroupKind) -> bool {
    kind.group.is_empty() && kind.kind == "Namespace"
}

pub(crate) fn is_crd(kind: &GroupKind) -> bool {
    kind.group == "apiextensions.k8s.io" && kind.kind == "CustomResourceDefinition"
}

pub(crate) fn is_secret(kind: &GroupKind) -> bool {
    kind.group.is_empty() && kind.kind == "Secret"
}

/// Whether objects of this kind let others in or keep them out: webhook configurations, admission policies, their bindings.
pub(crate) fn is_admission(kind: &GroupKind) -> bool {
    kind.group == "admissionregistration.k8s.io"
}

pub(crate) fn is_webhook_configuration(kind: &GroupKind) -> bool {
    kind.group == "admissionregistration.k8s.io" && kind.kind.ends_with("WebhookConfiguration")
}

/// Where a kind starts among objects that do not depend on each other: what controllers read comes before what they run.
pub(crate) fn weight(kind: &GroupKind) -> u8 {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => 0,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => 1,
        ("scheduling.k8s.io", "PriorityClass")
        | ("storage.k8s.io", "StorageClass")
        | ("node.k8s.io", "RuntimeClass") => 2,
        ("", "ResourceQuota" | "LimitRange") => 3,
        ("", "ServiceAccount") => 4,
        ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => 5,
        ("rbac.authorization.k8s.io", _) => 6,
        ("", "ConfigMap" | "Secret") => 7,
        ("", "PersistentVolume" | "PersistentVolumeClaim") => 8,
        ("", "Service") => 9,
        ("policy" | "networking.k8s.io", _) => 10,
        ("apps" | "batch", _) | ("", "Pod" | "ReplicationController") => 11,
        ("autoscaling", _) => 13,
        _ => 12,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_for_binary_search() {
        assert!(BUILT_IN_GROUPS.is_sorted());
        assert!(CLUSTER_SCOPED.is_sorted());
    }

    #[test]
    fn scope_of_known_and_foreign_kinds() {
        for (group, kind, want) in [
            ("", "Namespace", Some(Scope::Cluster)),
            ("", "ConfigMap", Some(Scope::Namespaced)),
            ("rbac.authorization.k8s.io", "ClusterRole", Some(Scope::Cluster)),
            ("rbac.authorization.k8s.io", "Role", Some(Scope::Namespaced)),
            ("gateway.networking.k8s.io", "GatewayClass", None),
        ] {
            assert_eq!(built_in_scope(&GroupKind::new(group, kind)), want, "{group}/{kind}");
        }
    }
}
