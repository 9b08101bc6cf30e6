//! What a kustomization says of how it is built: schemas, `configurations`, `crds`.

use super::accumulate::{Accumulator, Context, Layer, load};
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
        let wrong = |message: String| BuildErrors::from(load(&kustomization.file, message));
        let (mut own, mut errors) = (Config::default(), Vec::new());
        for item in &kustomization.configurations {
            let parsed = self.files(context).read(item).and_then(|(file, bytes)| config::parse(&file, &bytes));
            match parsed.and_then(|more| own.merge(&more).map_err(wrong)) {
                Ok(()) => {}
                Err(more) => errors.extend(more.0),
            }
        }
        let mut crds = Vec::new();
        for item in &kustomization.crds {
            match self.files(context).read(item).and_then(|(file, bytes)| config::crds::parse(&file, &bytes)) {
                Ok(more) => crds.push(Rc::new(more)),
                Err(more) => errors.extend(more.0),
            }
        }
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }
        if kustomization.configurations.is_empty() {
            self.add_config(context, layer, &Rc::clone(&self.built_in))?;
        } else {
            let mut all = (*self.built_in).clone();
            all.merge(&own).map_err(wrong)?;
            self.add_config(context, layer, &Rc::new(all))?;
        }
        crds.iter().try_for_each(|more| self.add_config(context, layer, more))
    }

    /// Adds tables to those of a layer.
    pub(super) fn add_config(
        &self,
        context: &Context<'_>,
        layer: &mut Layer,
        more: &Rc<Config>,
    ) -> Result<(), BuildErrors> {
        if layer.config.is_none() && Rc::ptr_eq(more, &self.built_in) {
            layer.config = Some(Rc::clone(more));
        }
        // Tables are merged into an empty set as well, which leaves out what is there twice.
        let config = layer.config.get_or_insert_with(Rc::default);
        if Rc::ptr_eq(config, more) {
            return Ok(());
        }
        Rc::make_mut(config).merge(more).map_err(|message| load(&context.kustomization.file, message).into())
    }
}
