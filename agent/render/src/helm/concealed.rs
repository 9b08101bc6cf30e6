//! Values that nobody may see (G9): those of Secrets, and of files that were encrypted. What templates make of them can't be
//! told from their text (a digest, another encoding, a part), so the chart is rendered once more with other values in their
//! place: what is another one then was made of them. What Helm complains about is not passed on at all: of values in the
//! place of secrets it would still tell their length and signs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::chart::Masks;
use super::output::{Made, by_id};
use super::{ChartEngine, ChartError, ChartSource, Inflated, Inflation, told};

/// What must be concealed of one chart's values.
#[derive(Clone, Default)]
pub(crate) struct Concealed {
    /// The values with others in the place of secrets; `None` when none are secret.
    pub(crate) masked: Option<Value>,
    /// Files of the chart itself that were encrypted, as they would be with others.
    pub(crate) files: Masks,
}

impl Concealed {
    /// Whether there is anything to conceal.
    pub(crate) fn any(&self) -> bool {
        self.has_files() || self.masked.is_some()
    }

    fn has_files(&self) -> bool {
        !self.files.files.is_empty()
    }

    /// Renders the chart. Errors show nothing that is concealed.
    ///
    /// # Errors
    /// As the engine's.
    pub(crate) fn inflate(&self, engine: &dyn ChartEngine, inflation: &Inflation) -> Result<Arc<Inflated>, ChartError> {
        let error = match engine.inflate(inflation) {
            Ok(inflated) => return Ok(inflated),
            Err(error) if self.any() && error.reason == ChartError::TEMPLATE => error,
            Err(error) => return Err(error),
        };
        let place = place(&error.message).map_or_else(String::new, |place| format!("{place}: "));
        let message = format!(
            "{place}helm refuses the chart with these values; what it says is not shown, since some are secret"
        );
        Err(ChartError::new(error.reason, message))
    }

    /// Which of `made` were made of secret values; all of them where that can't be told, or where a file of the chart itself
    /// was encrypted.
    ///
    /// # Errors
    /// `PENDING` while nobody knows, or what may pass; `IDENTITY` when an object's identity or a key was made of them.
    pub(crate) fn mark(
        &self,
        engine: &dyn ChartEngine,
        inflation: &Inflation,
        made: &mut [Made],
    ) -> Result<(), ChartError> {
        let mut known = true;
        let masked = match self.with_masks(engine, inflation) {
            None => {
                made.iter_mut().for_each(|object| object.cleared = true);
                return Ok(());
            }
            Some(Ok(inflated)) => super::made::objects_of(&inflated.first, &inflation.namespace).0,
            Some(Err(error))
                if [ChartError::PENDING, ChartError::FETCH, ChartError::ENGINE].contains(&error.reason) =>
            {
                return Err(error);
            }
            // With other values it ends otherwise: that is no mistake of the chart's, and nobody can tell.
            Some(Err(_)) => {
                known = !self.has_files();
                Vec::new()
            }
        };
        let masked: BTreeMap<_, _> = by_id(&masked);
        told::check(made, &masked, &self.texts(&inflation.values))?;
        for object in made {
            object.cleared = known;
            object.secret =
                self.has_files() || masked.get(&object.id()).is_none_or(|other| other.value != object.value);
        }
        Ok(())
    }

    /// The values that nobody may see, one by one.
    fn texts(&self, values: &Value) -> Vec<String> {
        let mut texts = self.files.texts.clone();
        if let Some(masked) = &self.masked {
            differing(values, masked, &mut texts);
        }
        texts
    }

    fn with_masks(&self, engine: &dyn ChartEngine, inflation: &Inflation) -> Option<Result<Arc<Inflated>, ChartError>> {
        if !self.any() {
            return None;
        }
        let mut other = Inflation { twice: false, ..inflation.clone() };
        if let Some(values) = &self.masked {
            other.values.clone_from(values);
        }
        if let ChartSource::Files(files) = &mut other.chart {
            let masks = self.files.files.iter().map(|(path, bytes)| (path.clone(), Arc::clone(bytes)));
            Arc::make_mut(files).extend(masks);
        }
        Some(engine.inflate(&other))
    }
}

/// Texts and numbers that are others in `masked`.
fn differing(real: &Value, masked: &Value, texts: &mut Vec<String>) {
    match (real, masked) {
        (Value::Object(real), Value::Object(masked)) => {
            real.iter().for_each(|(key, value)| differing(value, masked.get(key).unwrap_or(&Value::Null), texts));
        }
        (Value::Array(real), Value::Array(masked)) => {
            let masked = masked.iter().chain(std::iter::repeat(&Value::Null));
            real.iter().zip(masked).for_each(|(real, masked)| differing(real, masked, texts));
        }
        (Value::String(text), other) if other.as_str() != Some(text) => texts.push(text.clone()),
        (Value::Number(number), other) if real != other => texts.push(number.to_string()),
        _ => {}
    }
}

/// Another value of the same sort: letters and digits are replaced, so that a port stays a number and a URL has its signs.
/// Signs alone get a letter more. Truth, `null` and the empty text stay, being no secret.
pub(crate) fn mask(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask_text(text)),
        Value::Number(number) => Value::from(if number.as_i64() == Some(1) { 2 } else { 1 }),
        Value::Array(items) => Value::Array(items.iter().map(mask).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), mask(value))).collect()),
        other => other.clone(),
    }
}

pub(crate) fn mask_text(text: &str) -> String {
    let with = |letter: char, digit: char| -> String {
        let masked = |c: char| match c {
            '0'..='9' => digit,
            c if c.is_alphabetic() => letter,
            c => c,
        };
        text.chars().map(masked).collect()
    };
    let signs = || format!("{text}x");
    let others = [with('x', '1'), with('y', '2')].into_iter().find(|masked| masked != text);
    others.unwrap_or_else(|| if text.is_empty() { String::new() } else { signs() })
}

/// Where Helm says it was: `web/templates/a.yaml:11:8`.
fn place(complaint: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':');
    let words = complaint.split(|c| !is_part(c)).map(|word| word.trim_end_matches(':'));
    words.into_iter().find(|word| {
        let mut parts = word.split(':');
        let file = parts.next().is_some_and(|file| file.contains("/templates/"));
        let mut numbers = 0;
        file && parts.all(|part| {
            numbers += 1;
            part.parse::<u32>().is_ok()
        }) && numbers > 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn g9_a_mask_keeps_the_sort_of_a_value_and_nothing_of_it() {
        let value = json!({"url": "https://u:p4ss@db:5432/é", "port": 5432, "one": 1, "on": true, "none": null, "list": ["xx", "---", ""]});
        let masked = json!({"url": "xxxxx://x:x1xx@xx:1111/x", "port": 1, "one": 2, "on": true, "none": null, "list": ["yy", "---x", ""]});
        assert_eq!(mask(&value), masked);
    }

    #[test]
    fn a_complaint_is_reduced_to_its_place() {
        let found = |text| place(text);
        assert_eq!(found("execution error at (web/templates/a.yaml:3:4): hunter2"), Some("web/templates/a.yaml:3:4"));
        assert_eq!(found("web/templates/a.yaml:11:8 executing \"x\""), Some("web/templates/a.yaml:11:8"));
        assert_eq!(found("parse error in web/templates/a.yaml:7: bad"), Some("web/templates/a.yaml:7"));
        assert_eq!(found("values don't meet the schema: hunter2 at /templates/x"), None);
    }
}
