//! `replacements`: a value of one object (or a given one) is copied to fields of others.

pub(crate) mod path;
mod structured;

use crate::build::files::Files;
use crate::kustomization::form::Form;
use crate::kustomization::parts::replacements::of_file;
use crate::kustomization::{FieldOptions, Replacement, ReplacementEntry, Source, Target};
use crate::resmap::ResMap;
use crate::resource::{Resource, text};
use crate::{BuildError, BuildErrors};
use path::{Create, lookup, make_full_time, split, visit};
use structured::Outcome;
use teal_yaml::Value;

/// Reads the files among replacements; each replacement comes with the file it stands in.
///
/// # Errors
/// Every file that can't be read, and every mistake in one.
pub(crate) fn load(files: &Files<'_>, entries: &[ReplacementEntry]) -> Result<Vec<(String, Replacement)>, BuildErrors> {
    let (mut loaded, mut errors) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            ReplacementEntry::Inline(replacement) => loaded.push((files.file.to_owned(), (**replacement).clone())),
            ReplacementEntry::File(item) => match read(files.read(item)) {
                Ok((file, more)) => loaded.extend(more.into_iter().map(|one| (file.clone(), one))),
                Err(more) => errors.extend(more.0),
            },
        }
    }
    if errors.is_empty() { Ok(loaded) } else { Err(BuildErrors(errors)) }
}

fn read(file: Result<(String, std::sync::Arc<[u8]>), BuildErrors>) -> Result<(String, Vec<Replacement>), BuildErrors> {
    let (file, bytes) = file?;
    let documents = teal_yaml::text_of(&bytes)
        .and_then(teal_yaml::read)
        .map_err(|source| BuildError::Yaml { file: file.clone(), source })?;
    let mut form = Form::lenient(&file);
    if documents.is_empty() {
        form.mistake(teal_yaml::Place { line: 1, column: 1 }, "there is no replacement in this file");
    }
    let replacements = documents.iter().flat_map(|document| of_file(&mut form, document)).collect();
    let replacements = form.finish(replacements)?;
    Ok((file, replacements))
}

/// Runs replacements one after the other: a later one sees what an earlier one wrote.
///
/// # Errors
/// A source that is not there, or not one; a field that is not there.
pub(crate) fn run(replacements: &[(String, Replacement)], map: &mut ResMap) -> Result<(), BuildError> {
    for (file, replacement) in replacements {
        let wrong = |message| BuildError::Kustomization { file: file.clone(), at: replacement.at, message };
        let (value, written) = match (&replacement.source_value, &replacement.source) {
            (Some(text), _) => (Value::String(text.clone()), None),
            (None, Some(source)) => source_value(source, map).map_err(wrong)?,
            (None, None) => continue,
        };
        for target in &replacement.targets {
            match &written {
                None => write(target, &value, map),
                Some(_) => {
                    let options = FieldOptions { written: written.clone(), ..target.options.clone() };
                    write(&Target { options, ..target.clone() }, &value, map)
                }
            }
            .map_err(wrong)?;
        }
    }
    Ok(())
}

impl Source {
    fn selects(&self, resource: &Resource) -> bool {
        let (group, version) = crate::id::split_api_version(resource.api_version());
        let namespace = |text: &str| if text.is_empty() { "default".to_owned() } else { text.to_owned() };
        (self.group.is_empty() || self.group == group)
            && (self.version.is_empty() || self.version == version)
            && resource.ids().any(|(ns, name, kind)| {
                (self.name.is_empty() || self.name == name)
                    && (self.kind.is_empty() || self.kind == kind)
                    && (self.namespace.is_empty() || namespace(&self.namespace) == namespace(ns))
            })
    }

    fn describe(&self) -> String {
        let parts = [&self.group, &self.version, &self.kind, &self.namespace, &self.name];
        let given: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if given.is_empty() { "a source that says nothing".to_owned() } else { given.join(" ") }
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The value to copy, and how it is written where that is a number of an odd form.
fn source_value(source: &Source, map: &mut ResMap) -> Result<(Value, Option<String>), String> {
    let perhaps = map.perhaps(given(&source.name), given(&source.namespace));
    let all = map.as_slice();
    let mut selected =
        perhaps.iter().map(|&at| &all[at]).filter(|resource| !resource.is_deleted() && source.selects(resource));
    let found = selected.next().ok_or_else(|| format!("nothing selected by {}", source.describe()))?;
    if let Some(second) = selected.next() {
        return Err(format!(
            "multiple matches for selector {}: {} and {}",
            source.describe(),
            found.describe(),
            second.describe()
        ));
    }
    let missing =
        || format!("fieldPath `{}` is missing for replacement source {}", source.field_path, found.describe());
    let value = lookup(&found.value, &split(&source.field_path))?.ok_or_else(missing)?;
    match value {
        Value::Null => return Err(missing()),
        Value::Object(map) if map.is_empty() => return Err(missing()),
        Value::Array(items) if items.is_empty() => return Err(missing()),
        _ => {}
    }
    if source.options.delimiter.is_empty() {
        return Ok((value.clone(), found.written(value).map(str::to_owned)));
    }
    let Some(text) = scalar_text(value) else {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    };
    let part = usize::try_from(source.options.index)
        .ok()
        .and_then(|index| text.split(&source.options.delimiter).nth(index))
        .ok_or_else(|| format!("options.index {} is out of bounds for the value", source.options.index))?;
    Ok((like(value, part)?, None))
}

/// A part of a scalar, of the same type.
fn like(value: &Value, part: &str) -> Result<Value, String> {
    let mut new = value.clone();
    set_text(&mut new, part)?;
    Ok(new)
}

/// The text of a scalar.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) | Value::Null => Some(value.to_string()),
        _ => None,
    }
}

