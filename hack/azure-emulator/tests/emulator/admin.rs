//! Faults, counts, the page, bad input to the admin API.

use serde_json::json;

use crate::kit::{Kit, eventually};

/// How often rules have struck.
async fn struck(kit: &Kit) -> u64 {
    let faults = kit.get("/_emulator/faults").await.body;
    faults["value"].as_array().unwrap().iter().map(|rule| rule["struck"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn faults_strike_before_and_after_the_work() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let rule = |fault: serde_json::Value| json!({"method": "PUT", "type": "Microsoft.Network/dnsZones/*", "times": 1, "fault": fault});
    kit.fault(rule(json!({"kind": "error", "status": 503, "retryAfter": 3}))).await;
    let refused = kit.address(&zone, "www", &["192.0.2.1"]).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "3"));
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.status, 404);

    let put = |ttl: u32| Some(json!({"properties": {"TTL": ttl, "ARecords": []}}));
    kit.fault(rule(json!({"kind": "closeBefore"}))).await;
    assert!(kit.try_send("PUT", &format!("{zone}/A/www"), &[], put(1)).await.is_err());
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.status, 404);
    kit.fault(rule(json!({"kind": "closeAfter"}))).await;
    assert!(kit.try_send("PUT", &format!("{zone}/A/www"), &[], put(2)).await.is_err());
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.body["properties"]["TTL"], 2);

    kit.fault(rule(json!({"kind": "late"}))).await;
    let path = format!("{zone}/A/www");
    let held = async {
        eventually(async || struck(&kit).await, 4).await;
        // It has come; whoever waits for its answer waits in vain.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    };
    tokio::select! {
        answered = kit.try_send("PUT", &path, &[], put(5)) => panic!("it was answered: {}", answered.is_ok()),
        () = held => {}
    }
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.body["properties"]["TTL"], 2);
    let arrived = kit.send("POST", "/_emulator/late", &[], None).await;
    assert_eq!(arrived.body["value"], json!([{"method": "PUT", "path": format!("{zone}/A/www"), "status": 200}]));
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.body["properties"]["TTL"], 5);
    assert_eq!(kit.send("POST", "/_emulator/late", &[], None).await.body["value"], json!([]));

    kit.fault(rule(json!({"kind": "busy"}))).await;
    assert_eq!(kit.send("PUT", &format!("{zone}/A/www"), &[], put(3)).await.status, 409);
    kit.fault(rule(json!({"kind": "preconditionFailed"}))).await;
    assert_eq!(kit.send("PUT", &format!("{zone}/A/www"), &[], put(3)).await.status, 412);
    assert_eq!(kit.send("PUT", &format!("{zone}/A/www"), &[], put(4)).await.status, 200);
    kit.fault(json!({"method": "GET", "times": 1, "fault": {"kind": "staleRead"}})).await;
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.body["properties"]["TTL"], 5);
    assert_eq!(kit.get(&format!("{zone}/A/www")).await.body["properties"]["TTL"], 4);
}

#[tokio::test]
async fn the_log_tells_who_asked_what() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    kit.send("DELETE", "/_emulator/requests", &[], None).await;
    kit.send(
        "PUT",
        &format!("{zone}/A/www"),
        &[("if-none-match", "*")],
        Some(json!({"properties": {"TTL": 1, "ARecords": []}})),
    )
    .await;
    kit.get(&format!("{zone}/A/www")).await;
    let counts = kit.get("/_emulator/counts").await;
    let counted: Vec<(String, u64, u64)> = counts.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["method"].as_str().unwrap().to_owned(),
                one["status"].as_u64().unwrap(),
                one["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counted, [("GET".to_owned(), 200, 1), ("PUT".to_owned(), 201, 1)]);
    let log = kit.get("/_emulator/requests?method=PUT&type=Microsoft.Network/dnsZones/*").await;
    assert_eq!(log.body["value"][0]["condition"], "If-None-Match: *");
    assert_eq!(log.body["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_knobs_are_refused_with_all_mistakes() {
    let kit = Kit::start().await;
    for (method, path, body) in [
        ("PATCH", "settings", json!({"pageSise": 3})),
        ("PATCH", "settings", json!({"lro": {"default": {"seconds": -1.0}}})),
        ("POST", "faults", json!({"fault": {"kind": "nonsense"}})),
        ("POST", "faults", json!({"probability": 3, "times": 0, "fault": {"kind": "busy"}})),
        ("POST", "clock", json!({})),
        ("POST", "clock", json!({"scale": -1.0})),
        ("PUT", "access", json!({"strict": true})),
        ("POST", "seed", json!({})),
        ("PUT", "state", json!([])),
    ] {
        let answer = kit.send(method, &format!("/_emulator/{path}"), &[], Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(!answer.body["mistakes"].as_array().unwrap().is_empty(), "{path} {body}");
    }
    assert_eq!(kit.get("/_emulator/nothing").await.status, 404);
}

#[tokio::test]
async fn the_page_shows_and_escapes() {
    let kit = Kit::start().await;
    kit.zone("contoso.dev").await;
    kit.get("/subscriptions/s/resourceGroups/%3Cscript%3E/providers/Microsoft.Network/dnsZones").await;
    let ca = reqwest::Certificate::from_pem(kit.emulator.ca_pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([ca]).build().unwrap();
    let page = client.get(kit.emulator.url()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("contoso.dev") && page.contains("Microsoft.Network/dnszones"), "{page}");
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn equal_seeds_give_equal_faults() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let kit = Kit::start().await;
        let zone = kit.zone("contoso.dev").await;
        kit.send("POST", "/_emulator/seed", &[], Some(json!({"seed": 42}))).await;
        kit.fault(json!({"method": "GET", "probability": 0.5, "fault": {"kind": "error", "status": 500}})).await;
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(kit.get(&zone).await.status.as_u16());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500));
}

#[tokio::test]
async fn the_date_of_answers_can_be_off() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let off = async || {
        let date = kit.get(&zone).await.header("date").to_owned();
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date).unwrap();
        date.as_second() - jiff::Timestamp::now().as_second()
    };
    assert!(off().await.abs() <= 5);
    for seconds in [3600, -3600] {
        kit.settings(json!({"dateOffset": seconds})).await;
        assert!((off().await - seconds).abs() <= 5, "{seconds}");
    }
    kit.settings(json!({"dateOffset": 0})).await;
    kit.advance(7200.0).await;
    assert!(off().await.abs() <= 5, "the emulated clock is another matter");
}
