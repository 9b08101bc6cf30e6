use teal_switcher_core::LedgerKey;

use super::*;
use serde_json::json;

fn freeze(name: &str, labels: serde_json::Value, state: &str) -> FreezeObject {
    serde_json::from_value(
        json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Freeze", "metadata": {"name": name, "labels": labels},
        "spec": {"reason": "r", "until": "2026-01-01T00:00:00Z"}, "status": {"state": state}}),
    )
    .unwrap()
}

fn view(freezes: Vec<FreezeObject>) -> View {
    View {
        uid: "u".to_owned(),
        version: "v1".to_owned(),
        nodes: 1,
        nodes_ready: 1,
        sync: Err("none".to_owned()),
        freezes,
        at: Instant::now(),
    }
}

#[tokio::test]
async fn g7_a_freeze_belongs_to_one_switch_and_one_move() {
    let ours = |op: &str| json!({SWITCH_LABEL: "contoso", OP_LABEL: op});
    let other = freeze("someone", json!({SWITCH_LABEL: "shop", OP_LABEL: "x"}), "Active");
    let manual = freeze("by-hand", json!({}), "Active");
    for (rule, freezes, op, want) in [
        ("none", vec![], "m1", FreezeSeen::Off),
        ("those of a person or of another switch are not ours", vec![other.clone(), manual], "m1", FreezeSeen::Off),
        ("ours", vec![other, freeze("a", ours("m1"), "Active")], "m1", FreezeSeen::Active { op: "m1".to_owned() }),
        (
            "an old one is told as what it is",
            vec![freeze("a", ours("m0"), "Active")],
            "m1",
            FreezeSeen::Active { op: "m0".to_owned() },
        ),
        (
            "ours before an old one",
            vec![freeze("a", ours("m0"), "Active"), freeze("b", ours("m1"), "Pending")],
            "m1",
            FreezeSeen::Pending { op: "m1".to_owned() },
        ),
        ("left over at rest", vec![freeze("a", ours("m0"), "Lifted")], "", FreezeSeen::Lifted { op: "m0".to_owned() }),
    ] {
        assert_eq!(freeze_of(&view(freezes), "contoso", op), want, "{rule}");
    }
}

#[test]
fn a_sync_counts_only_for_its_present_generation() {
    let sync = |observed: i64| -> SyncObject {
        serde_json::from_value(json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Sync", "metadata": {"name": "fleet", "generation": 3},
            "spec": {"color": "green", "role": "active", "source": {"url": "https://git/x"}},
            "status": {"observedGeneration": observed, "role": "active", "revision": "abc", "fleetDigest": "0123456789abcdef0123",
                "conditions": [{"type": "Ready", "status": "True", "reason": "R", "message": "61 objects", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}))
        .unwrap()
    };
    let now = facts(&sync(3));
    assert!(now.ready && now.role_in_force == Some(Role::Active) && now.digest == Digest::of("0123456789abcdef0123"));
    let old = facts(&sync(2));
    assert!(!old.ready && old.role_in_force.is_none() && old.role == Some(Role::Active));
}

#[test]
fn what_is_no_ledger_is_told_from_one_that_does_not_open() {
    let key = LedgerKey::new(&[1; 32]).unwrap();
    let seen = |ledger: Option<&str>| {
        let tag = teal_targets::Tag::absent();
        let routed = Routed {
            value: None,
            ttl: 0,
            negative_ttl: None,
            ledger: ledger.map(|text| text.as_bytes().to_vec()),
            tag,
        };
        super::super::route::open(Some(&key), &routed, "aks.contoso.com", true)
    };
    assert_eq!(seen(None), LedgerSeen::Missing { ever: true });
    assert!(matches!(seen(Some("heritage=external-dns")), LedgerSeen::Foreign(_)));
    let sealed_by_another = "A".repeat(200);
    assert!(matches!(seen(Some(&sealed_by_another)), LedgerSeen::Unreadable(_)));
}
