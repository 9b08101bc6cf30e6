//! `IAMPolicyGenerator`: a service account that stands for one of a cloud. GKE is the only cloud kustomize knows.

use crate::kustomization::form::Form;
use serde_json::{Map, Value, json};
use teal_yaml::Node;

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
    metadata.insert("annotations".to_owned(), json!({"iam.gke.io/gcp-service-account": bound}));
    metadata.insert("name".to_owned(), json!(name));
    if !namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
}
