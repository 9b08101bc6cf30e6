//! Variables from the cluster, strict mode, and the promise that what a unit reads tells what can change it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use teal_api::fleet::Fleet;
use teal_render::{ClusterValues, Given, MemoryTree, Rendered, UnitInput, render_unit, render_unit_with};

const CANARY: &str = "canary-7c1d";

fn fleet(spec: &str) -> Fleet {
    let text = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: test}}\nspec:\n  layers: [{{name: all, paths: [u]}}]\n{spec}"
    );
    Fleet::parse("teal.yaml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// What each source of the fleet holds, in its order; `None` for one that is not there.
fn values(fleet: &Fleet, held: &[Option<&[(&str, &str)]>]) -> ClusterValues {
    let mut values = ClusterValues::default();
    for (source, held) in fleet.substitute_from.iter().zip(held) {
        let data: Option<BTreeMap<String, Vec<u8>>> =
            held.map(|held| held.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect());
        values.add(source, data.as_ref());
    }
    values
}

fn render(fleet: &Fleet, values: Option<&ClusterValues>, color: &str, data: &str) -> Rendered {
    let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: one}}\ndata: {{text: '{data}'}}\n");
    let tree = MemoryTree::from([("u/map.yaml", map)]);
    render_unit_with(&tree, &UnitInput { path: "u", fleet, color, role: None }, Given { values, ..Given::default() })
}

fn text(rendered: &Rendered) -> &str {
    rendered
        .objects
        .first()
        .map_or_else(|| panic!("{rendered:?}"), |object| object.value["data"]["text"].as_str().unwrap())
}

#[test]
fn the_cluster_yields_to_git_and_later_sources_win() {
    let fleet = fleet(
        "  substitute: {A: git}
  colors: {blue: {substitute: {B: blue}}, green: {substitute: {B: green, C: green}}}
  substituteFrom:
  - {kind: ConfigMap, name: first}
  - {kind: ConfigMap, name: second}
",
    );
    let values = values(
        &fleet,
        &[
            Some(&[("A", "1"), ("B", "1"), ("C", "1"), ("D", "1"), ("E", "1"), ("no-name", "1"), ("2X", "1")]),
            Some(&[("D", "2")]),
        ],
    );
    for (data, blue) in [
        ("${A}", "git"),
        ("${B}", "blue"),
        ("${C}", "1"),
        ("${D}${E}", "21"),
        ("${E:=default}", "1"),
        ("${no-name} ${2X} ${F}", "${no-name} ${2X} ${F}"),
    ] {
        let rendered = render(&fleet, Some(&values), "blue", data);
        assert_eq!(text(&rendered), blue, "{data}");
        assert!(!rendered.objects[0].secret);
    }
    // What a color declares differs by color wherever its value comes from.
    let rendered = render(&fleet, Some(&values), "blue", "${C}${D}");
    assert_eq!(rendered.objects[0].neutral.as_ref().unwrap()["data"]["text"], "${C}2");
}

#[test]
fn names_that_may_differ_stay_out_of_the_neutral_form_and_must_have_a_value() {
    let fleet = fleet("  substituteFrom: [{kind: ConfigMap, name: facts, names: [REGION], differs: true}]\n");
    let west = values(&fleet, &[Some(&[("REGION", "west"), ("OTHER", "x")])]);
    let rendered = render(&fleet, Some(&west), "blue", "${REGION}");
    assert_eq!(text(&rendered), "west");
    assert_eq!(rendered.objects[0].neutral.as_ref().unwrap()["data"]["text"], "${REGION}");
    assert_eq!(text(&render(&fleet, Some(&west), "blue", "${OTHER}")), "${OTHER}", "only the names it may bring");
    let none = values(&fleet, &[Some(&[])]);
    let rendered = render(&fleet, Some(&none), "green", "${REGION}");
    assert_eq!(rendered.errors[0].reason(), "VariableUnset");
    let rendered = render(&fleet, Some(&none), "green", "${REGION:=east}");
    assert_eq!(text(&rendered), "east");
    assert_eq!(rendered.objects[0].neutral.as_ref().unwrap()["data"]["text"], "${REGION:=east}");
}

