use teal_api::switch::{Comparison, Operator, Prometheus};

use super::*;

#[test]
fn every_gate_has_a_name_of_its_own() {
    let gates = [Gate::Platform, Gate::Parity { minimum: 100.0 }, Gate::Platform];
    assert_eq!([name(&gates, 0), name(&gates, 1), name(&gates, 2)], ["platform", "parity", "platform-2"]);
}

/// A gate that can't be measured, again and again.
fn course(when: &'static str) -> Course {
    let gate = Prometheus {
        address: "http://127.0.0.1:1".to_owned(),
        query: "up".to_owned(),
        success: Comparison { operator: Operator::Greater, bound: 0.0 },
        interval: Duration::from_millis(5),
        failure_limit: 0,
    };
    let wanted = Wanted { revision: String::new(), digest: Default::default() };
    let (live, other) = ("east".to_owned(), "west".to_owned());
    Course { op: "op".to_owned(), when, gates: vec![Gate::Prometheus(gate)], live, other, wanted }
}

async fn measured(changed: &mut watch::Receiver<u64>, times: usize) {
    for _ in 0..times {
        tokio::time::timeout(Duration::from_secs(120), changed.changed()).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_to_pass_before_the_shift_stays_as_it_was_decided_by() {
    teal_daemon::install_crypto_provider();
    let mut runner = Runner::new(Arc::default(), None);
    let mut changed = runner.changed();
    runner.follow(Some(course(BEFORE)));
    measured(&mut changed, 2).await;
    let decided = runner.statuses();
    assert!(matches!(decided.as_slice(), [one] if one.when == BEFORE && !one.at_shift), "{decided:?}");
    runner.shifted(decided.clone());
    runner.follow(Some(course(DURING)));
    measured(&mut changed, 3).await;
    let seen = runner.statuses();
    assert_eq!(seen[0], GateStatus { at_shift: true, ..decided[0].clone() }, "not measured again");
    assert!(seen.len() == 2 && seen[1].when == DURING && !seen[1].at_shift, "{seen:?}");
    runner.shifted(runner.statuses());
    assert_eq!(runner.statuses().len(), 2, "only gates before the shift end with it");
    runner.follow(Some(course(BEFORE)));
    assert!(runner.statuses().iter().all(|one| !one.at_shift), "the next move begins afresh");
}
