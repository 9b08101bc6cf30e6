//! Writes what is generated, below the folder given as the one argument: CRDs from the Rust types.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kube::CustomResourceExt;
use teal_api::{freeze::FreezeObject, inventory::InventoryObject, sync::SyncObject, unit::UnitObject};

const HEADER: &str = "# Generated from crates/api by `cargo xtask generate`; do not edit.\n";

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::args_os().nth(1).context("usage: teal-generate ROOT")?);
    for (path, text) in outputs()? {
        let file = root.join(path);
        let folder = file.parent().context("an output has a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

/// Every generated file with its text.
fn outputs() -> Result<Vec<(PathBuf, String)>> {
    let crds = [SyncObject::crd(), UnitObject::crd(), InventoryObject::crd(), FreezeObject::crd()];
    let mut files = Vec::new();
    for crd in crds {
        let text = format!("{HEADER}{}", teal_yaml::write(&serde_json::to_value(&crd).context("a CRD is JSON")?));
        let file = format!("{}.yaml", crd.spec.names.plural);
        // Helm installs what stands in a chart's `crds` folder before anything else.
        for folder in ["manifests/crds", "charts/teal/crds"] {
            files.push((Path::new(folder).join(&file), text.clone()));
        }
    }
    Ok(files)
}
