//! What tools ask the resource manager before and beside the services: filters, the register, networks.

use serde_json::{Value, json};

use crate::kit::{GROUP, Kit};

const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";

fn names(body: &Value) -> Vec<&str> {
    body["value"].as_array().into_iter().flatten().map(|one| one["name"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn lists_of_resources_and_groups_are_filtered() {
    let kit = Kit::start().await;
    kit.zone("contoso.dev").await;
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
    kit.put(&network, json!({"location": "westeurope", "tags": {"env": "prod"}})).await;
    kit.put(&format!("{SUBSCRIPTION}/resourceGroups/other"), json!({"location": "eastus", "tags": {"env": "test"}}))
        .await;
    for (list, filter, expected) in [
        ("resources", "resourceGroup eq 'rg'", vec!["contoso.dev", "hub"]),
        (
            "resources",
            "resourceGroup eq 'rg' and name eq 'hub' and resourceType eq 'Microsoft.Network/virtualNetworks'",
            vec!["hub"],
        ),
        ("resources", "tagName eq 'env' and tagValue eq 'prod'", vec!["hub"]),
        ("resourceGroups", "tagName eq 'env' and tagValue eq 'test'", vec!["other"]),
        ("resourceGroups", "", vec!["other", "rg"]),
    ] {
        let found = kit.get(&format!("{SUBSCRIPTION}/{list}?$filter={}", filter.replace(' ', "%20"))).await;
        assert_eq!(names(&found.body), expected, "{filter}: {}", found.body);
    }
    let refused = kit.get(&format!("{SUBSCRIPTION}/resources?$filter=size%20gt%201")).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]["code"]), (400, &json!("InvalidFilterInQueryString")));
}

#[tokio::test]
async fn the_register_names_types_and_their_operations() {
    let kit = Kit::start().await;
    let network = kit.get(&format!("{SUBSCRIPTION}/providers/Microsoft.Network")).await.body;
    let kinds = network["resourceTypes"].as_array().unwrap();
    assert!(kinds.iter().any(|one| one["resourceType"] == "publicIPAddresses"), "{network}");
    let operations = kit.get("/providers/Microsoft.Cdn/operations").await.body;
    assert!(names(&operations).contains(&"Microsoft.Cdn/profiles/write"), "{operations}");
    assert_eq!(kit.get("/providers/Microsoft.Nothing/operations").await.status, 404);
    let zone = kit.zone("contoso.dev").await;
    for (path, status) in [(zone.clone(), 204), (format!("{zone}x"), 404), (format!("{zone}/A/none"), 404)] {
        assert_eq!(kit.send("HEAD", &path, &[], None).await.status, status, "{path}: only whether it is there");
    }
}

