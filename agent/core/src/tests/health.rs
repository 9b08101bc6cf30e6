use std::time::Duration;

use serde_json::{Value, json};

use crate::Health;
use crate::health::{health, reduce};

const GRACE: Duration = Duration::from_secs(30);

/// `Current`, `Terminating`, `InProgress NotReady`, `Failed Lost` …
fn told(object: &Value, age: u64) -> String {
    match health(object, Duration::from_secs(age), GRACE) {
        Health::Current => "Current".to_owned(),
        Health::InProgress(why) => format!("InProgress {}", why.reason),
        Health::Failed(why) => format!("Failed {}", why.reason),
        Health::Terminating => "Terminating".to_owned(),
        Health::NotFound => "NotFound".to_owned(),
    }
}

fn live(kind: &str, spec: Value, status: Value) -> Value {
    let (api_version, kind) = kind.rsplit_once('/').unwrap();
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "generation": 2}, "spec": spec, "status": status})
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": "told by its controller"})
}

/// Every case twice: as the API server has it, and as the watch keeps it.
fn check(cases: Vec<(&str, Value, &str)>) {
    for (rule, object, want) in cases {
        assert_eq!(told(&object, 0), want, "{rule}");
        let mut reduced = object;
        reduce(&mut reduced);
        assert_eq!(told(&reduced, 0), want, "{rule}: reduced");
    }
}

#[test]
fn rules_for_every_kind() {
    let mut deleted = live("v1/ConfigMap", json!({}), json!({}));
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    check(vec![
        ("being deleted", deleted, "Terminating"),
        (
            "an old generation was observed",
            live("example.com/v1/Thing", json!({}), json!({"observedGeneration": 1})),
            "InProgress NotObserved",
        ),
        (
            "stalled",
            live("example.com/v1/Thing", json!({}), json!({"conditions": [condition("Stalled", "True", "Broken")]})),
            "Failed Broken",
        ),
        (
            "reconciling",
            live(
                "example.com/v1/Thing",
                json!({}),
                json!({"conditions": [condition("Reconciling", "True", "Busy"), condition("Ready", "True", "")]}),
            ),
            "InProgress Busy",
        ),
        (
            "a ConfigMap",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}),
            "Current",
        ),
    ]);
}

fn deployment(spec: Value, status: Value, conditions: &[Value]) -> Value {
    let mut object = live("apps/v1/Deployment", spec, status);
    object["status"]["conditions"] = conditions.into();
    object
}

#[test]
fn deployments() {
    let done = [
        condition("Progressing", "True", "NewReplicaSetAvailable"),
        condition("Available", "True", "MinimumReplicasAvailable"),
    ];
    let spec = json!({"replicas": 2, "progressDeadlineSeconds": 600});
    let full = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2});
    let with = |key: &str, value: i64| {
        let mut status = full.clone();
        status[key] = value.into();
        status
    };
    let late = [condition("Progressing", "False", "ProgressDeadlineExceeded")];
    let unavailable = [done[0].clone(), condition("Available", "False", "MinimumReplicasUnavailable")];
    let rolling = [condition("Progressing", "True", "ReplicaSetUpdated"), done[1].clone()];
    let zero = json!({"observedGeneration": 2});
    check(vec![
        ("all there", deployment(spec.clone(), full.clone(), &done), "Current"),
        ("nobody has seen it", deployment(spec.clone(), json!({}), &[]), "InProgress NotObserved"),
        ("gave up", deployment(spec.clone(), full.clone(), &late), "Failed ProgressDeadlineExceeded"),
        ("too few", deployment(spec.clone(), with("replicas", 1), &done), "InProgress LessReplicas"),
        ("too few updated", deployment(spec.clone(), with("updatedReplicas", 1), &done), "InProgress LessUpdated"),
        ("old ones left", deployment(spec.clone(), with("replicas", 3), &done), "InProgress ExtraPods"),
        ("not available", deployment(spec.clone(), with("availableReplicas", 1), &done), "InProgress LessAvailable"),
        ("not ready", deployment(spec.clone(), with("readyReplicas", 1), &done), "InProgress LessReady"),
        (
            "Available is False",
            deployment(spec.clone(), full.clone(), &unavailable),
            "InProgress MinimumReplicasUnavailable",
        ),
        ("still rolling", deployment(spec.clone(), full.clone(), &rolling), "InProgress ReplicaSetNotAvailable"),
        ("no deadline, no Progressing needed", deployment(json!({"replicas": 2}), full.clone(), &done[1..]), "Current"),
        ("no replicas wanted, seen", deployment(json!({"replicas": 0}), zero.clone(), &[]), "Current"),
        (
            "no replicas wanted, some left",
            deployment(json!({"replicas": 0}), with("replicas", 1), &done),
            "InProgress ExtraPods",
        ),
        ("replicas default to 1", deployment(json!({}), zero.clone(), &done), "InProgress LessReplicas"),
        ("paused as declared", deployment(json!({"replicas": 2, "paused": true}), zero, &[]), "Current"),
    ]);
}

