//! Every authoritative server is asked, and each kind of wrong answer is told apart (SWITCH §7).

use std::time::{Duration, Instant};

use teal_api::switch::Provider;
use teal_targets::{Answer, Options, Outcome, Target};
use teal_testkit::dns::{Bind, Key, Recursor, bind_or_skip};

use crate::rfc2136::{access, colors, declared, hasty, options, zone};
use crate::suite::{BLUE, GREEN, ip, to};

async fn servers() -> Option<(Bind, Target, Key)> {
    bind_or_skip("primary and secondary").unwrap()?;
    let key = Key::generate("teal").unwrap();
    let server = Bind::start_with_secondary(&zone(), std::slice::from_ref(&key)).await.unwrap();
    let target = both(&server, &key, options());
    Some((server, target, key))
}

/// The record as both servers answer it.
fn both(server: &Bind, key: &Key, options: Options) -> Target {
    let mut declared = declared(server.address(), "aks", key);
    declared.secondaries = vec![server.address().to_string(), server.secondary().unwrap().address().to_string()];
    Target::new(&Provider::Rfc2136(declared), &colors(), &access(key), options).unwrap()
}

/// Observes until all answers satisfy, at most two minutes.
async fn until(target: &Target, wanted: impl Fn(&[Answer]) -> bool) -> Vec<Answer> {
    let started = Instant::now();
    loop {
        let answers = target.observe().await;
        if wanted(&answers) {
            return answers;
        }
        assert!(started.elapsed() < Duration::from_secs(120), "{answers:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_change_is_seen_at_the_primary_at_once_and_at_the_secondary_in_time() {
    let Some((_server, target, _)) = servers().await else { return };
    let before = target.observe().await;
    assert_eq!(before.len(), 2, "a primary named twice is asked once: {before:?}");
    assert!(before.iter().all(|answer| answer.says(&ip(&[BLUE]))), "{before:?}");
    assert_eq!(before[0].serial, before[1].serial);

    let tag = target.read().await.unwrap().tag;
    let started = Instant::now();
    target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap();
    let committed = started.elapsed();
    assert!(target.observe().await[0].says(&ip(&[GREEN])));
    let after = until(&target, |answers| answers.iter().all(|answer| answer.says(&ip(&[GREEN])))).await;
    println!("commit took {committed:?}, both servers answered alike after {:?}", started.elapsed());
    assert_eq!(after[0].serial, after[1].serial);
    assert!(after[0].serial > before[0].serial);
    assert!(matches!(after[1].outcome, Outcome::Addresses(_, 10)), "{after:?}");
}

#[tokio::test]
async fn a_secondary_that_lags_hangs_or_is_down_is_told_apart() {
    let Some((mut server, target, key)) = servers().await else { return };
    let hasty = both(&server, &key, hasty());
    server.secondary().unwrap().signal("STOP").unwrap();
    let tag = target.read().await.unwrap().tag;
    let written = target.commit(&tag, Some(&to(&[GREEN], 10)), b"op").await.unwrap();
    let answers = until(&hasty, |answers| answers[0].says(&ip(&[GREEN]))).await;
    assert_eq!(answers[1].outcome, Outcome::Timeout, "it hangs");
    server.secondary().unwrap().signal("CONT").unwrap();
    until(&hasty, |answers| answers[1].says(&ip(&[GREEN]))).await;

    server.secondary_mut().unwrap().stop().unwrap();
    target.commit(&written.tag, Some(&to(&[BLUE], 10)), b"op 2").await.unwrap();
    let answers = target.observe().await;
    assert!(matches!(answers[1].outcome, Outcome::Unreachable(_)), "it is down: {answers:?}");
    server.secondary_mut().unwrap().start().await.unwrap();
    until(&hasty, |answers| answers.iter().all(|answer| answer.says(&ip(&[BLUE])))).await;
}

#[tokio::test]
async fn the_old_answer_of_a_resolver_is_seen_until_its_ttl_ends() {
    let Some((server, target, _)) = servers().await else { return };
    const TTL: Duration = Duration::from_secs(2);
    let tag = target.read().await.unwrap().tag;
    let lowered = target.commit(&tag, Some(&to(&[BLUE], 2)), b"lowered").await.unwrap();
    let resolver = Recursor::start(server.address()).await.unwrap();
    let address = resolver.address().to_string();
    let first = Instant::now();
    assert!(target.ask(&address).await.says(&ip(&[BLUE])));
    let learned = Instant::now();
    target.commit(&lowered.tag, Some(&to(&[GREEN], 2)), b"moved").await.unwrap();
    // The answer was learned between these two moments: what is sure of both is said of every later one.
    loop {
        let asked = Instant::now();
        let answer = target.ask(&address).await;
        if first.elapsed() < TTL {
            assert!(answer.says(&ip(&[BLUE])), "believed until its TTL ends: {answer:?}");
        }
        if asked.duration_since(learned) > TTL {
            assert!(answer.says(&ip(&[GREEN])), "believed for longer than its TTL: {answer:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_name_that_is_absent_or_bare_and_a_lame_server_are_told_apart() {
    let Some((server, _, key)) = servers().await else { return };
    let ask = async |record: &str, zone: &str| {
        let mut declared = declared(server.address(), record, &key);
        declared.zone = zone.to_owned();
        let target = Target::new(&Provider::Rfc2136(declared), &colors(), &access(&key), options()).unwrap();
        target.observe().await.remove(0).outcome
    };
    server.nsupdate("update add bare.contoso.test. 60 TXT only").await.unwrap();
    assert_eq!(ask("absent", "contoso.test").await, Outcome::NxDomain);
    assert_eq!(ask("bare", "contoso.test").await, Outcome::NoData);
    assert_eq!(ask("aks", "fabrikam.test").await, Outcome::Refused);
}
