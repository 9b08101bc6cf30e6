//! From what Helm printed to the objects of a unit: the same each time, in their namespace and order, in both forms.

use serde_json::Value;
use teal_api::helm::Helm;
use teal_kustomize::{BuildError, Origin};

use super::concealed::Concealed;
use super::locked::unlocked;
use super::output::{self, Annotated, Made};
use super::unit::{Unit, may_pass};
use super::{ChartError, Inflated, Inflation, hooks, judge};
use crate::RenderError;
use crate::unit::{Found, Rendered};

impl Unit<'_> {
    /// Renders the chart; `None` when anything is wrong.
    pub(super) fn inflate(
        &self,
        helm: &Helm,
        inflation: &Inflation,
        concealed: &Concealed,
        errors: &mut Vec<RenderError>,
        rendered: &mut Rendered,
    ) -> Option<Vec<Made>> {
        let Some(engine) = self.charts.engine else {
            self.wrong(
                errors,
                ChartError::ENGINE,
                "charts are not rendered here; allow Helm, or render the chart into git",
            );
            return None;
        };
        let inflated = match concealed.inflate(engine, inflation) {
            Ok(inflated) => inflated,
            Err(error) => {
                rendered.pending |= may_pass(error.reason);
                rendered.asks_api_versions |= error.heeds_api_versions() && helm.api_versions.is_none();
                self.wrong(errors, error.reason, error.message);
                return None;
            }
        };
        rendered.asks_api_versions |= inflated.asks_api_versions && helm.api_versions.is_none();
        rendered.notices.extend(unlocked(self.file, self.folder, inflation, &inflated));
        let before = errors.len();
        let (mut made, wrong) = objects_of(&inflated.first, &inflation.namespace);
        errors.extend(wrong.into_iter().map(|error| RenderError::Helm {
            file: self.file.to_owned(),
            reason: ChartError::TEMPLATE,
            message: error.to_string(),
        }));
        if let Err(error) = concealed.mark(engine, inflation, &mut made) {
            rendered.pending |= may_pass(error.reason);
            self.wrong(errors, error.reason, error.message);
            // What follows names objects, and that may be what nobody may see.
            return None;
        }
        self.judge(helm, &inflation.namespace, &inflated, &mut made, errors);
        for idle in judge::idle(&made, &helm.preserve) {
            rendered.notices.push(format!(
                "{}: `preserve` names {} {}, which the chart does not make",
                self.file, idle.kind, idle.name
            ));
        }
        hooks::arrange(&mut made, self.file, &mut rendered.notices);
        if made.is_empty() && errors.is_empty() {
            rendered.notices.push(format!("{}: the chart makes no objects with these values", self.file));
        }
        (errors.len() == before).then_some(made)
    }

    /// Says what is another one in each rendering, and marks what is to be kept.
    fn judge(
        &self,
        helm: &Helm,
        namespace: &str,
        inflated: &Inflated,
        made: &mut [Made],
        errors: &mut Vec<RenderError>,
    ) {
        let second = inflated.second.as_ref().map(|text| objects_of(text, namespace).0);
        for restless in judge::judge(made, second.as_deref(), &helm.preserve, &inflated.calls) {
            let keep = restless.kept.map_or_else(String::new, |kept| {
                let fields = kept.fields.join(", ");
                format!(": `preserve: [{{kind: {}, name: {}, fields: [{fields}]}}]`", kept.kind, kept.name)
            });
            let message = format!("{}: {}{keep}", restless.template, restless.problem);
            self.wrong(errors, ChartError::RESTLESS, message);
        }
    }

    /// Objects with their neutral forms. Both renderings must be of the same objects.
    pub(super) fn pair(
        &self,
        made: Vec<Made>,
        neutral: Option<Vec<Made>>,
        errors: &mut Vec<RenderError>,
    ) -> Option<Vec<Found>> {
        let Some(neutral) = neutral else {
            return Some(made.into_iter().map(|made| self.found(made, None)).collect());
        };
        let mut bases = output::by_id(&neutral);
        let mut found = Vec::with_capacity(made.len());
        for mut made in made {
            match bases.remove(&made.id()) {
                Some(base) => {
                    made.secret |= base.secret;
                    made.cleared &= base.cleared;
                    found.push(self.found(made, Some(base.value.clone())));
                }
                None => self.lonely(&made, "only with", errors),
            }
        }
        for base in bases.values() {
            self.lonely(base, "only without", errors);
        }
        Some(found)
    }

    fn lonely(&self, made: &Made, which: &str, errors: &mut Vec<RenderError>) {
        let message = format!(
            "{}: {} is there {which} the values of color `{}`, so that the two clusters would hold different objects; change what it holds, not whether it is there",
            made.template,
            made.described(),
            self.color
        );
        self.wrong(errors, "IdentityDiffers", message);
    }

    fn found(&self, made: Made, base: Option<Value>) -> Found {
        let file = format!("{} ({})", self.file, made.template);
        Found {
            value: made.value,
            origin: Origin { file: file.into(), line: 0, document: 0 },
            base,
            secret: made.secret,
            cleared: made.cleared,
            of_chart: true,
        }
    }
}

/// The objects of one rendering, in their namespaces.
pub(crate) fn objects_of(printed: &str, namespace: &str) -> (Vec<Made>, Vec<BuildError>) {
    let (mut made, errors) = output::objects(printed);
    in_namespace(&mut made, namespace);
    (made, errors)
}

/// Objects that name no namespace live in the release's, as Helm installs them; those of cluster scope in none.
fn in_namespace(made: &mut [Made], namespace: &str) {
    use teal_agent_core::kinds::{Scope, built_in_scope};
    let cluster_kinds: Vec<(String, String)> = made
        .iter()
        .filter(|made| made.text("/kind") == "CustomResourceDefinition" && made.text("/spec/scope") == "Cluster")
        .map(|made| (made.text("/spec/group").to_owned(), made.text("/spec/names/kind").to_owned()))
        .collect();
    for made in made {
        let (group, kind, own, _) = made.id();
        let of_cluster = cluster_kinds.iter().any(|(g, k)| *g == group && *k == kind)
            || built_in_scope(&teal_agent_core::GroupKind::new(group, kind)) == Some(Scope::Cluster);
        if of_cluster || !own.is_empty() {
            continue;
        }
        if let Some(metadata) = made.value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
}
