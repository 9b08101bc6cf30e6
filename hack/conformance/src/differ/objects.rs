//! Objects of many kinds that refer to each other by few names, so that references hit, miss and collide.

use proptest::prelude::*;
use serde_json::{Value, json};

/// Names that generated kustomizations are about.
const NAMES: [&str; 4] = ["web", "db", "cache", "web-db"];
const NAMESPACES: [&str; 3] = ["shop", "ops", "default"];
const IMAGES: [&str; 6] = [
    "nginx",
    "nginx:1.25",
    "reg.example:5000/team/nginx:2",
    "redis@sha256:0123",
    "reg.example/db",
    "nginx-exporter:v1",
];

/// The kinds, in the order in which shrinking prefers them.
const KINDS: [&str; 18] = [
    "ConfigMap",
    "Secret",
    "Service",
    "ServiceAccount",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "RoleBinding",
    "Role",
    "ClusterRoleBinding",
    "Ingress",
    "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
    "Namespace",
    "NetworkPolicy",
    "Widget",
    "ValidatingWebhookConfiguration",
    "ClusterRole",
];

/// One object, small enough to shrink well.
#[derive(Debug, Clone)]
pub(super) struct Object {
    kind: usize,
    pub(super) name: usize,
    namespace: Option<usize>,
    refers: [usize; 3],
    flavor: u8,
}

pub(super) fn objects() -> impl Strategy<Value = Object> {
    let namespace = prop_oneof![5 => Just(None), 1 => (0..NAMESPACES.len()).prop_map(Some)];
    let refers = [0..NAMES.len(), 0..NAMES.len(), 0..NAMES.len()];
    (0..KINDS.len(), 0..NAMES.len(), namespace, refers, any::<u8>())
        .prop_map(|(kind, name, namespace, refers, flavor)| Object { kind, name, namespace, refers, flavor })
}

pub(super) fn name(at: usize) -> &'static str {
    NAMES[at % NAMES.len()]
}

pub(super) fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

pub(super) fn kinds() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&KINDS[..])
}

pub(super) fn namespaces() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMESPACES[..])
}

pub(super) fn image_names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["nginx", "redis", "reg.example/db", "reg.example:5000/team/nginx", "reg.example.db"][..])
}

/// The apiVersion that objects of this kind have here.
pub(super) fn api_version(kind: &str) -> &'static str {
    match kind {
        "Deployment" | "StatefulSet" => "apps/v1",
        "CronJob" => "batch/v1",
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => "rbac.authorization.k8s.io/v1",
        "Ingress" | "NetworkPolicy" => "networking.k8s.io/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "Widget" => "example.com/v1alpha1",
        "ValidatingWebhookConfiguration" => "admissionregistration.k8s.io/v1",
        _ => "v1",
    }
}

