//! Files that real SOPS encrypted, committed with what real SOPS makes of them. `tests/fixtures/README.md` says how they
//! were made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::{keys, read};
use teal_sops::{AgeKeys, DataKey, Format, SopsError, Unwrap, UnwrapError, WrappedKey, decrypt};

const KEY: &str = "test-only.agekey";

fn text_of(file: &str) -> String {
    String::from_utf8(read(&format!("encrypted/{file}"))).unwrap()
}

#[test]
fn what_sops_encrypted_comes_out_as_sops_prints_it() {
    let keys = keys(KEY);
    for entry in std::fs::read_dir(common::fixtures().join("encrypted")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The one place where ours is not byte for byte that of SOPS: see the test below.
        if name == "comments-only.yml" {
            continue;
        }
        let decrypted = decrypt(&name, &read(&format!("encrypted/{name}")), &keys);
        let decrypted = decrypted.unwrap_or_else(|error| panic!("{name}: {error}")).expect("it is encrypted");
        let expected = read(&format!("decrypted/{name}"));
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(*decrypted.content == expected, "{name}:\n{}\n≠\n{}", shown(&decrypted.content), shown(&expected));
        assert!(!format!("{decrypted:?}").contains("hunter2"), "{name}");
    }
}

#[test]
fn a_plain_file_is_left_alone() {
    let keys = AgeKeys::default();
    for (path, text) in [
        ("a.yaml", "a: 1\n"),
        ("a.yaml", "sops: yes\n"),
        ("b.json", "{\"sops\": {}}"),
        ("doc.md", "A value looks like ENC[AES256_GCM,data:…]\n"),
        ("broken.json", "{ ENC[AES256_GCM, "),
        ("x.bin", "\u{0}\u{1}"),
    ] {
        assert!(decrypt(path, text.as_bytes(), &keys).unwrap().is_none(), "{path}: {text}");
    }
    assert!(decrypt("x.bin", &[0xff, 0xfe, 0x00], &keys).unwrap().is_none());
}

#[test]
fn g9_without_the_key_it_says_whom_it_is_for_and_shows_nothing() {
    let other = keys("test-only-second.agekey");
    let error = decrypt("values.yaml", &read("encrypted/values.yaml"), &other).unwrap_err();
    let recipient = &keys(KEY).recipients()[0];
    assert_eq!(error.reason(), "SopsNoKey");
    assert!(error.to_string().contains(recipient.as_str()), "{error}");
}

/// Each of these is a file somebody changed without the key.
#[test]
fn g9_what_was_changed_is_refused_and_not_quoted() {
    let keys = keys(KEY);
    let values = text_of("values.yaml");
    let line = |key: &str| values.lines().find(|line| line.trim_start().starts_with(key)).unwrap().to_owned();
    let value = |key: &str| line(key).split_once(": ").unwrap().1.to_owned();
    let (text, number, mac) = (value("text:"), value("number:"), value("mac:"));
    let flipped = text.replacen("data:", "data:A", 1).replacen("==,iv", "=,iv", 1);
    for (what, changed, reason) in [
        (
            "a value exchanged with another",
            values.replace(&text, "§").replace(&number, &text).replace('§', &number),
            "SopsValue",
        ),
        ("a value moved to another name", values.replace("    text: ENC", "    moved: ENC"), "SopsValue"),
        ("a value with other bytes", values.replace(&text, &flipped), "SopsValue"),
        ("a value in the clear", values.replace(&text, "hunter2"), "SopsInTheClear"),
        ("a number in the clear", values.replace(&number, "42"), "SopsInTheClear"),
        ("a value taken out", values.replace(&format!("{}\n", line("text:")), ""), "SopsMac"),
        ("a clear value changed", values.replace("tier_unencrypted: backend", "tier_unencrypted: frontend"), "SopsMac"),
        (
            "a clear value added",
            values.replace("stringData:\n", "extra_unencrypted: hunter2\nstringData:\n"),
            "SopsMac",
        ),
        ("no MAC", values.replace(&format!("    {}\n", line("mac:").trim()), ""), "SopsMac"),
        ("the MAC of another value", values.replace(&mac, &text), "SopsMac"),
        ("another time", values.replace("lastmodified: \"2", "lastmodified: \"3"), "SopsMac"),
        ("no time", values.replace("lastmodified:", "lastchanged:"), "SopsMetadata"),
        ("two rules", values.replace("    version:", "    encrypted_regex: ^x$\n    version:"), "SopsMetadata"),
        (
            "a rule that is none",
            values.replace("unencrypted_suffix: _unencrypted", "encrypted_regex: (["),
            "SopsMetadata",
        ),
        (
            "a rule that encrypts nothing",
            values.replace("unencrypted_suffix: _unencrypted", "encrypted_regex: ^x$"),
            "SopsMac",
        ),
        (
            "only encrypted ones in the MAC",
            values.replace("    version:", "    mac_only_encrypted: true\n    version:"),
            "SopsMac",
        ),
        ("nobody it is for", values.replace("    age:\n", "    nobody:\n"), "SopsNoKey"),
        (
            "a stanza that is none",
            values.split("\nsops:").next().unwrap().to_owned() + "\nsops: hunter2\n",
            "SopsMetadata",
        ),
        ("an unknown type", values.replacen(",type:int]", ",type:hunter2]", 1), "SopsValue"),
        ("text that says it is an integer", values.replace(&text, &text.replace("type:str", "type:int")), "SopsValue"),
        (
            "text that says it is a comment",
            values.replace(&text, &text.replace("type:str", "type:comment")),
            "SopsValue",
        ),
    ] {
        assert_ne!(changed, values, "{what}: the test changes nothing");
        let error =
            decrypt("values.yaml", changed.as_bytes(), &keys).err().unwrap_or_else(|| panic!("{what} is taken"));
        assert_eq!(error.reason(), reason, "{what}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{what}: {error}");
    }
}

