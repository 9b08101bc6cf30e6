//! Where documents go: standard output, one file, or one file an object.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use super::arguments::Build;
use super::failure::Failure;
use super::names::file_names;

/// What `--output` means.
pub(super) enum Output<'a> {
    Stdout,
    File(&'a Path),
    /// One that exists, as kustomize has it: anything else is a file.
    Folder(&'a Path),
}

impl<'a> Output<'a> {
    pub(super) fn of(build: &'a Build) -> Self {
        match &build.output {
            None => Self::Stdout,
            Some(path) if path.is_dir() => Self::Folder(path),
            Some(path) => Self::File(path),
        }
    }
}

/// Prints documents as `kustomize build` does.
pub(super) fn print(values: &[&Value]) -> Result<(), Failure> {
    to_stdout(|out| documents(out, values))
}

/// Lets `write` print, with one system call for many lines.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Failure::write(Path::new("standard output"), &error))
}

/// One document after the other; they are made as they are written, so that the text is never in memory as a whole.
pub(super) fn documents(out: &mut dyn Write, values: &[&Value]) -> io::Result<()> {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.write_all(b"---\n")?;
        }
        out.write_all(teal_yaml::write(value).as_bytes())?;
    }
    Ok(())
}

pub(super) fn write_file(file: &Path, values: &[&Value]) -> Result<(), Failure> {
    let write = || {
        let mut out = BufWriter::new(File::create(file)?);
        documents(&mut out, values)?;
        out.flush()
    };
    write().map_err(|error| Failure::write(file, &error))
}

/// One file an object. Files of an earlier run stay, as with kustomize.
pub(super) fn write_folder(folder: &Path, values: &[&Value]) -> Result<(), Failure> {
    for (name, value) in file_names(values).iter().zip(values) {
        if name.contains('/') {
            let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
            return Err(Failure::new(format!("{name}: no file can have this name; the {kind} needs another one")));
        }
        let file = folder.join(name);
        fs::write(&file, teal_yaml::write(value)).map_err(|error| Failure::write(&file, &error))?;
    }
    Ok(())
}
