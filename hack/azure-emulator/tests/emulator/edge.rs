//! The edge: what a client of a Front Door gets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use azure_emulator::Options;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::front_door::{fleet, route};
use crate::kit::{Kit, eventually};

pub(crate) struct Scene {
    pub(crate) kit: Kit,
    blue: Backend,
    green: Backend,
    pub(crate) path: String,
    pub(crate) host: String,
    edge: SocketAddr,
    client: reqwest::Client,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let kit = Kit::with(Options { front_door: Some(free), front_door_tls: Some(free), ..Options::default() }).await;
        let (blue, green) = (Backend::start("blue").await, Backend::start("green").await);
        kit.settings(json!({"hosts": {"blue.origin.dev": blue.host(), "192.0.2.1": blue.host(), "green.origin.dev": green.host(), "192.0.2.2": green.host()}})).await;
        let (path, host) = fleet(&kit, "blue.origin.dev", "green.origin.dev").await;
        let edge = kit.emulator.addresses["front-door"];
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { kit, blue, green, path, host, edge, client }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.ask(&self.host, path, &[]).await
    }

    pub(crate) async fn ask(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.client.get(format!("http://{}{path}", self.edge)).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str) -> reqwest::Response {
        let request = self.client.post(format!("http://{}{path}", self.edge)).header("host", &self.host);
        request.send().await.unwrap()
    }

    async fn color(&self) -> String {
        self.get("/").await.text().await.unwrap()
    }

    pub(crate) async fn patch(&self, at: &str, properties: Value) -> u16 {
        let body = Some(json!({ "properties": properties }));
        self.kit.send("PATCH", &format!("{}{at}", self.path), &[], body).await.status.as_u16()
    }

    pub(crate) async fn put(&self, at: &str, properties: Value) -> u16 {
        self.kit.put(&format!("{}{at}", self.path), json!({ "properties": properties })).await.status.as_u16()
    }

    /// Waits until `/` is answered so.
    async fn until(&self, color: &str) {
        eventually(async || self.color().await, color).await;
    }
}

#[tokio::test]
async fn a_request_goes_to_its_origin_with_azures_headers() {
    let scene = Scene::start().await;
    let answer = scene
        .ask(&scene.host, "/a/b?c=d", &[("x-forwarded-for", "203.0.113.7"), ("connection", "x-gone"), ("x-gone", "1")])
        .await;
    let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(
        (answer.status().as_u16(), header("x-color"), header("x-path")),
        (200, "blue".into(), "/a/b?c=d".into())
    );
    assert_eq!(header("seen-host"), scene.host, "without originHostHeader the client's host goes on");
    assert_eq!(
        (header("seen-x-azure-clientip"), header("seen-x-azure-socketip")),
        ("203.0.113.7".into(), "127.0.0.1".into())
    );
    assert_eq!(header("seen-x-forwarded-proto"), "http");
    assert_eq!(header("seen-x-gone"), "");
    assert_eq!(header("seen-x-azure-fdid").len(), 36);
    assert_eq!(header("seen-x-azure-ref"), header("x-azure-ref"));
    assert_eq!(
        scene.patch("/originGroups/blue/origins/one", json!({"originHostHeader": "www.contoso.dev"})).await,
        200
    );
    assert_eq!(scene.get("/").await.headers()["seen-host"], "www.contoso.dev");
    assert_eq!(scene.ask("nobody.azurefd.net", "/", &[]).await.status(), 404);
    assert_eq!(scene.patch("/afdEndpoints/web", json!({"enabledState": "Disabled"})).await, 200);
    assert_eq!(scene.get("/").await.status(), 404);
}

