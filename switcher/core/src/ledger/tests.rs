use proptest::prelude::*;

use super::*;
use crate::color::Role;
use crate::decide::samples::declaration;
use crate::order::{Order, Verb};
use crate::seal::LedgerKey;

fn color() -> impl Strategy<Value = Color> {
    "[a-z]{1,12}".prop_map(Color::new)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-f0-9]{40}", "[A-Fa-f0-9]{3,9}", "\\PC{0,24}"]
}

fn any_order() -> impl Strategy<Value = Order> {
    (prop::sample::select(Verb::ALL.to_vec()), word(), word(), any::<u32>(), "[0-9a-f]{16}").prop_map(
        |(verb, actor, reason, expires, set_aside)| Order {
            verb,
            actor,
            reason,
            expires_ms: u64::from(expires),
            set_aside: Digest::of(&set_aside),
        },
    )
}

fn any_parked() -> impl Strategy<Value = Parked> {
    (prop::sample::select(ParkedWhy::ALL.to_vec()), word(), "[0-9a-f]{16}", 0..3_u32)
        .prop_map(|(why, note, digest, attempt)| Parked { why, note, digest: Digest::of(&digest), attempt })
}

prop_compose! {
    fn any_times()(ms in any::<[u32; 4]>(), entered in any::<u64>()) -> Times {
        let [a, b, c, d] = ms.map(u64::from);
        Times { entered_ms: a, entered, deadline_ms: b, shifted_ms: c, written_ms: d }
    }
}

prop_compose! {
    fn any_ledger()(
        lineage in "[0-9a-f]{16}", epoch in any::<u64>(), attempt in 0..3_u32, revision in word(), digest in "[0-9a-f]{16}",
        phase in prop::sample::select(Phase::ALL.to_vec()), task in prop::sample::select(Task::ALL.to_vec()),
        active in color(), course in prop::option::of((color(), color())),
        wait in prop::option::of(prop::sample::select(Reason::ALL.to_vec())), holder in prop::option::of(word()),
        times in any_times(), fleet in prop::option::of((word(), "[0-9a-f]{16}")),
        ttl in (any::<u32>(), any::<u32>(), any::<u64>()), freeze in prop::option::of(any::<u32>()),
        (order, parked) in (prop::option::of(any_order()), prop::option::of(any_parked())),
        (share, routed, stage) in (1..=100_u8, any::<u8>(), any::<u8>()),
    ) -> Ledger {
        Ledger {
            owner: super::owner(&lineage.repeat(usize::from(stage % 3))), op: lineage.clone(), lineage, epoch, phase, task, active, wait, holder, times, attempt, revision, order, parked,
            course: course.map(|(from, to)| Course { from, to }),
            digest: Digest::of(&digest),
            fleet: fleet.map(|(commit, digest)| Fleet { commit, digest: Digest::of(&digest) }),
            ttl: TtlHistory { largest: ttl.0, lowered_ms: u64::from(ttl.1), lowered: ttl.2 },
            routing: Routing { share, routed, stage },
            freeze_until_ms: freeze.map(u64::from),
        }
    }
}

proptest! {
    #[test]
    fn a_ledger_reads_back_as_it_was_written(ledger in any_ledger()) {
        prop_assert_eq!(Ledger::decode(&ledger.encode().unwrap()).unwrap(), ledger);
    }

    #[test]
    fn a_sealed_ledger_opens_as_it_was(ledger in any_ledger(), nonce in any::<[u8; 12]>(), key in any::<[u8; 32]>()) {
        let key = LedgerKey::new(&key).unwrap();
        let sealed = key.seal(&ledger, "aks.contoso.com", nonce, 8192).unwrap();
        prop_assert_eq!(key.open(&sealed, "aks.contoso.com").unwrap(), ledger);
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,200}") {
        let _ = Ledger::decode(&text);
    }
}

