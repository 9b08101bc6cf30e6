//! What goes wrong round an Azure record set, each told apart and each with what to do; and who else writes there.

use std::time::Duration;

use serde_json::{Value, json};
use teal_api::switch::{Destination, Provider, RecordType};
use teal_targets::{Meaning, Op, Outcome, Retry, Settled, Split, Tag, Target, TargetError, Written};

use crate::azure::{SUBSCRIPTION, id, options};
use crate::azure_dns::{AzureBench, Kind, V, ZONE, record, refused};
use crate::suite::{Bench, to};

async fn both() -> [AzureBench; 2] {
    [AzureBench::start(Kind::A).await, AzureBench::start(Kind::PrivateA).await]
}

/// The work is done in time and the answer comes too late for its sender.
#[tokio::test]
async fn g2_a_timeout_after_commit_is_decided_by_reading_back() {
    for bench in both().await {
        let target = bench.target();
        let before = target.read().await.unwrap();
        bench
            .azure
            .fault(json!({"method": "PUT", "times": 1, "fault": {"kind": "delay", "milliseconds": 600_000}}))
            .await;
        let landed = bench.hasty().commit(&before.tag, Some(&to(bench.green(), 10)), b"op 1").await.unwrap();
        assert_eq!(bench.azure.struck().await, 1);
        assert_eq!((landed.value.clone(), landed.ledger.as_deref()), (Some(bench.green()), Some(&b"op 1"[..])));
        assert_eq!(landed, target.read().await.unwrap());
    }
}

/// What `terraform apply` sends: the set as declared there, without a word of metadata.
#[tokio::test]
async fn g1_a_terraform_shaped_put_that_wipes_the_metadata_is_seen_and_not_overwritten() {
    for bench in both().await {
        let target = bench.target();
        let ours =
            target.commit(&target.read().await.unwrap().tag, Some(&to(bench.green(), 10)), b"ours").await.unwrap();
        let (ttl, records) = if bench.kind.private() { ("ttl", "aRecords") } else { ("TTL", "ARecords") };
        bench.write("aks", json!({ttl: 300, records: [{"ipv4Address": "10.1.0.4"}]})).await;
        let error = refused(target.commit(&ours.tag, Some(&to(bench.green(), 10)), b"next").await);
        assert_eq!((error.reason(), error.retry()), ("Raced", Retry::AfterRead));
        let text = error.to_string();
        assert!(text.contains("expected 10.2.0.4, found 10.1.0.4") && text.contains("its ledger is gone"), "{text}");
        let left = target.read().await.unwrap();
        assert_eq!((left.ledger, left.value, left.ttl), (None, Some(bench.blue()), 300));
    }
}

#[tokio::test]
async fn metadata_of_others_stays_through_every_write() {
    for bench in both().await {
        let target = bench.target();
        let one = target.commit(&target.read().await.unwrap().tag, Some(&to(bench.green(), 10)), b"one").await.unwrap();
        target.commit(&one.tag, None, b"two").await.unwrap();
        let metadata = &bench.properties().await["metadata"];
        assert_eq!(*metadata, json!({"costCenter": "42", "teal": "two"}));
        // A stranger's key changed in between: nothing of ours differs, and still nothing is written over it.
        let now = target.read().await.unwrap();
        let (ttl, records) = if bench.kind.private() { ("ttl", "aRecords") } else { ("TTL", "ARecords") };
        let theirs = json!({"costCenter": "43", "teal": "two"});
        bench.write("aks", json!({ttl: 10, records: [{"ipv4Address": "10.2.0.4"}], "metadata": theirs})).await;
        assert_eq!(refused(target.commit(&now.tag, None, b"three").await).reason(), "Raced");
    }
}

#[tokio::test]
async fn g2_a_set_deleted_under_us_is_told_as_gone_and_not_made_anew() {
    for bench in both().await {
        let target = bench.target();
        let now = target.commit(&target.read().await.unwrap().tag, None, b"ours").await.unwrap();
        let version = if bench.kind.private() { crate::azure_dns::PRIVATE_V } else { V };
        bench.azure.by_hand(teal_azure::Method::Delete, &bench.kind.set("aks"), version, None).await;
        let error = refused(target.commit(&now.tag, Some(&to(bench.green(), 10)), b"next").await);
        assert_eq!(error.reason(), "Raced");
        assert!(error.to_string().contains("found no record"), "{error}");
        assert_eq!(target.read().await.unwrap().tag, Tag::absent());
    }
}

