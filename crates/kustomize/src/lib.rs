//! `kustomize build` in pure Rust: a kustomization and everything it names in, objects out.
//!
//! Nothing here does IO of its own. Files come through a [`Tree`], and every path that was asked for is recorded, so a
//! caller knows exactly which changes can change the result. Semantics follow kustomize v5.8.2, in everything but remote
//! files and programs to run; charts are rendered by a [`ChartInflator`] the caller gives.
//!
//! # How it scales
//!
//! With *n* objects, *p* patches and *r* references, a build takes time in proportion to *n + p + r* and to the size of
//! the objects:
//!
//! * **Adding objects** looks each identity up in an index; so do generators with a behaviour.
//! * **Patches** without a target find their object by identity; those whose target has a plain name by that name, or by
//!   name and namespace where both are plain. A target without a name, or with a pattern for one (a dot makes it one),
//!   looks at all *n* objects: *n* cheap comparisons for each such patch. A patch then costs the size of the objects it
//!   changes; lists merge by an index of their keys (lists of which some items lack a part of the key are merged in
//!   kustomize's own way, square in the length, up to 500 items). A key that a patch adds moves those behind it in its
//!   mapping, which shows from tens of thousands of keys in one mapping on.
//! * **Replacements** and `ValueAddTransformer` find sources and targets as patches do (the name of a source is never a
//!   pattern); one that changes an identity is learnt by the indexes. `vars` and `replicas` use an index by name.
//! * **Images** are looked up by their name. Names that are patterns (other characters than letters, digits and `-_./:`)
//!   are tried on every image, one after the other.
//! * **Field specs** (labels, annotations, images, namespaces) visit each object once for each spec of its kind.
//! * **Name references** are followed once, at the end. Rules are grouped by the kind that refers, and candidates come from
//!   an index by former name and namespace, so that one name in many namespaces costs nothing more. Only a cluster-scoped
//!   object that names another one and says no namespace (`resourceNames` of a ClusterRole) looks at all that had the name.
//! * **Components** see everything that is above them, as they may change it: each costs a walk over the layer for each of
//!   its fields that is not a patch or a replacement, and new indexes.
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
mod notes;
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
pub use tree::{Entry, FolderTree, MAX_FILE_BYTES, MemoryTree, Recorder, Tree, TreeError, read_file};
