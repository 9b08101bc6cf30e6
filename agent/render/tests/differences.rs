//! What colors and roles may change, and what never: which objects there are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::Value;
use teal_api::fleet::Fleet;
use teal_api::sync::Role;
use teal_render::{MemoryTree, Rendered, RenderedObject, UnitInput, render_unit};

fn fleet(rest: &str) -> Fleet {
    let text = format!(
        "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: test}}\nspec:\n  layers: [{{name: all, paths: [u]}}]\n{rest}"
    );
    Fleet::parse("teal.yaml", &text).unwrap()
}

fn render(fleet: &Fleet, text: &str, color: &str, role: Option<Role>) -> Rendered {
    let tree = MemoryTree::from([("u/a.yaml", text)]);
    render_unit(&tree, &UnitInput { path: "u", fleet, color, role })
}

fn said(rendered: &Rendered) -> Vec<String> {
    rendered.errors.iter().map(ToString::to_string).collect()
}

const COLORS: &str = "  colors:\n    blue: {substitute: {POOL: one}}\n    green: {substitute: {POOL: two}}\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: b}\n---\n";

#[test]
fn an_object_is_the_same_one_on_every_color() {
    let fleet = fleet(COLORS);
    for (object, field) in [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-${POOL}'}\n", "metadata.name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: '${POOL}'}\n", "metadata.namespace"),
        ("apiVersion: v1\nkind: '${POOL}'\nmetadata: {name: x}\n", "kind"),
        ("apiVersion: '${POOL}/v1'\nkind: A\nmetadata: {name: '${POOL}'}\n", "apiVersion, metadata.name"),
    ] {
        let rendered = render(&fleet, &format!("{MAP}{object}"), "blue", None);
        assert_eq!(rendered.objects.len(), 1, "{object}");
        let said = said(&rendered);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("u/a.yaml:6: ") && said[0].contains(&format!(": {field} differs")), "{said:?}");
        assert_eq!(rendered.errors[0].reason(), "IdentityDiffers");
    }
    // A variable of the fleet is the same everywhere, and anything else of an object may differ.
    let fine = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {pool: '${POOL}'}}\n";
    assert!(render(&fleet, fine, "blue", None).errors.is_empty());
}

#[test]
fn a_patch_renames_and_deletes_nothing() {
    for (patch, want) in [
        (
            "{target: {kind: ConfigMap}, patch: '[{op: replace, path: /metadata/name, value: other}]'}",
            "u/a.yaml:1: ConfigMap other: metadata.name differs",
        ),
        (
            "{target: {kind: ConfigMap}, patch: '{$patch: delete}'}",
            "teal.yaml: colors.green.patches[0]: deletes ConfigMap map on one cluster only",
        ),
        (
            "{patch: '{kind: ConfigMap, metadata: {name: map}, $patch: delete}'}",
            "teal.yaml: colors.green.patches[0]: deletes ConfigMap map on one cluster only",
        ),
    ] {
        let fleet = fleet(&format!("  colors: {{green: {{patches: [{patch}]}}}}\n"));
        let rendered = render(&fleet, MAP, "green", None);
        let said = said(&rendered);
        assert!(said.len() == 1 && said[0].starts_with(want), "{said:?}");
        assert!(rendered.objects.is_empty());
    }
}

#[test]
fn a_patch_without_a_target_is_for_the_object_it_names() {
    let fleet = fleet(
        "  colors: {green: {patches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: m.p}, data: {a: c}}'}]}}\n",
    );
    let text = format!("{}{}", MAP.replace("name: map", "name: m.p"), MAP.replace("name: map", "name: mxp"));
    let rendered = render(&fleet, &text, "green", None);
    assert!(rendered.errors.is_empty(), "{:?}", said(&rendered));
    assert_eq!(rendered.objects[0].value["data"]["a"], "c");
    assert_eq!(rendered.objects[0].neutral.as_ref().unwrap()["data"]["a"], "b");
    assert_eq!((&rendered.objects[1].value["data"]["a"], &rendered.objects[1].neutral), (&Value::from("b"), &None));
}

#[test]
fn a_variable_without_a_value_on_this_color_reaches_no_cluster() {
    let fleet = fleet("  colors: {blue: {substitute: {POOL: one, ZONE: a}}, green: {substitute: {POOL: two}}}\n");
    let uses = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {z: '${ZONE}', d: '${ZONE:=b}'}\n";
    assert!(render(&fleet, uses, "blue", None).errors.is_empty());
    let rendered = render(&fleet, &format!("{MAP}{uses}---\n{}", uses.replace("name: x", "name: z")), "green", None);
    assert_eq!(rendered.objects.len(), 1);
    assert_eq!(
        said(&rendered),
        [
            "u/a.yaml:9:12: data.z: `${ZONE}` has no value for color `green`; set it under `colors.green.substitute` or `substitute` in teal.yaml, or write a default: `${ZONE:=…}`"
        ]
    );
}

