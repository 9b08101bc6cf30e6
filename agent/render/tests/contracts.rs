//! Names and forms that the pure core repeats, because it depends on no CRD: they are those of the API, or a test fails.

#![allow(clippy::unwrap_used, reason = "tests")]

use teal_agent_core::{mark, shard};
use teal_api::{inventory, names};

#[test]
fn the_core_and_the_api_use_the_same_names() {
    for (core, api) in [
        (mark::SYNC_LABEL, names::SYNC_LABEL),
        (mark::OWNER_ANNOTATION, names::OWNER_ANNOTATION),
        (mark::AFTER_ANNOTATION, names::AFTER_ANNOTATION),
        (mark::PRUNE_ANNOTATION, names::PRUNE_ANNOTATION),
    ] {
        assert_eq!(core, api);
    }
}

#[test]
fn a_record_of_the_core_is_an_entry_of_the_api() {
    let full = shard::Record {
        id: "apps/Deployment/shop/web".to_owned(),
        unit: "shop-1234abcd".to_owned(),
        uid: Some("8f3c".to_owned()),
        adopted: true,
        digest: "a1".to_owned(),
        parity: "b2".to_owned(),
        fields: "c3".to_owned(),
    };
    let bare = shard::Record {
        uid: None,
        adopted: false,
        digest: String::new(),
        parity: String::new(),
        fields: String::new(),
        ..full.clone()
    };
    for record in [full, bare] {
        let stored = serde_json::to_value(&record).unwrap();
        let entry: inventory::Entry = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(&entry).unwrap(), stored);
        assert_eq!(serde_json::from_value::<shard::Record>(stored).unwrap(), record);
    }
}
