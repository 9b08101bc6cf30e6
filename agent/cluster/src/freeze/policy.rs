//! The admission policy of a freeze, as JSON. Installed once; freezing only edits the ConfigMap it reads, because a policy
//! is recompiled on a tick of a second while its parameter is read on every request.
//!
//! Traps that shaped it: `parameterNotFoundAction: Deny` would refuse everybody, Teal included, when the parameter is
//! missing; `*` matches no subresource, so scale and eviction are named; a condition that errors refuses the request, so
//! each looks before it reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use teal_api::names::{BREAK_GLASS_GROUP, FREEZE_CONFIG_MAP, FREEZE_POLICY, PROBE_USER};

use crate::kinds::Kind;

/// What a request by anyone not exempt is told begins with this.
pub const DENIAL: &str = "frozen by Teal: ";

/// Kinds that are in every freeze, whatever the fleet declares: group and resources.
const ALWAYS: [(&str, &[&str]); 4] = [
    ("", &["namespaces", "pods", "pods/eviction", "replicationcontrollers", "replicationcontrollers/scale"]),
    (
        "apps",
        &[
            "deployments",
            "deployments/scale",
            "statefulsets",
            "statefulsets/scale",
            "daemonsets",
            "replicasets",
            "replicasets/scale",
        ],
    ),
    ("batch", &["cronjobs", "jobs"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
];

/// Groups that are never frozen: Teal's own, which switcher and agent must write, and what only components write.
const NEVER: [&str; 4] = ["teal.dev", "coordination.k8s.io", "events.k8s.io", "admissionregistration.k8s.io"];

/// Whom a freeze lets pass and where it does not look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passes {
    /// User names of agent and switcher.
    pub users: Vec<String>,
    /// Namespaces that are out of scope: Kubernetes' own and Teal's.
    pub namespaces: Vec<String>,
}

/// The policy: which requests a freeze refuses.
#[must_use]
pub fn policy(kinds: &[Kind], passes: &Passes, namespace: &str) -> Value {
    let users = serde_json::to_string(&passes.users).unwrap_or_else(|_| "[]".to_owned());
    let group = |name: &str| format!("!(has(request.userInfo.groups) && '{name}' in request.userInfo.groups)");
    let listed = |key: &str, test: &str| {
        format!(
            "params != null && has(params.data) && '{key}' in params.data && params.data['{key}'].split('\\n').exists(x, x != '' && {test})"
        )
    };
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": FREEZE_POLICY},
        "spec": {
            "failurePolicy": "Fail",
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {"resourceRules": rules(kinds)},
            "matchConditions": [
                {"name": "not-teal", "expression": format!("!(request.userInfo.username in {users})")},
                {"name": "not-control-plane", "expression": group("system:serviceaccounts:kube-system")},
                {"name": "not-node", "expression": group("system:nodes")},
                {"name": "not-component", "expression":
                    "!request.userInfo.username.startsWith('system:kube-') && request.userInfo.username != 'system:apiserver'"},
                {"name": "not-break-glass", "expression": group(BREAK_GLASS_GROUP)},
                // The parameter itself is in Teal's namespace, which the binding leaves out; this holds whatever it says.
                {"name": "not-the-switch", "expression":
                    format!("!(request.resource.resource == 'configmaps' && request.namespace == '{namespace}')")},
            ],
            "variables": [
                {"name": "frozen", "expression":
                    "params != null && has(params.data) && 'frozen' in params.data && params.data['frozen'] == 'true'"},
                {"name": "exempt", "expression": format!("({}) || ({})",
                    listed("exemptUsers", "x == request.userInfo.username"),
                    listed("exemptGroups", "has(request.userInfo.groups) && x in request.userInfo.groups"))},
            ],
            "validations": [{
                "expression": "!variables.frozen || variables.exempt",
                "reason": "Forbidden",
                "messageExpression": format!("'{DENIAL}' + ('reason' in params.data ? params.data['reason'] : 'sync in progress') + ('until' in params.data ? ', until ' + params.data['until'] : '')"),
            }],
        },
    })
}

/// The binding: where the policy holds and which parameter it reads.
#[must_use]
pub fn binding(passes: &Passes, namespace: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": FREEZE_POLICY},
        "spec": {
            "policyName": FREEZE_POLICY,
            "validationActions": ["Deny"],
            "paramRef": {"name": FREEZE_CONFIG_MAP, "namespace": namespace, "parameterNotFoundAction": "Allow"},
            "matchResources": {"namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": passes.namespaces},
            ]}},
        },
    })
}

/// What lets the barrier ask: an identity without credentials that may make namespaces and Deployments, so that a refusal
/// is the policy's and not authorisation's. Only who may impersonate it can use it, and the agent does so in dry runs only.
#[must_use]
pub fn probe_rights() -> [Value; 2] {
    let name = "teal-freeze-probe";
    [
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [
                {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]},
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create"]},
            ],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": PROBE_USER}],
        }),
    ]
}

fn rules(kinds: &[Kind]) -> Vec<Value> {
    let mut resources: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (group, names) in ALWAYS {
        resources.entry(group).or_default().extend(names.iter().map(|&name| name.to_owned()));
    }
    for kind in kinds.iter().filter(|kind| !NEVER.contains(&kind.group.as_str())) {
        let names = resources.entry(&kind.group).or_default();
        names.insert(kind.plural.clone());
        if kind.scalable {
            names.insert(format!("{}/scale", kind.plural));
        }
    }
    resources
        .into_iter()
        .map(|(group, names)| {
            json!({"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": names})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &str, kind: &str, plural: &str, scalable: bool) -> Kind {
        let (group, kind, plural, version) = (group.into(), kind.into(), plural.into(), "v1".into());
        Kind { group, version, kind, plural, namespaced: true, watchable: true, scalable }
    }

    #[test]
    fn rules_name_subresources_and_leave_teal_alone() {
        let kinds = [
            kind("shop.example", "Order", "orders", true),
            kind("teal.dev", "Sync", "syncs", false),
            kind("", "ConfigMap", "configmaps", false),
        ];
        let rules = rules(&kinds);
        let of = |group: &str| {
            rules.iter().find(|rule| rule["apiGroups"][0] == group).map(|rule| rule["resources"].to_string())
        };
        assert_eq!(of("shop.example").unwrap(), r#"["orders","orders/scale"]"#);
        assert!(of("").unwrap().contains("configmaps") && of("").unwrap().contains("pods/eviction"));
        assert!(of("apps").unwrap().contains("deployments/scale"));
        assert_eq!(of("teal.dev"), None, "the switcher writes Syncs and Freezes while frozen");
    }

    #[test]
    fn a_missing_parameter_lets_everybody_pass() {
        let passes = Passes { users: vec!["a".into()], namespaces: vec!["kube-system".into()] };
        assert_eq!(binding(&passes, "teal-system")["spec"]["paramRef"]["parameterNotFoundAction"], "Allow");
    }
}
