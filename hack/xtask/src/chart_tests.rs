//! What the chart renders from which values, and which values it refuses. Real Helm, no cluster.

use std::process::Command;

use serde_json::Value;

use super::{CHART, NAMESPACE};
use crate::{tools, workspace};

#[path = "chart_identity_tests.rs"]
mod identity;

const SYNC: [&str; 2] = ["agent.sync.url=https://git.contoso.com/fleet", "agent.sync.color=blue"];
const SWITCHER: &str = "switcher.source.url=https://git.contoso.com/fleet";

/// Runs `helm` on the chart with the values set; what it printed, or what it complained of.
fn helm(verb: &[&str], values: &[&str]) -> Result<String, String> {
    let mut command = Command::new(tools::helm().unwrap().join("helm"));
    command.current_dir(workspace::root()).args(verb).arg("--namespace").arg(NAMESPACE);
    for value in values {
        command.args(["--set", value]);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stdout) + &text(&output.stderr)) }
}

fn rendered(values: &[&str]) -> Vec<Value> {
    let text = helm(&["template", "teal", CHART], values).unwrap_or_else(|error| panic!("{values:?}: {error}"));
    teal_yaml::read(&text).unwrap().into_iter().map(teal_yaml::Node::into_value).collect()
}

fn value_sets() -> Vec<Vec<&'static str>> {
    let everything = [
        SYNC[0],
        SYNC[1],
        SWITCHER,
        "agent.sync.secretRef=git-access",
        "agent.sync.parityKeySecret=parity",
        "agent.replicas=1",
        "agent.helm.enabled=true",
        "switcher.color=blue",
        "switcher.source.secretRef=git-access",
        "switcher.secrets={blue-access,green.access,dns-key}",
        "podMonitor.enabled=true",
        "podMonitor.labels.team=platform",
        "alerts.enabled=true",
        "alerts.labels.team=platform",
        "dashboards.enabled=true",
        "imagePullSecrets[0].name=registry",
        "nodeSelector.pool=system",
        "tolerations[0].key=CriticalAddonsOnly",
        "affinity.nodeAffinity.x=y",
        "image.repository=registry.contoso.com:5000/teal",
    ];
    let digest = concat!("image.digest=sha256:", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    vec![
        vec![],
        SYNC.to_vec(),
        vec![SWITCHER],
        everything.to_vec(),
        vec!["agent.enabled=false", SWITCHER, digest],
        vec!["switcher.enabled=false", "priorityClassName="],
        vec!["alerts.enabled=true"],
        vec!["dashboards.enabled=true"],
    ]
}

#[test]
fn the_image_has_every_program_that_the_chart_starts() {
    let everything: Vec<_> = SYNC.into_iter().chain([SWITCHER, "agent.helm.enabled=true"]).collect();
    let objects = rendered(&everything);
    let containers = objects.iter().filter_map(|object| {
        object.pointer("/spec/template/spec/containers/0").filter(|_| object["kind"] == "Deployment")
    });
    let words = containers.flat_map(|container| {
        let list = |key: &str| container[key].as_array().cloned().unwrap_or_default();
        list("command").into_iter().chain(list("args"))
    });
    let programs: Vec<String> = words
        .filter_map(|word| word.as_str().map(str::to_owned))
        .filter_map(|word| {
            word.strip_prefix("--helm=/usr/local/bin/").map(str::to_owned).or((!word.starts_with('-')).then_some(word))
        })
        .collect();
    assert_eq!(programs, ["teal-agent", "helm", "teal-switcher"]);
    let image = std::fs::read_to_string(workspace::root().join("Dockerfile")).unwrap();
    let copies: Vec<_> =
        image.lines().filter(|line| line.starts_with("COPY --from") && line.contains("/usr/local/bin/")).collect();
    for program in &programs {
        let copied =
            copies.iter().any(|line| line.split_whitespace().any(|word| word.ends_with(&format!("/{program}"))));
        assert!(copied, "{program} is not in the image: {copies:?}");
    }
}

fn name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

