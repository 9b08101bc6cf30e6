//! What a profile is filled with, and what is refused.

use super::*;
use crate::check::merge;

fn external(name: &str, properties: Value) -> Value {
    let mut all = json!({"target": "blue.contoso.com"});
    merge(&mut all, &properties);
    json!({"name": name, "type": "Microsoft.network/TrafficManagerProfiles/ExternalEndpoints", "properties": all})
}

fn profile(patch: Value) -> Value {
    let mut body = json!({"location": "global", "properties": {
        "trafficRoutingMethod": "Priority",
        "dnsConfig": {"relativeName": "contoso", "ttl": 0},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/"},
        "endpoints": [external("blue", json!({})), external("green", json!({}))],
    }});
    merge(&mut body, &json!({ "properties": patch }));
    fill_profile(&mut body);
    body
}

#[test]
fn defaults_are_those_of_the_service() {
    let filled = profile(json!({"unknown": {"kept": true}}));
    assert_eq!(check_profile(&filled), Problems::default());
    let get = |pointer: &str| filled.pointer(pointer).cloned().unwrap_or_default();
    for (pointer, expected) in [
        ("/properties/unknown/kept", json!(true)),
        ("/properties/profileStatus", json!("Enabled")),
        ("/properties/monitorConfig/intervalInSeconds", json!(30)),
        ("/properties/monitorConfig/timeoutInSeconds", json!(10)),
        ("/properties/monitorConfig/toleratedNumberOfFailures", json!(3)),
        ("/properties/endpoints/0/type", json!("Microsoft.Network/trafficManagerProfiles/externalEndpoints")),
        ("/properties/endpoints/0/properties/weight", json!(1)),
        ("/properties/endpoints/0/properties/priority", json!(1)),
        ("/properties/endpoints/1/properties/priority", json!(2)),
    ] {
        assert_eq!(get(pointer), expected, "{pointer}");
    }
}

#[test]
fn what_is_refused() {
    let ends = |a: Value, b: Value| json!({"endpoints": [external("blue", a), external("green", b)]});
    let table = [
        (json!({"trafficRoutingMethod": "Best"}), "must be one of Priority"),
        (json!({"dnsConfig": {"relativeName": "-x"}}), "no DNS label"),
        (json!({"dnsConfig": {"ttl": -1}}), "0 to 2147483647"),
        (json!({"monitorConfig": {"protocol": "TCP"}}), "must be null"),
        (json!({"monitorConfig": {"path": "x"}}), "starts with '/'"),
        (json!({"monitorConfig": {"intervalInSeconds": 20}}), "10 for fast probing"),
        (json!({"monitorConfig": {"intervalInSeconds": 10, "timeoutInSeconds": 10}}), "5 to 9"),
        (json!({"monitorConfig": {"timeoutInSeconds": 11}}), "5 to 10"),
        (json!({"monitorConfig": {"toleratedNumberOfFailures": 10}}), "0 to 9"),
        (json!({"monitorConfig": {"expectedStatusCodeRanges": [{"min": 300, "max": 200}]}}), "no range"),
        (ends(json!({"weight": 0}), json!({})), "1 to 1000"),
        (ends(json!({"weight": 1001}), json!({})), "1 to 1000"),
        (ends(json!({"priority": 1}), json!({"priority": 1})), "same priority 1"),
        (ends(json!({"priority": 1}), json!({})), "every endpoint"),
        (ends(json!({"targetResourceId": "/subscriptions/s"}), json!({})), "has a target"),
        (ends(json!({"target": ""}), json!({})), "target is required"),
        (json!({"endpoints": [external("a", json!({})), external("A", json!({}))]}), "same name"),
        (json!({"trafficRoutingMethod": "Performance"}), "endpointLocation is required"),
        (json!({"trafficRoutingMethod": "Geographic"}), "geoMapping is required"),
        (ends(json!({"geoMapping": ["GEO-EU"]}), json!({"geoMapping": ["WORLD", "GEO-EU"]})), "\"GEO-EU\" is mapped"),
        (ends(json!({"geoMapping": ["Mars"]}), json!({})), "\"Mars\" is no region"),
        (
            ends(
                json!({"subnets": [{"first": "10.0.0.0", "scope": 8}]}),
                json!({"subnets": [{"first": "10.1.0.0", "last": "10.1.0.9"}]}),
            ),
            "overlap",
        ),
        (json!({"trafficRoutingMethod": "MultiValue", "maxReturn": 2}), "addresses as targets"),
        (json!({"trafficRoutingMethod": "MultiValue"}), "maxReturn is required"),
    ];
    for (patch, expected) in table {
        let problems = check_profile(&profile(patch.clone()));
        assert!(problems.mention(expected), "{patch}: {problems:?}");
    }
}

#[test]
fn an_added_endpoint_comes_last() {
    let endpoints = [external("a", json!({"priority": 7})), external("b", json!({"priority": 3}))];
    assert_eq!(next_priority(&endpoints), 8);
    assert_eq!(next_priority(&[]), 1);
}
