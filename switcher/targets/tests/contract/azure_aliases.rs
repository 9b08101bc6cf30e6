//! Alias records: which answers tell a color, which never do, and what is told when nobody may look.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_api::switch::{AzureRecord, Destination, Provider, RecordType};
use teal_targets::{Answer, Meaning, Outcome, Target};

use crate::azure::{Azure, id};
use crate::azure_dns::{AzureBench, Kind, V, ZONE, record};
use crate::suite::{Bench, to};

const ADDRESS: &str = "2024-05-01";
const PUBLIC_IPS: &str = "Microsoft.Network/publicIPAddresses";

async fn address(azure: &Azure, color: u8, ip: &str) {
    let path = id(&format!("{PUBLIC_IPS}/color{color}"));
    azure.put(&path, ADDRESS, json!({"location": "westeurope", "properties": {"ipAddress": ip}})).await;
}

/// The record `aks` is an alias of blue's public address.
async fn bench() -> AzureBench {
    let bench = AzureBench::start(Kind::Alias).await;
    address(&bench.azure, 1, "198.51.100.1").await;
    address(&bench.azure, 2, "198.51.100.2").await;
    bench
}

/// The record `aks` as an alias of a type, with a resource for each color.
fn aliases(bench: &AzureBench, kind: RecordType, blue: &str, green: &str) -> Target {
    let place = AzureRecord { record_type: Some(kind), ..record("aks", vec![bench.azure.emulator.dns.to_string()]) };
    let color = |id: &str| Destination::ResourceId(id.to_owned()).canonical();
    let to: BTreeMap<_, _> = [("blue".to_owned(), color(blue)), ("green".to_owned(), color(green))].into();
    bench.azure.target(&Provider::AzureDns(place), &to)
}

