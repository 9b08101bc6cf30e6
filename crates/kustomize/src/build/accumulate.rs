//! One layer after the other: resources, then generators, then components, then transformers.

use super::{LoadRestrictor, Options};
use crate::generate;
use crate::kustomization::{FILE_NAMES, Kustomization, Located, SortOrder, parse};
use crate::load::load_manifests;
use crate::path::{is_within, join};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::{BuildError, BuildErrors, Entry, Tree, transform};
use std::sync::Arc;
use teal_yaml::Dialect;

/// Most folders one build visits, and most objects it holds: a kustomization that names two others that each name two
/// others … ends here.
const MAX_FOLDERS: usize = 10_000;
const MAX_OBJECTS: usize = 100_000;
/// Most folders within each other: every one takes a piece of the stack.
const MAX_NESTED: usize = 64;

pub(crate) struct Accumulator<'a> {
    tree: &'a dyn Tree,
    options: Options,
    /// The folders being built, outermost first.
    stack: Vec<String>,
    folders: usize,
}

impl<'a> Accumulator<'a> {
    pub(crate) fn new(tree: &'a dyn Tree, options: Options) -> Self {
        Self { tree, options, stack: Vec::new(), folders: 0 }
    }

    /// Accumulates the outermost folder; also returns the order it asks for.
    pub(crate) fn build_root(&mut self, dir: &str) -> Result<(ResMap, Option<SortOrder>), BuildErrors> {
        let dir = join("", dir).ok_or_else(|| load(dir, "the folder lies outside of the tree"))?;
        let kustomization = self.load(&dir)?;
        let order = kustomization.sort.clone();
        self.stack.push(dir.clone());
        let map = self.accumulate(&dir, &kustomization, ResMap::default())?;
        self.stack.pop();
        Ok((map, order))
    }

    /// Reads the kustomization file of a folder.
    fn load(&mut self, dir: &str) -> Result<Kustomization, BuildErrors> {
        self.folders += 1;
        if self.folders > MAX_FOLDERS {
            return Err(load(dir, format!("more than {MAX_FOLDERS} kustomizations in one build")).into());
        }
        let mut found: Option<(String, Arc<[u8]>)> = None;
        for name in FILE_NAMES {
            let path = join(dir, name).unwrap_or_default();
            match self.tree.entry(&path)? {
                Some(Entry::File(_)) if found.is_some() => {
                    return Err(load(dir, "holds more than one kustomization file; keep one").into());
                }
                Some(Entry::File(bytes)) => found = Some((path, bytes)),
                Some(Entry::Link) => return Err(link(dir, name).into()),
                _ => {}
            }
        }
        let Some((file, bytes)) = found else {
            let shown = if dir.is_empty() { "." } else { dir };
            return Err(
                load(shown, format!("no kustomization file here; expected one of {}", FILE_NAMES.join(", "))).into()
            );
        };
        parse(&file, &bytes)
    }