/// Each answer that a front end of Azure gives instead of its work; reads are repeated, writes never are.
#[tokio::test]
async fn g1_refused_writes_change_nothing_are_sent_once_and_tell_what_to_do() {
    for bench in both().await {
        let target = bench.target();
        let before = target.read().await.unwrap();
        for (fault, reason, retry, after) in [
            (json!({"kind": "error", "status": 429, "retryAfter": 30}), "Throttled", Retry::Later, Some(30)),
            (json!({"kind": "busy"}), "Busy", Retry::Later, None),
            (json!({"kind": "error", "status": 503, "retryAfter": 1}), "OutcomeUnknown", Retry::AfterRead, None),
            (json!({"kind": "error", "status": 500}), "OutcomeUnknown", Retry::AfterRead, None),
            (json!({"kind": "preconditionFailed"}), "Raced", Retry::AfterRead, None),
            (json!({"kind": "error", "status": 400, "code": "BadRequest"}), "Rejected", Retry::WhenConfigChanges, None),
        ] {
            // Each with a client of its own: one that was told to wait sends nothing until then.
            let target = bench.target();
            bench.azure.fault(json!({"method": "PUT", "fault": fault.clone()})).await;
            let error = refused(target.commit(&before.tag, Some(&to(bench.green(), 10)), b"op").await);
            assert_eq!((error.reason(), error.retry()), (reason, retry), "{fault}: {error}");
            assert_eq!(error.retry_after(), after.map(Duration::from_secs), "{fault}");
            assert_eq!(bench.azure.struck().await, 1, "{fault}: sent once");
            bench.azure.no_faults().await;
            assert_eq!(target.read().await.unwrap(), before, "{fault}: nothing changed");
        }
        bench.target().commit(&before.tag, Some(&to(bench.green(), 10)), b"op").await.unwrap();
    }
}

#[tokio::test]
async fn reads_are_repeated_when_azure_fails() {
    let bench = AzureBench::start(Kind::A).await;
    for fault in [
        json!({"kind": "error", "status": 429, "retryAfter": 0}),
        json!({"kind": "error", "status": 502}),
        json!({"kind": "closeAfter"}),
    ] {
        bench.azure.fault(json!({"method": "GET", "times": 2, "fault": fault})).await;
        bench.target().read().await.unwrap();
        assert_eq!(bench.azure.struck().await, 2);
        bench.azure.no_faults().await;
    }
}

