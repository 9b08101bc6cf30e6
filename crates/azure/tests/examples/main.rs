//! Every request that Teal makes is shaped like Microsoft's official example, and every official answer is read: over
//! all files of `../shared/azure-examples`. A clone without that folder passes and says what it skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod calls;
mod files;

use std::collections::BTreeSet;

use files::{Example, all, keys};
use teal_azure::Request;

/// The example's request and Teal's, side by side.
fn compare(example: &Example, ours: &Request, known: &BTreeSet<String>) -> Vec<String> {
    let asked = example.request.as_ref().unwrap();
    let mut wrong = Vec::new();
    if asked.method != ours.method.as_str() {
        wrong.push(format!("method {} instead of {}", ours.method.as_str(), asked.method));
    }
    let (want, got) = (asked.path.to_ascii_lowercase(), ours.path().to_ascii_lowercase());
    if want != got {
        wrong.push(format!("path {got} instead of {want}"));
    }
    let names: BTreeSet<&str> = asked.query.iter().map(|(name, _)| name.as_str()).collect();
    for (name, _) in &ours.query {
        if !names.contains(name) {
            wrong.push(format!("query parameter {name} is in no example"));
        }
    }
    assert!(!ours.version.is_empty() && names.contains("api-version"));
    match (&asked.body, &ours.body) {
        (None, Some(_)) => wrong.push("a body where the example has none".into()),
        (Some(_), None) => wrong.push("no body where the example has one".into()),
        (Some(_), Some(body)) => {
            wrong.extend(
                keys(body).difference(known).map(|key| format!("the key {key} is in no example of this service")),
            );
        }
        (None, None) => {}
    }
    wrong
}

#[test]
fn every_request_is_shaped_like_the_official_one() {
    let Some(examples) = all() else { return };
    let (mut compared, mut left, mut wrong) = (0, 0, Vec::new());
    for example in examples.iter().filter(|example| example.request.is_some()) {
        let known = files::known_keys(&examples, &example.service);
        match calls::ours(example) {
            calls::Ours::Made(request) => {
                compared += 1;
                let found = compare(example, &request, &known);
                wrong.extend(found.into_iter().map(|why| format!("{}: {why}", example.file)));
            }
            calls::Ours::NeverMade => left += 1,
            calls::Ours::Unknown => {
                wrong.push(format!("{}: say in calls.rs whether Teal makes {}", example.file, example.operation))
            }
        }
    }
    println!("{compared} requests compared, {left} of operations that Teal never asks for");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared >= 60, "only {compared}");
}

#[test]
fn every_answer_is_read() {
    let Some(examples) = all() else { return };
    let (mut read, mut wrong) = (0, Vec::new());
    for example in &examples {
        for body in &example.answers {
            read += 1;
            if let Err(why) = answers::read(example, body) {
                wrong.push(format!("{}: {why}", example.file));
            }
        }
    }
    println!("{read} answers read, of {} files", examples.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read >= 140, "only {read}");
}

#[test]
fn a_wrong_shape_would_be_found() {
    let Some(examples) = all() else { return };
    let example = examples
        .iter()
        .find(|example| example.file.ends_with("RecordSets_CreateOrUpdate_createARecordset.json"))
        .unwrap();
    let known = files::known_keys(&examples, "dns");
    let calls::Ours::Made(right) = calls::ours(example) else { panic!("not made") };
    assert!(compare(example, &right, &known).is_empty());
    let mut keyed = right.clone();
    // The private service's key in the public one.
    keyed.body = Some(serde_json::json!({"properties": {"ttl": 1, "aRecords": [{"ipv4Address": "10.0.0.1"}]}}));
    assert_eq!(compare(example, &keyed, &known).len(), 3);
    assert_eq!(compare(example, &right.clone().at(&["more"]), &known).len(), 1);
    assert_eq!(compare(example, &right.with("odd", "1"), &known).len(), 1);
}
