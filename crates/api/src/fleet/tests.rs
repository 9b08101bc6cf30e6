use std::time::Duration;

use super::*;

/// The mistakes of a fleet with this `spec`, one a line.
fn mistakes(spec: &str) -> String {
    let text = format!("apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: contoso}}\nspec:\n{spec}");
    Fleet::parse("teal.yaml", &text).unwrap_err().to_string()
}

const DESIGN: &str = r#"
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: contoso}
spec:
  layers:
  - name: platform
    paths: [platform]
  - name: operators
    paths: [operators/*]
    after: [platform]
  - name: apps
    paths: [./apps/*/]
    after: [operators]
    timeout: 10m
    continueOnTimeout: true
    prune: {maxShare: 20.9%}
  roles:
    standby:
      suspend: [CronJob, {kind: Deployment, labels: {role: consumer}}]
      patches:
      - target: {kind: Deployment, name: mailer}
        patch: |-
          - {op: replace, path: /spec/replicas, value: 0}
  substitute: {DOMAIN: contoso.com}
  colors:
    blue: {substitute: {NODE_POOL: blue}}
    green:
      substitute: {NODE_POOL: green}
      patches:
      - patch: |-
          {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {b: c}}
"#;

#[test]
fn the_design_s_example_is_read_whole() {
    let fleet = Fleet::parse("teal.yaml", DESIGN).unwrap();
    assert_eq!(fleet.name, "contoso");
    let names: Vec<&str> = fleet.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["platform", "operators", "apps"]);
    let apps = &fleet.layers[2];
    assert_eq!(
        (apps.paths.as_slice(), apps.after.as_slice()),
        (["apps/*".to_owned()].as_slice(), ["operators".to_owned()].as_slice())
    );
    assert_eq!(apps.max_share_percent, Some(20), "a ceiling is rounded down");
    assert!(apps.continue_on_timeout);
    assert_eq!(fleet.layers[0].timeout, Duration::from_secs(600));
    assert_eq!(fleet.roles.standby.suspend[0], Suspend { kind: "CronJob".to_owned(), labels: BTreeMap::new() });
    assert_eq!(fleet.roles.standby.suspend[1].labels["role"], "consumer");
    assert_eq!(fleet.roles.standby.patches[0].target["name"], "mailer");
    assert_eq!(fleet.colors["green"].patches[0].target, serde_json::Value::Null);
    assert_eq!(fleet.colors["blue"].substitute["NODE_POOL"], "blue");
    assert_eq!(fleet.roles.active, RoleChanges::default());
}

#[test]
fn five_mistakes_are_five_messages() {
    let said = mistakes(
        "  layers:\n  - {name: apps, paths: [../x], timeuot: 5m, after: [platfrom]}\n  - {name: platform, paths: [platform], timeout: 5 min}\n  substitute: {PORT: 8080}\n",
    );
    assert_eq!(
        said,
        "teal.yaml:6:26: spec.layers[0].paths[0]: `../x` leaves the fleet; write a folder relative to the one of `teal.yaml`\n\
         teal.yaml:6:33: spec.layers[0].timeuot: unknown field; did you mean `timeout`?\n\
         teal.yaml:6:54: spec.layers[0].after[0]: no layer is called `platfrom`; did you mean `platform`?\n\
         teal.yaml:7:50: spec.layers[1].timeout: `5 min` is no time; write one such as `500ms`, `10s`, `5m` or `1h30m`\n\
         teal.yaml:8:22: spec.substitute.PORT: YAML reads this as a number; put it in quotes"
    );
}