#[tokio::test]
async fn a_missing_role_is_told_by_name_and_narrowest_place_and_is_enough() {
    for bench in both().await {
        let (zones, role) = if bench.kind.private() {
            ("privateDnsZones", "Private DNS Zone Contributor")
        } else {
            ("dnsZones", "DNS Zone Contributor")
        };
        let set = id(&format!("Microsoft.Network/{zones}/{ZONE}/A/aks"));
        bench.azure.only(&[("Reader", "/".to_owned())]).await;
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        let error = refused(target.commit(&tag, Some(&to(bench.green(), 10)), b"op").await);
        assert_eq!((error.reason(), error.retry()), ("Denied", Retry::WhenConfigChanges));
        assert!(error.to_string().contains(&format!("grant `{role}` on {set} to the identity")), "{error}");
        bench.azure.only(&[(role, set)]).await;
        bench.target().commit(&tag, Some(&to(bench.green(), 10)), b"op").await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_subscription_and_a_missing_zone_are_no_missing_record() {
    let bench = AzureBench::start(Kind::A).await;
    let mut elsewhere = record("aks", Vec::new());
    elsewhere.zone = "fabrikam.test".into();
    let target = bench.azure.target(&Provider::AzureDns(elsewhere), &bench.colors());
    let error = refused(target.read().await);
    assert_eq!((error.reason(), error.retry()), ("NotFound", Retry::WhenConfigChanges));
    assert!(error.to_string().contains("fabrikam.test") && error.to_string().contains("and the names"), "{error}");

    bench.azure.only(&[("DNS Zone Contributor", format!("/subscriptions/{SUBSCRIPTION}"))]).await;
    let mut foreign = record("aks", Vec::new());
    foreign.subscription = "99999999-9999-9999-9999-999999999999".into();
    let target = bench.azure.target(&Provider::AzureDns(foreign), &bench.colors());
    let error = refused(target.read().await);
    assert_eq!((error.reason(), error.retry()), ("NotFound", Retry::WhenConfigChanges), "{error}");
    assert!(error.to_string().contains("check `subscription`: it does not exist, or lies in a tenant"), "{error}");
}

#[tokio::test]
async fn g9_a_wrong_secret_is_told_in_words_and_never_shown() {
    let bench = AzureBench::start(Kind::A).await;
    bench.azure.only(&[]).await;
    bench
        .azure
        .fault(json!({"type": "token", "fault": {"kind": "error", "status": 401, "code": "invalid_client"}}))
        .await;
    let error = refused(bench.target().read().await);
    assert!(matches!(error.reason(), "NoToken" | "Denied"), "{error}");
    assert!(!format!("{error} {error:?}").contains("client_secret"), "{error}");
}

#[tokio::test]
async fn an_alias_where_a_plain_record_is_declared_is_seen_and_never_replaced() {
    let bench = AzureBench::start(Kind::A).await;
    let follows = id("Microsoft.Network/publicIPAddresses/blue");
    bench.write("aks", json!({"TTL": 60, "targetResource": {"id": follows}})).await;
    let target = bench.target();
    let now = target.read().await.unwrap();
    assert!(matches!(target.means_value(now.value.as_ref()), Meaning::Foreign(what) if what.contains("an alias of")));
    let error = refused(target.commit(&now.tag, Some(&to(bench.green(), 10)), b"op").await);
    assert_eq!((error.reason(), error.retry()), ("WrongType", Retry::WhenConfigChanges));
    assert!(error.to_string().contains("holds an alias of a resource, not an A record"), "{error}");
    assert_eq!(bench.properties().await["targetResource"]["id"], follows.as_str());
}

#[tokio::test]
async fn a_cname_in_an_addresses_place_and_the_other_way_round_are_named() {
    let bench = AzureBench::start(Kind::A).await;
    let cname = id(&format!("Microsoft.Network/dnsZones/{ZONE}/CNAME/other"));
    bench.azure.put(&cname, V, json!({"properties": {"TTL": 60, "CNAMERecord": {"cname": "x.test"}}})).await;
    let target = bench.named("other");
    let error = refused(target.read().await);
    assert!(matches!(&error, TargetError::WrongType { found, .. } if found == "CNAME"), "{error:?}");
    assert!(error.to_string().contains("holds a record of type CNAME, not an address"), "{error}");
    let create = refused(target.commit(&Tag::absent(), Some(&to(bench.green(), 10)), b"op").await);
    assert_eq!(create.retry(), Retry::WhenConfigChanges, "{create}");

    let names = AzureBench::start(Kind::Cname).await;
    let a = id(&format!("Microsoft.Network/dnsZones/{ZONE}/A/other"));
    names.azure.put(&a, V, json!({"properties": {"TTL": 60, "ARecords": [{"ipv4Address": "10.1.0.4"}]}})).await;
    let error = refused(names.named("other").read().await);
    assert!(matches!(&error, TargetError::WrongType { found, .. } if found == "A"), "{error:?}");
}

#[test]
fn all_mistakes_of_a_declaration_are_told_before_the_first_request() {
    let access = teal_targets::Access::default();
    let colors =
        |blue: Destination, green: Destination| [("blue".to_owned(), blue), ("green".to_owned(), green)].into();
    let v4 = || crate::suite::ip(&[crate::suite::BLUE]);
    let name = || Destination::Cname("x.test".into());
    let new = |provider: Provider, to| Target::new(&provider, &to, &access, options()).unwrap_err().to_string();
    let plain = || Provider::AzureDns(record("aks", Vec::new()));
    assert!(new(plain(), colors(v4(), v4())).contains("needs an Azure identity"));
    assert!(new(plain(), colors(v4(), Destination::Named("x".into()))).contains("green: `azureDns` points to"));
    let private = Provider::AzurePrivateDns(record("aks", Vec::new()));
    assert!(new(private, colors(v4(), Destination::ResourceId("/x".into()))).contains("no alias records"));
    let tm = Provider::TrafficManager(teal_api::switch::TrafficManager {
        subscription: "s".into(),
        resource_group: "g".into(),
        profile: "p".into(),
    });
    assert_eq!(new(tm, colors(v4(), name())).matches("`trafficManager` points to").count(), 2);
}

#[tokio::test]
async fn types_that_do_not_fit_together_are_refused() {
    let bench = AzureBench::start(Kind::A).await;
    let access = bench.azure.access();
    let new = |provider: Provider, blue: Destination, green: Destination| {
        let to = [("blue".to_owned(), blue), ("green".to_owned(), green)].into();
        Target::new(&provider, &to, &access, options()).unwrap_err().to_string()
    };
    let name = || Destination::Cname("x.test".into());
    let a_and_cname = new(bench.provider("aks"), bench.blue(), name());
    assert!(a_and_cname.contains("a change between types is a gap"), "{a_and_cname}");
    let apex = new(bench.provider("@"), name(), Destination::Cname("y.test".into()));
    assert!(apex.contains("can't be a CNAME; use an alias"), "{apex}");
    let mut typed = record("aks", vec!["dns://x".into()]);
    typed.record_type = Some(RecordType::A);
    typed.subscription = "a/b".into();
    let both = new(Provider::AzureDns(typed), bench.blue(), bench.green());
    assert!(both.contains("no resource id") || both.contains("resource id"), "{both}");
    assert!(both.contains("`dns://x`: write `host:port`"), "{both}");
}

#[tokio::test]
async fn every_name_server_is_asked_and_tells_the_color() {
    for kind in [Kind::A, Kind::Aaaa, Kind::Cname] {
        let bench = AzureBench::start(kind).await;
        let target = bench.target();
        let answers = target.observe().await;
        assert_eq!(answers.len(), 1);
        assert_eq!(target.means(&answers[0]), Meaning::Color("blue".into()), "{kind:?}: {answers:?}");
        let tag = target.read().await.unwrap().tag;
        target.commit(&tag, Some(&to(bench.green(), 10)), b"op").await.unwrap();
        let answers = target.observe().await;
        assert_eq!(target.means(&answers[0]), Meaning::Color("green".into()), "{kind:?}: {answers:?}");
        assert!(matches!(answers[0].outcome, Outcome::Addresses(_, 10) | Outcome::Cname(_, 10)), "{answers:?}");
    }
    let private = AzureBench::start(Kind::PrivateA).await;
    assert_eq!(private.target().observe().await, [], "a private zone answers only inside its networks");
}

/// A second DNS target follows the ledger that is kept elsewhere.
#[tokio::test]
async fn g1_a_follower_is_stamped_written_once_and_left_alone_when_it_is_someone_elses() {
    for bench in both().await {
        let target = bench.target();
        let op = |id: &str, ttl| Op { id: id.to_owned(), ttl, back: false };
        let now = target.now().await.unwrap();
        assert_eq!(
            (now.shares.get("blue"), now.ttl, now.stamp, &now.settled),
            (Some(&100), Some(300), None, &Settled::Yes)
        );
        let done = target.route(&Split::all("green"), &op("m1", Some(10))).await.unwrap();
        let Written::Done(now) = done else { panic!("{done:?}") };
        assert_eq!((now.shares.get("green"), now.ttl, now.stamp.as_deref()), (Some(&100), Some(10), Some("m1")));
        let etag = |value: &Value| value["etag"].clone();
        let version = if bench.kind.private() { crate::azure_dns::PRIVATE_V } else { V };
        let before = bench.azure.read(&bench.kind.set("aks"), version).await;
        target.route(&Split::all("green"), &op("m1", Some(10))).await.unwrap();
        assert_eq!(
            etag(&bench.azure.read(&bench.kind.set("aks"), version).await),
            etag(&before),
            "nothing was written"
        );

        bench.change_by_hand(&bench.stranger()).await;
        let error = refused(target.route(&Split::all("blue"), &op("m2", None)).await);
        assert_eq!((error.reason(), error.retry()), ("ForeignWrite", Retry::WhenConfigChanges));
        bench.change_by_hand(&bench.green()).await;
        bench.ledger_by_hand(Some("sealed ledger of another Switch")).await;
        let error = refused(target.route(&Split::all("blue"), &op("m2", None)).await);
        assert_eq!(error.reason(), "Owned");
        assert!(error.to_string().contains("another Switch"), "{error}");
        assert_eq!(target.read().await.unwrap().value, Some(bench.green()));
        let split = Split::of([("blue", 90), ("green", 10)]).unwrap();
        assert_eq!(refused(target.route(&split, &op("m2", None)).await).reason(), "Unfit");
    }
}

/// A Switch without a DNS target keeps its ledger in a TXT record set of its own.
#[tokio::test]
async fn g1_a_ledger_of_its_own_is_made_once_swapped_and_never_taken_from_others() {
    for bench in both().await {
        let private = bench.kind.private();
        let ledger = |name: &str| {
            Target::ledger_only(&record(name, Vec::new()), private, &bench.azure.access(), options()).unwrap()
        };
        let target = ledger("_teal.shop");
        let nothing = target.read().await.unwrap();
        assert_eq!((&nothing.ledger, &nothing.tag), (&None, &Tag::absent()));
        let first = target.commit(&nothing.tag, None, b"one").await.unwrap();
        assert_eq!(first, target.read().await.unwrap());
        assert_eq!(refused(target.commit(&Tag::absent(), None, b"other").await).reason(), "Raced");
        let second = target.commit(&first.tag, None, b"two").await.unwrap();
        assert_eq!(refused(target.commit(&first.tag, None, b"late").await).reason(), "Raced");
        bench.azure.fault(json!({"method": "PUT", "times": 1, "fault": {"kind": "closeAfter"}})).await;
        let third = target.commit(&second.tag, None, b"three").await.unwrap();
        assert_eq!(third.ledger.as_deref(), Some(&b"three"[..]));
        let change = to(bench.green(), 10);
        assert_eq!(refused(target.commit(&third.tag, Some(&change), b"x").await).reason(), "Unfit");
        assert_eq!(target.observe().await, []);

        let zones = if private { "privateDnsZones" } else { "dnsZones" };
        let (ttl, texts, version) =
            if private { ("ttl", "txtRecords", crate::azure_dns::PRIVATE_V) } else { ("TTL", "TXTRecords", V) };
        let spf = id(&format!("Microsoft.Network/{zones}/{ZONE}/TXT/spf"));
        bench.azure.put(&spf, version, json!({"properties": {ttl: 300, texts: [{"value": ["v=spf1 -all"]}]}})).await;
        assert_eq!(refused(ledger("spf").read().await).reason(), "Owned");
    }
}

#[tokio::test]
async fn azures_clock_is_known_from_its_answers() {
    let bench = AzureBench::start(Kind::A).await;
    let target = bench.target();
    assert_eq!(target.clock_skew(), None);
    let started = std::time::Instant::now();
    target.read().await.unwrap();
    let skew = target.clock_skew().unwrap().unsigned_abs();
    assert!(skew <= started.elapsed().as_secs() + 1, "{skew}");
}

#[tokio::test]
async fn truths_are_told_as_data() {
    let bench = AzureBench::start(Kind::A).await;
    let truths = bench.target().truths();
    assert!(truths.cas && truths.rollback_lane && truths.weights.is_none() && truths.ledger_limit == 512);
    assert!(truths.too_slow(Duration::from_secs(10), Duration::from_secs(30)).unwrap().contains("60 s"));
    assert_eq!(truths.too_slow(Duration::from_secs(10), Duration::from_secs(600)), None);
}
