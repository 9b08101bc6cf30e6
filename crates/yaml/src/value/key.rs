//! The name of a field.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// A key of a mapping: a text that costs no memory of its own when it is one of those that most objects of Kubernetes have.
#[derive(Clone)]
pub struct Key(Repr);

#[derive(Clone)]
enum Repr {
    /// A place in [`USUAL`].
    Usual(u16),
    Own(Box<str>),
}

impl Key {
    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Usual(at) => USUAL[usize::from(*at)],
            Repr::Own(text) => text,
        }
    }

    fn usual(text: &str) -> Option<Self> {
        let at = USUAL.binary_search(&text).ok()?;
        u16::try_from(at).ok().map(|at| Self(Repr::Usual(at)))
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::usual(text).unwrap_or_else(|| Self(Repr::Own(text.into())))
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::usual(&text).unwrap_or_else(|| Self(Repr::Own(text.into())))
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key.0 {
            Repr::Usual(at) => USUAL[usize::from(at)].to_owned(),
            Repr::Own(text) => text.into(),
        }
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By bytes.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Usual(a), Repr::Usual(b)) => a.cmp(b),
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Key {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

/// Names that most objects have, sorted by their bytes. Nothing depends on which these are.
static USUAL: [&str; 288] = [
    "$patch",
    "accessModes",
    "action",
    "add",
    "additionalPrinterColumns",
    "additionalProperties",
    "addresses",
    "affinity",
    "allowPrivilegeEscalation",
    "annotations",
    "anyOf",
    "apiGroup",
    "apiGroups",
    "apiVersion",
    "app",
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "args",
    "automountServiceAccountToken",
    "averageUtilization",
    "awsElasticBlockStore",
    "backend",
    "backendRefs",
    "backoffLimit",
    "behavior",
    "binaryData",
    "capabilities",
    "capacity",
    "categories",
    "claimName",
    "clientConfig",
    "clusterIP",
    "command",
    "completions",
    "concurrencyPolicy",
    "conditions",
    "configMap",
    "configMapKeyRef",
    "configMapRef",
    "containerPort",
    "containers",
    "controllerName",
    "cpu",
    "creationTimestamp",
    "csi",
    "data",
    "default",
    "defaultMode",
    "description",
    "dnsPolicy",
    "driver",
    "drop",
    "effect",
    "egress",
    "emptyDir",
    "endpoints",
    "enum",
    "env",
    "envFrom",
    "exec",
    "expr",
    "externalTrafficPolicy",
    "failurePolicy",
    "failureThreshold",
    "fieldPath",
    "fieldRef",
    "for",
    "format",
    "from",
    "fsGroup",
    "generateName",
    "group",
    "groups",
    "grpc",
    "healthCheckNodePort",
    "helm.sh/chart",
    "host",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPath",
    "hostPort",
    "hostname",
    "hostnames",
    "hosts",
    "http",
    "httpGet",
    "httpHeaders",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "immutable",
    "ingress",
    "ingressClassName",
    "initContainers",
    "initialDelaySeconds",
    "interval",
    "ipBlock",
    "items",
    "jobTemplate",
    "jsonPath",
    "key",
    "kind",
    "kinds",
    "labelSelector",
    "labels",
    "lastTransitionTime",
    "lifecycle",
    "limits",
    "listKind",
    "listeners",
    "livenessProbe",
    "loadBalancerIP",
    "localhostProfile",
    "matchExpressions",
    "matchLabels",
    "matchPolicy",
    "maxItems",
    "maxLength",
    "maxReplicas",
    "maxSurge",
    "maxUnavailable",
    "maximum",
    "medium",
    "memory",
    "message",
    "metadata",
    "metrics",
    "minAvailable",
    "minItems",
    "minLength",
    "minReadySeconds",
    "minReplicas",
    "minimum",
    "mode",
    "mountPath",
    "name",
    "names",
    "namespace",
    "namespaceSelector",
    "namespaces",
    "nfs",
    "nodeAffinity",
    "nodeName",
    "nodePort",
    "nodeSelector",
    "nodeSelectorTerms",
    "not",
    "number",
    "observedGeneration",
    "oneOf",
    "op",
    "openAPIV3Schema",
    "operations",
    "operator",
    "optional",
    "options",
    "ownerReferences",
    "parallelism",
    "parentRefs",
    "parents",
    "path",
    "pathType",
    "paths",
    "pattern",
    "periodSeconds",
    "persistentVolumeClaim",
    "plural",
    "podAffinity",
    "podAffinityTerm",
    "podAntiAffinity",
    "podManagementPolicy",
    "podSelector",
    "policyTypes",
    "port",
    "ports",
    "preStop",
    "preference",
    "preferredDuringSchedulingIgnoredDuringExecution",
    "priorityClassName",
    "privileged",
    "progressDeadlineSeconds",
    "projected",
    "properties",
    "protocol",
    "provisioner",
    "readOnly",
    "readOnlyRootFilesystem",
    "readinessProbe",
    "reason",
    "reclaimPolicy",
    "record",
    "remove",
    "replicas",
    "requests",
    "required",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "resource",
    "resourceNames",
    "resources",
    "restartPolicy",
    "revisionHistoryLimit",
    "role",
    "roleRef",
    "rollingUpdate",
    "rule",
    "rules",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "scaleTargetRef",
    "schedule",
    "schema",
    "scheme",
    "scope",
    "seccompProfile",
    "secret",
    "secretKeyRef",
    "secretName",
    "secretRef",
    "securityContext",
    "selector",
    "served",
    "server",
    "service",
    "serviceAccount",
    "serviceAccountName",
    "serviceName",
    "sessionAffinity",
    "severity",
    "shortNames",
    "sideEffects",
    "singular",
    "sizeLimit",
    "source",
    "spec",
    "startingDeadlineSeconds",
    "startupProbe",
    "status",
    "storage",
    "storageClassName",
    "strategy",
    "stringData",
    "subPath",
    "subjects",
    "subresources",
    "successThreshold",
    "successfulJobsHistoryLimit",
    "summary",
    "suspend",
    "target",
    "targetPort",
    "tcpSocket",
    "template",
    "terminationGracePeriodSeconds",
    "timeoutSeconds",
    "tls",
    "tolerationSeconds",
    "tolerations",
    "topologyKey",
    "topologySpreadConstraints",
    "type",
    "uid",
    "updateStrategy",
    "url",
    "username",
    "validation",
    "value",
    "valueFrom",
    "values",
    "verbs",
    "version",
    "versions",
    "volumeBindingMode",
    "volumeClaimTemplates",
    "volumeMounts",
    "volumeName",
    "volumes",
    "webhooks",
    "weight",
    "whenUnsatisfiable",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-preserve-unknown-fields",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_sorted_and_found() {
        assert!(USUAL.is_sorted_by(|a, b| a < b));
        for (at, name) in USUAL.iter().enumerate() {
            let key = Key::from(*name);
            assert!(matches!(key.0, Repr::Usual(found) if usize::from(found) == at), "{name}");
            assert_eq!(key, *name);
            assert_eq!(String::from(key), *name);
        }
    }

    #[test]
    fn usual_and_own_names_are_of_one_order() {
        let mut names = ["zone", "kind", "a", "kinda", "kin", "metadata", "Kind", ""].map(Key::from);
        names.sort();
        assert_eq!(names.each_ref().map(Key::as_str), ["", "Kind", "a", "kin", "kind", "kinda", "metadata", "zone"]);
        assert_eq!(size_of::<Key>(), 16);
    }
}
