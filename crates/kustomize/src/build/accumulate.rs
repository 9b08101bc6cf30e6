//! One layer after the other: resources, then generators, then components, then transformers and validators.

use super::files::Files;
use super::openapi::OpenApi;
use super::{LoadRestrictor, Options};
use crate::config::Config;
use crate::id::Scopes;
use crate::kustomization::{FILE_NAMES, Kustomization, Located, SortOrder, parse};
use crate::load::load_manifests;
use crate::path::{is_within, join};
use crate::provenance::{self, Provenance};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::vars::Vars;
use crate::{BuildError, BuildErrors, ChartInflator, Entry, Tree, transform};
use std::rc::Rc;
use std::sync::Arc;

/// Most folders one build visits, and most objects it holds: a kustomization that names two others that each name two
/// others … ends here.
const MAX_FOLDERS: usize = 10_000;
const MAX_OBJECTS: usize = 100_000;
/// Most folders within each other: every one takes a piece of the stack.
const MAX_NESTED: usize = 64;

/// What is accumulated: objects, field specs, vars.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) map: ResMap,
    /// `None` until the first kustomization has said what it adds.
    pub(crate) config: Option<Rc<Config>>,
    pub(crate) vars: Vars,
}

/// What the outermost kustomization says of the whole result.
pub(crate) struct Root {
    pub(crate) layer: Layer,
    pub(crate) order: Option<SortOrder>,
    pub(crate) metadata: Vec<String>,
}

/// One kustomization while it is being built.
#[derive(Clone)]
pub(super) struct Context<'k> {
    pub(super) dir: &'k str,
    pub(super) kustomization: &'k Kustomization,
    /// The folder as seen from the folder built, when origins are asked for.
    pub(super) seen: Option<String>,
    /// The namespace that charts get which say none.
    pub(super) chart_namespace: String,
}

pub(crate) struct Accumulator<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) restrictor: LoadRestrictor,
    pub(super) charts: Option<&'a dyn ChartInflator>,
    pub(super) scopes: Rc<Scopes>,
    pub(super) openapi: OpenApi,
    pub(super) built_in: Rc<Config>,
    /// The folders being built, outermost first.
    stack: Vec<String>,
    folders: usize,
}

impl<'a> Accumulator<'a> {
    pub(crate) fn new(tree: &'a dyn Tree, options: Options, charts: Option<&'a dyn ChartInflator>) -> Self {
        Self {
            tree,
            restrictor: options.restrictor,
            charts,
            scopes: Rc::default(),
            openapi: OpenApi::default(),
            built_in: Rc::new(Config::built_in()),
            stack: Vec::new(),
            folders: 0,
        }
    }

    /// Accumulates the outermost folder.
    pub(crate) fn build_root(&mut self, dir: &str) -> Result<Root, BuildErrors> {
        let dir = join("", dir).ok_or_else(|| load(dir, "the folder lies outside of the tree"))?;
        let dir = self.tree.real_path(&dir)?;
        let kustomization = self.load(&dir)?;
        let context = Context {
            dir: &dir,
            kustomization: &kustomization,
            seen: (!kustomization.build_metadata.is_empty()).then(String::new),
            chart_namespace: kustomization.namespace.clone(),
        };
        self.use_schema(&context)?;
        self.stack.push(dir.clone());
        let layer = self.accumulate(&context, Layer::default())?;
        self.stack.pop();
        let Kustomization { sort, build_metadata, .. } = kustomization;
        Ok(Root { layer, order: sort, metadata: build_metadata })
    }