#[test]
fn a_default_of_what_an_optional_source_may_bring_is_the_same_on_both_sides() {
    let fleet = fleet("  substituteFrom: [{kind: ConfigMap, name: facts, optional: true, names: [SIZE]}]\n");
    let absent = values(&fleet, &[None]);
    let rendered = render(&fleet, Some(&absent), "blue", "${SIZE:=small}");
    assert_eq!((text(&rendered), rendered.objects[0].neutral.is_none()), ("small", true));
    assert_eq!(rendered.errors, []);
}

#[test]
fn what_is_missing_stops_only_who_could_need_it() {
    let fleet =
        fleet("  substituteFrom: [{kind: ConfigMap, name: facts}, {kind: Secret, name: tokens, optional: true}]\n");
    let missing = values(&fleet, &[None, None]);
    let rendered = render(&fleet, Some(&missing), "blue", "${REGION}");
    assert_eq!(rendered.errors[0].reason(), "SubstituteMissing");
    let told = rendered.errors[0].to_string();
    assert!(told.starts_with("u/map.yaml") && told.contains("ConfigMap facts") && !told.contains("tokens"), "{told}");
    assert_eq!(render(&fleet, Some(&missing), "blue", "plain").errors, []);
    // Without a cluster nothing is missed, and nothing replaced.
    let rendered = render(&fleet, None, "blue", "${REGION}");
    assert_eq!((text(&rendered), rendered.errors.len(), rendered.notices.len()), ("${REGION}", 0, 1));
}

#[test]
fn strict_mode_names_file_and_variable() {
    let fleet = fleet("  strict: true\n  substitute: {A: '1'}\n");
    assert_eq!(
        render(&fleet, Some(&ClusterValues::default()), "blue", "${A} ${2X} ${ B } $${B}").errors,
        [],
        "no names"
    );
    for (data, reason) in [
        ("${B}", "VariableUndeclared"),
        ("${B:=default}", "VariableUndeclared"),
        ("${B:-default}", "VariableUndeclared"),
        ("${B^^}", "VariableUnclear"),
        ("${A^^}", "VariableUnclear"),
    ] {
        let rendered = render(&fleet, Some(&ClusterValues::default()), "blue", data);
        assert_eq!(rendered.errors[0].reason(), reason);
        let told = rendered.errors[0].to_string();
        assert!(told.starts_with("u/map.yaml:4:15: data.text: ") && told.contains(&data[..3]), "{told}");
    }
}

#[test]
fn what_is_not_replaced_is_an_error_or_a_notice_and_never_silent() {
    let fleet = fleet("  substitute: {A: '1'}\n");
    let told = |data: &str| {
        let rendered = render(&fleet, Some(&ClusterValues::default()), "blue", data);
        let errors: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
        (rendered.objects.len(), errors, rendered.notices)
    };
    let (objects, errors, notices) = told("a ${A^^} b");
    assert_eq!((objects, notices.len()), (0, 0));
    assert_eq!(
        errors,
        [
            "u/map.yaml:4:17: data.text: `${A` is followed by something else than `}`, `:=` or `:-`, which Teal does not do; make a variable of the outcome, or write `$${A` for the text itself"
        ]
    );
    for (data, notice) in [
        (
            "${user.name}",
            "`${user…` is left as it is, first in u/map.yaml:1: data.text: behind a name stand `}`, `:=` or `:-`",
        ),
        (
            "${B:-x}",
            "${B} is declared nowhere and left as it is, first in u/map.yaml:1: data.text; declare it under `substitute` to have it replaced",
        ),
        (
            "echo $$ ${A}",
            "`$$` in u/map.yaml:1: data.text is left as it is, since no brace follows; Flux would make `$` of it",
        ),
    ] {
        let (objects, errors, notices) = told(data);
        assert_eq!((objects, errors.len()), (1, 0), "{errors:?}");
        assert_eq!(notices, [notice]);
    }
    assert_eq!(told("$${A} ${A}"), (1, Vec::new(), Vec::new()));
    // A key is a text, too, and two may not become one.
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata:\n  '1': a\n  ${A}: b\n";
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: '${A}'}\n";
    let tree = MemoryTree::from([("u/map.yaml", map), ("u/d.yaml", deployment)]);
    let rendered = render_unit(&tree, &UnitInput { path: "u", fleet: &fleet, color: "blue", role: None });
    assert_eq!(
        rendered.errors[0].to_string(),
        "u/map.yaml:6:3: data[\"${A}\"]: with its variables replaced, this key is there twice; write another one"
    );
    assert_eq!(rendered.objects[0].value["spec"]["replicas"], "1", "a text: decision 0013");
    assert!(
        rendered.notices[0].starts_with("${A} in u/d.yaml:1: spec.replicas stays a text"),
        "{:?}",
        rendered.notices
    );
}

