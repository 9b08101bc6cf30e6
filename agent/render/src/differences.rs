//! What color and role change about declared objects: patches, and what a standby suspends (SWITCH §6).

use serde_json::{Value, json};
use teal_api::fleet::{Fleet, Patch, RoleChanges, Suspend};
use teal_api::sync::Role;
use teal_kustomize::{ObjectPatch, Selector};
use teal_yaml::Node;

use crate::RenderError;

/// Every declared difference of one color in one role, read once for all objects.
#[derive(Debug, Default)]
pub(crate) struct Differences<'a> {
    suspend: &'a [Suspend],
    patches: Vec<(Selector, ObjectPatch, String)>,
}

impl<'a> Differences<'a> {
    /// Reads the differences of `color` in `role`; a role that is not known changes nothing.
    pub(crate) fn read(fleet: &'a Fleet, color: &str, role: Option<Role>) -> Result<Self, Vec<RenderError>> {
        let changes: Option<(&RoleChanges, &str)> = role.map(|role| match role {
            Role::Active => (&fleet.roles.active, "roles.active"),
            Role::Standby => (&fleet.roles.standby, "roles.standby"),
        });
        let colors = fleet.colors.get(color).map(|differences| differences.patches.as_slice());
        let color_whose = format!("colors.{color}");
        let mut groups = vec![(colors.unwrap_or_default(), color_whose.as_str())];
        groups.extend(changes.map(|(changes, whose)| (changes.patches.as_slice(), whose)));
        let (mut patches, mut errors) = (Vec::new(), Vec::new());
        for (list, whose) in groups {
            for (index, patch) in list.iter().enumerate() {
                let whose = format!("{whose}.patches[{index}]");
                match compile(patch) {
                    Ok((selector, compiled)) => patches.push((selector, compiled, whose)),
                    Err(message) => errors.push(RenderError::Difference { whose, message }),
                }
            }
        }
        let suspend = changes.map_or(&[][..], |(changes, _)| &changes.suspend);
        if errors.is_empty() { Ok(Self { suspend, patches }) } else { Err(errors) }
    }

    /// Whether nothing can change.
    pub(crate) fn is_empty(&self) -> bool {
        self.suspend.is_empty() && self.patches.is_empty()
    }

    /// Whether anything here is for this object.
    pub(crate) fn touches(&self, object: &Value) -> bool {
        self.suspend.iter().any(|rule| selects(rule, object))
            || self.patches.iter().any(|(selector, ..)| selector.matches(object))
    }

    /// Changes the object.
    ///
    /// # Errors
    /// A patch that does not fit, or that deletes the object: the other cluster would have it, and no comparison could
    /// tell that from a loss.
    pub(crate) fn apply(&self, object: &mut Value) -> Result<(), RenderError> {
        for (selector, patch, whose) in &self.patches {
            if selector.matches(object) {
                let what = described(object);
                let wrong = |message: String| RenderError::Difference { whose: whose.clone(), message };
                if !patch.apply(object).map_err(|error| wrong(error.to_string()))? {
                    return Err(wrong(format!(
                        "deletes {what} on one cluster only, and both must declare the same objects; suspend it or give it no replicas instead"
                    )));
                }
            }
        }
        if self.suspend.iter().any(|rule| selects(rule, object)) {
            suspend(object);
        }
        Ok(())
    }
}

/// Kind and name, for messages.
pub(crate) fn described(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

fn compile(patch: &Patch) -> Result<(Selector, ObjectPatch), String> {
    let selector = if patch.target.is_null() { own_target(&patch.patch)? } else { patch.target.clone() };
    let selector = Selector::from_value(&selector).map_err(|error| error.to_string())?;
    Ok((selector, ObjectPatch::parse(&patch.patch).map_err(|error| error.to_string())?))
}

/// A patch without a target is for the object it names; one that names no namespace fits it in any.
fn own_target(patch: &str) -> Result<Value, String> {
    let document = teal_yaml::read(patch).map_err(|error| error.to_string())?.pop().map(Node::into_value);
    let document = document.unwrap_or_default();
    let text = |pointer: &str| regex::escape(document.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    if kind.is_empty() || name.is_empty() {
        return Err("a patch needs a `target`, or `kind` and `metadata.name` of its own".to_owned());
    }
    let api_version = text("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    Ok(
        json!({"group": group, "version": version, "kind": kind, "name": name, "namespace": text("/metadata/namespace")}),
    )
}

fn selects(rule: &Suspend, object: &Value) -> bool {
    if object.get("kind").and_then(Value::as_str) != Some(&rule.kind) {
        return false;
    }
    let labels = object.pointer("/metadata/labels");
    rule.labels
        .iter()
        .all(|(key, value)| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str) == Some(value))
}

/// Makes the object do nothing: `suspend` where its kind has that, else no replicas.
fn suspend(object: &mut Value) {
    let field = match object.get("kind").and_then(Value::as_str) {
        Some("CronJob" | "Job") => ("suspend", json!(true)),
        Some("Deployment" | "StatefulSet" | "ReplicaSet") => ("replicas", json!(0)),
        // teal.yaml is validated to name only these kinds; another one has nothing to suspend.
        _ => return,
    };
    let Some(map) = object.as_object_mut() else { return };
    let spec = map.entry("spec").or_insert_with(|| json!({}));
    if let Some(spec) = spec.as_object_mut() {
        spec.insert(field.0.to_owned(), field.1);
    }
}