#[test]
fn dotenv_and_json_are_bound_to_their_place_as_well() {
    let keys = keys(KEY);
    for (file, from, to, reason) in [
        ("app.env", "TOKEN=", "OTHER=", "SopsValue"),
        ("app.env", "NAME_unencrypted=shown", "NAME_unencrypted=hidden", "SopsMac"),
        ("app.env", "EMPTY=\n", "EMPTY=filled\n", "SopsInTheClear"),
        ("config.json", "\"string\": ", "\"other\": ", "SopsValue"),
        ("config.json", "\"n_unencrypted\": 10", "\"n_unencrypted\": 11", "SopsMac"),
        ("blob.bin", "\"data\": \"ENC[AES256_GCM,data:", "\"data\": \"ENC[AES256_GCM,data:AAAA", "SopsValue"),
        ("documents.yaml", "kind: ENC", "kin: ENC", "SopsValue"),
    ] {
        let changed = text_of(file).replacen(from, to, 1);
        assert_ne!(changed, text_of(file), "{file}: {from}");
        let error = decrypt(file, changed.as_bytes(), &keys).err().unwrap_or_else(|| panic!("{file}: {from} is taken"));
        assert_eq!(error.reason(), reason, "{file}: {error}");
    }
}

#[test]
fn documents_of_one_run_can_not_be_torn_apart() {
    let keys = keys(KEY);
    let both = text_of("documents.yaml");
    let (first, second) = both.split_once("\n---\n").unwrap();
    for alone in [first.to_owned() + "\n", second.to_owned()] {
        assert_eq!(decrypt("documents.yaml", alone.as_bytes(), &keys).unwrap_err(), SopsError::Mac);
    }
    // Files put together are two runs, each whole; a plain document beside them stays.
    let joined = format!("{}---\nplain: true\n---\n{}", text_of("text.yaml"), both);
    let decrypted = decrypt("joined.yaml", joined.as_bytes(), &keys).unwrap().unwrap();
    let expected = [read("decrypted/text.yaml"), b"---\nplain: true\n---\n".to_vec(), read("decrypted/documents.yaml")];
    assert_eq!(String::from_utf8_lossy(&decrypted.content), String::from_utf8_lossy(&expected.concat()));
}

/// Stands for a Key Vault that holds one key.
struct Vault {
    name: &'static str,
    wrapped: Vec<u8>,
    key: Option<DataKey>,
}

impl Unwrap for Vault {
    fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
        let WrappedKey::AzureKeyVault { vault, name, version, wrapped } = key else { return None };
        assert_eq!((vault.as_str(), version.as_str()), ("https://contoso.vault.azure.net", "0123abcd"));
        assert_eq!(*wrapped, self.wrapped);
        (name == self.name).then(|| self.key.clone().ok_or_else(|| UnwrapError("403 Forbidden".to_owned())))
    }
}

