//! However a repository is written, a build ends soon, with one clear answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use std::fmt::Write as _;
use teal_kustomize::{LoadRestrictor, MemoryTree, ObjectPatch, Options, Reorder, build};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: b}\n";

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.insert(*path, text);
    }
    tree
}

fn fifo() -> Options {
    Options { reorder: Reorder::None, restrictor: LoadRestrictor::RootOnly }
}

/// Work that this thread did, in nanoseconds of a processor: other programs on the machine don't count. `None` where the
/// system tells it nowhere.
fn work() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

/// The kernel counts work by its ticks, some milliseconds each: less than this many nanoseconds tell nothing.
const TELLING: u64 = 50_000_000;

/// Eight times the input may cost half of what the square would: four times as much for each as before. The least of some
/// tries counts, since what a processor does besides is never less than nothing.
fn grows_no_faster_than_the_input(what: &str, run: impl Fn(usize), small: usize) {
    let least = |count: usize| {
        let one = || {
            let before = work()?;
            for times in 1..=10_000 {
                run(count);
                let spent = work()? - before;
                if spent >= TELLING {
                    return Some(spent / times);
                }
            }
            None
        };
        (0..3).filter_map(|_| one()).min()
    };
    let (Some(few), Some(many)) = (least(small), least(8 * small)) else {
        eprintln!("skipped: this system does not tell what a thread did");
        return;
    };
    assert!(many < few * 32, "{what}: {small} cost {few} ns, eight times as many {many} ns");
}

fn errors(files: &[(&str, &str)]) -> Vec<String> {
    build(&tree(files), "", &fifo()).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn cycles_and_explosions_end() {
    for (inner, shown) in [("..", "."), (".", "a"), ("../a", "a")] {
        let text = format!("resources: ['{inner}']");
        let said = errors(&[("kustomization.yaml", "resources: [a]"), ("a/kustomization.yaml", &text)]);
        assert_eq!(
            said,
            [format!(
                "a/kustomization.yaml:1:13: resources[0]: `{inner}` is a cycle: {shown} is being built within {}",
                if inner == ".." { "." } else { "a" }
            )]
        );
    }
    // Each level names the next one twice, under two prefixes: two to the power of the depth.
    let mut doubling = MemoryTree::new();
    for level in 0..30 {
        for side in ["l", "r"] {
            let text = format!("namePrefix: {side}-\nresources: [../{}]", level + 1);
            doubling.insert(format!("{level}{side}/kustomization.yaml"), text);
        }
        doubling.insert(format!("{level}/kustomization.yaml"), format!("resources: [../{level}l, ../{level}r]"));
    }
    doubling.insert("30/kustomization.yaml", "resources: [a.yaml]");
    doubling.insert("30/a.yaml", MAP);
    let said = build(&doubling, "0", &fifo()).unwrap_err().to_string();
    assert!(said.contains("more than 10000 kustomizations"), "{said}");
    // Each folder names the next one: no cycle, and a piece of the stack for each.
    let mut chain = MemoryTree::new();
    for level in 0..5_000 {
        chain.insert(format!("{level}/kustomization.yaml"), format!("resources: [../{}]", level + 1));
    }
    let said = build(&chain, "0", &fifo()).unwrap_err().to_string();
    assert_eq!(
        said,
        "63/kustomization.yaml:1:13: resources[0]: `../64` is nested deeper than 64 kustomizations; name it further up"
    );
    // One large file, read again and again.
    let mut again = MemoryTree::new();
    again.insert("big.yaml", format!("{MAP}# {}", "x".repeat(8 << 20)));
    let names: Vec<String> = (0..100).map(|at| format!("u{at}")).collect();
    for name in &names {
        let text = format!("namePrefix: {name}-\nresources: [../big.yaml]");
        again.insert(format!("{name}/kustomization.yaml"), text);
    }
    again.insert("kustomization.yaml", format!("resources: [{}]", names.join(", ")));
    let options = Options { restrictor: LoadRestrictor::None, ..fifo() };
    let said = build(&again, "", &options).unwrap_err();
    assert_eq!(said.0.len(), 1, "{said}");
    assert!(said.to_string().contains("bytes in one unit"), "{said}");
}

#[test]
fn a_mistake_in_one_folder_is_no_cycle_for_the_next() {
    let said = errors(&[
        ("kustomization.yaml", "resources: [a, b]"),
        ("a/kustomization.yaml", "resources: [../c, ../none]"),
        ("b/kustomization.yaml", "resources: [../c, ../a]"),
        ("c/kustomization.yaml", "resources: [none]"),
    ]);
    assert!(said.iter().all(|said| said.ends_with("does not exist")), "{said:?}");
}

#[test]
fn patches_end_however_they_are_written() {
    let object = || json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}});
    // Each copy doubles what is there.
    let doubling: String = (0..64).map(|at| format!("- {{op: copy, from: /data, path: /data/c{at}}}\n")).collect();
    let mut copied = object();
    let error = ObjectPatch::parse(&doubling).unwrap().apply(&mut copied).unwrap_err();
    assert!(error.to_string().contains("copies more than"), "{error}");
    assert_eq!(copied, object());
    let mut copied = object();
    let few = "[{op: copy, from: /data, path: /data/c}, {op: copy, from: /data/c/k, path: /data/d}]";
    ObjectPatch::parse(few).unwrap().apply(&mut copied).unwrap();
    assert_eq!(copied["data"], json!({"k": "v", "c": {"k": "v"}, "d": "v"}));
    let wrong = "[{op: copy, from: /data, path: /data/c}, {op: remove, path: /none}]";
    let error = ObjectPatch::parse(wrong).unwrap().apply(&mut copied).unwrap_err();
    assert!(error.to_string().contains("operation '/1' failed at path '/none'"), "{error}");
    let deep = format!("[{{op: add, path: '{}', value: x}}]", "/a".repeat(300));
    assert!(ObjectPatch::parse(&deep).unwrap_err().to_string().contains("deeper than any object"));
    // Thousands of ports under one number, patched by as many: no square.
    let merge = |count: usize| {
        let ports = |from: usize| -> Vec<Value> {
            (from..from + count).map(|at| json!({"port": 80, "protocol": format!("P{at}")})).collect()
        };
        let mut service =
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": ports(0)}});
        let patch = json!({"spec": {"ports": ports(count / 2)}}).to_string();
        ObjectPatch::parse(&patch).unwrap().apply(&mut service).unwrap();
        assert_eq!(service["spec"]["ports"].as_array().unwrap().len(), count + count / 2);
    };
    grows_no_faster_than_the_input("ports that merge", merge, 1_250);
}

