//! The clients that tests and demo rely on obey DNS, and the servers are what they say.

// Helpers of tests are test code too, but the lints know only the test functions.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use teal_testkit::dns::{Authority, Bind, DnsServer, Fault, Key, Proxy, Recursor, Resolver, Zone, bind_or_skip};

const BLUE: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);
const GREEN: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);

fn zone(ttl: u32) -> Zone {
    let mut zone = Zone::new("contoso.test").address("aks", ttl, &[BLUE]);
    zone.minimum = 1;
    zone
}

#[tokio::test]
async fn a_resolver_believes_an_answer_exactly_as_long_as_its_ttl() {
    let server = Authority::start(&zone(1), &[]).await.unwrap();
    let proxy = Proxy::start(server.address()).await.unwrap();
    let resolver = Resolver::new(proxy.address());
    let started = Instant::now();
    assert_eq!(resolver.resolve("aks.contoso.test").await.unwrap().addresses, [BLUE]);
    server.change_by_hand("aks", 1, &[GREEN]).unwrap();
    while resolver.resolve("aks.contoso.test.").await.unwrap().addresses != [GREEN] {
        assert_eq!(proxy.seen(), 1, "nothing is asked while the TTL lasts");
        assert!(started.elapsed() < Duration::from_secs(60), "believed for ever");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(started.elapsed() >= Duration::from_secs(1), "turned before its TTL was over");
    assert_eq!(proxy.seen(), 2);
}

#[tokio::test]
async fn a_resolver_remembers_absence_for_the_soa_minimum_and_failures_never() {
    // Long enough that no pause of this machine outlasts it.
    let mut long = zone(600);
    long.minimum = 600;
    let server = Authority::start(&long, &[]).await.unwrap();
    let proxy = Proxy::start(server.address()).await.unwrap();
    let resolver = Resolver::new(proxy.address());
    let absent = resolver.resolve("new.contoso.test").await.unwrap();
    assert!(absent.addresses.is_empty() && !absent.exists);
    server.change_by_hand("new", 600, &[GREEN]).unwrap();
    assert!(resolver.resolve("new.contoso.test").await.unwrap().addresses.is_empty());
    assert_eq!(proxy.seen(), 1);
    proxy.set(Fault::ServFail);
    let error = resolver.resolve("aks.contoso.test").await.unwrap_err();
    assert!(format!("{error:#}").contains("Server Failure"), "{error:#}");
    proxy.set(Fault::None);
    assert_eq!(resolver.resolve("aks.contoso.test").await.unwrap().addresses, [BLUE]);
    // And no longer than that.
    let server = Authority::start(&zone(60), &[]).await.unwrap();
    let (resolver, started) = (Resolver::new(server.address()), Instant::now());
    assert!(!resolver.resolve("new.contoso.test").await.unwrap().exists);
    server.change_by_hand("new", 60, &[GREEN]).unwrap();
    while resolver.resolve("new.contoso.test").await.unwrap().addresses.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "absence is believed for longer than the SOA minimum");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(started.elapsed() >= Duration::from_secs(1), "believed for less than the SOA minimum");
}

#[tokio::test]
async fn a_recursor_tells_what_is_left_of_a_ttl() {
    let server = Authority::start(&zone(30), &[]).await.unwrap();
    let recursor = Recursor::start(server.address()).await.unwrap();
    let client = Resolver::new(recursor.address());
    let resolved = client.resolve("aks.contoso.test").await.unwrap();
    assert_eq!(resolved.addresses, [BLUE]);
    assert!(resolved.ttl() < 30, "the recursor's TTL has begun to run: {}", resolved.ttl());
    assert!(!client.resolve("absent.contoso.test").await.unwrap().exists);
}

#[tokio::test]
async fn the_best_server_of_this_machine_keeps_its_zone_over_a_restart() {
    let key = Key::generate("teal").unwrap();
    let mut server = DnsServer::start(&zone(0), &[key]).await.unwrap();
    assert_eq!(matches!(server, DnsServer::Bind(_)), Bind::program().is_some(), "{}", server.kind());
    let address = server.address();
    server.change_by_hand("aks", 0, &[GREEN]).await.unwrap();
    server.stop().await.unwrap();
    let resolver = Resolver::new(address);
    assert!(resolver.resolve("aks.contoso.test").await.is_err());
    server.start_again().await.unwrap();
    assert_eq!(server.address(), address);
    assert_eq!(resolver.resolve("aks.contoso.test").await.unwrap().addresses, [GREEN]);
}

#[tokio::test]
async fn nsupdate_tells_why_it_was_refused() {
    let Some(_) = bind_or_skip("nsupdate").unwrap() else { return };
    let server = Bind::start(&zone(60), &[]).await.unwrap();
    let error = server.change_by_hand("aks", 60, &[GREEN]).await.unwrap_err();
    assert!(error.to_string().contains("NOTAUTH") || error.to_string().contains("BADKEY"), "{error}");
}