#[test]
fn each_wrong_fleet_is_told_what_would_be_right() {
    for (spec, said) in [
        ("  layers: []\n", "teal.yaml:5:11: spec.layers: no layers; write at least one"),
        (
            "  substitute: {}\n",
            "teal.yaml:5:3: spec.layers: missing; write at least one layer: `layers: [{name: apps, paths: [apps/*]}]`",
        ),
        ("  layers: apps\n", "teal.yaml:5:11: spec.layers: a text where a list belongs"),
        (
            "  layers: [{name: a, paths: [a]}, {name: a, paths: [b]}]\n",
            "teal.yaml:5:35: spec.layers[1]: layer `a` is declared twice, first as number 1; name each once",
        ),
        (
            "  layers: [{name: A b, paths: [a]}]\n",
            "teal.yaml:5:19: spec.layers[0].name: `A b` is no name; use lower-case letters, digits and `-`, at most 63, beginning and ending with a letter or digit",
        ),
        (
            "  layers: [{name: a, paths: [a], after: [a]}]\n",
            "teal.yaml:5:42: spec.layers[0].after[0]: layers wait for each other: a after a; remove one of these",
        ),
        (
            "  layers: [{name: a, paths: [a], after: [c]}, {name: b, paths: [b], after: [a]}, {name: c, paths: [c], after: [b]}]\n",
            "teal.yaml:5:42: spec.layers[0].after[0]: layers wait for each other: a after c after b after a; remove one of these",
        ),
        (
            "  layers: [{name: a, paths: [/etc]}]\n",
            "teal.yaml:5:30: spec.layers[0].paths[0]: `/etc` leaves the fleet; write a folder relative to the one of `teal.yaml`",
        ),
        (
            "  layers: [{name: a, paths: [a], prune: {maxShare: 20}}]\n",
            "teal.yaml:5:52: spec.layers[0].prune.maxShare: write a share from `0%` to `100%`, with the percent sign",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  roles: {standby: {suspend: [Pod]}}\n",
            "teal.yaml:6:31: spec.roles.standby.suspend[0]: `Pod` can't be suspended; CronJob, Job, Deployment, StatefulSet, ReplicaSet can, use a patch for others",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  roles: {passive: {}}\n",
            "teal.yaml:6:11: spec.roles.passive: unknown field; known are standby, active",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  colors: {blue: {patches: [{path: p.yaml}]}}\n",
            "teal.yaml:6:29: spec.colors.blue.patches[0]: `path` is not supported here; write the text under `patch: |-`",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  colors: {blue: {patches: [{patch: '[]'}]}}\n",
            "teal.yaml:6:37: spec.colors.blue.patches[0].patch: a JSON patch needs a `target`",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  colors: {blue: {patches: [{patch: 'kind: ConfigMap'}]}}\n",
            "teal.yaml:6:37: spec.colors.blue.patches[0].patch: the patch names no object; write a `target`, or `kind` and `metadata.name` in it",
        ),
        (
            "  layers: [{name: a, paths: [a]}, {name: b, paths: [b], after: [a, a]}]\n",
            "teal.yaml:5:68: spec.layers[1].after[1]: `a` is named twice; name it once",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  substitute: {2ND: x}\n",
            "teal.yaml:6:21: spec.substitute.2ND: `2ND` is no name of a variable; use letters, digits and `_`, not beginning with a digit",
        ),
        (
            "  layers: [{name: a, paths: [a]}]\n  decryption: {}\n",
            "teal.yaml:6:3: spec.decryption: unknown field; known are layers, roles, substitute, substituteFrom, strict, colors",
        ),
    ] {
        assert_eq!(mistakes(spec), said, "{spec}");
    }
}

#[test]
fn the_outer_shape_is_checked_first() {
    for (text, said) in [
        ("", "t.yaml:1:1: the file is empty; write one Fleet"),
        ("# nothing\n", "t.yaml:1:1: the file is empty; write one Fleet"),
        ("[]", "t.yaml:1:1: a list where a mapping belongs"),
        ("apiVersion: teal.dev/v1alpha1\nkind: Flet\n", "t.yaml:2:7: kind: is `Flet`; write `Fleet`"),
        (
            "apiVersion: teal.dev/v1\nkind: Fleet\nmetadata: {}\nspec: {layers: [{name: a, paths: [a]}]}\n---\nkind: Fleet\n",
            "t.yaml:1:13: apiVersion: is `teal.dev/v1`; write `teal.dev/v1alpha1`\n\
             t.yaml:3:11: metadata.name: missing; write a name such as `contoso`\n\
             t.yaml:6:1: a second document; write one Fleet a file",
        ),
        (
            "kind: Fleet\napiVersion: teal.dev/v1alpha1\nmetadata: {name: a}\n",
            "t.yaml:1:1: spec: missing; write what this file declares",
        ),
    ] {
        assert_eq!(Fleet::parse("t.yaml", text).unwrap_err().to_string(), said, "{text}");
    }
}

#[test]
fn text_that_is_no_yaml_has_its_place() {
    let mistakes = Fleet::parse("teal.yaml", "a: 1\nb: [\n").unwrap_err();
    assert_eq!(mistakes.0.len(), 1);
    assert!(mistakes.0[0].at.line >= 2, "{mistakes}");
}

