use serde_json::{Value, json};

use super::make::{id, key, manifest, object, origin};
use crate::object::{MAX_OBJECT_BYTES, declared_twice};
use crate::{Object, ObjectError, Origin, OwnerMark, ParityKey, Prepared, Scope};

fn with(of: &str, changes: Value) -> Value {
    let mut value = manifest(of);
    merge(&mut value, changes);
    value
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[test]
fn a_declared_object_has_one_form() {
    let cases = [
        (
            "what the server sets is dropped",
            with(
                "/ConfigMap/shop/a",
                json!({"metadata": {"uid": "u", "resourceVersion": "4", "generation": 2, "creationTimestamp": null,
                    "managedFields": [], "labels": null}, "status": {"phase": "x"}, "data": {"k": "v"}}),
            ),
            with("/ConfigMap/shop/a", json!({"data": {"k": "v"}})),
        ),
        (
            "a mark of Teal goes: whoever declares the object now marks it anew",
            with(
                "/ConfigMap/shop/a",
                json!({"metadata": {"labels": {"teal.dev/sync": "other", "a": "b"},
                    "annotations": {"teal.dev/owner": "other/u//ConfigMap/shop/a", "teal.dev/after": "/Secret/shop/s"}}}),
            ),
            with(
                "/ConfigMap/shop/a",
                json!({"metadata": {"labels": {"a": "b"}, "annotations": {"teal.dev/after": "/Secret/shop/s"}}}),
            ),
        ),
        (
            "null timestamps go from templates too",
            with(
                "apps/Deployment/shop/a",
                json!({"spec": {"template": {"metadata": {"creationTimestamp": null, "labels": {"a": "b"}}}}}),
            ),
            with("apps/Deployment/shop/a", json!({"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}})),
        ),
        (
            "a schema may have a property of that name",
            with("example.com/Thing/shop/a", json!({"spec": {"properties": {"creationTimestamp": null}}})),
            with("example.com/Thing/shop/a", json!({"spec": {"properties": {"creationTimestamp": null}}})),
        ),
        (
            "stringData becomes data and wins",
            with("/Secret/shop/a", json!({"stringData": {"a": "new"}, "data": {"a": "b2xk", "b": "b2xk"}})),
            with("/Secret/shop/a", json!({"data": {"a": "bmV3", "b": "b2xk"}})),
        ),
        (
            "stringData of anything else is a field like any",
            with("example.com/Thing/shop/a", json!({"stringData": {"a": "b"}})),
            with("example.com/Thing/shop/a", json!({"stringData": {"a": "b"}})),
        ),
    ];
    for (rule, given, want) in cases {
        assert_eq!(object(given).value, want, "{rule}");
    }
}

#[test]
fn the_scope_decides_the_namespace() {
    for (rule, given, scope, want) in [
        ("stripped on cluster scope", "rbac.authorization.k8s.io/ClusterRole/shop/a", Some(Scope::Cluster), ""),
        ("default where one is needed", "/ConfigMap//a", Some(Scope::Namespaced), "default"),
        ("kept where one is given", "/ConfigMap/shop/a", Some(Scope::Namespaced), "shop"),
        ("as written while the kind is unknown", "example.com/Thing/shop/a", None, "shop"),
        ("none while the kind is unknown", "example.com/Thing//a", None, ""),
    ] {
        let object = object(manifest(given)).scoped(scope);
        assert_eq!(object.id.namespace, want, "{rule}");
        let written = object.value.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(written, want, "{rule}: in the value");
    }
}

fn pod(spec: Value) -> Value {
    with("apps/Deployment/shop/web", json!({"spec": {"template": {"spec": spec}}}))
}

#[test]
fn what_cannot_be_applied_is_refused_with_place_and_advice() {
    let cases = [
        ("a list", json!([]), "NotAnObject", "found a list"),
        ("nothing at all is said at once", json!({}), "MissingField", "no apiVersion, kind, metadata.name"),
        (
            "an empty name",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ""}}),
            "MissingField",
            "no metadata.name",
        ),
        (
            "a number as name",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": 7}}),
            "MissingField",
            "ConfigMap has no metadata.name",
        ),
        (
            "generateName",
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "a-"}}),
            "GenerateName",
            "generateName",
        ),
        (
            "two slashes",
            json!({"apiVersion": "a/b/c", "kind": "K", "metadata": {"name": "n"}}),
            "InvalidField",
            "apiVersion",
        ),
        (
            "a slash in a name",
            json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "a/b"}}),
            "InvalidField",
            "metadata.name",
        ),
        (
            "a number as label",
            with("/ConfigMap/shop/a", json!({"metadata": {"labels": {"a": 1}}})),
            "InvalidField",
            "metadata.labels",
        ),
        (
            "plain text as data of a Secret",
            with("/Secret/shop/a", json!({"data": {"pw": "hunter2!"}})),
            "InvalidField",
            "data.pw must be base64",
        ),
        (
            "a number as stringData",
            with("/Secret/shop/a", json!({"stringData": {"pw": 1234}})),
            "InvalidField",
            "stringData.pw",
        ),
        (
            "a container twice",
            pod(json!({"containers": [{"name": "a"}, {"name": "a"}]})),
            "DuplicateKey",
            "spec.template.spec.containers holds name=a more than once",
        ),
        (
            "a variable twice",
            pod(
                json!({"containers": [{"name": "a"}, {"name": "b", "env": [{"name": "X"}, {"name": "Y"}, {"name": "X"}]}]}),
            ),
            "DuplicateKey",
            "spec.template.spec.containers[1].env holds name=X",
        ),
        (
            "a port twice, once by the default protocol",
            pod(
                json!({"containers": [{"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]}]}),
            ),
            "DuplicateKey",
            "ports holds containerPort=80,protocol=TCP",
        ),
        (
            "a volume twice in a CronJob",
            with(
                "batch/CronJob/shop/a",
                json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"volumes": [{"name": "v"}, {"name": "v"}]}}}}}}),
            ),
            "DuplicateKey",
            "spec.jobTemplate.spec.template.spec.volumes holds name=v",
        ),
        (
            "a Service's port twice",
            with("/Service/shop/a", json!({"spec": {"ports": [{"port": 80}, {"port": 80}]}})),
            "DuplicateKey",
            "spec.ports holds port=80,protocol=TCP",
        ),
    ];
    for (rule, given, reason, part) in cases {
        let error = Object::new(given, origin()).expect_err(rule);
        assert_eq!(error.reason(), reason, "{rule}: {error}");
        assert!(error.to_string().contains(part), "{rule}: {error}");
        assert!(error.to_string().starts_with("apps/shop/all.yaml:7: "), "{rule}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{rule}: shows a secret");
    }
}

