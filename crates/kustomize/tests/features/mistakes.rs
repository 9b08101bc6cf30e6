//! Mistakes are told all at once, each with the place that helps. Without the real kustomize, which tells one and no place.

use super::{MAP, WEB, run_alone};

fn errors(files: &[(&str, &str)]) -> Vec<String> {
    match run_alone(files) {
        Ok(_) => panic!("built: {files:?}"),
        Err(errors) => errors.lines().map(str::to_owned).collect(),
    }
}

#[test]
fn what_is_wrong_inside_a_patchs_own_file_is_told_with_its_line() {
    let merge = "# about\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: 1}\n";
    let operations = "- {op: test, path: /kind, value: Deployment}\n- op: remove\n  path: /spec/none\n";
    let json = "[\n  {\"op\": \"test\", \"path\": \"/kind\", \"value\": \"Deployment\"},\n  {\"op\": \"remove\", \"path\": \"/spec/none\"}\n]\n";
    for (patch, target, at) in [
        (merge, "", "p.yaml:6:1: the patch does not fit"),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\nkind: Deployment\nmetadata: {name: no}\n",
            "",
            "p.yaml:5:1: no object matches the patch",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\nkind: Deployment\n",
            "",
            "p.yaml:5:1: a strategic merge patch needs",
        ),
        (merge, ", target: {kind: Deployment}", "p.yaml:6:1: several patches in one entry"),
        (
            operations,
            ", target: {kind: Deployment}",
            "p.yaml:2:3: the patch does not fit apps/v1 Deployment web: operation '/1'",
        ),
        (
            json,
            ", target: {kind: Deployment}",
            "p.yaml:3:3: the patch does not fit apps/v1 Deployment web: operation '/1'",
        ),
        (
            "- {op: drop, path: /x}\n",
            ", target: {kind: Deployment}",
            "p.yaml: the patch is neither an object nor a list of operations: line 1: ",
        ),
    ] {
        let kustomization = format!("resources: [w.yaml]\npatches: [{{path: p.yaml{target}}}]\n");
        let told = errors(&[("kustomization.yaml", &kustomization), ("w.yaml", WEB), ("p.yaml", patch)]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("kustomization.yaml:2:11: patches[0]: {at}")), "{at}: {told:?}");
    }
}

#[test]
fn what_a_folder_or_a_table_lacks_is_told_where_it_is_named() {
    let table = |create: &str| format!("namePrefix: [{{path: spec/name, kind: A, create: {create}}}]\n");
    for (files, want) in [
        (
            vec![("kustomization.yaml", "resources:\n- base\n".to_owned()), ("base/a.yaml", MAP.to_owned())],
            "kustomization.yaml:2:3: resources[0]: `base`: no kustomization file here; expected one of",
        ),
        (
            vec![
                ("kustomization.yaml", "resources: [a.yaml]\ncomponents: [part]\n".to_owned()),
                ("part/kustomization.yaml", String::new()),
                ("part/kustomization.yml", String::new()),
            ],
            "kustomization.yaml:2:14: components[0]: `part`: holds more than one kustomization file",
        ),
        (
            vec![
                ("kustomization.yaml", "resources: [a.yaml]\nconfigurations: [x.yaml, y.yaml]\n".to_owned()),
                ("x.yaml", table("true")),
                ("y.yaml", table("false")),
            ],
            "kustomization.yaml:2:26: configurations[1]: conflicting field specs in namePrefix",
        ),
        (
            vec![
                ("kustomization.yaml", "resources: [a.yaml]\ncrds: [c.yaml]\n".to_owned()),
                ("c.yaml", "a.A: {Schema: {}}\nb.B: text\nc.C: 1\n".to_owned()),
            ],
            "c.yaml:2:1: `b.B` is no OpenAPI definition; expected a mapping with a `Schema`\nc.yaml:3:1: ",
        ),
    ] {
        let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        files.push(("a.yaml", MAP));
        let told = errors(&files).join("\n");
        assert!(told.starts_with(want), "{told}");
    }
    assert_eq!(errors(&[])[0].split(';').next(), Some(".: no kustomization file here"), "nobody named it");
}

#[test]
fn every_mistake_of_a_generator_is_told_at_once() {
    let text = "configMapGenerator:
- name: m
  behavior: mergee
  literals: [good=1, hunter2, =hunter3]
  files: [a=b=c, =x, ok]
";
    let told = errors(&[("kustomization.yaml", text)]);
    assert_eq!(
        told,
        [
            "kustomization.yaml:3:13: configMapGenerator[0].behavior: behavior must be create, merge or replace",
            "kustomization.yaml:4:22: configMapGenerator[0].literals[1]: a literal must be written key=value",
            "kustomization.yaml:4:31: configMapGenerator[0].literals[2]: a literal must be written key=value",
            "kustomization.yaml:5:11: configMapGenerator[0].files[0]: a file must be a path, or key=path with one `=`",
            "kustomization.yaml:5:18: configMapGenerator[0].files[1]: a file must be a path, or key=path with one `=`",
        ]
    );
    let text = "configMapGenerator: [{name: m, envs: [none.env, bad.env], literals: [a=1, a=2], files: [none]}]\n";
    let told = errors(&[("kustomization.yaml", text), ("bad.env", "b=1\nhunter 2\n")]);
    let said = [
        "`none.env` does not exist",
        "the key in line 2 of `bad.env`",
        "the key `a` is given twice",
        "`none` does not exist",
    ];
    assert_eq!(told.len(), said.len(), "{told:?}");
    assert!(told.iter().zip(said).all(|(told, said)| told.contains(said)), "{told:?}");
}