fn names(objects: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = objects.iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn helm_lints_the_chart_strictly_with_every_value_set() {
    for values in value_sets() {
        helm(&["lint", "--strict", CHART], &values).unwrap_or_else(|error| panic!("{values:?}: {error}"));
    }
}

#[test]
fn what_is_rendered_follows_the_values() {
    let base = [
        "ClusterRole teal-switcher",
        "ClusterRoleBinding teal-agent",
        "ClusterRoleBinding teal-switcher",
        "Deployment teal-agent",
        "PodDisruptionBudget teal-agent",
        "ServiceAccount teal-agent",
        "ServiceAccount teal-switcher",
    ];
    for (rule, values, more) in [
        ("nothing is followed until somebody says what", vec![], vec![]),
        ("an address makes the Sync", SYNC.to_vec(), vec!["Sync fleet"]),
        ("an address starts the switcher", vec![SWITCHER], vec!["Deployment teal-switcher", "Service teal-switcher"]),
        ("alerts are there when asked for", vec!["alerts.enabled=true"], vec!["PrometheusRule teal"]),
        ("so are scrapes", vec!["podMonitor.enabled=true"], vec!["PodMonitor teal"]),
        ("so are dashboards", vec!["dashboards.enabled=true"], vec!["ConfigMap teal-dashboards"]),
    ] {
        let mut want: Vec<String> = base.iter().chain(&more).map(|&name| name.to_owned()).collect();
        want.sort();
        assert_eq!(names(&rendered(&values)), want, "{rule}");
    }
}

#[test]
fn objects_are_named_once_labelled_and_in_the_release_s_namespace() {
    for values in value_sets() {
        let objects = rendered(&values);
        let mut unique = names(&objects);
        unique.dedup();
        assert_eq!(unique.len(), objects.len(), "{values:?}");
        for object in &objects {
            let name = name(object);
            let labels = &object["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/name"], "teal", "{name}");
            let cluster_wide = name.starts_with("ClusterRole") || name.starts_with("Sync");
            let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
            assert_eq!(namespace, (!cluster_wide).then_some(NAMESPACE), "{name}");
        }
    }
}

#[test]
fn pods_keep_the_restricted_standard_and_run_a_version() {
    let mut pods = 0;
    for values in value_sets() {
        for deployment in rendered(&values).iter().filter(|object| object["kind"] == "Deployment") {
            pods += 1;
            let pod = &deployment["spec"]["template"]["spec"];
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
            let selected = deployment["spec"]["selector"]["matchLabels"].as_object().unwrap();
            for (label, value) in selected {
                assert_eq!(&deployment["spec"]["template"]["metadata"]["labels"][label], value);
            }
            for container in pod["containers"].as_array().unwrap() {
                let security = &container["securityContext"];
                assert_eq!(security["allowPrivilegeEscalation"], false);
                assert_eq!(security["readOnlyRootFilesystem"], true);
                assert_eq!(security["capabilities"]["drop"][0], "ALL");
                assert!(container["resources"]["limits"]["memory"].is_string());
                let image = container["image"].as_str().unwrap();
                assert!(image.contains("@sha256:") || image.ends_with(":0.1.0"), "{image}");
                assert_mounts_are_volumes(pod, container);
            }
        }
    }
    assert!(pods > 5, "{pods}");
}

#[test]
fn charts_are_rendered_in_memory_when_that_is_asked_for() {
    let agent = |values: &[&str]| {
        let found = rendered(values).into_iter().find(|object| name(object) == "Deployment teal-agent").unwrap();
        found["spec"]["template"]["spec"].clone()
    };
    let arguments = |pod: &Value| pod["containers"][0]["args"].to_string();
    let without = agent(&[]);
    assert!(!arguments(&without).contains("helm") && !without["volumes"].to_string().contains("Memory"), "{without}");
    assert_eq!(without["containers"][0]["resources"]["limits"]["memory"], "256Mi");

    let with = agent(&[
        "agent.helm.enabled=true",
        "agent.helm.program=/opt/helm",
        "agent.helm.scratch=64Mi",
        "agent.helm.memory=2Gi",
    ]);
    assert!(arguments(&with).contains("\"--helm=/opt/helm\",\"--helm-scratch=/run/teal-helm\""), "{with}");
    let container = &with["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["volumeMounts"][1], serde_json::json!({"name": "helm", "mountPath": "/run/teal-helm"}));
    let scratch = serde_json::json!({"name": "helm", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}});
    assert_eq!(with["volumes"][1], scratch);
    assert_eq!(container["resources"]["limits"], serde_json::json!({"memory": "2Gi"}));
    assert_eq!(container["resources"]["requests"], without["containers"][0]["resources"]["requests"]);

    // Unless told otherwise there is room for two runs at once, for what they write, and for the agent itself.
    let with = agent(&["agent.helm.enabled=true"]);
    let mebibytes = |text: &Value| text.as_str().unwrap().strip_suffix("Mi").unwrap().parse::<u64>().unwrap();
    let (limit, scratch) = (
        mebibytes(&with["containers"][0]["resources"]["limits"]["memory"]),
        mebibytes(&with["volumes"][1]["emptyDir"]["sizeLimit"]),
    );
    let own = mebibytes(&without["containers"][0]["resources"]["limits"]["memory"]);
    assert!(limit >= 2 * 512 + scratch + own, "{limit} Mi");
}

