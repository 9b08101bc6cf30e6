//! From an inflation to what Helm prints, start to end: fetch, unpack, look through, run, run again.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use teal_api::helm::LockedChart;
use teal_render::helm::schema;
use teal_render::helm::template::{Call, LOOKUP_REACHED, as_written, restless_calls};
use teal_render::helm::{ChartError, ChartFiles, ChartSource, Inflated, Inflation, Release, Wanted};

use crate::Settings;
use crate::archive::unpack;
use crate::confine::Walls;
use crate::fetch::{Policy, fetch, range};
use crate::run::{Ended, Task, run};
use crate::scene::{Scene, changed, open_archives, put_below, second_values};
use crate::shelf::Shelf;

/// Most characters of Helm's complaint that are told.
const MAX_COMPLAINT: usize = 2000;

/// What Helm is told in both runs.
struct Told<'a> {
    inflation: &'a Inflation,
    values: &'a Value,
    asks_api_versions: bool,
}

/// What a piece of work needs beside the question.
pub(crate) struct Bench<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) policy: &'a Policy,
    pub(crate) shelf: &'a Shelf,
    /// What stands around a run of Helm.
    pub(crate) walls: Walls,
}

impl Bench<'_> {
    /// Answers the question.
    ///
    /// # Errors
    /// Any [`ChartError`] but `PENDING`.
    pub(crate) fn inflate(&self, inflation: &Inflation) -> Result<Inflated, ChartError> {
        let mut fetched = Vec::new();
        let files = self.files(inflation, &mut fetched)?;
        // Once all archives are open: a dependency's schema may lead out as well.
        schema::refuse_leading_out(&files)?;
        let calls = calls(&files);
        let values = inflation.values_for(&files)?;
        let asks_api_versions = asks_api_versions(&files, &values);
        let Some(program) = &self.settings.program else {
            return Err(ChartError::new(ChartError::ENGINE, "there is no `helm` to render charts with; give its path"));
        };
        let scene = Scene::set(&self.settings.scratch)?;
        let told = Told { inflation, values: &values, asks_api_versions };
        let first = self.template(program, &scene, &files, &told, false)?;
        let second = match inflation.twice {
            true => Some(self.template(program, &scene, &files, &told, true)?),
            false => None,
        };
        Ok(Inflated { first, second: second.map(|text| as_written(&text)), fetched, calls, asks_api_versions })
    }

    /// The chart with everything it depends on, without archives in it.
    fn files(&self, inflation: &Inflation, fetched: &mut Vec<LockedChart>) -> Result<ChartFiles, ChartError> {
        let mut files = match &inflation.chart {
            ChartSource::Files(files) => (**files).clone(),
            ChartSource::Remote(wanted) => {
                let mut files = self.obtain(wanted, fetched)?.1;
                // It was heeded when the archive was packed; a folder's would be heeded again.
                files.remove(".helmignore");
                files
            }
        };
        for wanted in &inflation.dependencies {
            let (version, inner) = self.obtain(wanted, fetched)?;
            put_below(&mut files, &format!("charts/{}-{version}", wanted.chart.name), inner)?;
        }
        open_archives(files)
    }

    /// A chart by digest from the shelf, else fetched and put there.
    fn obtain(&self, wanted: &Wanted, fetched: &mut Vec<LockedChart>) -> Result<(String, ChartFiles), ChartError> {
        let chart = &wanted.chart;
        let exact = Some(wanted.version()).filter(|version| range::is_exact(version));
        let known = wanted.digest().map(str::to_owned);
        let known = known.or_else(|| self.shelf.digest_of(&chart.repository, &chart.name, exact?));
        let here =
            known.as_deref().zip(exact).and_then(|(digest, version)| Some((version, digest, self.shelf.take(digest)?)));
        let (locked, packed) = match here {
            Some((version, digest, packed)) => {
                let (version, digest) = (version.to_owned(), digest.to_owned());
                let (repository, name) = (chart.repository.clone(), chart.name.clone());
                (LockedChart { repository, name, requested: chart.version.clone(), version, digest }, packed)
            }
            None => {
                let secrets = self.settings.secrets.as_ref();
                let found = fetch(wanted, self.policy, secrets, self.settings.fetch_time)?;
                self.shelf.put(&found.locked, &found.packed, wanted.digest().is_some())?;
                (found.locked, found.packed)
            }
        };
        let files =
            unpack(&packed).map_err(|error| ChartError::new(error.reason, format!("chart {chart}: {error}")))?;
        let version = locked.version.clone();
        fetched.push(locked);
        Ok((version, files))
    }

    fn template(
        &self,
        program: &Path,
        scene: &Scene,
        files: &ChartFiles,
        told: &Told<'_>,
        second: bool,
    ) -> Result<String, ChartError> {
        let inflation = told.inflation;
        let folder = scene.stage(files, inflation.lookup, second)?.to_string_lossy().into_owned();
        let values = if second { &second_values(told.values, inflation.lookup) } else { told.values };
        let mut arguments: Vec<String> = vec!["template".into()];
        match &inflation.release {
            Release::Named(name) => arguments.extend([name.clone(), folder]),
            Release::Template(text) => {
                let text = changed(text, inflation.lookup, second).into_owned();
                arguments.extend([folder, "--name-template".into(), text]);
            }
        }
        arguments.extend(["--namespace".into(), inflation.namespace.clone(), "--values".into(), "-".into()]);
        for (wanted, flag) in [(inflation.include_crds, "--include-crds"), (!inflation.hooks, "--no-hooks")] {
            arguments.extend(wanted.then(|| flag.to_owned()));
        }
        if let Some(version) = &inflation.capabilities.kube_version {
            arguments.extend(["--kube-version".into(), version.clone()]);
        }
        if told.asks_api_versions && !inflation.capabilities.api_versions.is_empty() {
            arguments.extend(["--api-versions".into(), inflation.capabilities.api_versions.join(",")]);
        }
        let task = Task { arguments, home: scene.home(), stdin: values.to_string().into_bytes() };
        match run(program, self.walls, self.settings, task)? {
            Ended::Well(printed) => String::from_utf8(printed)
                .map_err(|_| ChartError::new(ChartError::TEMPLATE, "the chart prints what is no UTF-8 text")),
            Ended::Badly(complaint) => Err(complained(&complaint, scene.home())),
        }
    }
}

