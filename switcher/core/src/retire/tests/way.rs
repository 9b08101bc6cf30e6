//! The whole way of a retirement with a crash between any two steps, and the way back.

use super::*;

#[test]
fn a_ledger_refuses_what_would_lose_something() {
    let retire = |ledger: &Ledger, color: &str| ledger.retire(&color.into(), "ada", "op", NOW_MS);
    let ledger = steady_on_green();
    assert!(matches!(retire(&ledger, "green"), Err(RetireRefusal::Live { .. })));
    let mut held = ledger.clone();
    let (actor, reason, set_aside) = ("kim".to_owned(), "a storm".to_owned(), crate::Digest::default());
    held.order = Some(Order { verb: Verb::Hold, actor, reason, expires_ms: 0, set_aside });
    assert!(retire(&held, "blue").unwrap_err().to_string().contains("`hold` of kim"));
    let retiring = retire(&ledger, "blue").unwrap();
    assert_eq!(retire(&retiring, "blue").unwrap(), retiring, "twice is once");
    assert!(matches!(retire(&retiring, "red"), Err(RetireRefusal::Another { .. })));
    for verb in Verb::ALL.into_iter().filter(|verb| *verb != Verb::Hold) {
        let (actor, reason, set_aside) = ("kim".to_owned(), "why".to_owned(), crate::Digest::default());
        let order = Order { verb, actor, reason, expires_ms: 0, set_aside };
        let refused = retiring.ordered(order, None, NOW_MS).unwrap_err().to_string();
        assert!(
            refused.contains("blue is being retired") && refused.contains("teal retire blue --revive"),
            "{refused}"
        );
    }
}

#[test]
fn a_retiring_ledger_is_read_back_and_fits() {
    let retiring = steady_on_green().retire(&"blue".into(), "a-person@contoso.com", &"f".repeat(16), NOW_MS).unwrap();
    for ledger in [retiring.clone(), retiring.stopped(NOW_MS + 24 * HOUR, NOW_MS), retiring.condemned(NOW_MS)] {
        let text = ledger.encode_within(512).unwrap();
        assert_eq!(Ledger::decode(&text).unwrap(), ledger);
    }
    let stopped = retiring.stopped(NOW_MS + 24 * HOUR, NOW_MS).retirement().unwrap();
    assert_eq!((stopped.stage, stopped.until_ms), (Stage::Screaming, NOW_MS + 24 * HOUR));
    let ended = retiring.condemned(NOW_MS).retired(NOW_MS);
    assert_eq!((ended.phase, ended.task, ended.course, ended.holder), (Phase::Steady, Task::Rest, None, None));
}

/// Does one step in the world, to one Switch only: as a crash after its first write leaves it.
fn crash_after(act: Act, facts: &mut Facts) {
    let mut swap = |names: Vec<String>, change: &dyn Fn(&Ledger) -> Ledger| {
        let first = facts.switches.iter_mut().find(|switch| names.contains(&switch.name)).unwrap();
        first.ledger = Ok(change(first.ledger.as_ref().unwrap()));
    };
    let now = facts.now_ms;
    match act {
        Act::Enter(names) => swap(names, &|ledger| ledger.retire(&"blue".into(), "ada", "op", now).unwrap()),
        Act::NoteStopped { switches, until_ms } => swap(switches, &|ledger| ledger.stopped(until_ms, now)),
        Act::Condemn(names) => swap(names, &|ledger| ledger.condemned(now)),
        Act::Finish(names) => swap(names, &|ledger| ledger.retired(now)),
        Act::Stop => facts.cluster = there(State::Stopping),
        Act::AwaitStopped => facts.cluster = there(State::Stopped),
        Act::Wait { until_ms } => facts.now_ms = until_ms,
        Act::Delete => facts.cluster = there(State::Deleting),
        Act::AwaitGone => facts.cluster = Ok(ClusterSeen::Gone),
        Act::Refuse | Act::Done | Act::Reopen(_) | Act::Prove(_) => panic!("nothing to do"),
    }
}

#[test]
fn g2_it_goes_on_after_a_crash_between_any_two_steps() {
    let mut facts = facts();
    let mut way = Vec::new();
    let mut until = None;
    loop {
        let next = next(&facts, &policy());
        assert_ne!(next.act, Act::Refuse, "{way:?}: {:?}", next.findings);
        if next.act == Act::Done {
            break;
        }
        if let Act::NoteStopped { until_ms, .. } = next.act {
            assert_eq!(*until.get_or_insert(until_ms), until_ms, "a crash prolongs nothing");
            // Time passes between the crash and the next run.
            facts.now_ms += 60_000;
        }
        if matches!(next.act, Act::AwaitStopped) {
            facts.drain = Drain::Unknown("its Prometheus was in the cluster".to_owned());
            facts.uid = None;
        }
        let word = format!("{:?}", next.act);
        way.push(word.split([' ', '(', '{']).next().unwrap_or_default().to_owned());
        crash_after(next.act, &mut facts);
    }
    let twice = |word: &str| [word.to_owned(), word.to_owned()];
    let want = [
        twice("Enter").to_vec(),
        vec!["Stop".to_owned(), "AwaitStopped".to_owned()],
        twice("NoteStopped").to_vec(),
        vec!["Wait".to_owned()],
        twice("Condemn").to_vec(),
        vec!["Delete".to_owned(), "AwaitGone".to_owned()],
        twice("Finish").to_vec(),
    ];
    assert_eq!(way, want.concat());
    assert!(facts.switches.iter().all(|one| one.ledger.as_ref().unwrap().phase == Phase::Steady));
}