#[test]
fn numbers_among_annotations_are_kept_as_written_or_refused() {
    let with = |value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n    v: {value}\n")
    };
    let annotation = |value: &str| {
        let tree = tree(&[("kustomization.yaml", "resources: [a.yaml]"), ("a.yaml", &with(value))]);
        let built = build(&tree, "", &fifo()).unwrap();
        built.objects[0].value["metadata"]["annotations"]["v"].clone()
    };
    assert_eq!(annotation("1.10"), "1.10");
    assert_eq!(annotation("0x10"), "0x10");
    assert_eq!(annotation("true"), "true");
    let said = errors(&[("kustomization.yaml", "resources: [a.yaml]"), ("a.yaml", &with("!!int \"7\""))]);
    assert!(said[0].contains("`metadata.annotations.v` must be a text; quote it"), "{said:?}");
    // All in one line, far to the right: told, and not looked for again and again.
    let one = |at: usize| {
        format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"m{at}","annotations":{{"v":1}}}}}}"#)
    };
    let all_in_one_line = |count: usize| {
        let items: Vec<String> = (0..count).map(one).collect();
        let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, items.join(","));
        let said = errors(&[("kustomization.yaml", "resources: [a.json]"), ("a.json", &list)]);
        assert!(said.len() * 100 > count * 90 && said[0].contains("quote it"), "{} of {count}", said.len());
    };
    grows_no_faster_than_the_input("mistakes in one line", all_in_one_line, 1_500);
}

