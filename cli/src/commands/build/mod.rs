//! `teal build`: what `kustomize build` prints, from a folder or a git revision; or every unit of a fleet.

mod arguments;
mod disk;
mod failure;
mod fleet;
mod keys;
mod masking;
mod names;
mod output;
mod place;
mod sources;

use std::borrow::Cow;

use serde_json::Value as Json;
use teal_kustomize::{
    BuildError, BuildErrors, Built, ChartInflator, LoadRestrictor, MANAGED_BY_VALUE, Options, Reorder,
};

use teal_render::helm::{Charts, Inflater};
use teal_render::{Decrypting, Secrets, Tree};
use teal_yaml::{Map, Value};

use crate::commands::helm;
use crate::exit::{FINE, NOT_SO};
pub(crate) use arguments::Build;
use arguments::{Order, Restrictor};
use failure::Failure;
use keys::Keys;
use masking::{Masking, masked};
use names::Named;
use output::{Document, Output};
use place::Place;

/// What is missing where charts are not rendered.
const NO_HELM: &str = "charts are rendered only with --enable-helm, which runs the program `helm`";

/// Runs the command: 0 when everything was built, 1 when anything is wrong.
pub(crate) fn run(build: &Build) -> u8 {
    let outcome = build.check().and_then(|()| if build.fleet { fleet::run(build) } else { kustomize(build) });
    match outcome {
        Ok(()) => FINE,
        Err(failure) => {
            // Whoever closed the pipe does not want to hear why.
            if !failure.is_closed_pipe() {
                eprintln!("Error: {failure}");
            }
            NOT_SO
        }
    }
}

fn kustomize(build: &Build) -> Result<(), Failure> {
    let place = Place::of(build)?;
    let helm = build.enable_helm.then(|| helm::engine(&build.helm_command));
    let engine = helm.as_ref().map(|helm| helm.patient(helm::policy(&build.helm_hosts), None));
    let target = build.capabilities();
    let charts =
        Charts { engine: engine.as_ref().map(|engine| engine as _), capabilities: Some(&target), values: None };
    let keys = Keys::of(build);
    let clear = build.decrypt.then(|| Decrypting::new(place.tree.as_ref(), Some(&keys)));
    let inflater = Inflater::new(charts, clear.as_ref());
    let asked = build.enable_helm.then_some(&inflater as &dyn ChartInflator);
    let tree = clear.as_ref().map_or(place.tree.as_ref(), |clear| clear as &dyn Tree);
    let built = teal_kustomize::build_with(tree, &place.dir, &options(build), asked);
    let met = inflater.into_met();
    let mut secrets = clear.map(Decrypting::secrets);
    if let Some(secrets) = &mut secrets {
        secrets.know(met.names);
    }
    let secrets = secrets.filter(Secrets::any);
    let concealed = |errors| match &secrets {
        Some(secrets) => secrets.conceal_build(errors),
        None => errors,
    };
    let mut built = built.map_err(|errors| failure(build, &place, &concealed(errors)))?;
    if let Some(secrets) = secrets.as_ref().filter(|_| !build.show_secrets) {
        check(&built.objects, secrets, &place)?;
    }
    if build.enable_managedby_label {
        built.objects.iter_mut().for_each(|object| add_managed_by(&mut object.value));
    }
    print(build, built.objects, &|object: &Built| {
        let holds = |secrets: &Secrets<'_>| secrets.are_in(&object.value.clone().into(), &object.origin.file);
        met.secret || secrets.as_ref().is_some_and(holds)
    })
}

/// No name, kind or key may hold what was decrypted: masks stand for values alone, and files are named after objects.
fn check(objects: &[Built], secrets: &Secrets<'_>, place: &Place) -> Result<(), Failure> {
    let wrong = |object: &Built| secrets.check(&object.value.clone().into(), &object.origin).err();
    let wrong: Vec<String> =
        objects.iter().filter_map(wrong).map(|error| place.shown.text(&error.to_string())).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Failure::all(wrong)) }
}

fn options(build: &Build) -> Options {
    Options {
        reorder: match build.reorder {
            Order::Legacy => Reorder::Legacy,
            Order::None => Reorder::None,
        },
        restrictor: match build.load_restrictor {
            Restrictor::LoadRestrictionsRootOnly => LoadRestrictor::RootOnly,
            Restrictor::LoadRestrictionsNone => LoadRestrictor::None,
        },
    }
}

/// Whether it fails by charts that nobody renders.
fn has_charts(error: &BuildError) -> bool {
    matches!(error, BuildError::Unsupported { field, .. } if field.starts_with("helmChart"))
}

/// What went wrong, with the flag that was perhaps forgotten.
fn failure(build: &Build, place: &Place, errors: &BuildErrors) -> Failure {
    let failure = Failure::build(errors, &place.shown);
    if errors.0.iter().any(|error| error.reason() == "SopsNoKey") {
        failure.with_hint(keys::HINT)
    } else if !build.enable_helm && errors.0.iter().any(has_charts) {
        failure.with_hint(NO_HELM)
    } else if place.is_fleet() {
        failure.with_hint("this folder holds a teal.yaml; add --fleet to render its units")
    } else {
        failure
    }
}

fn print(build: &Build, mut objects: Vec<Built>, is_secret: &dyn Fn(&Built) -> bool) -> Result<(), Failure> {
    let masking = Masking::new(build.show_secrets);
    for object in &mut objects {
        if masking.hides(is_secret(object)) {
            object.value = masked(&Json::from(object.value.take())).into();
        }
    }
    match Output::of(build) {
        Output::Stdout => output::print(&objects),
        Output::File(file) => output::write_file(file, &objects),
        Output::Folder(folder) => output::write_folder(folder, &objects),
    }?;
    masking.tell();
    Ok(())
}

impl Document for Built {
    fn text(&self) -> Cow<'_, str> {
        teal_yaml::write(&self.value).into()
    }

    fn named(&self) -> Named<'_> {
        fn text<'v>(value: &'v Value, key: &str) -> &'v str {
            value.get(key).and_then(Value::as_str).unwrap_or_default()
        }
        let metadata = &self.value["metadata"];
        Named {
            api_version: text(&self.value, "apiVersion"),
            kind: text(&self.value, "kind"),
            namespace: text(metadata, "namespace"),
            name: text(metadata, "name"),
        }
    }
}

/// The label that kustomize adds at the very end; the same as `buildMetadata: [managedByLabel]`.
fn add_managed_by(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let labels = metadata.entry("labels").or_insert_with(|| Map::new().into());
    if labels.is_null() {
        *labels = Map::new().into();
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("app.kubernetes.io/managed-by", MANAGED_BY_VALUE.into());
    }
}
