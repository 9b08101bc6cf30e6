//! Where `helm` runs: a folder in memory with the chart in it, removed afterwards. For the second run the chart is the same
//! but for its clock.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use teal_api::helm::Lookup;
use teal_render::helm::template::{other_clock, without_lookup};
use teal_render::helm::{ChartError, ChartFiles};
use tempfile::TempDir;

use crate::archive;

/// Deepest chain of archives inside archives.
const MAX_NESTING: usize = 8;
/// Most bytes of a chart with all charts in it.
const MAX_BYTES: usize = 128 << 20;

/// One run's folder. Dropping it removes it.
pub(crate) struct Scene {
    home: TempDir,
}

impl Scene {
    /// Makes an empty one that only this user can enter.
    ///
    /// # Errors
    /// `ENGINE` when `scratch` is not in memory or can't be written.
    pub(crate) fn set(scratch: &Path) -> Result<Self, ChartError> {
        let wrong = |problem: String| {
            let shown = scratch.display();
            ChartError::new(
                ChartError::ENGINE,
                format!("{shown}: {problem}; give a folder in memory, such as a volume with `medium: Memory`"),
            )
        };
        match is_in_memory(scratch) {
            Ok(true) => {}
            Ok(false) => return Err(wrong("charts are rendered in memory only, and this is a disk".to_owned())),
            Err(error) => return Err(wrong(error.to_string())),
        }
        let private = fs::Permissions::from_mode(0o700);
        let home = tempfile::Builder::new().prefix("teal-helm-").permissions(private).tempdir_in(scratch);
        Ok(Self { home: home.map_err(|error| wrong(error.to_string()))? })
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes the chart; returns its folder. `second` gives it another clock.
    ///
    /// # Errors
    /// `ENGINE` when there is no room.
    pub(crate) fn stage(&self, files: &ChartFiles, lookup: Lookup, second: bool) -> Result<PathBuf, ChartError> {
        let folder = self.home().join(if second { "second" } else { "chart" });
        for (path, bytes) in files {
            let text = is_template(path).then(|| std::str::from_utf8(bytes).ok()).flatten();
            let text = text.map(|text| changed(text, lookup, second));
            let bytes = text.as_ref().map_or(&bytes[..], |text| text.as_bytes());
            write(&folder.join(path), bytes).map_err(|error| {
                ChartError::new(ChartError::ENGINE, format!("the chart can't be written to memory: {error}"))
            })?;
        }
        Ok(folder)
    }
}

/// A template, or values in which there may be some.
fn is_template(path: &str) -> bool {
    let mut steps: Vec<&str> = path.split('/').collect();
    while steps.first() == Some(&"charts") && steps.len() > 2 {
        steps.drain(..2);
    }
    steps.first() == Some(&"templates") || steps == ["values.yaml"]
}

/// A text with templates in it, as it is to be run.
pub(crate) fn changed(text: &str, lookup: Lookup, second: bool) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if lookup == Lookup::Refuse
        && let Some(without) = without_lookup(&text)
    {
        text = Cow::Owned(without);
    }
    if second && let Some(other) = other_clock(&text) {
        text = Cow::Owned(other);
    }
    text
}

/// The user's values for the second run: templates among them get the other clock as well.
pub(crate) fn second_values(values: &Value, lookup: Lookup) -> Value {
    match values {
        Value::String(text) if text.contains("{{") => Value::String(changed(text, lookup, true).into_owned()),
        Value::Array(items) => Value::Array(items.iter().map(|item| second_values(item, lookup)).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), second_values(value, lookup))).collect())
        }
        other => other.clone(),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}

/// Whether a folder is on a file system that is memory.
fn is_in_memory(folder: &Path) -> io::Result<bool> {
    const TMPFS: i64 = 0x0102_1994;
    const RAMFS: i64 = 0x8584_58f6;
    Ok(matches!(rustix::fs::statfs(folder)?.f_type as i64, TMPFS | RAMFS))
}

/// Archives below `charts/` become folders, so that what is in them can be looked at and changed like the rest.
///
/// # Errors
/// As for any archive; nested too deep, or too large together.
pub(crate) fn open_archives(files: ChartFiles) -> Result<ChartFiles, ChartError> {
    let mut files = files;
    for _ in 0..MAX_NESTING {
        let archives: Vec<String> = files.keys().filter(|path| is_packed_chart(path)).cloned().collect();
        if archives.is_empty() {
            return Ok(files);
        }
        for path in archives {
            let Some(packed) = files.remove(&path) else { continue };
            let inner =
                archive::unpack(&packed).map_err(|error| ChartError::new(error.reason, format!("{path}: {error}")))?;
            put_below(&mut files, path.trim_end_matches(".tgz"), inner)?;
        }
    }
    Err(ChartError::new(ChartError::ARCHIVE, format!("charts within charts, more than {MAX_NESTING} deep")))
}

/// Puts a chart's files into a folder of another one.
///
/// # Errors
/// `LIMIT` when both together are too large.
pub(crate) fn put_below(files: &mut ChartFiles, folder: &str, inner: ChartFiles) -> Result<(), ChartError> {
    for (path, bytes) in inner {
        files.insert(format!("{folder}/{path}"), bytes);
    }
    let total: usize = files.values().map(|bytes: &Arc<[u8]>| bytes.len()).sum();
    if total > MAX_BYTES {
        return Err(ChartError::new(
            ChartError::LIMIT,
            format!("the chart with its dependencies has more than {MAX_BYTES} bytes"),
        ));
    }
    Ok(())
}

fn is_packed_chart(path: &str) -> bool {
    let mut steps: Vec<&str> = path.split('/').collect();
    while steps.first() == Some(&"charts") && steps.len() > 2 {
        steps.drain(..2);
    }
    // Helm passes over names that begin with `_` or `.`.
    steps.len() == 2
        && steps.first() == Some(&"charts")
        && steps.last().is_some_and(|name| name.ends_with(".tgz") && !name.starts_with(['.', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_memory_is_a_place_for_charts() {
        // Never a file system in memory, whatever machine this is; a disk is told by the same answer.
        for (folder, says) in [("/proc", "this is a disk"), ("/nowhere/at/all", "No such file")] {
            let error = Scene::set(Path::new(folder)).err().unwrap();
            assert_eq!(error.reason, ChartError::ENGINE);
            assert!(error.message.contains(says) && error.message.contains("medium: Memory"), "{error}");
        }
        let disk = tempfile::tempdir().unwrap();
        if !is_in_memory(disk.path()).unwrap() {
            assert!(Scene::set(disk.path()).is_err());
            assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0, "and nothing was written to it");
        }
        assert!(Scene::set(Path::new("/dev/shm")).is_ok());
    }
}
