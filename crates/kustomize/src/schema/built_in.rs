//! The `patchMergeKey`s of Kubernetes 1.21, as a table.

use super::{Field, Schema};

/// Type, field, type of the field (of its items, for a list), keys when the items merge.
type Row = (&'static str, &'static str, &'static str, Option<&'static [&'static str]>);

const NAME: Option<&[&str]> = Some(&["name"]);
const TYPE: Option<&[&str]> = Some(&["type"]);

const ROWS: [Row; 70] = [
    ("meta", "finalizers", "", Some(&[])),
    ("meta", "ownerReferences", "", Some(&["uid"])),
    ("plain", "metadata", "meta", None),
    ("conditioned", "metadata", "meta", None),
    ("conditioned", "status", "status", None),
    ("status", "conditions", "", TYPE),
    ("componentstatus", "metadata", "meta", None),
    ("componentstatus", "conditions", "", TYPE),
    ("webhooks", "metadata", "meta", None),
    ("webhooks", "webhooks", "", NAME),
    ("workload", "metadata", "meta", None),
    ("workload", "spec", "workloadspec", None),
    ("workload", "status", "status", None),
    ("workloadspec", "template", "podtemplate", None),
    ("statefulset", "metadata", "meta", None),
    ("statefulset", "spec", "workloadspec", None),
    ("statefulset", "status", "status", None),
    ("cronjob", "metadata", "meta", None),
    ("cronjob", "spec", "cronjobspec", None),
    ("cronjobspec", "jobTemplate", "jobtemplate", None),
    ("jobtemplate", "metadata", "meta", None),
    ("jobtemplate", "spec", "workloadspec", None),
    ("podtemplatekind", "metadata", "meta", None),
    ("podtemplatekind", "template", "podtemplate", None),
    ("podtemplate", "metadata", "meta", None),
    ("podtemplate", "spec", "podspec", None),
    ("pod", "metadata", "meta", None),
    ("pod", "spec", "podspec", None),
    ("pod", "status", "podstatus", None),
    ("podstatus", "conditions", "", TYPE),
    ("podstatus", "podIPs", "", Some(&["ip"])),
    ("podspec", "containers", "container", NAME),
    ("podspec", "initContainers", "container", NAME),
    ("podspec", "ephemeralContainers", "ephemeral", NAME),
    ("podspec", "hostAliases", "", Some(&["ip"])),
    ("podspec", "imagePullSecrets", "", NAME),
    ("podspec", "topologySpreadConstraints", "", Some(&["topologyKey", "whenUnsatisfiable"])),
    ("podspec", "volumes", "volume", NAME),
    ("volume", "ephemeral", "ephemeralvolume", None),
    ("ephemeralvolume", "volumeClaimTemplate", "claimtemplate", None),
    ("claimtemplate", "metadata", "meta", None),
    ("container", "env", "", NAME),
    ("container", "ports", "", Some(&["containerPort", "protocol"])),
    ("container", "volumeDevices", "", Some(&["devicePath"])),
    ("container", "volumeMounts", "", Some(&["mountPath"])),
    ("ephemeral", "env", "", NAME),
    ("ephemeral", "volumeDevices", "", Some(&["devicePath"])),
    ("ephemeral", "volumeMounts", "", Some(&["mountPath"])),
    ("service", "metadata", "meta", None),
    ("service", "spec", "servicespec", None),
    ("service", "status", "status", None),
    ("servicespec", "ports", "", Some(&["port", "protocol"])),
    ("serviceaccount", "metadata", "meta", None),
    ("serviceaccount", "secrets", "", NAME),
    ("node", "metadata", "meta", None),
    ("node", "spec", "nodespec", None),
    ("node", "status", "nodestatus", None),
    ("nodespec", "podCIDRs", "", Some(&[])),
    ("nodestatus", "addresses", "", TYPE),
    ("nodestatus", "conditions", "", TYPE),
    ("csinode", "metadata", "meta", None),
    ("csinode", "spec", "csinodespec", None),
    ("csinodespec", "drivers", "", NAME),
    ("claim", "metadata", "meta", None),
    ("claim", "status", "status", None),
    ("namespace", "metadata", "meta", None),
    ("namespace", "status", "status", None),
    ("controller", "metadata", "meta", None),
    ("controller", "spec", "workloadspec", None),
    ("controller", "status", "status", None),
];

/// API versions, kinds, type.
const KINDS: [(&[&str], &[&str], &str); 38] = [
    (&["apps/v1"], &["DaemonSet", "Deployment", "ReplicaSet"], "workload"),
    (&["apps/v1"], &["StatefulSet"], "statefulset"),
    (&["apps/v1"], &["ControllerRevision"], "plain"),
    (&["batch/v1"], &["Job"], "workload"),
    (&["batch/v1", "batch/v1beta1"], &["CronJob"], "cronjob"),
    (&["v1"], &["ReplicationController"], "controller"),
    (&["v1"], &["Pod"], "pod"),
    (&["v1"], &["PodTemplate"], "podtemplatekind"),
    (&["v1"], &["Service"], "service"),
    (&["v1"], &["ServiceAccount"], "serviceaccount"),
    (&["v1"], &["Node"], "node"),
    (&["v1"], &["Namespace"], "namespace"),
    (&["v1"], &["PersistentVolumeClaim"], "claim"),
    (&["v1"], &["ComponentStatus"], "componentstatus"),
    (
        &["v1"],
        &["Binding", "ConfigMap", "Endpoints", "Event", "LimitRange", "PersistentVolume", "ResourceQuota", "Secret"],
        "plain",
    ),
    (
        &["admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1beta1"],
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        "webhooks",
    ),
    (&["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"], &["CustomResourceDefinition"], "plain"),
    (&["apiregistration.k8s.io/v1", "apiregistration.k8s.io/v1beta1"], &["APIService"], "conditioned"),
    (&["autoscaling/v1", "autoscaling/v2beta1", "autoscaling/v2beta2"], &["HorizontalPodAutoscaler"], "plain"),
    (&["autoscaling/v1"], &["Scale"], "plain"),
    (&["authentication.k8s.io/v1"], &["TokenRequest"], "plain"),
    (&["authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"], &["TokenReview"], "plain"),
    (
        &["authorization.k8s.io/v1", "authorization.k8s.io/v1beta1"],
        &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"],
        "plain",
    ),
    (&["certificates.k8s.io/v1", "certificates.k8s.io/v1beta1"], &["CertificateSigningRequest"], "plain"),
    (&["coordination.k8s.io/v1", "coordination.k8s.io/v1beta1"], &["Lease"], "plain"),
    (&["discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"], &["EndpointSlice"], "plain"),
    (&["events.k8s.io/v1", "events.k8s.io/v1beta1"], &["Event"], "plain"),
    (&["extensions/v1beta1"], &["Ingress"], "plain"),
    (&["flowcontrol.apiserver.k8s.io/v1beta1"], &["FlowSchema", "PriorityLevelConfiguration"], "plain"),
    (&["networking.k8s.io/v1", "networking.k8s.io/v1beta1"], &["Ingress", "IngressClass"], "plain"),
    (&["networking.k8s.io/v1"], &["NetworkPolicy"], "plain"),
    (&["node.k8s.io/v1", "node.k8s.io/v1beta1"], &["RuntimeClass"], "plain"),
    (&["policy/v1", "policy/v1beta1"], &["PodDisruptionBudget"], "conditioned"),
    (&["policy/v1beta1"], &["Eviction", "PodSecurityPolicy"], "plain"),
    (
        &["rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"],
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        "plain",
    ),
    (&["scheduling.k8s.io/v1", "scheduling.k8s.io/v1beta1"], &["PriorityClass"], "plain"),
    (&["storage.k8s.io/v1", "storage.k8s.io/v1beta1"], &["CSINode"], "csinode"),
    (
        &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"],
        &["CSIDriver", "CSIStorageCapacity", "StorageClass", "VolumeAttachment"],
        "plain",
    ),
];

/// Kinds of the schema whose scope kustomize has to look up in it, by the group or the kind.
const LOOKED_UP: [&str; 5] =
    ["authentication.k8s.io", "authorization.k8s.io", "Binding", "CSIStorageCapacity", "Eviction"];
/// Kinds that it knows the scope of, and no more.
const SCOPE_ONLY: [&str; 2] = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];

/// Says whether kustomize knows the scope of a kind without looking into its schema.
pub(super) fn is_known(schema: &Schema, api_version: &str, kind: &str) -> bool {
    let group = api_version.split('/').next().unwrap_or("");
    if SCOPE_ONLY.contains(&kind) {
        return api_version == "admissionregistration.k8s.io/v1";
    }
    let is_looked_up =
        LOOKED_UP.iter().any(|name| *name == group || (*name == kind && api_version != "storage.k8s.io/v1beta1"));
    !is_looked_up && schema.kinds.contains_key(&(api_version.to_owned(), kind.to_owned()))
}

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Names of definitions that schemas of one's own may refer to: package, definitions, type.
const DEFINITIONS: [(&str, &[&str], &str); 18] = [
    (META, &["ObjectMeta"], "meta"),
    ("io.k8s.api.core.v1", &["PodTemplateSpec"], "podtemplate"),
    ("io.k8s.api.core.v1", &["PodSpec"], "podspec"),
    ("io.k8s.api.core.v1", &["PodStatus"], "podstatus"),
    ("io.k8s.api.core.v1", &["Pod"], "pod"),
    ("io.k8s.api.core.v1", &["Container"], "container"),
    ("io.k8s.api.core.v1", &["EphemeralContainer"], "ephemeral"),
    ("io.k8s.api.core.v1", &["ServiceSpec"], "servicespec"),
    ("io.k8s.api.core.v1", &["Service"], "service"),
    ("io.k8s.api.core.v1", &["ServiceAccount"], "serviceaccount"),
    ("io.k8s.api.core.v1", &["ReplicationControllerSpec"], "workloadspec"),
    ("io.k8s.api.apps.v1", &["DaemonSetSpec", "DeploymentSpec", "ReplicaSetSpec", "StatefulSetSpec"], "workloadspec"),
    ("io.k8s.api.apps.v1", &["DaemonSet", "Deployment", "ReplicaSet"], "workload"),
    ("io.k8s.api.apps.v1", &["StatefulSet"], "statefulset"),
    ("io.k8s.api.batch.v1", &["JobSpec"], "workloadspec"),
    ("io.k8s.api.batch.v1", &["JobTemplateSpec"], "jobtemplate"),
    ("io.k8s.api.batch.v1beta1", &["JobTemplateSpec"], "jobtemplate"),
    ("io.k8s.api.batch.v1", &["CronJobSpec"], "cronjobspec"),
];

/// Makes the schema of the tables.
pub(super) fn schema() -> Schema {
    let mut schema = Schema::default();
    let mut names: Vec<&str> = Vec::new();
    let mut number = |name: &'static str, schema: &mut Schema| -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        Some(names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            schema.types.push(super::Type::default());
            names.len() - 1
        }))
    };
    for (name, field, of, keys) in ROWS {
        let of = number(of, &mut schema);
        let keys = keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
        if let Some(kind) = number(name, &mut schema) {
            schema.types[kind].fields.insert(field.to_owned(), Field { of, keys });
        }
    }
    for (versions, kinds, name) in KINDS {
        for version in versions {
            for kind in kinds {
                if let Some(of) = number(name, &mut schema) {
                    schema.kinds.insert(((*version).to_owned(), (*kind).to_owned()), of);
                }
            }
        }
    }
    for (package, definitions, name) in DEFINITIONS {
        for definition in definitions {
            if let Some(of) = number(name, &mut schema) {
                schema.definitions.insert(format!("{package}.{definition}"), of);
            }
        }
    }
    schema
}
