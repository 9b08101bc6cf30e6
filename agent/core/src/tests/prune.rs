use std::collections::{BTreeSet, HashMap};

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

use super::make::{id, inventory, owned};
use crate::prune::{Hold, Limits, LiveFacts, Orphaned, PrunePlan, PruneWish, Question, Refused, plan_prune};
use crate::{Entry, GroupKind, Inventory, ObjectId};

/// What a prune is asked about; by default every entry lives, is ours, and nothing is wanted but one other object.
struct World {
    inventory: Inventory,
    wanted: BTreeSet<ObjectId>,
    live: HashMap<ObjectId, LiveFacts>,
    limits: Limits,
    failed: BTreeSet<String>,
    unknown: BTreeSet<GroupKind>,
}

fn ours(uid: &str) -> LiveFacts {
    LiveFacts {
        uid: uid.into(),
        has_our_apply_entry: true,
        owner_matches: true,
        born_by_us: true,
        ..LiveFacts::default()
    }
}

impl World {
    fn holding(keys: &[&str]) -> Self {
        Self::of(inventory("u", keys.iter().copied()))
    }

    fn of(inventory: Inventory) -> Self {
        let live = inventory
            .entries
            .iter()
            .map(|(id, entry)| (id.clone(), ours(entry.uid().unwrap_or("unrecorded"))))
            .collect();
        let (limits, failed, unknown) = (Limits::default(), BTreeSet::new(), BTreeSet::new());
        Self { inventory, wanted: [id("/ConfigMap/other/anything")].into(), live, limits, failed, unknown }
    }

    fn wanting(mut self, keys: &[&str]) -> Self {
        self.wanted.extend(keys.iter().map(|key| id(key)));
        self
    }

    fn wanting_only(mut self, keys: &[&str]) -> Self {
        self.wanted = keys.iter().map(|key| id(key)).collect();
        self
    }

    fn live(mut self, key: &str, change: impl FnOnce(&mut LiveFacts)) -> Self {
        change(self.live.entry(id(key)).or_default());
        self
    }

    fn plan(&self) -> PrunePlan {
        plan_prune(&Question {
            inventory: &self.inventory,
            wanted: &self.wanted,
            live: &self.live,
            limits: self.limits,
            failed_units: &self.failed,
            unknown_kinds: &self.unknown,
        })
    }
}

fn deleted(plan: &PrunePlan) -> Vec<String> {
    plan.delete.iter().map(|(id, _)| id.key()).collect()
}

const WEB: &str = "apps/Deployment/shop/web";
const CONFIG: &str = "/ConfigMap/shop/config";

#[test]
fn g6_what_git_dropped_is_deleted_by_uid() {
    let plan = World::holding(&[WEB, CONFIG]).wanting(&[CONFIG]).plan();
    assert_eq!(plan.delete, [(id(WEB), format!("uid of {WEB}").into())]);
    assert_eq!((plan.hold, plan.refused, plan.orphan), (None, vec![], vec![]));
}

#[test]
fn g6_an_object_that_moves_is_handed_over() {
    // The inventory knows the old unit; the wanted set is of the Sync. The unit's name plays no part.
    for (rule, unit_before) in [
        ("rename a unit", "shop-11111111"),
        ("rename a layer", "shop-22222222"),
        ("move an object to another unit", "cart-33333333"),
        ("split a unit", "everything-44444444"),
    ] {
        let plan = World::of(inventory(unit_before, [WEB, CONFIG])).wanting(&[WEB, CONFIG]).plan();
        assert_eq!(plan, PrunePlan::default(), "{rule}");
    }
}

#[test]
fn g6_a_broken_destination_keeps_everything() {
    // The object moved to a unit that does not render: nobody declares it now, and that is not known to be meant.
    let mut world = World::holding(&[WEB, CONFIG]);
    world.failed.insert("cart-33333333".to_owned());
    let plan = world.plan();
    assert_eq!(plan.hold, Some(Hold::FailedUnits { units: vec!["cart-33333333".to_owned()] }));
    assert_eq!(plan, PrunePlan { hold: plan.hold.clone(), ..PrunePlan::default() });
}

