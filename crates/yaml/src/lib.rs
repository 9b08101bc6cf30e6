//! YAML as Kubernetes reads it, with the place of every key and value.
//!
//! One reader for everything Teal takes from git: manifests, kustomizations, `teal.yaml`, `switch.yaml`. It resolves
//! scalars as `sigs.k8s.io/yaml` does (YAML 1.1 booleans and octals, integral floats become integers), refuses duplicate
//! keys, and is bounded: see [`read`].

mod node;

pub use node::{Data, Entry, Node, Place};
