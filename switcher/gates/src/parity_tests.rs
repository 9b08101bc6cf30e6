use super::*;
use crate::report::Outcome::{Fail, Inconclusive, Pass};
use serde_json::json;
use teal_api::unit::Problem;

fn sync(digest: &str) -> SyncObject {
    serde_json::from_value(json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": "fleet"},
        "spec": {"color": "blue", "source": {"url": "https://git/x"}},
        "status": {"fleetDigest": digest, "clusterUid": "u1", "parity": {"digest": "x", "keyId": "k1", "objects": 2, "equal": 2}}}))
    .unwrap()
}

fn shard(entries: &[(&str, &str)]) -> InventorySpec {
    let entries: Vec<_> = entries
        .iter()
        .map(|(id, parity)| json!({"id": id, "unit": "apps-1", "uid": "x", "digest": parity, "parity": parity}))
        .collect();
    serde_json::from_value(
        json!({"sync": "fleet", "shard": "", "clusterUid": "u1", "digestVersion": 1, "entries": entries}),
    )
    .unwrap()
}

fn unit(objects: u32, ready: u32, problems: Vec<Problem>) -> (String, UnitStatus) {
    ("apps-1".to_owned(), UnitStatus { objects, ready, problems, ..UnitStatus::default() })
}

fn problem(subject: &str, reason: &str) -> Problem {
    Problem { subject: subject.to_owned(), reason: reason.to_owned(), message: "because".to_owned() }
}

const WEB: (&str, &str) = ("apps/Deployment/shop/web", "d1");
const CONFIG: (&str, &str) = ("/ConfigMap/shop/config", "d2");

fn good(entries: &[(&str, &str)]) -> ClusterFacts {
    facts(&sync("f1"), &[shard(entries)], &[]).unwrap()
}

#[test]
fn equal_clusters_pass_and_every_difference_is_named() {
    let both = good(&[WEB, CONFIG]);
    let drifted =
        facts(&sync("f1"), &[shard(&[WEB, CONFIG])], &[unit(2, 1, vec![problem("ConfigMap shop/config", "Drifted")])])
            .unwrap();
    for (rule, other, minimum, want, words) in [
        ("equal", both.clone(), 100.0, Pass, "2 of 2 declared objects are equal on blue and green (100 %)"),
        ("one is missing", good(&[WEB]), 100.0, Fail, "1 missing"),
        ("half is enough when that is declared", good(&[WEB]), 50.0, Pass, "1 of 2"),
        ("another content", good(&[WEB, ("/ConfigMap/shop/config", "d9")]), 100.0, Fail, "1 unequal"),
        (
            "drift under repair holds and does not refuse",
            drifted,
            100.0,
            Inconclusive,
            "1 drifted; they are still settling",
        ),
        (
            "another tree gives no number",
            facts(&sync("f2"), &[shard(&[WEB])], &[]).unwrap(),
            100.0,
            Inconclusive,
            "different fleets",
        ),
    ] {
        let measured = judge(("blue", &both), ("green", &other), minimum);
        assert_eq!(measured.report.outcome, want, "{rule}: {}", measured.report);
        assert!(measured.report.message.contains(words), "{rule}: {}", measured.report);
        assert_eq!(measured.ratio.is_none(), words == "different fleets", "{rule}");
    }
}

#[test]
fn sides_have_their_own_names() {
    let measured = judge(("green", &good(&[WEB, CONFIG])), ("blue", &good(&[WEB])), 100.0);
    assert_eq!(measured.differing, ["missing ConfigMap shop/config: blue does not declare it"]);
    for (text, want) in [
        ("blue: namespace green is terminating", "east: namespace green is terminating"),
        ("green does not declare it", "west does not declare it"),
        ("greenish: no side", "greenish: no side"),
        ("the clusters are at different fleets: f1 and f2", "the clusters are at different fleets: f1 and f2"),
    ] {
        assert_eq!(sides(text, "east", "west"), want, "only the side is renamed");
    }
}

#[test]
fn a_cut_list_never_makes_a_cluster_look_better() {
    let names: Vec<String> = (0..60).map(|n| format!("/ConfigMap/shop/c{n:02}")).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "d")).collect();
    let problems = (0..50).map(|n| problem(&format!("ConfigMap shop/c{n:02}"), "NotReady")).collect();
    let ill = facts(&sync("f1"), &[shard(&entries)], &[unit(60, 2, problems)]).unwrap();
    let measured = judge(("blue", &good(&entries)), ("green", &ill), 100.0);
    assert_eq!(measured.objects["not_ready"], 58, "{:?}", measured.objects);
}

#[test]
fn another_clusters_inventory_is_refused() {
    let mut foreign = shard(&[WEB]);
    foreign.cluster_uid = "u2".to_owned();
    assert!(facts(&sync("f1"), &[foreign], &[]).unwrap_err().contains("another cluster"));
}

#[test]
fn what_is_only_claimed_is_not_equal() {
    let mut claimed = shard(&[WEB]);
    claimed.entries[0].uid = None;
    let claimed = facts(&sync("f1"), &[claimed], &[]).unwrap();
    assert_eq!(judge(("blue", &good(&[WEB])), ("green", &claimed), 100.0).report.outcome, Inconclusive);
}
