//! One suite for every provider that compares and sets: a provider's bench implements [`Bench`] and calls
//! [`target_contract!`].

use std::net::Ipv4Addr;

use teal_api::switch::Destination;
use teal_targets::{Change, Retry, Routed, Seen, Tag, Target, TargetError};

pub(crate) const BLUE: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 4);
pub(crate) const GREEN: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 4);
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// A provider with a record that points to blue with TTL 300 and has no ledger yet.
pub(crate) trait Bench {
    /// What the record points to at first.
    fn blue(&self) -> Destination {
        ip(&[BLUE])
    }
    /// Where it is moved.
    fn green(&self) -> Destination {
        ip(&[GREEN])
    }
    /// What no color declares.
    fn stranger(&self) -> Destination {
        ip(&[STRANGER])
    }
    /// Blue and green, and blue and the stranger, in one set; `None` for records of one value.
    fn sets(&self) -> Option<(Destination, Destination)> {
        Some((ip(&[GREEN, BLUE, GREEN]), ip(&[BLUE, STRANGER])))
    }
    /// A ledger is any bytes; else it is text.
    fn any_bytes(&self) -> bool {
        true
    }
    /// How long the absence of a name may be remembered.
    fn negative_ttl(&self) -> Option<u32> {
        Some(5)
    }
    /// The target of the record, patient: no pause of this machine is taken for a server that does not answer.
    fn target(&self) -> Target;
    /// The same, which gives up soon: for an answer that never comes.
    fn hasty(&self) -> Target;
    /// A target of a record that does not exist.
    fn missing(&self) -> Target;
    /// Changes the record as a person would.
    async fn change_by_hand(&self, to: &Destination);
    /// Changes the ledger as a person would; `None` deletes it.
    async fn ledger_by_hand(&self, text: Option<&str>);
    /// The next write is done, and its answer is lost.
    async fn lose_next_answer(&self);
    /// The next write is lost on its way.
    async fn lose_next_write(&self);
    /// The next write arrives only after its sender has given up.
    async fn delay_next_write(&self);
    /// Lets the delayed write arrive, and waits until it was answered.
    async fn delayed_write_arrived(&self);
}

pub(crate) fn ip(addresses: &[Ipv4Addr]) -> Destination {
    Destination::Ip(addresses.to_vec())
}

pub(crate) fn to(to: impl Into<Point>, ttl: u32) -> Change {
    Change { to: to.into().0, ttl }
}

/// Addresses or a destination.
pub(crate) struct Point(Destination);

impl From<Destination> for Point {
    fn from(to: Destination) -> Self {
        Self(to)
    }
}

impl<const N: usize> From<&[Ipv4Addr; N]> for Point {
    fn from(addresses: &[Ipv4Addr; N]) -> Self {
        Self(ip(addresses))
    }
}

fn raced(result: Result<Routed, TargetError>) -> (Tag, Routed) {
    match result {
        Err(TargetError::Raced { expected, found, .. }) => (*expected, *found),
        other => panic!("wanted a refusal as raced, got {other:?}"),
    }
}

/// A value as messages have it.
fn shown(to: &Destination) -> String {
    match to {
        Destination::ResourceId(id) => format!("an alias of {id}"),
        to => to.to_string(),
    }
}

pub(crate) async fn read_after_write(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    assert_eq!((before.value, before.ttl, before.ledger.as_deref()), (Some(bench.blue()), 300, None));
    let written = target.commit(&before.tag, Some(&to(bench.green(), 10)), b"first").await.unwrap();
    assert_eq!(written, target.read().await.unwrap(), "commit returns what a read finds");
    assert_eq!((written.value.clone(), written.ttl), (Some(bench.green()), 10));
    assert_eq!(written.ledger.as_deref(), Some(&b"first"[..]));
    let back = target.commit(&written.tag, Some(&to(bench.blue(), 300)), b"second").await.unwrap();
    assert_eq!(back, target.read().await.unwrap());
}

pub(crate) async fn the_ledger_alone_can_be_written(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    let claimed = target.commit(&before.tag, None, b"claimed").await.unwrap();
    assert_eq!(claimed, target.read().await.unwrap());
    assert_eq!((claimed.value, claimed.ttl), (before.value, before.ttl), "the record is as it was");
}