#[tokio::test]
async fn bodies_stream_both_ways_and_tls_ends_at_the_edge() {
    let scene = Scene::start().await;
    let big = "teal".repeat(1 << 18);
    let sent = scene.client.post(format!("http://{}/echo", scene.edge)).header("host", &scene.host).body(big.clone());
    assert_eq!(sent.send().await.unwrap().text().await.unwrap(), big.to_uppercase());
    let ca = reqwest::Certificate::from_pem(scene.kit.emulator.ca_pem.as_bytes()).unwrap();
    let tls = scene.kit.emulator.addresses["front-door-tls"];
    let client = reqwest::Client::builder().tls_certs_only([ca]).resolve(&scene.host, tls).build().unwrap();
    let answer = client.get(format!("https://{}:{}/", scene.host, tls.port())).send().await.unwrap();
    assert_eq!(answer.headers()["seen-x-forwarded-proto"], "https");
    assert_eq!(answer.text().await.unwrap(), "blue");
}

#[tokio::test]
async fn one_patch_of_the_route_flips_once_it_has_arrived() {
    let scene = Scene::start().await;
    scene.kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    scene.kit.settings(json!({"propagation": {"kinds": {"Microsoft.Cdn/profiles/*": {"seconds": 1200.0}, "Microsoft.Cdn/profiles/afdEndpoints/routes": {"seconds": 1200.0}}}})).await;
    let to = |group: &str| json!({"originGroup": {"id": format!("{}/originGroups/{group}", scene.path)}});
    assert_eq!(scene.patch("/afdEndpoints/web/routes/all", to("green")).await, 200);
    // A second change waits for the first.
    assert_eq!(scene.patch("/afdEndpoints/web/routes/all", to("blue")).await, 200);
    let mut seen = vec![scene.color().await];
    for seconds in [1199.0, 1.0, 1199.0, 1.0] {
        scene.kit.advance(seconds).await;
        seen.push(scene.color().await);
    }
    assert_eq!(seen, ["blue", "blue", "green", "green", "blue"]);
}

#[tokio::test]
async fn the_record_behind_the_front_door_flips_and_its_ttl_is_obeyed() {
    let scene = Scene::start().await;
    scene.kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 0.0}))).await;
    let zone = scene.kit.zone("contoso.dev").await;
    scene.kit.address(&zone, "aks", &["192.0.2.1"]).await;
    assert_eq!(scene.patch("/originGroups/blue/origins/one", json!({"hostName": "aks.contoso.dev"})).await, 200);
    assert_eq!(scene.color().await, "blue");
    scene.kit.address(&zone, "aks", &["192.0.2.2"]).await;
    assert_eq!(scene.color().await, "blue", "the old address may be used for its TTL");
    scene.kit.advance(61.0).await;
    assert_eq!(scene.color().await, "green");
}

#[tokio::test]
async fn health_then_priority_then_everybody_in_turn() {
    let scene = Scene::start().await;
    scene.kit.send("POST", "/_emulator/clock", &[], Some(json!({"scale": 100.0}))).await;
    assert_eq!(scene.patch("/originGroups/blue/origins/one", json!({"priority": 1})).await, 200);
    assert_eq!(
        scene.put("/originGroups/blue/origins/two", json!({"hostName": "green.origin.dev", "priority": 2})).await,
        201
    );
    scene.until("blue").await;
    scene.blue.health(503);
    scene.until("green").await;
    scene.green.health(503);
    scene.until("blue").await;
    let colors = async || {
        let mut colors = BTreeSet::new();
        for _ in 0..8 {
            colors.insert(scene.color().await);
        }
        colors
    };
    eventually(colors, BTreeSet::from(["blue", "green"].map(str::to_owned))).await;
    let unhealthy = async || {
        let health = scene.kit.get("/_emulator/metrics").await.body;
        health["originHealth"].as_array().unwrap().iter().any(|one| one["healthy"] == false)
    };
    eventually(unhealthy, true).await;
}

