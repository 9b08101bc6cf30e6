//! `vars`.

use crate::kustomization::Var;
use crate::kustomization::form::Form;
use teal_yaml::Node;

/// `vars` of a kustomization.
pub(crate) fn vars(form: &mut Form<'_>, node: &Node) -> Vec<Var> {
    form.items(node).iter().map(|item| var(form, item)).collect()
}

fn var(form: &mut Form<'_>, node: &Node) -> Var {
    let mut var = Var { at: node.at, file: form.file.to_owned(), ..Var::default() };
    for (name, value) in form.fields(node, &["name", "objref", "fieldref"]) {
        match name {
            "name" => var.name = form.text(value),
            "objref" => object(form, value, &mut var),
            _ => {
                for (_, value) in form.fields(value, &["fieldPath"]) {
                    var.field_path = form.text(value);
                }
            }
        }
    }
    if var.field_path.is_empty() {
        "metadata.name".clone_into(&mut var.field_path);
    }
    var
}

fn object(form: &mut Form<'_>, node: &Node, var: &mut Var) {
    let (mut group, mut version) = (String::new(), String::new());
    for (name, value) in form.fields(node, &["apiVersion", "group", "version", "kind", "name", "namespace"]) {
        match name {
            "apiVersion" => var.api_version = form.text(value),
            "group" => group = form.text(value),
            "version" => version = form.text(value),
            "kind" => var.kind = form.text(value),
            "name" => var.object = form.text(value),
            _ => var.namespace = form.text(value),
        }
    }
    if var.api_version.is_empty() {
        var.api_version = if group.is_empty() { version } else { format!("{group}/{version}") };
    }
}
