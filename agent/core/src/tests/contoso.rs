//! Real manifests, read in place: what real projects publish must pass, and land in the right order.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::make::{SYNC, key};
use crate::kinds::built_in_scope;
use crate::layers::{Directory, LayerSpec, layout};
use crate::order::{Catalog, LayerObjects, Step, Until, order};
use crate::{GroupKind, Object, Origin, OwnerMark, Prepared};

fn fleet() -> Option<PathBuf> {
    let fleet = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fleets/contoso");
    if !fleet.is_dir() {
        println!("skipped: {} is not there", fleet.display());
        return None;
    }
    Some(fleet)
}

fn yaml_files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let is_manifest = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with(".yaml") && name != "kustomization.yaml" && name != "unit.yaml"
    };
    files.retain(is_manifest);
    files
}

/// Objects of plain YAML below `dir`; lists are taken apart, kustomizations are not built.
fn objects(dir: &Path) -> Vec<Object> {
    let mut objects = Vec::new();
    for file in yaml_files(dir) {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for node in teal_yaml::read(&text).unwrap_or_else(|error| panic!("{name}: {error:?}")) {
            let origin = Origin::new(name.as_str(), node.at.line);
            let value = node.into_value();
            let items = match value.get("items").and_then(Value::as_array) {
                Some(items) => items.clone(),
                None => vec![value],
            };
            for item in items {
                let object = Object::new(item, origin.clone()).unwrap_or_else(|error| panic!("{error}"));
                let scope = built_in_scope(&object.id.group_kind());
                objects.push(object.scoped(scope));
            }
        }
    }
    objects
}

fn prepare(unit: &str, objects: Vec<Object>) -> Vec<Prepared> {
    let mark = OwnerMark::new(SYNC, unit);
    objects.into_iter().map(|object| Prepared::new(object, None, &mark, &key()).unwrap()).collect()
}

#[test]
fn a_real_fleet_is_prepared_and_ordered() {
    let Some(fleet) = fleet() else { return };
    let begun = Instant::now();
    let platform: Vec<_> = ["gateway-api", "monitoring-crds", "tenancy"]
        .iter()
        .flat_map(|unit| prepare(unit, objects(&fleet.join("platform").join(unit))))
        .collect();
    let operators = prepare("kube-prometheus", objects(&fleet.join("operators/kube-prometheus")));
    let read = begun.elapsed();
    let after = ["platform".to_owned()];
    let catalog = Catalog::of(&[
        LayerObjects { name: "platform", after: &[], objects: platform.iter().collect() },
        LayerObjects { name: "operators", after: &after, objects: operators.iter().collect() },
    ]);
    let all: Vec<&Prepared> = platform.iter().chain(&operators).collect();
    let ordered = order(&all, &catalog, |_| false);
    println!("{} objects read and prepared in {read:?}, ordered in {:?}", all.len(), begun.elapsed() - read);
    assert_eq!(ordered.errors, []);
    assert_eq!(ordered.waiting, []);
    assert_eq!(ordered.steps.len(), all.len());
    let place = |id: &str| ordered.steps.iter().position(|step| all[step.object].id.key() == id).expect(id);
    let monitors = GroupKind::new("monitoring.coreos.com", "ServiceMonitor");
    let served = place("apiextensions.k8s.io/CustomResourceDefinition//servicemonitors.monitoring.coreos.com");
    for step in ordered.steps.iter().filter(|step| all[step.object].group_kind() == monitors) {
        assert!(
            step.needs.iter().any(|need| need.object == ordered.steps[served].object && need.until == Until::Current)
        );
    }
    let api = ordered.steps.iter().position(|step| all[step.object].id.kind == "APIService").unwrap();
    assert!(place("/Service/monitoring/prometheus-adapter") < api);
    // Gateway API's policy refuses its own CRDs when they are of a development build, as these are.
    let admission = |step: &&Step| all[step.object].id.group == "admissionregistration.k8s.io";
    assert_eq!(ordered.steps.iter().filter(admission).filter(|step| step.last).count(), 2);
    assert_eq!(ordered.steps.iter().filter(|step| step.last).count(), 2);
    // Released alone, its kinds are declared in an earlier layer: they wait for it, which is no mistake.
    let alone = order(&operators.iter().collect::<Vec<_>>(), &catalog, |_| false);
    assert!(alone.errors.is_empty() && !alone.waiting.is_empty());
    assert!(alone.waiting.iter().all(|waiting| waiting.definition.is_some()));
}

#[test]
fn a_real_fleet_is_laid_out() {
    let Some(fleet) = fleet() else { return };
    let mut directories = Vec::new();
    let mut open = vec![(fleet, String::new())];
    while let Some((dir, path)) = open.pop() {
        let kustomized = dir.join("kustomization.yaml").is_file();
        directories.push(Directory { has_manifests: kustomized || !yaml_files(&dir).is_empty(), path: path.clone() });
        for entry in std::fs::read_dir(&dir).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            open.push((entry.path(), if path.is_empty() { name } else { format!("{path}/{name}") }));
        }
    }
    let layer = |name: &str| LayerSpec { name: name.into(), paths: vec![format!("{name}/*")], after: vec![] };
    let laid = layout(SYNC, &[layer("platform"), layer("operators"), layer("apps")], &directories).unwrap();
    let units: Vec<_> = laid.units().map(|(layer, unit)| format!("{layer}: {}", unit.path)).collect();
    assert_eq!(
        units,
        [
            "platform: platform/gateway-api",
            "platform: platform/monitoring-crds",
            "platform: platform/tenancy",
            "operators: operators/kube-prometheus",
            "apps: apps/podinfo",
            "apps: apps/store",
        ]
    );
    assert!(laid.notices.is_empty(), "{:?}", laid.notices);
}
