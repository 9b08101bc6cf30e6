use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::make::{digest, id, inventory, owned};
use crate::inventory::{Applied, Found};
use crate::shard::{InventoryError, MAX_SHARD_BYTES, Record, Shard};
use crate::{DIGEST_VERSION, Entry, Inventory, ObjectId, State};

fn applied(uid: &str, unit: &str, created: bool) -> Applied {
    Applied { uid: uid.into(), unit: unit.into(), created, digest: None, parity: None, fields: None }
}

#[test]
fn a_claim_is_old_and_new_and_silent_when_nothing_is_new() {
    let held = inventory("a", ["/ConfigMap/shop/old", "/ConfigMap/shop/both"]);
    let unit: Arc<str> = "b".into();
    let (both, new) = (id("/ConfigMap/shop/both"), id("/ConfigMap/shop/new"));
    let claim = held.claim([(&both, &unit), (&new, &unit)], |_| false).unwrap();
    assert_eq!(claim.entries.keys().map(|id| id.name.as_str()).collect::<Vec<_>>(), ["both", "new", "old"]);
    assert_eq!(claim.entries[&both], held.entries[&both], "what is owned stays as it is until it is applied");
    assert_eq!(claim.entries[&new].state, State::Claimed);
    assert_eq!(held.claim([(&both, &unit)], |_| false), None, "the set of ids is unchanged: nothing to write");
}

#[test]
fn g6_what_existed_before_teal_is_adopted() {
    let (web, unit): (ObjectId, Arc<str>) = (id("apps/Deployment/shop/web"), "u".into());
    let claimed = |existing: bool| Inventory::default().claim([(&web, &unit)], |_| existing).unwrap();
    for (rule, mut inventory, applied, adopted) in [
        ("created by us", claimed(false), applied("1", "u", true), false),
        ("it was there", claimed(true), applied("1", "u", false), true),
        ("it was there, though the claim did not know", claimed(false), applied("1", "u", false), true),
        ("it was there at the claim, and gone since: we created it", claimed(true), applied("1", "u", true), false),
        ("no claim at all: in doubt it is not ours", Inventory::default(), applied("1", "u", false), true),
        ("applied again", inventory_with("1", false), applied("1", "u", false), false),
        ("adopted and applied again", inventory_with("1", true), applied("1", "u", false), true),
        ("adopted, deleted by others, created by us", inventory_with("1", true), applied("2", "u", true), false),
        ("replaced by others under its name", inventory_with("1", false), applied("2", "u", false), true),
    ] {
        inventory.own(&web, applied);
        assert_eq!(inventory.entries[&web].adopted, adopted, "{rule}");
    }
}

fn inventory_with(uid: &str, adopted: bool) -> Inventory {
    let entry = Entry { adopted, ..owned("u", uid) };
    Inventory { entries: [(id("apps/Deployment/shop/web"), entry)].into() }
}

#[test]
fn only_changes_are_written() {
    let web = id("apps/Deployment/shop/web");
    let mut inventory = inventory_with("1", false);
    assert!(!inventory.own(&web, applied("1", "u", false)), "applied again, nothing new");
    assert!(inventory.own(&web, applied("1", "renamed", false)), "handed over to another unit");
    assert!(!inventory.shrink([&id("/ConfigMap/shop/none")]));
    assert!(inventory.shrink([&web]));
    assert_eq!(inventory.owned(), 0);
}

#[test]
fn a_lost_inventory_is_rebuilt_from_what_proves_itself() {
    let web = "apps/Deployment/shop/web";
    let found = |key: &str, owner: &str, ours: bool| Found {
        id: id(key),
        uid: "1".into(),
        owner: owner.into(),
        fields: ours.then(|| digest("fields")),
        adopted: false,
    };
    for (rule, found, kept) in [
        ("its own mark", found(web, &format!("main/u/{web}"), true), true),
        ("another Sync's", found(web, &format!("other/u/{web}"), true), false),
        ("inherited from a parent", found("apps/ReplicaSet/shop/web", &format!("main/u/{web}"), true), false),
        ("never applied by us", found(web, &format!("main/u/{web}"), false), false),
        ("garbage", found(web, "main", true), false),
    ] {
        let rebuilt = Inventory::rebuild("main", [found]);
        assert_eq!(rebuilt.entries.len(), usize::from(kept), "{rule}");
        assert!(rebuilt.entries.values().all(|entry| entry.uid() == Some("1") && entry.digest.is_none()), "{rule}");
    }
}

#[test]
fn another_clusters_inventory_is_refused() {
    let shards = inventory("u", ["/ConfigMap/shop/a"]).shards("cluster-1", &BTreeSet::new());
    let error = Inventory::merge("cluster-2", shards).unwrap_err();
    assert!(matches!(error, InventoryError::ForeignCluster { .. }), "{error}");
    assert!(error.to_string().contains("cluster-1") && error.to_string().contains("cluster-2"), "{error}");
}

#[test]
fn digests_of_another_version_are_forgotten_not_compared() {
    let entry = Entry { digest: Some(digest("d")), fields: Some(digest("f")), ..owned("u", "1") };
    let inventory = Inventory { entries: [(id("/ConfigMap/shop/a"), entry)].into() };
    let mut shards = inventory.shards("c", &BTreeSet::new());
    assert_eq!(shards[0].digest_version, DIGEST_VERSION);
    shards[0].digest_version += 1;
    let merged = Inventory::merge("c", shards).unwrap();
    let entry = &merged.entries[&id("/ConfigMap/shop/a")];
    assert_eq!((entry.digest, entry.fields, entry.uid()), (None, None, Some("1")));
}

