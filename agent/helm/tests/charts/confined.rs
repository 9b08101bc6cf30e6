//! No chart reaches what is not its own (attack cases 4 and 13): its schemas lead nowhere, and `helm` runs confined, or not
//! at all unless that is allowed.

use std::fs;
use std::net::TcpListener;

use teal_testkit::charts::pack;

use crate::world::{World, objects, script, settings};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const TEMPLATE: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: {{ .Values | toJson | quote }}}\n";
const HELM: &str = "apiVersion: teal.dev/v1alpha1\nkind: Helm\nmetadata: {name: rel}\nspec: {chart: {path: .}, values: {a: 1, sub: {a: 1}}}\n";

fn chart(files: &[(&str, &str)]) -> Option<World> {
    let plain = [("u/helm.yaml", HELM), ("u/Chart.yaml", CHART), ("u/templates/a.yaml", TEMPLATE)];
    World::of(&[&plain, files].concat())
}

#[test]
fn no_schema_tells_of_a_file_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let canary = folder.path().join("canary.json");
    fs::write(&canary, r#"{"type": "object", "required": ["CANARYPROP"]}"#).unwrap();
    let there = format!("file://{}", canary.display());
    let gone = format!("file://{}", folder.path().join("gone").display());
    let sub = "apiVersion: v2\nname: sub\nversion: 0.1.0\n";
    let mut answers = Vec::new();
    for target in [there, gone, "file:///etc/passwd".to_owned()] {
        let schemas = [
            format!(r#"{{"$ref": "{target}"}}"#),
            format!(r#"{{"$schema": "{target}"}}"#),
            format!(r##"{{"$ref": "#/default", "default": {{"$ref": "{target}"}}}}"##),
        ];
        for schema in &schemas {
            let Some(own) = chart(&[("u/values.schema.json", schema)]) else { return };
            let below =
                chart(&[("u/charts/sub/Chart.yaml", sub), ("u/charts/sub/values.schema.json", schema)]).unwrap();
            let mut packed = chart(&[]).unwrap();
            let deep = pack("deep", "0.1.0", &[("values.schema.json", schema)]).unwrap();
            packed.archives.push(("u/charts/deep-0.1.0.tgz".to_owned(), deep.clone()));
            let mut nested = chart(&[("u/charts/sub/Chart.yaml", sub)]).unwrap();
            nested.archives.push(("u/charts/sub/charts/deep-0.1.0.tgz".to_owned(), deep));
            for world in [own, below, packed, nested] {
                let (reason, message) = world.error();
                assert!(reason == "ChartSchema" && message.contains("values.schema.json: /"), "{reason}: {message}");
                assert!(!message.contains("CANARYPROP") && !message.contains("root:"), "{message}");
                answers.push(message);
            }
        }
    }
    // Whether a file is there makes no difference either.
    let third = answers.len() / 3;
    assert_eq!(answers[..third], answers[third..2 * third]);
}

#[test]
fn a_schema_that_stays_inside_is_heeded() {
    let schema = r##"{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://example.com/web", "properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"type": "TYPE"}}}"##;
    let Some(fits) = chart(&[("u/values.schema.json", &schema.replace("TYPE", "integer"))]) else { return };
    assert_eq!(objects(&fits.render()).len(), 1);
    let (reason, message) = chart(&[("u/values.schema.json", &schema.replace("TYPE", "string"))]).unwrap().error();
    assert!(reason == "ChartTemplate" && message.contains("/a") && message.contains("want string"), "{message}");
}

#[test]
fn a_schema_without_end_is_one_error() {
    let deep = format!("{}true{}", "{\"not\":".repeat(100_000), "}".repeat(100_000));
    for (schema, want) in [
        (deep.as_str(), "ChartSchema"),
        ("{\"type\": ", "ChartSchema"),
        ("\u{0}", "ChartSchema"),
        (r#"{"type": 3}"#, "ChartTemplate"),
        (r#"[1]"#, "ChartTemplate"),
        (r#"{"properties": {"a": {"pattern": "("}}}"#, "ChartTemplate"),
        (r##"{"properties": {"a": {"$ref": "#/nowhere"}}}"##, "ChartTemplate"),
        // A circle without a step between.
        (
            r##"{"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}}"##,
            "ChartTemplate",
        ),
    ] {
        let Some(world) = chart(&[("u/values.schema.json", schema)]) else { return };
        let (reason, message) = world.error();
        assert_eq!(reason, want, "{}: {message}", schema.chars().take(80).collect::<String>());
        assert!(!message.contains("panic") && !message.contains("goroutine"), "{message}");
    }
    // A circle with one is a schema like any other.
    let tree = r##"{"type": "object", "additionalProperties": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}}"##;
    let Some(world) = chart(&[("u/values.schema.json", tree)]) else { return };
    assert_eq!(objects(&world.render()).len(), 1);
}

#[test]
fn what_can_not_be_confined_runs_only_where_that_is_allowed() {
    let Some(settings) = settings() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let outside = tempfile::NamedTempFile::new().unwrap();
    for (line, denied) in [
        (format!("exec 3<>/dev/tcp/127.0.0.1/{port} || exit 1"), "the network"),
        (format!(": <{0} || exit 1", outside.path().display()), "a file of others"),
    ] {
        let folder = folder.path().join(denied.replace(' ', "-"));
        fs::create_dir(&folder).unwrap();
        let program = script(&folder, &line, &settings);
        let mut world = chart(&[]).unwrap();
        world.settings.program = Some(program);
        let (reason, message) = world.error();
        assert!(reason == "HelmUnavailable" && message.contains("does not run confined"), "{denied}: {message}");
        world.policy.unconfined = true;
        assert_eq!(objects(&world.render()).len(), 1, "{denied}: allowed");
    }
}
