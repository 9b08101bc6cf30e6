//! Lists that the API server merges by key. Two items with one key make server-side apply fail or, worse, merge.
//!
//! Keys are those of the API server's `x-kubernetes-list-map-keys`; `env` and `envFrom`'s siblings are the ones that
//! people really get wrong.

use serde_json::Value;

use crate::id::ObjectId;

/// A list of a container, its keys, and what an absent key means.
type Keyed = (&'static str, &'static [(&'static str, &'static str)]);

const CONTAINER: &[Keyed] = &[
    ("env", &[("name", "")]),
    ("ports", &[("containerPort", ""), ("protocol", "TCP")]),
    ("volumeMounts", &[("mountPath", "")]),
    ("volumeDevices", &[("devicePath", "")]),
];

const POD: &[Keyed] = &[
    ("containers", &[("name", "")]),
    ("initContainers", &[("name", "")]),
    ("ephemeralContainers", &[("name", "")]),
    ("volumes", &[("name", "")]),
    ("imagePullSecrets", &[("name", "")]),
    ("hostAliases", &[("ip", "")]),
    ("topologySpreadConstraints", &[("topologyKey", ""), ("whenUnsatisfiable", "")]),
];

const SERVICE: &[Keyed] = &[("ports", &[("port", ""), ("protocol", "TCP")])];

/// The path of the first list with a repeated key, and the key as `name=value`.
pub(crate) fn first_duplicate(id: &ObjectId, value: &Value) -> Option<(String, String)> {
    let (path, spec) = match (id.group.as_str(), id.kind.as_str()) {
        ("", "Service") => return in_lists("spec", value.get("spec")?, SERVICE),
        ("", "Pod") => ("spec", value.pointer("/spec")),
        ("", "PodTemplate") => ("template.spec", value.pointer("/template/spec")),
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => ("spec.template.spec", value.pointer("/spec/template/spec")),
        ("batch", "CronJob") => {
            ("spec.jobTemplate.spec.template.spec", value.pointer("/spec/jobTemplate/spec/template/spec"))
        }
        _ => return None,
    };
    let spec = spec?;
    in_lists(path, spec, POD).or_else(|| {
        ["containers", "initContainers", "ephemeralContainers"].into_iter().find_map(|list| {
            let containers = spec.get(list)?.as_array()?;
            containers
                .iter()
                .enumerate()
                .find_map(|(index, container)| in_lists(&format!("{path}.{list}[{index}]"), container, CONTAINER))
        })
    })
}

fn in_lists(path: &str, holder: &Value, lists: &[Keyed]) -> Option<(String, String)> {
    lists.iter().find_map(|(list, keys)| {
        let items = holder.get(*list)?.as_array()?;
        if items.len() < 2 {
            return None;
        }
        let mut seen = std::collections::HashSet::new();
        let twice = items.iter().filter_map(|item| key_of(item, keys)).find(|key| !seen.insert(key.clone()))?;
        Some((format!("{path}.{list}"), twice))
    })
}

/// `None` when the item lacks its first key: the API server will say so better.
fn key_of(item: &Value, keys: &[(&str, &str)]) -> Option<String> {
    let mut parts = Vec::with_capacity(keys.len());
    for (index, (key, absent)) in keys.iter().enumerate() {
        let text = match item.get(*key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ if index == 0 => return None,
            _ => (*absent).to_owned(),
        };
        parts.push(format!("{key}={text}"));
    }
    Some(parts.join(","))
}
