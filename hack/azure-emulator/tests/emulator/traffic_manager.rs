//! Traffic Manager: its life in ARM, real probes, answers in DNS.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::kit::{GROUP, Kit, eventually, query, query_for, texts};

const PROFILES: &str = "/providers/Microsoft.Network/trafficManagerProfiles";

fn external(name: &str, target: &str, more: &Value) -> Value {
    let mut properties = json!({"target": target});
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints", "properties": properties})
}

fn profile(method: &str, endpoints: &[Value]) -> Value {
    json!({"location": "global", "properties": {
        "trafficRoutingMethod": method,
        "dnsConfig": {"relativeName": "contoso", "ttl": 0},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/healthz", "intervalInSeconds": 10, "timeoutInSeconds": 5,
            "toleratedNumberOfFailures": 0},
        "endpoints": endpoints,
    }})
}

/// Asks until the answer is as expected: probes take their time.
async fn until(kit: &Kit, name: &str, expected: &[&str]) {
    eventually(async || kit.ask(name, RecordType::A).await, expected).await;
}

async fn statuses(kit: &Kit, path: &str) -> (Vec<String>, String) {
    let body = kit.get(path).await.body;
    let all = body["properties"]["endpoints"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        all.map(|one| text(&one["properties"]["endpointMonitorStatus"])).collect(),
        text(&body["properties"]["monitorConfig"]["profileMonitorStatus"]),
    )
}

#[tokio::test]
async fn a_profile_lives_its_whole_life() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{PROFILES}/tm");
    let made = kit.put(&path, profile("Priority", &[external("blue", "blue.contoso.dev", &json!({}))])).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["type"], "Microsoft.Network/trafficManagerProfiles");
    assert_eq!(made.body["properties"]["dnsConfig"]["fqdn"], "contoso.trafficmanager.net");
    assert_eq!(made.body["properties"]["endpoints"][0]["id"], format!("{path}/externalEndpoints/blue"));
    assert_eq!(kit.put(&path, profile("Priority", &[])).await.status, 200);

    let green = format!("{path}/ExternalEndpoints/green");
    let body = external("green", "green.contoso.dev", &json!({"weight": 7}));
    let added = kit.put(&green, body.clone()).await;
    assert_eq!((added.status.as_u16(), &added.body["properties"]["priority"]), (201, &json!(1)));
    assert_eq!(kit.put(&green, body).await.status, 200);
    let patched = kit.send("PATCH", &green, &[], Some(json!({"properties": {"endpointStatus": "Disabled"}}))).await;
    assert_eq!(patched.body["properties"]["endpointMonitorStatus"], "Disabled", "{}", patched.body);
    assert_eq!(patched.body["properties"]["weight"], 7, "what isn't named stays");
    assert_eq!(kit.get(&green.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")).await.status, 200);

    for (method, at, body, status, code) in [
        (
            "PUT",
            format!("{path}/ExternalEndpoints/x"),
            external("x", "x.dev", &json!({"priority": 1})),
            400,
            "BadRequest",
        ),
        ("PUT", format!("{path}/ExternalEndpoints/x"), external("x", "", &json!({})), 400, "BadRequest"),
        ("PATCH", path.clone(), json!({"properties": {"monitorConfig": {"timeoutInSeconds": 10}}}), 400, "BadRequest"),
        ("PUT", format!("{GROUP}{PROFILES}/other"), profile("Priority", &[]), 409, "Conflict"),
        ("PATCH", green.clone(), json!({"properties": {"alwaysServe": "Enabled"}}), 400, "BadRequest"),
        ("PATCH", format!("{path}/ExternalEndpoints/none"), json!({}), 404, "NotFound"),
        ("PUT", format!("{GROUP}{PROFILES}/none/ExternalEndpoints/x"), json!({}), 404, "ParentResourceNotFound"),
    ] {
        let answer = kit.send(method, &at, &[], Some(body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["error"]["code"].as_str().unwrap()),
            (status, code),
            "{method} {at}"
        );
    }
    let taken = |name: &str| json!({"name": name, "type": "microsoft.network/trafficmanagerprofiles"});
    for (name, free) in [("contoso", false), ("fabrikam", true)] {
        let check = "/providers/Microsoft.Network/checkTrafficManagerNameAvailability";
        let answer = kit.send("POST", check, &[], Some(taken(name))).await;
        assert_eq!(answer.body["nameAvailable"], free, "{}", answer.body);
    }
    for list in [format!("{GROUP}{PROFILES}"), format!("/subscriptions/11111111-1111-1111-1111-111111111111{PROFILES}")]
    {
        assert_eq!(kit.get(&list).await.body["value"].as_array().unwrap().len(), 1, "{list}");
    }
    assert_eq!(kit.delete(&green).await.status, 200);
    assert_eq!(kit.delete(&green).await.status, 204);
    let gone = kit.delete(&path).await;
    assert_eq!((gone.status.as_u16(), &gone.body), (200, &json!({})));
    assert_eq!(kit.delete(&path).await.status, 204);
    assert_eq!(kit.get(&path).await.body["error"]["code"], "ResourceNotFound");
}

#[tokio::test]
async fn all_endpoints_change_in_one_write() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{PROFILES}/tm");
    let both = |blue: u32, green: u32| {
        [
            external("blue", "blue.contoso.dev", &json!({"priority": blue, "alwaysServe": "Enabled"})),
            external("green", "green.contoso.dev", &json!({"priority": green, "alwaysServe": "Enabled"})),
        ]
    };
    kit.put(&path, profile("Priority", &both(1, 2))).await;
    assert_eq!(kit.ask("contoso.trafficmanager.net.", RecordType::A).await, ["0 CNAME blue.contoso.dev."]);
    // One endpoint at a time, the swap would collide.
    let alone = kit
        .send("PATCH", &format!("{path}/externalEndpoints/blue"), &[], Some(json!({"properties": {"priority": 2}})))
        .await;
    assert_eq!(alone.status, 400);
    let flip = json!({"properties": {"endpoints": both(2, 1)}});
    assert_eq!(kit.send("PATCH", &path, &[], Some(flip)).await.status, 200);
    assert_eq!(kit.ask("contoso.trafficmanager.net.", RecordType::A).await, ["0 CNAME green.contoso.dev."]);
}

