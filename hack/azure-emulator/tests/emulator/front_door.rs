//! Front Door in ARM: its life, and what it refuses.

use serde_json::{Value, json};

use crate::kit::{GROUP, Kit};

pub(crate) const PROFILE: &str = "/providers/Microsoft.Cdn/profiles/fd";

/// A profile with an endpoint, the groups `blue` and `green` of one origin each, and a route to blue. Returns its path and
/// its endpoint's host name.
pub(crate) async fn fleet(kit: &Kit, blue: &str, green: &str) -> (String, String) {
    let path = format!("{GROUP}{PROFILE}");
    let ok = async |at: &str, body: Value| {
        let answer = kit.put(&format!("{path}{at}"), body).await;
        assert!(answer.status.is_success(), "{at}: {} {}", answer.status, answer.body);
        answer.body
    };
    ok("", json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await;
    let endpoint = ok("/afdEndpoints/web", json!({"location": "global"})).await;
    for (group, host) in [("blue", blue), ("green", green)] {
        let settings = json!({"properties": {
            "loadBalancingSettings": {"sampleSize": 2, "successfulSamplesRequired": 1, "additionalLatencyInMilliseconds": 1000},
            "healthProbeSettings": {"probePath": "/healthz", "probeRequestType": "GET", "probeProtocol": "Http", "probeIntervalInSeconds": 5},
        }});
        ok(&format!("/originGroups/{group}"), settings).await;
        ok(&format!("/originGroups/{group}/origins/one"), json!({"properties": {"hostName": host}})).await;
    }
    ok("/afdEndpoints/web/routes/all", route(&path, "blue")).await;
    (path, endpoint["properties"]["hostName"].as_str().unwrap().to_owned())
}

pub(crate) fn route(path: &str, group: &str) -> Value {
    json!({"properties": {"originGroup": {"id": format!("{path}/originGroups/{group}")}, "linkToDefaultDomain": "Enabled",
        "patternsToMatch": ["/*"], "forwardingProtocol": "HttpOnly", "supportedProtocols": ["Http", "Https"]}})
}

#[tokio::test]
async fn a_profile_lives_its_whole_life() {
    let kit = Kit::start().await;
    let (path, host) = fleet(&kit, "blue.contoso.dev", "green.contoso.dev").await;
    assert!(host.starts_with("web-") && host.ends_with(".z01.azurefd.net"), "{host}");
    let origin = kit.get(&format!("{path}/originGroups/blue/origins/one")).await.body;
    assert_eq!(
        (origin["type"].as_str().unwrap(), origin["id"].as_str().unwrap()),
        (
            "Microsoft.Cdn/profiles/origingroups/origins",
            format!("{path}/origingroups/blue/origins/one").replace("/resourceGroups/", "/resourcegroups/").as_str()
        )
    );
    assert_eq!(origin["properties"]["weight"], Value::Null);
    assert_eq!(origin["properties"]["deploymentStatus"], "NotStarted");
    assert_eq!(origin["properties"]["provisioningState"], "Succeeded");

    for (method, at, body, status, words) in [
        (
            "PATCH",
            "/originGroups/blue/origins/one",
            json!({"properties": {"enabledState": "Disabled"}}),
            400,
            "last origin",
        ),
        ("DELETE", "/originGroups/blue/origins/one", Value::Null, 409, "last origin"),
        ("DELETE", "/originGroups/blue", Value::Null, 409, "in use"),
        ("PATCH", "/originGroups/green/origins/one", json!({"properties": {"weight": 1001}}), 400, "1 to 1000"),
        ("PUT", "/originGroups/none/origins/one", json!({"properties": {"hostName": "h"}}), 404, "Parent resource"),
        ("PUT", "/afdEndpoints/web/routes/two", route(&path, "blue"), 400, "same domain and path"),
        ("PUT", "/afdEndpoints/web/routes/two", route(&path, "none"), 400, "doesn't exist"),
        ("PATCH", "/originGroups/none", json!({}), 404, "not found"),
    ] {
        let answer = kit.send(method, &format!("{path}{at}"), &[], Some(body).filter(|b| !b.is_null())).await;
        let said = answer.body["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == status && said.contains(words), "{method} {at}: {} {said}", answer.status);
    }
    // Nothing uses green: its origin may rest, but then no route can begin to use it.
    let off = json!({"properties": {"enabledState": "Disabled"}});
    assert_eq!(kit.send("PATCH", &format!("{path}/originGroups/green/origins/one"), &[], Some(off)).await.status, 200);
    let flip = route(&path, "green");
    assert_eq!(kit.send("PATCH", &format!("{path}/afdEndpoints/web/routes/all"), &[], Some(flip)).await.status, 400);

    let purge = |paths: Value| Some(json!({"contentPaths": paths}));
    let at = format!("{path}/afdEndpoints/web/purge");
    assert_eq!(kit.send("POST", &at, &[], purge(json!(["/*"]))).await.status, 200);
    assert_eq!(kit.send("POST", &at, &[], purge(json!([]))).await.status, 400);
    let usages = kit.send("POST", &format!("{path}/usages"), &[], None).await.body;
    assert!(
        usages["value"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"]["value"] == "origingroup" && one["currentValue"] == 2)
    );
    assert_eq!(kit.get(&format!("{path}/originGroups")).await.body["value"].as_array().unwrap().len(), 2);
    assert_eq!(kit.delete(&format!("{path}/afdEndpoints/web/routes/all")).await.status, 200);
    assert_eq!(kit.delete(&format!("{path}/originGroups/blue")).await.status, 200);
    assert_eq!(kit.delete(&format!("{path}/originGroups/blue")).await.status, 204);
    let gone = kit.delete(&path).await;
    assert_eq!(gone.status, 202, "a profile ends by an operation only, even if it has ended");
    assert_eq!(kit.get(gone.header("azure-asyncoperation")).await.body["status"], "Succeeded");
    assert_eq!((kit.get(&path).await.status.as_u16(), kit.delete(&path).await.status.as_u16()), (404, 204));
    assert_eq!(kit.get(&format!("{path}/originGroups/green")).await.status, 404, "children go with their profile");
}

#[tokio::test]
async fn slow_operations_are_asked_after() {
    let kit = Kit::start().await;
    let (path, _) = fleet(&kit, "blue.contoso.dev", "green.contoso.dev").await;
    kit.settings(json!({"lro": {"default": {"polls": 2}}})).await;
    let origin = format!("{path}/originGroups/green/origins/one");
    let begun = kit.send("PATCH", &origin, &[], Some(json!({"properties": {"priority": 2}}))).await;
    assert_eq!((begun.status.as_u16(), &begun.body["properties"]["provisioningState"]), (202, &json!("Updating")));
    let url = begun.header("azure-asyncoperation").to_owned();
    assert!(url.contains("/providers/Microsoft.Cdn/operationresults/") && url.len() > 2_000, "{url}");
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(kit.get(&url).await.body["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["InProgress", "InProgress", "Succeeded"]);
    let origin = kit.get(&origin).await.body;
    assert_eq!(
        (&origin["properties"]["provisioningState"], &origin["properties"]["priority"]),
        (&json!("Succeeded"), &json!(2))
    );
    let gone = kit.delete(&format!("{path}/originGroups/green/origins/one")).await;
    assert_eq!(gone.status, 202);
    assert_eq!(
        kit.get(&format!("{path}/originGroups/green/origins/one")).await.body["properties"]["provisioningState"],
        "Deleting"
    );
    for _ in 0..3 {
        kit.get(gone.header("azure-asyncoperation")).await;
    }
    assert_eq!(kit.get(&format!("{path}/originGroups/green/origins/one")).await.status, 404);
}