pub(crate) async fn the_ttl_alone_can_be_written(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    let lowered = target.commit(&before.tag, Some(&to(bench.blue(), 10)), b"lowered").await.unwrap();
    assert_eq!((lowered.value.clone(), lowered.ttl), (Some(bench.blue()), 10));
    assert_eq!(lowered, target.read().await.unwrap());
}

pub(crate) async fn several_addresses_have_one_canonical_form(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    let Some((together, _)) = bench.sets() else { return };
    let both = target.commit(&before.tag, Some(&to(together.clone(), 60)), b"both").await.unwrap();
    assert_eq!(both.value, Some(together.canonical()));
    assert_eq!(both, target.read().await.unwrap());
    // The old expectation is a part of what is there now: a server that compares members, not sets, would let it pass.
    let (_, found) = raced(target.commit(&before.tag, Some(&to(bench.blue(), 60)), b"late").await);
    assert_eq!(found, both);
}

pub(crate) async fn a_part_of_a_set_is_not_the_set(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    let Some((_, more)) = bench.sets() else { return };
    bench.change_by_hand(&more).await;
    let (_, found) = raced(target.commit(&before.tag, Some(&to(bench.green(), 60)), b"mine").await);
    assert_eq!(found.value, Some(more.canonical()));
    assert_eq!(target.read().await.unwrap(), found, "nothing changed");
}

pub(crate) async fn a_stale_expectation_is_refused_and_nothing_changes(bench: impl Bench) {
    let target = bench.target();
    let stale = target.read().await.unwrap();
    let now = target.commit(&stale.tag, Some(&to(bench.green(), 10)), b"now").await.unwrap();
    for change in [Some(to(bench.blue(), 300)), Some(to(bench.green(), 10)), None] {
        let (expected, found) = raced(target.commit(&stale.tag, change.as_ref(), b"late").await);
        assert_eq!((expected, &found), (stale.tag.clone(), &now), "{change:?}");
        assert_eq!(target.read().await.unwrap(), now, "{change:?}");
    }
}

pub(crate) async fn a_stale_ledger_alone_is_refused(bench: impl Bench) {
    let target = bench.target();
    let first = target.commit(&target.read().await.unwrap().tag, None, b"one").await.unwrap();
    let second = target.commit(&first.tag, None, b"two").await.unwrap();
    let (_, found) = raced(target.commit(&first.tag, Some(&to(bench.green(), 10)), b"three").await);
    assert_eq!((&found, found.value.clone()), (&second, Some(bench.blue())));
}

pub(crate) async fn the_same_write_again_is_recognised(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    let change = to(bench.green(), 10);
    let first = target.commit(&before.tag, Some(&change), b"op 1").await.unwrap();
    let again = target.commit(&before.tag, Some(&change), b"op 1").await.unwrap();
    assert_eq!(first, again);
    assert_eq!(target.read().await.unwrap(), first);
    assert_eq!(target.commit(&first.tag, Some(&change), b"op 1").await.unwrap(), first, "also from where it led to");
}

pub(crate) async fn g2_an_answer_lost_after_commit_is_decided_by_reading_back(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    bench.lose_next_answer().await;
    let landed = bench.hasty().commit(&before.tag, Some(&to(bench.green(), 10)), b"op 1").await.unwrap();
    assert_eq!((landed.value.clone(), landed.ledger.as_deref()), (Some(bench.green()), Some(&b"op 1"[..])));
    assert_eq!(landed, target.read().await.unwrap());
}

pub(crate) async fn g2_a_write_lost_on_its_way_is_told_as_unknown_and_can_be_repeated(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    let change = to(bench.green(), 10);
    bench.lose_next_write().await;
    let error = bench.hasty().commit(&before.tag, Some(&change), b"op 1").await.unwrap_err();
    assert!(matches!(error, TargetError::Unknown { seen: Seen::Unchanged, .. }), "{error:?}");
    assert!(error.outcome_unknown());
    assert_eq!((error.reason(), error.retry()), ("OutcomeUnknown", Retry::AfterRead));
    assert_eq!(target.read().await.unwrap(), before);
    target.commit(&before.tag, Some(&change), b"op 1").await.unwrap();
}

