//! Front Door alone: one origin after another, what its preflight finds, what it caches, and who was faster.

use serde_json::json;
use teal_api::switch::{Destination, FrontDoorBy, Provider};
use teal_targets::{Op, Retry, Split, Written};

use super::bodies::{front, group, named, route};
use super::own::refusals;
use super::{FRONT, FollowBench, What};
use crate::followers::{Following, drive, op};

#[tokio::test]
async fn an_origin_is_warmed_at_the_smallest_weight_before_it_gets_traffic() {
    let bench = FollowBench::start(What::Origins).await;
    let weights = async || {
        let mut weights = Vec::new();
        for name in ["o-blue", "o-green"] {
            let origin = bench.azure.read(&front(&format!("/originGroups/both/origins/{name}")), FRONT).await;
            let on = origin["properties"]["enabledState"] == "Enabled";
            weights.push(on.then(|| origin["properties"]["weight"].as_u64()).flatten());
        }
        weights
    };
    let (target, to) = (bench.target(), Split::all("green"));
    let mut seen = vec![weights().await];
    while !matches!(target.route(&to, &op("m1")).await.unwrap(), Written::Done(_)) {
        seen.push(weights().await);
    }
    let gains = [vec![Some(1000), None], vec![Some(1000), Some(1)], vec![Some(1000), Some(1000)]];
    assert_eq!(seen, gains, "on at the smallest weight, then all of it, and the old one is off last");
    assert_eq!(weights().await, [None, Some(1000)]);
    let back = Op { back: true, ..op("m2") };
    assert!(!matches!(target.route(&Split::all("blue"), &back).await.unwrap(), Written::Done(_)));
    assert_eq!(weights().await, [Some(1000), Some(1000)], "the way back warms nothing");
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
    let back = teal_targets::Op { back: true, ..op("m1") };
    drive(&target, &Split::all("blue"), &back).await;
    assert_eq!(bench.azure.asked("POST", "*purge*").await, 2, "the way back has the opId of its move");
    assert!(target.truths().copies && !bench.target().truths().copies);
    target.clear().await.unwrap();
    assert_eq!(bench.azure.asked("POST", "*purge*").await, 3, "and once more when the change has spread");
    bench.target().clear().await.unwrap();
    assert_eq!(bench.azure.asked("POST", "*purge*").await, 3, "only where a purge is declared");
}

/// A Front Door's preflight sees more than a write reads; what both see, both tell whole.
#[tokio::test]
async fn all_that_refuses_a_front_door_is_told_at_once() {
    let bench = FollowBench::start(What::Groups).await;
    let mut off = route("g-blue");
    off["properties"]["enabledState"] = json!("Disabled");
    bench.azure.put(&front("/afdEndpoints/web/routes/all"), FRONT, off).await;
    let origin = json!({"properties": {"hostName": "g.contoso.test", "enabledState": "Disabled"}});
    bench.azure.put(&front("/originGroups/g-green/origins/one"), FRONT, origin).await;
    let (ten, group) = (Split::of([("blue", 90), ("green", 10)]).unwrap(), "g-green of green has no enabled origin");
    for (split, words) in [(&Split::all("green"), None), (&ten, Some("a route sends all or nothing"))] {
        let error = bench.target().route(split, &op("m1")).await.unwrap_err();
        assert_eq!((error.reason(), error.retry()), ("Unfit", Retry::WhenConfigChanges), "{error}");
        for words in ["the route is disabled", group].into_iter().chain(words) {
            assert!(error.to_string().contains(words), "{words}: {error}");
        }
    }
    assert_eq!(bench.azure.asked("PATCH", "Microsoft.Cdn/profiles/*").await, 0, "nothing was written");
    let found = refusals(&bench.target().preflight().await.unwrap());
    assert!(found.contains("the route is disabled") && found.contains(group), "{found}");

    // A route that is not there hides nothing of the groups.
    let (Provider::FrontDoor(mut declared), mut to) = bench.provider("") else { panic!("no Front Door") };
    declared.by = FrontDoorBy::Groups { endpoint: "web".into(), route: "other".into() };
    to.insert("blue".into(), Destination::Named("nowhere".into()));
    let target = bench.azure.target(&Provider::FrontDoor(declared), &to);
    let found = refusals(&target.preflight().await.unwrap());
    for words in ["no route `other` of the endpoint `web`", "no origin group `nowhere` for blue", group] {
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[tokio::test]
async fn all_that_refuses_a_group_of_origins_is_told_at_once() {
    let bench = FollowBench::start(What::Origins).await;
    bench.azure.put(&front("/originGroups/both"), FRONT, group(0)).await;
    let (Provider::FrontDoor(mut declared), _) = bench.provider("") else { panic!("no Front Door") };
    let target = bench.azure.target(&Provider::FrontDoor(declared.clone()), &named("o-red", "o-pink"));
    let ten = Split::of([("blue", 90), ("green", 10)]).unwrap();
    let error = target.route(&ten, &op("m1")).await.unwrap_err();
    let (red, pink) = ("no origin `o-red` for blue", "no origin `o-pink` for green");
    for words in [red, pink, "latency sensitivity"] {
        assert!(error.reason() == "Unfit" && error.to_string().contains(words), "{words}: {error}");
    }
    let found = refusals(&target.preflight().await.unwrap());
    assert!(found.contains(red) && found.contains(pink), "{found}");

    declared.by = FrontDoorBy::Origins { group: "nowhere".into() };
    let target = bench.azure.target(&Provider::FrontDoor(declared), &named("o-blue", "o-green"));
    assert_eq!(refusals(&target.preflight().await.unwrap()), "there is no origin group `nowhere`");
}

/// Another writer switched the other origin off between our look and our change: Azure's refusal is no mistake of anyone's
/// declaration, and ends by looking again. It is told by Azure's words alone, and by what is read back alone.
#[tokio::test]
async fn g1_the_last_origin_is_a_race_that_is_read_again() {
    let refused = json!({"kind": "error", "status": 400, "message": "Not now."});
    for (stale, fault, words) in [(2, None, "Cannot disable or delete the last origin"), (1, Some(refused), "Not now.")]
    {
        let bench = FollowBench::start(What::Origins).await;
        let origin = |name: &str, state: &str| json!({"properties": {"hostName": format!("{name}.contoso.test"), "enabledState": state, "weight": 1000}});
        bench.azure.put(&front("/originGroups/both/origins/o-green"), FRONT, origin("green", "Enabled")).await;
        // The read before the change sees the group as it was, green still on; so does the one after it, if it is stale too.
        bench.azure.put(&front("/originGroups/both/origins/o-green"), FRONT, origin("green", "Disabled")).await;
        let path = "*/originGroups/both/origins";
        bench.azure.fault(json!({"method": "GET", "path": path, "times": stale, "fault": {"kind": "staleRead"}})).await;
        let strikes = stale + u64::from(fault.is_some());
        if let Some(fault) = fault {
            bench.azure.fault(json!({"method": "PATCH", "times": 1, "fault": fault})).await;
        }
        let back = teal_targets::Op { back: true, ..op("m1") };
        let error = bench.target().route(&Split::all("green"), &back).await.unwrap_err();
        assert_eq!(bench.azure.struck().await, strikes, "{words}");
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!((error.reason(), error.retry()), ("Changed", Retry::AfterRead), "{words}: {error}");
        assert!(drive(&bench.target(), &Split::all("green"), &op("m1")).await.is(&Split::all("green")), "{words}");
    }
}