impl Object {
    pub(super) fn kind(&self) -> &'static str {
        KINDS[self.kind]
    }

    /// What must be unique in a file set, or nobody builds it.
    pub(super) fn identity(&self) -> (usize, usize, Option<usize>) {
        (self.kind, self.name, self.namespace)
    }

    fn has(&self, bit: u8) -> bool {
        self.flavor & (1 << bit) != 0
    }

    fn other(&self, at: usize) -> &'static str {
        name(self.refers[at])
    }

    pub(super) fn value(&self) -> Value {
        let kind = self.kind();
        let mut metadata = json!({"name": name(self.name)});
        if let Some(namespace) = self.namespace {
            metadata["namespace"] = json!(NAMESPACES[namespace]);
        }
        if self.has(0) {
            metadata["labels"] = json!({"app": name(self.name)});
        }
        if self.has(1) {
            metadata["annotations"] = json!({"note": "see https://example.com/a b", "on": "yes", "number": "1.10"});
        }
        let mut object = json!({"apiVersion": api_version(kind), "kind": kind, "metadata": metadata});
        if let (Some(object), Value::Object(body)) = (object.as_object_mut(), self.body()) {
            object.extend(body);
        }
        object
    }

    fn body(&self) -> Value {
        let (first, second) = (self.other(0), self.other(1));
        match self.kind() {
            "ConfigMap" => {
                let mut data = json!({"mode": first, "text": "line one\nline two  \n", "url": format!("http://{second}:80/{first}")});
                if self.has(3) {
                    data["document"] = json!(
                        "server:\n    port: 80\n    name: 'x'   # behind\nparts:\n    - name: one\n      v: 1.50\n"
                    );
                }
                if self.has(2) {
                    data["quoted"] = json!("0123");
                    data["colon: here"] = json!("# not a comment");
                    data["long"] =
                        json!("words and words and words and words and words and words and words and words and more");
                }
                json!({"data": data})
            }
            "Secret" => json!({"type": "Opaque", "data": {"key": "dmFsdWU="}, "stringData": {"plain": second}}),
            "Service" => json!({"spec": {"selector": {"app": first}, "ports": [
                {"name": "http", "port": 80, "targetPort": "http"}, {"name": "dns", "port": 53, "protocol": "UDP"}]}}),
            "ServiceAccount" => json!({"secrets": [{"name": first}], "imagePullSecrets": [{"name": second}]}),
            "Deployment" => {
                json!({"spec": {"selector": {"matchLabels": {"app": name(self.name)}}, "template": self.pod()}})
            }
            "StatefulSet" => {
                json!({"spec": {"serviceName": first, "selector": {"matchLabels": {"app": name(self.name)}},
                "template": self.pod(), "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": second}}]}})
            }
            "CronJob" => {
                json!({"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": self.pod()}}}})
            }
            "Role" | "ClusterRole" => json!({"rules": [{"apiGroups": [""], "resources": ["configmaps", "secrets"],
                "resourceNames": [first, second], "verbs": ["get"]}]}),
            "RoleBinding" | "ClusterRoleBinding" => self.binding(),
            "Ingress" => {
                json!({"spec": {"tls": [{"hosts": ["a.example"], "secretName": first}], "rules": [{"host": "a.example",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": second, "port": {"number": 80}}}}]}}]}})
            }
            "HorizontalPodAutoscaler" => json!({"spec": {"scaleTargetRef": {"apiVersion": "apps/v1",
                "kind": if self.has(2) { "StatefulSet" } else { "Deployment" }, "name": first}, "minReplicas": 1, "maxReplicas": 3}}),
            "PersistentVolumeClaim" => {
                json!({"spec": {"volumeName": first, "storageClassName": second, "accessModes": ["ReadWriteOnce"]}})
            }
            "NetworkPolicy" => json!({"spec": {"podSelector": {"matchLabels": {"app": first}},
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": second}}}]}]}}),
            "Widget" => {
                json!({"spec": {"containers": [{"name": "main", "image": self.image(0)}], "configMapName": first, "ref": {"name": second},
                "parts": [{"name": "a", "size": 1}, {"name": "b", "size": 2.5}], "deep": {"list": ["x", "y"], "flag": true}}})
            }
            "ValidatingWebhookConfiguration" => {
                json!({"webhooks": [{"name": "a.example.com", "admissionReviewVersions": ["v1"],
                "clientConfig": {"service": {"name": first, "namespace": NAMESPACES[self.refers[1] % NAMESPACES.len()]}}}]})
            }
            _ => json!({}),
        }
    }

    fn binding(&self) -> Value {
        let subject = |name: &str| {
            let mut subject = json!({"kind": "ServiceAccount", "name": name});
            if self.has(3) {
                subject["namespace"] = json!(NAMESPACES[self.refers[2] % NAMESPACES.len()]);
            }
            subject
        };
        let kind = if self.has(4) || self.kind() == "ClusterRoleBinding" { "ClusterRole" } else { "Role" };
        let mut subjects = vec![subject(self.other(0))];
        if self.has(5) {
            subjects.push(subject("default"));
        }
        json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": self.other(1)}, "subjects": subjects})
    }

    fn image(&self, shift: usize) -> &'static str {
        IMAGES[(self.flavor as usize + shift) % IMAGES.len()]
    }

    fn pod(&self) -> Value {
        let (first, second, third) = (self.other(0), self.other(1), self.other(2));
        let mut main = json!({"name": "main", "image": self.image(0), "ports": [{"name": "http", "containerPort": 8080}],
            "env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": first, "key": "mode"}}}, {"name": "PLAIN", "value": "1"}]});
        if self.has(3) {
            main["envFrom"] = json!([{"secretRef": {"name": second}}, {"configMapRef": {"name": third}}]);
            main["args"] = json!(["--one", "$(MODE)"]);
        }
        let mut spec = json!({"containers": [main], "serviceAccountName": third});
        if self.has(4)
            && let Some(containers) = spec["containers"].as_array_mut()
        {
            containers.push(json!({"name": "side", "image": self.image(1), "command": ["sh", "-c", "sleep 1"]}));
        }
        if self.has(5) {
            spec["initContainers"] = json!([{"name": "init", "image": self.image(2)}]);
            spec["imagePullSecrets"] = json!([{"name": second}]);
        }
        if self.has(6) {
            spec["volumes"] = json!([{"name": "config", "configMap": {"name": first, "items": [{"key": "mode", "path": "mode"}]}},
                {"name": "keys", "secret": {"secretName": second}}, {"name": "data", "persistentVolumeClaim": {"claimName": third}},
                {"name": "all", "projected": {"sources": [{"configMap": {"name": second}}, {"secret": {"name": first}}]}}]);
            spec["tolerations"] = json!([{"key": "a", "operator": "Exists"}]);
        }
        if self.has(7) {
            spec["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": name(self.name)}}}]}});
        }
        json!({"metadata": {"labels": {"app": name(self.name)}}, "spec": spec})
    }
}
