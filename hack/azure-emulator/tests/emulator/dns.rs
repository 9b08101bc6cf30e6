//! What the name servers answer.

use azure_emulator::Options;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::json;

use crate::kit::{GROUP, Kit, eventually, query, query_within, texts};

#[tokio::test]
async fn names_are_answered_as_authoritative_servers_do() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    kit.address(&zone, "www", &["192.0.2.1", "192.0.2.2"]).await;
    kit.address(&zone, "*.apps", &["192.0.2.3"]).await;
    kit.address(&zone, "@", &["192.0.2.4"]).await;
    kit.put(
        &format!("{zone}/CNAME/shop"),
        json!({"properties": {"TTL": 30, "CNAMERecord": {"cname": "www.contoso.dev"}}}),
    )
    .await;
    kit.put(
        &format!("{zone}/CNAME/out"),
        json!({"properties": {"TTL": 30, "CNAMERecord": {"cname": "elsewhere.example"}}}),
    )
    .await;
    kit.put(&format!("{zone}/TXT/t"), json!({"properties": {"TTL": 5, "TXTRecords": [{"value": ["a", "b"]}]}})).await;
    kit.put(
        &format!("{zone}/CAA/@"),
        json!({"properties": {"TTL": 5, "caaRecords": [{"flags": 0, "tag": "issue", "value": "ca.example"}]}}),
    )
    .await;

    assert_eq!(kit.ask("WWW.contoso.dev.", RecordType::A).await, ["60 A 192.0.2.1", "60 A 192.0.2.2"]);
    assert_eq!(kit.ask("any.thing.apps.contoso.dev.", RecordType::A).await, ["60 A 192.0.2.3"]);
    assert_eq!(kit.ask("contoso.dev.", RecordType::A).await, ["60 A 192.0.2.4"]);
    assert_eq!(kit.ask("contoso.dev.", RecordType::NS).await.len(), 4);
    assert_eq!(kit.ask("contoso.dev.", RecordType::SOA).await.len(), 1);
    assert_eq!(kit.ask("contoso.dev.", RecordType::CAA).await.len(), 1);
    assert_eq!(
        kit.ask("shop.contoso.dev.", RecordType::A).await,
        ["30 CNAME www.contoso.dev.", "60 A 192.0.2.1", "60 A 192.0.2.2"]
    );
    assert_eq!(kit.ask("out.contoso.dev.", RecordType::A).await, ["30 CNAME elsewhere.example."]);
    assert_eq!(kit.ask("t.contoso.dev.", RecordType::TXT).await.len(), 1);

    for (name, kind, code, authority) in [
        ("absent.contoso.dev.", RecordType::A, ResponseCode::NXDomain, 1),
        ("www.contoso.dev.", RecordType::AAAA, ResponseCode::NoError, 1),
        ("apps.contoso.dev.", RecordType::A, ResponseCode::NoError, 1),
        ("other.example.", RecordType::A, ResponseCode::Refused, 0),
    ] {
        let answer = query(kit.emulator.dns, name, kind, false, None).await.unwrap();
        assert_eq!(answer.metadata.response_code, code, "{name}");
        assert!(answer.answers.is_empty(), "{name}");
        assert_eq!(answer.authorities.len(), authority, "{name}");
        // The SOA's minimum says how long nothing may be remembered.
        assert!(answer.authorities.iter().all(|record| record.ttl == 300), "{name}");
    }
}

#[tokio::test]
async fn a_delegation_comes_with_the_addresses_below_it_and_no_zone_is_handed_out() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let servers = json!([{"nsdname": "ns.team.contoso.dev"}, {"nsdname": "ns.elsewhere.example"}]);
    kit.put(&format!("{zone}/NS/team"), json!({"properties": {"TTL": 60, "NSRecords": servers}})).await;
    kit.address(&zone, "ns.team", &["192.0.2.53"]).await;
    let referral = query(kit.emulator.dns, "www.team.contoso.dev.", RecordType::A, false, None).await.unwrap();
    assert!(!referral.metadata.authoritative && referral.answers.is_empty());
    assert_eq!(referral.authorities.len(), 2);
    let glue: Vec<String> = referral.additionals.iter().map(|one| format!("{} {}", one.name, one.data)).collect();
    assert_eq!(glue, ["ns.team.contoso.dev. 192.0.2.53"]);
    for kind in [RecordType::AXFR, RecordType::IXFR] {
        let answer = query(kit.emulator.dns, "contoso.dev.", kind, true, None).await.unwrap();
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused, "{kind}");
    }
}

#[tokio::test]
async fn questions_are_counted_by_zone_and_by_the_endpoint_that_was_answered() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let profile = format!("{GROUP}/providers/Microsoft.Network/trafficManagerProfiles/tm");
    let endpoint = json!({"name": "blue", "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": "192.0.2.1"}});
    let body = json!({"location": "global", "properties": {"trafficRoutingMethod": "Priority",
        "dnsConfig": {"relativeName": "contoso", "ttl": 0}, "endpoints": [endpoint]}});
    assert_eq!(kit.put(&profile, body).await.status, 201);
    for name in ["a.contoso.dev.", "b.contoso.dev.", "contoso.trafficmanager.net."] {
        kit.ask(name, RecordType::A).await;
    }
    for (resource, metric, filter, total) in
        [(zone, "QueryVolume", "", 2.0), (profile, "QpsByEndpoint", "&$filter=EndpointName%20eq%20'blue'", 1.0)]
    {
        let at = format!(
            "{resource}/providers/Microsoft.Insights/metrics?api-version=2024-02-01&metricnames={metric}&interval=FULL&timespan=PT1H&aggregation=Total{filter}"
        );
        let body = kit.get(&at).await.body;
        assert_eq!(body["value"][0]["timeseries"][0]["data"][0]["total"], total, "{body}");
    }
}

