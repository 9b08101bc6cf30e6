//! Front Door, classic Front Door, Traffic Manager and Application Gateway under the followers' contract.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_api::switch::{
    Affinity, ApplicationGateway, Destination, FrontDoor, FrontDoorBy, FrontDoorClassic, Provider, TrafficManager,
};
use teal_targets::{Retry, Split, Target, Written};

use crate::azure::{Azure, GROUP, SUBSCRIPTION, id};
use crate::followers::{Following, drive, follower_contract, op};

const FRONT: &str = "2025-06-01";
const TM: &str = "2022-04-01";
const CLASSIC: &str = "2021-06-01";
const GATEWAY: &str = "2024-05-01";

/// What a bench moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Groups,
    Origins,
    Classic,
    Priority,
    Weighted,
    Gateway,
}

struct FollowBench {
    azure: Azure,
    what: What,
}

fn named(blue: &str, green: &str) -> BTreeMap<String, Destination> {
    [("blue", blue), ("green", green)].map(|(color, name)| (color.to_owned(), Destination::Named(name.into()))).into()
}

fn names(blue: &str, green: &str) -> BTreeMap<String, Destination> {
    [("blue", blue), ("green", green)].map(|(color, name)| (color.to_owned(), Destination::Cname(name.into()))).into()
}

fn front(path: &str) -> String {
    id(&format!("Microsoft.Cdn/profiles/front{path}"))
}

fn route(group: &str) -> Value {
    json!({"properties": {"originGroup": {"id": front(&format!("/originGroups/{group}"))}, "linkToDefaultDomain": "Enabled",
        "patternsToMatch": ["/*"], "forwardingProtocol": "HttpOnly", "supportedProtocols": ["Http", "Https"]}})
}

fn group(latency: u32) -> Value {
    json!({"properties": {
        "loadBalancingSettings": {"sampleSize": 4, "successfulSamplesRequired": 2, "additionalLatencyInMilliseconds": latency},
        "healthProbeSettings": {"probePath": "/healthz", "probeRequestType": "GET", "probeProtocol": "Http", "probeIntervalInSeconds": 30}}})
}

fn endpoint(name: &str, priority: u32, status: &str) -> Value {
    json!({"name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": format!("{name}.contoso.test"), "endpointStatus": status, "priority": priority, "weight": 100}})
}

fn profile(method: &str, endpoints: &[Value]) -> Value {
    json!({"location": "global", "properties": {"trafficRoutingMethod": method,
        "dnsConfig": {"relativeName": "contoso", "ttl": 30},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/healthz", "intervalInSeconds": 30, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 3},
        "endpoints": endpoints}})
}

fn gateway(addresses: &[&str], tags: &Value) -> Value {
    let path = id("Microsoft.Network/applicationGateways/gw");
    let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
    let addresses: Vec<Value> = addresses.iter().map(|name| json!({"fqdn": name})).collect();
    json!({"location": "westeurope", "tags": tags, "properties": {
        "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
        "gatewayIPConfigurations": [{"name": "ip", "properties": {"subnet": {"id": "/subscriptions/s/x/subnets/y"}}}],
        "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": "/subscriptions/s/pip"}}}],
        "frontendPorts": [{"name": "p80", "properties": {"port": 80}}],
        "backendAddressPools": [{"name": "web", "properties": {"backendAddresses": addresses}}],
        "backendHttpSettingsCollection": [{"name": "set", "properties": {"port": 80, "protocol": "Http",
            "connectionDraining": {"enabled": true, "drainTimeoutInSec": 30}}}],
        "httpListeners": [{"name": "l", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations", "front"),
            "frontendPort": part("frontendPorts", "p80"), "protocol": "Http"}}],
        "requestRoutingRules": [{"name": "r", "properties": {"ruleType": "Basic", "priority": 10, "httpListener": part("httpListeners", "l"),
            "backendAddressPool": part("backendAddressPools", "web"), "backendHttpSettings": part("backendHttpSettingsCollection", "set")}}],
    }})
}

