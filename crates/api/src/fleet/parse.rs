//! Reads `teal.yaml` and `unit.yaml`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ColorDifferences, Fleet, ObjectMatch, Patch, RoleChanges, Roles, Suspend, UnitSettings};
use crate::Mistakes;
use crate::reader::{Kind, Log, Spot, document, is_label};
use teal_yaml::{Data, Node};

/// Default of `timeout`.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Kinds that a role can suspend.
const SUSPENDABLE: &[&str] = &["CronJob", "Job", "Deployment", "StatefulSet", "ReplicaSet"];
/// Keys of a patch's target, as in a kustomization.
const TARGET: &[&str] = &["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];

impl Fleet {
    /// Reads the text of `teal.yaml`; `file` is its path in the repository, for messages.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let log = Log::new(file, text);
        let document = document(text, &Kind { name: "Fleet", named: true }, &log);
        let fleet = document.as_ref().and_then(|document| fleet(document.name.clone(), &document.spec(&log)));
        log.finish(fleet)
    }
}

impl UnitSettings {
    /// Reads the text of a unit's `unit.yaml`; `file` is its path in the repository, for messages.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let log = Log::new(file, text);
        let document = document(text, &Kind { name: "UnitSettings", named: false }, &log);
        let settings = document.as_ref().and_then(|document| unit_settings(&document.spec(&log)));
        log.finish(settings)
    }
}

fn fleet(name: String, spec: &Spot<'_>) -> Option<Fleet> {
    let fields = spec.fields(&["layers", "roles", "substitute", "substituteFrom", "strict", "colors"], &[])?;
    let layers = fields.need("layers", "at least one layer: `layers: [{name: apps, paths: [apps/*]}]`");
    let layers = layers.map(|spot| super::layers::layers(&spot, TIMEOUT)).unwrap_or_default();
    let roles = fields.or("roles", roles, Roles::default());
    let substitute = fields.or("substitute", substitute, BTreeMap::new());
    let substitute_from = fields.or("substituteFrom", super::sources::sources, Vec::new());
    let strict = fields.or("strict", Spot::truth, false);
    let colors = fields.or("colors", colors, BTreeMap::new());
    Some(Fleet { name, layers, roles, substitute, substitute_from, strict, colors })
}

fn roles(spot: &Spot<'_>) -> Option<Roles> {
    let fields = spot.fields(&["standby", "active"], &[])?;
    Some(Roles {
        standby: fields.or("standby", role, RoleChanges::default()),
        active: fields.or("active", role, RoleChanges::default()),
    })
}

fn role(spot: &Spot<'_>) -> Option<RoleChanges> {
    let fields = spot.fields(&["suspend", "patches"], &[])?;
    Some(RoleChanges {
        suspend: fields.or("suspend", |spot| Some(spot.list()?.iter().filter_map(suspend).collect()), Vec::new()),
        patches: fields.or("patches", patches, Vec::new()),
    })
}

fn suspend(spot: &Spot<'_>) -> Option<Suspend> {
    if matches!(spot.node.data, Data::String(_)) {
        return Some(Suspend { kind: suspendable(spot)?, labels: BTreeMap::new() });
    }
    let fields = spot.fields(&["kind", "labels"], &[])?;
    let labels = fields.or("labels", text_map, BTreeMap::new());
    let kind = fields.need("kind", "a kind such as `CronJob`").and_then(|spot| suspendable(&spot))?;
    Some(Suspend { kind, labels })
}

fn suspendable(spot: &Spot<'_>) -> Option<String> {
    let kind = spot.text()?;
    if SUSPENDABLE.contains(&kind.as_str()) {
        return Some(kind);
    }
    spot.wrong(format!("`{kind}` can't be suspended; {} can, use a patch for others", SUSPENDABLE.join(", ")));
    None
}

/// Reads patches as a kustomization has them, with the text in the file itself.
pub(super) fn patches(spot: &Spot<'_>) -> Option<Vec<Patch>> {
    Some(spot.list()?.iter().filter_map(patch).collect())
}