#[tokio::test]
async fn a_network_and_its_subnets_are_two_views_of_the_same() {
    let kit = Kit::start().await;
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
    let subnet = |name: &str| json!({"name": name, "properties": {"addressPrefix": "10.0.0.0/24"}});
    let body = json!({"location": "westeurope", "properties": {"subnets": [subnet("a"), subnet("b")]}});
    let made = kit.put(&network, body).await;
    assert_eq!(made.status, 201);
    let id = made.body["properties"]["subnets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(kit.get(&id).await.body["properties"]["addressPrefix"], "10.0.0.0/24");
    kit.put(&format!("{network}/subnets/c"), json!({"properties": {}})).await;
    let shown = async || {
        let body = kit.get(&network).await.body;
        let inside = json!({"value": body["properties"]["subnets"]});
        let listed = kit.get(&format!("{network}/subnets")).await.body;
        assert_eq!(names(&inside), names(&listed));
        names(&listed).join(" ")
    };
    assert_eq!(shown().await, "a b c");
    kit.put(&network, json!({"location": "westeurope", "properties": {"subnets": [subnet("b")]}})).await;
    assert_eq!(shown().await, "b");
    kit.send("PATCH", &network, &[], Some(json!({"tags": {"x": "y"}}))).await;
    assert_eq!(shown().await, "b", "a change of tags leaves them");
    let nameless = json!({"location": "westeurope", "properties": {"subnets": [{}]}});
    assert_eq!(kit.put(&network, nameless).await.status, 400);
    assert_eq!(kit.delete(&network).await.status, 200);
    assert_eq!(kit.get(&id).await.status, 404);
}

#[tokio::test]
async fn what_is_stored_as_sent_obeys_conditions_too() {
    let kit = Kit::start().await;
    let address = format!("{GROUP}/providers/Microsoft.Network/publicIPAddresses/ip?api-version=2024-05-01");
    let made = kit.put(&address, json!({"location": "westeurope"})).await;
    assert_eq!((made.status.as_u16(), &made.body["properties"]["idleTimeoutInMinutes"]), (201, &json!(4)));
    let etag = made.etag();
    let send = async |method: &str, etag: &str| {
        let body = (method != "DELETE").then(|| json!({"location": "westeurope", "tags": {"a": "b"}}));
        kit.send(method, &address, &[("if-match", etag)], body).await
    };
    for method in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(send(method, "stale").await.status, 412, "{method}");
    }
    let patched = send("PATCH", &etag).await;
    assert_eq!((patched.status.as_u16(), send("DELETE", &patched.etag()).await.status.as_u16()), (200, 200));
}

#[tokio::test]
async fn resource_graph_finds_what_the_caller_may_read() {
    let kit = Kit::start().await;
    kit.zone("one.dev").await;
    let zone = kit.zone("two.dev").await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    let graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
    let ask = async |query: &str, options: serde_json::Value| {
        let body =
            json!({"query": query, "options": options, "subscriptions": ["11111111-1111-1111-1111-111111111111"]});
        kit.send("POST", graph, &[], Some(body)).await
    };
    let zones =
        "resources | where type =~ 'Microsoft.Network/dnsZones' | project name, resourceGroup, properties.zoneType";
    let first = ask(zones, json!({"$top": 1})).await.body;
    assert_eq!(first["data"], json!([{"name": "one.dev", "resourceGroup": "rg", "properties_zoneType": "Public"}]));
    assert_eq!((&first["totalRecords"], &first["count"]), (&json!(2), &json!(1)));
    let second = ask(zones, json!({"$top": 1, "$skipToken": first["$skipToken"]})).await.body;
    assert_eq!((&second["data"][0]["name"], &second["$skipToken"]), (&json!("two.dev"), &serde_json::Value::Null));
    let table = ask("resources | summarize count()", json!({"resultFormat": "table"})).await.body;
    assert_eq!(table["data"], json!({"columns": [{"name": "count_", "type": "integer"}], "rows": [[2]]}));
    let groups = ask("ResourceContainers | where name == 'rg' | project id", json!({})).await.body;
    assert_eq!(groups["data"][0]["id"], GROUP);
    let refused = ask("resources | join kind=inner x on y", json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.body["error"]["code"].as_str()), (400, Some("InvalidQuery")));

    let tenant = "22222222-2222-2222-2222-222222222222";
    let access = json!({"strict": true,
        "tenants": [{"id": tenant, "subscriptions": ["11111111-1111-1111-1111-111111111111"]}],
        "clients": [{"tenant": tenant, "id": "app", "secret": "s"}],
        "assignments": [{"principal": "app", "role": "DNS Zone Contributor", "scope": zone}]});
    assert_eq!(kit.send("PUT", "/_emulator/access", &[], Some(access)).await.status, 204);
    let (_, token) = crate::identity::token(&kit, "s").await;
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let body = json!({"query": "resources | project name"});
    let seen = kit.send("POST", graph, &[("authorization", &bearer)], Some(body)).await.body;
    assert_eq!(seen["data"], json!([{"name": "two.dev"}]), "{seen}");
}