fn assert_mounts_are_volumes(pod: &Value, container: &Value) {
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let volumes = names(&pod["volumes"]);
    assert_eq!(names(&container["volumeMounts"]), volumes);
    assert!(volumes.iter().all(|name| name.len() <= 63 && !name.contains('.')), "{volumes:?}");
}

#[test]
fn nonsense_is_refused_with_its_place() {
    for (values, words) in [
        (vec!["agnet.enabled=true"], "additional properties 'agnet' not allowed"),
        (vec!["agent.sync.colour=blue"], "/agent/sync': additional properties 'colour'"),
        (vec!["image.tag=latest"], "image.tag: latest names no version"),
        (vec!["image.repository=contoso/teal:v1"], "/image/repository"),
        (vec!["image.digest=abc"], "/image/digest"),
        (vec!["image.pullPolicy=Sometimes"], "'Always', 'IfNotPresent', 'Never'"),
        (vec!["agent.replicas=0"], "/agent/replicas"),
        (vec![SYNC[0]], "agent.sync.color: say which color this cluster is"),
        (vec!["agent.sync.color=Blue"], "/agent/sync/color"),
        (vec!["agent.sync.url=ssh://git.contoso.com/fleet"], "/agent/sync/url"),
        (vec!["agent.sync.url=https://kim:pass@git.contoso.com/fleet"], "/agent/sync/url"),
        (vec!["agent.sync.path=/apps"], "/agent/sync/path"),
        (vec!["agent.sync.interval=30"], "/agent/sync/interval"),
        (vec!["switcher.source.interval=fast"], "/switcher/source/interval"),
        (vec!["switcher.secrets={a,a}"], "/switcher/secrets"),
        (vec!["switcher.secrets={../../root}"], "/switcher/secrets/0"),
        (vec!["agent.helm.program=helm"], "/agent/helm/program"),
        (vec!["agent.helm.scratch=0"], "/agent/helm/scratch"),
        (vec!["agent.helm.memory=512"], "/agent/helm/memory"),
        (vec!["agent.resources.limit.memory=1Gi"], "additional properties 'limit'"),
        (vec!["image.tag=no/slash", "agent.replicas=0"], "/agent/replicas"),
    ] {
        let complaint = helm(&["template", "teal", CHART], &values).expect_err(&format!("{values:?} is accepted"));
        assert!(complaint.contains(words), "{values:?}: {complaint}");
    }
}

#[test]
fn every_value_has_a_place_in_the_schema() {
    let read = |file: &str| std::fs::read_to_string(workspace::root().join(CHART).join(file)).unwrap();
    let values = teal_yaml::read(&read("values.yaml")).unwrap().remove(0).into_value();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    assert_described(&values, &schema, "");
}

/// Every key of an object stands in its schema's `properties`, unless the keys are free.
fn assert_described(value: &Value, schema: &Value, at: &str) {
    let (Some(value), Some(properties)) = (value.as_object(), schema.get("properties")) else { return };
    assert_eq!(schema["additionalProperties"], false, "{at} takes any key");
    for (key, value) in value {
        let described = properties.get(key).unwrap_or_else(|| panic!("{at}.{key} is in values.yaml only"));
        assert_described(value, described, &format!("{at}.{key}"));
    }
}

#[test]
fn every_value_is_told_in_the_readme_with_its_default() {
    let read = |file: &str| std::fs::read_to_string(workspace::root().join(CHART).join(file)).unwrap();
    let values = teal_yaml::read(&read("values.yaml")).unwrap().remove(0).into_value();
    let mut told = Vec::new();
    tell(&values, "", &mut told);
    let readme = read("README.md");
    let missing: Vec<&String> = told.iter().filter(|line| !readme.contains(line.as_str())).collect();
    assert!(missing.is_empty(), "not in README.md:\n{missing:#?}");
    assert_eq!(readme.lines().filter(|line| line.starts_with("| `")).count(), told.len(), "README.md tells of more");
}

/// The beginning of the table's line of every value; a map of resources or labels is one value.
fn tell(value: &Value, at: &str, told: &mut Vec<String>) {
    let whole = at.ends_with("resources") || at.ends_with("labels") || at.ends_with("annotations");
    match value.as_object().filter(|map| !map.is_empty() && !whole) {
        Some(map) => {
            for (key, value) in map {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                tell(value, &at, told);
            }
        }
        None => told.push(format!("\n| `{at}` | `{value}` | ")),
    }
}

#[test]
fn the_rendered_manifest_begins_with_its_namespace_and_keeps_the_blank_lines_of_texts() {
    assert!(super::HEAD.contains(&format!("name: {NAMESPACE}\n")));
    assert_eq!(super::tidy("a: |\n  x\n\n  y\n\n  \n---\nb: 2\n\n"), "a: |\n  x\n\n  y\n---\nb: 2\n");
}
