//! Values of charts that are in the cluster (`valuesFrom`), from the same watches as all that rendering reads. Which ones a
//! unit asks for is known once it was rendered.

use std::collections::{BTreeMap, BTreeSet};

use teal_agent_core::{Digest, ParityKey};
use teal_api::fleet::SourceKind;
use teal_api::sync::SyncSpec;
use teal_render::helm::{ChartError, ValueRef, ValueSource};

use crate::giving::refusal;
use crate::inputs::{InputRef, Inputs, Known};

/// What is known now. No `Debug`: there are Secrets in it.
#[derive(Clone, Default)]
pub(crate) struct ChartValues {
    known: BTreeMap<InputRef, Result<Known, &'static str>>,
    namespace: String,
}

/// The object that has a value.
fn input_of(wanted: &ValueRef, namespace: &str) -> InputRef {
    let kind = if wanted.secret { SourceKind::Secret } else { SourceKind::ConfigMap };
    InputRef { kind, namespace: namespace.to_owned(), name: wanted.name.clone() }
}

/// The objects to watch for these values.
pub(crate) fn inputs_of(asked: &BTreeSet<&ValueRef>, spec: &SyncSpec, namespace: &str) -> Vec<InputRef> {
    let inputs: BTreeSet<InputRef> = asked.iter().map(|wanted| input_of(wanted, namespace)).collect();
    inputs.into_iter().filter(|input| refusal(spec, namespace, input).is_none()).collect()
}

impl ChartValues {
    /// Takes what is known of the objects that units ask for.
    pub(crate) fn new(asked: &BTreeSet<&ValueRef>, spec: &SyncSpec, namespace: &str, inputs: &Inputs) -> Self {
        let mut known = BTreeMap::new();
        for wanted in asked {
            let input = input_of(wanted, namespace);
            match (refusal(spec, namespace, &input), inputs.known(&input)) {
                (Some(problem), _) => drop(known.insert(input, Err(problem))),
                (None, Some(found)) => drop(known.insert(input, Ok(found.clone()))),
                (None, None) => {}
            }
        }
        Self { known, namespace: namespace.to_owned() }
    }

    /// Digest of what a unit was given, errors too. It stays in this process.
    pub(crate) fn digest(&self, wanted: &ValueRef) -> Digest {
        let (state, text) = match self.text(wanted) {
            Ok(Some(text)) => ("holds", text),
            Ok(None) => ("absent", String::new()),
            Err(error) => (error.reason, error.message),
        };
        Digest::of_parts([wanted.to_string().as_bytes(), wanted.key.as_bytes(), state.as_bytes(), text.as_bytes()])
    }

    /// What is told of a value beside the fleet's files (SYNC §9); of one in a Secret only under the key of both clusters.
    pub(crate) fn told(&self, wanted: &ValueRef, key: Option<&ParityKey>) -> String {
        match (self.text(wanted), key) {
            (Ok(Some(text)), Some(key)) if wanted.secret => Digest::of_secret(&text.into(), key).to_string(),
            (Ok(Some(_)), None) if wanted.secret => "secret".to_owned(),
            (Ok(Some(text)), _) => Digest::of_parts([text.as_bytes()]).to_string(),
            (Ok(None) | Err(_), _) => "absent".to_owned(),
        }
    }
}

impl ValueSource for ChartValues {
    fn text(&self, wanted: &ValueRef) -> Result<Option<String>, ChartError> {
        let wrong =
            |problem: &str| ChartError::new(ChartError::VALUES, format!("spec.valuesFrom: {wanted}: {problem}"));
        let data = match self.known.get(&input_of(wanted, &self.namespace)) {
            None => {
                return Err(ChartError::new(
                    ChartError::PENDING,
                    format!("{wanted} is being read; nothing is to be done"),
                ));
            }
            Some(Err(problem)) => return Err(wrong(problem)),
            Some(Ok(Known::Unreadable(problem))) => return Err(wrong(problem)),
            Some(Ok(Known::Absent)) => return Ok(None),
            Some(Ok(Known::Holds(data))) => data,
        };
        let Some(bytes) = data.get(&wanted.key) else { return Ok(None) };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(&format!("key {} is no text", wanted.key)))?;
        Ok(Some(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn wanted(secret: bool, name: &str, key: &str) -> ValueRef {
        ValueRef { secret, name: name.to_owned(), key: key.to_owned() }
    }

    #[test]
    fn a_value_that_changes_is_another_digest_and_one_that_may_not_be_read_says_why() {
        let holds = |text: &str| Known::Holds(Arc::new(BTreeMap::from([("a".to_owned(), text.into())])));
        let with = |found: Result<Known, &'static str>| {
            let known = BTreeMap::from([(input_of(&wanted(true, "s", "a"), "teal-system"), found)]);
            ChartValues { known, namespace: "teal-system".to_owned() }
        };
        let of = |found, key: &str| with(found).digest(&wanted(true, "s", key));
        let all = [
            of(Ok(holds("1")), "a"),
            of(Ok(holds("2")), "a"),
            of(Ok(Known::Absent), "a"),
            of(Ok(Known::Unreadable("no".into())), "a"),
            of(Err("taken"), "a"),
            ChartValues::default().digest(&wanted(true, "s", "a")),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(of(Ok(holds("1")), "b"), of(Ok(holds("2")), "b"), "another key is nothing to it");
        let error = ChartValues::default().text(&wanted(true, "s", "a")).unwrap_err();
        assert_eq!(error.reason, ChartError::PENDING);
        let bytes = Known::Holds(Arc::new(BTreeMap::from([("a".to_owned(), vec![0xff, b'h'])])));
        let error = with(Ok(bytes)).text(&wanted(true, "s", "a")).unwrap_err();
        assert_eq!(error.message, "spec.valuesFrom: Secret s: key a is no text");
    }

    #[test]
    fn g9_teals_own_keys_are_no_values_for_charts() {
        let spec: SyncSpec =
            serde_json::from_str(r#"{"color": "blue", "source": {"url": "http://x", "secretRef": {"name": "git"}}}"#)
                .unwrap();
        let (own, map) = (wanted(true, "git", "password"), wanted(false, "git", "password"));
        let asked = BTreeSet::from([&own, &map]);
        let watched: Vec<String> = inputs_of(&asked, &spec, "teal-system").iter().map(ToString::to_string).collect();
        assert_eq!(watched, ["ConfigMap teal-system/git"]);
    }
}
