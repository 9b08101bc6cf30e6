//! What `teal.yaml` in a commit declares, and where its units are.

use teal_agent_core::layers::{LayerSpec, Layout, layout};
use teal_api::fleet::Fleet;
use teal_git::{Snapshot, SnapshotEntry};

use crate::rendering::{Rejected, Request};
use crate::scanning::below;
use crate::wanted::Layer;

/// `./`, `.` and nothing are the root; `./fleet/` is `fleet`.
pub(crate) fn tidy(path: &str) -> String {
    path.split('/').filter(|step| !matches!(*step, "" | ".")).collect::<Vec<_>>().join("/")
}

pub(crate) fn check_path(snapshot: &Snapshot, root: &str, asked: &str) -> Result<(), Rejected> {
    let missing = |message| Err(Rejected { reason: "MissingPath", message });
    match snapshot.entry(root) {
        Ok(Some(SnapshotEntry::Dir(_))) => Ok(()),
        Ok(Some(_)) => missing(format!(
            "spec.source.path `{asked}` is a file in commit {}; name the folder of the fleet",
            snapshot.commit().short()
        )),
        Ok(None) => {
            missing(format!("spec.source.path `{asked}` does not exist in commit {}", snapshot.commit().short()))
        }
        Err(error) => missing(format!("spec.source.path `{asked}`: {error}")),
    }
}

/// What `teal.yaml` in a commit declares; nothing when it can't be read, which rendering will tell.
pub(crate) fn declared(snapshot: &Snapshot, path: &str) -> Fleet {
    read_fleet(snapshot, &tidy(path)).map(|(fleet, _)| fleet).unwrap_or_default()
}

/// `teal.yaml`, and beside it whether there is one.
pub(crate) fn read_fleet(snapshot: &Snapshot, root: &str) -> Result<(Fleet, Option<Fleet>), Rejected> {
    let file = below(root, "teal.yaml");
    let invalid = |message: String| Rejected { reason: "InvalidFleet", message };
    match snapshot.entry(&file) {
        Ok(Some(SnapshotEntry::File(bytes))) => {
            let text = std::str::from_utf8(&bytes).map_err(|_| invalid(format!("{file}: is not UTF-8 text")))?;
            let fleet = Fleet::parse(&file, text).map_err(|mistakes| invalid(mistakes.to_string()))?;
            Ok((fleet.clone(), Some(fleet)))
        }
        Ok(None) => Ok((Fleet::default(), None)),
        // Taken for absent, the fleet would silently become one unit.
        Ok(Some(SnapshotEntry::Dir(_) | SnapshotEntry::Link(_))) => {
            Err(invalid(format!("{file}: is a folder or a symbolic link; put the file itself there")))
        }
        Err(error) => Err(invalid(error.to_string())),
    }
}

pub(crate) fn lay_out(
    request: &Request,
    fleet: Option<&Fleet>,
    directories: &[teal_agent_core::layers::Directory],
) -> Result<Layout, Rejected> {
    let Some(fleet) = fleet else { return Ok(Layout::single(&request.sync)) };
    let layers: Vec<_> = fleet
        .layers
        .iter()
        .map(|layer| LayerSpec { name: layer.name.clone(), paths: layer.paths.clone(), after: layer.after.clone() })
        .collect();
    layout(&request.sync, &layers, directories).map_err(|errors| Rejected {
        reason: errors.first().map_or("InvalidFleet", |error| error.reason()),
        message: errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    })
}

pub(crate) fn layers(layout: &Layout, fleet: &Fleet) -> Vec<Layer> {
    let continues = |name: &str| fleet.layers.iter().any(|layer| layer.name == name && layer.continue_on_timeout);
    let layer = |layer: &teal_agent_core::layers::LayerLayout| Layer {
        name: layer.name.clone(),
        after: layer.after.clone(),
        continue_on_timeout: continues(&layer.name),
    };
    layout.layers.iter().map(layer).collect()
}
