//! A record that external-dns owns, too, is found before a move, however its texts are named.

use serde_json::json;
use teal_targets::{Finding, Target};

use crate::azure::id;
use crate::azure_dns::{AzureBench, Kind, PRIVATE_V, V, ZONE, refused};
use crate::suite::Bench;

async fn both() -> [AzureBench; 2] {
    [AzureBench::start(Kind::A).await, AzureBench::start(Kind::PrivateA).await]
}

fn zones(bench: &AzureBench) -> &'static str {
    if bench.kind.private() { "privateDnsZones" } else { "dnsZones" }
}

async fn text(bench: &AzureBench, name: &str, text: &str) {
    let (ttl, texts, version) =
        if bench.kind.private() { ("ttl", "txtRecords", PRIVATE_V) } else { ("TTL", "TXTRecords", V) };
    let set = id(&format!("Microsoft.Network/{}/{ZONE}/TXT/{name}", zones(bench)));
    bench.azure.put(&set, version, json!({"properties": {ttl: 300, texts: [{"value": [text]}]}})).await;
}

async fn forget(bench: &AzureBench, name: &str) {
    let version = if bench.kind.private() { PRIVATE_V } else { V };
    let set = id(&format!("Microsoft.Network/{}/{ZONE}/TXT/{name}", zones(bench)));
    bench.azure.by_hand(teal_azure::Method::Delete, &set, version, None).await;
}

const HERITAGE: &str = "\"heritage=external-dns,external-dns/owner=prod,external-dns/resource=ingress/shop/web\"";

async fn lists(bench: &AzureBench) -> usize {
    bench.azure.asked("GET", &format!("Microsoft.Network/{}/*", zones(bench))).await
}

async fn refusals(target: &Target) -> Vec<String> {
    let found = target.preflight().await.unwrap();
    found.into_iter().filter(|one| one.refuse).map(|one| one.what).collect()
}

#[tokio::test]
async fn a_record_of_external_dns_is_found_whatever_its_texts_are_called() {
    for bench in both().await {
        let target = bench.target();
        assert_eq!(target.preflight().await.unwrap(), []);
        for names in [
            &["aks", "a-aks"][..],
            &["externaldns-aks", "externaldns-a-aks"],
            &["_extdns.a-aks"],
            &["a-externaldns-aks"],
            &["aks-externaldns"],
        ] {
            for name in names {
                text(&bench, name, HERITAGE).await;
            }
            let found = refusals(&target).await;
            let told = format!(
                "aks.contoso.test belongs to external-dns (owner `prod` for ingress/shop/web, TXT at {})",
                {
                    let mut sorted = names.to_vec();
                    sorted.sort_unstable();
                    sorted
                }
                .join(", ")
            );
            assert!(found.len() == 1 && found[0].starts_with(&told), "{names:?}: {found:?}");
            for name in names {
                forget(&bench, name).await;
            }
            assert_eq!(refusals(&target).await, [""; 0], "{names:?}: gone");
        }
    }
}

#[tokio::test]
async fn the_texts_of_other_records_and_other_texts_refuse_nothing() {
    for bench in both().await {
        let a = |name: &str| bench.kind.set(name);
        let (ttl, records, version) =
            if bench.kind.private() { ("ttl", "aRecords", PRIVATE_V) } else { ("TTL", "ARecords", V) };
        for name in ["aks-blue", "other", "other-aks"] {
            let body = json!({"properties": {ttl: 60, records: [{"ipv4Address": "10.9.0.4"}]}});
            bench.azure.put(&a(name), version, body).await;
        }
        for name in ["a-aks-blue", "aks-blue", "externaldns-a-other", "a-other-aks", "externaldns-a-other-aks"] {
            text(&bench, name, HERITAGE).await;
        }
        text(&bench, "aks", "v=spf1 -all").await;
        assert_eq!(bench.target().preflight().await.unwrap(), []);
        // Another type at the same name is told, and is none of this record's.
        text(&bench, "aaaa-aks", HERITAGE).await;
        let found = bench.target().preflight().await.unwrap();
        let [Finding { refuse: false, what }] = &found[..] else { panic!("{found:?}") };
        assert!(what.contains("another type of record at aks.contoso.test"), "{what}");
    }
}

#[tokio::test]
async fn two_that_own_it_are_both_named() {
    let bench = AzureBench::start(Kind::A).await;
    text(&bench, "blue-a-aks", &HERITAGE.replace("prod", "blue")).await;
    text(&bench, "green-a-aks", &HERITAGE.replace("prod", "green")).await;
    let found = refusals(&bench.target()).await;
    assert!(found.len() == 2 && found[0].contains("owner `blue`") && found[1].contains("owner `green`"), "{found:?}");
}

/// A zone may have thousands of sets: it is listed by pages, once a look, and not again while what was found stands.
#[tokio::test]
async fn a_zone_is_listed_once_a_look_by_pages_and_within_bounds() {
    let bench = AzureBench::start(Kind::A).await;
    bench.azure.settings(json!({"pageSize": 2})).await;
    for at in 0..7 {
        text(&bench, &format!("t{at}"), "v=spf1 -all").await;
    }
    let target = bench.target();
    let before = lists(&bench).await;
    assert_eq!(target.preflight().await.unwrap(), []);
    assert_eq!(lists(&bench).await - before, 4, "four pages of TXT sets, and nothing else");
    text(&bench, "zz-a-aks", HERITAGE).await;
    assert_eq!(refusals(&target).await.len(), 1, "on the last page");
    let before = lists(&bench).await;
    assert_eq!(refusals(&target).await.len(), 1);
    assert_eq!(lists(&bench).await - before, 1, "one GET of what was found");

    bench.azure.settings(json!({"pageSize": 1})).await;
    forget(&bench, "zz-a-aks").await;
    for at in 0..20 {
        text(&bench, &format!("u{at}"), "v=spf1 -all").await;
    }
    text(&bench, "a-aks", HERITAGE).await;
    text(&bench, "zz", "v=spf1 -all").await;
    let found = target.preflight().await.unwrap();
    assert!(found.iter().any(|one| one.refuse), "what is found on the first pages counts: {found:?}");
    let bounded = found.iter().filter(|one| !one.refuse && one.what.contains("only the first 20 were searched"));
    assert_eq!(bounded.count(), 1, "{found:?}");
}

#[tokio::test]
async fn who_may_not_list_is_told_and_holds_nothing_and_a_failed_list_is_no_clear_answer() {
    for bench in both().await {
        let role = if bench.kind.private() { "Private DNS Zone Contributor" } else { "DNS Zone Contributor" };
        bench.azure.only(&[(role, bench.kind.set("aks"))]).await;
        let target = bench.target();
        target.read().await.unwrap();
        let found = target.preflight().await.unwrap();
        let [Finding { refuse: false, what }] = &found[..] else { panic!("{found:?}") };
        let zone = bench.kind.set("aks").split("/A/").next().unwrap().to_owned();
        let grant = format!("grant `Reader` on {zone} to");
        assert!(what.starts_with("it could not be looked at") && what.contains(&grant), "{what}");
        assert_eq!(target.preflight().await.unwrap(), found, "the same words each time");

        bench.azure.only(&[("Owner", "/".to_owned())]).await;
        bench.azure.fault(json!({"method": "GET", "path": "*/TXT*", "fault": {"kind": "error", "status": 503}})).await;
        assert_eq!(refused(target.preflight().await).reason(), "ServerError");
    }
}
