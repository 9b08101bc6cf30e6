//! One suite for every target that can't compare and set: a bench implements [`Following`] and calls
//! [`follower_contract!`]. Where traffic goes is read from Azure by a person's own client, beside the target.

use std::time::Duration;

use serde_json::{Value, json};
use teal_targets::{Op, Progress, Retry, RoutedNow, Settled, Split, Target, TargetError, Written};

use crate::azure::Azure;

/// A provider whose traffic goes to blue.
pub(crate) trait Following {
    fn azure(&self) -> &Azure;
    fn target(&self) -> Target;
    /// The same, which gives up soon: for an answer that never comes.
    fn hasty(&self) -> Target;
    /// A target of something that is not there.
    fn missing(&self) -> Target;
    /// Method of the write that counts.
    fn method(&self) -> &'static str;
    /// Type of what is written, as faults name it.
    fn kind(&self) -> &'static str;
    /// The role that writing needs.
    fn role(&self) -> &'static str;
    /// Writes of one flip.
    fn writes(&self) -> usize {
        1
    }
    /// A change is a long-running operation.
    fn slow(&self) -> bool {
        true
    }
    /// Sends traffic to something that no color declares.
    async fn stranger(&self);
}

pub(crate) fn op(id: &str) -> Op {
    Op { id: id.to_owned(), ttl: None, back: false }
}

fn green() -> Split {
    Split::all("green")
}

async fn faults(bench: &impl Following, times: Option<u32>, fault: Value) {
    let mut rule = json!({"method": bench.method(), "type": bench.kind(), "fault": fault});
    if let Some(times) = times {
        rule["times"] = json!(times);
    }
    bench.azure().fault(rule).await;
}

