//! Patches and the selectors that aim them.

use crate::kustomization::PatchEntry;
use crate::kustomization::form::Form;
use crate::patch::Selector;
use teal_yaml::Node;

/// `patches` or `patchesJson6902`.
pub(crate) fn patches(form: &mut Form<'_>, node: &Node) -> Vec<PatchEntry> {
    form.items(node).iter().map(|item| patch(form, item)).collect()
}

/// One patch.
pub(crate) fn patch(form: &mut Form<'_>, node: &Node) -> PatchEntry {
    let mut entry = PatchEntry { at: node.at, ..PatchEntry::default() };
    for (name, node) in form.fields(node, &["path", "patch", "target", "options"]) {
        match name {
            "path" => entry.path = form.text(node),
            "patch" => form.text(node).trim().clone_into(&mut entry.patch),
            "target" => entry.target = selector(form, node),
            _ => {
                for (name, node) in form.fields(node, &["allowNameChange", "allowKindChange"]) {
                    match name {
                        "allowNameChange" => entry.allow_name_change = form.flag(node),
                        _ => entry.allow_kind_change = form.flag(node),
                    }
                }
            }
        }
    }
    match (entry.path.is_empty(), entry.patch.is_empty()) {
        (true, true) => form.mistake(node.at, "a patch needs `path` or `patch`"),
        (false, false) => form.mistake(node.at, "a patch has either `path` or `patch`, not both"),
        _ => {}
    }
    entry
}

/// A `target`, `select`, `reject` or `selector`.
pub(crate) fn selector(form: &mut Form<'_>, node: &Node) -> Option<Selector> {
    const KNOWN: [&str; 7] = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
    let mut parts: [String; 7] = Default::default();
    for (name, node) in form.fields(node, &KNOWN) {
        if let Some(at) = KNOWN.iter().position(|known| *known == name) {
            parts[at] = form.text(node);
        }
    }
    let [group, version, kind, name, namespace, labels, annotations] = &parts;
    match Selector::new(group, version, kind, name, namespace, labels, annotations) {
        Ok(selector) => Some(selector),
        Err(wrong) => {
            form.mistake(node.at, wrong.to_string());
            None
        }
    }
}
