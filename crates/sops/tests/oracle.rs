//! Real `sops` and `age` beside ours: what they encrypt, by every rule and version of the format they write, we read as
//! they do. Built by `cargo xtask tools sops`; without them each test says that it was skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{fixtures, keys, read};
use proptest::prelude::*;
use teal_sops::{AgeKeys, decrypt};

/// `hack/sops/bin`, once it was built.
fn tools() -> Option<PathBuf> {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/sops/bin");
    if bin.join("sops").is_file() {
        return Some(bin);
    }
    let forbidden = std::env::var("TEAL_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!forbidden, "needs sops (cargo xtask tools sops), and TEAL_REQUIRE=all forbids to skip");
    println!("skipped: no sops; cargo xtask tools sops builds it");
    None
}

/// Runs a program with nothing of the outside but what is given.
fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let key = fixtures().join("test-only.agekey");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("SOPS_AGE_KEY_FILE", key)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Encrypts with real SOPS by a rule; compares our plaintext with that of real SOPS.
fn same(bin: &Path, name: &str, plain: &[u8], rule: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), plain).unwrap();
    let keys = keys("test-only.agekey");
    let config = format!("creation_rules:\n  - age: {}\n{rule}", keys.recipients().remove(0));
    std::fs::write(folder.path().join(".sops.yaml"), config).unwrap();
    let encrypted = run(&bin.join("sops"), folder.path(), &["encrypt", name])?;
    std::fs::write(folder.path().join(name), &encrypted).unwrap();
    let expected = run(&bin.join("sops"), folder.path(), &["decrypt", name])?;
    let ours = decrypt(name, &encrypted, &keys)
        .map_err(|error| format!("{name} {rule}: {error}\n{}", String::from_utf8_lossy(&encrypted)))?;
    let ours = ours.ok_or_else(|| format!("{name}: taken for plain"))?;
    if *ours.content == expected {
        return Ok(());
    }
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{name} {rule}: ours\n{}\nsops\n{}\n{}", shown(&ours.content), shown(&expected), shown(&encrypted)))
}

#[test]
fn every_rule_and_every_sort_of_file() {
    let Some(bin) = tools() else { return };
    let rules = [
        "",
        "    encrypted_regex: ^(data|stringData|nested|TOKEN|list|int)$\n",
        "    unencrypted_regex: ^(apiVersion|kind|metadata|NAME|html)$\n",
        "    encrypted_suffix: a\n",
        "    unencrypted_suffix: t\n",
        "    encrypted_comment_regex: follows|inside\n",
        "    unencrypted_comment_regex: follows|mapping\n",
        "    mac_only_encrypted: true\n    encrypted_regex: ^(stringData|TOKEN|string)$\n",
        "    mac_only_encrypted: true\n    unencrypted_regex: ^(metadata|URL|n_.*)$\n",
        "    mac_only_encrypted: true\n    encrypted_comment_regex: inside\n",
    ];
    for name in ["values.yaml", "documents.yaml", "config.json", "app.env", "blob.bin", "text.txt"] {
        for rule in rules {
            same(&bin, name, &read(&format!("plain/{name}")), rule).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn a_key_split_over_groups_is_put_together() {
    let Some(bin) = tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut recipients, mut all) = (Vec::new(), Vec::new());
    for at in 0..3 {
        let text = String::from_utf8(run(&bin.join("age-keygen"), folder.path(), &[]).unwrap()).unwrap();
        let mut keys = AgeKeys::default();
        keys.add(&text).unwrap();
        recipients.push(keys.recipients().remove(0));
        std::fs::write(folder.path().join(format!("{at}.agekey")), &text).unwrap();
        all.push(text);
    }
    let groups: String = recipients.iter().map(|recipient| format!("      - age: [{recipient}]\n")).collect();
    let config = format!("creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n{groups}");
    std::fs::write(folder.path().join(".sops.yaml"), config).unwrap();
    for (name, plain) in
        [("a.yaml", "token: hunter2\n"), ("a.env", "TOKEN=hunter2\n"), ("a.json", "{\n\t\"t\": 1\n}\n")]
    {
        std::fs::write(folder.path().join(name), plain).unwrap();
        let encrypted = run(&bin.join("sops"), folder.path(), &["encrypt", name]).unwrap();
        for (who, opens) in [(vec![0, 1], true), (vec![2, 0], true), (vec![0, 1, 2], true), (vec![1], false)] {
            let mut keys = AgeKeys::default();
            who.iter().for_each(|at: &usize| keys.add(&all[*at]).unwrap());
            match decrypt(name, &encrypted, &keys) {
                Ok(ours) => assert!(opens && *ours.unwrap().content == plain.as_bytes(), "{name} {who:?}"),
                Err(error) => assert!(!opens && error.reason() == "SopsNoKey", "{name} {who:?}: {error}"),
            }
        }
    }
}

/// Texts that printers find hard, and some that they don't. None of several lines begins with a blank: SOPS's own printer
/// says a wrong indentation then, and reads something else back.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 :#'\"{}\\[\\],&*!|>%@`~?=<.\\\\/-]{0,20}",
        "[a-z][a-z ]{0,3}(\n[ a-z:#-]{0,8}){1,4}\n{0,2}",
        "(true|no|Null|~|0x1f|0o17|1e3|1_000|-\\.inf|2024-01-02|12:30:45|---|\\.\\.\\.)",
        "\\PC{0,12}",
        "[a-z]{3,9}( [a-z]{3,9}){15,25}",
    ]
}

/// A value as YAML source, written so that every parser agrees on it.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => (-1.0e12..1.0e12_f64).prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-zA-Z][a-zA-Z0-9._/-]{0,8}( [a-z])?", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = serde_json::Value> {
    prop::collection::btree_map("[a-zA-Z][a-zA-Z0-9_.-]{0,8}", value(), 1..6)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().filter(|(key, _)| key != "sops").collect()))
        .prop_filter("something is in it", |object| object.as_object().is_some_and(|map| !map.is_empty()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_sops_encrypts_we_read_as_it_does(object in object(), json in any::<bool>()) {
        if let Some(bin) = tools() {
            // JSON is YAML: one source for both sorts.
            let source = serde_json::to_string_pretty(&object).unwrap();
            let name = if json { "generated.json" } else { "generated.yaml" };
            if let Err(error) = same(&bin, name, source.as_bytes(), "") {
                prop_assert!(false, "{error}");
            }
        }
    }
}