#[test]
fn ports_that_differ_by_protocol_are_fine() {
    object(with(
        "/Service/shop/dns",
        json!({"spec": {"ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}}),
    ));
}

#[test]
fn an_object_that_no_api_server_stores_is_refused() {
    let fits = with("/ConfigMap/shop/a", json!({"data": {"k": "x".repeat(MAX_OBJECT_BYTES - 200)}}));
    let fits = object(fits);
    let large = with("/ConfigMap/shop/a", json!({"data": {"k": "x".repeat(MAX_OBJECT_BYTES)}}));
    assert!(matches!(Object::new(large, origin()), Err(ObjectError::TooLarge { .. })));
    // With its mark it would be too large by a few bytes.
    let unit = "u".repeat(200);
    let refused = Prepared::new(fits, None, &OwnerMark::new("main", unit), &key());
    assert!(matches!(refused, Err(ObjectError::TooLarge { .. })));
}

#[test]
fn what_is_sent_carries_the_mark_and_what_is_digested_does_not() {
    let plain = object(with("/ConfigMap/shop/a", json!({"data": {"k": "v"}})));
    let one = Prepared::new(plain.clone(), None, &OwnerMark::new("main", "one-11111111"), &key()).unwrap();
    let sent: Value = serde_json::from_slice(&one.bytes).unwrap();
    assert_eq!(
        sent,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}, "metadata": {
            "name": "a", "namespace": "shop", "labels": {"teal.dev/sync": "main"},
            "annotations": {"teal.dev/owner": "main/one-11111111//ConfigMap/shop/a"}}})
    );
    assert_eq!(one.version(), "v1");
    let two = Prepared::new(plain, None, &OwnerMark::new("second", "two-22222222"), &key()).unwrap();
    assert_eq!((one.digest, one.parity), (two.digest, two.parity));
    assert_eq!(one.parity, Some(one.digest), "no declared difference");
}

