//! Finds the Switches: every `switch.yaml`, whatever it is called, below the folders that are named. One that can't be
//! read may name the cluster, so that a mistake in any of them is an error.

use std::path::{Path, PathBuf};

use teal_api::switch::{Cluster, Switch};
use teal_api::{Mistake, Mistakes};
use teal_yaml::{Node, Place};

/// Deepest folder that is looked into.
const DEPTH: usize = 12;

/// Reads every Switch in a file, or below a folder. Hidden folders are left out.
///
/// # Errors
/// All mistakes of all files at once.
pub fn switches(places: &[PathBuf]) -> Result<Vec<Switch>, Mistakes> {
    let (mut found, mut mistakes) = (Vec::<Switch>::new(), Vec::new());
    let mut files = Vec::new();
    for place in places {
        walk(place, DEPTH, &mut files, &mut mistakes);
    }
    files.sort();
    files.dedup();
    for file in files {
        let name = file.display().to_string();
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => continue,
            Err(error) => {
                mistakes.push(unreadable(&file, &error));
                continue;
            }
        };
        if !is_switch(&text) {
            continue;
        }
        match Switch::parse(&name, &text) {
            Ok(switch) => {
                if found.iter().any(|other| other.name == switch.name) {
                    let message =
                        format!("the Switch {} is declared in another file, too; name each once", switch.name);
                    mistakes.push(Mistake { file: name, at: START, field: "metadata.name".to_owned(), message });
                } else {
                    found.push(switch);
                }
            }
            Err(Mistakes(all)) => mistakes.extend(all),
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(Mistakes(mistakes)) }
}

const START: Place = Place { line: 1, column: 1 };

fn unreadable(path: &Path, error: &std::io::Error) -> Mistake {
    let message = format!("can't be read: {error}");
    Mistake { file: path.display().to_string(), at: START, field: String::new(), message }
}

fn walk(place: &Path, depth: usize, files: &mut Vec<PathBuf>, mistakes: &mut Vec<Mistake>) {
    if !place.is_dir() {
        files.push(place.to_owned());
        return;
    }
    let entries = match std::fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) => return mistakes.push(unreadable(place, &error)),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        // A link could lead round in circles, or out of the fleet.
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && depth > 0 && !name.starts_with('.') {
            walk(&path, depth - 1, files, mistakes);
        } else if !is_dir && yaml {
            files.push(path);
        }
    }
}

/// Is this a Switch, or something that wants to be one and can't be read?
fn is_switch(text: &str) -> bool {
    if !text.contains("teal.dev/") || !text.contains("Switch") {
        return false;
    }
    let kind = |node: &Node| node.get("kind").and_then(Node::as_str) == Some("Switch");
    teal_yaml::read(text).map_or(true, |documents| documents.iter().any(kind))
}

/// What a Switch calls the cluster with this ARM id; `None` when it does not name it. A color that is reached by a
/// kubeconfig has no id to compare: there its name decides.
#[must_use]
pub fn names(switch: &Switch, color: &str, cluster: &str) -> Option<String> {
    let by_id = |(_, declared): &(&String, &teal_api::switch::Color)| matches!(&declared.cluster, Cluster::Aks(id) if id.eq_ignore_ascii_case(cluster));
    let by_name = |(name, declared): &(&String, &teal_api::switch::Color)| {
        name.as_str() == color && matches!(declared.cluster, Cluster::Kubeconfig(_))
    };
    let found = switch.colors.iter().find(by_id).or_else(|| switch.colors.iter().find(by_name));
    found.map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/aks-blue";

    fn text(name: &str, blue: &str) -> String {
        format!(
            "apiVersion: teal.dev/v1alpha1\nkind: Switch\nmetadata: {{name: {name}}}\nspec:\n  active: green\n  colors:\n    blue: {{cluster: {{{blue}}}, probe: {{url: \"http://10.1.0.4/\"}}}}\n    \
             green: {{cluster: {{kubeconfig: g}}, probe: {{url: \"http://10.2.0.4/\"}}}}\n  targets:\n  - azureDns: {{subscription: s, resourceGroup: g, zone: contoso.com, record: {name}}}\n    \
             to: {{blue: {{ip: 10.1.0.4}}, green: {{ip: 10.2.0.4}}}}\n"
        )
    }

    #[test]
    fn every_switch_below_a_folder_is_found_and_one_that_is_wrong_is_no_gap() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("a/switch.yaml", &text("a", &format!("aks: {ID}")));
        put("deep/er/other.yml", &text("b", "kubeconfig: b"));
        put("apps/web.yaml", "kind: Deployment\n");
        put(".git/switch.yaml", "kind: Switch # teal.dev/");
        let found = switches(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(names(&found[0], "azure", ID).as_deref(), Some("blue"), "by its id, whatever it is called");
        assert_eq!(names(&found[0], "blue", "/other"), None, "another cluster of the same name");
        assert_eq!(names(&found[1], "blue", ID).as_deref(), Some("blue"));
        put("wrong.yaml", &text("c", "x: y"));
        put("twice.yaml", &text("a", "kubeconfig: x"));
        let told = switches(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(told.contains("wrong.yaml") && told.contains("is declared in another file"), "{told}");
    }
}