/// As full as a ledger gets in the middle of a move.
pub(crate) fn typical() -> Ledger {
    let now = 1_790_000_000_000;
    let mut ledger = Ledger::first("9f3c1a2b44d0e871", Color::from("blue"), &declaration("green"), 300, now);
    ledger.epoch = 14;
    ledger.course = Some(Course { from: "blue".into(), to: "green".into() });
    ledger.digest = Digest::of("b7e23ec29af22b0b4e41da31e868d57226121c84");
    ledger.revision = "0123456789abcdef0123456789abcdef01234567".to_owned();
    ledger.holder = Some("switcher-green".to_owned());
    ledger.op = "51d0c7ab90e3f264".to_owned();
    ledger.fleet = Some(Fleet {
        commit: "89abcdef0123456789abcdef0123456789abcdef".to_owned(),
        digest: Digest::of(&"c".repeat(64)),
    });
    ledger.ttl = TtlHistory { largest: 300, lowered_ms: now - 400_000, lowered: 9 };
    ledger.freeze_until_ms = Some(now + 7_200_000);
    ledger.times.shifted_ms = now - 5_000;
    ledger.times.deadline_ms = now + 1_800_000;
    ledger.enter(Phase::Soaking, Task::Watching, Some(Reason::Soak))
}

#[test]
fn a_typical_ledger_fits_a_records_metadata_even_when_sealed() {
    let ledger = typical();
    let sealed = LedgerKey::new(&[7; 32]).unwrap().seal(&ledger, "aks.contoso.com", [1; 12], 512).unwrap();
    let (plain, sealed) = (ledger.encode().unwrap().len(), sealed.len());
    assert!(plain <= 360 && sealed <= 512, "{plain} bytes, {sealed} sealed: {}", ledger.encode().unwrap());
}

#[test]
fn words_for_people_are_cut_and_facts_are_not() {
    let order = Order {
        verb: Verb::Hold,
        actor: "someone with a very long name".repeat(4),
        reason: "x".repeat(300),
        expires_ms: 1,
        set_aside: Digest::of("b7e23ec29af22b0b"),
    };
    let mut ledger = typical().refusing(ParkedWhy::GateFailed, &"é".repeat(64));
    ledger.order = Some(order);
    let key = LedgerKey::new(&[7; 32]).unwrap();
    let fits = |limit: usize| key.seal(&ledger, "aks.contoso.com", [1; 12], limit);
    for limit in [512, 640, 4096] {
        let sealed = fits(limit);
        // In the middle of a move with an order and a refusal at once: sealed it needs more than 512 bytes.
        let Ok(sealed) = sealed else {
            assert_eq!((limit, sealed.unwrap_err().reason()), (512, "LedgerTooLarge"));
            continue;
        };
        assert!(sealed.len() <= limit);
        let opened = key.open(&sealed, "aks.contoso.com").unwrap();
        assert_eq!((opened.epoch, &opened.op, opened.fleet), (ledger.epoch, &ledger.op, ledger.fleet.clone()));
        assert_eq!(opened.order.map(|order| order.verb), Some(Verb::Hold));
    }
    assert_eq!(ledger.encode_within(512).map(|text| text.len() <= 512), Ok(true), "as plain text it fits");
}

#[test]
fn what_a_declaration_needs_is_known_before_a_move_begins() {
    let identity = "teal-switcher-green";
    let mut declared = declaration("green");
    let most = Ledger::most(&declared, identity).unwrap();
    assert!(typical().encode().unwrap().len() <= most, "{most}");
    assert!(most <= 512, "{most}");
    let long = format!("a{}", "b".repeat(62));
    declared.colors = [long.as_str(), "c"].map(Color::from).into();
    assert!(Ledger::most(&declared, identity).unwrap() > 512);
}

#[test]
fn a_newer_version_is_refused_with_what_to_do() {
    let text = typical().encode().unwrap().replacen("\"v\":2", "\"v\":3", 1);
    let error = Ledger::decode(&text).unwrap_err();
    assert_eq!(error, LedgerError::Newer { found: 3 });
    assert!(error.to_string().contains("update this switcher"), "{error}");
    let more = typical().encode().unwrap().replacen("\"v\":2", "\"v\":2,\"new\":true", 1);
    assert!(matches!(Ledger::decode(&more), Err(LedgerError::Malformed { .. })), "an unknown field is never dropped");
}

