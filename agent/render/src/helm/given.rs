//! The values of a unit that is a chart: files, then the cluster, then what stands in `helm.yaml`.

use serde_json::{Map, Value};
use teal_api::helm::{Helm, ValuesFrom};

use super::concealed::mask;
use super::unit::Unit;
use super::values::{document, merge, put};
use super::{ChartError, ValueRef, chart};
use crate::RenderError;
use crate::unit::Rendered;

/// Values as Helm gets them, and beside them the same with others in the place of secret ones.
pub(crate) struct Values {
    pub(crate) real: Value,
    pub(crate) masked: Value,
    /// Whether both differ.
    pub(crate) secret: bool,
}

impl Values {
    fn new() -> Self {
        let none = || Value::Object(Map::new());
        Self { real: none(), masked: none(), secret: false }
    }

    /// Adds values, at `target` where there is one.
    fn add(&mut self, values: &Value, target: Option<&str>, secret: bool) {
        self.secret |= secret;
        let masked = if secret { mask(values) } else { values.clone() };
        match target {
            Some(target) => {
                put(&mut self.real, target, values.clone());
                put(&mut self.masked, target, masked);
            }
            None => {
                merge(&mut self.real, values);
                merge(&mut self.masked, &masked);
            }
        }
    }
}

impl Unit<'_> {
    /// All values but those of a color.
    pub(super) fn values(&self, helm: &Helm, errors: &mut Vec<RenderError>, rendered: &mut Rendered) -> Option<Values> {
        let before = errors.len();
        let mut values = Values::new();
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
                Ok(file) => values.add(&file, None, (self.opened)(&path)),
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
        values.add(&helm.values, None, (self.opened)(self.file));
        (errors.len() == before).then_some(values)
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
                "spec.valuesFrom: there is no {wanted} with a key {} in Teal's namespace; create it, or write `optional: true`",
                from.key
            )));
        };
        if from.target.is_some() {
            return Ok(Some(Value::String(text)));
        }
        let read = document(text.as_bytes());
        read.map(Some).map_err(|problem| wrong(format!("spec.valuesFrom: {wanted}: key {}: {problem}", from.key)))
    }
}
