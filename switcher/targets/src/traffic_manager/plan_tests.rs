use super::*;

fn colors() -> Colors {
    ["blue", "green"].map(|color| (color.to_owned(), Destination::Named(format!("ep-{color}")))).into()
}

fn endpoint(name: &str, status: &str, priority: Option<u32>, weight: u32) -> Value {
    json!({"id": format!("/x/{name}"), "name": name, "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"endpointStatus": status, "priority": priority, "weight": weight, "endpointMonitorStatus": "Online", "target": "x.test"}})
}

fn profile(method: &str, endpoints: Vec<Value>) -> ProfileFacts {
    let mut facts = ProfileFacts {
        traffic_routing_method: method.into(),
        profile_status: "Enabled".into(),
        endpoints,
        ..ProfileFacts::default()
    };
    facts.dns_config.ttl = 30;
    facts
}

fn moved(facts: &ProfileFacts, split: &Split) -> ProfileFacts {
    ProfileFacts { endpoints: endpoints(facts, &colors(), split).unwrap(), ..facts.clone() }
}

#[test]
fn by_priority_the_colors_swap_places_and_strangers_stay() {
    let facts = profile(
        "Priority",
        vec![
            endpoint("EP-Blue", "Enabled", Some(10), 1),
            endpoint("ep-green", "Disabled", Some(20), 1),
            endpoint("sorry", "Enabled", Some(900), 1),
        ],
    );
    assert_eq!(now(&facts, &colors()).shares, Split::all("blue").0);
    let there = moved(&facts, &Split::all("green"));
    assert!(now(&there, &colors()).is(&Split::all("green")));
    let read: Vec<_> = there.endpoints.iter().map(Endpoint::of).map(|one| (one.priority, one.enabled())).collect();
    assert_eq!(read, [(Some(20), true), (Some(10), true), (Some(900), true)]);
    let back = moved(&there, &Split::all("blue"));
    assert!(now(&back, &colors()).is(&Split::all("blue")));
    assert!(endpoints(&facts, &colors(), &Split::of([("blue", 90), ("green", 10)]).unwrap()).is_err());
}

#[test]
fn by_weight_any_split_is_reached_and_a_color_without_traffic_is_off() {
    let facts = profile(
        "Weighted",
        vec![endpoint("ep-blue", "Enabled", Some(1), 500), endpoint("ep-green", "Disabled", Some(2), 1)],
    );
    assert!(now(&facts, &colors()).is(&Split::all("blue")));
    for percent in 0..=100 {
        let split = Split::of([("blue", 100 - percent), ("green", percent)]).unwrap();
        let there = moved(&facts, &split);
        assert!(now(&there, &colors()).is(&split), "{split}: {:?}", now(&there, &colors()));
        assert!(there.endpoints.iter().any(|one| Endpoint::of(one).enabled()), "never none");
    }
}

#[test]
fn what_is_no_colors_is_told_and_never_counted() {
    let stranger = endpoint("stranger", "Enabled", Some(1), 7);
    let ours = || vec![endpoint("ep-blue", "Enabled", Some(2), 1), endpoint("ep-green", "Enabled", Some(3), 1)];
    for (method, told) in [
        ("Priority", "stranger, which is first"),
        ("Weighted", "stranger, by its weight"),
        ("Performance", "Performance"),
    ] {
        let mut list = ours();
        list.push(stranger.clone());
        let found = now(&profile(method, list), &colors());
        assert!(found.foreign.as_deref().unwrap().contains(told), "{method}: {found:?}");
    }
    let none = profile("Priority", vec![endpoint("ep-blue", "Disabled", Some(1), 1)]);
    assert!(now(&none, &colors()).foreign.unwrap().contains("no endpoint is enabled"));
}

#[test]
fn what_forbids_a_move_is_found() {
    let two = |blue: Option<u32>, green: Option<u32>| {
        vec![endpoint("ep-blue", "Enabled", blue, 1), endpoint("ep-green", "Enabled", green, 1)]
    };
    let refused = |facts: &ProfileFacts| -> Vec<String> {
        findings(facts, &colors()).into_iter().filter(|finding| finding.refuse).map(|finding| finding.what).collect()
    };
    assert!(refused(&profile("Priority", two(Some(1), Some(2)))).is_empty());
    for (facts, told) in [
        (profile("Priority", two(Some(1), Some(1))), "ep-blue and ep-green have the same priority 1"),
        (profile("Priority", two(Some(1), None)), "has no priority"),
        (profile("Performance", two(Some(1), Some(2))), "routes by Performance"),
        (profile("Weighted", vec![endpoint("ep-blue", "Enabled", Some(1), 1)]), "no endpoint `ep-green` for green"),
        (
            ProfileFacts { profile_status: "Disabled".into(), ..profile("Weighted", two(Some(1), Some(2))) },
            "profile is disabled",
        ),
    ] {
        let found = refused(&facts);
        assert!(found.iter().any(|what| what.contains(told)), "{told}: {found:?}");
    }
}

#[test]
fn what_should_be_known_is_told() {
    let mut blue = endpoint("ep-blue", "Enabled", Some(1), 1);
    blue["properties"]["alwaysServe"] = json!("Enabled");
    let mut green = endpoint("ep-green", "Enabled", Some(2), 1);
    green["properties"]["endpointMonitorStatus"] = json!("CheckingEndpoint");
    let found = now(&profile("Weighted", vec![blue.clone(), green]), &colors()).warnings;
    assert!(
        found.iter().any(|what| what.contains("alwaysServe"))
            && found.iter().any(|what| what.contains("CheckingEndpoint")),
        "{found:?}"
    );
    blue["properties"]["alwaysServe"] = json!("Disabled");
    blue["properties"]["endpointMonitorStatus"] = json!("Degraded");
    let other = endpoint("ep-green", "Enabled", Some(2), 1);
    let found = now(&profile("Priority", vec![blue, other]), &colors()).warnings;
    assert!(found.iter().any(|what| what.contains("first but Degraded")), "{found:?}");
}
