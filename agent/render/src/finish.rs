//! From what was loaded to what is applied: nothing encrypted, nothing secret in a name, variables replaced, and the
//! differences of color and role.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::RenderError;
use crate::differences::{Differences, described};
use crate::sealed::sealed_field;
use crate::secrets::Secrets;
use crate::substitute::{Form, Uses, Variables};
use crate::unit::{Found, Rendered, RenderedObject};

/// What says which object it is, and is told everywhere: pointers and fields.
pub(crate) const IDENTITY: [(&str, &str); 4] = [
    ("/apiVersion", "apiVersion"),
    ("/kind", "kind"),
    ("/metadata/namespace", "metadata.namespace"),
    ("/metadata/name", "metadata.name"),
];

/// What every object of a unit is finished with.
pub(crate) struct Finishing<'f, 'a> {
    pub(crate) variables: &'f Variables<'a>,
    pub(crate) differences: &'f Differences<'a>,
    pub(crate) secrets: &'f Secrets<'a>,
}

impl Finishing<'_, '_> {
    /// Finishes all objects; bad ones are told and left out.
    pub(crate) fn finish(&self, found: Vec<Found>, uses: &mut Uses, rendered: &mut Rendered) {
        rendered.objects.reserve(found.len());
        for found in found {
            match self.object(found, uses, rendered) {
                Ok(object) => rendered.objects.extend(object),
                Err(error) => rendered.errors.push(error),
            }
        }
    }

    /// `None` when what is wrong is in `uses`.
    fn object(
        &self,
        found: Found,
        uses: &mut Uses,
        rendered: &mut Rendered,
    ) -> Result<Option<RenderedObject>, RenderError> {
        let Found { mut value, origin, base, secret, cleared, of_chart } = found;
        if let Some(field) = sealed_field(&value) {
            return Err(RenderError::Sealed { place: origin.to_string(), what: described(&value), field });
        }
        if !cleared {
            self.secrets.check(&value, &origin)?;
        }
        // As declared, before anything is put in its place.
        let refused = |value: &Value, field| {
            Err(RenderError::SecretIdentity { place: origin.to_string(), what: described(value), field })
        };
        if let Some(field) = self.variables.secret_identity(&value).filter(|_| !of_chart) {
            return refused(&value, field);
        }
        let touched = !self.differences.is_empty() && self.differences.touches(&value);
        // Both forms are made only for the few objects that differ: a probe on the text is cheaper than a clone of each.
        let colored = !of_chart && mentions(&value, &self.variables.colored);
        let mut neutral = base.or_else(|| (touched || colored).then(|| value.clone()));
        let mut holds = false;
        if !of_chart {
            let mut met = self.variables.apply(&mut value, Form::Here);
            neutral.iter_mut().for_each(|neutral| drop(self.variables.apply(neutral, Form::Neutral)));
            rendered.names.append(&mut met.names);
            if met.secret_key {
                return refused(&value, "a key");
            }
            holds = met.secret;
            if !uses.note(met, &origin, &[]) {
                return Ok(None);
            }
        }
        neutral.iter_mut().for_each(keep_base64);
        let secret = secret || holds || self.secrets.are_in(&value, &origin.file);
        self.differences.apply(&mut value)?;
        let neutral = neutral.filter(|neutral| *neutral != value);
        match neutral.as_ref().and_then(|neutral| other_identity(neutral, &value)) {
            Some(field) => Err(RenderError::Identity { place: origin.to_string(), what: described(&value), field }),
            None => Ok(Some(RenderedObject { neutral, value, origin, secret })),
        }
    }
}

/// Takes out of everything that is told what was decrypted: a build that fails may already have put it into names.
pub(crate) fn conceal(secrets: &Secrets<'_>, rendered: &mut Rendered) {
    let hide = |text: &str| secrets.conceal(text);
    let each = |error| match error {
        RenderError::Build(error) => RenderError::Build(secrets.conceal_one(error)),
        error => error.concealed(&hide),
    };
    rendered.errors = std::mem::take(&mut rendered.errors).into_iter().map(each).collect();
    rendered.notices.iter_mut().for_each(|notice| *notice = hide(notice));
}

/// A variable left in the `data` of a Secret is no base64, which everything behind here asks for. Any text that is, and
/// tells different ones apart, does for comparing.
fn keep_base64(neutral: &mut Value) {
    if neutral.get("apiVersion") != Some(&json!("v1")) || neutral.get("kind") != Some(&json!("Secret")) {
        return;
    }
    let data = neutral.get_mut("data").and_then(Value::as_object_mut);
    for text in data.into_iter().flat_map(serde_json::Map::values_mut) {
        if let Some(left) = text.as_str().filter(|left| left.contains("${")) {
            *text = left.bytes().map(|byte| format!("{byte:04x}")).collect::<String>().into();
        }
    }
}

/// The parts of the identity in which two forms of an object differ; `None` when it is the same object.
fn other_identity(neutral: &Value, here: &Value) -> Option<String> {
    let text =
        |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let group = |object: &Value| text(object, "/apiVersion").split_once('/').map(|(group, _)| group.to_owned());
    // Of the version, the group alone.
    let differs = |pointer: &str| match pointer {
        "/apiVersion" => group(neutral) != group(here),
        pointer => text(neutral, pointer) != text(here, pointer),
    };
    let fields: Vec<&str> = IDENTITY.iter().filter(|(pointer, _)| differs(pointer)).map(|(_, field)| *field).collect();
    (!fields.is_empty()).then(|| fields.join(", "))
}

fn mentions(value: &Value, colored: &BTreeSet<&str>) -> bool {
    let in_text = |text: &str| text.contains("${") && colored.iter().any(|name| text.contains(*name));
    match value {
        Value::String(text) => in_text(text),
        Value::Array(items) => items.iter().any(|item| mentions(item, colored)),
        Value::Object(map) => map.iter().any(|(key, item)| in_text(key) || mentions(item, colored)),
        _ => false,
    }
}
