//! Our own Apply entry in `managedFields`: its hash is what drift is measured by (SYNC §5).
//!
//! The API server takes a field out of our entry when anyone else changes its value, and when it is removed; so the hash
//! changes exactly when somebody touched what we declared. Metadata suffices, for every kind.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::digest::Digest;
use crate::scaled::is_scaled;

/// Managers whose fields on our objects are the cluster doing its work, not a person's change.
pub const KNOWN_CONTROLLERS: &[&str] = &[
    "cainjector",
    "cert-manager-cainjector",
    "cloud-controller-manager",
    "cluster-autoscaler",
    "cluster-proportional-autoscaler",
    "csi-provisioner",
    "horizontal-pod-autoscaler",
    "k3s",
    "keda",
    "keda-operator",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kwok",
    "kwok-controller",
    "vpa-recommender",
    "vpa-updater",
];

/// One entry of `managedFields`, borrowed from whatever the caller holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ManagedEntry<'a> {
    /// Name of the manager.
    pub manager: &'a str,
    /// `Apply` or `Update`.
    pub operation: &'a str,
    /// Version the fields are written in.
    pub api_version: &'a str,
    /// Subresource it was written through; empty for the object itself.
    pub subresource: &'a str,
    /// `fieldsV1`.
    pub fields: &'a Value,
}

impl<'a> ManagedEntry<'a> {
    /// Reads one entry; `None` when it has no fields.
    #[must_use]
    pub fn of(entry: &'a Value) -> Option<Self> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(Self {
            manager: text("manager"),
            operation: text("operation"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            fields: entry.get("fieldsV1")?,
        })
    }

    /// Every entry of an object's `metadata`.
    pub fn all(metadata: &'a Value) -> impl Iterator<Item = Self> {
        let entries = metadata.get("managedFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter_map(Self::of)
    }

    /// Whether this is the entry that server-side apply by `manager` writes.
    #[must_use]
    pub fn is_apply_of(&self, manager: &str) -> bool {
        self.operation == "Apply" && self.subresource.is_empty() && self.manager == manager
    }
}

/// Hash of `manager`'s own Apply entry: its apiVersion and fields. `None` when there is none: the object is not ours.
///
/// Replicas that a scaler holds count as ours: see [`scaled`](crate::scaled).
#[must_use]
pub fn own_fields<'a>(entries: impl IntoIterator<Item = ManagedEntry<'a>>, manager: &str) -> Option<Digest> {
    let (mut own, mut scaled) = (None, false);
    for entry in entries {
        scaled |= is_scaled([entry]);
        if own.is_none() && entry.is_apply_of(manager) {
            own = Some(entry);
        }
    }
    let own = own?;
    let fields = match own.fields.pointer("/f:spec") {
        Some(Value::Object(_)) if scaled && own.fields.pointer("/f:spec/f:replicas").is_none() => {
            let mut fields = own.fields.clone();
            if let Some(Value::Object(spec)) = fields.pointer_mut("/f:spec") {
                spec.insert("f:replicas".to_owned(), json!({}));
            }
            Digest::of_value(&fields)
        }
        _ => Digest::of_value(own.fields),
    };
    Some(Digest::of_parts([own.api_version.as_bytes(), fields.to_string().as_bytes()]))
}

/// Fields that somebody else set on one of our objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignFields {
    /// Who.
    pub manager: String,
    /// Which, as paths such as `.spec.template.spec.containers[name=web].env[name=DEBUG]`; sorted, at most `limit`.
    pub fields: Vec<String>,
}

/// Lists what managers that are neither `manager` nor `controllers` own on an object and we do not.
///
/// Status and other subresources are left out. Not drift, but a freshly built cluster would lack it (SYNC §5).
#[must_use]
pub fn foreign_fields<'a>(
    entries: impl IntoIterator<Item = ManagedEntry<'a>>,
    manager: &str,
    controllers: &[&str],
    limit: usize,
) -> Vec<ForeignFields> {
    let entries: Vec<_> = entries.into_iter().collect();
    let ours: BTreeSet<String> =
        entries.iter().filter(|entry| entry.manager == manager).flat_map(|entry| paths(entry.fields)).collect();
    let mut foreign = Vec::new();
    for entry in &entries {
        if entry.manager == manager || !entry.subresource.is_empty() || controllers.contains(&entry.manager) {
            continue;
        }
        let fields: BTreeSet<_> = paths(entry.fields)
            .into_iter()
            .filter(|path| !path.starts_with(".status") && !ours.contains(path))
            .collect();
        if !fields.is_empty() {
            let fields = fields.into_iter().take(limit).collect();
            foreign.push(ForeignFields { manager: entry.manager.to_owned(), fields });
        }
    }
    foreign.sort();
    foreign
}

/// The leaves of a `fieldsV1` as paths people can read.
#[must_use]
pub fn paths(fields: &Value) -> Vec<String> {
    let mut all = Vec::new();
    if let Value::Object(map) = fields {
        walk(map, &mut String::new(), &mut all);
    }
    all
}

fn walk(fields: &Map<String, Value>, path: &mut String, all: &mut Vec<String>) {
    let before = path.len();
    let mut leaf = true;
    for (key, inner) in fields {
        if key == "." {
            continue;
        }
        leaf = false;
        push_step(key, path);
        match inner {
            Value::Object(inner) => walk(inner, path, all),
            _ => all.push(path.clone()),
        }
        path.truncate(before);
    }
    if leaf && before > 0 {
        all.push(path.clone());
    }
}

/// Steps of fieldsV1: `f:` a field, `k:` an item by key, `v:` an item by value, `i:` an item by index.
fn push_step(step: &str, path: &mut String) {
    match step.split_once(':') {
        Some(("f", name)) if name.contains(['.', '/']) => {
            path.push('[');
            path.push_str(name);
            path.push(']');
        }
        Some(("f", name)) => {
            path.push('.');
            path.push_str(name);
        }
        Some(("k", keys)) => {
            let keys: Value = serde_json::from_str(keys).unwrap_or_else(|_| json!(keys));
            let pairs = keys.as_object().into_iter().flatten().map(|(key, value)| {
                format!("{key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            });
            path.push('[');
            path.push_str(&pairs.collect::<Vec<_>>().join(","));
            path.push(']');
        }
        Some((_, other)) => {
            path.push('[');
            path.push_str(other);
            path.push(']');
        }
        None => path.push_str(step),
    }
}
