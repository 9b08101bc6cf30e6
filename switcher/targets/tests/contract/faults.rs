//! What goes wrong round a name server, each told apart and each with what to do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use teal_api::switch::Provider;
use teal_targets::{Access, Options, Outcome, Retry, Secret, Target, TargetError};
use teal_testkit::dns::{Bind, DnsServer, Fault, Key, Zone, bind_or_skip};

use crate::rfc2136::{DnsBench, access, authority, bind, colors, declared, options, target, target_with, zone};
use crate::suite::{BLUE, Bench, GREEN, ip, to};

/// Both servers, or only ours where BIND is absent.
async fn both(test: &str) -> Vec<DnsBench> {
    [bind(test).await, authority(test).await].into_iter().flatten().collect()
}

/// The error of a read and of a commit, which must be of the same kind.
async fn refused(target: &Target, server: &DnsBench) -> TargetError {
    let tag = server.target().read().await.unwrap().tag;
    let read = target.read().await.unwrap_err();
    let write = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap_err();
    assert_eq!(read.reason(), write.reason(), "{read} / {write}");
    assert!(!write.outcome_unknown());
    assert_eq!(server.target().read().await.unwrap().value, Some(ip(&[BLUE])), "nothing changed");
    write
}

#[tokio::test]
async fn an_unknown_key_is_named_with_the_server() {
    for bench in both("an unknown key").await {
        let stranger = Key::generate("stranger").unwrap();
        let error = refused(&target(bench.proxy.address(), "aks", &stranger), &bench).await;
        assert_eq!((error.reason(), error.retry()), ("KeyRefused", Retry::WhenConfigChanges));
        let want = format!("{} refuses the key stranger: BADKEY", bench.proxy.address());
        assert!(error.to_string().starts_with(&want), "{error}");
    }
}

#[tokio::test]
async fn g9_a_wrong_secret_is_told_without_any_secret() {
    for bench in both("a wrong secret").await {
        let wrong = Key::generate("teal").unwrap();
        let target = target(bench.proxy.address(), "aks", &wrong);
        let error = refused(&target, &bench).await;
        assert_eq!(error.reason(), "KeyRefused");
        assert!(error.to_string().contains("refuses the key teal: BADSIG"), "{error}");
        let secret = Secret::from_base64(&wrong.base64()).unwrap();
        let shown = format!("{error} {error:?} {target:?} {secret:?} {wrong:?}");
        assert!(!shown.contains(&wrong.base64()), "{shown}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_told_with_the_skew_and_its_side() {
    for bench in both("a wrong clock").await {
        for (offset, want) in [(-4000_i64, "s ahead of ours"), (4000, "s behind ours")] {
            let clock = (Options::default().clock)();
            let started = Instant::now();
            let wrong = move || (clock + started.elapsed().as_secs()).saturating_add_signed(offset);
            let options = Options { clock: Arc::new(wrong), ..options() };
            let declared = Provider::Rfc2136(declared(bench.proxy.address(), "aks", &bench.key));
            let access = access(&bench.key);
            let target = Target::new(&declared, &colors(), &access, options).unwrap();
            let error = refused(&target, &bench).await;
            assert_eq!((error.reason(), error.retry()), ("ClockSkew", Retry::Later), "{error}");
            let TargetError::ClockSkew { seconds, .. } = error else { panic!("{error:?}") };
            assert!((seconds + offset).abs() <= whole_seconds(started) + 1, "{offset} was told as {seconds}");
            assert!(error.to_string().contains(want), "{error}");
        }
    }
}

#[tokio::test]
async fn the_servers_clock_is_known_from_its_answers() {
    for bench in both("the server's clock").await {
        let target = bench.target();
        assert_eq!(target.clock_skew(), None);
        let started = Instant::now();
        target.read().await.unwrap();
        assert!(target.clock_skew().unwrap().abs() <= whole_seconds(started));
    }
}

/// How far two looks at one clock in whole seconds may be apart since then.
fn whole_seconds(since: Instant) -> i64 {
    since.elapsed().as_secs().cast_signed() + 1
}

#[tokio::test]
async fn a_key_without_the_right_is_told_what_to_grant() {
    let Some(_) = bind_or_skip("a key without the right").unwrap() else { return };
    let keys = [Key::generate("teal").unwrap(), Key::generate("reader").unwrap().read_only()];
    let server = Bind::start(&zone(), &keys).await.unwrap();
    let target = target(server.address(), "aks", &keys[1]);
    let tag = target.read().await.unwrap().tag;
    let error = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), ("Refused", Retry::WhenConfigChanges));
    assert!(error.to_string().contains("let the key reader change A and TXT at aks.contoso.test"), "{error}");
    assert_eq!(target.read().await.unwrap().tag, tag);
}

