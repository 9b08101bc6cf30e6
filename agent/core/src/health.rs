//! Whether an object does what it is there for. Rules follow kstatus (sigs.k8s.io/cli-utils, pkg/kstatus), but for:
//!
//! - a `LoadBalancer` Service is Current once `status.loadBalancer.ingress` is there; kstatus waits for the cluster IP only;
//! - a Job is Current when complete or suspended, Failed when failed; kstatus takes a running one as Current;
//! - a custom resource that no controller has spoken about is InProgress for a grace period, then Current;
//! - a Pod that ended in failure is Failed; kstatus takes it as Current, since it ended;
//! - a Deployment with no replicas, or a paused one, is Current once its controller has seen it;
//! - a HorizontalPodAutoscaler is always Current: on a cluster without load or metrics it never becomes active, and that
//!   says nothing about what was applied. An Ingress too: many controllers never report an address.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

mod conditions;
mod workloads;

use conditions::{condition, field, number, text};

/// How an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does what it is there for.
    Current,
    /// It is on its way.
    InProgress(Why),
    /// It gave up, and will not get there by waiting.
    Failed(Why),
    /// It is being deleted.
    Terminating,
    /// It does not exist.
    NotFound,
}

/// Why an object is not Current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// CamelCase.
    pub reason: Cow<'static, str>,
    /// For people; from the object's own conditions where it has any.
    pub message: String,
}

impl Health {
    /// Whether it is [`Health::Current`].
    #[must_use]
    pub fn is_current(&self) -> bool {
        *self == Self::Current
    }

    /// Why it is not Current: reason and message.
    #[must_use]
    pub fn why(&self) -> Option<(&str, &str)> {
        match self {
            Self::InProgress(why) | Self::Failed(why) => Some((&why.reason, &why.message)),
            Self::Terminating => Some(("Terminating", "is being deleted")),
            Self::NotFound => Some(("NotFound", "does not exist")),
            Self::Current => None,
        }
    }

    fn in_progress(reason: &'static str, message: impl Into<String>) -> Self {
        Self::InProgress(Why { reason: reason.into(), message: message.into() })
    }

    fn failed(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Failed(Why { reason: reason.into(), message: message.into() })
    }
}

/// Judges a live object. `age` is the time since it was applied as it is now; `grace` is how long a custom resource
/// without any word from its controller counts as InProgress (zero where none will ever come).
///
/// Only `apiVersion`, `kind`, `metadata`, parts of `spec` and `status` are read: see [`reduce`].
#[must_use]
pub fn health(object: &Value, age: Duration, grace: Duration) -> Health {
    if field(object, "/metadata/deletionTimestamp").is_some() {
        return Health::Terminating;
    }
    let generations = (number(object, "/metadata/generation"), number(object, "/status/observedGeneration"));
    if let (Some(generation), Some(observed)) = generations
        && generation != observed
    {
        let message = format!("its controller has seen generation {observed} of {generation}");
        return Health::in_progress("NotObserved", message);
    }
    if let Some(stalled) = condition(object, "Stalled").filter(|found| found.is("True")) {
        return stalled.failed();
    }
    if let Some(reconciling) = condition(object, "Reconciling").filter(|found| found.is("True")) {
        return reconciling.in_progress();
    }
    let group = text(object, "/apiVersion").and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
    match (group, text(object, "/kind").unwrap_or_default()) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workloads::replica_set(object),
        ("", "Pod") => workloads::pod(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Service") => service(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Namespace") => match text(object, "/status/phase") {
            None | Some("Active") => Health::Current,
            Some(_) => Health::Terminating,
        },
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => match condition(object, "Available") {
            Some(available) if available.is("True") => Health::Current,
            Some(available) => available.in_progress(),
            None => Health::in_progress("Unavailable", "the API server has not checked it yet"),
        },
        (group, _) if crate::kinds::is_built_in(group) => Health::Current,
        _ => custom(object, age, grace),
    }
}

fn service(object: &Value) -> Health {
    if text(object, "/spec/type") != Some("LoadBalancer") {
        return Health::Current;
    }
    let has_address =
        field(object, "/status/loadBalancer/ingress").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if has_address { Health::Current } else { Health::in_progress("NoAddress", "the load balancer has no address yet") }
}

fn claim(object: &Value) -> Health {
    match text(object, "/status/phase") {
        Some("Bound") => Health::Current,
        Some("Lost") => Health::failed("Lost", "its volume is gone"),
        _ => Health::in_progress("NotBound", "no volume is bound yet"),
    }
}

fn definition(object: &Value) -> Health {
    if let Some(refused) = condition(object, "NamesAccepted").filter(|found| found.is("False")) {
        return refused.failed();
    }
    match condition(object, "Established") {
        Some(established) if established.is("True") => Health::Current,
        Some(established) if established.reason() != "Installing" => established.failed(),
        _ => Health::in_progress("Installing", "the API server does not serve it yet"),
    }
}

fn custom(object: &Value, age: Duration, grace: Duration) -> Health {
    if let Some(ready) = condition(object, "Ready") {
        return if ready.is("True") { Health::Current } else { ready.in_progress() };
    }
    let has_conditions =
        field(object, "/status/conditions").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    // The generations are equal, or we would not be here.
    let observed = number(object, "/status/observedGeneration").is_some();
    if has_conditions || observed || age >= grace {
        return Health::Current;
    }
    Health::in_progress("NoStatus", "its controller has not said anything yet")
}

/// Drops everything [`health`] does not read, so that a watch of whole objects keeps little (SYNC §5). What stays of
/// `spec` are a few scalars; labels, annotations and managedFields go.
pub fn reduce(object: &mut Value) {
    const METADATA: &[&str] = &["name", "namespace", "uid", "generation", "resourceVersion", "deletionTimestamp"];
    const SPEC: &[&str] = &[
        "replicas",
        "paused",
        "suspend",
        "type",
        "updateStrategy",
        "completions",
        "progressDeadlineSeconds",
        "completionMode",
    ];
    let Value::Object(map) = object else { return };
    map.retain(|key, _| matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "spec" | "status"));
    for (part, keep) in [("metadata", METADATA), ("spec", SPEC)] {
        if let Some(Value::Object(part)) = map.get_mut(part) {
            part.retain(|key, _| keep.contains(&key.as_str()));
        }
    }
    if let Some(Value::Object(spec)) = map.get_mut("spec") {
        // A custom resource may use these names for anything of any size.
        spec.retain(|key, value| {
            value.is_number() || value.is_boolean() || value.is_string() || key == "updateStrategy"
        });
    }
}