#[tokio::test]
async fn probes_decide_who_is_answered() {
    let kit = Kit::start().await;
    let (blue, green) = (Backend::start("blue").await, Backend::start("green").await);
    kit.settings(json!({"hosts": {"192.0.2.1": blue.host(), "192.0.2.2": green.host()}})).await;
    kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 200.0}))).await;
    let path = format!("{GROUP}{PROFILES}/tm");
    let ends = [external("blue", "192.0.2.1", &json!({})), external("green", "192.0.2.2", &json!({}))];
    let made = kit.put(&path, profile("Priority", &ends)).await;
    assert_eq!(made.body["properties"]["endpoints"][0]["properties"]["endpointMonitorStatus"], "CheckingEndpoint");
    let name = "contoso.trafficmanager.net.";
    until(&kit, name, &["0 A 192.0.2.1"]).await;
    blue.health(503);
    until(&kit, name, &["0 A 192.0.2.2"]).await;
    let one_is_bad = (vec!["Degraded".to_owned(), "Online".to_owned()], "Degraded".to_owned());
    eventually(async || statuses(&kit, &path).await, one_is_bad).await;
    // When all are degraded they are served as if they were online.
    green.health(500);
    until(&kit, name, &["0 A 192.0.2.1"]).await;
    blue.health(200);
    green.health(200);
    eventually(async || statuses(&kit, &path).await.1, "Online").await;
    // What the probe accepts can be said.
    blue.health(404);
    let ranges = json!({"properties": {"monitorConfig": {"expectedStatusCodeRanges": [{"min": 200, "max": 404}]}}});
    assert_eq!(kit.send("PATCH", &path, &[], Some(ranges)).await.status, 200);
    until(&kit, name, &["0 A 192.0.2.1"]).await;

    let disable = |on: &str| Some(json!({"properties": {"endpointStatus": on}}));
    kit.send("PATCH", &format!("{path}/externalEndpoints/blue"), &[], disable("Disabled")).await;
    assert_eq!(kit.ask(name, RecordType::A).await, ["0 A 192.0.2.2"]);
    // A probe that was under way may still come; then, however often the other one is probed, none does.
    let probed = async || {
        let (blues, greens) = (blue.probes(), green.probes());
        kit.advance(100.0).await;
        eventually(async || green.probes() >= greens + 2, true).await;
        blue.probes() - blues
    };
    eventually(probed, 0).await;
    kit.send("PATCH", &path, &[], Some(json!({"properties": {"profileStatus": "Disabled"}}))).await;
    let answer = query(kit.emulator.dns, name, RecordType::A, false, None).await.unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn weights_share_and_a_seed_repeats() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let kit = Kit::start().await;
        let ends = [
            external("blue", "192.0.2.1", &json!({"weight": 3, "alwaysServe": "Enabled"})),
            external("green", "192.0.2.2", &json!({"weight": 1, "alwaysServe": "Enabled"})),
        ];
        kit.put(&format!("{GROUP}{PROFILES}/tm"), profile("Weighted", &ends)).await;
        kit.send("POST", "/_emulator/seed", &[], Some(json!({"seed": 7}))).await;
        let mut run = String::new();
        for _ in 0..200 {
            run += kit.ask("contoso.trafficmanager.net.", RecordType::A).await[0].get(4..).unwrap();
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    let blue = runs[0].matches("192.0.2.1").count();
    assert!((120..=180).contains(&blue), "{blue} of 200 are about three quarters");
}

