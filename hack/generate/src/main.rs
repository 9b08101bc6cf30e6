//! Writes what is generated: CRDs from the Rust types. `--check` writes nothing and fails when a file differs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use kube::CustomResourceExt;
use teal_api::{freeze::FreezeObject, inventory::InventoryObject, sync::SyncObject, unit::UnitObject};

const HEADER: &str = "# Generated from crates/api by `cargo xtask generate`; do not edit.\n";

fn main() -> Result<ExitCode> {
    let check = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut stale = Vec::new();
    for (path, text) in outputs()? {
        let file = root.join(&path);
        if std::fs::read_to_string(&file).is_ok_and(|found| found == text) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        let folder = file.parent().context("an output has a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
        println!("wrote {}", path.display());
    }
    if stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for path in stale {
        eprintln!("{} is not what the code generates; run `cargo xtask generate` and commit", path.display());
    }
    Ok(ExitCode::FAILURE)
}

/// Every generated file with its text.
fn outputs() -> Result<Vec<(PathBuf, String)>> {
    let crds = [SyncObject::crd(), UnitObject::crd(), InventoryObject::crd(), FreezeObject::crd()];
    let mut files = Vec::new();
    for crd in crds {
        let text = teal_yaml::write(&serde_json::to_value(&crd).context("a CRD is JSON")?);
        let path = PathBuf::from(format!("manifests/crds/{}.yaml", crd.spec.names.plural));
        files.push((path.clone(), format!("{HEADER}{text}")));
        // Helm installs what stands in a chart's `crds` folder before anything else.
        files.push((Path::new("charts/teal/crds").join(path.file_name().context("a CRD has a file name")?), format!("{HEADER}{text}")));
    }
    Ok(files)
}
