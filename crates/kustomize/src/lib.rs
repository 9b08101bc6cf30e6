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
//! * **Patches** without a target find their object by identity, those whose target has a plain name by that name. Only
//!   a target without a name, or with a pattern for one, looks at all *n* objects: *n* cheap comparisons for each such
//!   patch. A patch then costs the size of the objects it changes; lists merge by an index of their keys (lists of which
//!   some items lack a part of the key are merged in kustomize's own way, square in the length, up to 500 items). A key
//!   that a patch adds moves those behind it in its mapping, which shows from tens of thousands of keys in one mapping on.
//! * **Field specs** (labels, annotations, images, namespaces) visit each object once for each spec of its kind. Images
//!   collect the places of an object once, however many images a kustomization lists.
//! * **Name references** are followed once, at the end. Candidates come from an index by former name, rules are grouped
//!   by the kind that refers, and each reference looks at the objects that had its name, not at all of them.
//! * **Replacements** and `ValueAddTransformer` look at all objects once for each source and target; `vars` use an index
//!   by name.
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
pub use tree::{Entry, FolderTree, MemoryTree, Recorder, Tree, TreeError};
