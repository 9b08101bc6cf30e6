//! Front doors that go bad as told, and a load client that misses nothing and obeys TTLs.

// Helpers of tests are test code too, but the lints know only the test functions.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use teal_testkit::dns::{Authority, Zone};
use teal_testkit::http::{Connections, FrontDoor, Load, LoadClient, Mode, Report, Sent};

async fn world(ttl: u32) -> (Authority, Vec<FrontDoor>) {
    let doors = FrontDoor::start_all(&["blue", "green"]).await.unwrap();
    let zone = Zone::new("contoso.test").address("aks", ttl, &[doors[0].ip()]);
    (Authority::start(&zone, &[]).await.unwrap(), doors)
}

fn load(doors: &[FrontDoor]) -> Load {
    let mut load = Load::new("aks.contoso.test", doors[0].address().port());
    load.per_second = 100;
    // Where nothing may fail, no pause of this machine is a failure.
    load.timeout = Duration::from_secs(60);
    load
}

/// Waits for a report that satisfies, at most a minute.
async fn until(client: &LoadClient, wanted: impl Fn(&Report) -> bool) -> Report {
    for _ in 0..6000 {
        let report = client.report();
        if wanted(&report) {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not seen within a minute: {}", client.report());
}

#[tokio::test]
async fn load_follows_the_record_within_its_ttl_and_nothing_fails() {
    for connections in [Connections::PerRequest, Connections::WithinTtl] {
        let (dns, doors) = world(1).await;
        let load = Load { connections, ..load(&doors) };
        let client = LoadClient::start(dns.address(), load).unwrap();
        let before = until(&client, |report| report.total >= 20).await;
        assert_eq!(before.colors.keys().collect::<Vec<_>>(), ["blue"]);
        let started = before.started;
        dns.change_by_hand("aks", 1, &[doors[1].ip()]).unwrap();
        let moved = started.elapsed().unwrap();
        until(&client, |report| report.colors.get("green").is_some_and(|seen| seen.requests >= 20)).await;
        let report = client.stop().await;
        assert_eq!((report.failed, report.failures.len()), (0, 0), "{report}");
        let (blue, green) = (report.colors["blue"], report.colors["green"]);
        assert!(blue.last < moved + Duration::from_secs(1), "{connections:?}: moved at {moved:?}; {report}");
        assert!(green.first >= blue.first && green.last > blue.last);
        assert_eq!(report.total, blue.requests + green.requests);
        let seconds: u64 = report.timeline.values().flat_map(|second| second.values()).sum();
        assert_eq!(seconds, report.total, "the timeline misses nothing");
        let counted = doors[0].requests()[&200] + doors[1].requests()[&200];
        assert_eq!(counted, report.total, "both sides count alike");
    }
}

#[tokio::test]
async fn every_way_to_be_bad_is_seen_and_over_when_it_ends() {
    let (dns, mut doors) = world(1).await;
    for (mode, word) in [
        (Mode::Errors, "500"),
        (Mode::ErrorsBehindHealth, "500"),
        (Mode::Hang, "error sending request"),
        (Mode::Refuse, "error sending request"),
        (Mode::WrongBody, "names no color"),
    ] {
        doors[0].set(mode).await.unwrap();
        // Only what never answers needs an end to the waiting.
        let timeout = Duration::from_millis(if mode == Mode::Hang { 300 } else { 60_000 });
        let client = LoadClient::start(dns.address(), Load { timeout, ..load(&doors) }).unwrap();
        let report = until(&client, |report| report.failed >= 5).await;
        assert_eq!(report.failed, report.total, "{mode:?}: {report}");
        assert!(report.failures[0].contains(word), "{mode:?}: {report}");
        doors[0].set(Mode::Good).await.unwrap();
        let over = client.report().started.elapsed().unwrap();
        // Of the requests that began since then, whatever still comes of those before.
        let since = || client.requests().into_iter().filter(|sent| sent.at > over).collect::<Vec<Sent>>();
        until(&client, |_| since().iter().filter(|sent| sent.color.as_deref() == Some("blue")).count() >= 10).await;
        // A pause of this machine is too long for the one that gives up so soon.
        let failed = since().into_iter().find(|sent| sent.failure.is_some() && mode != Mode::Hang);
        assert!(failed.is_none(), "{mode:?} goes on: {failed:?}");
        client.stop().await;
    }
}

#[tokio::test]
async fn health_and_metrics_are_apart_from_users() {
    let doors = FrontDoor::start_all(&["blue", "green"]).await.unwrap();
    let mut blue = doors.into_iter().next().unwrap();
    let get = async |url: String| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get(blue.url("/")).await, (200, r#"{"color":"blue"}"#.to_owned()));
    assert_eq!(get(blue.url("/healthz")).await.0, 200);
    blue.set(Mode::ErrorsBehindHealth).await.unwrap();
    assert_eq!((get(blue.url("/")).await.0, get(blue.url("/healthz")).await.0), (500, 200));
    blue.set(Mode::Errors).await.unwrap();
    assert_eq!((get(blue.url("/")).await.0, get(blue.url("/healthz")).await.0), (500, 500));
    let (status, metrics) = get(blue.url("/metrics")).await;
    assert_eq!(status, 200);
    for line in [
        r#"front_door_requests_total{color="blue",code="200",probe="false"} 1"#,
        r#"front_door_requests_total{color="blue",code="500",probe="false"} 2"#,
        r#"front_door_requests_total{color="blue",code="200",probe="true"} 2"#,
        r#"front_door_requests_total{color="blue",code="500",probe="true"} 1"#,
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
    assert_eq!(blue.requests(), [(200, 1), (500, 2)].into());
}

#[tokio::test]
async fn a_drained_door_answers_what_has_come_and_then_nobody() {
    let (dns, mut doors) = world(60).await;
    let client = LoadClient::start(dns.address(), load(&doors)).unwrap();
    until(&client, |report| report.total >= 20).await;
    let report = client.stop().await;
    assert_eq!(report.failed, 0, "{report}");
    doors[0].drain().await.unwrap();
    assert!(std::net::TcpStream::connect(doors[0].address()).is_err());
    assert!(std::net::TcpStream::connect(doors[1].address()).is_ok());
}
