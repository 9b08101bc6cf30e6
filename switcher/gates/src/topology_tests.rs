use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

fn declared() -> Topology {
    let map = |blue: &str, green: &str| {
        BTreeMap::from([("blue".to_owned(), blue.to_owned()), ("green".to_owned(), green.to_owned())])
    };
    let ip = |text: &str| vec![text.parse().unwrap()];
    let probe = |url: &str| HttpProbe {
        url: url.to_owned(),
        host: None,
        status: Vec::new(),
        contains: None,
        timeout: Duration::from_secs(60),
    };
    Topology {
        resolver: "10.0.0.10".into(),
        official: Some("shop.contoso.test".into()),
        cluster: "aks.contoso.test".into(),
        colors: map("aks-blue.contoso.test", "aks-green.contoso.test"),
        front_doors: vec!["/subscriptions/s/resourcegroups/g/providers/microsoft.cdn/profiles/contoso".into()],
        probes: map("http://127.0.1.1/healthz", "http://127.0.2.1/healthz")
            .into_iter()
            .map(|(color, url)| (color, probe(&url)))
            .collect(),
        addresses: BTreeMap::from([("blue".to_owned(), ip("10.1.0.4")), ("green".to_owned(), ip("10.2.0.4"))]),
    }
}

/// All as it should be while blue serves.
fn seen() -> Seen {
    let name = |host: &str, ip: &str| (host.to_owned(), Ok(BTreeSet::from([ip.parse().unwrap()])));
    let answer = |color: &str, host: &str| (color.to_owned(), host.to_owned(), Answer::Good);
    Seen {
        names: vec![
            name("shop.contoso.test", "192.0.2.1"),
            name("aks.contoso.test", "10.1.0.4"),
            name("aks-blue.contoso.test", "10.1.0.4"),
            name("aks-green.contoso.test", "10.2.0.4"),
        ],
        answers: vec![answer("blue", "aks.contoso.test"), answer("green", "aks.contoso.test")],
        origins: vec![("Front Door contoso".into(), Ok(vec!["aks.contoso.test".into()]))],
    }
}

#[test]
fn names_that_lead_where_they_should_pass() {
    let report = judge(&declared(), "blue", &seen());
    assert_eq!(report.outcome, Outcome::Pass, "{report}");
    assert!(report.message.contains("4 names"), "{report}");
}

#[test]
fn each_thing_that_is_wrong_is_told() {
    type Spoil = fn(&mut Seen);
    let cases: [(&str, Spoil, Outcome, &str); 7] = [
        (
            "the moving name is not with the live color",
            |seen| seen.names[1].1 = Ok(BTreeSet::from(["10.2.0.4".parse().unwrap()])),
            Outcome::Fail,
            "aks.contoso.test leads to 10.2.0.4, and blue is at 10.1.0.4",
        ),
        (
            "a colored name leads elsewhere",
            |seen| seen.names[3].1 = Ok(BTreeSet::from(["10.9.0.4".parse().unwrap()])),
            Outcome::Fail,
            "aks-green.contoso.test leads to 10.9.0.4, and green is at 10.2.0.4",
        ),
        (
            "a name has no address",
            |seen| seen.names[0].1 = Ok(BTreeSet::new()),
            Outcome::Fail,
            "shop.contoso.test has no address",
        ),
        (
            "the resolver is silent",
            |seen| seen.names[0].1 = Err("no answer in time".into()),
            Outcome::Error,
            "shop.contoso.test can't be resolved: no answer in time",
        ),
        (
            "an ingress does not know a name",
            |seen| seen.answers[1].2 = Answer::Bad("status 404 instead of 2xx".into()),
            Outcome::Fail,
            "green does not serve aks.contoso.test: status 404",
        ),
        (
            "a certificate does not hold a name",
            |seen| seen.answers[1].2 = Answer::Silent("invalid peer certificate".into()),
            Outcome::Error,
            "green does not answer for aks.contoso.test: invalid peer certificate",
        ),
        (
            "a colored name is an origin",
            |seen| seen.origins[0].1 = Ok(vec!["AKS-green.contoso.test".into()]),
            Outcome::Fail,
            "aks-green.contoso.test is an origin of Front Door contoso: it would not follow the switch",
        ),
    ];
    for (what, spoil, outcome, told) in cases {
        let mut seen = seen();
        spoil(&mut seen);
        let report = judge(&declared(), "blue", &seen);
        assert_eq!(report.outcome, outcome, "{what}: {report}");
        assert!(report.message.contains(told), "{what}: {report}");
    }
}

/// Targets that name endpoints or resources declare no address.
#[test]
fn without_declared_addresses_the_names_are_compared_with_each_other() {
    let declared = Topology { addresses: BTreeMap::new(), ..declared() };
    assert_eq!(judge(&declared, "blue", &seen()).outcome, Outcome::Pass);
    let report = judge(&declared, "green", &seen());
    assert_eq!(report.outcome, Outcome::Fail);
    assert!(report.message.contains("aks.contoso.test leads to 10.1.0.4, and green is at 10.2.0.4"), "{report}");
    let mut same = seen();
    same.names[3].1 = Ok(BTreeSet::from(["10.1.0.4".parse().unwrap()]));
    let report = judge(&declared, "blue", &same);
    assert!(report.message.contains("aks-green.contoso.test leads to 10.1.0.4, where blue is"), "{report}");
}

#[test]
fn what_is_wrong_counts_more_than_what_is_unknown_and_all_is_told() {
    let mut seen = seen();
    seen.names[0].1 = Err("SERVFAIL".into());
    seen.names[3].1 = Ok(BTreeSet::new());
    seen.origins[0].1 = Err("no role".into());
    let report = judge(&declared(), "blue", &seen);
    assert_eq!(report.outcome, Outcome::Fail);
    for part in ["aks-green.contoso.test has no address", "SERVFAIL", "no role"] {
        assert!(report.message.contains(part), "{report}");
    }
}

#[tokio::test]
async fn both_colors_are_asked_for_every_name() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let doors = teal_testkit::http::FrontDoor::start_all(&["blue", "green"]).await.unwrap();
    let mut declared = declared();
    for door in &doors {
        declared.probes.get_mut(door.color()).unwrap().url = door.url("/healthz");
    }
    let answers = ask(&declared).await;
    let asked: Vec<(&str, &str)> = answers.iter().map(|(color, host, _)| (color.as_str(), host.as_str())).collect();
    assert_eq!(
        asked,
        [
            ("blue", "shop.contoso.test"),
            ("blue", "aks.contoso.test"),
            ("blue", "aks-blue.contoso.test"),
            ("green", "shop.contoso.test"),
            ("green", "aks.contoso.test"),
            ("green", "aks-green.contoso.test"),
        ]
    );
    assert!(answers.iter().all(|(.., answer)| *answer == Answer::Good), "{answers:?}");
}
