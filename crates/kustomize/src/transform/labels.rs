//! `labels` and `commonLabels`.

use crate::BuildError;
use crate::field::{self, FieldSpec, Leaf, core_v1, merge_specs, spec};
use crate::kustomization::{Kustomization, TextMap};
use crate::resmap::{ResMap, transform};
use serde_json::Value;

const APPS: &str = "apps";
const CLAIMS: &str = "spec/volumeClaimTemplates[]/metadata/labels";
const BATCH: &str = "batch";
const NETWORK: &str = "networking.k8s.io";

/// Where labels of an object and of the pods it makes are.
const METADATA: [FieldSpec; 10] = [
    spec("", "", "metadata/labels", true),
    core_v1("ReplicationController", "spec/template/metadata/labels"),
    spec("Deployment", "", "spec/template/metadata/labels", true),
    spec("ReplicaSet", "", "spec/template/metadata/labels", true),
    spec("DaemonSet", "", "spec/template/metadata/labels", true),
    spec("StatefulSet", APPS, "spec/template/metadata/labels", true),
    spec("StatefulSet", APPS, CLAIMS, true),
    spec("Job", BATCH, "spec/template/metadata/labels", true),
    spec("CronJob", BATCH, "spec/jobTemplate/metadata/labels", true),
    spec("CronJob", BATCH, "spec/jobTemplate/spec/template/metadata/labels", true),
];

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

/// Metadata and selectors: what `commonLabels` and `includeSelectors` work on.
fn common() -> Vec<FieldSpec> {
    let within_pods = ["Deployment", "StatefulSet"]
        .into_iter()
        .flat_map(|kind| POD_SELECTORS.into_iter().map(move |path| spec(kind, APPS, path, false)));
    SELECTORS.into_iter().chain(within_pods).chain(METADATA).collect()
}

/// Sets the labels of a layer: every item of `labels`, then `commonLabels`.
///
/// # Errors
/// When a field spec contradicts a built-in one, or a label's place is no mapping.
pub(crate) fn run(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    for labels in &kustomization.labels {
        let mut specs = labels.fields.clone();
        let more = if labels.include_selectors {
            common()
        } else if labels.include_templates {
            METADATA.to_vec()
        } else {
            METADATA[..1].to_vec()
        };
        let claims = METADATA.into_iter().filter(|spec| labels.include_volume_claim_templates && spec.path == CLAIMS);
        merge_specs(&mut specs, more.into_iter().chain(claims)).map_err(|path| {
            transform(&kustomization.file, format!("labels: `create` of {path} contradicts kustomize's own"))
        })?;
        set(kustomization, map, &labels.pairs, &specs)?;
    }
    if kustomization.common_labels.is_empty() {
        return Ok(());
    }
    set(kustomization, map, &kustomization.common_labels, &common())
}

fn set(
    kustomization: &Kustomization,
    map: &mut ResMap,
    pairs: &TextMap,
    specs: &[FieldSpec],
) -> Result<(), BuildError> {
    set_texts(kustomization, map, pairs, specs, "labels")
}

/// Writes text pairs into the mappings that `specs` lead to.
///
/// # Errors
/// When a place is no mapping.
pub(super) fn set_texts(
    kustomization: &Kustomization,
    map: &mut ResMap,
    pairs: &TextMap,
    specs: &[FieldSpec],
    what: &str,
) -> Result<(), BuildError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = specs.iter().map(|spec| field::split(&spec.path)).collect();
    for resource in map.contents_mut() {
        for (spec, path) in specs.iter().zip(&paths) {
            if !spec.selects(resource.api_version(), resource.kind()) {
                continue;
            }
            let leaf = if spec.create { Leaf::Map } else { Leaf::None };
            let done = field::visit(&mut resource.value, path, leaf, &mut |value| put(value, pairs));
            if let Err(wrong) = done {
                let message = format!("{what} of {} at {}: {wrong}", resource.describe(), spec.path);
                return Err(transform(&kustomization.file, message));
            }
        }
    }
    Ok(())
}

fn put(value: &mut Value, pairs: &TextMap) -> Result<(), String> {
    match value {
        Value::Object(map) => {
            for (key, text) in pairs {
                map.insert(key.clone(), Value::String(text.clone()));
            }
            Ok(())
        }
        Value::Null => Ok(()),
        _ => Err("found something else where a mapping should be".to_owned()),
    }
}
