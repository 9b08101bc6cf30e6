use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::make::{digest, id, key, manifest, object, owned, prepared_in};
use crate::inventory::Applied;
use crate::plan::{Action, Live, action, plan};
use crate::prune::{Limits, LiveFacts, Question, plan_prune};
use crate::{Entry, Inventory, ObjectId, OwnerMark, ParityKey, Prepared};

fn wanted() -> Prepared {
    prepared_in("u", manifest("/ConfigMap/shop/a"))
}

fn recorded(wanted: &Prepared) -> Entry {
    Entry { digest: Some(wanted.digest), fields: Some(digest("fields")), ..owned("u", "1") }
}

fn live(uid: &str, fields: Option<&str>) -> Live {
    Live { uid: uid.to_owned(), fields: fields.map(digest), terminating: false }
}

#[test]
fn what_is_done_for_one_object() {
    let object = wanted();
    let entry = || Some(recorded(&object));
    let changed = || Some(Entry { digest: Some(digest("old")), ..recorded(&object) });
    let as_applied = || Some(live("1", Some("fields")));
    let drifted = || Some(live("1", Some("less")));
    for (rule, entry, live, want) in [
        ("new", None, None, Action::Create),
        ("claimed and not there", Some(Entry::claimed("u".into())), None, Action::Create),
        ("as declared", entry(), as_applied(), Action::Nothing),
        ("deleted by hand", entry(), None, Action::Create),
        ("changed by hand", entry(), drifted(), Action::Repair),
        ("stripped of all that is ours", entry(), Some(live("1", None)), Action::Repair),
        ("stripped, and declared anew: no force", changed(), Some(live("1", None)), Action::Adopt),
        ("declared anew", changed(), as_applied(), Action::Update),
        ("declared anew and changed by hand: no force", changed(), drifted(), Action::Update),
        ("there before us", None, Some(live("9", None)), Action::Adopt),
        ("claimed, and there before us", Some(Entry::claimed("u".into())), Some(live("9", None)), Action::Adopt),
        ("made anew by others: no force", entry(), Some(live("9", Some("fields"))), Action::Adopt),
        (
            "handed over by another unit",
            Some(Entry { unit: "other".into(), ..recorded(&object) }),
            as_applied(),
            Action::Update,
        ),
        ("being deleted", entry(), Some(Live { terminating: true, ..live("1", Some("fields")) }), Action::Wait),
        ("digests of another version", Some(Entry { digest: None, ..recorded(&object) }), as_applied(), Action::Update),
    ] {
        let action = action(&object, entry.as_ref(), live.as_ref());
        assert_eq!(action, want, "{rule}");
        assert_eq!(action.forces(), want == Action::Repair, "{rule}");
    }
}

#[test]
fn a_job_that_its_ttl_removed_is_done() {
    let job = |ttl: Value| {
        prepared_in("u", {
            let mut job = manifest("batch/Job/shop/migrate");
            job["spec"] = json!({"ttlSecondsAfterFinished": ttl});
            job
        })
    };
    let (expiring, lasting) = (job(json!(60)), job(Value::Null));
    assert_eq!(action(&expiring, Some(&recorded(&expiring)), None), Action::Nothing);
    assert_eq!(action(&lasting, Some(&recorded(&lasting)), None), Action::Create, "without a TTL somebody deleted it");
    let new = Entry { digest: Some(digest("old")), ..recorded(&expiring) };
    assert_eq!(action(&expiring, Some(&new), None), Action::Create, "another digest is another Job");
    assert_eq!(action(&expiring, Some(&Entry::claimed("u".into())), None), Action::Create);
}

#[test]
fn a_secret_without_a_shared_key_is_applied_again_by_a_new_process() {
    let alone = ParityKey::ephemeral(b"random");
    let secret = Prepared::new(object(manifest("/Secret/shop/a")), None, &OwnerMark::new("main", "u"), &alone).unwrap();
    let entry = Entry { digest: None, fields: Some(digest("fields")), ..owned("u", "1") };
    assert_eq!(action(&secret, Some(&entry), Some(&live("1", Some("fields")))), Action::Update);
    let shared = Prepared::new(object(manifest("/Secret/shop/a")), None, &OwnerMark::new("main", "u"), &key()).unwrap();
    assert!(shared.lasting);
}

/// A cluster that does what the API server does, as far as a plan can see.
#[derive(Clone, Debug, Default)]
struct World {
    live: BTreeMap<ObjectId, Live>,
    inventory: Inventory,
    made: u32,
}

impl World {
    fn facts(&self) -> HashMap<ObjectId, Live> {
        self.live.iter().map(|(id, live)| (id.clone(), live.clone())).collect()
    }

    /// Claim → apply → own → prune → shrink.
    fn sync(&mut self, wanted: &[Prepared]) -> Vec<Action> {
        let existing: BTreeSet<_> = self.live.keys().cloned().collect();
        let pairs = wanted.iter().map(|object| (&object.id, &object.unit));
        if let Some(claim) = self.inventory.claim(pairs, |id| existing.contains(id)) {
            self.inventory = claim;
        }
        let actions = plan(wanted, &self.inventory, &self.facts());
        for (object, action) in wanted.iter().zip(&actions).filter(|(_, action)| action.writes()) {
            let created = *action == Action::Create;
            if created {
                self.made += 1;
            }
            let uid = self.live.get(&object.id).map_or_else(|| format!("made {}", self.made), |live| live.uid.clone());
            let fields = digest(&format!("owned at {}", object.digest));
            self.live.insert(object.id.clone(), Live { uid: uid.clone(), fields: Some(fields), terminating: false });
            let applied = Applied {
                uid: uid.into(),
                unit: object.unit.clone(),
                created,
                digest: Some(object.digest),
                parity: object.parity,
                fields: Some(fields),
            };
            self.inventory.own(&object.id, applied);
        }
        self.prune(wanted);
        actions
    }

