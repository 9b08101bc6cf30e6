//! A chart in git: its files, and the charts it depends on.

use std::collections::BTreeMap;

use serde_json::Value;
use teal_api::helm::{HelmLock, RemoteChart, Repository, is_chart_name};
use teal_kustomize::{Entry, Tree};
use teal_yaml::{Data, Node, Place};

use super::{ChartFiles, Clear, Wanted};
use crate::RenderError;
use crate::plain::under;

/// Most bytes of one chart.
const MAX_BYTES: usize = 64 << 20;
/// Most files of one chart: charts that name others twice, which name others twice … end here.
const MAX_FILES: usize = 10_000;
/// Deepest folder of a chart, and longest chain of charts that name each other by `file://`.
const MAX_DEPTH: usize = 16;
/// Most mistakes of one chart that are told: one that others name a thousand times has its own a thousand times.
const MAX_ERRORS: usize = 200;

/// What a chart in git is made of.
pub(crate) struct GitChart {
    pub(crate) files: ChartFiles,
    /// What must be fetched for it.
    pub(crate) dependencies: Vec<Wanted>,
    /// What some of its files would be with other values in the place of encrypted ones.
    pub(crate) masks: Masks,
}

/// Files of a chart that were encrypted, with other values; empty when none was. No `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Masks {
    pub(crate) files: ChartFiles,
    /// The values that were encrypted in them.
    pub(crate) texts: Vec<String>,
}

/// The folder that `path` names when it is written in folder `from`; `None` when that leads out of the tree.
pub(crate) fn resolve(from: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', '\0']) {
        return None;
    }
    let mut steps: Vec<&str> = from.split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

/// Reads the chart in `folder`, and finds out what must be fetched for it. `clear` tells which of its files were encrypted.
pub(crate) fn read(
    tree: &dyn Tree,
    folder: &str,
    lock: &HelmLock,
    clear: Clear<'_>,
    errors: &mut Vec<RenderError>,
) -> Option<GitChart> {
    let before = errors.len();
    let mut chart = GitChart { files: ChartFiles::new(), dependencies: Vec::new(), masks: Masks::default() };
    let mut reader = Reader { tree, clear, folder, errors, told: 0, bytes: 0, files: 0, is_full: false };
    reader.folder(folder, "", 0, &mut chart);
    reader.dependencies(folder, "", lock, 0, &mut chart);
    (errors.len() == before).then_some(chart)
}

struct Reader<'a> {
    tree: &'a dyn Tree,
    clear: Clear<'a>,
    /// Of the chart itself.
    folder: &'a str,
    errors: &'a mut Vec<RenderError>,
    /// How many of the errors are this chart's.
    told: usize,
    bytes: usize,
    files: usize,
    /// A bound was hit, and told: nothing more is read.
    is_full: bool,
}

