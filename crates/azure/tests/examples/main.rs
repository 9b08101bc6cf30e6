//! Every request that Teal makes is shaped like Microsoft's official example, and every official answer is read: over
//! all files of `../shared/azure-examples`. A clone without that folder passes and says what it skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod calls;
mod compare;
mod deviations;
mod files;

use compare::Found;
use files::{Example, all};
use teal_azure::Request;

#[test]
fn every_request_is_shaped_like_the_official_one() {
    let Some(examples) = all() else { return };
    let (mut compared, mut left, mut found) = (0, 0, Found::default());
    for example in examples.iter().filter(|example| example.request.is_some()) {
        match calls::ours(example) {
            calls::Ours::Made(request) => {
                compared += 1;
                found.compare(example, &request, &files::known_keys(&examples, &example.service));
            }
            calls::Ours::NeverMade => left += 1,
            calls::Ours::Unknown => {
                found.wrong.push(format!("{}: say in calls.rs whether Teal makes {}", example.file, example.operation))
            }
        }
    }
    println!("{compared} requests compared, {left} of operations that Teal never asks for");
    assert!(found.wrong.is_empty(), "{}", found.wrong.join("\n"));
    assert!(found.unneeded().is_empty(), "no example needs these deviations:\n{}", found.unneeded().join("\n"));
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
    let wrong = |file: &str, change: &dyn Fn(&mut Request)| -> Vec<String> {
        let example: &Example = examples.iter().find(|example| example.file.ends_with(file)).unwrap();
        let calls::Ours::Made(mut request) = calls::ours(example) else { panic!("{file} is not made") };
        change(&mut request);
        let mut found = Found::default();
        found.compare(example, &request, &files::known_keys(&examples, &example.service));
        found.wrong
    };
    let set = "RecordSets_CreateOrUpdate_createARecordset.json";
    assert_eq!(wrong(set, &|_| {}), [""; 0]);
    // The private service's keys in the public one: two that are nowhere, and so not in the example; two are missing.
    let private =
        serde_json::json!({"properties": {"ttl": 1, "metadata": {}, "aRecords": [{"ipv4Address": "10.0.0.1"}]}});
    let keyed = wrong(set, &|request| request.body = Some(private.clone()));
    assert!(keyed.iter().any(|why| why.contains("/properties/TTL of the example is missing")), "{keyed:#?}");
    assert!(keyed.iter().any(|why| why.contains("/properties/ttl is in no example")), "{keyed:#?}");
    // Known to the service, and not in this example.
    let alias = |request: &mut Request| request.body.as_mut().unwrap()["properties"]["targetResource"] = "/x".into();
    assert_eq!(wrong(set, &alias).len(), 1);
    assert_eq!(wrong(set, &|request| *request = request.clone().at(&["more"])).len(), 1);
    assert_eq!(wrong(set, &|request| *request = request.clone().with("odd", "1")).len(), 1);
    assert_eq!(wrong(set, &|request| request.version = "2023-07-01-preview").len(), 1);
    assert_eq!(wrong(set, &|request| request.body = None).len(), 1);
    let asked = wrong("Metrics_List_getMetricForData.json", &|request| request.query.clear());
    assert!(asked.iter().any(|why| why.contains("?metricnames of the example is missing")), "{asked:#?}");
}
