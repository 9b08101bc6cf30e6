//! Generators and transformers of one kustomization, those with a document of their own included.

use super::accumulate::{Accumulator, Context, Layer, wrong};
use crate::kustomization::{Chart, Located};
use crate::load::load_manifests;
use crate::path::join;
use crate::plugin::{self, Generated};
use crate::provenance::Provenance;
use crate::resmap::{ResMap, transform as failed};
use crate::resource::{Behavior, Resource};
use crate::transform::{self, Step};
use crate::{BuildError, BuildErrors, ChartFiles, generate};
use std::rc::Rc;
use teal_yaml::Value;

impl Accumulator<'_> {
    /// Runs every generator of a kustomization and takes the results in.
    pub(super) fn generate(&mut self, context: &Context<'_>, layer: &mut Layer) -> Result<(), BuildErrors> {
        let kustomization = context.kustomization;
        let (mut made, mut errors) = (Vec::new(), Vec::new());
        let files = self.files(context);
        let config_maps = kustomization.config_maps.iter().map(|generator| (generator, false));
        for (generator, secret) in config_maps.chain(kustomization.secrets.iter().map(|generator| (generator, true))) {
            let by = context.configured_by(if secret { "SecretGenerator" } else { "ConfigMapGenerator" });
            match generate::run(&files, generator, secret, &self.scopes) {
                Ok(resource) => made.push(from(resource, by)),
                Err(more) => errors.extend(more.0),
            }
        }
        for chart in &kustomization.charts {
            let by = context.configured_by("HelmChartInflationGenerator");
            let mut chart = chart.clone();
            if chart.chart.namespace.is_empty() {
                chart.chart.namespace.clone_from(&context.chart_namespace);
            }
            match self.inflate(context, &chart, &files, &by) {
                Ok(more) => made.extend(more),
                Err(more) => errors.extend(more.0),
            }
        }
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }
        layer.map.absorb(made, &kustomization.file)?;
        for document in self.documents(context, &kustomization.generators)?.into_list() {
            let made = self.of_document(context, &document)?;
            layer.map.absorb(made, &kustomization.file)?;
        }
        Ok(())
    }

    /// Runs a generator with a document of its own.
    fn of_document(&mut self, context: &Context<'_>, document: &Resource) -> Result<Vec<Resource>, BuildErrors> {
        let by = plugin::provenance(document);
        let file = document.origin.file.to_string();
        let files = self.files(context);
        let files = files.told_of(&file);
        match plugin::generator(document)? {
            Generated::Map(generator, secret) => {
                Ok(vec![from(generate::run(&files, &generator, secret, &self.scopes)?, by)])
            }
            Generated::Account(value) => {
                Ok(vec![from(Resource::new(value, document.origin.clone(), &self.scopes), by)])
            }
            Generated::Chart(chart) => {
                let at = teal_yaml::Place { line: document.origin.line, column: 1 };
                self.inflate(context, &Chart { at, chart: *chart }, &files, &by)
            }
        }
    }

    /// Renders a chart through the caller's inflator.
    fn inflate(
        &self,
        context: &Context<'_>,
        chart: &Chart,
        files: &super::files::Files<'_>,
        by: &Option<Rc<Provenance>>,
    ) -> Result<Vec<Resource>, BuildErrors> {
        let wrong = |message: String| BuildError::Kustomization { file: files.file.to_owned(), at: chart.at, message };
        let Some(inflator) = self.charts else {
            let field = "helmCharts".to_owned();
            return Err(BuildError::Unsupported { file: files.file.to_owned(), at: chart.at, field }.into());
        };
        let mut chart = chart.chart.clone();
        for (what, text) in [("the name of a chart", &chart.name), ("releaseName", &chart.release_name)] {
            if text.starts_with('-') {
                return Err(wrong(format!("{what} must not start with `-`")).into());
            }
        }
        if chart.chart_home.is_empty() {
            "charts".clone_into(&mut chart.chart_home);
        }
        let name = chart.name.clone();
        let manifests = inflator.inflate(&chart, &ChartFiles::new(files)).map_err(wrong)?;
        let place = join(context.dir, &format!("{}/{name}", chart.chart_home)).unwrap_or(name);
        let mut made = Vec::new();
        for object in load_manifests(&place, &manifests)? {
            let mut resource = Resource::of(object, &self.scopes)?;
            resource.is_of_helm = true;
            resource.behavior = Behavior::Create;
            made.push(from(resource, by.clone()));
        }
        Ok(made)
    }

    /// The documents that a list of `generators`, `transformers` or `validators` names: in place, in a file, or what a
    /// folder with a kustomization makes.
    fn documents(&mut self, context: &Context<'_>, list: &[Located]) -> Result<ResMap, BuildErrors> {
        let mut layer = Layer::default();
        let (mut paths, mut errors) = (Vec::new(), Vec::new());
        for item in list {
            if !item.text.contains(['\n', '{']) {
                paths.push(item.clone());
                continue;
            }
            let read =
                self.manifests(&context.kustomization.file, item.text.as_bytes(), context.seen_file(), &mut layer.map);
            match read {
                Ok(()) => {}
                Err(more) => {
                    errors.extend(
                        more.0.iter().map(|error| wrong(context, item, format!("in the document here: {error}"))),
                    );
                }
            }
        }
        if !errors.is_empty() {
            return Err(BuildErrors(errors));
        }
        // Documents in place begin where the list's item begins.
        let mut places = list.iter().filter(|item| item.text.contains(['\n', '{']));
        for resource in layer.map.contents_mut() {
            if let Some(item) = places.next() {
                resource.origin.line = item.at.line;
            }
        }
        Ok(self.resources(context, &paths, layer)?.map)
    }

    /// Reads the transformers (or validators) with documents of their own.
    pub(super) fn transformers(&mut self, context: &Context<'_>, list: &[Located]) -> Result<Vec<Step>, BuildErrors> {
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let (mut steps, mut errors) = (Vec::new(), Vec::new());
        let documents = self.documents(context, list)?;
        let files = self.files(context);
        for document in documents.iter() {
            match plugin::transformer(document, &files) {
                Ok(more) => steps.extend(more),
                Err(more) => errors.extend(more.0),
            }
        }
        if errors.is_empty() { Ok(steps) } else { Err(BuildErrors(errors)) }
    }

    /// Runs transformers.
    pub(super) fn transform(&mut self, steps: &[Step], map: &mut ResMap) -> Result<(), BuildErrors> {
        if steps.iter().any(Step::merges) {
            self.openapi.note_merge();
        }
        transform::run(steps, map, self.openapi.schema())
    }

    /// Runs validators: transformers that must change nothing but the label `validated-by`.
    pub(super) fn validate(&mut self, context: &Context<'_>, map: &mut ResMap) -> Result<(), BuildErrors> {
        let mut steps = self.transformers(context, &context.kustomization.validators)?;
        for step in &mut steps {
            step.by = None;
            let before: Vec<Resource> = map.iter().cloned().collect();
            self.transform(std::slice::from_ref(step), map)?;
            let same = |(old, new): (&Resource, &Resource)| {
                without_mark(&old.value) == without_mark(&new.value) && old.previous == new.previous
            };
            if before.len() != map.len() || !before.iter().zip(map.iter()).all(same) {
                return Err(failed(&step.file, "validator shouldn't modify the resource map").into());
            }
        }
        Ok(())
    }
}

fn from(mut resource: Resource, by: Option<Rc<Provenance>>) -> Resource {
    resource.provenance = by;
    resource
}

/// The object without the mark validators may leave.
fn without_mark(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata
        && let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut)
        && labels.remove("validated-by").is_some()
        && labels.is_empty()
    {
        metadata.remove("labels");
    }
    object
}