/// Calls until it is done, as the switcher does.
pub(crate) async fn drive(target: &Target, split: &Split, op: &Op) -> RoutedNow {
    for _ in 0..30 {
        match target.route(split, op).await {
            Ok(Written::Done(now)) => return now,
            Ok(Written::Working { operation, .. }) => {
                if let Some(operation) = operation {
                    target.poll(&operation).await.unwrap();
                }
            }
            Err(error) if error.retry() != Retry::WhenConfigChanges => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no end in 30 calls: {:?}", target.now().await);
}

fn refused(result: Result<Written, TargetError>) -> TargetError {
    match result {
        Err(error) => error,
        Ok(done) => panic!("wanted a refusal, got {done:?}"),
    }
}

async fn writes(bench: &impl Following) -> usize {
    bench.azure().asked(bench.method(), bench.kind()).await
}

pub(crate) async fn a_flip_is_read_back_and_written_no_more_than_needed(bench: impl Following) {
    let target = bench.target();
    let now = target.now().await.unwrap();
    assert!(now.is(&Split::all("blue")), "{now:?}");
    let before = writes(&bench).await;
    let now = drive(&target, &green(), &op("m1")).await;
    assert!(now.is(&green()), "{now:?}");
    assert_eq!(writes(&bench).await - before, bench.writes());
    assert_eq!(target.now().await.unwrap().shares, now.shares, "what is claimed is there");
    // Asked again, as after a crash: nothing is written.
    assert!(matches!(target.route(&green(), &op("m1")).await.unwrap(), Written::Done(_)));
    assert_eq!(writes(&bench).await - before, bench.writes());
    assert!(drive(&target, &Split::all("blue"), &op("m2")).await.is(&Split::all("blue")));
}

pub(crate) async fn g1_traffic_to_a_stranger_is_told_and_never_overwritten(bench: impl Following) {
    let target = bench.target();
    bench.stranger().await;
    let before = target.now().await.unwrap();
    assert!(before.foreign.is_some(), "{before:?}");
    let sent = writes(&bench).await;
    let error = refused(target.route(&green(), &op("m1")).await);
    assert_eq!((error.reason(), error.retry()), ("ForeignWrite", Retry::WhenConfigChanges), "{error}");
    assert_eq!(writes(&bench).await, sent);
    assert_eq!(target.now().await.unwrap(), before);
}

pub(crate) async fn g1_refused_writes_change_nothing_and_are_sent_once(bench: impl Following) {
    let error = |status: u16, code: &str| json!({"kind": "error", "status": status, "code": code, "retryAfter": 30});
    for (fault, reason, retry, after) in [
        (error(429, "TooManyRequests"), "Throttled", Retry::Later, Some(30)),
        (json!({"kind": "busy"}), "Busy", Retry::Later, None),
        (error(409, "AnotherOperationInProgress"), "Busy", Retry::Later, Some(30)),
        (json!({"kind": "preconditionFailed"}), "Changed", Retry::AfterRead, None),
        (json!({"kind": "error", "status": 500}), "OutcomeUnknown", Retry::AfterRead, None),
        (json!({"kind": "error", "status": 503}), "OutcomeUnknown", Retry::AfterRead, None),
        (json!({"kind": "error", "status": 400, "code": "BadRequest"}), "Rejected", Retry::WhenConfigChanges, None),
        (json!({"kind": "closeBefore"}), "OutcomeUnknown", Retry::AfterRead, None),
    ] {
        // Each with a client of its own: one that was told to wait sends nothing until then.
        let target = bench.target();
        faults(&bench, None, fault.clone()).await;
        let error = refused(target.route(&green(), &op("m1")).await);
        assert_eq!((error.reason(), error.retry()), (reason, retry), "{fault}: {error}");
        assert_eq!(error.retry_after(), after.map(Duration::from_secs), "{fault}: {error}");
        assert_eq!(bench.azure().struck().await, 1, "{fault}: sent once");
        bench.azure().no_faults().await;
        assert!(target.now().await.unwrap().is(&Split::all("blue")), "{fault}: nothing changed");
    }
    assert!(drive(&bench.target(), &green(), &op("m1")).await.is(&green()));
}

pub(crate) async fn g2_an_answer_lost_after_the_change_is_decided_by_reading_back(bench: impl Following) {
    let target = bench.target();
    // The connection breaks, or the answer comes after its sender has left.
    for (fault, split) in [
        (json!({"kind": "closeAfter"}), green()),
        (json!({"kind": "delay", "milliseconds": 600_000}), Split::all("blue")),
    ] {
        let before = writes(&bench).await;
        faults(&bench, Some(1), fault.clone()).await;
        let written = bench.hasty().route(&split, &op("m1")).await;
        assert_eq!(bench.azure().struck().await, 1, "{fault}");
        assert!(written.is_ok(), "{fault}: it was read back: {written:?}");
        assert!(drive(&target, &split, &op("m1")).await.is(&split), "{fault}");
        assert_eq!(writes(&bench).await - before, bench.writes(), "{fault}: never sent twice");
        bench.azure().no_faults().await;
    }
}

/// Nothing compares here, so that a late write lands; it is seen, and repaired by the next call.
pub(crate) async fn g1_a_late_write_is_seen_and_repaired(bench: impl Following) {
    let (target, hasty) = (bench.target(), bench.hasty());
    faults(&bench, Some(1), json!({"kind": "late"})).await;
    let error = loop {
        match hasty.route(&green(), &op("m1")).await {
            // A move of several writes says so after each.
            Ok(Written::Working { .. }) => {}
            other => break refused(other),
        }
    };
    assert_eq!((error.reason(), error.outcome_unknown()), ("OutcomeUnknown", true), "{error}");
    let arrived = bench.azure().late_calls_arrive().await;
    assert!(matches!(arrived[..], [200..=202]), "{arrived:?}");
    assert!(drive(&target, &Split::all("blue"), &op("m2")).await.is(&Split::all("blue")));
}

pub(crate) async fn what_is_missing_or_not_allowed_is_told_with_what_to_do(bench: impl Following) {
    let missing = bench.missing();
    assert_eq!(missing.now().await.unwrap_err().reason(), "NotFound");
    let error = refused(missing.route(&green(), &op("m1")).await);
    assert_eq!((error.reason(), error.retry()), ("NotFound", Retry::WhenConfigChanges));
    bench.azure().only(&[("Reader", "/".to_owned())]).await;
    let target = bench.target();
    let error = refused(target.route(&green(), &op("m1")).await);
    assert_eq!((error.reason(), error.retry()), ("Denied", Retry::WhenConfigChanges), "{error}");
    assert!(error.to_string().contains(&format!("grant `{}` on /subscriptions/", bench.role())), "{error}");
    assert!(target.now().await.unwrap().is(&Split::all("blue")));
}

pub(crate) async fn a_healthy_target_refuses_nothing_before_a_move(bench: impl Following) {
    let found = bench.target().preflight().await.unwrap();
    assert!(found.iter().all(|finding| !finding.refuse), "{found:?}");
}

pub(crate) async fn g1_one_change_at_a_time_and_an_operation_is_followed_to_its_end(bench: impl Following) {
    if !bench.slow() {
        return;
    }
    let target = bench.target();
    bench.azure().settings(json!({"lro": {"default": {"polls": 3}}})).await;
    let before = writes(&bench).await;
    let Written::Working { operation: Some(url), now } = target.route(&green(), &op("m1")).await.unwrap() else {
        panic!("the change is done at once");
    };
    assert!(matches!(now.settled, Settled::Working { .. }), "{now:?}");
    // While it is at work nothing else is written, whoever asks for what.
    let other = bench.target();
    assert!(matches!(other.route(&Split::all("blue"), &op("m2")).await.unwrap(), Written::Working { .. }));
    assert_eq!(writes(&bench).await - before, 1);
    let mut polls = Vec::new();
    for _ in 0..20 {
        polls.push(other.poll(&url).await.unwrap());
        if polls.last() == Some(&Progress::Succeeded) {
            break;
        }
    }
    assert!(matches!(polls.first(), Some(Progress::Running { .. })), "{polls:?}");
    assert_eq!(polls.last(), Some(&Progress::Succeeded), "{polls:?}");
    bench.azure().settings(json!({"lro": {"default": {"polls": 0}}})).await;
    assert!(drive(&target, &green(), &op("m1")).await.is(&green()));
}

pub(crate) async fn g2_an_operation_that_fails_or_is_lost_is_decided_by_the_target_itself(bench: impl Following) {
    if !bench.slow() {
        return;
    }
    let target = bench.target();
    // Nobody can poll what is lost: it ends by its time, which is the emulator's.
    bench.azure().settings(json!({"lro": {"default": {"polls": 0, "seconds": 3600.0}}})).await;
    faults(&bench, Some(1), json!({"kind": "lroLost"})).await;
    let Written::Working { operation: Some(url), .. } = target.route(&green(), &op("m1")).await.unwrap() else {
        panic!("the change is done at once");
    };
    assert_eq!(target.poll(&url).await.unwrap(), Progress::Lost);
    assert_ne!(target.now().await.unwrap().settled, Settled::Yes, "it is at work");
    bench.azure().advance(3601).await;
    assert_eq!(target.now().await.unwrap().settled, Settled::Yes, "the lost operation has ended");
    bench.azure().settings(json!({"lro": {"default": {"polls": 0, "seconds": 0.0}}})).await;
    assert!(drive(&target, &green(), &op("m1")).await.is(&green()));

    bench.azure().settings(json!({"lro": {"default": {"polls": 1}}})).await;
    faults(&bench, Some(1), json!({"kind": "lroFails", "code": "Boom", "message": "it broke"})).await;
    let Written::Working { operation: Some(url), .. } = target.route(&Split::all("blue"), &op("m2")).await.unwrap()
    else {
        panic!("the change is done at once");
    };
    let mut last = target.poll(&url).await.unwrap();
    for _ in 0..5 {
        if matches!(last, Progress::Failed { .. }) {
            break;
        }
        last = target.poll(&url).await.unwrap();
    }
    assert!(matches!(&last, Progress::Failed { why } if why.contains("Boom: it broke")), "{last:?}");
    let now = target.now().await.unwrap();
    assert_ne!(now.settled, Settled::Yes, "a failed change is never claimed: {now:?}");
}

/// Two switchers that were let loose on one target by mistake: whatever wins is whole, and nobody claims what is not.
pub(crate) async fn g1_two_writers_leave_one_whole_split(bench: impl Following) {
    let (one, other) = (bench.target(), bench.target());
    let mut claims = 0;
    for round in 0..10 {
        let before = one.now().await.unwrap();
        let (to_blue, to_green) = (Split::all("blue"), green());
        let (left, right) = (op(&format!("b{round}")), op(&format!("g{round}")));
        let (a, b) = tokio::join!(one.route(&to_blue, &left), other.route(&to_green, &right));
        let ended = at_rest(&one).await;
        let whole = |now: &RoutedNow| now.foreign.is_none() && now.shares.values().sum::<u32>() == 100;
        assert!(whole(&ended), "round {round}: {ended:?}");
        if bench.writes() == 1 {
            assert_eq!(ended.shares.len(), 1, "round {round}: one of the two, not some of both: {ended:?}");
        }
        for (result, split) in [(&a, &to_blue), (&b, &to_green)] {
            match result {
                Ok(Written::Done(now)) => {
                    claims += 1;
                    assert!(now.is(split), "round {round}: {now:?}");
                }
                Ok(Written::Working { now, .. }) => {
                    claims += 1;
                    assert!(now.shares.is_empty() || whole(now), "round {round}: {now:?}");
                }
                Err(error) => assert_ne!(error.retry(), Retry::WhenConfigChanges, "round {round}: {error}"),
            }
        }
        // Who was refused has changed nothing: without a writer all is as it was, and a lone writer has won.
        match (&a, &b) {
            (Err(_), Err(_)) => assert_eq!(ended.shares, before.shares, "round {round}: {a:?} {b:?}"),
            (Ok(Written::Done(now)), Err(_)) | (Err(_), Ok(Written::Done(now))) => {
                assert_eq!(ended.shares, now.shares, "round {round}: {a:?} {b:?}");
            }
            _ => {}
        }
    }
    assert!(claims >= 10, "somebody gets on in every round: {claims}");
    assert!(drive(&one, &green(), &op("end")).await.is(&green()));
}

/// As it is once the provider is done with whatever it was told.
async fn at_rest(target: &Target) -> RoutedNow {
    let started = std::time::Instant::now();
    loop {
        let now = target.now().await.unwrap();
        match &now.settled {
            Settled::Working { operation, .. } => {
                if let Some(operation) = operation {
                    target.poll(operation).await.unwrap();
                }
            }
            _ => return now,
        }
        assert!(started.elapsed() < Duration::from_secs(120), "it is never done: {now:?}");
    }
}

/// Makes one test of each rule for one provider.
macro_rules! follower_contract {
    ($module:ident, $open:path) => {
        mod $module {
            $crate::followers::follower_contract!(@ $open:
                a_flip_is_read_back_and_written_no_more_than_needed
                g1_traffic_to_a_stranger_is_told_and_never_overwritten
                g1_refused_writes_change_nothing_and_are_sent_once
                g2_an_answer_lost_after_the_change_is_decided_by_reading_back
                g1_a_late_write_is_seen_and_repaired
                what_is_missing_or_not_allowed_is_told_with_what_to_do
                a_healthy_target_refuses_nothing_before_a_move
                g1_one_change_at_a_time_and_an_operation_is_followed_to_its_end
                g2_an_operation_that_fails_or_is_lost_is_decided_by_the_target_itself
                g1_two_writers_leave_one_whole_split
            );
        }
    };
    (@ $open:path: $($rule:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                $crate::followers::$rule($open().await).await;
            }
        )*
    };
}
pub(crate) use follower_contract;
