//! What a pod needs beside the chart's own: identities, variables, volumes. The values are those of the how-to page.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{CHART, NAMESPACE, SWITCHER, assert_mounts_are_volumes, helm, name};
use crate::{tools, workspace};

const PAGE: &str = "docs/how-to/azure-identity.md";

/// Renders with the values that the page shows under this name.
fn as_the_page_shows(file: &str) -> Vec<Value> {
    let page = std::fs::read_to_string(workspace::root().join(PAGE)).unwrap();
    let (_, rest) = page.split_once(&format!("```yaml\n# {file}\n")).expect(file);
    let (values, _) = rest.split_once("```").expect(file);
    let mut command = Command::new(tools::helm().unwrap().join("helm"));
    command.current_dir(workspace::root()).args(["template", "teal", CHART, "--namespace", NAMESPACE]);
    command.args(["--set", SWITCHER, "--values", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(values.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    teal_yaml::read(&text).unwrap().into_iter().map(teal_yaml::Node::into_value).collect()
}

fn one<'a>(objects: &'a [Value], wanted: &str) -> &'a Value {
    objects.iter().find(|object| name(object) == wanted).unwrap_or_else(|| panic!("no {wanted}"))
}

#[test]
fn a_workload_identity_is_an_annotation_and_a_label() {
    let objects = as_the_page_shows("identity.yaml");
    for (program, client) in [("switcher", 0), ("agent", 1)] {
        let account = one(&objects, &format!("ServiceAccount teal-{program}"));
        let id = format!("00000000-0000-0000-0000-{client:012}");
        assert_eq!(account["metadata"]["annotations"], json!({"azure.workload.identity/client-id": id}));
        assert_eq!(account["metadata"]["namespace"], NAMESPACE);
        let deployment = one(&objects, &format!("Deployment teal-{program}"));
        let template = &deployment["spec"]["template"];
        assert_eq!(template["metadata"]["labels"]["azure.workload.identity/use"], "true");
        assert_eq!(template["metadata"]["labels"]["app.kubernetes.io/component"], program);
        assert_eq!(template["spec"]["serviceAccountName"], format!("teal-{program}"));
        let selected = deployment["spec"]["selector"]["matchLabels"].to_string();
        assert!(!selected.contains("azure"), "what a Deployment selects by never changes: {selected}");
    }
}

#[test]
fn a_private_cloud_is_variables_and_files() {
    let objects = as_the_page_shows("private-cloud.yaml");
    let pod = &one(&objects, "Deployment teal-switcher")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_mounts_are_volumes(pod, container);
    let variables = container["env"].as_array().unwrap();
    let variable = |name: &str| variables.iter().find(|one| one["name"] == name).map(|one| one["value"].clone());
    assert_eq!(variable("RUST_LOG"), Some(json!("info")), "the chart's own stay");
    assert_eq!(variable("TEAL_AZURE_CLOUD"), Some(json!("custom")));
    // Every file that a variable names lies in a volume that is mounted.
    let mounts: Vec<&str> =
        container["volumeMounts"].as_array().unwrap().iter().filter_map(|one| one["mountPath"].as_str()).collect();
    for file in ["TEAL_AZURE_CA_FILE", "AZURE_CLIENT_CERTIFICATE_PATH"] {
        let path = variable(file).unwrap_or_else(|| panic!("no {file}"));
        let path = path.as_str().unwrap();
        assert!(mounts.iter().any(|mount| path.starts_with(&format!("{mount}/"))), "{path} in {mounts:?}");
    }
    let agent = &one(&objects, "Deployment teal-agent")["spec"]["template"]["spec"];
    assert_eq!(agent["containers"][0]["env"].as_array().unwrap().len(), 2, "the switcher's are not the agent's");
}

#[test]
fn both_programs_take_the_same_of_it() {
    for program in ["agent", "switcher"] {
        let values = [
            SWITCHER.to_owned(),
            format!("{program}.podAnnotations.team=platform"),
            format!("{program}.env[0].name=A"),
            format!("{program}.env[0].valueFrom.secretKeyRef.name=s"),
            format!("{program}.env[0].valueFrom.secretKeyRef.key=k"),
            format!("{program}.envFrom[0].secretRef.name=azure"),
            format!("{program}.extraVolumes[0].name=ca"),
            format!("{program}.extraVolumes[0].configMap.name=ca"),
            format!("{program}.extraVolumeMounts[0].name=ca"),
            format!("{program}.extraVolumeMounts[0].mountPath=/etc/ca"),
        ];
        let objects = super::rendered(&values.iter().map(String::as_str).collect::<Vec<_>>());
        let template = &one(&objects, &format!("Deployment teal-{program}"))["spec"]["template"];
        assert_eq!(template["metadata"]["annotations"], json!({"team": "platform"}));
        let container = &template["spec"]["containers"][0];
        assert_eq!(container["envFrom"], json!([{"secretRef": {"name": "azure"}}]));
        let last = container["env"].as_array().unwrap().last().cloned();
        assert_eq!(last, Some(json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}})));
        assert_mounts_are_volumes(&template["spec"], container);
        assert_eq!(template["spec"]["volumes"][1], json!({"name": "ca", "configMap": {"name": "ca"}}));
    }
}

#[test]
fn what_would_take_the_place_of_the_charts_own_is_refused() {
    for (values, words) in [
        (
            vec![r"switcher.podLabels.app\.kubernetes\.io/name=x"],
            "switcher.podLabels: app.kubernetes.io/name is the chart's own",
        ),
        (vec!["agent.podLabels.use=true"], "/agent/podLabels/use': got boolean, want string"),
        (vec!["agent.env[0].name=RUST_LOG", "agent.env[0].value=x"], "agent.env: RUST_LOG is the chart's own"),
        (vec!["agent.env[0].value=x"], "/agent/env/0': missing property 'name'"),
        (vec!["agent.env[0].name=A", "agent.env[0].value=1"], "/agent/env/0/value': got number, want string"),
        (
            vec![
                "agent.env[0].name=A",
                "agent.env[0].value=x",
                "agent.env[0].valueFrom.fieldRef.fieldPath=metadata.name",
            ],
            "agent.env: A has both value and valueFrom",
        ),
        (vec!["switcher.envFrom[0].prefix=x"], "/switcher/envFrom/0"),
        (
            vec!["switcher.extraVolumes[0].name=store", "switcher.extraVolumes[0].configMap.name=x"],
            "switcher.extraVolumes: store is a volume of the chart's own",
        ),
        (
            vec!["switcher.extraVolumeMounts[0].name=ca", "switcher.extraVolumeMounts[0].mountPath=/etc/ca"],
            "switcher.extraVolumeMounts: ca is no volume of extraVolumes",
        ),
        (vec!["agent.extraVolumeMounts[0].name=ca", "agent.extraVolumeMounts[0].mountPath=ca"], "/mountPath"),
        (
            vec!["switcher.serviceAccount.annotation.a=b"],
            "/switcher/serviceAccount': additional properties 'annotation'",
        ),
    ] {
        let values: Vec<&str> = [SWITCHER].into_iter().chain(values).collect();
        let complaint = helm(&["template", "teal", CHART], &values).expect_err(&format!("{values:?} is accepted"));
        assert!(complaint.contains(words), "{values:?}: {complaint}");
    }
}
