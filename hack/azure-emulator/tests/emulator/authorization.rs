//! What hangs on a scope: locks, role assignments, tags.

use serde_json::json;

use crate::kit::{GROUP, Kit};

const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
const LOCKS: &str = "/providers/Microsoft.Authorization/locks";

#[tokio::test]
async fn a_lock_is_obeyed_at_its_scope_and_below() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    kit.address(&zone, "www", &["192.0.2.1"]).await;
    let level = |level: &str| json!({"properties": {"level": level, "notes": "keep"}});
    assert_eq!(kit.put(&format!("{GROUP}{LOCKS}/l"), level("Often")).await.status, 400);
    assert_eq!(kit.put(&format!("{GROUP}{LOCKS}/l"), level("CanNotDelete")).await.status, 201);
    for path in [GROUP, &zone, &format!("{zone}/A/www")] {
        let refused = kit.delete(path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.body["error"]["code"].as_str()),
            (409, Some("ScopeLocked")),
            "{path}"
        );
    }
    assert_eq!(kit.address(&zone, "www", &["192.0.2.2"]).await.status, 200, "writing goes on");
    assert_eq!(kit.put(&format!("{GROUP}{LOCKS}/l"), level("ReadOnly")).await.status, 200);
    assert_eq!(kit.address(&zone, "www", &["192.0.2.3"]).await.status, 409);
    assert_eq!(kit.get(&zone).await.status, 200);
    assert_eq!(kit.get(&format!("{SUBSCRIPTION}{LOCKS}")).await.body["value"].as_array().unwrap().len(), 1);
    let resources = kit.get(&format!("{GROUP}/resources")).await.body;
    assert_eq!(resources["value"].as_array().unwrap().len(), 1, "a lock is no resource: {resources}");
    assert_eq!(kit.delete(&format!("{GROUP}{LOCKS}/l")).await.status, 200);
    assert_eq!(kit.delete(&format!("{GROUP}{LOCKS}/l")).await.status, 204);

    assert_eq!(kit.put(&format!("{zone}/A/www{LOCKS}/set"), level("CanNotDelete")).await.status, 201);
    assert_eq!(kit.delete(&zone).await.status, 409, "what is below is locked");
    assert_eq!(kit.put(&format!("{zone}/A/none{LOCKS}/set"), level("CanNotDelete")).await.status, 404);
}

#[tokio::test]
async fn an_assignment_grants_what_its_role_says() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let roles = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions");
    let found = kit.get(&format!("{roles}?$filter=roleName%20eq%20'DNS%20Zone%20Contributor'")).await.body;
    let role = found["value"][0]["id"].as_str().unwrap().to_owned();
    assert!(role.ends_with("befefa01-2a29-4197-83a8-272ff33ce314"), "{role}");
    let access = json!({"strict": true,
        "tenants": [{"id": "22222222-2222-2222-2222-222222222222", "subscriptions": ["11111111-1111-1111-1111-111111111111"]}],
        "clients": [{"tenant": "22222222-2222-2222-2222-222222222222", "id": "app", "secret": "s", "object": "33333333-3333-3333-3333-333333333333"}]});
    let body = json!({"properties": {"roleDefinitionId": role, "principalId": "33333333-3333-3333-3333-333333333333"}});
    let at = |name: &str| format!("{GROUP}/providers/Microsoft.Authorization/roleAssignments/{name}");
    let (one, two) = ("aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002");
    let unknown = json!({"properties": {"roleDefinitionId": "x/none", "principalId": "p"}});
    let refused = kit.put(&at(one), unknown).await;
    assert_eq!(refused.body["error"]["code"], "RoleDefinitionDoesNotExist");
    assert_eq!(kit.put(&at(one), body.clone()).await.status, 201);
    assert_eq!(kit.put(&at(two), body.clone()).await.body["error"]["code"], "RoleAssignmentExists");
    let listed = kit.get(&format!("{zone}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()")).await;
    assert_eq!(listed.body["value"][0]["properties"]["scope"], GROUP);

    let free = kit.get(&format!("{zone}/providers/Microsoft.Authorization/permissions")).await.body;
    assert_eq!(free["value"][0]["actions"], json!(["*"]), "nothing is denied unless it is said so");
    assert_eq!(kit.put("/_emulator/access", access).await.status, 204);
    let (_, token) = crate::identity::token(&kit, "s").await;
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(kit.send("GET", &zone, &headers, None).await.status, 200);
    let may = |scope: &str| format!("{scope}/providers/Microsoft.Authorization/permissions");
    let held = kit.send("GET", &may(&zone), &headers, None).await.body;
    assert_eq!(held["value"][0]["actions"][0], "Microsoft.Network/dnsZones/*", "{held}");
    assert_eq!(kit.send("GET", &may(SUBSCRIPTION), &headers, None).await.body["value"], json!([]), "nothing above");
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/v");
    assert_eq!(kit.send("GET", &vault, &headers, None).await.status, 403, "another type");
    let elsewhere = zone.replace("/rg/", "/other/");
    assert_eq!(kit.send("GET", &elsewhere, &headers, None).await.status, 403, "another group");
}

#[tokio::test]
async fn tags_are_written_apart() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let tags = format!("{zone}/providers/Microsoft.Resources/tags/default");
    let patch = async |operation: &str, tags_given: serde_json::Value| {
        let body = json!({"operation": operation, "properties": {"tags": tags_given}});
        kit.send("PATCH", &tags, &[], Some(body)).await.body["properties"]["tags"].clone()
    };
    assert_eq!(patch("Merge", json!({"a": "1", "b": "2"})).await, json!({"a": "1", "b": "2"}));
    assert_eq!(patch("Delete", json!({"a": "1", "b": "3"})).await, json!({"b": "2"}));
    assert_eq!(kit.get(&zone).await.body["tags"], json!({"b": "2"}));
    let names = kit.get(&format!("{SUBSCRIPTION}/tagNames")).await.body;
    assert_eq!((&names["value"][0]["tagName"], &names["value"][0]["count"]["value"]), (&json!("b"), &json!(1)));
    assert_eq!(patch("Replace", json!({"c": "4"})).await, json!({"c": "4"}));
    assert_eq!(kit.delete(&tags).await.status, 200);
    assert_eq!(kit.get(&zone).await.body["tags"], json!({}));
}
