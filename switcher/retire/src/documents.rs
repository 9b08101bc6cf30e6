//! Finds the Switches: every `switch.yaml`, whatever it is called, below the folders that are named. One that can't be
//! read may name the cluster, so that a mistake in any of them is an error.

use std::io::ErrorKind;
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
    let roots: Vec<PathBuf> = places.iter().filter_map(|place| place.canonicalize().ok()).collect();
    for place in places {
        Walk { places: &roots, files: &mut files, mistakes: &mut mistakes }.at(place, DEPTH);
    }
    files.sort();
    files.dedup();
    for file in files {
        let name = file.display().to_string();
        let text = match text(&file) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
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

/// A file's text; `None` when it is none and has nothing of Teal's.
fn text(file: &Path) -> std::io::Result<Option<String>> {
    match String::from_utf8(std::fs::read(file)?) {
        Ok(text) => Ok(Some(text)),
        Err(bytes) if holds(bytes.as_bytes(), b"teal.dev/") => {
            Err(std::io::Error::new(ErrorKind::InvalidData, "it speaks of teal.dev/ and is not UTF-8"))
        }
        Err(_) => Ok(None),
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Looks for files. A part of the tree that is not looked into is a mistake: a Switch in it would be left out.
struct Walk<'a> {
    places: &'a [PathBuf],
    files: &'a mut Vec<PathBuf>,
    mistakes: &'a mut Vec<Mistake>,
}

impl Walk<'_> {
    fn at(&mut self, place: &Path, depth: usize) {
        if !place.is_dir() {
            return self.files.push(place.to_owned());
        }
        if depth == 0 {
            return self.wrong(place, "lies too deep to be looked into; name it by --switches, too");
        }
        let entries = match std::fs::read_dir(place) {
            Ok(entries) => entries,
            Err(error) => return self.mistakes.push(unreadable(place, &error)),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((kind, entry)) => self.entry(&entry.path(), kind, depth),
                Err(error) => self.mistakes.push(unreadable(place, &error)),
            }
        }
    }

    fn entry(&mut self, path: &Path, kind: std::fs::FileType, depth: usize) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        if kind.is_dir() && !name.starts_with('.') {
            self.at(path, depth - 1);
        } else if kind.is_symlink() && path.is_dir() && !name.starts_with('.') {
            // It could lead round in circles, or out of the fleet.
            if !self.searched(path) {
                self.wrong(path, "is a link to a folder that is not searched; name that folder by --switches, too");
            }
        } else if !kind.is_dir() && yaml {
            self.files.push(path.to_owned());
        }
    }

    /// Does a link lead into what is searched anyway?
    fn searched(&self, link: &Path) -> bool {
        let Ok(to) = link.canonicalize() else { return false };
        let shown = |rest: &Path| !rest.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
        self.places.iter().any(|place| to.strip_prefix(place).is_ok_and(shown))
    }

    fn wrong(&mut self, path: &Path, message: &str) {
        let (file, message) = (path.display().to_string(), message.to_owned());
        self.mistakes.push(Mistake { file, at: START, field: String::new(), message });
    }
}

/// Is this a Switch, or something that wants to be one and can't be read?
pub(crate) fn is_switch(text: &str) -> bool {
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

    #[test]
    fn what_is_not_looked_into_is_told() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        std::fs::write(root.join("image.yaml"), [0xff, 0xfe]).unwrap();
        std::fs::create_dir_all(root.join("apps")).unwrap();
        std::os::unix::fs::symlink(root.join("apps"), root.join("again")).unwrap();
        assert!(
            switches(&[root.to_owned()]).unwrap().is_empty(),
            "nothing of Teal's, and a link that leads to what is searched"
        );
        std::fs::write(root.join("latin.yaml"), b"# caf\xe9\napiVersion: teal.dev/v1alpha1\nkind: Switch\n").unwrap();
        std::os::unix::fs::symlink(other.path(), root.join("elsewhere")).unwrap();
        std::fs::create_dir_all(root.join("d/".repeat(DEPTH + 1))).unwrap();
        let told = switches(&[root.to_owned()]).unwrap_err().to_string();
        for words in ["is not UTF-8", "elsewhere", "lies too deep"] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let both = switches(&[root.to_owned(), other.path().to_owned()]).unwrap_err().to_string();
        assert!(!both.contains("elsewhere"), "{both}");
    }
}
