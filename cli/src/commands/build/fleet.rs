//! `teal build --fleet`: every unit, written though others are wrong.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use teal_render::helm::{ChartError, Charts, ValueSource};
use teal_render::{
    Content, FleetError, FleetInput, FleetObject, Given, RenderError, RenderedFleet, RenderedUnit, UnitProblem,
    declaration, render_fleet_with,
};
use teal_sops::Unwrap;

use super::arguments::{Build, Role};
use super::failure::Failure;
use super::keys::{self, Keys};
use super::masking::{Masking, masked};
use super::names::Named;
use super::output::{self, Document};
use super::place::{Place, Shown};
use super::sources::{self, ChartValues};
use crate::commands::helm;

pub(super) fn run(build: &Build) -> Result<(), Failure> {
    let place = Place::of_fleet(build)?;
    let role = build.role.map(|role| match role {
        Role::Active => teal_api::sync::Role::Active,
        Role::Standby => teal_api::sync::Role::Standby,
    });
    let input = FleetInput { root: &place.dir, color: build.color.as_deref().unwrap_or_default(), role };
    let helm = build.enable_helm.then(|| helm::engine(&build.helm_command));
    let engine = helm.as_ref().map(|helm| helm.patient(helm::policy(&build.helm_hosts), None));
    let target = build.capabilities();
    let keys = Keys::of(build);
    let from = ChartValues::of(build, &keys)?;
    let charts = Charts {
        engine: engine.as_ref().map(|engine| engine as _),
        capabilities: Some(&target),
        values: Some(&from as &dyn ValueSource),
    };
    let unusable =
        |error: FleetError| Failure::all(error.to_string().lines().map(|line| place.shown.text(line)).collect());
    let declared = declaration(place.tree.as_ref(), &place.dir).map_err(unusable)?.unwrap_or_default();
    let values = sources::values(build, &declared, &keys)?;
    let given = Given { charts, keys: Some(&keys as &dyn Unwrap), values: values.as_ref() };
    let fleet = render_fleet_with(place.tree.as_ref(), &input, given).map_err(unusable)?;
    if build.color.is_none() && !fleet.colors.is_empty() {
        let colors = fleet.colors.join(" or --color ");
        return Err(Failure::new(format!("the fleet differs by color; add --color {colors}")));
    }
    for notice in &fleet.notices {
        eprintln!("Warning: {}", place.shown.text(notice));
    }
    from.idle().iter().for_each(|notice| eprintln!("Warning: {notice}"));
    let masking = Masking::new(build.show_secrets);
    write(build, &fleet, &masking)?;
    masking.tell();
    told(build, &fleet, &place.shown)
}

fn is_whole(unit: &&RenderedUnit) -> bool {
    unit.problems.is_empty()
}

/// An object as it is printed.
struct Printed<'a> {
    object: &'a FleetObject,
    masking: &'a Masking,
}

impl Document for Printed<'_> {
    fn text(&self) -> Cow<'_, str> {
        match &self.object.content {
            Content::Text(text) => text.into(),
            Content::Whole(value) if self.masking.hides(self.object.secret) => {
                teal_yaml::write(&masked(&Json::from(value.clone()))).into()
            }
            Content::Whole(value) => teal_yaml::write(value).into(),
        }
    }

    fn named(&self) -> Named<'_> {
        let FleetObject { id, api_version, .. } = self.object;
        Named { api_version, kind: &id.kind, namespace: &id.namespace, name: &id.name }
    }
}

fn printed<'a>(unit: &'a RenderedUnit, masking: &'a Masking) -> Vec<Printed<'a>> {
    unit.objects.iter().map(|object| Printed { object, masking }).collect()
}

/// The unit's folder for people and for file names; the root of the fleet has a word of its own.
fn name(unit: &RenderedUnit) -> &str {
    if unit.path.is_empty() { "fleet" } else { &unit.path }
}

fn write(build: &Build, fleet: &RenderedFleet, masking: &Masking) -> Result<(), Failure> {
    let whole = || fleet.units.iter().filter(is_whole);
    let Some(folder) = &build.output else {
        return output::to_stdout(|out| {
            for (at, unit) in whole().enumerate() {
                let line = if at > 0 { "---\n" } else { "" };
                writeln!(out, "{line}# {} (layer {})", name(unit), unit.layer)?;
                output::write(out, &printed(unit, masking))?;
            }
            Ok(())
        });
    };
    for unit in whole() {
        let path = folder.join(name(unit));
        let objects = printed(unit, masking);
        if build.split {
            make(&path)?;
            output::write_folder(&path, &objects)?;
        } else {
            // Not `with_extension`: a folder's name may hold a dot.
            let file = folder.join(format!("{}.yaml", name(unit)));
            make(file.parent().unwrap_or(folder))?;
            output::write_file(&file, &objects)?;
        }
    }
    Ok(())
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))
}

/// Every mistake of every unit at once.
fn told(build: &Build, fleet: &RenderedFleet, shown: &Shown) -> Result<(), Failure> {
    let failed: Vec<&RenderedUnit> = fleet.units.iter().filter(|unit| !is_whole(unit)).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = failed.iter().map(|unit| name(unit)).collect();
    let mut text =
        format!("{} of {} units are wrong and were left out: {}", failed.len(), fleet.units.len(), names.join(", "));
    for unit in failed {
        text.push_str(&format!("\n{}", name(unit)));
        for problem in &unit.problems {
            text.push_str(&format!("\n  {}", shown.text(&problem.to_string()).replace('\n', "\n  ")));
        }
    }
    let no_key = |unit: &RenderedUnit| unit.problems.iter().any(|problem| problem.reason() == "SopsNoKey");
    let is_chart = |problem: &UnitProblem| match problem {
        UnitProblem::Render(RenderError::Build(error)) => super::has_charts(error),
        problem => problem.reason() == ChartError::ENGINE,
    };
    let no_helm = |unit: &RenderedUnit| !build.enable_helm && unit.problems.iter().any(is_chart);
    let mut failure = Failure::new(text);
    if fleet.units.iter().any(no_key) {
        failure = failure.with_hint(keys::HINT);
    }
    if fleet.units.iter().any(no_helm) {
        failure = failure.with_hint(super::NO_HELM);
    }
    Err(failure)
}