    fn prune(&mut self, wanted: &[Prepared]) {
        let facts = |live: &Live| LiveFacts {
            uid: live.uid.as_str().into(),
            has_our_apply_entry: live.fields.is_some(),
            owner_matches: live.fields.is_some(),
            ..LiveFacts::default()
        };
        let live = self.live.iter().map(|(id, live)| (id.clone(), facts(live))).collect();
        let wanted = wanted.iter().map(|object| object.id.clone()).collect();
        let plan = plan_prune(&Question {
            inventory: &self.inventory,
            wanted: &wanted,
            live: &live,
            limits: Limits { enabled: true, max_share_percent: 100 },
            failed_units: &BTreeSet::new(),
            unknown_kinds: &BTreeSet::new(),
        });
        let gone: Vec<_> = plan.delete.iter().map(|(id, _)| id.clone()).chain(plan.dropped().cloned()).collect();
        plan.delete.iter().for_each(|(id, _)| {
            self.live.remove(id);
        });
        self.inventory.shrink(&gone);
    }
}

/// Objects by name with content and unit.
fn any_fleet() -> impl Strategy<Value = Vec<Prepared>> {
    prop::collection::btree_map(0_u8..12, (0_u8..3, 0_u8..3), 1..12).prop_map(|all| {
        all.into_iter()
            .map(|(name, (content, unit))| {
                let mut value = manifest(&format!("/ConfigMap/shop/c{name}"));
                value["data"] = json!({"k": content.to_string()});
                prepared_in(&format!("unit-{unit}"), value)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn a_plan_settles_in_one_pass(
        before in any_fleet(),
        after in any_fleet(),
        strangers in prop::collection::btree_set(0_u8..12, 0..6),
        vandals in prop::collection::btree_map(0_u8..12, any::<bool>(), 0..6),
    ) {
        let mut world = World::default();
        let named = |n: u8| id(&format!("/ConfigMap/shop/c{n}"));
        for n in strangers {
            world.live.insert(named(n), Live { uid: format!("stranger {n}"), fields: None, terminating: false });
        }
        let strangers: Vec<_> = world.live.iter().map(|(id, live)| (id.clone(), live.uid.clone())).collect();
        world.sync(&before);
        for (n, deletes) in vandals {
            if deletes && !strangers.iter().any(|(id, _)| *id == named(n)) {
                world.live.remove(&named(n));
            } else if let Some(live) = world.live.get_mut(&named(n)) {
                live.fields = live.fields.map(|_| digest("stolen"));
            }
        }
        world.sync(&after);
        let settled = world.clone();
        let actions = world.sync(&after);
        prop_assert_eq!(actions, vec![Action::Nothing; after.len()]);
        prop_assert_eq!(&world.inventory, &settled.inventory);
        prop_assert_eq!(&world.live, &settled.live);
        // The inventory is what is wanted, and nothing that was there before Teal was deleted.
        let ids: BTreeSet<_> = after.iter().map(|object| &object.id).collect();
        prop_assert_eq!(world.inventory.entries.keys().collect::<BTreeSet<_>>(), ids);
        for (id, uid) in strangers {
            prop_assert_eq!(world.live.get(&id).map(|live| live.uid.clone()), Some(uid));
        }
    }
}

#[test]
fn what_is_made_once_is_left_alone_and_what_is_preserved_counts_for_no_digest() {
    let mut once = manifest("/ConfigMap/shop/a");
    once["metadata"]["annotations"] = json!({"teal.dev/change": "once"});
    let once = prepared_in("u", once);
    let old = Entry { digest: Some(digest("old")), ..recorded(&once) };
    assert_eq!(action(&once, None, None), Action::Create);
    assert_eq!(action(&once, Some(&old), Some(&live("1", Some("fields")))), Action::Nothing, "it changed in git");
    assert_eq!(action(&once, Some(&old), None), Action::Nothing, "its TTL took it");

    let secret = |password: &str, user: &str| {
        let mut secret = manifest("/Secret/shop/a");
        secret["metadata"]["annotations"] = json!({"teal.dev/preserve": "/data/password"});
        secret["stringData"] = json!({"password": password, "user": user});
        prepared_in("u", secret)
    };
    assert_eq!(secret("one", "u").digest, secret("two", "u").digest);
    assert_ne!(secret("one", "u").digest, secret("one", "v").digest);
    assert_eq!(secret("one", "u").links.preserve, ["/data/password"]);
    for (annotation, value) in
        [("teal.dev/change", "twice"), ("teal.dev/wave", "first"), ("teal.dev/preserve", "/metadata/name")]
    {
        let mut wrong = manifest("/ConfigMap/shop/a");
        wrong["metadata"]["annotations"] = json!({annotation: value});
        let error = Prepared::new(object(wrong), None, &OwnerMark::new("main", "u"), &key()).unwrap_err();
        assert!(error.to_string().contains(annotation), "{error}");
    }
}
