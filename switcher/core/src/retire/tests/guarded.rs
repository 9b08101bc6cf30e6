//! The guard as a table.

use super::*;

#[test]
fn each_thing_that_speaks_against_it_is_told() {
    type Spoil = fn(&mut Facts);
    let rules: &[(&str, Spoil, &str)] = &[
        ("nothing", |_| {}, ""),
        ("no Switch", |f| f.switches.clear(), "NoSwitch"),
        ("a stranger", |f| f.strangers.push("old".into()), "SwitchMissing"),
        ("not listed", |f| f.switches[1].listed = false, "SwitchNotListed"),
        ("the daemon's identity", |f| f.switches[0].same_identity = true, "SameIdentity"),
        ("git wants it", |f| f.switches[0].wanted = "blue".into(), "GitWantsIt"),
        ("pushed git wants it, and an old clone does not", |f| pushed(f).wants_it = true, "GitWantsIt"),
        ("both want it", |f| (f.switches[0].wanted, pushed(f).wants_it) = ("blue".into(), true), "GitWantsIt"),
        ("changed since", |f| pushed(f).copy = Likeness::Differs, "NotAsPushed"),
        ("not pushed", |f| pushed(f).copy = Likeness::Absent, "NotPushed"),
        ("a branch that no switcher follows", |f| pushed(f).acted_on = Some(false), "OtherBranch"),
        ("a shallow clone", |f| pushed(f).acted_on = None, "(HistoryShort)"),
        ("pushed only", |f| f.git = asked(Ok(vec!["new".into()]), Likeness::Same), "SwitchNotHere"),
        ("the remote is away", |f| f.git = asked(Err("timeout".into()), Likeness::Same), "GitUnknown"),
        ("colors changed since", |f| f.git = asked(Ok(Vec::new()), Likeness::Differs), "NotAsPushed"),
        ("colors not pushed", |f| f.git = asked(Ok(Vec::new()), Likeness::Absent), "(NotPushed)"),
        ("vouched for", |f| (f.git, f.switches[0].pushed) = (Git::NotAsked, None), "(GitNotAsked)"),
        ("no ledger", |f| f.switches[0].ledger = Err("timeout".into()), "LedgerUnreadable"),
        ("live", |f| f.switches[0].ledger.as_mut().unwrap().active = "blue".into(), "Live"),
        ("moving", |f| f.switches[0].ledger.as_mut().unwrap().phase = Phase::Soaking, "NotSteady"),
        ("parked", |f| f.switches[0].ledger.as_mut().unwrap().phase = Phase::Parked, "NotSteady"),
        ("too early", |f| f.now_ms -= 1, "Retention,Retention"),
        ("routed", |f| f.switches[0].targets[0].value = Ok(Value::Color("blue".into())), "StillRouted"),
        (
            "shared",
            |f| {
                f.switches[0].targets[0].value =
                    Ok(Value::Split(BTreeMap::from([("blue".into(), 5), ("green".into(), 95)])))
            },
            "StillRouted",
        ),
        ("mixed", |f| f.switches[0].targets[0].value = Ok(Value::Mixed), "StillRouted"),
        ("foreign", |f| f.switches[0].targets[0].value = Ok(Value::Foreign("x".into())), "Foreign"),
        ("gone", |f| f.switches[0].targets[0].value = Ok(Value::Gone), "Foreign"),
        ("target unread", |f| f.switches[0].targets[0].value = Err("403".into()), "TargetUnreadable"),
        ("ledger only", |f| f.switches[0].targets[0].value = Ok(Value::LedgerOnly), ""),
        ("a zone unread", |f| f.places[0].found = Err("403".into()), "Unreadable"),
        ("more unread", |f| (f.places[0].found, f.places[0].declared) = (Err("403".into()), false), "(Unsearched)"),
        ("a record", |f| f.places = pointing(Weight::Live), "PointsThere"),
        ("an idle origin", |f| f.places = pointing(Weight::Idle), "(IdlePointer)"),
        ("its own name", |f| f.places = pointing(Weight::Own), "(OwnName)"),
        ("live traffic", |f| f.drain = Drain::Live("9".into()), "LiveTraffic"),
        ("no measurement", |f| f.drain = Drain::Unknown("empty".into()), "DrainUnknown"),
        ("another cluster", |f| f.uid = Some(("u".into(), Ok("v".into()))), "OtherCluster"),
        ("a cluster that hides", |f| f.uid = Some(("u".into(), Err("timeout".into()))), "ClusterUnknown"),
        (
            "stopped before it showed which it is",
            |f| (f.cluster, f.uid) = (there(State::Stopped), Some(("u".into(), Err("it does not run".into())))),
            "ClusterUnknown",
        ),
        ("busy", |f| f.cluster = there(State::Busy), "ClusterBusy"),
        ("unread", |f| f.cluster = Err("403".into()), "ClusterUnreadable"),
        ("a disk", |f| f.doomed = doomed(DoomedKind::Data, false), "DataDies"),
        ("a disk announced", |f| f.doomed = doomed(DoomedKind::Data, true), "(DataDies)"),
        ("an address", |f| f.doomed = doomed(DoomedKind::Address, false), "(AddressDies)"),
        ("node group unread", |f| f.doomed = Err("403".into()), "Unreadable"),
    ];
    for (rule, spoil, want) in rules {
        let mut facts = facts();
        spoil(&mut facts);
        let found = next(&facts, &policy());
        let word = |finding: &Finding| match finding.severity {
            Severity::Refuses => finding.reason.to_owned(),
            Severity::Warns => format!("({})", finding.reason),
        };
        let words: Vec<String> = found.findings.iter().map(word).collect();
        assert_eq!(words.join(","), *want, "{rule}");
        let refused = !want.is_empty() && !want.starts_with('(');
        assert_eq!(found.act == Act::Refuse, refused, "{rule}: {:?}", found.act);
        let told = |one: &Finding| !one.place.is_empty() && !one.what.is_empty() && !one.todo.is_empty();
        assert!(found.findings.iter().all(told), "{rule}: what, where and what to do");
    }
}

#[test]
fn what_is_gone_is_done_whatever_git_says() {
    let mut facts = facts();
    facts.cluster = Ok(ClusterSeen::Gone);
    facts.git = asked(Err("timeout".into()), Likeness::Differs);
    assert_eq!(next(&facts, &policy()), Next { act: Act::Done, findings: Vec::new() });
}

#[test]
fn everything_is_told_at_once_and_what_refuses_comes_first() {
    let mut facts = facts();
    facts.places = [pointing(Weight::Idle), pointing(Weight::Live)].concat();
    facts.drain = Drain::Live("9".into());
    facts.switches[1].wanted = "blue".into();
    let reasons: Vec<&str> = guard(&facts, &policy()).iter().map(|finding| finding.reason).collect();
    assert_eq!(reasons, ["GitWantsIt", "PointsThere", "LiveTraffic", "IdlePointer"]);
}
