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
