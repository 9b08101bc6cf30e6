//! Private zones, their links and sets.

use serde_json::json;

use crate::kit::{GROUP, Kit, PRIVATE};

#[tokio::test]
async fn a_private_zone_lives_by_operations() {
    let kit = Kit::start().await;
    let zone = format!("{GROUP}{PRIVATE}/corp.internal");
    let begun = kit.put(&zone, json!({"location": "global", "tags": {"a": "b"}})).await;
    assert_eq!(begun.status, 202);
    assert!(begun.header("azure-asyncoperation").len() > 3_000, "signed URLs are long");
    let status = kit.get(begun.header("azure-asyncoperation")).await;
    assert_eq!(status.body["status"], "Succeeded", "{}", status.body);
    let shown = kit.get(&zone).await;
    assert_eq!(shown.body["properties"]["provisioningState"], "Succeeded");
    assert_eq!(shown.body["properties"]["numberOfRecordSets"], 1);
    assert_eq!(shown.body["type"], "Microsoft.Network/privateDnsZones");

    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
    let link =
        json!({"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": true}});
    assert_eq!(kit.put(&format!("{zone}/virtualNetworkLinks/hub"), link.clone()).await.status, 202);
    let shown = kit.get(&format!("{zone}/virtualNetworkLinks/hub")).await;
    assert_eq!(shown.body["properties"]["virtualNetworkLinkState"], "Completed");
    assert_eq!(kit.get(&zone).await.body["properties"]["numberOfVirtualNetworkLinksWithRegistration"], 1);
    assert_eq!(kit.put(&format!("{zone}/virtualNetworkLinks/twice"), link.clone()).await.status, 409);
    let second = kit.private_zone("second.internal").await;
    let registering = kit.put(&format!("{second}/virtualNetworkLinks/hub"), link.clone()).await;
    assert!(
        registering.status == 409 && registering.body.to_string().contains("corp.internal"),
        "{}",
        registering.body
    );
    let resolving = json!({"location": "global", "properties": {"virtualNetwork": {"id": network}}});
    assert_eq!(kit.put(&format!("{second}/virtualNetworkLinks/hub"), resolving).await.status, 202);
    let refused = kit.delete(&zone).await;
    assert_eq!((refused.status.as_u16(), refused.body["error"]["code"].as_str()), (409, Some("CannotDeleteResource")));
    assert_eq!(kit.delete(&format!("{zone}/virtualNetworkLinks/hub")).await.status, 202);
    assert_eq!(kit.delete(&zone).await.status, 202);
    assert_eq!(kit.get(&zone).await.status, 404);
}

#[tokio::test]
async fn private_sets_have_keys_and_names_of_their_own() {
    let kit = Kit::start().await;
    let zone = kit.private_zone("corp.internal").await;
    let body = json!({"properties": {"ttl": 10, "metadata": {"teal": "x"}, "aRecords": [{"ipv4Address": "10.0.0.1"}]}});
    let made = kit.put(&format!("{zone}/A/WWW"), body.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["name"], "www");
    assert_eq!(made.body["type"], "Microsoft.Network/privateDnsZones/A");
    assert!(made.body["id"].as_str().unwrap().ends_with("/privateDnsZones/corp.internal/A/www"));
    assert_eq!(made.body["properties"]["isAutoRegistered"], false);
    assert_eq!(made.body["properties"].get("targetResource"), None);
    assert_eq!(kit.send("PUT", &format!("{zone}/A/www"), &[("if-none-match", "*")], Some(body)).await.status, 412);
    assert_eq!(kit.get(&format!("{zone}/ALL")).await.body["value"].as_array().unwrap().len(), 2);
    for kind in ["NS", "CAA"] {
        assert_eq!(kit.put(&format!("{zone}/{kind}/x"), json!({"properties": {"ttl": 1}})).await.status, 400, "{kind}");
    }
    assert_eq!(kit.delete(&format!("{zone}/SOA/@")).await.status, 400);
}

#[tokio::test]
async fn throttling_is_a_string_in_a_string_and_public_dns_says_it_bare() {
    let kit = Kit::start().await;
    kit.settings(json!({"throttle": {"azureDnsLimits": true}})).await;
    kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    let (zone, private) = (kit.zone("contoso.dev").await, kit.private_zone("corp.internal").await);
    for _ in 0..60 {
        assert_eq!(kit.get(&format!("{zone}/recordsets")).await.status, 200);
    }
    let limited = kit.get(&format!("{zone}/recordsets")).await;
    assert_eq!((limited.status.as_u16(), limited.body["code"].as_str()), (429, Some("TooManyRequests")));
    assert!(limited.header("retry-after").parse::<u32>().unwrap() > 0);
    for at in 0..60 {
        let body = json!({"properties": {"ttl": 10, "aRecords": []}});
        assert_eq!(kit.put(&format!("{private}/A/h{at}"), body).await.status, 201);
    }
    let limited = kit.put(&format!("{private}/A/last"), json!({"properties": {"ttl": 10, "aRecords": []}})).await;
    assert_eq!(limited.status, 429);
    let inner: serde_json::Value = serde_json::from_str(limited.body.as_str().unwrap()).unwrap();
    assert_eq!(inner["code"], "Throttled");
    kit.advance(60.0).await;
    assert_eq!(kit.get(&format!("{zone}/recordsets")).await.status, 200);
}
