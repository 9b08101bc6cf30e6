//! How kustomize names the files of `--output FOLDER`.

use std::collections::BTreeSet;

use serde_json::Value;
use teal_kustomize::is_cluster_scoped;

/// The name of each object's file: `apps_v1_deployment_web.yaml`, with the namespace in front where there are several.
pub(super) fn file_names(values: &[&Value]) -> Vec<String> {
    let namespaces: BTreeSet<&str> = values.iter().filter_map(|value| namespace(value)).collect();
    let several = namespaces.len() > 1;
    let name = |value: &&Value| {
        let file = file_name(value);
        match namespace(value).filter(|_| several) {
            Some(namespace) => format!("{}_{file}", namespace.to_lowercase()),
            None => file,
        }
    };
    values.iter().map(name).collect()
}

fn file_name(value: &Value) -> String {
    let api_version = text(value, "/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let parts = [group, version, text(value, "/kind"), text(value, "/metadata/name")];
    let parts: Vec<String> = parts.iter().filter(|part| !part.is_empty()).map(|part| part.to_lowercase()).collect();
    format!("{}.yaml", parts.join("_"))
}

/// The namespace an object is in; `None` for kinds that are in none.
fn namespace(value: &Value) -> Option<&str> {
    if is_cluster_scoped(text(value, "/apiVersion"), text(value, "/kind")) {
        return None;
    }
    let namespace = text(value, "/metadata/namespace");
    Some(if namespace.is_empty() { "default" } else { namespace })
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_kustomizes() {
        let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "Web"}});
        let role =
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a:b"}});
        let other = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "Shop"}});
        assert_eq!(
            file_names(&[&web, &role]),
            ["apps_v1_deployment_web.yaml", "rbac.authorization.k8s.io_v1_clusterrole_a:b.yaml"]
        );
        assert_eq!(
            file_names(&[&web, &role, &other]),
            [
                "default_apps_v1_deployment_web.yaml",
                "rbac.authorization.k8s.io_v1_clusterrole_a:b.yaml",
                "shop_v1_service_web.yaml"
            ]
        );
    }
}
