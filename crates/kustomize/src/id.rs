//! Identity of objects as kustomize has it: group, version, kind, namespace, name. The version counts.

use std::cell::RefCell;
use std::collections::HashMap;

/// The namespace in the identity of cluster-scoped objects; no real namespace can be named so.
pub(crate) const NO_NAMESPACE: &str = "_non_namespaceable_";

/// Splits `apiVersion` into group and version.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The namespace an identity has: none is `default`, and cluster-scoped kinds have none at all.
pub(crate) fn effective_namespace<'a>(api_version: &str, kind: &str, namespace: &'a str) -> &'a str {
    if is_cluster_scoped(api_version, kind) {
        NO_NAMESPACE
    } else if namespace.is_empty() {
        "default"
    } else {
        namespace
    }
}

/// One string for an identity; `namespace` is the effective one.
pub(crate) fn key(api_version: &str, kind: &str, namespace: &str, name: &str) -> String {
    let mut key = String::with_capacity(api_version.len() + kind.len() + namespace.len() + name.len() + 3);
    for (at, part) in [api_version, kind, namespace, name].into_iter().enumerate() {
        if at > 0 {
            key.push('\0');
        }
        key.push_str(part);
    }
    key
}

/// Selects kinds; an empty part selects all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gvk<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl Gvk<'_> {
    /// Says whether this selector takes an object of `api_version` and `kind`.
    pub(crate) fn selects(&self, api_version: &str, kind: &str) -> bool {
        let (group, version) = split_api_version(api_version);
        (self.kind.is_empty() || self.kind == kind)
            && (self.group.is_empty() || self.group == group)
            && (self.version.is_empty() || self.version == version)
    }
}

/// Scopes of kinds that a schema of one's own tells, shared by everything in one build.
#[derive(Debug, Default)]
pub(crate) struct Scopes(RefCell<HashMap<(String, String), bool>>);

impl Scopes {
    /// Takes in what a schema says: whether a kind, by `apiVersion` and `kind`, is cluster-scoped.
    pub(crate) fn learn(&self, scopes: impl IntoIterator<Item = ((String, String), bool)>) {
        self.0.borrow_mut().extend(scopes);
    }

    pub(crate) fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        if is_cluster_scoped(api_version, kind) {
            return true;
        }
        let known = self.0.borrow();
        !known.is_empty() && known.get(&(api_version.to_owned(), kind.to_owned())).copied().unwrap_or(false)
    }

    /// The namespace an identity has: none is `default`, and cluster-scoped kinds have none at all.
    pub(crate) fn effective_namespace<'a>(&self, api_version: &str, kind: &str, namespace: &'a str) -> &'a str {
        if self.is_cluster_scoped(api_version, kind) {
            NO_NAMESPACE
        } else if namespace.is_empty() {
            "default"
        } else {
            namespace
        }
    }
}

/// Says whether a kind is certainly cluster-scoped. kustomize knows the built-in kinds of its own schema and takes
/// every other one for namespaced, so the versions are part of the table.
#[must_use]
pub fn is_cluster_scoped(api_version: &str, kind: &str) -> bool {
    match api_version {
        "v1" => matches!(kind, "ComponentStatus" | "Namespace" | "Node" | "NodeProxyOptions" | "PersistentVolume"),
        "admissionregistration.k8s.io/v1" | "admissionregistration.k8s.io/v1beta1" => matches!(
            kind,
            "MutatingWebhookConfiguration"
                | "ValidatingWebhookConfiguration"
                | "ValidatingAdmissionPolicy"
                | "ValidatingAdmissionPolicyBinding"
        ),
        "apiextensions.k8s.io/v1" | "apiextensions.k8s.io/v1beta1" => kind == "CustomResourceDefinition",
        "apiregistration.k8s.io/v1" | "apiregistration.k8s.io/v1beta1" => kind == "APIService",
        "certificates.k8s.io/v1" | "certificates.k8s.io/v1beta1" => kind == "CertificateSigningRequest",
        "flowcontrol.apiserver.k8s.io/v1beta1" => matches!(kind, "FlowSchema" | "PriorityLevelConfiguration"),
        "networking.k8s.io/v1" | "networking.k8s.io/v1beta1" => kind == "IngressClass",
        "node.k8s.io/v1" | "node.k8s.io/v1beta1" => kind == "RuntimeClass",
        "policy/v1beta1" => kind == "PodSecurityPolicy",
        "rbac.authorization.k8s.io/v1" | "rbac.authorization.k8s.io/v1beta1" => {
            matches!(kind, "ClusterRole" | "ClusterRoleBinding")
        }
        "scheduling.k8s.io/v1" | "scheduling.k8s.io/v1beta1" => kind == "PriorityClass",
        "storage.k8s.io/v1" | "storage.k8s.io/v1beta1" => {
            matches!(kind, "CSIDriver" | "CSINode" | "StorageClass" | "VolumeAttachment")
        }
        _ => false,
    }
}