    /// Runs one kustomization over `map`: empty for a Kustomization, the parent's objects for a Component.
    fn accumulate(&mut self, dir: &str, kustomization: &Kustomization, mut map: ResMap) -> Result<ResMap, BuildErrors> {
        let mut errors = Vec::new();
        for resource in &kustomization.resources {
            if let Err(wrong) = self.accumulate_resource(dir, kustomization, resource, &mut map) {
                let is_over = wrong.0.iter().any(|wrong| matches!(wrong, BuildError::Tree(_)));
                errors.extend(wrong.0);
                // The tree can't be read any further; to say so once for each file helps nobody.
                if is_over {
                    return Err(BuildErrors(errors));
                }
            }
            if map.len() > MAX_OBJECTS {
                return Err(load(&kustomization.file, format!("more than {MAX_OBJECTS} objects in one build")).into());
            }
        }
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }
        let files = Files { tree: self.tree, dir, kustomization, restrictor: self.options.restrictor };
        map.absorb(generate::generate(&files)?, &kustomization.file)?;
        for component in &kustomization.components {
            map = self.accumulate_component(dir, kustomization, component, map)?;
        }
        transform::run(&files, &mut map)?;
        Ok(map)
    }

    /// A file, a folder with a kustomization, or a mistake.
    fn accumulate_resource(
        &mut self,
        dir: &str,
        kustomization: &Kustomization,
        resource: &Located,
        map: &mut ResMap,
    ) -> Result<(), BuildErrors> {
        let files = Files { tree: self.tree, dir, kustomization, restrictor: self.options.restrictor };
        match files.entry(resource)? {
            (path, Entry::File(bytes)) => {
                files.check_allowed(resource, &path)?;
                for object in load_manifests(&path, &bytes, Dialect::Kustomize)? {
                    map.append(Resource::new(object.value, object.origin))?;
                }
                Ok(())
            }
            (path, _) => {
                let inner = self.enter(kustomization, resource, &path)?;
                if inner.is_component {
                    let message = format!("`{}` is a Component; list it under `components`", resource.text);
                    return Err(at(kustomization, resource, message).into());
                }
                self.stack.push(path.clone());
                let built = self.accumulate(&path, &inner, ResMap::default());
                self.stack.pop();
                Ok(map.append_all(built?)?)
            }
        }
    }

    /// Runs a component over what the parent has so far.
    fn accumulate_component(
        &mut self,
        dir: &str,
        kustomization: &Kustomization,
        component: &Located,
        map: ResMap,
    ) -> Result<ResMap, BuildErrors> {
        let files = Files { tree: self.tree, dir, kustomization, restrictor: self.options.restrictor };
        let (path, entry) = files.entry(component)?;
        if !matches!(entry, Entry::Dir(_)) {
            let message = format!("the component `{}` is no folder", component.text);
            return Err(at(kustomization, component, message).into());
        }
        let inner = self.enter(kustomization, component, &path)?;
        if !inner.is_component {
            let message = format!("`{}` is no Component; list it under `resources`", component.text);
            return Err(at(kustomization, component, message).into());
        }
        self.stack.push(path.clone());
        let map = self.accumulate(&path, &inner, map);
        self.stack.pop();
        map
    }

    /// Loads the kustomization in `path`, refusing cycles: a folder may not name itself or one it lies in.
    fn enter(&mut self, from: &Kustomization, what: &Located, path: &str) -> Result<Kustomization, BuildErrors> {
        if let Some(above) = self.stack.iter().find(|above| is_within(path, above)) {
            let shown = |path: &str| if path.is_empty() { ".".to_owned() } else { path.to_owned() };
            let message = format!("`{}` is a cycle: {} is being built within {}", what.text, shown(path), shown(above));
            return Err(at(from, what, message).into());
        }
        if self.stack.len() >= MAX_NESTED {
            let message =
                format!("`{}` is nested deeper than {MAX_NESTED} kustomizations; name it further up", what.text);
            return Err(at(from, what, message).into());
        }
        self.load(path)
    }
}

/// The files a kustomization may read.
pub(crate) struct Files<'a> {
    tree: &'a dyn Tree,
    dir: &'a str,
    pub(crate) kustomization: &'a Kustomization,
    restrictor: LoadRestrictor,
}

impl Files<'_> {
    /// What stands at a path that the kustomization names.
    fn entry(&self, what: &Located) -> Result<(String, Entry), BuildErrors> {
        if is_remote(&what.text) {
            let message = format!("`{}` is remote; only files of this repository are read", what.text);
            return Err(at(self.kustomization, what, message).into());
        }
        let Some(path) = join(self.dir, &what.text) else {
            let message = format!("`{}` lies outside of the tree", what.text);
            return Err(at(self.kustomization, what, message).into());
        };
        match self.tree.entry(&path)? {
            Some(Entry::Link) => {
                let message = format!("`{}` is a symbolic link, and links are not followed", what.text);
                Err(at(self.kustomization, what, message).into())
            }
            Some(entry) => Ok((path, entry)),
            None => Err(at(self.kustomization, what, format!("`{}` does not exist", what.text)).into()),
        }
    }

    fn check_allowed(&self, what: &Located, path: &str) -> Result<(), BuildErrors> {
        if self.restrictor == LoadRestrictor::None || is_within(self.dir, path) {
            return Ok(());
        }
        let message = format!("the file `{}` is not in this folder or below, as files must be", what.text);
        Err(at(self.kustomization, what, message).into())
    }

    /// Reads a file that the kustomization names; also returns its path in the tree.
    pub(crate) fn read(&self, what: &Located) -> Result<(String, Arc<[u8]>), BuildErrors> {
        match self.entry(what)? {
            (path, Entry::File(bytes)) => {
                self.check_allowed(what, &path)?;
                Ok((path, bytes))
            }
            _ => Err(at(self.kustomization, what, format!("`{}` is no file", what.text)).into()),
        }
    }
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("git@") || text.starts_with("git::") || text.starts_with("github.com/")
}

fn at(kustomization: &Kustomization, what: &Located, message: String) -> BuildError {
    BuildError::Kustomization { file: kustomization.file.clone(), at: what.at, message }
}

fn load(file: &str, message: impl Into<String>) -> BuildError {
    BuildError::Load { file: file.to_owned(), message: message.into() }
}

fn link(dir: &str, name: &str) -> BuildError {
    load(dir, format!("`{name}` is a symbolic link, and links are not followed"))
}