#[test]
fn g6_an_empty_repository_deletes_nothing() {
    let plan = World::holding(&[WEB, CONFIG]).wanting_only(&[]).plan();
    assert_eq!(plan.hold, Some(Hold::EmptySource { owned: 2 }));
    assert!(plan.delete.is_empty() && plan.orphan.is_empty() && plan.forget.is_empty());
    let nothing_owned = World::of(Inventory::default()).wanting_only(&[]).plan();
    assert_eq!(nothing_owned, PrunePlan::default());
}

#[test]
fn g6_only_what_is_proved_ours_is_deleted() {
    type Change = fn(&mut LiveFacts);
    let cases: [(&str, Change, Orphaned); 5] = [
        ("UID changed", |live| live.uid = "another".into(), Orphaned::OtherUid),
        ("our Apply entry is gone", |live| live.has_our_apply_entry = false, Orphaned::NotOurs),
        ("the annotation speaks of another object or Sync", |live| live.owner_matches = false, Orphaned::NotOurs),
        ("kept by annotation", |live| live.wish = PruneWish::Disabled, Orphaned::Disabled),
        (
            "kept by annotation, and another's",
            |live| (live.wish, live.uid) = (PruneWish::Disabled, "x".into()),
            Orphaned::Disabled,
        ),
    ];
    for (rule, change, why) in cases {
        let plan = World::holding(&[WEB]).live(WEB, change).plan();
        assert_eq!((plan.delete, plan.orphan), (vec![], vec![(id(WEB), why)]), "{rule}");
    }
}

#[test]
fn g6_an_object_that_existed_before_teal_is_orphaned() {
    let entry = Entry { adopted: true, ..owned("u", "1") };
    let plan = World::of(Inventory { entries: [(id(WEB), entry)].into() }).plan();
    assert_eq!((plan.delete, plan.orphan), (vec![], vec![(id(WEB), Orphaned::Adopted)]));
}

#[test]
fn g6_claims_are_judged_by_what_lives() {
    let claimed = || World::of(Inventory { entries: [(id(WEB), Entry::claimed("u".into()))].into() });
    let applied = claimed().plan();
    assert_eq!(applied.own, [(id(WEB), "unrecorded".into())], "applied just before a crash: own it first");
    assert!(applied.delete.is_empty() && applied.forget.is_empty());
    let adopted = claimed().live(WEB, |live| live.born_by_us = false).plan();
    assert_eq!(adopted.orphan, [(id(WEB), Orphaned::Adopted)], "it may have been there before us");
    let claim = Entry { adopted: true, ..Entry::claimed("u".into()) };
    let known = World::of(Inventory { entries: [(id(WEB), claim)].into() }).plan();
    assert_eq!(known.orphan, [(id(WEB), Orphaned::Adopted)], "the claim knew that it was there");
    let mut never = claimed();
    never.live.clear();
    assert_eq!(never.plan().forget, [id(WEB)], "never applied: forget it");
    let foreign = claimed().live(WEB, |live| live.has_our_apply_entry = false).plan();
    assert_eq!(foreign.forget, [id(WEB)], "somebody else's: forget it");
}

#[test]
fn g6_what_takes_more_with_it_needs_a_word() {
    let crd = "apiextensions.k8s.io/CustomResourceDefinition//things.example.com";
    for key in ["/Namespace//shop", crd, "/PersistentVolume//disk", "/PersistentVolumeClaim/shop/data"] {
        let refused = World::holding(&[key]).live(key, |live| live.instances = 4).plan();
        assert_eq!(deleted(&refused), Vec::<String>::new(), "{key}");
        assert_eq!(refused.refused[0].why, Refused::Unconfirmed { instances: 4 }, "{key}");
        let confirmed = World::holding(&[key]).live(key, |live| live.wish = PruneWish::Confirmed).plan();
        assert_eq!(deleted(&confirmed), [key], "{key} confirmed");
    }
    let other = "example.com/Definition//things";
    let living = World::holding(&[other]).live(other, |live| live.instances = 1).plan();
    assert_eq!(living.refused[0].why, Refused::Unconfirmed { instances: 1 }, "any kind with living instances");
    assert_eq!(deleted(&World::holding(&[other]).plan()), [other]);
}

