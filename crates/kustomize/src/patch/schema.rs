//! Which lists of the built-in kinds merge item by item, and by which keys: the `patchMergeKey`s of Kubernetes as of
//! the schema kustomize carries. Kinds that are not in it merge as JSON does: lists replace lists.

/// A place in the schema of a built-in kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing below merges by key.
    Unknown,
    /// A kind of which only `metadata` (and the conditions of `status`) have keys.
    Plain,
    /// A kind with a pod template in `spec.template`.
    Workload,
    CronJob,
    Pod,
    /// The kind `PodTemplate`.
    PodTemplateKind,
    Service,
    ServiceAccount,
    Webhooks,
    Metadata,
    Status,
    WorkloadSpec,
    CronJobSpec,
    JobTemplate,
    PodTemplate,
    PodSpec,
    Container,
    ServiceSpec,
}

/// The keys by which the items of a list merge; none for a list of scalars, which merges as a set.
pub(super) type Keys = &'static [&'static str];

impl Shape {
    /// The schema of a kind.
    pub(super) fn of(api_version: &str, kind: &str) -> Self {
        match (api_version, kind) {
            ("apps/v1", "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
            | ("batch/v1", "Job")
            | ("v1", "ReplicationController") => Self::Workload,
            ("batch/v1" | "batch/v1beta1", "CronJob") => Self::CronJob,
            ("v1", "Pod") => Self::Pod,
            ("v1", "PodTemplate") => Self::PodTemplateKind,
            ("v1", "Service") => Self::Service,
            ("v1", "ServiceAccount") => Self::ServiceAccount,
            (
                "admissionregistration.k8s.io/v1" | "admissionregistration.k8s.io/v1beta1",
                "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
            ) => Self::Webhooks,
            _ if is_known(api_version, kind) => Self::Plain,
            _ => Self::Unknown,
        }
    }

    /// The schema of a field, and the keys when it is a list that merges.
    pub(super) fn field(self, name: &str) -> (Self, Option<Keys>) {
        match (self, name) {
            (
                Self::Plain
                | Self::Workload
                | Self::CronJob
                | Self::Pod
                | Self::PodTemplateKind
                | Self::Service
                | Self::ServiceAccount
                | Self::Webhooks
                | Self::JobTemplate
                | Self::PodTemplate,
                "metadata",
            ) => (Self::Metadata, None),
            (Self::Metadata, "finalizers") => (Self::Unknown, Some(&[])),
            (Self::Metadata, "ownerReferences") => (Self::Unknown, Some(&["uid"])),
            (Self::Plain | Self::Workload | Self::Pod | Self::Service, "status") => (Self::Status, None),
            (Self::Status, "conditions") => (Self::Unknown, Some(&["type"])),
            (Self::Workload | Self::JobTemplate, "spec") => (Self::WorkloadSpec, None),
            (Self::WorkloadSpec | Self::PodTemplateKind, "template") => (Self::PodTemplate, None),
            (Self::CronJob, "spec") => (Self::CronJobSpec, None),
            (Self::CronJobSpec, "jobTemplate") => (Self::JobTemplate, None),
            (Self::Pod | Self::PodTemplate, "spec") => (Self::PodSpec, None),
            (Self::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => {
                (Self::Container, Some(&["name"]))
            }
            (Self::PodSpec, "imagePullSecrets" | "volumes")
            | (Self::ServiceAccount, "secrets")
            | (Self::Webhooks, "webhooks")
            | (Self::Container, "env") => (Self::Unknown, Some(&["name"])),
            (Self::PodSpec, "hostAliases") => (Self::Unknown, Some(&["ip"])),
            (Self::PodSpec, "topologySpreadConstraints") => {
                (Self::Unknown, Some(&["topologyKey", "whenUnsatisfiable"]))
            }
            (Self::Container, "ports") => (Self::Unknown, Some(&["containerPort", "protocol"])),
            (Self::Container, "volumeMounts") => (Self::Unknown, Some(&["mountPath"])),
            (Self::Container, "volumeDevices") => (Self::Unknown, Some(&["devicePath"])),
            (Self::Service, "spec") => (Self::ServiceSpec, None),
            (Self::ServiceSpec, "ports") => (Self::Unknown, Some(&["port", "protocol"])),
            _ => (Self::Unknown, None),
        }
    }
}

/// The other built-in kinds of that schema, by group and version.
fn is_known(api_version: &str, kind: &str) -> bool {
    match api_version {
        "v1" => matches!(
            kind,
            "ConfigMap"
                | "Endpoints"
                | "Event"
                | "LimitRange"
                | "Namespace"
                | "Node"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "ResourceQuota"
                | "Secret"
        ),
        "apps/v1" => kind == "ControllerRevision",
        "autoscaling/v1" | "autoscaling/v2beta1" | "autoscaling/v2beta2" => kind == "HorizontalPodAutoscaler",
        "apiextensions.k8s.io/v1" | "apiextensions.k8s.io/v1beta1" => kind == "CustomResourceDefinition",
        "apiregistration.k8s.io/v1" | "apiregistration.k8s.io/v1beta1" => kind == "APIService",
        "certificates.k8s.io/v1" | "certificates.k8s.io/v1beta1" => kind == "CertificateSigningRequest",
        "coordination.k8s.io/v1" | "coordination.k8s.io/v1beta1" => kind == "Lease",
        "discovery.k8s.io/v1" | "discovery.k8s.io/v1beta1" => kind == "EndpointSlice",
        "events.k8s.io/v1" | "events.k8s.io/v1beta1" => kind == "Event",
        "extensions/v1beta1" => kind == "Ingress",
        "flowcontrol.apiserver.k8s.io/v1beta1" => matches!(kind, "FlowSchema" | "PriorityLevelConfiguration"),
        "networking.k8s.io/v1" => matches!(kind, "Ingress" | "IngressClass" | "NetworkPolicy"),
        "networking.k8s.io/v1beta1" => matches!(kind, "Ingress" | "IngressClass"),
        "node.k8s.io/v1" | "node.k8s.io/v1beta1" => kind == "RuntimeClass",
        "policy/v1" => kind == "PodDisruptionBudget",
        "policy/v1beta1" => matches!(kind, "PodDisruptionBudget" | "PodSecurityPolicy"),
        "rbac.authorization.k8s.io/v1" | "rbac.authorization.k8s.io/v1beta1" => {
            matches!(kind, "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding")
        }
        "scheduling.k8s.io/v1" | "scheduling.k8s.io/v1beta1" => kind == "PriorityClass",
        "storage.k8s.io/v1" | "storage.k8s.io/v1beta1" => {
            matches!(kind, "CSIDriver" | "CSINode" | "CSIStorageCapacity" | "StorageClass" | "VolumeAttachment")
        }
        _ => false,
    }
}
