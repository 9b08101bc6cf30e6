//! `IAMPolicyGenerator`: a service account that stands for one of a cloud. GKE is the only cloud kustomize knows.

use crate::kustomization::form::Form;
use teal_yaml::{Map, Node, Value};

/// Reads the document and makes the service account.
pub(crate) fn generate(form: &mut Form<'_>, document: &Node) -> Value {
    let (mut name, mut namespace, mut account, mut project) = Default::default();
    let mut cloud = String::new();
    for (field, value) in form.fields(document, &["cloud", "kubernetesService", "serviceAccount"]) {
        match field {
            "cloud" => cloud = form.text(value),
            "kubernetesService" => {
                for (field, value) in form.fields(value, &["name", "namespace"]) {
                    let into: &mut String = if field == "name" { &mut name } else { &mut namespace };
                    *into = form.text(value);
                }
            }
            _ => {
                for (field, value) in form.fields(value, &["name", "projectId"]) {
                    let into: &mut String = if field == "name" { &mut account } else { &mut project };
                    *into = form.text(value);
                }
            }
        }
    }
    if cloud != "gke" {
        form.mistake(document.at, format!("cloud provider `{cloud}` is not supported; write gke"));
    }
    if name.is_empty() {
        form.mistake(document.at, "`kubernetesService` needs a `name`");
    }
    let mut metadata = Map::new();
    let bound = format!("{account}@{project}.iam.gserviceaccount.com");
    metadata.insert("annotations", Map::from([("iam.gke.io/gcp-service-account", bound.into())]).into());
    metadata.insert("name", name.into());
    if !namespace.is_empty() {
        metadata.insert("namespace", namespace.into());
    }
    Map::from([("apiVersion", "v1".into()), ("kind", "ServiceAccount".into()), ("metadata", metadata.into())]).into()
}
