//! What is true of one of them alone: weights, preflight, purges.

use serde_json::{Value, json};
use teal_api::switch::Destination;
use teal_targets::{Retry, Split, Target};

use super::bodies::{backend, classic, endpoint, front, gateway, group, profile};
use super::{CLASSIC, FRONT, FollowBench, GATEWAY, TM, What};
use crate::azure::id;
use crate::followers::{Following, drive, op};

pub(super) fn refusals(found: &[teal_targets::Finding]) -> String {
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

/// Three colors get traffic; then green is deleted by hand.
async fn green_gone(bench: &FollowBench, target: &Target) {
    let parts = ["blue", "green", "red"];
    let on = |list: &[&str], body: fn(&str) -> Value| -> Vec<Value> { list.iter().map(|name| body(name)).collect() };
    let put = async |list: &[&str]| match bench.what {
        What::Classic => {
            let backends = json!(on(list, |name| backend(name, "Enabled")));
            bench.put("Microsoft.Network/frontDoors/classic", CLASSIC, classic(&backends)).await;
        }
        What::Priority | What::Weighted => {
            let method = if bench.what == What::Priority { "Priority" } else { "Weighted" };
            // Blue comes last, so that traffic isn't there already once green is gone.
            let endpoints = on(list, |name| {
                let priority = ["green", "red", "blue"].iter().position(|one| *one == name).unwrap() + 1;
                endpoint(&format!("ep-{name}"), priority.try_into().unwrap(), "Enabled")
            });
            bench.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, profile(method, &endpoints)).await;
        }
        What::Origins => {
            for name in list {
                let host = format!("{name}.contoso.test");
                let body = json!({"properties": {"hostName": host, "enabledState": "Enabled", "weight": 1000}});
                bench.azure.put(&front(&format!("/originGroups/both/origins/o-{name}")), FRONT, body).await;
            }
        }
        What::Groups | What::Gateway => panic!("it splits nothing"),
    };
    put(&parts).await;
    let now = target.now().await.unwrap();
    assert!(now.shares.contains_key("green") && now.foreign.is_none(), "{:?}: {now:?}", bench.what);
    if bench.what == What::Origins {
        let green = front("/originGroups/both/origins/o-green");
        bench.azure.by_hand(teal_azure::Method::Delete, &green, FRONT, None).await;
    } else {
        put(&["blue", "red"]).await;
    }
}