#[test]
fn the_active_role_goes_with_the_write_that_moves_all_traffic() {
    let roles = |phase, task, active: &str| {
        let mut ledger = typical().enter(phase, task, None);
        ledger.active = Color::from(active);
        ["blue", "green"].map(|color| ledger.role_of(&Color::from(color)) == Role::Active)
    };
    for (phase, task, active, want) in [
        (Phase::Steady, Task::Rest, "blue", [true, false]),
        (Phase::Preparing, Task::Converging, "blue", [true, false]),
        (Phase::Preparing, Task::StandingDown, "blue", [false, false]),
        (Phase::Shifting, Task::Routing, "green", [false, true]),
        (Phase::Shifting, Task::Propagating, "green", [false, true]),
        (Phase::Shifting, Task::StandingUp, "green", [false, true]),
        (Phase::Soaking, Task::Finishing, "green", [false, true]),
        (Phase::RollingBack, Task::Routing, "blue", [true, false]),
        (Phase::RollingBack, Task::Propagating, "blue", [true, false]),
        (Phase::RollingBack, Task::Restoring, "blue", [true, false]),
        (Phase::Parked, Task::Rest, "blue", [true, false]),
    ] {
        assert_eq!(roles(phase, task, active), want, "{phase} {task:?}");
    }
    let mut shared = typical().enter(Phase::Shifting, Task::Routing, None);
    shared.active = Color::from("green");
    shared.routing.share = 10;
    let roles = ["blue", "green"].map(|color| shared.role_of(&Color::from(color)));
    assert_eq!(roles, [Role::Active, Role::Standby], "while traffic is shared the old color keeps it");
}

#[test]
fn a_ledger_names_its_switch_in_few_bytes() {
    assert_eq!(owner("contoso"), "contoso");
    let (one, other) = (owner(&format!("{}-a", "x".repeat(60))), owner(&format!("{}-b", "x".repeat(60))));
    assert!(one != other && one.len() == 24 && one.starts_with("xxxxxxxxxxxxxxx~"), "{one} {other}");
    assert_eq!(typical().owner, "contoso");
    let old = typical().encode().unwrap().replacen(",\"s\":\"contoso\"", "", 1);
    assert_eq!(Ledger::decode(&old).unwrap().owner, "", "one without is read");
}

#[test]
fn a_ledger_of_the_first_version_is_read() {
    let text = r#"{"v":1,"l":"9f3c1a2b44d0e871","e":14,"p":"Steady","t":"rest","a":"blue","d":"b7e23ec29af22b0b","g":":abc","n":1,"o":"51d0c7ab90e3f264","x":[1000,0,1,-1000,-1000],"m":[300,0,1]}"#;
    let ledger = Ledger::decode(text).unwrap();
    assert_eq!((ledger.lineage.as_str(), ledger.op.as_str()), ("9f3c1a2b44d0e871", "51d0c7ab90e3f264"));
    assert_eq!((ledger.digest.as_str(), ledger.owner.as_str()), ("b7e23ec29af22b0b", ""));
}

#[test]
fn an_order_is_refused_where_it_means_nothing() {
    let order =
        |verb| Order { verb, actor: "ada".into(), reason: "x".into(), expires_ms: 9, set_aside: Digest::default() };
    let at = |phase: Phase, active: &str| {
        let mut ledger = typical().enter(phase, Task::Rest, None);
        ledger.active = Color::from(active);
        ledger
    };
    for (phase, active, verb, want) in [
        (Phase::Soaking, "green", Verb::Undo, "ok"),
        (Phase::Steady, "green", Verb::Undo, "ok"),
        (Phase::Steady, "blue", Verb::Undo, "NothingToUndo"),
        (Phase::RollingBack, "blue", Verb::Undo, "NothingToUndo"),
        (Phase::Preparing, "blue", Verb::Undo, "ok"),
        (Phase::Steady, "green", Verb::Abort, "NothingToAbort"),
        (Phase::Steady, "green", Verb::Hold, "ok"),
        (Phase::Steady, "green", Verb::Adopt, "NotParked"),
        (Phase::Parked, "green", Verb::Reassert, "ok"),
        (Phase::Retiring, "green", Verb::Undo, "Retiring"),
    ] {
        let got = at(phase, active).ordered(order(verb), None, 1).map_or_else(|refusal| refusal.reason(), |_| "ok");
        assert_eq!(got, want, "{verb} in {phase} on {active}");
    }
    let ledger = at(Phase::Steady, "green");
    let next = ledger.ordered(order(Verb::Undo), Some(&declaration("green")), 77).unwrap();
    assert_eq!((next.epoch, next.times.written_ms), (ledger.epoch + 1, 77));
    assert_eq!(next.order.unwrap().set_aside, declaration("green").digest);
    assert_eq!(next.revision, declaration("green").revision, "older clones of git are told apart by it");
}
