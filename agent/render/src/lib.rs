//! From a unit's directory to its objects: plain manifests, kustomize or a Helm chart, then substitution, then the differences of color
//! and role. Pure: files come through a [`Tree`], and what was read is recorded.
//!
//! Every object comes in two forms: as this cluster shall have it, and *neutral*, without the differences that
//! `teal.yaml` declares for colors and roles. Neutral forms are equal on both colors by construction, so parity can tell a
//! declared difference from a real one (DESIGN §8).

mod beside;
mod decrypting;
mod differences;
mod error;
mod finish;
mod fleet;
pub mod helm;
mod masks;
mod plain;
mod sealed;
mod secrets;
mod substitute;
mod unit;
mod values;

pub use decrypting::{Decrypting, check_no_pointer};
pub use error::{Inner, RenderError};
pub use fleet::{
    Content, FleetError, FleetInput, FleetObject, RenderedFleet, RenderedUnit, UnitProblem, declaration, directories,
    is_file_name, is_manifest_name, is_own_file, render_fleet, render_fleet_with,
};
pub use secrets::Secrets;
pub use unit::{Given, Rendered, RenderedObject, UnitInput, render_unit, render_unit_with};
pub use values::{ClusterValue, ClusterValues};

pub use teal_kustomize::{Entry, FolderTree, MemoryTree, Origin, Tree, TreeError};