#[test]
fn a_declared_difference_changes_the_digest_but_not_parity() {
    let body = |replicas: u32| object(with("apps/Deployment/shop/a", json!({"spec": {"replicas": replicas}})));
    let mark = OwnerMark::new("main", "u");
    let active = Prepared::new(body(3), None, &mark, &key()).unwrap();
    let standby = Prepared::new(body(0), Some(&body(3)), &mark, &key()).unwrap();
    assert_ne!(active.digest, standby.digest);
    assert_eq!(active.parity, standby.parity);
}

#[test]
fn g9_secrets_are_digested_under_the_key_and_never_shown() {
    let secret = || object(with("/Secret/shop/a", json!({"stringData": {"password": "correct horse"}})));
    let mark = OwnerMark::new("main", "u");
    let shared = Prepared::new(secret(), None, &mark, &key()).unwrap();
    let other = Prepared::new(secret(), None, &mark, &ParityKey::shared(b"another")).unwrap();
    assert_ne!(shared.digest, other.digest, "the same Secret under two keys");
    assert_ne!(shared.digest, crate::Digest::of_value(&secret().value), "not a bare hash, which could be guessed");
    assert!(shared.lasting && shared.parity == Some(shared.digest));
    let alone = Prepared::new(secret(), None, &mark, &ParityKey::ephemeral(b"random")).unwrap();
    assert!(!alone.lasting, "an ephemeral digest must not be stored");
    assert_eq!(alone.parity, None, "and can't be compared");
    let encoded = secret().value.pointer("/data/password").and_then(Value::as_str).unwrap().to_owned();
    for shown in [format!("{:?}", secret()), format!("{shared:?}"), format!("{:?}", key()), format!("{alone:?}")] {
        assert!(!shown.contains(&encoded) && !shown.contains("correct") && !shown.contains("both clusters"), "{shown}");
    }
}

#[test]
fn an_object_declared_twice_names_both_places() {
    let (a, b) = (Origin::new("a.yaml", 1), Origin::new("b.yaml", 9));
    let (web, db) = (id("apps/Deployment/shop/web"), id("apps/StatefulSet/shop/db"));
    let twice = declared_twice([(&web, &a), (&db, &a), (&web, &b)]);
    assert_eq!(twice.len(), 1);
    assert_eq!(
        twice[0].to_string(),
        "apps/Deployment shop/web is declared twice, at a.yaml:1 and at b.yaml:9; keep one"
    );
}

#[test]
fn what_decides_the_order_is_kept() {
    let after = |text: &str| with("/ConfigMap/shop/a", json!({"metadata": {"annotations": {"teal.dev/after": text}}}));
    let mark = OwnerMark::new("main", "u");
    let links = |value: Value| Prepared::new(object(value), None, &mark, &key()).map(|prepared| prepared.links);
    assert_eq!(
        links(after("apps/Deployment/shop/web, /Namespace//shop")).unwrap().after,
        [id("apps/Deployment/shop/web"), id("/Namespace//shop")]
    );
    assert_eq!(links(after("")).unwrap().after, []);
    for bad in ["web", "/ConfigMap/shop/a", "apps//shop/web"] {
        assert_eq!(links(after(bad)).expect_err(bad).reason(), "InvalidField", "{bad}");
    }
    let webhook = with(
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration//a",
        json!({"webhooks": [
            {"clientConfig": {"service": {"namespace": "ops", "name": "hook"}}},
            {"clientConfig": {"service": {"namespace": "ops", "name": "hook"}}},
            {"clientConfig": {"url": "https://elsewhere"}}]}),
    );
    assert_eq!(links(webhook).unwrap().services, [id("/Service/ops/hook")]);
}