#[test]
fn the_work_grows_with_the_objects_not_with_their_square() {
    let made = |count: usize| {
        let mut objects = String::new();
        let mut patches = String::new();
        for at in 0..count {
            write!(objects, "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{at}}}\ndata: {{a: b}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at}}}\nspec: {{volumes: [{{name: v, configMap: {{name: m{at}}}}}]}}\n---\n").unwrap();
            writeln!(patches, "- patch: '{{apiVersion: v1, kind: Pod, metadata: {{name: p{at}}}, spec: {{a: b}}}}'")
                .unwrap();
        }
        let kustomization = format!(
            "namePrefix: x-\nnamespace: ns\ncommonLabels: {{l: m}}\nresources: [all.yaml]\npatches:\n{patches}"
        );
        let tree = tree(&[("kustomization.yaml", &kustomization), ("all.yaml", &objects)]);
        let built = build(&tree, "", &Options::default()).unwrap();
        assert_eq!(built.objects.len(), 2 * count);
        assert!(built.objects.iter().all(|object| object.value["kind"] != "Pod"
            || object.value["spec"]["volumes"][0]["configMap"]["name"].as_str().unwrap().starts_with("x-m")));
    };
    grows_no_faster_than_the_input("objects, patches and references", made, 250);
}

/// Builds one kustomization beside `all.yaml`, which is made for each object in turn, and returns the objects.
fn built(kustomization: &str, count: usize, object: impl Fn(usize) -> String) -> Vec<Value> {
    let objects: Vec<String> = (0..count).map(object).collect();
    let text = format!("resources: [all.yaml]\n{kustomization}");
    let tree = tree(&[("kustomization.yaml", &text), ("all.yaml", &objects.join("\n---\n"))]);
    let built = build(&tree, "", &fifo()).unwrap_or_else(|errors| panic!("{errors}"));
    built.objects.into_iter().map(|object| object.value.into()).collect()
}

fn each(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join("\n")
}

#[test]
fn replacements_by_name_look_at_no_other_object() {
    // Each has one object of its own to read from and one to write to; every name is in every second namespace as well.
    let values = |count: usize| {
        let list = each(count, |at| {
            format!(
                "- {{source: {{kind: ConfigMap, name: m{at}, fieldPath: data.a}}, targets: [{{select: {{kind: Pod, name: p{at}}}, fieldPaths: [spec.a]}}]}}"
            )
        });
        let all = built(&format!("replacements:\n{list}"), count, |at| {
            format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m{at}}}, data: {{a: v{at}}}}}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p{at}}}, spec: {{a: b}}}}"
            )
        });
        assert!((0..count).all(|at| all[2 * at + 1]["spec"]["a"] == format!("v{at}")));
    };
    grows_no_faster_than_the_input("replacements by name", values, 250);
    let one_name = |count: usize| {
        let list = each(count, |at| {
            format!(
                "- {{source: {{kind: ConfigMap, name: m, namespace: n{at}, fieldPath: data.a}}, targets: [{{select: {{kind: ConfigMap, name: m, namespace: n{at}}}, fieldPaths: [data.b]}}]}}"
            )
        });
        let all = built(&format!("replacements:\n{list}"), count, |at| {
            format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m, namespace: n{at}}}, data: {{a: v{at}, b: x}}}}"
            )
        });
        assert!((0..count).all(|at| all[at]["data"]["b"] == format!("v{at}")));
    };
    grows_no_faster_than_the_input("replacements by name and namespace", one_name, 250);
    // What a replacement renames is found by both names afterwards.
    let renamed = |count: usize| {
        let list = each(count, |at| {
            format!(
                "- {{sourceValue: new{at}, targets: [{{select: {{kind: ConfigMap, name: m{at}}}, fieldPaths: [metadata.name]}}]}}\n- {{sourceValue: v, targets: [{{select: {{kind: ConfigMap, name: new{at}}}, fieldPaths: [data.a]}}]}}"
            )
        });
        let all = built(&format!("replacements:\n{list}"), count, |at| {
            format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m{at}}}, data: {{a: b}}}}")
        });
        assert!((0..count).all(|at| all[at]["metadata"]["name"] == format!("new{at}") && all[at]["data"]["a"] == "v"));
    };
    grows_no_faster_than_the_input("replacements that rename", renamed, 200);
}