/// Helm's complaint as an error of ours, without the folder it ran in. Whoever gave secret values must not show it (G9).
fn complained(complaint: &str, home: &Path) -> ChartError {
    let text = complaint.replace(&format!("{}/", home.display()), "");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("Use --debug"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let text = text.trim_start_matches("Error: ");
    if text.contains(LOOKUP_REACHED) {
        let place =
            text.split_whitespace().find(|word| word.contains(':') && word.contains('/')).unwrap_or("a template");
        let place = place.trim_matches(['(', ')', ':']);
        return ChartError::new(
            ChartError::LOOKUP,
            format!(
                "{place} calls `lookup`, and there is no cluster where charts are rendered; give by a value what it looks for, or write `lookup: empty` to let it find nothing, as `helm template` does"
            ),
        );
    }
    let mut told: String = as_written(text).chars().take(MAX_COMPLAINT).collect();
    if told.is_empty() {
        told = "helm failed without a word; was it killed?".to_owned();
    }
    ChartError::new(ChartError::TEMPLATE, told)
}

/// Calls of functions that are another one each time, by the path that Helm prints for their template.
fn calls(files: &ChartFiles) -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("templates/") || path.contains("/templates/"))
    {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let found = restless_calls("", text);
            if !found.is_empty() {
                let shown = printed_path(files, path);
                calls.extend(found.into_iter().map(|call| Call { file: shown.clone(), ..call }));
            }
        }
    }
    calls
}

/// Helm names templates by the charts' own names, wherever their folders are.
fn printed_path(files: &ChartFiles, path: &str) -> String {
    let name_of = |folder: &str| {
        let bytes: &Arc<[u8]> = files.get(&format!("{folder}Chart.yaml"))?;
        let node = teal_yaml::read(std::str::from_utf8(bytes).ok()?).ok()?.into_iter().next()?;
        Some(node.get("name")?.as_str()?.to_owned())
    };
    let (mut shown, mut folder, mut rest) = (name_of("").unwrap_or_default(), String::new(), path);
    while let Some((inner, behind)) = rest.strip_prefix("charts/").and_then(|inner| inner.split_once('/')) {
        folder.push_str(&format!("charts/{inner}/"));
        shown.push_str(&format!("/charts/{}", name_of(&folder).unwrap_or_else(|| inner.to_owned())));
        rest = behind;
    }
    format!("{shown}/{rest}")
}

/// Whether anything in the chart or the values may ask which API versions there are.
fn asks_api_versions(files: &ChartFiles, values: &Value) -> bool {
    let asks = |text: &str| {
        text.match_indices("Capabilities").any(|(at, word)| {
            let rest = &text[at + word.len()..];
            !rest.starts_with(".KubeVersion") && !rest.starts_with(".HelmVersion")
        })
    };
    let in_files = files.iter().any(|(_, bytes)| std::str::from_utf8(bytes).is_ok_and(asks));
    in_files || asks(&values.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_one_line_and_shows_no_folder() {
        let complaint =
            "Error: /dev/shm/x/chart/a.yaml: bad\n  and worse\n\nUse --debug flag to render out invalid YAML\n";
        let error = complained(complaint, Path::new("/dev/shm/x"));
        assert_eq!(error.message, "chart/a.yaml: bad and worse");
        let lookup = "Error: web/templates/a.yaml:11:8\n  executing \"web/templates/a.yaml\" at <(fail `teal: lookup`) \"v1\">:\n    can't give argument to non-function fail `teal: lookup`\n";
        let error = complained(lookup, Path::new("/x"));
        assert!(
            error.reason == ChartError::LOOKUP && error.message.starts_with("web/templates/a.yaml:11:8 calls"),
            "{error}"
        );
        let lookup = "Error: execution error at (web/templates/a.yaml:9:8): teal: lookup";
        assert!(complained(lookup, Path::new("/x")).message.starts_with("web/templates/a.yaml:9:8 calls"));
    }

    #[test]
    fn templates_are_named_as_helm_prints_them() {
        let file = |text: &str| -> Arc<[u8]> { text.as_bytes().into() };
        let files = ChartFiles::from([
            ("Chart.yaml".to_owned(), file("name: web")),
            ("charts/redis-1.2.3/Chart.yaml".to_owned(), file("name: redis")),
            ("charts/redis-1.2.3/templates/s.yaml".to_owned(), file("{{ uuidv4 }}")),
            ("templates/a.yaml".to_owned(), file("{{ now }} {{ .Capabilities.KubeVersion }}")),
        ]);
        let found: Vec<_> = calls(&files).into_iter().map(|call| call.file).collect();
        assert_eq!(found, ["web/charts/redis/templates/s.yaml", "web/templates/a.yaml"]);
        assert!(!asks_api_versions(&files, &Value::Null));
        assert!(asks_api_versions(&files, &serde_json::json!({"x": "{{ .Capabilities.APIVersions }}"})));
    }
}
