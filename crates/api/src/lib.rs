//! CRDs and file formats of Teal, validated on parse. No client, no IO.
//!
//! | what | where | who writes it |
//! |---|---|---|
//! | `Sync` | [`sync`] | a person or a pipeline; `role` and `pin` by the switcher |
//! | `Unit` | [`unit`] | the agent |
//! | `Inventory` | [`inventory`] | the agent |
//! | `Freeze` | [`freeze`] | the switcher or a person |
//! | `teal.yaml`, `unit.yaml` | [`fleet`] | git |
//! | `helm.yaml`, `helm.lock` | [`helm`] | git |
//! | `switch.yaml` | [`switch`] | git |
//! | `colors.yaml` | [`colors`] | git |

pub mod colors;
pub mod conditions;
pub mod duration;
pub mod fleet;
#[allow(clippy::duplicated_attributes, reason = "each printer column of the derive repeats `type_` and the like")]
pub mod freeze;
pub mod helm;
#[allow(clippy::duplicated_attributes, reason = "each printer column of the derive repeats `type_` and the like")]
pub mod inventory;
pub mod mistake;
pub mod names;
mod reader;
pub mod switch;
#[allow(clippy::duplicated_attributes, reason = "each printer column of the derive repeats `type_` and the like")]
pub mod sync;
#[allow(clippy::duplicated_attributes, reason = "each printer column of the derive repeats `type_` and the like")]
pub mod unit;

pub use mistake::{Mistake, Mistakes};

/// The API group of every kind and file format.
pub const GROUP: &str = "teal.dev";
/// The one version there is.
pub const VERSION: &str = "v1alpha1";