async fn one(target: &Target) -> Answer {
    let mut answers = target.observe().await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

async fn looks(bench: &AzureBench) -> usize {
    bench.azure.asked("GET", PUBLIC_IPS).await
}

#[tokio::test]
async fn an_alias_of_a_public_address_tells_the_color() {
    let bench = bench().await;
    let target = bench.target();
    let blue = one(&target).await;
    assert_eq!((target.means(&blue), target.untold(&blue)), (Meaning::Color("blue".into()), None), "{blue:?}");
    let tag = target.read().await.unwrap().tag;
    target.commit(&tag, Some(&to(bench.green(), 10)), b"op").await.unwrap();
    let green = one(&target).await;
    assert_eq!(target.means(&green), Meaning::Color("green".into()), "{green:?}");
    assert_eq!((target.unproven(), looks(&bench).await), (None, 2), "each is looked at once");
}

#[tokio::test]
async fn an_address_that_has_changed_is_learned_again_when_answers_do_not_match() {
    let bench = bench().await;
    let target = bench.target();
    one(&target).await;
    address(&bench.azure, 1, "198.51.100.7").await;
    let moved = one(&target).await;
    assert!(
        matches!(&moved.outcome, Outcome::Addresses(list, _) if list[0].to_string() == "198.51.100.7"),
        "{moved:?}"
    );
    assert_eq!(target.means(&moved), Meaning::Color("blue".into()));
    assert_eq!(looks(&bench).await, 4);
    one(&target).await;
    assert_eq!(looks(&bench).await, 4, "nobody looks while answers match");
}

#[tokio::test]
async fn an_address_that_nobody_may_read_is_told_and_proves_nothing() {
    let bench = bench().await;
    let zone = id(&format!("Microsoft.Network/dnsZones/{ZONE}"));
    bench.azure.only(&[("DNS Zone Contributor", zone)]).await;
    let target = bench.target();
    let answer = one(&target).await;
    let untold = target.untold(&answer).unwrap();
    let grant = format!("grant `Reader` on {}", id(&format!("{PUBLIC_IPS}/color1")).to_ascii_lowercase());
    assert!(untold.lasting && untold.why.to_ascii_lowercase().contains(&grant.to_ascii_lowercase()), "{untold:?}");
    assert!(target.unproven().unwrap().contains("what its alias answers is not known"), "{:?}", target.unproven());
    let found = target.preflight().await.unwrap();
    assert_eq!(found.iter().filter(|one| one.what.contains("grant `Reader`")).count(), 2, "one a color: {found:?}");
    assert!(found.iter().all(|one| !one.refuse), "{found:?}");

    bench.azure.only(&[("Owner", "/".to_owned())]).await;
    let answer = one(&target).await;
    assert_eq!(target.means(&answer), Meaning::Color("blue".into()), "a role that is granted later counts");
    assert_eq!((target.untold(&answer), target.unproven()), (None, None));
    assert_eq!(target.preflight().await.unwrap(), []);
}

#[tokio::test]
async fn an_address_that_azure_does_not_tell_now_is_asked_for_again() {
    let bench = bench().await;
    let rule = json!({"method": "GET", "path": "*/publicIPAddresses/*", "fault": {"kind": "error", "status": 503}});
    bench.azure.fault(rule).await;
    let target = bench.target();
    let answer = one(&target).await;
    let untold = target.untold(&answer).unwrap();
    assert!(!untold.lasting && untold.why.contains("503"), "{untold:?}");
    assert_eq!(target.unproven(), None, "it will be proved");
    bench.azure.no_faults().await;
    let answer = one(&target).await;
    assert_eq!((target.means(&answer), target.untold(&answer)), (Meaning::Color("blue".into()), None));
}

#[tokio::test]
async fn an_alias_of_another_record_tells_the_color_unless_both_answer_alike() {
    let bench = bench().await;
    let set = |name: &str| id(&format!("Microsoft.Network/dnsZones/{ZONE}/A/{name}"));
    let write = async |name: &str, ip: &str| {
        let body = json!({"properties": {"TTL": 60, "ARecords": [{"ipv4Address": ip}]}});
        bench.azure.put(&set(name), V, body).await;
    };
    write("aks-blue", "10.1.0.4").await;
    write("aks-green", "10.2.0.4").await;
    bench.write("aks", json!({"TTL": 60, "targetResource": {"id": set("aks-blue")}})).await;
    let target = aliases(&bench, RecordType::A, &set("aks-blue"), &set("aks-green"));
    let answer = one(&target).await;
    assert_eq!(target.means(&answer), Meaning::Color("blue".into()), "{answer:?}");
    let tag = target.read().await.unwrap().tag;
    let green = Destination::ResourceId(set("aks-green")).canonical();
    target.commit(&tag, Some(&to(green, 10)), b"op").await.unwrap();
    assert_eq!(target.means(&one(&target).await), Meaning::Color("green".into()));

    write("aks-green", "10.1.0.4").await;
    let target = aliases(&bench, RecordType::A, &set("aks-blue"), &set("aks-green"));
    let answer = one(&target).await;
    let untold = target.untold(&answer).unwrap();
    assert!(untold.lasting && untold.why.contains("answered alike"), "{untold:?}");
    assert!(matches!(target.means(&answer), Meaning::Foreign(_)), "{answer:?}");
}

fn profile(name: &str, ip: &str) -> Value {
    let endpoint = json!({"name": "one", "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {"target": ip, "endpointStatus": "Enabled", "priority": 1, "weight": 100}});
    json!({"location": "global", "properties": {"trafficRoutingMethod": "Priority",
        "dnsConfig": {"relativeName": name, "ttl": 30},
        "monitorConfig": {"protocol": "HTTP", "port": 80, "path": "/healthz"}, "endpoints": [endpoint]}})
}

#[tokio::test]
async fn an_alias_of_a_profile_is_moved_and_answers_prove_nothing() {
    let bench = bench().await;
    let path = |color: &str| id(&format!("Microsoft.Network/trafficManagerProfiles/{color}"));
    bench.azure.put(&path("blue"), "2022-04-01", profile("teal-blue", "10.1.0.4")).await;
    bench.azure.put(&path("green"), "2022-04-01", profile("teal-green", "10.2.0.4")).await;
    bench.write("aks", json!({"TTL": 60, "targetResource": {"id": path("blue")}})).await;
    let target = aliases(&bench, RecordType::A, &path("blue"), &path("green"));
    let now = target.read().await.unwrap();
    assert_eq!(target.means_value(now.value.as_ref()), Meaning::Color("blue".into()), "what ARM says tells it");
    target.commit(&now.tag, Some(&to(Destination::ResourceId(path("green")).canonical(), 10)), b"op").await.unwrap();
    let answer = one(&target).await;
    assert!(matches!(&answer.outcome, Outcome::Addresses(list, _) if list[0].to_string() == "10.2.0.4"), "{answer:?}");
    let untold = target.untold(&answer).unwrap();
    assert!(untold.lasting && untold.why.contains("follows a Traffic Manager profile"), "{untold:?}");
    assert_eq!(target.unproven(), Some(untold.why));
    // Nothing at all is still nothing: that is seen.
    bench.azure.by_hand(teal_azure::Method::Delete, &path("green"), "2022-04-01", None).await;
    let dead = one(&target).await;
    assert_eq!((&dead.outcome, target.untold(&dead)), (&Outcome::NoData, None));
}

#[tokio::test]
async fn every_kind_of_alias_that_answers_by_itself_is_named() {
    let bench = bench().await;
    for (path, words) in [
        ("Microsoft.Network/trafficManagerProfiles/{}", "a Traffic Manager profile"),
        ("Microsoft.Cdn/profiles/front/afdEndpoints/{}", "a Front Door endpoint"),
        ("Microsoft.Cdn/profiles/cdn/endpoints/{}", "a CDN endpoint"),
        ("Microsoft.Network/frontDoors/{}", "a classic Front Door"),
        ("Microsoft.Network/dnsZones/fabrikam.test/CNAME/{}", "no addresses of its own"),
    ] {
        let of = |color: &str| id(&path.replace("{}", color));
        let target = aliases(&bench, RecordType::A, &of("blue"), &of("green"));
        let why = target.unproven().unwrap();
        assert!(why.contains(words), "{path}: {why}");
    }
}

/// The record `aks` as a CNAME alias of blue's resource, and the target that moves it to green's.
async fn host_aliases(bench: &AzureBench, path: &str) -> Target {
    let (blue, green) = (id(&path.replace("{}", "blue")), id(&path.replace("{}", "green")));
    let set = id(&format!("Microsoft.Network/dnsZones/{ZONE}/A/aks"));
    bench.azure.by_hand(teal_azure::Method::Delete, &set, V, None).await;
    let set = id(&format!("Microsoft.Network/dnsZones/{ZONE}/CNAME/aks"));
    bench.azure.put(&set, V, json!({"properties": {"TTL": 60, "targetResource": {"id": blue}}})).await;
    aliases(bench, RecordType::Cname, &blue, &green)
}

#[tokio::test]
async fn a_cname_that_is_an_alias_of_a_profile_or_an_endpoint_tells_the_color_by_its_host_name() {
    for path in ["Microsoft.Network/trafficManagerProfiles/{}", "Microsoft.Cdn/profiles/front/afdEndpoints/{}"] {
        let bench = bench().await;
        let profiles = path.starts_with("Microsoft.Network");
        if !profiles {
            let front = json!({"location": "global", "sku": {"name": "Standard_AzureFrontDoor"}});
            bench.azure.put(&id("Microsoft.Cdn/profiles/front"), "2025-06-01", front).await;
        }
        for color in ["blue", "green"] {
            let of = id(&path.replace("{}", color));
            if profiles {
                bench.azure.put(&of, "2022-04-01", profile(&format!("teal-{color}"), "10.1.0.4")).await;
            } else {
                bench.azure.put(&of, "2025-06-01", json!({"location": "global"})).await;
            }
        }
        let target = host_aliases(&bench, path).await;
        let blue = one(&target).await;
        assert!(matches!(blue.outcome, Outcome::Cname(..)), "{blue:?}");
        assert_eq!((target.means(&blue), target.untold(&blue)), (Meaning::Color("blue".into()), None), "{blue:?}");
        let tag = target.read().await.unwrap().tag;
        let green = Destination::ResourceId(id(&path.replace("{}", "green"))).canonical();
        target.commit(&tag, Some(&to(green, 10)), b"op").await.unwrap();
        let answer = one(&target).await;
        assert_eq!(target.means(&answer), Meaning::Color("green".into()), "{answer:?}");
        assert_eq!(target.unproven(), None);

        // Whatever else is answered proves nothing, and holds nothing up.
        let elsewhere = Outcome::Cname("one.contoso.test".to_owned(), 30);
        let untold = target.untold(&Answer { outcome: elsewhere, ..answer }).unwrap();
        assert!(untold.lasting && untold.why.contains("change by themselves"), "{untold:?}");
    }
}

#[tokio::test]
async fn a_host_name_that_nobody_may_read_is_told_with_the_role_that_would_do() {
    let bench = bench().await;
    let path = "Microsoft.Network/trafficManagerProfiles/{}";
    for color in ["blue", "green"] {
        let body = profile(&format!("teal-{color}"), "10.1.0.4");
        bench.azure.put(&id(&path.replace("{}", color)), "2022-04-01", body).await;
    }
    let target = host_aliases(&bench, path).await;
    bench.azure.only(&[("DNS Zone Contributor", id(&format!("Microsoft.Network/dnsZones/{ZONE}")))]).await;
    let untold = target.untold(&one(&target).await).unwrap();
    let grant = format!("grant `Reader` on {}", id(&path.replace("{}", "blue"))).to_ascii_lowercase();
    assert!(untold.lasting && untold.why.to_ascii_lowercase().contains(&grant), "{untold:?}");
}
