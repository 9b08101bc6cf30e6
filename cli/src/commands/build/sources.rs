//! What `substituteFrom` and the charts' `valuesFrom` would bring in a cluster, from files and flags.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use teal_api::fleet::{Fleet, SourceKind, SubstituteFrom, is_variable};
use teal_render::ClusterValues;
use teal_render::helm::{ChartError, ValueRef, ValueSource};
use teal_sops::{Unwrap, decrypt};

use super::arguments::Build;
use super::failure::Failure;

/// A ConfigMap or Secret as a file has it.
struct Given {
    kind: SourceKind,
    namespace: Option<String>,
    name: String,
    data: BTreeMap<String, Vec<u8>>,
    /// Where it stands, for people.
    place: String,
}

impl Given {
    fn is(&self, source: &SubstituteFrom) -> bool {
        let here = match (&source.namespace, &self.namespace) {
            (Some(wanted), Some(own)) => wanted == own,
            _ => true,
        };
        here && self.kind == source.kind && self.name == source.name
    }
}

/// `--substitute NAME=VALUE`.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if !is_variable(name) {
        return Err(format!("`{name}` is no name of a variable: letters, digits and `_`, not beginning with a digit"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The values as an agent would have them; `None` when nothing was given, and then nobody looked.
///
/// # Errors
/// All that is wrong with the files, and what is given although `teal.yaml` asks for none of it.
pub(super) fn values(build: &Build, fleet: &Fleet, keys: &dyn Unwrap) -> Result<Option<ClusterValues>, Failure> {
    if build.substitute.is_empty() && build.substitute_from.is_empty() {
        return Ok(None);
    }
    let (given, mut mistakes) = read_all(&build.substitute_from, keys);
    let sources = &fleet.substitute_from;
    for one in given.iter().filter(|one| !sources.iter().any(|source| one.is(source))) {
        let asked: Vec<String> = sources.iter().map(|one| format!("{} {}", one.kind.as_str(), one.name)).collect();
        let asked = if asked.is_empty() { "nothing".to_owned() } else { asked.join(", ") };
        let (place, kind, name) = (&one.place, one.kind.as_str(), &one.name);
        mistakes
            .push(format!("{place}: {kind} {name} is not among `substituteFrom` of teal.yaml, which names {asked}"));
    }
    mistakes.extend(build.substitute.iter().filter_map(|(name, _)| no_effect(fleet, name)));
    if !mistakes.is_empty() {
        return Err(Failure::all(mistakes));
    }
    let mut values = ClusterValues::default();
    for source in sources {
        values.add(source, given.iter().find(|one| one.is(source)).map(|one| &one.data));
    }
    for (name, value) in &build.substitute {
        // As secret as the source it stands for: who names it, else who names nothing.
        let named = sources.iter().any(|source| source.names.contains(name));
        let stands_for =
            |source: &&SubstituteFrom| if named { source.names.contains(name) } else { source.names.is_empty() };
        let secret = sources.iter().filter(stands_for).any(|source| source.kind == SourceKind::Secret);
        let kind = if secret { SourceKind::Secret } else { SourceKind::ConfigMap };
        let source = SubstituteFrom { kind, name: "--substitute".into(), optional: true, ..SubstituteFrom::default() };
        let data = BTreeMap::from([(name.clone(), value.clone().into_bytes())]);
        values.add(&source, Some(&data));
    }
    Ok(Some(values))
}

/// Why a value given for this name would change nothing.
fn no_effect(fleet: &Fleet, name: &str) -> Option<String> {
    if fleet.substitute.contains_key(name) {
        return Some(format!(
            "--substitute {name}: `substitute` of teal.yaml sets it, which wins over values of the cluster"
        ));
    }
    let bring = |source: &SubstituteFrom| source.names.is_empty() || source.names.iter().any(|one| one == name);
    if fleet.substitute_from.iter().any(bring) {
        return None;
    }
    Some(format!("--substitute {name}: no source in `substituteFrom` of teal.yaml can bring it"))
}

/// What `--values-from` gives to charts. What is not in the files is not there: nobody looked into a cluster. No `Debug`:
/// there are Secrets in it.
pub(super) struct ChartValues {
    given: Vec<Given>,
    /// Objects that some chart asked for.
    asked: Mutex<BTreeSet<(bool, String)>>,
}

impl ChartValues {
    /// Reads the files.
    ///
    /// # Errors
    /// All that is wrong with them; two objects of one name, since a chart's values are all in one namespace.
    pub(super) fn of(build: &Build, keys: &dyn Unwrap) -> Result<Self, Failure> {
        let (given, mut mistakes) = read_all(&build.values_from, keys);
        let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for one in &given {
            let Given { kind, name, place, .. } = one;
            if let Some(before) = seen.insert((kind.as_str(), name), place) {
                mistakes.push(format!("{place}: {} {name} is given twice, first in {before}", kind.as_str()));
            }
        }
        if mistakes.is_empty() { Ok(Self { given, asked: Mutex::default() }) } else { Err(Failure::all(mistakes)) }
    }

    /// What no chart asked for, for people.
    pub(super) fn idle(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = self.given.iter().filter(|one| !asked.contains(&(one.kind == SourceKind::Secret, one.name.clone())));
        let told =
            |one: &Given| format!("{}: no chart's `valuesFrom` asks for {} {}", one.place, one.kind.as_str(), one.name);
        idle.map(told).collect()
    }
}

impl ValueSource for ChartValues {
    fn remedy(&self) -> &'static str {
        "give it with --values-from"
    }

    fn text(&self, wanted: &ValueRef) -> Result<Option<String>, ChartError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert((wanted.secret, wanted.name.clone()));
        let is = |one: &&Given| (one.kind == SourceKind::Secret) == wanted.secret && one.name == wanted.name;
        let Some(one) = self.given.iter().find(is) else { return Ok(None) };
        let text = one.data.get(&wanted.key).map(|bytes| std::str::from_utf8(bytes).map(str::to_owned));
        let place = &one.place;
        text.transpose().map_err(|_| {
            ChartError::new(ChartError::VALUES, format!("{place}: {wanted}: key {} is no text", wanted.key))
        })
    }
}