#[test]
fn g6_a_namespace_or_crd_that_is_still_used_stays_even_if_confirmed() {
    let crd = "apiextensions.k8s.io/CustomResourceDefinition//things.example.com";
    let thing = GroupKind::new("example.com", "Thing");
    for (rule, doomed, wanted, defines) in [
        ("members are still declared", "/Namespace//shop", WEB, None),
        ("instances are still declared", crd, "example.com/Thing/shop/a", Some(thing.clone())),
        ("instances of its group, when the facts do not name its kind", crd, "example.com/Thing/shop/a", None),
    ] {
        let plan = World::holding(&[doomed, wanted])
            .wanting(&[wanted])
            .live(doomed, |live| (live.wish, live.defines) = (PruneWish::Confirmed, defines.clone()))
            .plan();
        assert_eq!(deleted(&plan), Vec::<String>::new(), "{rule}");
        assert_eq!(plan.refused[0].why, Refused::StillNeeded { by: id(wanted) }, "{rule}");
    }
    let beyond = World::holding(&[crd]).wanting(&["zeta.io/Thing/shop/a"]);
    let plan = beyond.live(crd, |live| live.wish = PruneWish::Confirmed).plan();
    assert_eq!(deleted(&plan), [crd], "another group does not hold it");
    let other = World::holding(&[crd]).wanting(&["example.com/Other/shop/a", "example.comx/Thing/shop/a"]);
    let plan = other.live(crd, |live| (live.wish, live.defines) = (PruneWish::Confirmed, Some(thing))).plan();
    assert_eq!(deleted(&plan), [crd], "another kind of the same group does not hold it");
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("/ConfigMap/shop/c{n:03}")).collect()
}

#[test]
fn g6_the_share_counts_above_ten() {
    for (rule, owned, doomed, percent, goes) in [
        ("ten of ten are free", 10, 10, 30, true),
        ("eleven of twenty are too many", 20, 11, 30, false),
        ("thirty of a hundred are the share", 100, 30, 30, true),
        ("thirty-one are not", 100, 31, 30, false),
        ("git lowered it", 100, 11, 10, false),
        ("all is allowed", 20, 19, 100, true),
    ] {
        let keys = many(owned);
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let mut world = World::holding(&keys).wanting(&keys[doomed..]);
        world.limits.max_share_percent = percent;
        let plan = world.plan();
        assert_eq!(plan.delete.len(), if goes { doomed } else { 0 }, "{rule}");
        assert_eq!(plan.hold.is_none(), goes, "{rule}");
    }
    let keys = many(100);
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let hold = World::holding(&keys).wanting(&keys[50..]).plan().hold.unwrap();
    assert_eq!(
        hold.to_string(),
        "50 of 100 owned objects would be deleted (50 %), more than 30 % allows, such as ConfigMap shop/c000, \
         ConfigMap shop/c001, ConfigMap shop/c002; remove fewer at once or raise spec.prune.maxShare of the Sync"
    );
}

#[test]
fn prune_can_be_off_and_still_lets_go_of_what_is_not_ours() {
    let mut world = World::holding(&[WEB, CONFIG]).live(CONFIG, |live| live.uid = "another".into());
    world.limits.enabled = false;
    let plan = world.plan();
    assert_eq!(plan.hold, Some(Hold::Off { doomed: 1 }));
    assert_eq!((plan.delete.len(), plan.orphan.len()), (0, 1));
}

#[test]
fn kinds_that_cannot_be_asked_about_hold() {
    let deployments = GroupKind::new("apps", "Deployment");
    let mut world = World::holding(&[WEB, CONFIG]);
    world.live.remove(&id(WEB));
    assert_eq!(world.plan().forget, [id(WEB)], "known to be gone");
    world.unknown.insert(deployments.clone());
    let plan = world.plan();
    assert_eq!(plan.refused[0].why, Refused::KindUnknown, "not seen, and not known to be gone");
    assert_eq!(deleted(&plan), [CONFIG], "others are not held by it");
    let plan = world.wanting(&["apps/Deployment/shop/new"]).plan();
    assert_eq!(
        plan.hold,
        Some(Hold::UnknownKind { kind: deployments }),
        "a declared kind that can't be mapped holds all"
    );
}

