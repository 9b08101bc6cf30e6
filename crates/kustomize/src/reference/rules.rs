//! Which fields of which kinds name which other kinds: kustomize's built-in name references, pod specs written once.

use crate::config::NameReference;
use crate::field::FieldSpec;
use crate::id::Gvk;
use std::borrow::Cow;

const fn gvk(group: &'static str, version: &'static str, kind: &'static str) -> Gvk<'static> {
    Gvk { group, version, kind }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

const CONFIG_MAP: Gvk<'static> = gvk("", "v1", "ConfigMap");
const SECRET: Gvk<'static> = gvk("", "v1", "Secret");
const SERVICE: Gvk<'static> = gvk("", "v1", "Service");
const SERVICE_ACCOUNT: Gvk<'static> = gvk("", "v1", "ServiceAccount");
const CLAIM: Gvk<'static> = gvk("", "v1", "PersistentVolumeClaim");
const VOLUME: Gvk<'static> = gvk("", "v1", "PersistentVolume");
const STORAGE_CLASS: Gvk<'static> = gvk("storage.k8s.io", "v1", "StorageClass");
const PRIORITY_CLASS: Gvk<'static> = gvk("scheduling.k8s.io", "v1", "PriorityClass");
const ROLE: Gvk<'static> = gvk(RBAC, "", "Role");
const CLUSTER_ROLE: Gvk<'static> = gvk(RBAC, "", "ClusterRole");
const ADMISSION_POLICY: Gvk<'static> = gvk(ADMISSION, "", "ValidatingAdmissionPolicy");

/// Where pod specs are, for ConfigMaps and Secrets.
const DATA_PODS: [(Gvk<'static>, &str); 8] = [
    (gvk("", "v1", "Pod"), "spec"),
    (gvk("", "", "PodTemplate"), "template/spec"),
    (gvk("", "", "Deployment"), "spec/template/spec"),
    (gvk("", "", "ReplicaSet"), "spec/template/spec"),
    (gvk("", "", "DaemonSet"), "spec/template/spec"),
    (gvk("", "", "StatefulSet"), "spec/template/spec"),
    (gvk("", "", "Job"), "spec/template/spec"),
    (gvk("", "", "CronJob"), "spec/jobTemplate/spec/template/spec"),
];

/// Where pod specs are, for what a pod itself names.
const PODS: [(Gvk<'static>, &str); 7] = [
    (gvk("", "", "Pod"), "spec"),
    (gvk("", "", "StatefulSet"), "spec/template/spec"),
    (gvk("", "", "Deployment"), "spec/template/spec"),
    (gvk("", "", "ReplicationController"), "spec/template/spec"),
    (gvk("", "", "CronJob"), "spec/jobTemplate/spec/template/spec"),
    (gvk("", "", "Job"), "spec/template/spec"),
    (gvk("", "", "DaemonSet"), "spec/template/spec"),
];

/// Fields of a pod spec, by what they name.
const IN_DATA_PODS: [(Gvk<'static>, &str); 13] = [
    (CONFIG_MAP, "volumes/configMap/name"),
    (CONFIG_MAP, "containers/env/valueFrom/configMapKeyRef/name"),
    (CONFIG_MAP, "initContainers/env/valueFrom/configMapKeyRef/name"),
    (CONFIG_MAP, "containers/envFrom/configMapRef/name"),
    (CONFIG_MAP, "initContainers/envFrom/configMapRef/name"),
    (CONFIG_MAP, "volumes/projected/sources/configMap/name"),
    (SECRET, "volumes/secret/secretName"),
    (SECRET, "containers/env/valueFrom/secretKeyRef/name"),
    (SECRET, "initContainers/env/valueFrom/secretKeyRef/name"),
    (SECRET, "containers/envFrom/secretRef/name"),
    (SECRET, "initContainers/envFrom/secretRef/name"),
    (SECRET, "imagePullSecrets/name"),
    (SECRET, "volumes/projected/sources/secret/name"),
];

const IN_PODS: [(Gvk<'static>, &str); 3] = [
    (SERVICE_ACCOUNT, "serviceAccountName"),
    (CLAIM, "volumes/persistentVolumeClaim/claimName"),
    (PRIORITY_CLASS, "priorityClassName"),
];

/// Everything else. (kustomize's rule for IngressClass names a group that no object has, so it never applies; it is
/// left out here as well.)
const OTHERS: [(Gvk<'static>, Gvk<'static>, &str); 40] = [
    (gvk("", "", "Deployment"), gvk("", "", "HorizontalPodAutoscaler"), "spec/scaleTargetRef/name"),
    (gvk("", "", "ReplicationController"), gvk("", "", "HorizontalPodAutoscaler"), "spec/scaleTargetRef/name"),
    (gvk("", "", "ReplicaSet"), gvk("", "", "HorizontalPodAutoscaler"), "spec/scaleTargetRef/name"),
    (gvk("", "", "StatefulSet"), gvk("", "", "HorizontalPodAutoscaler"), "spec/scaleTargetRef/name"),
    (CONFIG_MAP, gvk("", "", "Node"), "spec/configSource/configMap"),
    (CONFIG_MAP, gvk("", "", "Role"), "rules/resourceNames"),
    (CONFIG_MAP, gvk("", "", "ClusterRole"), "rules/resourceNames"),
    (CONFIG_MAP, gvk("", "", "Ingress"), r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap"),
    (SECRET, gvk("", "", "Ingress"), "spec/tls/secretName"),
    (SECRET, gvk("", "", "Ingress"), r"metadata/annotations/ingress.kubernetes.io\/auth-secret"),
    (SECRET, gvk("", "", "Ingress"), r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret"),
    (SECRET, gvk("", "", "Ingress"), r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret"),
    (SECRET, gvk("", "", "ServiceAccount"), "imagePullSecrets/name"),
    (SECRET, gvk("", "", "StorageClass"), "parameters/secretName"),
    (SECRET, gvk("", "", "StorageClass"), "parameters/adminSecretName"),
    (SECRET, gvk("", "", "StorageClass"), "parameters/userSecretName"),
    (SECRET, gvk("", "", "StorageClass"), "parameters/secretRef"),
    (SECRET, gvk("", "", "Role"), "rules/resourceNames"),
    (SECRET, gvk("", "", "ClusterRole"), "rules/resourceNames"),
    (
        SECRET,
        gvk("serving.knative.dev", "v1", "Service"),
        "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
    ),
    (SECRET, gvk("", "", "PersistentVolume"), "spec/azureFile/secretName"),
    (SERVICE, gvk("apps", "", "StatefulSet"), "spec/serviceName"),
    (SERVICE, gvk("", "", "Ingress"), "spec/rules/http/paths/backend/serviceName"),
    (SERVICE, gvk("", "", "Ingress"), "spec/backend/serviceName"),
    (SERVICE, gvk("", "", "Ingress"), "spec/rules/http/paths/backend/service/name"),
    (SERVICE, gvk("", "", "Ingress"), "spec/defaultBackend/service/name"),
    (SERVICE, gvk("apiregistration.k8s.io", "", "APIService"), "spec/service/name"),
    (SERVICE, gvk(ADMISSION, "", "ValidatingWebhookConfiguration"), "webhooks/clientConfig/service"),
    (SERVICE, gvk(ADMISSION, "", "MutatingWebhookConfiguration"), "webhooks/clientConfig/service"),
    (ROLE, gvk(RBAC, "", "RoleBinding"), "roleRef/name"),
    (CLUSTER_ROLE, gvk(RBAC, "", "RoleBinding"), "roleRef/name"),
    (CLUSTER_ROLE, gvk(RBAC, "", "ClusterRoleBinding"), "roleRef/name"),
    (SERVICE_ACCOUNT, gvk(RBAC, "", "RoleBinding"), "subjects"),
    (SERVICE_ACCOUNT, gvk(RBAC, "", "ClusterRoleBinding"), "subjects"),
    (VOLUME, gvk("", "", "PersistentVolumeClaim"), "spec/volumeName"),
    (VOLUME, gvk("", "", "ClusterRole"), "rules/resourceNames"),
    (STORAGE_CLASS, gvk("", "", "PersistentVolume"), "spec/storageClassName"),
    (STORAGE_CLASS, gvk("", "", "PersistentVolumeClaim"), "spec/storageClassName"),
    (STORAGE_CLASS, gvk("", "", "StatefulSet"), "spec/volumeClaimTemplates/spec/storageClassName"),
    (ADMISSION_POLICY, gvk(ADMISSION, "", "ValidatingAdmissionPolicyBinding"), "spec/policyName"),
];

/// Every rule, by what is named.
pub(crate) fn all() -> Vec<NameReference> {
    let mut all: Vec<NameReference> = Vec::with_capacity(16);
    let mut add = |target: Gvk<'static>, referrer: Gvk<'static>, path: Cow<'static, str>| {
        let spec = FieldSpec {
            group: referrer.group.into(),
            version: referrer.version.into(),
            kind: referrer.kind.into(),
            path,
            create: false,
        };
        let same = |known: &&mut NameReference| known.kind == target.kind && known.group == target.group;
        match all.iter_mut().find(same) {
            Some(known) => known.referrers.push(spec),
            None => all.push(NameReference {
                group: target.group.into(),
                version: target.version.into(),
                kind: target.kind.into(),
                referrers: vec![spec],
            }),
        }
    };
    for (target, path) in IN_DATA_PODS {
        for (referrer, pod) in DATA_PODS {
            add(target, referrer, format!("{pod}/{path}").into());
        }
    }
    for (target, path) in IN_PODS {
        for (referrer, pod) in PODS {
            add(target, referrer, format!("{pod}/{path}").into());
        }
    }
    for (target, referrer, path) in OTHERS {
        add(target, referrer, path.into());
    }
    all
}