#[test]
fn the_cluster_is_never_touched_while_something_refuses() {
    let retiring = steady_on_green().retire(&"blue".into(), "ada", "op", NOW_MS).unwrap();
    let stopped = retiring.stopped(NOW_MS, NOW_MS);
    for (rule, ledger, state, want) in [
        ("before the stop", retiring.clone(), State::Running, Act::Stop),
        (
            "before the deletion is noted",
            stopped.clone(),
            State::Stopped,
            Act::Condemn(vec!["contoso".into(), "shop".into()]),
        ),
        ("before the deletion", stopped.condemned(NOW_MS), State::Stopped, Act::Delete),
    ] {
        let mut facts = facts();
        (facts.cluster, facts.uid) = (there(state), None);
        facts.switches.iter_mut().for_each(|one| one.ledger = Ok(ledger.clone()));
        assert_eq!(next(&facts, &policy()).act, want, "{rule}");
        facts.places = pointing(Weight::Live);
        assert_eq!(next(&facts, &policy()).act, Act::Refuse, "{rule}");
    }
    let mut facts = facts();
    facts.switches.iter_mut().for_each(|one| one.ledger = Ok(stopped.clone()));
    let next = next(&facts, &policy());
    let both = vec!["contoso".to_owned(), "shop".to_owned()];
    assert_eq!((next.act, next.findings[0].reason), (Act::Reopen(both), "StartedAgain"), "someone screamed");
}

#[test]
fn whoever_screams_in_time_gets_the_cluster_back() {
    let retiring = steady_on_green().retire(&"blue".into(), "ada", "op", NOW_MS).unwrap();
    let stopped = retiring.stopped(NOW_MS + HOUR, NOW_MS);
    let both = || vec!["contoso".to_owned(), "shop".to_owned()];
    let at = |ledger: &Ledger, cluster: Result<ClusterSeen, String>| {
        let mut facts = facts();
        facts.switches.iter_mut().for_each(|one| one.ledger = Ok(ledger.clone()));
        revive(&Facts { cluster, ..facts })
    };
    assert_eq!(at(&steady_on_green(), there(State::Running)), Revive::Nothing);
    assert_eq!(at(&retiring, there(State::Running)), Revive::Finish(both()));
    assert_eq!(at(&retiring, there(State::Stopping)), Revive::Await);
    assert_eq!(at(&retiring, there(State::Stopped)), Revive::Start);
    // Its intent is written first: who deletes at the same time loses.
    assert_eq!(at(&stopped, there(State::Stopped)), Revive::Reopen(both()));
    assert_eq!(at(&stopped.condemned(NOW_MS), there(State::Stopped)), Revive::Reopen(both()));
    assert_eq!(at(&stopped.condemned(NOW_MS), there(State::Starting)), Revive::Await);
    assert_eq!(
        at(&stopped.condemned(NOW_MS), there(State::Running)),
        Revive::Finish(both()),
        "made again, or never deleted"
    );
    assert_eq!(at(&stopped, there(State::Starting)), Revive::Await);
    assert_eq!(at(&stopped, there(State::Running)), Revive::Finish(both()));
    for late in [
        at(&steady_on_green(), Ok(ClusterSeen::Gone)),
        at(&steady_on_green(), there(State::Stopped)),
        at(&stopped.condemned(NOW_MS), there(State::Deleting)),
        at(&stopped, there(State::Deleting)),
        at(&stopped, Ok(ClusterSeen::Gone)),
        at(&stopped, Err("403".to_owned())),
    ] {
        assert!(matches!(late, Revive::Refuse(_)), "{late:?}");
    }
}

#[test]
fn a_cluster_that_is_not_there_is_retired_only_where_nothing_speaks_against_it() {
    let gone = |spoil: fn(&mut Facts)| {
        let mut facts =
            Facts { cluster: Ok(ClusterSeen::Gone), drain: Drain::Unknown("x".into()), now_ms: 0, ..facts() };
        spoil(&mut facts);
        next(&facts, &policy()).act
    };
    assert_eq!(gone(|_| {}), Act::Done, "once more is nothing, whatever the time and the drain");
    assert_eq!(gone(|f| f.switches.clear()), Act::Refuse, "its id may be wrong");
    assert_eq!(gone(|f| f.strangers.push("x".into())), Act::Refuse);
    assert_eq!(gone(|f| f.switches[0].ledger.as_mut().unwrap().active = "blue".into()), Act::Refuse);
    assert_eq!(gone(|f| f.switches[0].ledger = Err("timeout".into())), Act::Refuse);
    let retiring = |f: &mut Facts| {
        let first = &mut f.switches[0];
        first.ledger = Ok(steady_on_green().retire(&"blue".into(), "ada", "op", NOW_MS).unwrap());
    };
    assert_eq!(gone(retiring), Act::Finish(vec!["contoso".into()]), "deleted by hand meanwhile");
}

