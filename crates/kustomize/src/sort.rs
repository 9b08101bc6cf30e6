//! The order of the result: as accumulated, or kustomize's legacy order.

use crate::id::split_api_version;
use crate::kustomization::SortOrder;
use crate::resource::Resource;
use std::cmp::Ordering;

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Where a kind stands in the legacy order: before the others (negative), among them, or after.
pub(crate) fn kind_rank(kind: &str) -> isize {
    rank(kind, &FIRST, &LAST)
}

fn rank(kind: &str, first: &[&str], last: &[&str]) -> isize {
    if let Some(at) = last.iter().rposition(|name| *name == kind) {
        return 1 + at.cast_signed();
    }
    first.iter().rposition(|name| *name == kind).map_or(0, |at| at.cast_signed() - first.len().cast_signed())
}

/// Puts objects into the order a kustomization, or kustomize's command, asks for.
pub(crate) fn sort(resources: &mut [Resource], order: &SortOrder) {
    match order {
        SortOrder::Fifo => {}
        SortOrder::Legacy(None) => sort_legacy(resources, &FIRST, &LAST),
        SortOrder::Legacy(Some((first, last))) => {
            let first: Vec<&str> = first.iter().map(String::as_str).collect();
            let last: Vec<&str> = last.iter().map(String::as_str).collect();
            sort_legacy(resources, &first, &last);
        }
    }
}

fn sort_legacy(resources: &mut [Resource], first: &[&str], last: &[&str]) {
    // Keys are made once an object, not once a comparison.
    resources.sort_by_cached_key(|resource| Key {
        rank: rank(resource.kind(), first, last),
        is_namespace: resource.kind() == "Namespace",
        has_group: resource.api_version().contains('/'),
        gvk: gvk(resource),
        id: id(resource),
    });
}

#[derive(PartialEq, Eq)]
struct Key {
    rank: isize,
    is_namespace: bool,
    has_group: bool,
    gvk: String,
    id: String,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_gvk = self.gvk.cmp(&other.gvk);
        // The core Namespace comes before other groups' kinds of that name.
        let reverse = self.is_namespace && other.is_namespace && !(self.has_group && other.has_group);
        self.rank
            .cmp(&other.rank)
            .then(if reverse { by_gvk.reverse() } else { by_gvk })
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn or<'a>(text: &'a str, absent: &'a str) -> &'a str {
    if text.is_empty() { absent } else { text }
}

fn gvk(resource: &Resource) -> String {
    let (group, version) = split_api_version(resource.api_version());
    format!("{}_{}_{}", or(group, "~G"), or(version, "~V"), or(resource.kind(), "~K"))
}

fn id(resource: &Resource) -> String {
    format!("{}|{}", or(resource.namespace(), "~X"), or(resource.name(), "~N"))
}