fn read_all(files: &[PathBuf], keys: &dyn Unwrap) -> (Vec<Given>, Vec<String>) {
    let (mut given, mut mistakes) = (Vec::new(), Vec::new());
    for file in files {
        match read(file, keys) {
            Ok(found) => given.extend(found),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    (given, mistakes)
}

fn read(file: &Path, keys: &dyn Unwrap) -> Result<Vec<Given>, String> {
    let shown = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let clear = decrypt(&shown, &bytes, keys).map_err(|error| format!("{shown}: {error}"))?;
    let bytes = clear.as_ref().map_or(bytes.as_slice(), |clear| clear.content.as_slice());
    let text = teal_yaml::text_of(bytes).map_err(|error| format!("{shown}: {error}"))?;
    let documents = teal_yaml::read(text).map_err(|error| format!("{shown}: {error}"))?;
    documents.into_iter().map(|document| object(&document.into_value(), &shown)).collect()
}

fn object(value: &Value, place: &str) -> Result<Given, String> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let kind = match (text("/apiVersion").as_deref(), text("/kind").as_deref()) {
        (Some("v1"), Some("ConfigMap")) => SourceKind::ConfigMap,
        (Some("v1"), Some("Secret")) => SourceKind::Secret,
        _ => return Err(format!("{place}: is no manifest of a v1 ConfigMap or Secret")),
    };
    let name = text("/metadata/name").ok_or_else(|| format!("{place}: its metadata.name is missing"))?;
    let entries = |field: &str| {
        let map = value.get(field).and_then(Value::as_object);
        map.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
    };
    let mut data = BTreeMap::new();
    for (key, text) in entries("data") {
        let bytes = match kind {
            SourceKind::ConfigMap => text.into_bytes(),
            SourceKind::Secret => {
                STANDARD.decode(text.trim()).map_err(|_| format!("{place}: `data.{key}` of {name} is no base64"))?
            }
        };
        data.insert(key, bytes);
    }
    if kind == SourceKind::Secret {
        data.extend(entries("stringData").map(|(key, text)| (key, text.into_bytes())));
    }
    Ok(Given { kind, namespace: text("/metadata/namespace"), name, data, place: place.to_owned() })
}
