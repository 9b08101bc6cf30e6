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

    /// Takes up what `configurations` and `crds` add to the built-in tables.
    pub(super) fn configure(&mut self, context: &Context<'_>, layer: &mut Layer) -> Result<(), BuildErrors> {
        self.add_config(context, layer, &Rc::clone(&self.built_in))?;
        let mut errors = Vec::new();
        let kustomization = context.kustomization;
        let configurations = kustomization.configurations.iter().map(|item| (item, false));
        for (item, is_crd) in configurations.chain(kustomization.crds.iter().map(|item| (item, true))) {
            let read = self.files(context).read(item);
            let parsed =
                read.and_then(
                    |(file, bytes)| {
                        if is_crd { config::crds::parse(&file, &bytes) } else { config::parse(&file, &bytes) }
                    },
                );
            match parsed {
                Ok(config) => {
                    errors.extend(self.add_config(context, layer, &Rc::new(config)).err().into_iter().flat_map(|e| e.0))
                }
                Err(more) => errors.extend(more.0),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(BuildErrors(errors)) }
    }

    pub(super) fn add_config(
        &self,
        context: &Context<'_>,
        layer: &mut Layer,
        more: &Rc<Config>,
    ) -> Result<(), BuildErrors> {
        match &mut layer.config {
            None => layer.config = Some(Rc::clone(more)),
            Some(config) if Rc::ptr_eq(config, more) => {}
            Some(config) => {
                Rc::make_mut(config).merge(more).map_err(|message| load(&context.kustomization.file, message))?
            }
        }
        Ok(())
    }
}
