//! `commonAnnotations`: on objects and on the pods they make.

use super::labels::set_texts;
use crate::BuildError;
use crate::field::{FieldSpec, core_v1, spec};
use crate::kustomization::Kustomization;
use crate::resmap::ResMap;

const SPECS: [FieldSpec; 9] = [
    spec("", "", "metadata/annotations", true),
    core_v1("ReplicationController", "spec/template/metadata/annotations"),
    spec("Deployment", "", "spec/template/metadata/annotations", true),
    spec("ReplicaSet", "", "spec/template/metadata/annotations", true),
    spec("DaemonSet", "", "spec/template/metadata/annotations", true),
    spec("StatefulSet", "", "spec/template/metadata/annotations", true),
    spec("Job", "batch", "spec/template/metadata/annotations", true),
    spec("CronJob", "batch", "spec/jobTemplate/metadata/annotations", true),
    spec("CronJob", "batch", "spec/jobTemplate/spec/template/metadata/annotations", true),
];

/// Sets the annotations of a layer.
///
/// # Errors
/// When an annotation's place is no mapping.
pub(crate) fn run(kustomization: &Kustomization, map: &mut ResMap) -> Result<(), BuildError> {
    set_texts(kustomization, map, &kustomization.common_annotations, &SPECS, "annotations")
}