/// All ledgers as this one.
fn with(ledger: &Ledger, state: State) -> Facts {
    let mut facts = Facts { cluster: there(state), uid: None, ..facts() };
    facts.switches.iter_mut().for_each(|one| one.ledger = Ok(ledger.clone()));
    facts
}

#[test]
fn a_second_stop_has_its_own_proof_of_drain_and_its_own_scream_time() {
    let stopped = steady_on_green().retire(&"blue".into(), "ada", "first", NOW_MS - HOUR).unwrap().stopped(1, NOW_MS);
    let reopened = stopped.reopened("second", NOW_MS);
    let seen = reopened.retirement().unwrap();
    assert_eq!((seen.stage, seen.until_ms, seen.op.as_str()), (Stage::Proving, 0, "second"));
    // It is proved again that it is drained, also when somebody has stopped it by hand.
    let both = || vec!["contoso".to_owned(), "shop".to_owned()];
    for state in [State::Running, State::Stopped] {
        let mut again = with(&reopened, state);
        assert_eq!(next(&again, &policy()).act, Act::Prove(both()), "{state:?}");
        again.drain = Drain::Unknown("its Prometheus is gone".to_owned());
        assert_eq!(next(&again, &policy()).act, Act::Refuse, "{state:?}");
    }
    let proved = reopened.proved("second", NOW_MS);
    assert_eq!(next(&with(&proved, State::Running), &policy()).act, Act::Stop);
    // The crash was between two ledgers: what the one behind says of the first stop does not count.
    let mut facts = with(&proved, State::Stopped);
    facts.switches[1].ledger = Ok(stopped);
    let until_ms = NOW_MS + 24 * HOUR;
    assert_eq!(next(&facts, &policy()).act, Act::NoteStopped { switches: vec!["contoso".into()], until_ms });
    facts.switches[0].ledger = Ok(proved.stopped(until_ms, NOW_MS));
    assert_eq!(next(&facts, &policy()).act, Act::Wait { until_ms });
}

#[test]
fn one_that_was_made_again_is_not_the_one_that_was_judged() {
    let id = Retirement::id(7, Some("0badcafe"));
    let retiring = steady_on_green().retire(&"blue".into(), "ada", &id, NOW_MS).unwrap();
    assert_eq!(Ledger::decode(&retiring.encode_within(512).unwrap()).unwrap(), retiring);
    assert_eq!(retiring.retirement().unwrap().cluster(), Some("0badcafe"));
    let condemned = retiring.stopped(NOW_MS, NOW_MS).condemned(NOW_MS);
    assert_eq!(next(&with(&condemned, State::Stopped), &policy()).act, Act::Delete);
    for (told, reason) in [(Some("deadbeef".to_owned()), "OtherCluster"), (None, "ClusterUnknown")] {
        for ledger in [&retiring, &condemned] {
            let facts = Facts { fingerprint: told.clone(), ..with(ledger, State::Stopped) };
            let next = next(&facts, &policy());
            assert_eq!(next.findings[0].reason, reason);
            assert!(!matches!(next.act, Act::Delete | Act::Condemn(_) | Act::Stop), "{:?}", next.act);
        }
    }
    // It runs although its deletion had begun: nothing is written, and a way out is told.
    let next = next(&with(&condemned, State::Running), &policy());
    assert_eq!((next.act, next.findings[0].reason), (Act::Refuse, "StartedAgain"));
    assert!(
        next.findings[0].todo.contains("--revive") && !next.findings[0].todo.contains("stop"),
        "{:?}",
        next.findings
    );
}

#[test]
fn the_kill_switch_outlives_a_retirement_and_nothing_is_polled_at_the_pace_of_a_move_meanwhile() {
    let mut retiring = steady_on_green().retire(&"blue".into(), "ada", "op", NOW_MS).unwrap();
    for (verb, stays) in [(Verb::Hold, true), (Verb::Undo, false)] {
        let (actor, reason, set_aside) = ("kim".to_owned(), "a storm".to_owned(), crate::Digest::default());
        retiring.order = Some(Order { verb, actor, reason, expires_ms: 0, set_aside });
        assert_eq!(retiring.retired(NOW_MS).order.is_some(), stays, "{verb:?}");
    }
    let idle: Vec<Phase> = Phase::ALL.into_iter().filter(|phase| phase.idles()).collect();
    assert_eq!(idle, [Phase::Steady, Phase::Parked, Phase::Retiring]);
}
