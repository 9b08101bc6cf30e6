//! How kustomize names the files of `--output FOLDER`.

use std::collections::BTreeSet;

use teal_kustomize::is_cluster_scoped;

/// What of an object its file is named after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

/// The name of each object's file: `apps_v1_deployment_web.yaml`, with the namespace in front where there are several.
pub(super) fn file_names(objects: &[Named<'_>]) -> Vec<String> {
    let namespaces: BTreeSet<&str> = objects.iter().filter_map(namespace).collect();
    let several = namespaces.len() > 1;
    let name = |object: &Named<'_>| {
        let file = file_name(object);
        match namespace(object).filter(|_| several) {
            Some(namespace) => format!("{}_{file}", namespace.to_lowercase()),
            None => file,
        }
    };
    objects.iter().map(name).collect()
}

fn file_name(object: &Named<'_>) -> String {
    let (group, version) = object.api_version.split_once('/').unwrap_or(("", object.api_version));
    let parts = [group, version, object.kind, object.name];
    let parts: Vec<String> = parts.iter().filter(|part| !part.is_empty()).map(|part| part.to_lowercase()).collect();
    format!("{}.yaml", parts.join("_"))
}

/// The namespace an object is in; `None` for kinds that are in none.
fn namespace<'a>(object: &Named<'a>) -> Option<&'a str> {
    if is_cluster_scoped(object.api_version, object.kind) {
        return None;
    }
    Some(if object.namespace.is_empty() { "default" } else { object.namespace })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(api_version: &'a str, kind: &'a str, namespace: &'a str, name: &'a str) -> Named<'a> {
        Named { api_version, kind, namespace, name }
    }

    #[test]
    fn names_are_kustomizes() {
        let web = named("apps/v1", "Deployment", "", "Web");
        let role = named("rbac.authorization.k8s.io/v1", "ClusterRole", "", "a:b");
        let other = named("v1", "Service", "Shop", "web");
        assert_eq!(
            file_names(&[web, role]),
            ["apps_v1_deployment_web.yaml", "rbac.authorization.k8s.io_v1_clusterrole_a:b.yaml"]
        );
        assert_eq!(
            file_names(&[web, role, other]),
            [
                "default_apps_v1_deployment_web.yaml",
                "rbac.authorization.k8s.io_v1_clusterrole_a:b.yaml",
                "shop_v1_service_web.yaml"
            ]
        );
    }
}