#[tokio::test]
async fn a_zone_that_is_not_here_is_told() {
    for bench in both("a foreign zone").await {
        let mut declared = declared(bench.proxy.address(), "aks", &bench.key);
        declared.zone = "fabrikam.test".to_owned();
        let access = access(&bench.key);
        let target = Target::new(&Provider::Rfc2136(declared), &colors(), &access, options()).unwrap();
        let read = target.read().await.unwrap_err();
        assert_eq!(read.reason(), "Refused", "{read}");
        let tag = teal_targets::Tag::absent();
        let write = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap_err();
        assert_eq!(write.reason(), "NotAuthoritative", "{write}");
        assert!(write.to_string().contains("zone fabrikam.test"), "{write}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_unreachable_and_nothing_was_sent() {
    for mut bench in both("a server down").await {
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        bench.proxy.down().await;
        assert_eq!(target.read().await.unwrap_err().reason(), "Unreachable");
        let error = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap_err();
        assert_eq!((error.reason(), error.outcome_unknown()), ("Unreachable", false));
        bench.proxy.up().await.unwrap();
        assert_eq!(target.read().await.unwrap().tag, tag);
    }
}

#[tokio::test]
async fn g2_the_record_and_its_ledger_survive_a_server_that_is_killed() {
    for mut bench in both("a killed server").await {
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        let written = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap();
        bench.server.stop().await.unwrap();
        bench.server.start_again().await.unwrap();
        assert_eq!(target.read().await.unwrap(), written);
    }
}

#[tokio::test]
async fn g2_a_connection_that_ends_after_commit_is_decided_by_reading_back() {
    for bench in both("a hang-up").await {
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        bench.proxy.once(Fault::HangUpAfterUpdate);
        let landed = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap();
        assert_eq!((landed.value, bench.proxy.injected()), (Some(ip(&[GREEN])), 1));
    }
}

#[tokio::test]
async fn g2_a_tampered_answer_is_not_believed_either_way() {
    for bench in both("a tampered answer").await {
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        bench.proxy.once(Fault::TamperWithUpdateAnswers);
        let landed = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap();
        assert_eq!((landed.value, bench.proxy.injected()), (Some(ip(&[GREEN])), 1));
    }
}

#[tokio::test]
async fn an_unsigned_servfail_is_no_answer_to_a_write() {
    for bench in both("SERVFAIL").await {
        let target = bench.target();
        let tag = target.read().await.unwrap().tag;
        bench.proxy.set(Fault::ServFail);
        assert_eq!(target.read().await.unwrap_err().reason(), "Untrusted");
        let error = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        let answers = target.observe().await;
        assert_eq!(answers[0].outcome, Outcome::ServFail);
        bench.proxy.set(Fault::None);
        assert_eq!(target.read().await.unwrap().tag, tag);
    }
}

#[tokio::test]
async fn a_slow_server_ends_within_the_declared_life() {
    for bench in both("a slow server").await {
        let options = Options { timeout: Duration::from_millis(250), ..options() };
        let target = target_with(bench.proxy.address(), "aks", &bench.key, options);
        let tag = bench.target().read().await.unwrap().tag;
        bench.proxy.set(Fault::Delay(Duration::from_secs(3_600)));
        let started = Instant::now();
        assert_eq!(target.read().await.unwrap_err().reason(), "Timeout");
        let read_took = started.elapsed();
        let started = Instant::now();
        let error = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        let life = target.truths().request_life;
        // Far from the hour of the server, and room for a busy machine.
        let slack = Duration::from_secs(120);
        assert!(read_took < life / 2 + slack && started.elapsed() < life + slack, "{read_took:?}, {life:?}");
        assert_eq!(target.observe().await[0].outcome, Outcome::Timeout);
    }
}

#[tokio::test]
async fn a_cname_in_the_records_place_is_named() {
    for bench in both("a CNAME").await {
        match &bench.server {
            DnsServer::Bind(bind) => {
                bind.nsupdate("update add alias.contoso.test. 60 CNAME aks.contoso.test.").await.unwrap();
            }
            DnsServer::Authority(own) => own.alias_by_hand("alias", 60, "aks.contoso.test.").unwrap(),
        }
        let alias = target(bench.proxy.address(), "alias", &bench.key);
        let error = alias.read().await.unwrap_err();
        assert!(matches!(&error, TargetError::WrongType { found, .. } if found == "CNAME"), "{error:?}");
        assert_eq!(alias.observe().await[0].outcome, Outcome::WrongType("CNAME".to_owned()));
        let create = alias.commit(&teal_targets::Tag::absent(), Some(&to(&[GREEN], 10)), b"op").await;
        assert_eq!(create.unwrap_err().reason(), "WrongType", "an address beside a CNAME would be ignored in silence");
    }
}

#[test]
fn all_mistakes_of_a_declaration_are_told_at_once() {
    let key = Key::generate("teal").unwrap();
    let mut declared = declared(([127, 0, 0, 1], 53).into(), "aks.contoso.test", &key);
    declared.server = "dns://ns1".to_owned();
    declared.tsig.name = "my key".to_owned();
    let short = Access { secret: Some(Secret::new(*b"short")), azure: None };
    let error = Target::new(&Provider::Rfc2136(declared), &colors(), &short, options()).unwrap_err();
    assert_eq!(error.0.len(), 4, "{error}");
    for part in
        ["write it relative to the zone: `aks`", "`dns://ns1`: write `host:port`", "` ` is not allowed", "5 bytes"]
    {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let zone = Zone::new("contoso.test.");
    assert_eq!(zone.origin, "contoso.test");
}