/// A late write lands: as an event among others, checked against an expectation that no longer holds.
pub(crate) async fn g1_a_late_write_lands_without_effect(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    bench.delay_next_write().await;
    let error = bench.hasty().commit(&before.tag, Some(&to(bench.green(), 10)), b"late").await.unwrap_err();
    assert!(matches!(error, TargetError::Unknown { seen: Seen::Unchanged, .. }), "{error:?}");
    let replanned = target.commit(&before.tag, Some(&to(bench.blue(), 60)), b"replanned").await.unwrap();
    bench.delayed_write_arrived().await;
    assert_eq!(target.read().await.unwrap(), replanned);
}

pub(crate) async fn g1_a_foreign_value_is_told_with_old_and_new_and_never_overwritten(bench: impl Bench) {
    let target = bench.target();
    let ours = target.commit(&target.read().await.unwrap().tag, Some(&to(bench.blue(), 60)), b"ours").await.unwrap();
    bench.change_by_hand(&bench.stranger()).await;
    let error = target.commit(&ours.tag, Some(&to(bench.green(), 60)), b"next").await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), ("Raced", Retry::AfterRead));
    let text = error.to_string();
    let told = format!("expected {}, found {}", shown(&bench.blue()), shown(&bench.stranger()));
    assert!(text.contains(&told) && text.contains("ledger"), "{text}");
    let (expected, found) = raced(Err(error));
    assert_eq!(expected.value(), Some(&bench.blue()));
    assert_eq!(found.value, Some(bench.stranger()));
    assert_eq!(found.ledger.as_deref(), Some(&b"ours"[..]));
    assert_eq!(target.read().await.unwrap().value, Some(bench.stranger()));
}

pub(crate) async fn g1_a_foreign_ledger_is_told_and_never_overwritten(bench: impl Bench) {
    let target = bench.target();
    let ours = target.commit(&target.read().await.unwrap().tag, None, b"ours").await.unwrap();
    bench.ledger_by_hand(Some("theirs")).await;
    let error = target.commit(&ours.tag, None, b"next").await.unwrap_err();
    let told = format!("it points to {} as expected; another ledger", shown(&bench.blue()));
    assert!(error.to_string().contains(&told), "{error}");
    let (expected, found) = raced(Err(error));
    assert_eq!(expected.ledger().as_deref(), Some(&b"ours"[..]));
    assert_eq!(found.ledger.as_deref(), Some(&b"theirs"[..]));

    bench.ledger_by_hand(None).await;
    let error = target.commit(&ours.tag, None, b"next").await.unwrap_err();
    assert!(error.to_string().contains("its ledger is gone"), "{error}");
    assert_eq!(target.read().await.unwrap().ledger, None);
}

pub(crate) async fn g1_a_value_changed_after_our_write_landed_is_told_as_foreign(bench: impl Bench) {
    let target = bench.target();
    let before = target.read().await.unwrap();
    target.commit(&before.tag, Some(&to(bench.green(), 10)), b"op 1").await.unwrap();
    bench.change_by_hand(&bench.stranger()).await;
    // The answer to the first call was lost on the caller, say by a crash: it repeats the call.
    let error = target.commit(&before.tag, Some(&to(bench.green(), 10)), b"op 1").await.unwrap_err();
    assert_eq!((error.reason(), error.retry()), ("ForeignWrite", Retry::WhenConfigChanges));
    let told =
        format!("we wrote {}, then someone else changed it to {}", shown(&bench.green()), shown(&bench.stranger()));
    assert!(error.to_string().contains(&told), "{error}");
}

pub(crate) async fn a_missing_record_is_read_as_missing_and_created_once(bench: impl Bench) {
    let target = bench.missing();
    let nothing = target.read().await.unwrap();
    assert_eq!((&nothing.value, &nothing.ledger), (&None, &None));
    assert_eq!(nothing.tag, Tag::absent());
    assert_eq!(nothing.negative_ttl, bench.negative_ttl(), "how long its absence may be remembered");
    let created = target.commit(&Tag::absent(), Some(&to(bench.blue(), 60)), b"created").await.unwrap();
    assert_eq!(created, target.read().await.unwrap());
    let (_, found) = raced(target.commit(&Tag::absent(), Some(&to(bench.green(), 60)), b"again").await);
    assert_eq!(found, created);
}