#[test]
fn neutral_forms_depend_on_no_role() {
    let fleet = fleet(&format!(
        "{COLORS}  roles:\n    standby: {{suspend: [CronJob]}}\n    active: {{patches: [{{target: {{kind: ConfigMap}}, patch: '[{{op: add, path: /data/active, value: x}}]'}}]}}\n"
    ));
    let text = format!(
        "{MAP}apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: nightly, labels: {{pool: '${{POOL}}'}}}}\nspec: {{schedule: '@daily'}}\n"
    );
    let neutral = |object: &RenderedObject| object.neutral.clone().unwrap_or_else(|| object.value.clone());
    let of = |color: &str, role: Option<Role>| -> Vec<Value> {
        let rendered = render(&fleet, &text, color, role);
        assert!(rendered.errors.is_empty(), "{:?}", said(&rendered));
        rendered.objects.iter().map(neutral).collect()
    };
    let first = of("blue", None);
    assert_eq!(first.len(), 2);
    for color in ["blue", "green"] {
        for role in [None, Some(Role::Active), Some(Role::Standby)] {
            assert_eq!(of(color, role), first, "{color} {role:?}");
        }
    }
}

#[test]
fn files_are_left_out_for_what_is_in_them_and_folders_end() {
    let fleet = fleet("");
    let mut tree = MemoryTree::from([
        ("u/colors.yaml", MAP),
        ("u/sub/unit.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: unit}\n"),
        ("u/unit.yaml", "apiVersion: teal.dev/v1alpha1\nkind: UnitSettings\nspec: {timeout: 3m}\n"),
        ("u/switch.yaml", "apiVersion: teal.dev/v1alpha1\nkind: Switch\nspec: {}\n"),
    ]);
    let of = |tree: &MemoryTree| render_unit(tree, &UnitInput { path: "u", fleet: &fleet, color: "blue", role: None });
    let rendered = of(&tree);
    assert!(rendered.errors.is_empty(), "{:?}", said(&rendered));
    assert_eq!(rendered.objects.len(), 2);

    tree.insert(format!("u{}/a.yaml", "/d".repeat(5_000)), MAP);
    let rendered = of(&tree);
    assert_eq!(rendered.objects.len(), 2);
    assert!(said(&rendered)[0].ends_with("nested deeper than 64 folders; move it further up"), "{:?}", said(&rendered));
}

#[test]
fn what_tealignore_cannot_say_is_told_with_its_line() {
    let fleet = fleet("");
    for (ignore, want) in [
        ("a\n\nb[0-9].yaml\n", "u/.tealignore:3: `[` and `\\` mean nothing special here"),
        ("!a.yaml\n", "u/.tealignore:1: `!` takes nothing back here"),
        (&"one of very many files.yaml\n".repeat(3_000), "u/.tealignore:1: too many or too long"),
        (&"drafts/\n".repeat(8_000), ""),
    ] {
        let tree = MemoryTree::from([("u/a.yaml", MAP), ("u/.tealignore", ignore)]);
        let rendered = render_unit(&tree, &UnitInput { path: "u", fleet: &fleet, color: "blue", role: None });
        let said = said(&rendered).concat();
        assert!(said.starts_with(want) && said.is_empty() == want.is_empty(), "{said}");
        assert_eq!(rendered.objects.len(), 1);
    }
}

#[test]
fn a_variable_in_the_data_of_a_secret_is_compared_and_shown_nowhere() {
    let fleet =
        fleet("  colors:\n    blue: {substitute: {TOKEN: aHVudGVyMg==}}\n    green: {substitute: {TOKEN: b3RoZXI=}}\n");
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: '${TOKEN}', b: eA==}\n";
    let of = |color: &str| {
        let mut rendered = render(&fleet, text, color, None);
        assert!(rendered.errors.is_empty(), "{:?}", said(&rendered));
        assert!(!format!("{rendered:?}").contains("aHVudGVyMg"));
        rendered.objects.remove(0)
    };
    let (blue, green) = (of("blue"), of("green"));
    assert_eq!((&blue.value["data"]["a"], &green.value["data"]["a"]), (&"aHVudGVyMg==".into(), &"b3RoZXI=".into()));
    assert_eq!(blue.neutral, green.neutral);
    let origin = teal_agent_core::Origin::new("a.yaml", 1);
    for value in [blue.value, blue.neutral.unwrap()] {
        teal_agent_core::Object::new(value, origin.clone()).unwrap();
    }
}

#[test]
fn a_link_in_place_of_what_says_how_to_read_is_told() {
    let fleet = fleet("");
    for (file, path) in [("u/.tealignore", "u/.tealignore"), ("u/unit.yaml", "u/unit.yaml")] {
        for kind in ["u/a.yaml", "u/kustomization.yaml"] {
            let text = if kind == "u/a.yaml" { MAP } else { "resources: [b.yaml]\n" };
            let mut tree = MemoryTree::from([(kind, text)]);
            if kind != "u/a.yaml" {
                tree.insert("u/b.yaml", MAP.trim_end_matches("---\n"));
            }
            tree.insert_link(file);
            let rendered = render_unit(&tree, &UnitInput { path: "u", fleet: &fleet, color: "blue", role: None });
            let said = said(&rendered);
            // A kustomization says itself what belongs to it.
            let ignored = file == "u/.tealignore" && kind == "u/kustomization.yaml";
            assert_eq!(said.len(), usize::from(!ignored), "{said:?}");
            assert!(said.iter().all(|said| said.starts_with(&format!("{path}: is a symbolic link"))), "{said:?}");
        }
    }
}