#[test]
fn deletion_goes_from_users_to_definitions() {
    let keys = [
        "/Namespace//shop",
        "apiextensions.k8s.io/CustomResourceDefinition//things.example.com",
        "example.com/Thing/shop/a",
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration//hook",
        WEB,
    ];
    let mut world = World::holding(&keys);
    world.live.values_mut().for_each(|live| live.wish = PruneWish::Confirmed);
    assert_eq!(deleted(&world.plan()), [keys[3], WEB, keys[2], keys[1], keys[0]]);
}

proptest! {
    #[test]
    fn g6_prune_never_deletes_what_is_wanted_or_not_proved(
        entries in prop::collection::btree_map(0_u8..40, (any::<bool>(), any::<bool>()), 0..40),
        wanted in prop::collection::btree_set(0_u8..40, 0..40),
        live in prop::collection::hash_map(0_u8..40, (any::<bool>(), any::<bool>(), any::<bool>(), 0_u8..3, 0_u64..2), 0..40),
        failed in any::<bool>(),
        unknown in any::<bool>(),
        share in 0_u8..=100,
    ) {
        // Half of the ids are Namespaces, half are members of one of them.
        let name = |n: u8| if n.is_multiple_of(2) { id(&format!("/Namespace//n{}", n / 4)) } else { id(&format!("/ConfigMap/n{}/c{n}", n / 4)) };
        let inventory = Inventory { entries: entries.iter().map(|(n, (is_owned, adopted))| {
            let entry = if *is_owned { owned("u", &format!("{n}")) } else { Entry::claimed("u".into()) };
            (name(*n), Entry { adopted: *adopted, ..entry })
        }).collect() };
        let wanted: BTreeSet<_> = wanted.into_iter().map(name).collect();
        let live: HashMap<_, _> = live.iter().map(|(n, (same, entry, owner, wish, instances))| {
            let wish = [PruneWish::Unsaid, PruneWish::Confirmed, PruneWish::Disabled][usize::from(*wish)];
            let uid = if *same { format!("{n}") } else { "another".to_owned() };
            (name(*n), LiveFacts { uid: uid.into(), has_our_apply_entry: *entry, owner_matches: *owner, wish, born_by_us: *same, instances: *instances, defines: None })
        }).collect();
        let failed_units: BTreeSet<String> = failed.then(|| "broken".to_owned()).into_iter().collect();
        let unknown_kinds: BTreeSet<GroupKind> = unknown.then(|| GroupKind::new("", "ConfigMap")).into_iter().collect();
        let limits = Limits { enabled: true, max_share_percent: share };
        let plan = plan_prune(&Question { inventory: &inventory, wanted: &wanted, live: &live, limits, failed_units: &failed_units, unknown_kinds: &unknown_kinds });

        for (id, uid) in &plan.delete {
            let (entry, facts) = (&inventory.entries[id], &live[id]);
            prop_assert!(!wanted.contains(id));
            prop_assert!(!wanted.iter().any(|wanted| id.kind == "Namespace" && wanted.namespace == id.name));
            prop_assert_eq!(entry.uid(), Some(&**uid));
            prop_assert_eq!(&facts.uid, uid);
            prop_assert!(!entry.adopted && facts.has_our_apply_entry && facts.owner_matches);
            prop_assert!(facts.wish == PruneWish::Confirmed || (id.kind == "ConfigMap" && facts.wish == PruneWish::Unsaid && facts.instances == 0));
            prop_assert!(!failed);
        }
        prop_assert!(plan.dropped().all(|id| !wanted.contains(id)));
        // Every entry that is not wanted is accounted for exactly once, unless all is held back.
        let held = matches!(plan.hold, Some(Hold::FailedUnits { .. } | Hold::EmptySource { .. } | Hold::UnknownKind { .. } | Hold::Share { .. }));
        let told = plan.delete.len() + plan.orphan.len() + plan.forget.len() + plan.own.len() + plan.refused.len();
        let unwanted = inventory.entries.keys().filter(|id| !wanted.contains(id)).count();
        prop_assert!(held || told == unwanted, "{} of {}", told, unwanted);
    }
}
