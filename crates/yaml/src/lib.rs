//! YAML as Kubernetes reads it, with the place of every key and value.
//!
//! One reader for everything Teal takes from git: manifests, kustomizations, `teal.yaml`, `switch.yaml`. It resolves
//! scalars as `sigs.k8s.io/yaml` does (YAML 1.1 booleans and octals, integral floats become integers), refuses duplicate
//! keys, and is bounded: see [`read`]. [`write()`] prints values in the one form kustomize prints.
//!
//! Why a tree built from parser events and not serde: docs/decisions/0002-yaml.md.

mod error;
mod node;
mod read;
mod resolve;
mod value;
mod write;

pub use error::{ReadError, Reason};
pub use node::{Data, Entry, Node, Place};
pub use read::{MAX_BYTES, MAX_DEPTH, MAX_NODES, read, read_as, read_last_wins, text_of};
pub use resolve::Dialect;
pub use value::{Key, Map, Slot, Value};
pub use write::{View, Written, natural_order, needs_quotes, write, write_text};