fn classic(backends: &Value) -> Value {
    let path = id("Microsoft.Network/frontDoors/classic");
    let part = |kind: &str, name: &str| json!({"id": format!("{path}/{kind}/{name}")});
    json!({"location": "global", "properties": {
        "frontendEndpoints": [{"name": "front", "properties": {"hostName": "classic.azurefd.net"}}],
        "healthProbeSettings": [{"name": "probe", "properties": {"path": "/healthz", "protocol": "Http", "intervalInSeconds": 30}}],
        "loadBalancingSettings": [{"name": "lb", "properties": {"sampleSize": 4, "successfulSamplesRequired": 2}}],
        "backendPools": [{"name": "web", "properties": {"backends": backends,
            "loadBalancingSettings": part("loadBalancingSettings", "lb"), "healthProbeSettings": part("healthProbeSettings", "probe")}}],
        "routingRules": [{"name": "all", "properties": {"frontendEndpoints": [part("frontendEndpoints", "front")],
            "acceptedProtocols": ["Http"], "patternsToMatch": ["/*"], "enabledState": "Enabled",
            "routeConfiguration": {"@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
                "forwardingProtocol": "HttpOnly", "backendPool": part("backendPools", "web")}}}],
    }})
}

fn backend(name: &str, state: &str) -> Value {
    json!({"address": format!("{name}.contoso.test"), "backendHostHeader": "www.contoso.test", "httpPort": 80, "httpsPort": 443,
        "enabledState": state, "priority": 1, "weight": 50})
}

impl FollowBench {
    async fn start(what: What) -> Self {
        let azure = Azure::start().await;
        let bench = Self { azure, what };
        match what {
            What::Groups | What::Origins => bench.front_door().await,
            What::Classic => {
                let backends = json!([backend("blue", "Enabled"), backend("green", "Disabled")]);
                bench.put("Microsoft.Network/frontDoors/classic", CLASSIC, classic(&backends)).await;
            }
            What::Priority | What::Weighted => {
                let method = if what == What::Priority { "Priority" } else { "Weighted" };
                let green = if what == What::Priority { "Enabled" } else { "Disabled" };
                let endpoints = [endpoint("ep-blue", 1, "Enabled"), endpoint("ep-green", 2, green)];
                bench.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, profile(method, &endpoints)).await;
            }
            What::Gateway => {
                bench
                    .put(
                        "Microsoft.Network/applicationGateways/gw",
                        GATEWAY,
                        gateway(&["blue.contoso.test"], &json!({})),
                    )
                    .await;
            }
        }
        bench
    }

    async fn put(&self, path: &str, version: &'static str, body: Value) {
        self.azure.put(&id(path), version, body).await;
    }

    async fn front_door(&self) {
        let put = |path: String, body: Value| async move { self.azure.put(&front(&path), FRONT, body).await };
        put(String::new(), json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}})).await;
        put("/afdEndpoints/web".into(), json!({"location": "global"})).await;
        for name in ["g-blue", "g-green", "sorry", "both"] {
            put(format!("/originGroups/{name}"), group(500)).await;
        }
        let origin = |name: &str, state: &str| json!({"properties": {"hostName": format!("{name}.contoso.test"), "enabledState": state, "weight": 1000}});
        for name in ["g-blue", "g-green", "sorry"] {
            put(format!("/originGroups/{name}/origins/one"), origin(name, "Enabled")).await;
        }
        put("/originGroups/both/origins/o-blue".into(), origin("blue", "Enabled")).await;
        put("/originGroups/both/origins/o-green".into(), origin("green", "Disabled")).await;
        let used = if self.what == What::Groups { "g-blue" } else { "both" };
        put("/afdEndpoints/web/routes/all".into(), route(used)).await;
    }

    fn provider(&self, name: &str) -> (Provider, BTreeMap<String, Destination>) {
        let (subscription, resource_group) = (SUBSCRIPTION.to_owned(), GROUP.to_owned());
        let front = |by| {
            Provider::FrontDoor(FrontDoor {
                subscription: SUBSCRIPTION.into(),
                resource_group: GROUP.into(),
                profile: if name.is_empty() { "front".into() } else { name.to_owned() },
                by,
                purge: Vec::new(),
                affinity: Affinity::Refuse,
            })
        };
        let or = |own: &str| if name.is_empty() { own.to_owned() } else { name.to_owned() };
        match self.what {
            What::Groups => {
                (front(FrontDoorBy::Groups { endpoint: "web".into(), route: "all".into() }), named("g-blue", "g-green"))
            }
            What::Origins => (front(FrontDoorBy::Origins { group: "both".into() }), named("o-blue", "o-green")),
            What::Classic => {
                let front_door = or("classic");
                let provider = FrontDoorClassic { subscription, resource_group, front_door, pool: "web".into() };
                (Provider::FrontDoorClassic(provider), names("blue.contoso.test", "green.contoso.test"))
            }
            What::Priority | What::Weighted => {
                let profile = or("contoso");
                (
                    Provider::TrafficManager(TrafficManager { subscription, resource_group, profile }),
                    named("ep-blue", "ep-green"),
                )
            }
            What::Gateway => {
                let gateway = or("gw");
                let provider = ApplicationGateway { subscription, resource_group, gateway, pool: "web".into() };
                (Provider::ApplicationGateway(provider), names("blue.contoso.test", "green.contoso.test"))
            }
        }
    }

    fn of(&self, name: &str) -> Target {
        let (provider, to) = self.provider(name);
        self.azure.target(&provider, &to)
    }
}