impl Reader<'_> {
    fn wrong(&mut self, file: &str, message: impl Into<String>) {
        let (file, message) = (file.to_owned(), message.into());
        self.refuse(RenderError::Helm { file, reason: "ChartInvalid", message });
    }

    /// Notes a mistake; the last one that is looked for says so.
    fn refuse(&mut self, error: RenderError) {
        self.errors.push(error);
        self.told += 1;
        if self.told == MAX_ERRORS && !self.is_full {
            self.is_full = true;
            let file = under(self.folder, "Chart.yaml");
            self.wrong(
                &file,
                format!("the chart has {MAX_ERRORS} mistakes, and no more are looked for; mend these first"),
            );
        }
    }

    fn folder(&mut self, at: &str, inside: &str, depth: usize, chart: &mut GitChart) {
        if self.is_full {
            return;
        }
        if depth > MAX_DEPTH {
            return self.refuse(RenderError::TooDeep { path: at.to_owned(), most: MAX_DEPTH });
        }
        match self.tree.entry(at) {
            Ok(Some(Entry::Dir(names))) => {
                for name in names {
                    self.folder(&under(at, &name), &under(inside, &name), depth + 1, chart);
                }
            }
            Ok(Some(Entry::File(bytes))) => {
                self.bytes += bytes.len();
                self.files += 1;
                if self.bytes > MAX_BYTES || self.files > MAX_FILES {
                    self.is_full = true;
                    let message = format!(
                        "the chart has more than {MAX_BYTES} bytes or {MAX_FILES} files; leave out what it does not need"
                    );
                    return self.wrong(at, message);
                }
                if let Some(masked) = self.clear.and_then(|clear| clear.masked(at, holds_objects(inside))) {
                    chart.masks.files.insert(inside.to_owned(), masked.content);
                    chart.masks.texts.extend(masked.texts);
                }
                chart.files.insert(inside.to_owned(), bytes);
            }
            Ok(Some(Entry::Link)) => self.refuse(RenderError::Link { path: at.to_owned() }),
            Ok(None) => self.refuse(RenderError::Missing { path: at.to_owned() }),
            Err(error) => self.refuse(error.into()),
        }
    }

    /// What the chart at `folder`, whose files stand at `inside`, depends on and does not have.
    fn dependencies(&mut self, folder: &str, inside: &str, lock: &HelmLock, depth: usize, chart: &mut GitChart) {
        let mut declared = Vec::new();
        for name in ["Chart.yaml", "requirements.yaml"] {
            let Some(bytes) = chart.files.get(&under(inside, name)).cloned() else { continue };
            let file = under(folder, name);
            match teal_yaml::text_of(&bytes).and_then(teal_yaml::read) {
                Ok(mut documents) => {
                    let document = documents.pop();
                    let list = document.as_ref().and_then(|document| document.get("dependencies")).cloned();
                    if let Some(Node { data: Data::Sequence(items), .. }) = list {
                        declared.extend(items.into_iter().map(|item| (file.clone(), item)));
                    }
                }
                Err(error) => self.wrong(&format!("{file}:{}", error.at), error.message),
            }
        }
        let chosen = self.chosen(folder, inside, &chart.files);
        for (file, item) in declared {
            if self.is_full {
                return;
            }
            let place = Declared { file: &file, at: item.at };
            let item = item.into_value();
            let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (name, version, repository) = (text("name"), text("version"), text("repository"));
            if !is_chart_name(&name) {
                self.wrong(&place.to_string(), "a dependency has no name that could be a chart's");
                continue;
            }
            if is_there(&chart.files, inside, &name) {
                continue;
            }
            let version = chosen.get(&name).cloned().unwrap_or(version);
            if let Some(path) = repository.strip_prefix("file://") {
                self.local(folder, inside, path, &name, &place, lock, depth, chart);
            } else {
                match remote(&repository, &name, version) {
                    Ok(wanted) if inside.is_empty() => {
                        let locked = lock.find(&wanted).cloned();
                        chart.dependencies.push(Wanted { chart: wanted, locked });
                    }
                    Ok(_) => self.wrong(
                        &place.to_string(),
                        format!("{name} must be fetched for a chart that is itself a dependency; put it into its `charts/`, or declare it in the chart above"),
                    ),
                    Err(message) => self.wrong(&place.to_string(), format!("{name}: {message}")),
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one call, and each names another thing")]
    fn local(
        &mut self,
        folder: &str,
        inside: &str,
        path: &str,
        name: &str,
        place: &Declared<'_>,
        lock: &HelmLock,
        depth: usize,
        chart: &mut GitChart,
    ) {
        let Some(from) = resolve(folder, path) else {
            return self.wrong(
                &place.to_string(),
                format!("`file://{path}` leads out of the repository; name a folder in it"),
            );
        };
        let to = under(inside, &format!("charts/{name}"));
        if depth >= MAX_DEPTH || format!("{folder}/").starts_with(&format!("{from}/")) {
            return self.wrong(&place.to_string(), format!("`file://{path}` leads in a circle"));
        }
        let before = self.errors.len();
        self.folder(&from, &to, 0, chart);
        if self.errors.len() == before {
            self.dependencies(&from, &to, lock, depth + 1, chart);
        }
    }

    /// The versions that `Chart.lock` chose, by name.
    fn chosen(&mut self, folder: &str, inside: &str, files: &ChartFiles) -> BTreeMap<String, String> {
        let mut chosen = BTreeMap::new();
        for name in ["Chart.lock", "requirements.lock"] {
            let Some(bytes) = files.get(&under(inside, name)) else { continue };
            match teal_yaml::text_of(bytes).and_then(teal_yaml::read) {
                Ok(documents) => {
                    let lock = documents.into_iter().next().map(Node::into_value).unwrap_or_default();
                    for item in lock.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
                        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
                        chosen.extend(text("name").zip(text("version")));
                    }
                }
                Err(error) => self.wrong(&format!("{}:{}", under(folder, name), error.at), error.message),
            }
        }
        chosen
    }
}

/// Whether a file of a chart may be an object: it is below `templates/` or `crds/`, of the chart or of one in its `charts/`.
fn holds_objects(inside: &str) -> bool {
    let mut steps = inside.split('/');
    loop {
        match steps.next() {
            Some("charts") => _ = steps.next(),
            first => return matches!(first, Some("templates" | "crds")) && steps.next().is_some(),
        }
    }
}

/// Where a dependency is declared.
struct Declared<'a> {
    file: &'a str,
    at: Place,
}

impl std::fmt::Display for Declared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.at)
    }
}

/// Whether `charts/` has a chart of this name, as a folder or an archive.
fn is_there(files: &ChartFiles, inside: &str, name: &str) -> bool {
    let folder = under(inside, &format!("charts/{name}/"));
    let archive = under(inside, &format!("charts/{name}-"));
    let has = |prefix: &str, fits: &dyn Fn(&str) -> bool| {
        files
            .range(prefix.to_owned()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(prefix))
            .any(|path| fits(path))
    };
    has(&folder, &|path| path == format!("{folder}Chart.yaml")) || has(&archive, &|path| path.ends_with(".tgz"))
}

/// A dependency's repository as Helm writes it.
pub(crate) fn remote(repository: &str, name: &str, version: String) -> Result<RemoteChart, String> {
    let repository = repository.trim_end_matches('/');
    let place = if let Some(place) = repository.strip_prefix("oci://") {
        Repository::Oci(format!("{place}/{name}"))
    } else if repository.starts_with("https://") || repository.starts_with("http://") {
        Repository::Http(repository.to_owned())
    } else if repository.is_empty() {
        return Err("is not in `charts/`, and no repository is named; put it there, or name one".to_owned());
    } else {
        return Err(format!("`{repository}` is the name of a repository on somebody's machine; write its address"));
    };
    if place.host().contains('@') {
        return Err("the address has a user name or password; credentials don't belong into git".to_owned());
    }
    Ok(RemoteChart { repository: place, name: name.to_owned(), version, digest: None, secret: None })
}