#[test]
fn a_crash_while_a_shard_was_split_loses_nothing() {
    let shard = |prefix: &str, records: Vec<Record>| Shard {
        prefix: prefix.into(),
        cluster_uid: "c".into(),
        digest_version: DIGEST_VERSION,
        records,
    };
    let (a, b) = (id("/ConfigMap/shop/a"), id("/ConfigMap/shop/b"));
    let old = vec![Record::of(&a, &Entry::claimed("u".into())), Record::of(&b, &owned("u", "2"))];
    let new = vec![Record::of(&a, &owned("u", "1"))];
    for shards in [vec![shard("", old.clone()), shard("0", new.clone())], vec![shard("0", new), shard("", old)]] {
        let merged = Inventory::merge("c", shards).unwrap();
        assert_eq!(merged.entries[&a].uid(), Some("1"), "owned beats claimed");
        assert_eq!(merged.entries[&b].uid(), Some("2"));
    }
    let broken = Record { id: "nonsense".into(), ..Record::of(&a, &owned("u", "1")) };
    assert_eq!(Inventory::merge("c", [shard("", vec![broken])]).unwrap_err().reason(), "BrokenInventory");
}

fn full(count: usize) -> Inventory {
    let entries = (0..count).map(|n| {
        let entry = Entry {
            digest: Some(digest("d")),
            parity: Some(digest("p")),
            fields: Some(digest("f")),
            ..owned("shop-1a2b3c4d", "0d7c1f1e-8f1f-4c52-9f0e-1d2c3b4a5968")
        };
        (id(&format!("apps/Deployment/namespace-{}/deployment-{n}", n % 50)), entry)
    });
    Inventory { entries: entries.collect() }
}

#[test]
fn shards_are_bounded_and_few() {
    for (objects, most) in [(0, 1), (100, 1), (1_000, 8), (10_000, 64)] {
        let shards = full(objects).shards("c", &BTreeSet::new());
        assert!(shards.len() <= most, "{objects} objects in {} shards", shards.len());
        for shard in &shards {
            let bytes = serde_json::to_vec(&shard.records).unwrap().len();
            assert!(bytes <= MAX_SHARD_BYTES, "{objects} objects: {} bytes", bytes);
        }
    }
}

#[test]
fn shards_do_not_flap_at_the_border() {
    let none = BTreeSet::new();
    let border = (1..2_000).find(|count| full(*count).shards("c", &none).len() > 1).unwrap();
    let prefixes = |shards: &[Shard]| shards.iter().map(|shard| shard.prefix.clone()).collect::<BTreeSet<_>>();
    let split = prefixes(&full(border).shards("c", &none));
    assert_eq!(split.len(), 2);
    assert_eq!(prefixes(&full(border - 1).shards("c", &split)), split, "one object less does not join them again");
    assert_eq!(prefixes(&full(border / 3).shards("c", &split)).len(), 1, "many less do");
}

#[test]
fn one_changed_object_changes_one_shard() {
    let before = full(2_000);
    let shards = before.shards("c", &BTreeSet::new());
    let stored = shards.iter().map(|shard| shard.prefix.clone()).collect();
    let mut after = before;
    after.own(&id("apps/Deployment/namespace-7/deployment-7"), applied("another", "u", true));
    let changed = after.shards("c", &stored).into_iter().zip(shards).filter(|(new, old)| new != old).count();
    assert_eq!(changed, 1);
}

fn any_entry() -> impl Strategy<Value = (ObjectId, Entry)> {
    let name = "[a-z0-9.:-]{1,20}";
    let uid = prop::option::of("[a-f0-9-]{1,36}");
    (
        "(|apps|example\\.com)",
        "[A-Z][a-z]{1,9}",
        "(|[a-z]{1,9})",
        name,
        uid,
        any::<bool>(),
        prop::option::of(any::<u64>()),
    )
        .prop_map(|(group, kind, namespace, name, uid, adopted, hash)| {
            let hash = hash.map(|number| digest(&number.to_string()));
            let state = uid.map_or(State::Claimed, |uid| State::Owned(uid.into()));
            (
                ObjectId { group, kind, namespace, name },
                Entry { unit: "unit-1".into(), state, adopted, digest: hash, parity: None, fields: hash },
            )
        })
}

proptest! {
    #[test]
    fn shards_round_trip(entries in prop::collection::btree_map(any_entry().prop_map(|e| e.0), any_entry().prop_map(|e| e.1), 0..60), splits in prop::collection::btree_set("[01]{1,3}", 0..4)) {
        let inventory = Inventory { entries };
        let shards = inventory.shards("c", &splits);
        prop_assert!(!shards.is_empty());
        for shard in &shards {
            prop_assert!(shard.records.iter().is_sorted_by(|a, b| ObjectId::from_key(&a.id) < ObjectId::from_key(&b.id)));
            // The stored form is the API's: it must survive JSON.
            let json = serde_json::to_string(&shard.records).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Vec<Record>>(&json).unwrap(), &shard.records);
        }
        prop_assert_eq!(Inventory::merge("c", shards).unwrap(), inventory);
    }
}