#[tokio::test]
async fn subnets_choose_by_who_asks_and_address_aliases_need_addresses() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let path = format!("{GROUP}{PROFILES}/tm");
    let ends = [
        external("near", "192.0.2.1", &json!({"subnets": [{"first": "127.0.0.0", "scope": 8}]})),
        external("others", "192.0.2.2", &json!({"subnets": [{"first": "10.0.0.0", "last": "10.0.0.255"}]})),
    ];
    kit.put(&path, profile("Subnet", &ends)).await;
    let name = "contoso.trafficmanager.net.";
    assert_eq!(kit.ask(name, RecordType::A).await, ["0 A 192.0.2.1"]);
    assert_eq!(texts(&query_for(kit.emulator.dns, name, "10.0.0.0/24").await), ["0 A 192.0.2.2"]);

    let alias = json!({"properties": {"TTL": 5, "targetResource": {"id": path}}});
    assert!(kit.put(&format!("{zone}/A/www"), alias.clone()).await.status.is_success());
    kit.put(&path, profile("Priority", &[external("blue", "blue.contoso.dev", &json!({}))])).await;
    let refused = kit.put(&format!("{zone}/A/other"), alias.clone()).await;
    assert!(refused.status == 400 && refused.body.to_string().contains("use a CNAME"), "{}", refused.body);
    assert!(kit.put(&format!("{zone}/CNAME/other"), alias).await.status.is_success());
    let address = format!("{GROUP}/providers/Microsoft.Network/publicIPAddresses/ip");
    kit.put(&address, json!({"location": "westeurope"})).await;
    let alias = json!({"properties": {"TTL": 5, "targetResource": {"id": address}}});
    assert_eq!(kit.put(&format!("{zone}/CNAME/ip"), alias).await.status, 400);
}

#[tokio::test]
async fn what_is_measured_at_users_has_its_forms_and_is_empty() {
    let kit = Kit::start().await;
    let path = format!("{GROUP}{PROFILES}/tm");
    kit.put(&path, profile("Priority", &[external("blue", "blue.contoso.dev", &json!({}))])).await;
    let map = kit.get(&format!("{path}/heatMaps/default")).await.body;
    assert_eq!(map["properties"]["endpoints"][0]["endpointId"], 1, "{map}");
    assert_eq!(map["properties"]["trafficFlows"], json!([]));
    let key = "/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network/trafficManagerUserMetricsKeys/default";
    assert_eq!(kit.get(key).await.status, 404);
    let made = kit.send("PUT", key, &[], None).await;
    assert_eq!(made.status, 201);
    assert_eq!(kit.get(key).await.body["properties"]["key"], made.body["properties"]["key"]);
    assert_eq!(kit.delete(key).await.status, 200);
    assert_eq!(kit.get(key).await.status, 404);
}

#[tokio::test]
async fn nested_profiles_and_records_that_stand_for_them() {
    let kit = Kit::start().await;
    let zone = kit.zone("contoso.dev").await;
    let ends = [
        external("one", "192.0.2.1", &json!({"alwaysServe": "Enabled"})),
        external("two", "192.0.2.2", &json!({"endpointStatus": "Disabled"})),
    ];
    let child = format!("{GROUP}{PROFILES}/child");
    let mut body = profile("Priority", &ends);
    body["properties"]["dnsConfig"]["relativeName"] = json!("child");
    kit.put(&child, body).await;
    let nested = |min: u32| {
        json!({"name": "inner", "type": "Microsoft.Network/trafficManagerProfiles/nestedEndpoints",
            "properties": {"targetResourceId": child, "minChildEndpoints": min, "priority": 1}})
    };
    let fallback = external("outer", "192.0.2.9", &json!({"alwaysServe": "Enabled", "priority": 2}));
    let parent = format!("{GROUP}{PROFILES}/parent");
    let made = kit.put(&parent, profile("Priority", &[nested(1), fallback.clone()])).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(kit.ask("contoso.trafficmanager.net.", RecordType::A).await, ["0 A 192.0.2.1"]);
    kit.put(&parent, profile("Priority", &[nested(2), fallback])).await;
    assert_eq!(kit.ask("contoso.trafficmanager.net.", RecordType::A).await, ["0 A 192.0.2.9"], "too few children");

    let alias = json!({"properties": {"TTL": 5, "targetResource": {"id": parent}}});
    assert!(kit.put(&format!("{zone}/A/www"), alias).await.status.is_success());
    let answer = kit.ask("www.contoso.dev.", RecordType::A).await;
    assert!(answer.len() == 1 && answer[0].ends_with("A 192.0.2.9"), "{answer:?}");
    let looped = json!({"name": "back", "type": "Microsoft.Network/trafficManagerProfiles/nestedEndpoints",
        "properties": {"targetResourceId": parent, "priority": 3}});
    let answer = kit.put(&format!("{child}/nestedEndpoints/back"), looped).await;
    assert!(answer.status == 400 && answer.body.to_string().contains("lead back"), "{}", answer.body);
    assert_eq!(kit.delete(&child).await.status, 200, "whether or not a parent nests it");
    let ends = kit.get(&parent).await.body["properties"]["endpoints"].clone();
    assert_eq!(ends[0]["properties"]["endpointMonitorStatus"], "Stopped", "{ends}");
    kit.delete(&parent).await;
    assert!(kit.ask("www.contoso.dev.", RecordType::A).await.is_empty(), "the alias empties with its target");
}