#[test]
fn other_workloads() {
    let set = |spec: Value, status: Value| live("apps/v1/StatefulSet", spec, status);
    let full = json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "updatedReplicas": 2,
        "currentRevision": "a", "updateRevision": "a"});
    let mut rolling = full.clone();
    rolling["updateRevision"] = "b".into();
    let mut partial = full.clone();
    partial["updatedReplicas"] = 0.into();
    let partition = |at: i64| json!({"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": at}}});
    let daemon = |status: Value| live("apps/v1/DaemonSet", json!({}), status);
    let everywhere = json!({"observedGeneration": 2, "desiredNumberScheduled": 3, "currentNumberScheduled": 3,
        "updatedNumberScheduled": 3, "numberAvailable": 3, "numberReady": 3});
    let mut unready = everywhere.clone();
    unready["numberReady"] = 2.into();
    let pod = |status: Value| live("v1/Pod", json!({}), status);
    let replica_set = |ready: i64| {
        live(
            "apps/v1/ReplicaSet",
            json!({"replicas": 1}),
            json!({"observedGeneration": 2, "replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": ready, "readyReplicas": ready}),
        )
    };
    check(vec![
        ("StatefulSet: all there", set(json!({"replicas": 2}), full.clone()), "Current"),
        ("StatefulSet: unseen", set(json!({"replicas": 2}), json!({})), "InProgress NotObserved"),
        ("StatefulSet: too few ready", set(json!({"replicas": 3}), full.clone()), "InProgress LessReplicas"),
        ("StatefulSet: rolling", set(json!({"replicas": 2}), rolling), "InProgress RollingUpdate"),
        ("StatefulSet: partition to be reached", set(partition(1), partial.clone()), "InProgress PartitionRollout"),
        ("StatefulSet: partition holds all back", set(partition(2), partial.clone()), "Current"),
        (
            "StatefulSet: on delete",
            set(json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}), json!({"observedGeneration": 2})),
            "Current",
        ),
        ("DaemonSet: everywhere", daemon(everywhere), "Current"),
        ("DaemonSet: unready", daemon(unready), "InProgress LessReady"),
        ("DaemonSet: unseen", daemon(json!({})), "InProgress NotObserved"),
        ("ReplicaSet: ready", replica_set(1), "Current"),
        ("ReplicaSet: not", replica_set(0), "InProgress LessAvailable"),
        ("Pod: ready", pod(json!({"phase": "Running", "conditions": [condition("Ready", "True", "")]})), "Current"),
        (
            "Pod: running, not ready",
            pod(json!({"phase": "Running", "conditions": [condition("Ready", "False", "")]})),
            "InProgress NotReady",
        ),
        ("Pod: done", pod(json!({"phase": "Succeeded"})), "Current"),
        ("Pod: failed", pod(json!({"phase": "Failed", "reason": "Evicted"})), "Failed PodFailed"),
        (
            "Pod: crashing",
            pod(
                json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
            ),
            "Failed CrashLoopBackOff",
        ),
        (
            "Pod: no room",
            pod(json!({"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable")]})),
            "InProgress Unschedulable",
        ),
    ]);
}

