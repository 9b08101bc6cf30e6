//! The values of a unit that is a chart: files, then the cluster, then what stands in `helm.yaml`.

use std::cell::RefCell;

use serde_json::{Map, Value};
use teal_api::helm::{Helm, ValuesFrom};
use teal_kustomize::Origin;

use super::concealed::mask;
use super::unit::Unit;
use super::values::{document, merge, put};
use super::{ChartError, ValueRef, chart};
use crate::RenderError;
use crate::substitute::{Form, Step, Uses, Variables};
use crate::unit::Rendered;

/// What replaces variables in values, and what is told of them.
#[derive(Clone, Copy)]
pub(crate) struct Giving<'a> {
    pub(crate) variables: &'a Variables<'a>,
    pub(crate) uses: &'a RefCell<Uses>,
}

/// Values as Helm gets them, and beside them the same with others in the place of secret ones.
pub(crate) struct Pair {
    pub(crate) real: Value,
    pub(crate) masked: Value,
}

impl Pair {
    fn new() -> Self {
        let none = || Value::Object(Map::new());
        Self { real: none(), masked: none() }
    }

    /// Adds values, at `target` where there is one.
    fn add(&mut self, real: Value, masked: Value, target: Option<&str>) {
        match target {
            Some(target) => {
                put(&mut self.real, target, real);
                put(&mut self.masked, target, masked);
            }
            None => {
                merge(&mut self.real, &real);
                merge(&mut self.masked, &masked);
            }
        }
    }
}

/// All values of a unit that is a chart.
pub(crate) struct Values {
    /// For this cluster.
    pub(crate) here: Pair,
    /// Without what differs by color.
    pub(crate) neutral: Pair,
    /// Whether some are secret.
    pub(crate) secret: bool,
}

impl Values {
    /// Whether the color has some for itself.
    pub(crate) fn differ(&self) -> bool {
        self.here.real != self.neutral.real
    }

    /// Adds values as they are.
    fn add(&mut self, values: &Value, target: Option<&str>, secret: bool) {
        self.secret |= secret;
        for pair in [&mut self.here, &mut self.neutral] {
            pair.add(values.clone(), if secret { mask(values) } else { values.clone() }, target);
        }
    }
}

/// Values in git, where variables are replaced.
struct Written<'s> {
    values: &'s Value,
    file: &'s str,
    /// Where in the file.
    above: &'s [&'s str],
    /// Whether the neutral form has them, too.
    neutral: bool,
}

impl Unit<'_> {
    /// All values, those of the color last.
    pub(super) fn values(
        &self,
        helm: &Helm,
        giving: Giving<'_>,
        errors: &mut Vec<RenderError>,
        rendered: &mut Rendered,
    ) -> Option<Values> {
        let before = errors.len();
        let mut values = Values { here: Pair::new(), neutral: Pair::new(), secret: false };
        for path in &helm.values_files {
            let Some(path) = chart::resolve(self.folder, path) else {
                self.wrong(
                    errors,
                    "ChartInvalid",
                    format!("spec.valuesFiles: `{path}` leads out of the repository; name a file in it"),
                );
                continue;
            };
            let Some(bytes) = self.read(&path, errors) else { continue };
            match document(&bytes) {
                Ok(file) => {
                    let written = Written { values: &file, file: &path, above: &[], neutral: true };
                    self.add(&written, giving, &mut values, errors, rendered);
                }
                Err(message) => errors.push(RenderError::Helm { file: path, reason: "ChartInvalid", message }),
            }
        }
        for from in &helm.values_from {
            let wanted = ValueRef { secret: from.secret, name: from.name.clone(), key: from.key.clone() };
            match self.cluster_values(from, &wanted) {
                Ok(Some(found)) => values.add(&found, from.target.as_deref(), from.secret),
                Ok(None) => {}
                Err(error) => {
                    rendered.pending |= error.reason == ChartError::PENDING;
                    self.wrong(errors, error.reason, error.message);
                }
            }
            rendered.cluster_values.insert(wanted);
        }
        let mut add = |written: &[&Value], above: &[&str], neutral: bool| {
            for own in written {
                let written = Written { values: own, file: self.file, above, neutral };
                self.add(&written, giving, &mut values, errors, rendered);
            }
        };
        add(&[&helm.values], &["spec", "values"], true);
        let own: Vec<&Value> = helm.colors.get(self.color).into_iter().collect();
        add(&own, &["spec", "colors", self.color, "values"], false);
        (errors.len() == before && giving.uses.borrow().are_fine()).then_some(values)
    }

    /// Adds values with variables replaced: the chart sees what they stand for.
    fn add(
        &self,
        written: &Written<'_>,
        giving: Giving<'_>,
        values: &mut Values,
        errors: &mut Vec<RenderError>,
        rendered: &mut Rendered,
    ) {
        let opened = self.clear.is_some_and(|clear| clear.has_opened(written.file));
        values.secret |= opened;
        let origin = Origin { file: written.file.into(), line: 0, document: 0 };
        let above: Vec<Step> = written.above.iter().map(|key| Step::Key((*key).to_owned())).collect();
        for (form, pair) in [(Form::Here, &mut values.here), (Form::Neutral, &mut values.neutral)] {
            if form == Form::Neutral && !written.neutral {
                continue;
            }
            let (mut real, mut masked) = (written.values.clone(), written.values.clone());
            let mut met = giving.variables.apply_values(&mut real, form, false);
            giving.variables.apply_values(&mut masked, form, true);
            pair.add(real, if opened { mask(&masked) } else { masked }, None);
            values.secret |= met.secret;
            if form == Form::Neutral {
                continue;
            }
            if met.secret_key {
                let (place, what) = (written.file.to_owned(), "values".to_owned());
                errors.push(RenderError::SecretIdentity { place, what, field: "a key" });
            }
            // Of what becomes of them in templates nobody knows whether a number is meant.
            met.texts.clear();
            rendered.names.append(&mut met.names);
            giving.uses.borrow_mut().note(met, &origin, &above);
        }
    }

    fn cluster_values(&self, from: &ValuesFrom, wanted: &ValueRef) -> Result<Option<Value>, ChartError> {
        let wrong = |message: String| ChartError::new(ChartError::VALUES, message);
        let Some(cluster) = self.charts.values else {
            return Err(wrong(format!("spec.valuesFrom: {wanted} can't be read without a cluster")));
        };
        let Some(text) = cluster.text(wanted)? else {
            if from.optional {
                return Ok(None);
            }
            return Err(wrong(format!(
                "spec.valuesFrom: there is no {wanted} with a key {}; {}, or write `optional: true`",
                from.key,
                cluster.remedy()
            )));
        };
        if from.target.is_some() {
            return Ok(Some(Value::String(text)));
        }
        let read = document(text.as_bytes());
        read.map(Some).map_err(|problem| wrong(format!("spec.valuesFrom: {wanted}: key {}: {problem}", from.key)))
    }
}
