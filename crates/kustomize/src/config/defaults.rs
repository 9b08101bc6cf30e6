//! kustomize's built-in field specs.

use super::{Config, NameReference};
use crate::field::{FieldSpec, core_v1, spec};
use crate::reference::rules;
use std::rc::Rc;

const APPS: &str = "apps";
const BATCH: &str = "batch";
const NETWORK: &str = "networking.k8s.io";

/// Where labels of an object and of the pods it makes are.
const TEMPLATE_LABELS: [FieldSpec; 9] = [
    spec("", "", "metadata/labels", true),
    core_v1("ReplicationController", "spec/template/metadata/labels"),
    spec("Deployment", "", "spec/template/metadata/labels", true),
    spec("ReplicaSet", "", "spec/template/metadata/labels", true),
    spec("DaemonSet", "", "spec/template/metadata/labels", true),
    spec("StatefulSet", APPS, "spec/template/metadata/labels", true),
    spec("Job", BATCH, "spec/template/metadata/labels", true),
    spec("CronJob", BATCH, "spec/jobTemplate/metadata/labels", true),
    spec("CronJob", BATCH, "spec/jobTemplate/spec/template/metadata/labels", true),
];

const CLAIM_LABELS: [FieldSpec; 1] = [spec("StatefulSet", APPS, "spec/volumeClaimTemplates[]/metadata/labels", true)];

/// Selectors that must follow when pods get another label, and selectors that name one's own pods.
const SELECTORS: [FieldSpec; 12] = [
    core_v1("Service", "spec/selector"),
    core_v1("ReplicationController", "spec/selector"),
    spec("Deployment", "", "spec/selector/matchLabels", true),
    spec("ReplicaSet", "", "spec/selector/matchLabels", true),
    spec("DaemonSet", "", "spec/selector/matchLabels", true),
    spec("StatefulSet", APPS, "spec/selector/matchLabels", true),
    spec("Job", BATCH, "spec/selector/matchLabels", false),
    spec("CronJob", BATCH, "spec/jobTemplate/spec/selector/matchLabels", false),
    spec("PodDisruptionBudget", "policy", "spec/selector/matchLabels", false),
    spec("NetworkPolicy", NETWORK, "spec/podSelector/matchLabels", false),
    spec("NetworkPolicy", NETWORK, "spec/ingress/from/podSelector/matchLabels", false),
    spec("NetworkPolicy", NETWORK, "spec/egress/to/podSelector/matchLabels", false),
];

/// Selectors within a pod, below `spec/template/spec` of the two kinds that have them.
const POD_SELECTORS: [&str; 5] = [
    "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
];

const ANNOTATIONS: [FieldSpec; 9] = [
    spec("", "", "metadata/annotations", true),
    core_v1("ReplicationController", "spec/template/metadata/annotations"),
    spec("Deployment", "", "spec/template/metadata/annotations", true),
    spec("ReplicaSet", "", "spec/template/metadata/annotations", true),
    spec("DaemonSet", "", "spec/template/metadata/annotations", true),
    spec("StatefulSet", "", "spec/template/metadata/annotations", true),
    spec("Job", BATCH, "spec/template/metadata/annotations", true),
    spec("CronJob", BATCH, "spec/jobTemplate/metadata/annotations", true),
    spec("CronJob", BATCH, "spec/jobTemplate/spec/template/metadata/annotations", true),
];

const NAMESPACES: [FieldSpec; 3] = [
    spec("Namespace", "", "metadata/name", true),
    spec("APIService", "apiregistration.k8s.io", "spec/service/namespace", true),
    spec(
        "CustomResourceDefinition",
        "apiextensions.k8s.io",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

const IMAGES: [&str; 7] = [
    "spec/containers[]/image",
    "spec/initContainers[]/image",
    "spec/volumes[]/image/reference",
    "spec/template/spec/containers[]/image",
    "spec/template/spec/initContainers[]/image",
    "spec/template/spec/volumes[]/image/reference",
    "spec/jobTemplate/spec/template/spec/volumes[]/image/reference",
];

const REPLICAS: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Where pod specs are, for `vars`.
const POD_SPECS: [(&str, &str); 7] = [
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("Pod", "spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
];

/// Fields of a container that may hold `$(VAR)`.
const IN_CONTAINERS: [&str; 4] = ["args", "command", "env/value", "volumeMounts/mountPath"];

/// Other fields that may hold `$(VAR)`.
const VARS: [(&str, &str); 16] = [
    ("CronJob", "spec/jobTemplate/spec/template/volumes/nfs/server"),
    ("DaemonSet", "spec/template/spec/volumes/nfs/server"),
    ("Deployment", "spec/template/spec/volumes/nfs/server"),
    ("Deployment", "spec/template/metadata/annotations"),
    ("Ingress", "spec/rules/host"),
    ("Ingress", "spec/tls/hosts"),
    ("Ingress", "spec/tls/secretName"),
    ("Job", "spec/template/spec/volumes/nfs/server"),
    ("Pod", "spec/volumes/nfs/server"),
    ("ReplicaSet", "spec/template/spec/volumes/nfs/server"),
    ("Service", "spec/ports/port"),
    ("Service", "spec/ports/targetPort"),
    ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
    ("PersistentVolume", "spec/nfs/server"),
    ("", "metadata/labels"),
    ("", "metadata/annotations"),
];

fn var_references() -> Vec<FieldSpec> {
    let mut specs = Vec::with_capacity(80);
    for (kind, pod) in POD_SPECS {
        for containers in ["containers", "initContainers"] {
            for field in IN_CONTAINERS {
                let path = format!("{pod}/{containers}/{field}");
                specs.push(FieldSpec { path: path.into(), ..spec(kind, "", "", false) });
            }
        }
    }
    specs.extend(VARS.iter().map(|(kind, path)| spec(kind, "", path, false)));
    specs
}

/// Every table, with references in kustomize's order.
pub(super) fn config() -> Config {
    let pods = ["Deployment", "StatefulSet"]
        .into_iter()
        .flat_map(|kind| POD_SELECTORS.into_iter().map(move |path| spec(kind, APPS, path, false)));
    let common_labels = SELECTORS.into_iter().chain(pods).chain(TEMPLATE_LABELS).chain(CLAIM_LABELS).collect();
    let name = || Rc::new(vec![spec("", "", "metadata/name", false)]);
    let mut config = Config {
        name_prefix: name(),
        name_suffix: name(),
        namespace: Rc::new(NAMESPACES.to_vec()),
        common_labels: Rc::new(common_labels),
        labels: Rc::default(),
        template_labels: Rc::new(TEMPLATE_LABELS.to_vec()),
        claim_labels: Rc::new(CLAIM_LABELS.to_vec()),
        common_annotations: Rc::new(ANNOTATIONS.to_vec()),
        var_reference: Rc::new(var_references()),
        images: Rc::new(IMAGES.into_iter().map(|path| spec("", "", path, true)).collect()),
        replicas: Rc::new(REPLICAS.into_iter().map(|kind| spec(kind, "", "spec/replicas", true)).collect()),
        name_reference: Rc::default(),
    };
    let references: Vec<NameReference> = rules::all();
    // Built-in rules contradict each other nowhere.
    let _ = config.merge(&Config { name_reference: Rc::new(references), ..Config::default() });
    config
}