    /// Reads the kustomization file of a folder.
    fn load(&mut self, dir: &str) -> Result<Kustomization, BuildErrors> {
        self.folders += 1;
        if self.folders > MAX_FOLDERS {
            return Err(load(dir, format!("more than {MAX_FOLDERS} kustomizations in one build")).into());
        }
        let mut found: Option<(String, Arc<[u8]>)> = None;
        for name in FILE_NAMES {
            let path = self.tree.real_path(&join(dir, name).unwrap_or_default())?;
            // A link that leads away does not count, as if no file were there.
            if self.restrictor == LoadRestrictor::RootOnly && !is_within(dir, &path) {
                continue;
            }
            match self.tree.entry(&path)? {
                Some(Entry::File(_)) if found.is_some() => {
                    let message = "holds more than one kustomization file (found multiple); keep one";
                    return Err(load(dir, message).into());
                }
                Some(Entry::File(bytes)) => found = Some((path, bytes)),
                Some(Entry::Link) => {
                    let message = format!("`{name}` is a symbolic link, and links are not followed");
                    return Err(load(dir, message).into());
                }
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

    /// The files of a kustomization.
    pub(super) fn files<'k>(&'k self, context: &Context<'k>) -> Files<'k> {
        Files { tree: self.tree, dir: context.dir, file: &context.kustomization.file, restrictor: self.restrictor }
    }

    /// Runs one kustomization over `layer`: empty for a Kustomization, the parent's for a Component.
    pub(super) fn accumulate(&mut self, context: &Context<'_>, layer: Layer) -> Result<Layer, BuildErrors> {
        let kustomization = context.kustomization;
        let mut layer = self.resources(context, &kustomization.resources, layer)?;
        self.configure(context, &mut layer)?;
        self.generate(context, &mut layer)?;
        for component in &kustomization.components {
            layer = self.component(context, component, layer)?;
        }
        let config = layer.config.clone().unwrap_or_else(|| Rc::clone(&self.built_in));
        let by = |kind: &str| context.configured_by(kind);
        let steps = transform::steps(kustomization, &self.files(context), &config, &by)?;
        let more = self.transformers(context, &kustomization.transformers)?;
        self.transform(&steps, &mut layer.map)?;
        self.transform(&more, &mut layer.map)?;
        self.validate(context, &mut layer.map)?;
        layer.vars.add(&kustomization.vars, &mut layer.map)?;
        Ok(layer)
    }

    /// Reads the resources of a list: all mistakes in them at once.
    pub(super) fn resources(
        &mut self,
        context: &Context<'_>,
        list: &[Located],
        mut layer: Layer,
    ) -> Result<Layer, BuildErrors> {
        let mut errors = Vec::new();
        for resource in list {
            if let Err(wrong) = self.resource(context, resource, &mut layer) {
                let is_over = wrong.0.iter().any(|wrong| matches!(wrong, BuildError::Tree(_)));
                errors.extend(wrong.0);
                // The tree can't be read any further; to say so once for each file helps nobody.
                if is_over {
                    return Err(BuildErrors(errors));
                }
            }
            if layer.map.len() > MAX_OBJECTS {
                let message = format!("more than {MAX_OBJECTS} objects in one build");
                return Err(load_at(context, resource, message).into());
            }
        }
        if errors.is_empty() { Ok(layer) } else { Err(BuildErrors(errors)) }
    }

    /// A file, a folder with a kustomization, or a mistake.
    fn resource(&mut self, context: &Context<'_>, resource: &Located, layer: &mut Layer) -> Result<(), BuildErrors> {
        let files = self.files(context);
        match files.entry(resource)? {
            (path, Entry::File(bytes)) => {
                files.check_allowed(resource, &path)?;
                let seen = context.seen.as_ref().map(|dir| provenance::join(dir, &resource.text));
                self.manifests(&path, &bytes, seen, &mut layer.map)
            }
            (path, _) => {
                let inner = self.enter(context.kustomization, resource, &path)?;
                if inner.is_component {
                    let message = format!("`{}` is a Component; list it under `components`", resource.text);
                    return Err(wrong(context, resource, message).into());
                }
                let inner = context.inner(&path, &inner, &resource.text);
                self.use_schema(&inner)?;
                self.stack.push(path.clone());
                let built = self.accumulate(&inner, Layer::default());
                self.stack.pop();
                self.take_in(context, resource, layer, built?)
            }
        }
    }

    /// Adds the objects of a file.
    pub(super) fn manifests(
        &mut self,
        path: &str,
        bytes: &[u8],
        seen: Option<String>,
        map: &mut ResMap,
    ) -> Result<(), BuildErrors> {
        let provenance = seen.map(Provenance::file);
        for object in load_manifests(path, bytes)? {
            let mut resource = Resource::of(object, &self.scopes)?;
            resource.provenance.clone_from(&provenance);
            self.openapi.note(resource.api_version(), resource.kind());
            map.append(resource)?;
        }
        Ok(())
    }

    /// Adds what a layer below has accumulated.
    fn take_in(
        &mut self,
        context: &Context<'_>,
        what: &Located,
        layer: &mut Layer,
        built: Layer,
    ) -> Result<(), BuildErrors> {
        layer.map.append_all(built.map)?;
        if let Some(config) = built.config {
            self.add_config(layer, &config).map_err(|message| load_at(context, what, message))?;
        }
        layer.vars.merge(built.vars)
    }

    /// Runs a component over what the parent has so far.
    fn component(&mut self, context: &Context<'_>, component: &Located, layer: Layer) -> Result<Layer, BuildErrors> {
        let (path, entry) = self.files(context).entry(component)?;
        if !matches!(entry, Entry::Dir(_)) {
            let message = format!("the component `{}` is no folder (file is not directory)", component.text);
            return Err(wrong(context, component, message).into());
        }
        let inner = self.enter(context.kustomization, component, &path)?;
        if !inner.is_component {
            let message = format!("`{}` is no Component; list it under `resources`", component.text);
            return Err(wrong(context, component, message).into());
        }
        let inner = context.inner(&path, &inner, &component.text);
        self.use_schema(&inner)?;
        self.stack.push(path.clone());
        let built = self.accumulate(&inner, layer);
        self.stack.pop();
        let mut layer = built?;
        // What comes of a component is taken in anew, like what comes of a base.
        layer.map.check_unique()?;
        if let Some(config) = layer.config.take() {
            self.add_config(&mut layer, &config).map_err(|message| load_at(context, component, message))?;
        }
        Ok(layer)
    }

    /// Loads the kustomization in `path`, refusing cycles: a folder may not name itself or one it lies in.
    fn enter(&mut self, from: &Kustomization, what: &Located, path: &str) -> Result<Kustomization, BuildErrors> {
        let at = |message| BuildError::Kustomization { file: from.file.clone(), at: what.at, message };
        if let Some(above) = self.stack.iter().find(|above| is_within(path, above)) {
            let shown = |path: &str| if path.is_empty() { ".".to_owned() } else { path.to_owned() };
            let message = format!("`{}` is a cycle: {} is being built within {}", what.text, shown(path), shown(above));
            return Err(at(message).into());
        }
        if self.stack.len() >= MAX_NESTED {
            let message =
                format!("`{}` is nested deeper than {MAX_NESTED} kustomizations; name it further up", what.text);
            return Err(at(message).into());
        }
        self.load(path).map_err(|errors| {
            // What the folder lacks is told where it is named.
            let named = |error| match error {
                BuildError::Load { at: None, message, .. } => {
                    let message = format!("`{}`: {message}", what.text);
                    BuildError::Load { file: from.file.clone(), at: Some(what.at), message }
                }
                error => error,
            };
            BuildErrors(errors.0.into_iter().map(named).collect())
        })
    }
}

impl<'k> Context<'k> {
    /// The context of a kustomization that this one names.
    fn inner<'i>(&self, dir: &'i str, kustomization: &'i Kustomization, named: &str) -> Context<'i> {
        let own = &kustomization.namespace;
        Context {
            dir,
            kustomization,
            seen: self.seen.as_ref().map(|seen| provenance::join(seen, named)),
            chart_namespace: if own.is_empty() { self.chart_namespace.clone() } else { own.clone() },
        }
    }

    /// The kustomization file as seen from the folder built.
    pub(super) fn seen_file(&self) -> Option<String> {
        let name = crate::path::file_name(&self.kustomization.file);
        self.seen.as_ref().map(|seen| provenance::join(seen, name))
    }

    /// How a generator or transformer of the kustomization's own fields is told.
    pub(super) fn configured_by(&self, kind: &str) -> Option<Rc<Provenance>> {
        self.seen_file().map(|file| Provenance::built_in(file, kind))
    }
}

pub(super) fn wrong(context: &Context<'_>, what: &Located, message: String) -> BuildError {
    BuildError::Kustomization { file: context.kustomization.file.clone(), at: what.at, message }
}

pub(super) fn load(file: &str, message: impl Into<String>) -> BuildError {
    BuildError::Load { file: file.to_owned(), at: None, message: message.into() }
}

/// The same where a kustomization says it.
pub(super) fn load_at(context: &Context<'_>, what: &Located, message: impl Into<String>) -> BuildError {
    BuildError::Load { file: context.kustomization.file.clone(), at: Some(what.at), message: message.into() }
}