impl Following for FollowBench {
    fn azure(&self) -> &Azure {
        &self.azure
    }

    fn target(&self) -> Target {
        self.of("")
    }

    fn missing(&self) -> Target {
        self.of("nowhere")
    }

    fn method(&self) -> &'static str {
        match self.what {
            What::Classic | What::Gateway => "PUT",
            _ => "PATCH",
        }
    }

    fn kind(&self) -> &'static str {
        match self.what {
            What::Groups | What::Origins => "Microsoft.Cdn/profiles/*",
            What::Classic => "Microsoft.Network/frontDoors",
            What::Priority | What::Weighted => "Microsoft.Network/trafficManagerProfiles",
            What::Gateway => "Microsoft.Network/applicationGateways",
        }
    }

    fn role(&self) -> &'static str {
        match self.what {
            What::Groups | What::Origins => "CDN Profile Contributor",
            What::Classic | What::Gateway => "Network Contributor",
            What::Priority | What::Weighted => "Traffic Manager Contributor",
        }
    }

    fn writes(&self) -> usize {
        if self.what == What::Origins { 2 } else { 1 }
    }

    fn slow(&self) -> bool {
        !matches!(self.what, What::Priority | What::Weighted)
    }

    async fn stranger(&self) {
        match self.what {
            What::Groups => drop(self.azure.put(&front("/afdEndpoints/web/routes/all"), FRONT, route("sorry")).await),
            What::Origins => {
                let stranger = json!({"properties": {"hostName": "sorry.contoso.test", "enabledState": "Enabled"}});
                self.azure.put(&front("/originGroups/both/origins/sorry"), FRONT, stranger).await;
            }
            What::Classic => {
                let backends =
                    json!([backend("blue", "Enabled"), backend("green", "Disabled"), backend("sorry", "Enabled")]);
                self.put("Microsoft.Network/frontDoors/classic", CLASSIC, classic(&backends)).await;
            }
            What::Priority | What::Weighted => {
                let method = if self.what == What::Priority { "Priority" } else { "Weighted" };
                let endpoints = [
                    endpoint("sorry", 1, "Enabled"),
                    endpoint("ep-blue", 2, "Enabled"),
                    endpoint("ep-green", 3, "Enabled"),
                ];
                self.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, profile(method, &endpoints)).await;
            }
            What::Gateway => {
                let body = gateway(&["sorry.contoso.test"], &json!({}));
                self.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await;
            }
        }
    }
}

async fn groups() -> FollowBench {
    FollowBench::start(What::Groups).await
}

async fn origins() -> FollowBench {
    FollowBench::start(What::Origins).await
}

async fn classic_pool() -> FollowBench {
    FollowBench::start(What::Classic).await
}

async fn priority() -> FollowBench {
    FollowBench::start(What::Priority).await
}

async fn weighted() -> FollowBench {
    FollowBench::start(What::Weighted).await
}

async fn pool() -> FollowBench {
    FollowBench::start(What::Gateway).await
}