#[test]
fn a_text_that_a_patch_brought_is_told_where_its_object_begins() {
    let fleet = fleet("  substitute: {A: '1'}\n");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata:\n  good: ${A}\n  other: ${A}\n";
    for (patch, field) in [("added: '${A^^}'", "data.added"), ("other: '${A^^}'", "data.other")] {
        let kustomization = format!(
            "resources: [map.yaml]\npatches: [{{patch: \"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: one}}, data: {{{patch}}}}}\"}}]\n"
        );
        let tree = MemoryTree::from([("u/kustomization.yaml", kustomization.as_str()), ("u/map.yaml", map)]);
        let rendered = render_unit(&tree, &UnitInput { path: "u", fleet: &fleet, color: "blue", role: None });
        let told: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].starts_with(&format!("u/map.yaml:1: {field}: `${{A`")), "{told:?}");
    }
}

#[test]
fn nobody_asked_the_cluster_is_what_is_told_then() {
    let fleet = fleet("  substituteFrom: [{kind: ConfigMap, name: facts}]\n");
    let notices = render(&fleet, None, "blue", "${REGION}").notices;
    assert!(
        notices[0].contains("the cluster was not asked") && notices[0].contains("--substitute-from"),
        "{notices:?}"
    );
}

#[test]
fn g9_no_key_takes_a_value_from_a_secret() {
    let fleet = fleet("  substituteFrom: [{kind: Secret, name: tokens}]\n");
    let values = values(&fleet, &[Some(&[("TOKEN", CANARY)])]);
    let tree = MemoryTree::from([(
        "u/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {'${TOKEN}': a}\n",
    )]);
    let input = UnitInput { path: "u", fleet: &fleet, color: "blue", role: None };
    let rendered = render_unit_with(&tree, &input, Given { values: Some(&values), ..Given::default() });
    assert_eq!(rendered.errors[0].reason(), "SecretIdentity");
    assert!(rendered.objects.is_empty() && !format!("{rendered:?} {}", rendered.errors[0]).contains(CANARY));
}

#[test]
fn g9_a_value_from_a_secret_makes_its_object_secret_and_shows_nowhere() {
    let fleet = fleet("  substituteFrom: [{kind: Secret, name: tokens}]\n");
    let values = values(&fleet, &[Some(&[("TOKEN", CANARY)])]);
    let rendered = render(&fleet, Some(&values), "blue", "x-${TOKEN}");
    assert_eq!(text(&rendered), format!("x-{CANARY}"));
    assert!(rendered.objects[0].secret && rendered.names.contains("TOKEN"));
    assert!(!format!("{rendered:?}{values:?}{:?}{:?}", rendered.notices, rendered.names).contains(CANARY));
    // Names are told everywhere, so no name may be a secret; that is told without the value.
    let tree = MemoryTree::from([("u/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-${TOKEN}'}\n")]);
    let differing = self::fleet("  substituteFrom: [{kind: Secret, name: tokens, names: [TOKEN], differs: true}]\n");
    let values = self::values(&differing, &[Some(&[("TOKEN", CANARY)])]);
    let input = UnitInput { path: "u", fleet: &differing, color: "blue", role: None };
    let rendered = render_unit_with(&tree, &input, Given { values: Some(&values), ..Given::default() });
    assert_eq!(rendered.errors[0].reason(), "SecretIdentity");
    assert!(!rendered.errors[0].to_string().contains(CANARY), "{}", rendered.errors[0]);
}