fn patch(spot: &Spot<'_>) -> Option<Patch> {
    if spot.node.get("path").is_some() {
        spot.wrong("`path` is not supported here; write the text under `patch: |-`");
        return None;
    }
    let fields = spot.fields(&["target", "patch"], &["options"])?;
    let target = fields.get("target");
    if let Some(target) = &target {
        for key in TARGET {
            if let Some(value) = target.fields(TARGET, &[])?.get(key) {
                value.text();
            }
        }
    }
    let text = fields.need("patch", "the patch as text: `patch: |-`")?;
    let patch = text.text()?;
    match teal_yaml::read(&patch).map(|mut documents| (documents.len(), documents.pop())) {
        Err(error) => text.wrong(format!("the patch is no YAML: its {error}")),
        Ok((1, Some(node))) => match node.data {
            Data::Mapping(_) if target.is_some() || names_its_object(&node) => {}
            Data::Mapping(_) => {
                text.wrong("the patch names no object; write a `target`, or `kind` and `metadata.name` in it")
            }
            Data::Sequence(_) if target.is_some() => {}
            Data::Sequence(_) => text.wrong("a JSON patch needs a `target`"),
            _ => text.wrong("a patch is a mapping (strategic merge) or a list of operations (JSON patch)"),
        },
        Ok(_) => text.wrong("write one document a patch"),
    }
    Some(Patch { target: target.map(|spot| spot.node.clone().into_value()).unwrap_or_default(), patch })
}

fn names_its_object(patch: &Node) -> bool {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    text(patch.get("kind")) && text(patch.get("metadata").and_then(|metadata| metadata.get("name")))
}

fn substitute(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for (entry, value) in spot.map()? {
        let name = &entry.key;
        if !super::is_variable(name) {
            value.wrong(format!(
                "`{name}` is no name of a variable; use letters, digits and `_`, not beginning with a digit"
            ));
        }
        if let Some(text) = value.any_text() {
            found.insert(name.clone(), text);
        }
    }
    Some(found)
}

fn text_map(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    let entries = spot.map()?;
    Some(entries.iter().filter_map(|(entry, value)| Some((entry.key.clone(), value.any_text()?))).collect())
}

fn colors(spot: &Spot<'_>) -> Option<BTreeMap<String, ColorDifferences>> {
    let mut found = BTreeMap::new();
    for (entry, value) in spot.map()? {
        if !is_label(&entry.key) {
            value.wrong(format!("`{}` is no name of a color; use lower-case letters, digits and `-`", entry.key));
        }
        let Some(fields) = value.fields(&["substitute", "patches"], &[]) else { continue };
        let differences = ColorDifferences {
            substitute: fields.or("substitute", substitute, BTreeMap::new()),
            patches: fields.or("patches", patches, Vec::new()),
        };
        found.insert(entry.key.clone(), differences);
    }
    Some(found)
}

fn unit_settings(spec: &Spot<'_>) -> Option<UnitSettings> {
    let fields = spec.fields(&["dependsOn", "timeout", "readiness"], &["health", "ignore", "helm", "decryption"])?;
    let depends_on = fields.or(
        "dependsOn",
        |spot| Some(spot.list()?.iter().filter_map(super::layers::folder).collect()),
        Vec::new(),
    );
    let timeout = fields.get("timeout").and_then(|spot| spot.duration_from(Duration::from_secs(1)));
    let readiness_ignore = fields.get("readiness").and_then(|spot| {
        let fields = spot.fields(&["ignore"], &[])?;
        Some(fields.or("ignore", |spot| Some(spot.list()?.iter().filter_map(object_match).collect()), Vec::new()))
    });
    Some(UnitSettings { depends_on, timeout, readiness_ignore: readiness_ignore.unwrap_or_default() })
}

fn object_match(spot: &Spot<'_>) -> Option<ObjectMatch> {
    let fields = spot.fields(&["group", "kind", "namespace", "name"], &[])?;
    let part = |key: &str| fields.get(key).and_then(|spot| spot.any_text());
    let (group, namespace, name) = (part("group"), part("namespace"), part("name"));
    let kind = fields.need("kind", "a kind such as `APIService`").and_then(|spot| spot.text())?;
    Some(ObjectMatch { group, kind, namespace, name })
}