/// Puts a text into a scalar, which keeps its type.
fn set_text(value: &mut Value, new: &str) -> Result<(), String> {
    let misfit = |want: &str| format!("the value can't become {want}, which the target holds");
    match value {
        Value::String(text) => new.clone_into(text),
        Value::Number(number) => {
            let wants = if number.is_f64() { "a number" } else { "an integer" };
            match path::plain(new) {
                Value::Number(parsed) if number.is_f64() || !parsed.is_f64() => *number = parsed,
                _ => return Err(misfit(wants)),
            }
        }
        Value::Bool(flag) => match path::plain(new) {
            Value::Bool(parsed) => *flag = parsed,
            _ => return Err(misfit("true or false")),
        },
        Value::Null if path::plain(new).is_null() => {}
        _ => return Err(misfit("null")),
    }
    Ok(())
}

fn write(target: &Target, value: &Value, map: &mut ResMap) -> Result<(), String> {
    let Some(select) = &target.select else { return Ok(()) };
    let mut places = map.perhaps(select.plain_name(), select.plain_namespace());
    places.retain(|&at| {
        let resource = &map.as_slice()[at];
        let is = |selector: &crate::Selector| resource.ids().any(|id| selector.matches_id(resource.api_version(), id));
        !resource.is_deleted()
            && is(select)
            && select.meets_labels(&resource.value)
            && !target.reject.iter().any(|reject| {
                (reject.has_labels() && reject.meets_labels(&resource.value)) || (reject.has_identity() && is(reject))
            })
    });
    for at in places {
        map.change(at, |resource| copy(resource, value, target))?;
    }
    Ok(())
}

/// Copies the value to every field of one object.
fn copy(resource: &mut Resource, value: &Value, target: &Target) -> Result<(), String> {
    for field in &target.field_paths {
        let parts = split(field);
        match structured::write(&mut resource.value, &parts, value, &target.options) {
            Outcome::Written | Outcome::Lost => continue,
            Outcome::Missing => return Err(not_found(field, target, resource)),
            Outcome::Elsewhere => {}
        }
        let create = target.options.create.then(|| Create::of(value));
        let is_annotation = matches!(parts.as_slice(), [metadata, annotations, _] if metadata == "metadata" && annotations == "annotations");
        let (mut found, mut misfit) = (0, None);
        visit(&mut resource.value, &parts, create, &mut |place, mut fresh| {
            found += 1;
            if fresh && is_annotation {
                // A new annotation is the text, whatever else it could mean.
                (*place, fresh) = (Value::String(String::new()), false);
            }
            misfit = misfit.take().or(set(place, value, &target.options, fresh).err());
            if fresh {
                make_full_time(place);
            }
            Ok(())
        })
        .map_err(|wrong| format!("{}: {wrong}", not_found(field, target, resource)))?;
        if let Some(misfit) = misfit {
            return Err(format!("field `{field}` of replacement target {}: {misfit}", resource.describe()));
        }
        if found == 0 {
            return Err(not_found(field, target, resource));
        }
    }
    Ok(())
}

fn not_found(field: &str, target: &Target, resource: &Resource) -> String {
    let what = if target.options.create { "find or create" } else { "find" };
    let kind = text(&resource.value, "kind");
    format!("unable to {what} field `{field}` in replacement target {kind} {}", resource.name())
}

/// Sets one field. A scalar keeps its type; one that was just made takes the type its text has.
fn set(place: &mut Value, value: &Value, options: &FieldOptions, is_fresh: bool) -> Result<(), String> {
    let is_scalar = is_fresh || !(place.is_object() || place.is_array());
    if options.delimiter.is_empty() {
        if !is_scalar {
            place.clone_from(value);
            return Ok(());
        }
        // A mapping or list has no text of its own.
        let text = options.written.clone().or_else(|| scalar_text(value)).unwrap_or_default();
        return put(place, &text, is_fresh);
    }
    if !is_scalar {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    }
    let old = if is_fresh { String::new() } else { scalar_text(place).unwrap_or_default() };
    let new = options.written.clone().or_else(|| scalar_text(value)).unwrap_or_default();
    let mut parts: Vec<&str> = old.split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, &new),
        Ok(index) => match parts.get_mut(index) {
            Some(part) => *part = &new,
            None => parts.push(&new),
        },
    }
    let joined = parts.join(&options.delimiter);
    put(place, &joined, is_fresh)
}

fn put(place: &mut Value, text: &str, is_fresh: bool) -> Result<(), String> {
    if is_fresh {
        *place = path::plain(text);
        return Ok(());
    }
    set_text(place, text)
}