#[test]
fn unit_settings_need_no_name() {
    let settings = UnitSettings::parse(
        "operators/x/unit.yaml",
        "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec:\n  dependsOn: [operators/y]\n  timeout: 2m\n  readiness:\n    ignore:\n    - {group: apiregistration.k8s.io, kind: APIService, name: v1beta1.metrics.k8s.io}\n",
    )
    .unwrap();
    assert_eq!(settings.depends_on, ["operators/y"]);
    assert_eq!(settings.timeout, Some(Duration::from_secs(120)));
    assert_eq!(settings.readiness_ignore[0].kind, "APIService");
    assert_eq!(settings.readiness_ignore[0].namespace, None);
    let wrong = UnitSettings::parse(
        "u.yaml",
        "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec:\n  dependsOn: ../other\n  health: []\n  readiness: {ignore: [{name: x}]}\n",
    );
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "u.yaml:4:14: spec.dependsOn: a text where a list belongs\n\
         u.yaml:5:3: spec.health: not supported yet by this version; remove it\n\
         u.yaml:6:24: spec.readiness.ignore[0].kind: missing; write a kind such as `APIService`"
    );
}

#[test]
fn a_large_file_is_refused_before_it_is_compared() {
    let many: String = (0..10_000).map(|at| format!("  - {{name: l{at}, paths: [a]}}\n")).collect();
    let said = mistakes(&format!("  layers:\n{many}"));
    assert!(said.ends_with("10000 layers; write at most 100, with globs for many folders"), "{said}");
    let said = mistakes(&format!("# {}", "x".repeat(1 << 20)));
    assert!(said.contains("bytes, and at most 1048576 are read; is it a Fleet?"), "{said}");
}

#[test]
fn sources_of_variables_are_read_and_every_mistake_in_them_is_told() {
    let spec = "  layers: [{name: a, paths: [a]}]
  strict: true
  substituteFrom:
  - {kind: ConfigMap, name: facts}
  - {kind: Secret, name: tokens, namespace: shared, optional: true, names: [TOKEN], differs: true}
";
    let text = format!("apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: contoso}}\nspec:\n{spec}");
    let fleet = Fleet::parse("teal.yaml", &text).unwrap();
    assert!(fleet.strict);
    let facts = SubstituteFrom { name: "facts".into(), ..SubstituteFrom::default() };
    let tokens = SubstituteFrom {
        kind: SourceKind::Secret,
        name: "tokens".into(),
        namespace: Some("shared".into()),
        optional: true,
        names: vec!["TOKEN".into()],
        differs: true,
    };
    assert_eq!(fleet.substitute_from, [facts, tokens]);
    let told = mistakes(
        "  layers: [{name: a, paths: [a]}]
  substituteFrom:
  - {kind: ConfigMapp, name: facts}
  - {kind: Secret}
  - {kind: Secret, name: a, differs: true}
  - {kind: Secret, name: a, names: [2ND]}
  - {kind: Secret, name: b, optional: maybe, from: x}
",
    );
    for part in
        ["`ConfigMapp`", "substituteFrom[1]", "needs the `names`", "named twice", "`2ND`", "optional", ".from: unknown"]
    {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
}

#[test]
fn a_name_that_yaml_reads_as_a_truth_value_is_told_to_be_quoted() {
    let said = |word: &str, read: &str| {
        format!("spec.substitute.{word}: YAML reads the key `{word}` as `{read}`; put it in quotes: `\"{word}\"`")
    };
    for (word, read) in
        [("N", "false"), ("Y", "true"), ("ON", "true"), ("NO", "false"), ("yes", "true"), ("off", "false")]
    {
        let told = mistakes(&format!("  layers: [{{name: a, paths: [a]}}]\n  substitute:\n    A: a\n    {word}: b\n"));
        assert_eq!(told, format!("teal.yaml:8:5: {}", said(word, read)));
        let told = mistakes(&format!("  layers: [{{name: a, paths: [a]}}]\n  substitute: {{A: a, {word} : b}}\n"));
        assert_eq!(told, format!("teal.yaml:6:22: {}", said(word, read)));
    }
    let told = mistakes("  layers: [{name: a, paths: [a]}]\n  substitute: {N: y}\n");
    assert!(
        told.ends_with("teal.yaml:6:19: spec.substitute.N: YAML reads this as true or false; put it in quotes"),
        "{told}"
    );
    // Of a color, and the color itself.
    let told = mistakes("  layers: [{name: a, paths: [a]}]\n  colors: {blue: {substitute: {ON: x}}, on: {}}\n");
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(
        told.contains("teal.yaml:6:32: spec.colors.blue.substitute.ON: ") && told.contains("spec.colors.on: "),
        "{told}"
    );
    let right = "  layers: [{name: a, paths: [a]}]\n  substitute: {\"N\": a, 'ON': b, 'true': c, false: d, NOT: e}\n";
    let text = format!("apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: contoso}}\nspec:\n{right}");
    let fleet = Fleet::parse("teal.yaml", &text).unwrap();
    assert_eq!(fleet.substitute.keys().collect::<Vec<_>>(), ["N", "NOT", "ON", "false", "true"]);
}
