//! Where documents go: standard output, one file, or one file an object.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::arguments::Build;
use super::failure::Failure;
use super::names::{Named, file_names};

/// An object on its way out.
pub(super) trait Document {
    /// It as YAML. Asked once, when it is written: then no more than one text is in memory.
    fn text(&self) -> Cow<'_, str>;
    /// What its file is named after.
    fn named(&self) -> Named<'_>;
}

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
pub(super) fn print(documents: &[impl Document]) -> Result<(), Failure> {
    to_stdout(|out| write(out, documents))
}

/// Lets `write` print, with one system call for many lines.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Failure::write(Path::new("standard output"), &error))
}

/// One document after the other; they are made as they are written, so that the text is never in memory as a whole.
pub(super) fn write(out: &mut dyn Write, documents: &[impl Document]) -> io::Result<()> {
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            out.write_all(b"---\n")?;
        }
        out.write_all(document.text().as_bytes())?;
    }
    Ok(())
}

pub(super) fn write_file(file: &Path, documents: &[impl Document]) -> Result<(), Failure> {
    let all = || {
        let mut out = BufWriter::new(File::create(file)?);
        write(&mut out, documents)?;
        out.flush()
    };
    all().map_err(|error| Failure::write(file, &error))
}

/// One file an object. Files of an earlier run stay, as with kustomize.
pub(super) fn write_folder(folder: &Path, documents: &[impl Document]) -> Result<(), Failure> {
    let named: Vec<Named<'_>> = documents.iter().map(Document::named).collect();
    for ((name, named), document) in file_names(&named).iter().zip(&named).zip(documents) {
        if name.contains('/') {
            let kind = named.kind;
            return Err(Failure::new(format!("{name}: no file can have this name; the {kind} needs another one")));
        }
        let file = folder.join(name);
        fs::write(&file, document.text().as_bytes()).map_err(|error| Failure::write(&file, &error))?;
    }
    Ok(())
}
