//! A chart's archive becomes files in memory. Everything that is no plain file or folder below one folder is refused by name
//! (attack cases 7 to 10): links, devices, `..`, absolute paths, extensions that change what a header says.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType, Header};
use teal_render::helm::{ChartError, ChartFiles};

/// Most bytes of an archive as it is sent.
pub(crate) const MAX_PACKED: u64 = 20 << 20;
/// Most bytes of all its files.
const MAX_UNPACKED: u64 = 64 << 20;
/// Most bytes of one file; Helm itself takes no larger one.
const MAX_FILE: u64 = 5 << 20;
/// Most entries.
const MAX_ENTRIES: usize = 10_000;
/// Longest path.
const MAX_PATH: usize = 512;

/// Unpacks `packed`; paths lose the folder that all of them begin with, the chart's name.
///
/// # Errors
/// `ARCHIVE` for what no chart may hold, `LIMIT` for too much of it; both name the entry.
pub(crate) fn unpack(packed: &[u8]) -> Result<ChartFiles, ChartError> {
    if packed.len() as u64 > MAX_PACKED {
        return Err(too_large(format!("the archive has more than {MAX_PACKED} bytes")));
    }
    // Read to the end of what is allowed and one more, so that too much is told from just enough. A tar has headers beside
    // the files, up to three blocks an entry.
    let allowed = MAX_UNPACKED + (MAX_ENTRIES as u64) * 2048;
    let mut archive = Archive::new(Capped { inner: MultiGzDecoder::new(packed), left: allowed });
    let mut files = ChartFiles::new();
    let (mut entries, mut total) = (0_usize, 0_u64);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        entries += 1;
        if entries > MAX_ENTRIES {
            return Err(too_large(format!("the archive has more than {MAX_ENTRIES} entries")));
        }
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let bytes = entry.path_bytes().into_owned();
        let name = String::from_utf8_lossy(&bytes).into_owned();
        let refuse =
            |problem: &str| ChartError::new(ChartError::ARCHIVE, format!("entry `{}`: {problem}", tame(&name)));
        if let Some(extensions) = entry.pax_extensions().map_err(unreadable)? {
            for extension in extensions {
                let extension = extension.map_err(unreadable)?;
                let key = extension.key().unwrap_or("?");
                if key == "size" || key.starts_with("GNU.sparse") || key == "linkpath" {
                    return Err(refuse(&format!("its extended header changes `{key}`, which no chart needs")));
                }
            }
        }
        if let Some(problem) = ambiguous(entry.header(), kind, &bytes) {
            return Err(refuse(problem));
        }
        match kind {
            EntryType::Directory => continue,
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Symlink | EntryType::Link => return Err(refuse("is a link; a chart has plain files only")),
            _ => return Err(refuse("is neither a file nor a folder")),
        }
        let Some(path) = inside(&bytes).map_err(refuse)? else {
            return Err(refuse("stands beside the chart's folder; an archive holds one folder, named like the chart"));
        };
        let size = entry.size();
        if size > MAX_FILE {
            return Err(too_large(format!(
                "entry `{}` has {size} bytes, and Helm takes at most {MAX_FILE}",
                tame(&name)
            )));
        }
        total += size;
        if total > MAX_UNPACKED {
            return Err(too_large(format!(
                "the archive unpacks to more than {MAX_UNPACKED} bytes, at entry `{}`",
                tame(&name)
            )));
        }
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        entry.read_to_end(&mut content).map_err(unreadable)?;
        if files.insert(path, Arc::from(content)).is_some() {
            return Err(refuse("stands in the archive twice"));
        }
    }
    if !files.contains_key("Chart.yaml") {
        return Err(ChartError::new(
            ChartError::ARCHIVE,
            "the archive holds no chart: there is no Chart.yaml in its folder",
        ));
    }
    Ok(files)
}

/// Why Go's reader, which is Helm's, would see something else than ours: where they differ there would be two charts.
fn ambiguous(header: &Header, kind: EntryType, path: &[u8]) -> Option<&'static str> {
    let raw = header.as_bytes();
    let used = |from: usize, to: usize| raw[from..to].iter().any(|byte| *byte != 0);
    // Go takes what stands there for the beginning of the name in more forms of a header than ours does.
    if used(if header.as_ustar().is_some() { 500 } else { 345 }, 512) {
        return Some("its header has more in it than its form has fields for");
    }
    match kind {
        // To Go a folder has no content, whatever its size says: it reads on in the middle of it.
        EntryType::Directory if header.entry_size().is_ok_and(|size| size > 0) => Some("is a folder with content"),
        EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => {
            Some("is a file with the name of a folder")
        }
        _ => None,
    }
}

/// The path below the archive's one folder; `None` for what stands beside it.
fn inside(bytes: &[u8]) -> Result<Option<String>, &'static str> {
    let path = std::str::from_utf8(bytes).map_err(|_| "its name is no UTF-8")?;
    if path.len() > MAX_PATH {
        return Err("its path is too long");
    }
    if path.starts_with('/') {
        return Err("its path is absolute");
    }
    if path.contains(['\\', '\0']) || path.chars().any(char::is_control) || path.get(1..2) == Some(":") {
        return Err("its path has characters that no chart needs");
    }
    let steps: Vec<&str> = path.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
    if steps.contains(&"..") {
        return Err("its path leads out of the chart");
    }
    Ok((steps.len() > 1).then(|| steps[1..].join("/")))
}

fn too_large(message: String) -> ChartError {
    ChartError::new(ChartError::LIMIT, message)
}

fn unreadable(error: io::Error) -> ChartError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<TooMuch>()) {
        Some(_) => too_large(format!("the archive unpacks to more than {MAX_UNPACKED} bytes")),
        None => {
            ChartError::new(ChartError::ARCHIVE, format!("the archive can't be read: {}", tame(&error.to_string())))
        }
    }
}

/// What a stranger wrote, for a message: printable, and not endless.
pub(crate) fn tame(text: &str) -> String {
    let mut out: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect();
    if text.chars().count() > 200 {
        out.push('…');
    }
    out
}

#[derive(Debug)]
struct TooMuch;

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many bytes")
    }
}

impl std::error::Error for TooMuch {}

/// Fails where more comes than is allowed: a bomb ends here, whatever its headers say.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(TooMuch))?;
        Ok(read)
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "archive_oracle_tests.rs"]
mod oracle_tests;
