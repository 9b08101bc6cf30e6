//! Where charts come from, on loopback: a repository, a registry that wants tokens, and a server that does whatever a test
//! wants of a hostile one.

mod registry;
mod repository;
mod web;

use std::io::Write as _;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};

pub use registry::Registry;
pub use repository::Repository;
pub use web::{Answer, Asked, Body, Web};

/// Packs a chart as `helm package` does: one folder named like the chart. `Chart.yaml` is made unless it is given.
///
/// # Errors
/// When the archive can't be written, which memory always can.
pub fn pack(name: &str, version: &str, files: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |path: &str, content: &str| -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{name}/{path}"), content.as_bytes())?;
        Ok(())
    };
    if !files.iter().any(|(path, _)| *path == "Chart.yaml") {
        add("Chart.yaml", &format!("apiVersion: v2\nname: {name}\nversion: {version}\n"))?;
    }
    for (path, content) in files {
        add(path, content)?;
    }
    let tar = builder.into_inner()?;
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(&tar)?;
    Ok(gz.finish()?)
}

/// `sha256:` and hex digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}
