//! `apiVersion`, `kind`, and whether a kustomization says anything at all.

use super::form::Form;
use teal_yaml::{Data, Node, Place};

/// Checks the kind's version, and that something is asked for.
pub(super) fn check(
    form: &mut Form<'_>,
    document: &Node,
    api_version: Option<(String, Place)>,
    is_component: bool,
    fields: &[(&'static str, &Node)],
) {
    let (kind, want) = if is_component {
        ("Component", "kustomize.config.k8s.io/v1alpha1")
    } else {
        ("Kustomization", "kustomize.config.k8s.io/v1beta1")
    };
    if let Some((version, at)) = api_version.filter(|(version, _)| !version.is_empty() && version != want) {
        form.mistake(at, format!("apiVersion `{version}` is none of kind {kind}; write {want}"));
    }
    // To kustomize an empty list says something, and an empty text does not.
    let says_something = fields.iter().any(|(name, node)| {
        !matches!(*name, "apiVersion" | "kind") && !matches!(&node.data, Data::String(text) if text.is_empty())
    });
    if !says_something && form.mistakes.is_empty() {
        form.mistake(document.at, "the kustomization is empty; name at least one resource");
    }
}