/// Somebody deleted the bad color while traffic was on its way to it: that forbids going on, and never going back.
#[tokio::test]
async fn g5_traffic_goes_back_though_the_bad_color_is_gone() {
    for what in [What::Origins, What::Priority, What::Weighted, What::Classic] {
        let bench = FollowBench::start(what).await;
        let (provider, mut to) = bench.provider("");
        let red = match &to["green"] {
            Destination::Cname(_) => Destination::Cname("red.contoso.test".into()),
            Destination::Named(name) => Destination::Named(name.replace("green", "red")),
            other => panic!("{other:?}"),
        };
        to.insert("red".into(), red);
        let (target, blue) = (bench.azure.target(&provider, &to), Split::all("blue"));
        green_gone(&bench, &target).await;
        let left = target.now().await.unwrap();
        assert!(left.shares.contains_key("red") && !left.is(&blue), "{what:?}: {left:?}");
        let writes = async || bench.azure.asked(bench.method(), bench.kind()).await;
        let before = writes().await;
        let error = target.route(&blue, &op("m1")).await.unwrap_err();
        assert!(error.reason() == "Unfit" && error.to_string().contains("green"), "{what:?}: {error}");
        assert_eq!(writes().await, before, "{what:?}");
        let back = teal_targets::Op { back: true, ..op("m1") };
        assert!(drive(&target, &blue, &back).await.is(&blue), "{what:?}");
        assert_eq!(writes().await, before + 1, "{what:?}");
    }
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

/// What would be lost or kept by a change is told from Azure's own settings, whatever they say.
#[tokio::test]
async fn how_long_a_gateway_drains_is_read_from_its_settings() {
    for (draining, told) in [
        (json!({"enabled": true, "drainTimeoutInSec": 30}), "open requests keep their old address for up to 30 s"),
        (json!({"enabled": true, "drainTimeoutInSec": 3600}), "open requests keep their old address for up to 3600 s"),
        (json!({"enabled": false, "drainTimeoutInSec": 30}), "connection draining is off"),
    ] {
        let bench = FollowBench::start(What::Gateway).await;
        let mut body = gateway(&["blue.contoso.test"], &json!({}));
        body["properties"]["backendHttpSettingsCollection"][0]["properties"]["connectionDraining"] = draining;
        bench.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await;
        let found = bench.target().preflight().await.unwrap();
        assert!(found.iter().any(|finding| finding.what.contains(told) && !finding.refuse), "{told}: {found:?}");
        assert!(drive(&bench.target(), &Split::all("green"), &op("m1")).await.is(&Split::all("green")), "{told}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_stopped_or_lacks_the_pool_is_refused() {
    let bench = FollowBench::start(What::Gateway).await;
    let mut body = gateway(&["blue.contoso.test"], &json!({}));
    body["properties"]["backendAddressPools"][0]["name"] = json!("other");
    body["properties"]["requestRoutingRules"][0]["properties"]["backendAddressPool"]["id"] =
        json!(id("Microsoft.Network/applicationGateways/gw/backendAddressPools/other"));
    bench.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await;
    let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
    assert!(error.reason() == "Unfit" && error.to_string().contains("no backend address pool `web`"), "{error}");

    let bench = FollowBench::start(What::Gateway).await;
    bench.azure.act(&id("Microsoft.Network/applicationGateways/gw"), "stop", GATEWAY).await;
    let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
    assert!(error.reason() == "Unfit" && error.to_string().contains("the gateway is stopped"), "{error}");
    assert!(refusals(&bench.target().preflight().await.unwrap()).contains("start it first"));
}

#[tokio::test]
async fn every_look_at_a_classic_front_door_says_when_it_ends() {
    let bench = FollowBench::start(What::Classic).await;
    let words = "Front Door (classic) ends on 2027-03-31: migrate to Standard or Premium before that";
    assert_eq!(bench.target().now().await.unwrap().warnings, [words]);
    let found = bench.target().preflight().await.unwrap();
    assert!(found.iter().any(|finding| finding.what == words && !finding.refuse), "{found:?}");
    assert_eq!(drive(&bench.target(), &Split::all("green"), &op("m1")).await.warnings, [words]);
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

/// All that is wrong is told at once, before a move and by a write.
#[tokio::test]
async fn all_that_refuses_is_told_by_a_write_too() {
    let all = async |bench: &FollowBench, words: &[&str]| {
        let error = bench.target().route(&Split::all("green"), &op("m1")).await.unwrap_err();
        assert_eq!(error.reason(), "Unfit", "{error}");
        let found = refusals(&bench.target().preflight().await.unwrap());
        for words in words {
            assert!(error.to_string().contains(words) && found.contains(words), "{words}: {error}; {found}");
        }
    };
    let bench = FollowBench::start(What::Priority).await;
    let mut body = profile("Performance", &["ep-blue", "elsewhere"].map(|name| endpoint(name, 1, "Enabled")));
    for (at, one) in body["properties"]["endpoints"].as_array_mut().unwrap().iter_mut().enumerate() {
        one["properties"]["endpointLocation"] = json!("North Europe");
        one["properties"]["priority"] = json!(at + 1);
    }
    body["properties"]["profileStatus"] = json!("Disabled");
    bench.put("Microsoft.Network/trafficmanagerprofiles/contoso", TM, body).await;
    all(&bench, &["the profile is disabled", "routes by Performance", "no endpoint `ep-green` for green"]).await;

    let bench = FollowBench::start(What::Classic).await;
    let mut body = classic(&json!([backend("elsewhere", "Enabled")]));
    body["properties"]["enabledState"] = json!("Disabled");
    bench.put("Microsoft.Network/frontDoors/classic", CLASSIC, body).await;
    all(&bench, &["backend blue.contoso.test", "backend green.contoso.test", "the Front Door is disabled"]).await;

    let bench = FollowBench::start(What::Gateway).await;
    let mut body = gateway(&["blue.contoso.test"], &json!({"managed-by-k8s-ingress": "1.7.0/abc"}));
    let renamed = body.to_string().replace("backendAddressPools/web", "backendAddressPools/other");
    body = serde_json::from_str(&renamed).unwrap();
    body["properties"]["backendAddressPools"][0]["name"] = json!("other");
    bench.put("Microsoft.Network/applicationGateways/gw", GATEWAY, body).await;
    all(&bench, &["an ingress controller", "no backend address pool `web`"]).await;
}

#[tokio::test]
async fn a_profiles_ttl_is_set_in_the_same_write() {
    let bench = FollowBench::start(What::Weighted).await;
    let op = teal_targets::Op { id: "m1".into(), ttl: Some(5), back: false };
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