#[test]
fn a_key_vault_is_asked_with_what_the_file_says() {
    struct Spy(AgeKeys, std::sync::Mutex<Option<DataKey>>);
    impl Unwrap for Spy {
        fn unwrap_key(&self, key: &WrappedKey) -> Option<Result<DataKey, UnwrapError>> {
            let unwrapped = self.0.unwrap_key(key)?;
            *self.1.lock().unwrap() = unwrapped.as_ref().ok().cloned();
            Some(unwrapped)
        }
    }
    let spy = Spy(keys(KEY), Default::default());
    decrypt("values.yaml", &read("encrypted/values.yaml"), &spy).unwrap();
    let key = spy.1.lock().unwrap().take();
    assert_eq!(format!("{key:?}"), "Some(DataKey(…))");
    let values = text_of("values.yaml");
    let (before, after) = values.split_once("    age:\n").unwrap();
    let after = &after[after.find("    lastmodified:").unwrap()..];
    let entry = "    azure_kv:\n        - vault_url: https://contoso.vault.azure.net/\n          name: sops\n          version: 0123abcd\n          created_at: \"2026-01-01T00:00:00Z\"\n          enc: _-8\n";
    let file = format!("{before}{entry}{after}");
    let vault = Vault { name: "sops", wrapped: vec![0xff, 0xef], key };
    let decrypted = decrypt("values.yaml", file.as_bytes(), &vault).unwrap().unwrap();
    assert_eq!(*decrypted.content, read("decrypted/values.yaml"));
    assert_eq!(decrypted.format, Format::Yaml);

    let refusing = Vault { key: None, wrapped: vec![0xff, 0xef], ..vault };
    let error = decrypt("values.yaml", file.as_bytes(), &refusing).unwrap_err().to_string();
    assert!(error.contains("https://contoso.vault.azure.net/keys/sops/0123abcd") && error.contains("403"), "{error}");
}

#[test]
fn what_is_not_supported_is_named() {
    let keys = keys(KEY);
    let ini = "[a]\nx = ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\n[sops]\nmac = ENC[AES256_GCM,x]\n";
    let error = decrypt("a.ini", ini.as_bytes(), &keys).unwrap_err();
    assert_eq!((error.reason(), error.to_string().contains("INI")), ("SopsUnsupported", true), "{error}");
    let pgp =
        text_of("values.yaml").replace("    age:\n        - enc", "    pgp:\n        - fp: 0123CAFE\n          enc");
    let error = decrypt("values.yaml", pgp.as_bytes(), &keys).unwrap_err().to_string();
    assert!(error.contains("pgp 0123CAFE"), "{error}");
}

#[test]
fn a_reformatted_value_is_refused_rather_than_misread() {
    let keys = keys(KEY);
    for (from, to) in [
        ("quoted: ENC", "quoted: >-\n        ENC"),
        ("quoted: ENC", "quoted: |-\n        ENC"),
        ("quoted: ENC", "quoted:\n        ENC"),
    ] {
        let values = text_of("values.yaml").replacen(from, to, 1);
        let error = decrypt("values.yaml", values.as_bytes(), &keys).unwrap_err();
        assert!(error.to_string().contains("encrypt the file anew"), "{to}: {error}");
    }
    // Quotes are harmless.
    let quoted = text_of("values.yaml").replace("stringData:\n    text: ENC", "stringData:\n    text: 'ENC").replacen(
        ",type:str]\n    empty:",
        ",type:str]'\n    empty:",
        1,
    );
    let decrypted = decrypt("values.yaml", quoted.as_bytes(), &keys).unwrap().unwrap();
    assert_eq!(*decrypted.content, read("decrypted/values.yaml"));
}

#[test]
fn a_list_of_comments_is_an_empty_list() {
    let keys = keys(KEY);
    let list = text_of("comments-only.yml");
    let decrypted = decrypt("comments-only.yml", list.as_bytes(), &keys).unwrap().unwrap();
    let value = |bytes: &[u8]| teal_yaml::read(std::str::from_utf8(bytes).unwrap()).unwrap().remove(0).into_value();
    assert_eq!(value(&decrypted.content), value(&read("decrypted/comments-only.yml")));
}
