//! What a kustomization says of how it is built: schemas, `configurations`, `crds`.

use super::accumulate::{Accumulator, Context, Layer, load_at};
use crate::config::{self, Config};
use crate::{BuildErrors, schema};
use std::rc::Rc;

impl Accumulator<'_> {
    /// Takes up the schema a kustomization names. The first one of a build stays, as in kustomize.
    pub(super) fn use_schema(&mut self, context: &Context<'_>) -> Result<(), BuildErrors> {
        let named = &context.kustomization.openapi;
        let loaded = match named.get("path") {
            Some(path) => {
                let (file, bytes) = self.files(context).read(path)?;
                Some((file, bytes))
            }
            None => None,
        };
        if self.openapi.is_set() {
            return Ok(());
        }
        let version = named.get("version").filter(|version| !version.text.is_empty());
        match (loaded, version) {
            (Some(_), Some(version)) => {
                let message = "builtin version and custom schema provided, cannot use both".to_owned();
                Err(self.files(context).wrong(version, message).into())
            }
            (Some((file, bytes)), None) => {
                let schema = schema::parse(&file, &bytes, self.openapi.built_in())?;
                self.scopes.learn(schema.scopes.iter().map(|(kind, scope)| (kind.clone(), *scope)));
                self.openapi.set(schema);
                Ok(())
            }
            (None, Some(version)) if version.text != schema::BUILT_IN_VERSION => {
                let message = format!(
                    "the specified OpenAPI version is not built in; write {} or leave it out",
                    schema::BUILT_IN_VERSION
                );
                Err(self.files(context).wrong(version, message).into())
            }
            (None, Some(_)) => {
                self.openapi.set_built_in();
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Takes up the built-in tables and what `configurations` and `crds` add to them.
    pub(super) fn configure(&mut self, context: &Context<'_>, layer: &mut Layer) -> Result<(), BuildErrors> {
        let kustomization = context.kustomization;
        let (mut own, mut errors) = (Config::default(), Vec::new());
        for item in &kustomization.configurations {
            let parsed = self.files(context).read(item).and_then(|(file, bytes)| config::parse(&file, &bytes));
            match parsed.and_then(|more| Ok(own.merge(&more).map_err(|message| load_at(context, item, message))?)) {
                Ok(()) => {}
                Err(more) => errors.extend(more.0),
            }
        }
        let mut crds = Vec::new();
        for item in &kustomization.crds {
            match self.files(context).read(item).and_then(|(file, bytes)| config::crds::parse(&file, &bytes)) {
                Ok(more) => crds.push((item, Rc::new(more))),
                Err(more) => errors.extend(more.0),
            }
        }
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }
        let mut all = Rc::clone(&self.built_in);
        // Where none is named, nothing can be wrong with the tables.
        let first = kustomization.configurations.first().cloned().unwrap_or_default();
        let wrong = |message: String| load_at(context, &first, message);
        if !kustomization.configurations.is_empty() {
            Rc::make_mut(&mut all).merge(&own).map_err(wrong)?;
        }
        self.add_config(layer, &all).map_err(wrong)?;
        for (item, more) in &crds {
            self.add_config(layer, more).map_err(|message| load_at(context, item, message))?;
        }
        Ok(())
    }

    /// Adds tables to those of a layer.
    ///
    /// # Errors
    /// As [`Config::merge`].
    pub(super) fn add_config(&self, layer: &mut Layer, more: &Rc<Config>) -> Result<(), String> {
        if layer.config.is_none() && Rc::ptr_eq(more, &self.built_in) {
            layer.config = Some(Rc::clone(more));
        }
        // Tables are merged into an empty set as well, which leaves out what is there twice.
        let config = layer.config.get_or_insert_with(Rc::default);
        if Rc::ptr_eq(config, more) {
            return Ok(());
        }
        Rc::make_mut(config).merge(more)
    }
}
