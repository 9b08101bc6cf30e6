//! Microsoft's own examples: every request of them is taken, and every field of their answers is in ours.

use std::path::PathBuf;

use serde_json::Value;

use crate::kit::Kit;

/// The examples beside this clone, if they are there.
pub(crate) fn examples(service: &str) -> Option<Vec<(String, Value)>> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/azure-examples").join(service).join("sdk");
    let mut found: Vec<(String, Value)> = std::fs::read_dir(folder)
        .ok()?
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Some(found)
}

/// Fields that an example shows and an answer lacks. Values are the service's own; names and nesting must agree.
pub(crate) fn missing(example: &Value, answer: &Value, at: &str) -> Vec<String> {
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => example
            .iter()
            // Metadata and tags are the caller's: another caller, other keys.
            .filter(|(name, _)| !["metadata", "tags"].contains(&name.as_str()))
            .flat_map(|(name, value)| match answer.get(name) {
                None => vec![format!("{at}/{name}")],
                Some(own) => missing(value, own, &format!("{at}/{name}")),
            })
            .collect(),
        // The first member stands for all; it must have its like among ours.
        (Value::Array(example), Value::Array(answer)) => match example.first() {
            None => Vec::new(),
            Some(one) => {
                let lacking = answer.iter().map(|own| missing(one, own, &format!("{at}/0")));
                lacking.min_by_key(Vec::len).unwrap_or_else(|| vec![format!("{at}/0")])
            }
        },
        (Value::Object(_) | Value::Array(_), _) => vec![format!("{at} (its form)")],
        _ => Vec::new(),
    }
}

/// The path of an example in our subscription.
pub(crate) fn path(example: &Value) -> String {
    let url = example["request"]["url"].as_str().unwrap();
    url.replace("<subscription-id>", "11111111-1111-1111-1111-111111111111")
}

/// Segments of a path from its type's first name on, such as `[zone1, A, record1]`.
fn below_type(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').skip_while(|word| !word.to_lowercase().ends_with("dnszones")).skip(1).map(str::to_owned).collect()
}

/// Makes what an example is about: its zone, and for everything but a PUT the set or link itself, from the example that
/// creates one of its kind.
async fn prepare(kit: &Kit, all: &[(String, Value)], example: &Value) {
    let path = path(example);
    let bare = path.split('?').next().unwrap();
    let names = below_type(&path);
    let creating = |wanted: &dyn Fn(&[String]) -> bool| {
        let mut found = all.iter().filter(|(_, one)| one["request"]["method"] == "PUT");
        found.find(|(_, one)| wanted(&below_type(&self::path(one)))).map(|(_, one)| one["request"]["body"].clone())
    };
    let zone = creating(&|names| names.len() == 1).unwrap();
    let Some(name) = names.first() else {
        // A list of zones: one in a group of its own.
        let (scope, kind) = bare.split_once("/providers/").unwrap();
        let scope =
            if scope.contains("/resourceGroups/") { scope.to_owned() } else { format!("{scope}/resourceGroups/rg1") };
        kit.put(&format!("{scope}/providers/{kind}/zone1"), zone).await;
        return;
    };
    if names.len() == 1 && example["request"]["method"] == "PUT" {
        return;
    }
    let zone_path = &bare[..bare.find(&format!("/{name}")).unwrap() + name.len() + 1];
    assert!(kit.put(zone_path, zone).await.status.is_success());
    if names.len() == 1 || example["request"]["method"] == "PUT" {
        return;
    }
    // A list of all types shows what its example shows first.
    let kind = match names[1].as_str() {
        "ALL" => "A",
        "recordsets" | "all" => "CAA",
        other => other,
    };
    let Some(body) = creating(&|others| others.len() == 3 && others[1] == kind) else {
        panic!("no example makes a {kind}")
    };
    let own = names.get(2).map_or(if kind == "SOA" { "@" } else { "record1" }, String::as_str);
    let answer = kit.put(&format!("{zone_path}/{kind}/{own}"), body).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

/// Sends every example of a service, each to an emulator that holds what it is about.
async fn run(service: &str) {
    let Some(examples) = examples(service) else {
        println!("skipped: there are no ../shared/azure-examples/{service} beside this clone");
        return;
    };
    assert!(!examples.is_empty());
    let kit = Kit::start().await;
    let mut wrong = Vec::new();
    for (name, example) in &examples {
        kit.send("POST", "/_emulator/reset", &[], None).await;
        let path = path(example);
        if !path.contains("getDnsResourceReference") {
            prepare(&kit, &examples, example).await;
        }
        let method = example["request"]["method"].as_str().unwrap();
        let body = Some(example["request"]["body"].clone()).filter(|body| !body.is_null());
        let answer = kit.send(method, &path, &[], body).await;
        if !answer.status.is_success() {
            wrong.push(format!("{name}: {method} {path}: {} {}", answer.status, answer.body));
            continue;
        }
        let accepted = answer.status == 202 && method != "DELETE";
        let shown = if accepted { kit.get(&path).await.body } else { answer.body };
        // What points at nothing has nothing to show.
        if !example["response"].is_null() && !path.contains("getDnsResourceReference") {
            let lacks = missing(&example["response"]["body"], &shown, "");
            wrong.extend(lacks.iter().map(|lack| format!("{name}: lacks {lack}")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn public_dns_takes_every_official_request() {
    run("dns").await;
}

#[tokio::test]
async fn private_dns_takes_every_official_request() {
    run("privatedns").await;
}
