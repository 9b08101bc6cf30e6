//! `kustomize build` in pure Rust: a kustomization and everything it names in, objects out.
//!
//! Nothing here does IO of its own. Files come through a [`Tree`], and every path that was asked for is recorded, so a
//! caller knows exactly which changes can change the result. Semantics follow kustomize v5.8; where a field is not
//! supported yet, the build fails with one clear error that names it.
//!
//! ```
//! use teal_kustomize::{MemoryTree, Options, build};
//!
//! let tree = MemoryTree::from([
//!     ("app/kustomization.yaml", "namePrefix: demo-\nresources: [web.yaml]\n"),
//!     ("app/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"),
//! ]);
//! let built = build(&tree, "app", &Options::default()).unwrap();
//! assert_eq!(built.objects[0].value["metadata"]["name"], "demo-web");
//! ```

mod build;
mod charts;
mod config;
mod error;
mod field;
mod generate;
mod hash;
mod id;
mod kustomization;
mod links;
mod load;
mod patch;
mod path;
mod plugin;
mod provenance;
mod reference;
mod replace;
mod resmap;
mod resource;
mod schema;
mod sort;
mod transform;
mod tree;
mod vars;

pub use build::{Build, Built, LoadRestrictor, MANAGED_BY_VALUE, Options, Reorder, build, build_with};
pub use charts::{ChartFiles, ChartInflator, HelmChart};
pub use error::{BuildError, BuildErrors};
pub use id::is_cluster_scoped;
pub use kustomization::FILE_NAMES as KUSTOMIZATION_FILE_NAMES;
pub use load::{Loaded, LoadedObject, load_each};
pub use patch::{ObjectPatch, PatchError, Selector, SelectorError};
pub use resource::Origin;
pub use tree::{Entry, FolderTree, MemoryTree, Recorder, Tree, TreeError};