#[tokio::test]
async fn weights_share_and_affinity_sticks() {
    let scene = Scene::start().await;
    assert_eq!(scene.patch("/originGroups/blue/origins/one", json!({"weight": 900})).await, 200);
    assert_eq!(
        scene.put("/originGroups/blue/origins/two", json!({"hostName": "green.origin.dev", "weight": 100})).await,
        201
    );
    let mut green = 0;
    for _ in 0..300 {
        green += usize::from(scene.color().await == "green");
    }
    assert!((8..70).contains(&green), "{green} of 300 are about a tenth");
    assert_eq!(scene.patch("/originGroups/blue", json!({"sessionAffinityState": "Enabled"})).await, 200);
    let first = scene.get("/").await;
    let cookie = first.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let color = first.text().await.unwrap();
    for _ in 0..50 {
        let again = scene.ask(&scene.host, "/", &[("cookie", &cookie)]).await;
        assert!(!again.headers().contains_key("set-cookie"));
        assert_eq!(again.text().await.unwrap(), color);
    }
}

#[tokio::test]
async fn rules_override_the_group_redirect_and_change_headers() {
    let scene = Scene::start().await;
    assert_eq!(scene.put("/ruleSets/set", json!({})).await, 201);
    let rule = |order: u32, name: &str, parameters: Value, action: &str, does: Value| json!({"order": order, "conditions": [{"name": name, "parameters": parameters}], "actions": [{"name": action, "parameters": does}]});
    let to_green = json!({"originGroupOverride": {"originGroup": {"id": format!("{}/originGroups/green", scene.path)}, "forwardingProtocol": "HttpOnly"}});
    let canary = rule(
        1,
        "RequestHeader",
        json!({"operator": "Equal", "selector": "x-canary", "matchValues": ["1"]}),
        "RouteConfigurationOverride",
        to_green,
    );
    assert_eq!(scene.put("/ruleSets/set/rules/canary", canary).await, 201);
    let old = rule(
        2,
        "UrlPath",
        json!({"operator": "BeginsWith", "matchValues": ["old/"]}),
        "UrlRedirect",
        json!({"redirectType": "Moved", "destinationProtocol": "Https", "customPath": "/new"}),
    );
    assert_eq!(scene.put("/ruleSets/set/rules/old", old).await, 201);
    let marked = rule(
        3,
        "UrlPath",
        json!({"operator": "Any"}),
        "ModifyResponseHeader",
        json!({"headerAction": "Overwrite", "headerName": "x-marked", "value": "yes"}),
    );
    assert_eq!(scene.put("/ruleSets/set/rules/marked", marked).await, 201);
    assert!(!scene.get("/").await.headers().contains_key("x-marked"), "the route doesn't name the set yet");
    assert_eq!(
        scene
            .patch(
                "/afdEndpoints/web/routes/all",
                json!({"ruleSets": [{"id": format!("{}/ruleSets/set", scene.path)}]})
            )
            .await,
        200
    );
    let plain = scene.get("/").await;
    assert_eq!(
        (plain.headers()["x-marked"].to_str().unwrap(), plain.headers()["x-color"].to_str().unwrap()),
        ("yes", "blue")
    );
    assert_eq!(scene.ask(&scene.host, "/", &[("x-canary", "1")]).await.headers()["x-color"], "green");
    let moved = scene.get("/old/page?q=1").await;
    assert_eq!(
        (moved.status().as_u16(), moved.headers()["location"].to_str().unwrap()),
        (301, format!("https://{}/new?q=1", scene.host).as_str())
    );
    // A rule that names a group uses it.
    let refused = scene.kit.delete(&format!("{}/originGroups/green", scene.path)).await;
    assert!(
        refused.status == 409 && refused.body.to_string().contains("rulesets/set/rules/canary"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn routes_choose_by_path_protocol_and_domain() {
    let scene = Scene::start().await;
    assert_eq!(scene.put("/customDomains/official", json!({"hostName": "official.contoso.dev"})).await, 201);
    let mut api = route(&scene.path, "green")["properties"].clone();
    api["patternsToMatch"] = json!(["/api/*"]);
    api["originPath"] = json!("/v2");
    api["customDomains"] = json!([{"id": format!("{}/customDomains/official", scene.path)}]);
    assert_eq!(scene.put("/afdEndpoints/web/routes/api", api).await, 201);
    for (host, path, expected) in [
        (scene.host.as_str(), "/api/x", Some(("green", "/v2/x"))),
        (scene.host.as_str(), "/apis", Some(("blue", "/apis"))),
        ("official.contoso.dev", "/api/x", Some(("green", "/v2/x"))),
        ("official.contoso.dev", "/", None),
    ] {
        let answer = scene.ask(host, path, &[]).await;
        let seen = answer
            .headers()
            .get("x-color")
            .map(|color| (color.to_str().unwrap(), answer.headers()["x-path"].to_str().unwrap()));
        assert_eq!(seen, expected, "{host}{path}: {}", answer.status());
    }
    assert_eq!(scene.patch("/afdEndpoints/web/routes/all", json!({"httpsRedirect": "Enabled"})).await, 200);
    let sent = scene.get("/x?y=1").await;
    assert_eq!(
        (sent.status().as_u16(), sent.headers()["location"].to_str().unwrap()),
        (307, format!("https://{}/x?y=1", scene.host).as_str())
    );
    assert_eq!(scene.patch("/afdEndpoints/web/routes/all", json!({"enabledState": "Disabled"})).await, 200);
    assert_eq!(scene.get("/x").await.status(), 404);
}

#[tokio::test]
async fn the_listener_of_the_resource_manager_serves_host_names_of_front_doors_too() {
    let kit = Kit::start().await;
    let blue = Backend::start("blue").await;
    kit.settings(json!({"hosts": {"blue.origin.dev": blue.host()}})).await;
    let (_, host) = fleet(&kit, "blue.origin.dev", "green.origin.dev").await;
    let ca = reqwest::Certificate::from_pem(kit.emulator.ca_pem.as_bytes()).unwrap();
    let at = kit.emulator.arm;
    let client = reqwest::Client::builder().tls_certs_only([ca]).resolve(&host, at).no_proxy().build().unwrap();
    let answer = client.get(format!("https://{host}:{}/", at.port())).send().await.unwrap();
    assert_eq!(answer.headers()["seen-x-forwarded-proto"], "https");
    assert_eq!(answer.text().await.unwrap(), "blue");
    assert_eq!(kit.get("/subscriptions").await.status, 200, "and its own names are its own");
}

#[tokio::test]
async fn an_origin_that_is_gone_is_told_as_unavailable_and_all_is_counted() {
    let scene = Scene::start().await;
    for path in ["/", "/status/404", "/status/500"] {
        scene.get(path).await.bytes().await.unwrap();
    }
    scene.kit.settings(json!({"hosts": {"blue.origin.dev": "127.0.0.1:1"}})).await;
    let broken = scene.get("/").await;
    assert_eq!(broken.status(), 503);
    assert!(broken.text().await.unwrap().contains("aren't available right now"));
    let at = format!(
        "{}/providers/Microsoft.Insights/metrics?api-version=2024-02-01&interval=FULL&timespan=PT1H",
        scene.path
    );
    let ask = async |more: &str| scene.kit.get(&format!("{at}&{more}")).await.body;
    let total = |body: &Value| body["value"][0]["timeseries"][0]["data"][0]["total"].clone();
    // The last answer is counted when its body has ended, a moment after the client has it.
    eventually(async || total(&ask("metricnames=RequestCount&aggregation=Total").await), json!(4.0)).await;
    let split =
        ask("metricnames=RequestCount&aggregation=Total&$filter=HttpStatusGroup%20eq%20'*'&orderby=total%20desc").await;
    let seen: Vec<(String, f64)> = split["value"][0]["timeseries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["metadatavalues"][0]["value"].as_str().unwrap().to_owned(), row["data"][0]["total"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(seen[0], ("5XX".to_owned(), 2.0), "{seen:?}");
    let share = ask("metricnames=Percentage4XX,Percentage5XX").await;
    let average = |at: usize| share["value"][at]["timeseries"][0]["data"][0]["average"].clone();
    assert_eq!((average(0), average(1)), (json!(25.0), json!(50.0)), "{share}");
    let origins = ask("metricnames=OriginRequestCount&$filter=Origin%20eq%20'*'").await;
    assert_eq!(origins["value"][0]["timeseries"][0]["metadatavalues"][0]["value"], "blue.origin.dev", "{origins}");
}