pub(crate) async fn a_ledger_of_any_bytes_and_length_comes_back_whole(bench: impl Bench) {
    let target = bench.target();
    let limit = target.truths().ledger_limit;
    let mut tag = target.read().await.unwrap().tag;
    for size in [1, 255, 256, 1000, limit].into_iter().filter(|size| *size <= limit) {
        // Quotes and backslashes are what goes wrong in texts.
        let byte = |n: usize| if bench.any_bytes() { (n % 251) as u8 } else { b' ' + (n % 95) as u8 };
        let payload: Vec<u8> = (0..size).map(byte).collect();
        let written = target.commit(&tag, None, &payload).await.unwrap();
        assert_eq!(target.read().await.unwrap().ledger.as_deref(), Some(&payload[..]), "{size} bytes");
        tag = written.tag;
    }
    let error = target.commit(&tag, None, &vec![b'x'; limit + 1]).await.unwrap_err();
    assert_eq!(error.reason(), "TooLarge");
    let error = target.commit(&tag, Some(&to(&[], 60)), b"x").await.unwrap_err();
    assert_eq!(error.reason(), "NoAddress");
}

/// Two switchers that start from the same read: of each round exactly one wins, and it is the one whose ledger stays.
pub(crate) async fn g1_of_two_writers_exactly_one_wins_each_round(bench: impl Bench) {
    let (blue, green) = (bench.target(), bench.target());
    let mut now = blue.read().await.unwrap();
    let (mut blue_won, mut green_won) = (0, 0);
    for round in 0..200 {
        let (left, right) = (format!("blue {round}"), format!("green {round}"));
        let (to_blue, to_green) = (to(bench.blue(), 60), to(bench.green(), 60));
        let (one, other) = tokio::join!(
            blue.commit(&now.tag, Some(&to_blue), left.as_bytes()),
            green.commit(&now.tag, Some(&to_green), right.as_bytes()),
        );
        let winner = match (one, other) {
            (Ok(won), Err(TargetError::Raced { .. })) => {
                blue_won += 1;
                won
            }
            (Err(TargetError::Raced { .. }), Ok(won)) => {
                green_won += 1;
                won
            }
            both => panic!("round {round}: {both:?}"),
        };
        now = blue.read().await.unwrap();
        assert_eq!(now, winner, "round {round}");
    }
    println!("of 200 rounds blue won {blue_won} and green {green_won}");
}

/// Makes one test of each rule for one provider. `$open` starts a bench, or `None` where it can't run here.
macro_rules! target_contract {
    ($module:ident, $open:path) => {
        mod $module {
            $crate::suite::target_contract!(@ $open:
                read_after_write
                the_ledger_alone_can_be_written
                the_ttl_alone_can_be_written
                several_addresses_have_one_canonical_form
                a_part_of_a_set_is_not_the_set
                a_stale_expectation_is_refused_and_nothing_changes
                a_stale_ledger_alone_is_refused
                the_same_write_again_is_recognised
                g2_an_answer_lost_after_commit_is_decided_by_reading_back
                g2_a_write_lost_on_its_way_is_told_as_unknown_and_can_be_repeated
                g1_a_late_write_lands_without_effect
                g1_a_foreign_value_is_told_with_old_and_new_and_never_overwritten
                g1_a_foreign_ledger_is_told_and_never_overwritten
                g1_a_value_changed_after_our_write_landed_is_told_as_foreign
                a_missing_record_is_read_as_missing_and_created_once
                a_ledger_of_any_bytes_and_length_comes_back_whole
                g1_of_two_writers_exactly_one_wins_each_round
            );
        }
    };
    (@ $open:path: $($rule:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                if let Some(bench) = $open(stringify!($rule)).await {
                    $crate::suite::$rule(bench).await;
                }
            }
        )*
    };
}
pub(crate) use target_contract;
