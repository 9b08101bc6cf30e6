//! The custom role of `docs/how-to/azure-identity.md`: enough on one record set, and good for no other.

use serde_json::{Value, json};
use teal_targets::{Retry, Tag, Target};

use crate::azure::{SWITCHER, id, options};
use crate::azure_dns::{AzureBench, Kind, ZONE, record, refused};
use crate::suite::{Bench, to};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/azure-identity.md");

/// The role as the page shows it.
fn role() -> Value {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (_, rest) = page.split_once("```json\n").expect("a role definition");
    let (text, _) = rest.split_once("```").expect("its end");
    serde_json::from_str(text).unwrap()
}

fn on(scope: &str) -> Value {
    json!({"principal": SWITCHER, "actions": role()["Actions"], "scope": scope})
}

#[test]
fn it_reads_and_writes_and_no_more() {
    let role = role();
    let actions: Vec<&str> = role["Actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(actions.len(), 16, "four types of record, public and private, read and written");
    for action in actions {
        let sets = action.starts_with("Microsoft.Network/dnsZones/")
            || action.starts_with("Microsoft.Network/privateDnsZones/");
        assert!(sets && (action.ends_with("/read") || action.ends_with("/write")) && !action.contains('*'), "{action}");
    }
    for key in ["Name", "Description", "NotActions", "AssignableScopes"] {
        assert!(role.get(key).is_some(), "`az role definition create` wants {key}");
    }
}

#[tokio::test]
async fn on_a_record_set_it_is_enough_for_that_set_alone() {
    for kind in [Kind::A, Kind::Aaaa, Kind::Cname, Kind::Alias, Kind::PrivateA, Kind::PrivateCname] {
        let bench = AzureBench::start(kind).await;
        let before = bench.properties().await;
        bench.write("other", before).await;
        bench.azure.only_assigned(vec![on(&kind.set("aks"))]).await;
        let target = bench.target();
        let read = target.read().await.unwrap();
        let written = target.commit(&read.tag, Some(&to(bench.green(), 10)), b"op 1").await.unwrap();
        assert_eq!((written.value, written.ledger.as_deref()), (Some(bench.green()), Some(&b"op 1"[..])), "{kind:?}");
        let error = refused(bench.named("other").read().await);
        assert_eq!((error.reason(), error.retry()), ("Denied", Retry::WhenConfigChanges), "{kind:?}: {error}");
        let error = refused(bench.named("other").commit(&read.tag, Some(&to(bench.green(), 10)), b"op 2").await);
        assert_eq!(error.reason(), "Denied", "{kind:?}: {error}");
    }
}

#[tokio::test]
async fn with_reader_on_the_zone_nothing_is_left_unseen() {
    for kind in [Kind::A, Kind::PrivateA] {
        let bench = AzureBench::start(kind).await;
        let zone = kind.set("aks").split("/A/").next().unwrap().to_owned();
        let reader = json!({"principal": SWITCHER, "role": "Reader", "scope": zone});
        bench.azure.only_assigned(vec![on(&kind.set("aks")), reader]).await;
        let found = bench.target().preflight().await.unwrap();
        assert!(found.iter().all(|finding| !finding.refuse), "{found:?}");
        // A record that is not there yet asks the SOA how long that is remembered.
        assert_eq!(bench.missing().read().await.unwrap().tag, Tag::absent());
    }
}

#[tokio::test]
async fn on_a_ledger_s_own_record_it_is_enough_to_begin_one() {
    for (private, zones, kind) in [(false, "dnsZones", Kind::A), (true, "privateDnsZones", Kind::PrivateA)] {
        let bench = AzureBench::start(kind).await;
        let set = id(&format!("Microsoft.Network/{zones}/{ZONE}/TXT/_teal"));
        let zone = set.split("/TXT/").next().unwrap().to_owned();
        let reader = json!({"principal": SWITCHER, "role": "Reader", "scope": zone});
        bench.azure.only_assigned(vec![on(&set), reader]).await;
        let target =
            Target::ledger_only(&record("_teal", Vec::new()), private, &bench.azure.access(), options()).unwrap();
        let absent = target.read().await.unwrap();
        let written = target.commit(&absent.tag, None, b"first").await.unwrap();
        assert_eq!(written.ledger.as_deref(), Some(&b"first"[..]));
    }
}