#[test]
fn one_name_in_many_namespaces_is_referred_to_at_no_extra_cost() {
    let bindings = |count: usize| {
        let all = built("namePrefix: x-", count, |at| {
            format!(
                "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: sa, namespace: n{at}}}}}\n---\n{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: b{at}}}, roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}, subjects: [{{kind: ServiceAccount, name: sa, namespace: n{at}}}]}}"
            )
        });
        assert!(all.iter().all(|object| object["kind"] == "ServiceAccount" || object["subjects"][0]["name"] == "x-sa"));
    };
    grows_no_faster_than_the_input("cluster-scoped referrers", bindings, 250);
    let pods = |count: usize| {
        let all = built("nameSuffix: -x", count, |at| {
            format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m, namespace: n{at}}}}}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: n{at}}}, spec: {{volumes: [{{name: v, configMap: {{name: m}}}}]}}}}"
            )
        });
        assert!(
            all.iter()
                .all(|object| object["kind"] == "ConfigMap"
                    || object["spec"]["volumes"][0]["configMap"]["name"] == "m-x")
        );
    };
    grows_no_faster_than_the_input("referrers in namespaces", pods, 250);
    // One RoleBinding that binds an account of each namespace.
    let bound = |count: usize| {
        let subjects = each(count, |at| format!("- {{kind: ServiceAccount, name: sa, namespace: n{at}}}"));
        let binding = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b, namespace: n0}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}}\nsubjects:\n{subjects}"
        );
        let all = built("namePrefix: x-", count + 1, |at| {
            if at == count {
                return binding.clone();
            }
            format!("{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: sa, namespace: n{at}}}}}")
        });
        let subjects = all[count]["subjects"].as_array().unwrap();
        assert!(subjects.len() == count && subjects.iter().all(|subject| subject["name"] == "x-sa"));
    };
    grows_no_faster_than_the_input("subjects of one binding", bound, 500);
}

#[test]
fn images_are_found_by_name() {
    let images = |count: usize| {
        let list = each(count, |at| format!("- {{name: ghcr.io/org/app-{at}, newTag: v{at}}}"));
        let all = built(&format!("images:\n{list}"), count, |at| {
            format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p{at}}}, spec: {{containers: [{{name: c, image: 'ghcr.io/org/app-{at}:old'}}]}}}}"
            )
        });
        let image = |at: usize| format!("ghcr.io/org/app-{at}:v{at}");
        assert!((0..count).all(|at| all[at]["spec"]["containers"][0]["image"] == image(at)));
    };
    grows_no_faster_than_the_input("images", images, 200);
}

#[test]
fn patches_that_delete_or_rename_look_at_no_other_object() {
    let object = |at: usize| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m{at}}}, data: {{a: b}}}}");
    let deleted = |count: usize| {
        let list = each(count - 1, |at| {
            format!("- patch: '{{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {{name: m{at}}}}}'")
        });
        assert_eq!(built(&format!("patches:\n{list}"), count, object).len(), 1);
    };
    grows_no_faster_than_the_input("patches that delete", deleted, 250);
    let renamed = |count: usize| {
        let list = each(count, |at| {
            format!(
                "- {{target: {{kind: ConfigMap, name: m{at}}}, options: {{allowNameChange: true}}, patch: '{{apiVersion: v1, kind: ConfigMap, metadata: {{name: new{at}}}}}'}}"
            )
        });
        let all = built(&format!("patches:\n{list}"), count, object);
        assert!((0..count).all(|at| all[at]["metadata"]["name"] == format!("new{at}")));
    };
    grows_no_faster_than_the_input("patches that rename", renamed, 250);
    let components = |count: usize| {
        let mut tree = MemoryTree::new();
        tree.insert("all.yaml", each(count, |at| format!("---\n{}", object(at))));
        let list = each(count, |at| format!("- c{at}"));
        tree.insert("kustomization.yaml", format!("resources: [all.yaml]\ncomponents:\n{list}"));
        for at in 0..count {
            let patch = format!("apiVersion: v1, kind: ConfigMap, metadata: {{name: m{at}}}, data: {{a: c}}");
            let text = format!(
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{{patch: '{{{patch}}}'}}]"
            );
            tree.insert(format!("c{at}/kustomization.yaml"), text);
        }
        let built = build(&tree, "", &fifo()).unwrap();
        assert!(built.objects.len() == count && built.objects.iter().all(|one| one.value["data"]["a"] == "c"));
    };
    grows_no_faster_than_the_input("components", components, 250);
}