#[test]
fn jobs_services_claims_and_definitions() {
    let job = |spec: Value, conditions: Value| live("batch/v1/Job", spec, json!({"conditions": conditions}));
    let service =
        |kind: &str, status: Value| live("v1/Service", json!({"type": kind, "clusterIP": "10.0.0.1"}), status);
    let claim = |phase: &str| live("v1/PersistentVolumeClaim", json!({}), json!({"phase": phase}));
    let crd = |conditions: Value| {
        live("apiextensions.k8s.io/v1/CustomResourceDefinition", json!({}), json!({"conditions": conditions}))
    };
    let api =
        |conditions: Value| live("apiregistration.k8s.io/v1/APIService", json!({}), json!({"conditions": conditions}));
    let address = json!({"loadBalancer": {"ingress": [{"ip": "10.1.0.4"}]}});
    check(vec![
        ("Job: running", job(json!({}), json!([])), "InProgress Running"),
        ("Job: complete", job(json!({}), json!([condition("Complete", "True", "")])), "Current"),
        (
            "Job: failed",
            job(json!({}), json!([condition("Failed", "True", "BackoffLimitExceeded")])),
            "Failed BackoffLimitExceeded",
        ),
        ("Job: suspended", job(json!({"suspend": true}), json!([])), "Current"),
        ("CronJob", live("batch/v1/CronJob", json!({"suspend": true}), json!({})), "Current"),
        ("Service: inside", service("ClusterIP", json!({})), "Current"),
        ("Service: no address yet", service("LoadBalancer", json!({"loadBalancer": {}})), "InProgress NoAddress"),
        ("Service: address", service("LoadBalancer", address), "Current"),
        ("PVC: bound", claim("Bound"), "Current"),
        ("PVC: pending", claim("Pending"), "InProgress NotBound"),
        ("PVC: lost", claim("Lost"), "Failed Lost"),
        ("CRD: new", crd(json!([])), "InProgress Installing"),
        (
            "CRD: served",
            crd(json!([condition("NamesAccepted", "True", ""), condition("Established", "True", "")])),
            "Current",
        ),
        (
            "CRD: name taken",
            crd(json!([condition("NamesAccepted", "False", "ListKindConflict")])),
            "Failed ListKindConflict",
        ),
        ("APIService: available", api(json!([condition("Available", "True", "Passed")])), "Current"),
        (
            "APIService: not",
            api(json!([condition("Available", "False", "MissingEndpoints")])),
            "InProgress MissingEndpoints",
        ),
        ("APIService: unchecked", api(json!([])), "InProgress Unavailable"),
        ("Namespace", live("v1/Namespace", json!({}), json!({"phase": "Active"})), "Current"),
        ("Namespace: going", live("v1/Namespace", json!({}), json!({"phase": "Terminating"})), "Terminating"),
        (
            "HPA without metrics",
            live(
                "autoscaling/v2/HorizontalPodAutoscaler",
                json!({}),
                json!({"conditions": [condition("ScalingActive", "False", "FailedGetResourceMetric")]}),
            ),
            "Current",
        ),
        (
            "Ingress without an address",
            live("networking.k8s.io/v1/Ingress", json!({}), json!({"loadBalancer": {}})),
            "Current",
        ),
    ]);
}

#[test]
fn custom_resources_get_time_to_speak() {
    let custom = |status: Value| live("example.com/v1/Thing", json!({}), status);
    for (rule, status, age, want) in [
        ("silent and new", json!({}), 0, "InProgress NoStatus"),
        ("silent for long", json!({}), 30, "Current"),
        ("observed, no conditions", json!({"observedGeneration": 2}), 0, "Current"),
        ("other conditions only", json!({"conditions": [condition("Accepted", "True", "")]}), 0, "Current"),
        ("ready", json!({"conditions": [condition("Ready", "True", "")]}), 0, "Current"),
        (
            "not ready, however old",
            json!({"conditions": [condition("Ready", "False", "Pending")]}),
            9999,
            "InProgress Pending",
        ),
        ("unknown is not ready", json!({"conditions": [condition("Ready", "Unknown", "")]}), 9999, "InProgress Ready"),
    ] {
        assert_eq!(told(&custom(status), age), want, "{rule}");
    }
    let gateway = live("gateway.networking.k8s.io/v1/Gateway", json!({}), json!({}));
    assert_eq!(told(&gateway, 0), "InProgress NoStatus", "a CRD's group although it ends in k8s.io");
}

#[test]
fn what_is_kept_of_a_watched_object_is_small() {
    let mut object = live(
        "apps/v1/Deployment",
        json!({"replicas": 1, "template": {"spec": {"containers": []}}}),
        json!({"replicas": 1}),
    );
    object["metadata"]["managedFields"] = json!([{"fieldsV1": {}}]);
    object["metadata"]["annotations"] = json!({"a": "long"});
    reduce(&mut object);
    assert_eq!(
        object,
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "generation": 2},
            "spec": {"replicas": 1}, "status": {"replicas": 1}})
    );
}