#[tokio::test]
async fn long_answers_go_by_tcp_unless_there_is_room() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let records: Vec<_> = (0..4).map(|at| json!({"value": [format!("{at}").repeat(250)]})).collect();
    kit.put(&format!("{zone}/TXT/long"), json!({"properties": {"TTL": 5, "TXTRecords": records}})).await;
    let short = query(kit.emulator.dns, "long.contoso.dev.", RecordType::TXT, false, None).await.unwrap();
    assert!(short.metadata.truncation && short.answers.is_empty());
    let whole = query(kit.emulator.dns, "long.contoso.dev.", RecordType::TXT, true, None).await.unwrap();
    assert_eq!(whole.answers.len(), 4);
    let roomy = query(kit.emulator.dns, "long.contoso.dev.", RecordType::TXT, false, Some(4_096)).await.unwrap();
    assert!(!roomy.metadata.truncation && roomy.edns.is_some());
    assert_eq!(roomy.answers.len(), 4);
}

#[tokio::test]
async fn servers_hear_of_changes_late_each_by_its_own_lag() {
    let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let kit = Kit::with(Options { dns_servers: vec![free], ..Options::default() }).await;
    kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    let zone = kit.zone("contoso.dev").await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    kit.advance(1000.0).await;
    kit.settings(
        json!({"propagation": {"kinds": {"Microsoft.Network/dnszones/*": {"seconds": 40.0}}, "servers": [0.0, 10.0]}}),
    )
    .await;
    kit.address(&zone, "www", &["192.0.2.2"]).await;
    kit.address(&zone, "www", &["192.0.2.3"]).await;
    let seen = async || {
        let mut seen = Vec::new();
        for server in [kit.emulator.dns, kit.emulator.dns_servers[0]] {
            seen.extend(texts(&query(server, "www.contoso.dev.", RecordType::A, false, None).await.unwrap()));
        }
        seen.iter().map(|one| one.chars().last().unwrap()).collect::<String>()
    };
    assert_eq!(seen().await, "11");
    kit.advance(40.0).await;
    assert_eq!(seen().await, "31");
    kit.advance(10.0).await;
    assert_eq!(seen().await, "33");
    // Deletion lags too, and ARM itself never does.
    kit.delete(&format!("{zone}/A/www")).await;
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.status, 404);
    assert_eq!(seen().await, "33");
    kit.advance(50.0).await;
    assert_eq!(seen().await, "");
}

#[tokio::test]
async fn a_private_zone_hides_the_public_one_of_its_name() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    let private = kit.private_zone("contoso.dev").await;
    assert!(kit.ask("www.contoso.dev.", RecordType::A).await.is_empty());
    kit.put(&format!("{private}/A/www"), json!({"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.0.0.1"}]}}))
        .await;
    assert_eq!(kit.ask("www.contoso.dev.", RecordType::A).await, ["10 A 10.0.0.1"]);
    kit.delete(&private).await;
    assert_eq!(kit.ask("www.contoso.dev.", RecordType::A).await, ["60 A 192.0.2.1"]);
}

#[tokio::test]
async fn an_alias_answers_what_its_target_holds() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let target = kit.address(&zone, "blue", &["192.0.2.1"]).await.body["id"].clone();
    kit.put(&format!("{zone}/A/aks"), json!({"properties": {"TTL": 9, "targetResource": {"id": target}}})).await;
    assert_eq!(kit.ask("aks.contoso.dev.", RecordType::A).await, ["9 A 192.0.2.1"]);
    kit.address(&zone, "blue", &["192.0.2.7"]).await;
    assert_eq!(kit.ask("aks.contoso.dev.", RecordType::A).await, ["9 A 192.0.2.7"]);
    kit.delete(&format!("{zone}/A/blue")).await;
    let emptied = query(kit.emulator.dns, "aks.contoso.dev.", RecordType::A, false, None).await.unwrap();
    assert_eq!((emptied.metadata.response_code, emptied.answers.len()), (ResponseCode::NoError, 0));
}

#[tokio::test]
async fn dns_has_faults_of_its_own() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    kit.fault(json!({"type": "dns", "path": "www.*", "times": 1, "fault": {"kind": "servfail"}})).await;
    let failed = query(kit.emulator.dns, "www.contoso.dev.", RecordType::A, false, None).await.unwrap();
    assert_eq!(failed.metadata.response_code, ResponseCode::ServFail);
    kit.fault(json!({"type": "dns", "times": 1, "fault": {"kind": "drop"}})).await;
    let a_second = std::time::Duration::from_secs(1);
    let dropped = query_within(a_second, kit.emulator.dns, "www.contoso.dev.", RecordType::A, false, None).await;
    assert_eq!(dropped, None);
    eventually(async || kit.get("/_emulator/faults").await.body["value"][1]["struck"].clone(), json!(1)).await;
    assert_eq!(kit.ask("www.contoso.dev.", RecordType::A).await, ["60 A 192.0.2.1"]);
}
