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

/// Eight times the input may cost half of what the square would: four times as much for each as before. The least of some
/// tries counts, since what a processor does besides is never less than nothing.
fn grows_no_faster_than_the_input(what: &str, run: impl Fn(usize), small: usize) {
    let least = |count: usize| {
        let one = || {
            let before = work()?;
            run(count);
            Some(work()? - before)
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
                "a/kustomization.yaml:1:13: `{inner}` is a cycle: {shown} is being built within {}",
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
    assert_eq!(said, "63/kustomization.yaml:1:13: `../64` is nested deeper than 64 kustomizations; name it further up");
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