/// A fleet with bases, patches, generators, files that nobody reads and units of plain manifests.
fn files() -> Vec<(&'static str, String)> {
    let map =
        |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: '${{A}}'}}\n");
    [
        ("lib/base/kustomization.yaml", "resources: [map.yaml]\n".to_owned()),
        ("lib/base/map.yaml", map("base")),
        ("lib/base/unused.yaml", map("unused")),
        (
            "lib/part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: 'yes'}}]\n"
                .to_owned(),
        ),
        (
            "apps/a/kustomization.yaml",
            "resources: [../../lib/base]\ncomponents: [../../lib/part]\npatches: [{path: patch.yaml}]\n".to_owned(),
        ),
        ("apps/a/patch.yaml", map("base")),
        ("apps/a/README.md", "about a\n".to_owned()),
        (
            "apps/b/kustomization.yaml",
            "resources: [../../lib/base]\nconfigMapGenerator: [{name: g, files: [data.txt], envs: [b.env]}]\n"
                .to_owned(),
        ),
        ("apps/b/data.txt", "data\n".to_owned()),
        ("apps/b/b.env", "A=1\n".to_owned()),
        ("apps/c/one.yaml", map("one")),
        ("apps/c/deep/two.yaml", map("two")),
        ("apps/c/.tealignore", "skipped/\n".to_owned()),
        ("apps/c/skipped/three.yaml", map("three")),
        ("apps/c/unit.yaml", "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec: {timeout: 5m}\n".to_owned()),
        ("notes.txt", "nobody reads this\n".to_owned()),
    ]
    .into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// A unit changes only when something changes that it asked for: so its reads are all that must be compared.
    #[test]
    fn what_a_unit_did_not_ask_for_can_not_change_it(
        unit in prop::sample::select(vec!["apps/a", "apps/b", "apps/c"]),
        at in 0_usize..16,
        change in prop::sample::select(vec!["edit", "remove", "empty", "folder"]),
        appears in prop::sample::select(vec!["apps/a/new.yaml", "lib/base/new.yaml", "apps/c/new.yaml", "lib/kustomization.yaml", "new.yaml", "apps/b/kustomization.yml"]),
    ) {
        let fleet = fleet("  substitute: {A: '1'}\n");
        let of = |files: &[(&str, String)]| {
            let mut tree = MemoryTree::new();
            files.iter().for_each(|(path, text)| tree.insert(*path, text));
            render_unit(&tree, &UnitInput { path: unit, fleet: &fleet, color: "blue", role: None })
        };
        let before = files();
        let rendered = of(&before);
        prop_assert!(rendered.errors.is_empty(), "{rendered:?}");
        let mut after = before.clone();
        let changed = after[at].0;
        match change {
            "edit" => after[at].1.push_str("# changed: 1\n"),
            "empty" => after[at].1.clear(),
            "folder" => after[at].0 = Box::leak(format!("{changed}/inner").into_boxed_str()),
            _ => { after.remove(at); }
        }
        let told = |rendered: &Rendered| {
            let errors: Vec<String> = rendered.errors.iter().map(ToString::to_string).collect();
            (rendered.objects.clone(), errors, rendered.settings.clone())
        };
        // Reading a folder tells which names are in it; the last of a folder's files takes the folder with it.
        let parent = |path: &str| path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
        let mut asked = rendered.reads.contains(changed);
        if change == "remove" {
            let mut folder = changed.to_owned();
            while let Some((up, _)) = folder.clone().rsplit_once('/') {
                folder = up.to_owned();
                asked |= rendered.reads.contains(&folder);
            }
        }
        if !asked {
            prop_assert_eq!(told(&of(&after)), told(&rendered), "{} of {} changes {}", change, changed, unit);
        }
        let mut more = before;
        more.push((appears, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n".to_owned()));
        if !rendered.reads.contains(appears) && !rendered.reads.contains(&parent(appears)) {
            prop_assert_eq!(told(&of(&more)), told(&rendered), "{} changes {}", appears, unit);
        }
    }
}