follower_contract!(front_door_by_groups, crate::azure_followers::groups);
follower_contract!(front_door_by_origins, crate::azure_followers::origins);
follower_contract!(front_door_classic, crate::azure_followers::classic_pool);
follower_contract!(traffic_manager_by_priority, crate::azure_followers::priority);
follower_contract!(traffic_manager_by_weight, crate::azure_followers::weighted);
follower_contract!(application_gateway, crate::azure_followers::pool);

fn refusals(found: &[teal_targets::Finding]) -> String {
    found.iter().filter(|finding| finding.refuse).map(|finding| finding.what.clone()).collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn weights_are_reached_where_they_mean_something_and_refused_where_they_do_not() {
    let ten = Split::of([("blue", 90), ("green", 10)]).unwrap();
    for what in [What::Origins, What::Weighted, What::Classic] {
        let bench = FollowBench::start(what).await;
        assert!(drive(&bench.target(), &ten, &op("m1")).await.is(&ten), "{what:?}");
        assert!(drive(&bench.target(), &Split::all("green"), &op("m1")).await.is(&Split::all("green")), "{what:?}");
    }
    for what in [What::Groups, What::Priority, What::Gateway] {
        let bench = FollowBench::start(what).await;
        let error = bench.target().route(&ten, &op("m1")).await.unwrap_err();
        assert_eq!((error.reason(), error.retry()), ("Unfit", Retry::WhenConfigChanges), "{what:?}: {error}");
    }
    let bench = FollowBench::start(What::Origins).await;
    bench.azure.put(&front("/originGroups/both"), FRONT, group(0)).await;
    let error = bench.target().route(&ten, &op("m1")).await.unwrap_err();
    assert!(error.to_string().contains("latency sensitivity"), "{error}");
    assert!(
        drive(&bench.target(), &Split::all("green"), &op("m1")).await.is(&Split::all("green")),
        "all or nothing still goes"
    );
}

#[tokio::test]
async fn an_origin_is_warmed_at_the_smallest_weight_before_it_gets_traffic() {
    let bench = FollowBench::start(What::Origins).await;
    bench.target().prepare("green", &op("m1")).await.unwrap();
    let origin = bench.azure.read(&front("/originGroups/both/origins/o-green"), FRONT).await;
    assert_eq!(
        (origin["properties"]["enabledState"].as_str(), origin["properties"]["weight"].as_u64()),
        (Some("Enabled"), Some(1))
    );
    assert!(matches!(bench.target().prepare("green", &op("m1")).await.unwrap(), Written::Done(_)), "once");
    assert!(drive(&bench.target(), &Split::all("green"), &op("m1")).await.is(&Split::all("green")));
}

#[tokio::test]
async fn a_disabled_route_and_a_group_without_origins_are_refused() {
    let bench = FollowBench::start(What::Groups).await;
    let mut off = route("g-blue");
    off["properties"]["enabledState"] = json!("Disabled");
    bench.azure.put(&front("/afdEndpoints/web/routes/all"), FRONT, off).await;
    let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
    assert!(error.to_string().contains("the route is disabled"), "{error}");
    assert!(refusals(&bench.target().preflight().await.unwrap()).contains("the route is disabled"));

    let bench = FollowBench::start(What::Groups).await;
    let origin = json!({"properties": {"hostName": "g.contoso.test", "enabledState": "Disabled"}});
    bench.azure.put(&front("/originGroups/g-green/origins/one"), FRONT, origin).await;
    let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
    assert!(error.to_string().contains("no enabled origin"), "{error}");
    assert!(refusals(&bench.target().preflight().await.unwrap()).contains("no enabled origin"));
}

#[tokio::test]
async fn what_would_hold_requests_back_is_found_before_a_move() {
    let bench = FollowBench::start(What::Groups).await;
    let mut sticky = group(500);
    sticky["properties"]["sessionAffinityState"] = json!("Enabled");
    bench.azure.put(&front("/originGroups/g-green"), FRONT, sticky).await;
    bench.azure.put(&front("/ruleSets/set1"), FRONT, json!({})).await;
    let rule = json!({"properties": {"order": 1, "actions": [{"name": "RouteConfigurationOverride", "parameters": {
        "typeName": "DeliveryRuleRouteConfigurationOverrideActionParameters",
        "originGroupOverride": {"originGroup": {"id": front("/originGroups/g-blue")}, "forwardingProtocol": "HttpOnly"}}}]}});
    bench.azure.put(&front("/ruleSets/set1/rules/rule1"), FRONT, rule).await;
    let mut used = route("g-blue");
    used["properties"]["ruleSets"] = json!([{"id": front("/ruleSets/set1")}]);
    bench.azure.put(&front("/afdEndpoints/web/routes/all"), FRONT, used).await;
    let found = bench.target().preflight().await.unwrap();
    let refused = refusals(&found);
    assert!(refused.contains("rule rule1 of the rule set set1") && refused.contains("session affinity"), "{found:?}");
}

#[tokio::test]
async fn what_is_cached_is_purged_once_a_move() {
    let bench = FollowBench::start(What::Groups).await;
    let (provider, to) = bench.provider("");
    let Provider::FrontDoor(mut declared) = provider else { panic!("no Front Door") };
    declared.purge = vec!["/*".into()];
    let target = bench.azure.target(&Provider::FrontDoor(declared), &to);
    drive(&target, &Split::all("green"), &op("m1")).await;
    drive(&target, &Split::all("green"), &op("m1")).await;
    assert_eq!(bench.azure.asked("POST", "*purge*").await, 1);
    drive(&target, &Split::all("blue"), &op("m2")).await;
    assert_eq!(bench.azure.asked("POST", "*purge*").await, 2);
}

#[tokio::test]
async fn a_gateway_of_an_ingress_controller_is_refused() {
    let bench = FollowBench::start(What::Gateway).await;
    let body = gateway(&["blue.contoso.test"], &json!({"managed-by-k8s-ingress": "1.7.0/abc"}));
    bench.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await;
    let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
    assert_eq!(error.reason(), "Unfit");
    assert!(error.to_string().contains("an ingress controller"), "{error}");
    assert!(refusals(&bench.target().preflight().await.unwrap()).contains("managed-by-k8s-ingress"));
}

#[tokio::test]
async fn a_profile_that_is_off_or_chooses_by_itself_is_refused() {
    for (method, status, told) in
        [("Performance", "Enabled", "routes by Performance"), ("Priority", "Disabled", "the profile is disabled")]
    {
        let bench = FollowBench::start(What::Priority).await;
        let endpoints = ["ep-blue", "ep-green"].map(|name| {
            let mut one = endpoint(name, if name == "ep-blue" { 1 } else { 2 }, "Enabled");
            one["properties"]["endpointLocation"] = json!("North Europe");
            one
        });
        let mut body = profile(method, &endpoints);
        body["properties"]["profileStatus"] = json!(status);
        bench.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, body).await;
        let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
        assert!(error.reason() == "Unfit" && error.to_string().contains(told), "{error}");
        assert!(refusals(&bench.target().preflight().await.unwrap()).contains(told));
    }
}

#[tokio::test]
async fn a_profiles_ttl_is_set_in_the_same_write() {
    let bench = FollowBench::start(What::Weighted).await;
    let op = teal_targets::Op { id: "m1".into(), ttl: Some(5) };
    let now = drive(&bench.target(), &Split::all("green"), &op).await;
    assert_eq!((now.ttl, bench.azure.asked("PATCH", "Microsoft.Network/trafficManagerProfiles").await), (Some(5), 1));
}

#[tokio::test]
async fn truths_of_followers_are_told_as_data() {
    for (what, weights, slow) in [
        (What::Groups, false, true),
        (What::Origins, true, true),
        (What::Classic, true, true),
        (What::Priority, true, false),
        (What::Gateway, false, true),
    ] {
        let truths = FollowBench::start(what).await.target().truths();
        assert_eq!((truths.cas, truths.ledger_limit, truths.weights.is_some()), (false, 0, weights), "{what:?}");
        assert_eq!(
            truths.too_slow(std::time::Duration::ZERO, std::time::Duration::from_secs(300)).is_some(),
            slow,
            "{what:?}"
        );
        assert_eq!(truths.rollback_lane, !slow, "{what:?}");
    }
}
