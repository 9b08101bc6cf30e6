//! Health of what runs: Deployments, StatefulSets, DaemonSets, ReplicaSets, Pods, Jobs.

use serde_json::Value;

use super::Health;
use super::conditions::{condition, field, number, text};

fn status(object: &Value, name: &str) -> i64 {
    number(object, &format!("/status/{name}")).unwrap_or(0)
}

fn replicas(object: &Value) -> i64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

/// The first comparison that does not hold yet, as a reason.
fn first_short(rules: &[(bool, &'static str, String)]) -> Option<Health> {
    rules.iter().find(|(short, _, _)| *short).map(|(_, reason, message)| Health::in_progress(reason, message.clone()))
}

fn not_observed(object: &Value) -> Option<Health> {
    let unseen =
        number(object, "/status/observedGeneration").is_none() && number(object, "/metadata/generation").is_some();
    unseen.then(|| Health::in_progress("NotObserved", "its controller has not seen it yet"))
}

pub(super) fn deployment(object: &Value) -> Health {
    let progressing = condition(object, "Progressing");
    if let Some(late) = progressing.as_ref().filter(|found| found.reason() == "ProgressDeadlineExceeded") {
        return late.failed();
    }
    if let Some(unseen) = not_observed(object) {
        return unseen;
    }
    if object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        return Health::Current;
    }
    let wanted = replicas(object);
    let (all, updated) = (status(object, "replicas"), status(object, "updatedReplicas"));
    let (available, ready) = (status(object, "availableReplicas"), status(object, "readyReplicas"));
    let short = first_short(&[
        (wanted > all, "LessReplicas", format!("{all} of {wanted} replicas exist")),
        (wanted > updated, "LessUpdated", format!("{updated} of {wanted} replicas are updated")),
        (all > wanted, "ExtraPods", format!("{} old replicas are still there", all - wanted)),
        (updated > available, "LessAvailable", format!("{available} of {updated} replicas are available")),
        (wanted > ready, "LessReady", format!("{ready} of {wanted} replicas are ready")),
    ]);
    if let Some(short) = short {
        return short;
    }
    if wanted == 0 {
        return Health::Current;
    }
    let has_deadline = field(object, "/spec/progressDeadlineSeconds").is_some();
    if has_deadline
        && !progressing.as_ref().is_some_and(|found| found.is("True") && found.reason() == "NewReplicaSetAvailable")
    {
        return Health::in_progress("ReplicaSetNotAvailable", "the new ReplicaSet is not available yet");
    }
    match condition(object, "Available") {
        Some(available) if available.is("True") => Health::Current,
        Some(available) => available.in_progress(),
        None => Health::in_progress("NotAvailable", "the Deployment is not available yet"),
    }
}

pub(super) fn stateful_set(object: &Value) -> Health {
    if let Some(unseen) = not_observed(object) {
        return unseen;
    }
    if text(object, "/spec/updateStrategy/type") == Some("OnDelete") {
        return Health::Current;
    }
    let wanted = replicas(object);
    let (all, ready) = (status(object, "replicas"), status(object, "readyReplicas"));
    let (current, updated) = (status(object, "currentReplicas"), status(object, "updatedReplicas"));
    let short = first_short(&[
        (wanted > all, "LessReplicas", format!("{all} of {wanted} replicas exist")),
        (wanted > ready, "LessReady", format!("{ready} of {wanted} replicas are ready")),
        (all > wanted, "ExtraPods", format!("{} replicas too many are still there", all - wanted)),
    ]);
    if let Some(short) = short {
        return short;
    }
    if let Some(partition) =
        number(object, "/spec/updateStrategy/rollingUpdate/partition").filter(|partition| *partition > 0)
    {
        let due = (wanted - partition).max(0);
        return if updated < due {
            Health::in_progress(
                "PartitionRollout",
                format!("{updated} of {due} replicas beyond the partition are updated"),
            )
        } else {
            Health::Current
        };
    }
    let same_revision = text(object, "/status/currentRevision") == text(object, "/status/updateRevision");
    first_short(&[
        (wanted > current, "LessCurrent", format!("{current} of {wanted} replicas are current")),
        (!same_revision, "RollingUpdate", "the rolling update is not finished".to_owned()),
    ])
    .unwrap_or(Health::Current)
}

pub(super) fn daemon_set(object: &Value) -> Health {
    if number(object, "/status/observedGeneration").is_none()
        || field(object, "/status/desiredNumberScheduled").is_none()
    {
        return Health::in_progress("NotObserved", "its controller has not seen it yet");
    }
    let wanted = status(object, "desiredNumberScheduled");
    let (scheduled, updated) = (status(object, "currentNumberScheduled"), status(object, "updatedNumberScheduled"));
    let (available, ready) = (status(object, "numberAvailable"), status(object, "numberReady"));
    first_short(&[
        (wanted > scheduled, "LessScheduled", format!("{scheduled} of {wanted} pods are scheduled")),
        (wanted > updated, "LessUpdated", format!("{updated} of {wanted} pods are updated")),
        (wanted > available, "LessAvailable", format!("{available} of {wanted} pods are available")),
        (wanted > ready, "LessReady", format!("{ready} of {wanted} pods are ready")),
    ])
    .unwrap_or(Health::Current)
}

pub(super) fn replica_set(object: &Value) -> Health {
    if let Some(unseen) = not_observed(object) {
        return unseen;
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|found| found.is("True")) {
        return failure.in_progress();
    }
    let wanted = replicas(object);
    let (all, labelled) = (status(object, "replicas"), status(object, "fullyLabeledReplicas"));
    let (available, ready) = (status(object, "availableReplicas"), status(object, "readyReplicas"));
    first_short(&[
        (wanted > labelled, "LessLabelled", format!("{labelled} of {wanted} replicas are labelled")),
        (wanted > available, "LessAvailable", format!("{available} of {wanted} replicas are available")),
        (wanted > ready, "LessReady", format!("{ready} of {wanted} replicas are ready")),
        (all > wanted, "ExtraPods", format!("{} replicas too many are still there", all - wanted)),
    ])
    .unwrap_or(Health::Current)
}

pub(super) fn pod(object: &Value) -> Health {
    match text(object, "/status/phase") {
        Some("Succeeded") => return Health::Current,
        Some("Failed") => {
            let why = text(object, "/status/reason").filter(|why| !why.is_empty()).unwrap_or("its containers failed");
            return Health::failed("PodFailed", why);
        }
        Some("Running") if condition(object, "Ready").is_some_and(|ready| ready.is("True")) => return Health::Current,
        _ => {}
    }
    let statuses =
        object.pointer("/status/containerStatuses").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if statuses.iter().any(|status| text(status, "/state/waiting/reason") == Some("CrashLoopBackOff")) {
        return Health::failed("CrashLoopBackOff", "a container keeps crashing");
    }
    match condition(object, "PodScheduled") {
        Some(scheduled) if scheduled.is("False") => scheduled.in_progress(),
        _ => Health::in_progress("NotReady", "the Pod is not ready yet"),
    }
}

pub(super) fn job(object: &Value) -> Health {
    if let Some(failed) = condition(object, "Failed").filter(|found| found.is("True")) {
        return failed.failed();
    }
    if condition(object, "Complete").is_some_and(|found| found.is("True")) {
        return Health::Current;
    }
    if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return Health::Current;
    }
    let succeeded = status(object, "succeeded");
    Health::in_progress(
        "Running",
        format!("{succeeded} of {} completions", number(object, "/spec/completions").unwrap_or(1)),
    )
}
