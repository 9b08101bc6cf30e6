//! `teal build` with what SOPS encrypted and with values of the cluster: keys are found where sops finds them, and nothing
//! decrypted is shown unless it is asked for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use azure_emulator::{Emulator, Options};
use teal_testkit::sops::{LOGIN, PublicAzure};
use tempfile::TempDir;

use common::{Said, folder, put};

macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!("../../crates/sops/tests/fixtures/", $path))
    };
}

/// What the fixtures hold, in the clear and as a Secret's data.
const PLAIN: [&str; 4] = ["correct-horse-battery", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "hunter2", "aHVudGVyMg=="];
const FLEET: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: test}
spec:
  layers: [{name: all, paths: [apps/*]}]
  substitute: {DOMAIN: contoso.example}
  substituteFrom:
  - {kind: ConfigMap, name: facts, names: [REGION]}
  - {kind: Secret, name: tokens, names: [TOKEN]}
";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {where: 'in ${REGION}'}\n";
const TOKEN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}\ndata: {token: 'by ${TOKEN}', note: said}\n";

fn teal(folder: &Path, environment: &[(&str, String)], arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_teal"))
        .arg("build")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder.join("home"))
        .envs(environment.iter().cloned())
        .output()
        .unwrap();
    output.into()
}

/// A kustomization with an encrypted manifest, an encrypted patch and a generator that reads an encrypted file.
fn kustomization() -> TempDir {
    folder(&[
        (
            "app/kustomization.yaml",
            "resources: [secret.yaml, map.yaml]\nsecretGenerator: [{name: env, envs: [app.env], options: {disableNameSuffixHash: true}}]\n",
        ),
        ("app/secret.yaml", fixture!("encrypted/secret.yaml")),
        ("app/app.env", fixture!("encrypted/app.env")),
        ("app/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\ndata:\n  a: b\n"),
        ("keys.txt", fixture!("test-only.agekey")),
        ("other.txt", fixture!("test-only-second.agekey")),
    ])
}

fn shows_nothing(said: &Said) {
    for canary in PLAIN {
        assert!(!said.out.contains(canary) && !said.err.contains(canary), "{canary}: {} {}", said.out, said.err);
    }
}

#[test]
fn g9_decrypted_values_are_masked_unless_they_are_asked_for() {
    let folder = kustomization();
    let at = folder.path();
    let said = teal(at, &[], &["app", "--decrypt", "--age-key-file", "keys.txt"]);
    assert_eq!(said.code, 0, "{}", said.err);
    shows_nothing(&said);
    assert!(said.out.contains("password: '**SECRET**'") && said.out.contains("name: database"), "{}", said.out);
    assert!(said.out.contains("  a: b\n") && !said.out.contains("ENC["), "{}", said.out);
    assert!(said.err.starts_with("Warning: 2 objects hold decrypted values"), "{}", said.err);

    let shown = teal(at, &[], &["app", "--decrypt", "--age-key-file", "keys.txt", "--show-secrets"]);
    assert!(shown.code == 0 && shown.err.is_empty(), "{}", shown.err);
    assert!(
        shown.out.contains("password: correct-horse-battery") && shown.out.contains("aHVudGVyMg=="),
        "{}",
        shown.out
    );

    // A file says no more than a screen.
    let said = teal(at, &[], &["app", "--decrypt", "--age-key-file=keys.txt", "-o", "out.yaml"]);
    assert_eq!(said.code, 0);
    assert_eq!(
        fs::read_to_string(at.join("out.yaml")).unwrap(),
        teal(at, &[], &["app", "--decrypt", "--age-key-file=keys.txt"]).out
    );
}

#[test]
fn g9_what_was_encrypted_is_in_no_name_and_in_no_name_of_a_file() {
    let moved = "{source: {kind: Secret, name: database, fieldPath: stringData.password}, targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.name]}]}";
    let folder = folder(&[
        (
            "teal.yaml",
            "apiVersion: teal.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: {layers: [{name: all, paths: [app]}]}\n",
        ),
        ("app/kustomization.yaml", &format!("resources: [secret.yaml, map.yaml]\nreplacements: [{moved}]\n")),
        ("app/secret.yaml", fixture!("encrypted/secret.yaml")),
        ("app/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n"),
        ("keys.txt", fixture!("test-only.agekey")),
        (".git", "gitdir: nowhere\n"),
    ]);
    let at = folder.path();
    fs::create_dir(at.join("out")).unwrap();
    let keys = "--age-key-file=keys.txt";
    for arguments in [
        &["app", "--decrypt", keys][..],
        &["app", "--decrypt", keys, "-o", "out"],
        &["--fleet", keys],
        &["--fleet", keys, "-o", "out", "--split"],
        &["--fleet", keys, "--show-secrets"],
    ] {
        let said = teal(at, &[], arguments);
        assert!(said.code == 1 && said.out.is_empty(), "{arguments:?}: {} {}", said.out, said.err);
        assert!(
            said.err.contains("app/map.yaml:1: ConfigMap …: metadata.name is made of"),
            "{arguments:?}: {}",
            said.err
        );
        shows_nothing(&said);
        assert_eq!(fs::read_dir(at.join("out")).unwrap().count(), 0, "{arguments:?}");
    }
    // Whoever wants to see it may; no agent would apply it.
    let said = teal(at, &[], &["app", "--decrypt", keys, "--show-secrets"]);
    assert!(said.code == 0 && said.out.contains("name: correct-horse-battery"), "{}", said.err);
}

#[test]
fn keys_are_found_where_sops_finds_them_and_without_one_it_says_what_to_do() {
    let folder = kustomization();
    let at = folder.path();
    let identity = fixture!("test-only.agekey").lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    for (name, value) in [("SOPS_AGE_KEY", identity.to_owned()), ("SOPS_AGE_KEY_FILE", "keys.txt".to_owned())] {
        let said = teal(at, &[(name, value)], &["app", "--decrypt"]);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
    }
    for (why, said) in [
        ("none", teal(at, &[], &["app", "--decrypt"])),
        ("another", teal(at, &[], &["app", "--decrypt", "--age-key-file", "other.txt"])),
    ] {
        assert!(said.code == 1 && said.out.is_empty(), "{why}: {}", said.out);
        assert!(
            said.err.contains("app/secret.yaml: is encrypted with SOPS") && said.err.contains("age1tq6"),
            "{}",
            said.err
        );
        assert!(said.err.contains("--age-key-file, SOPS_AGE_KEY, SOPS_AGE_KEY_FILE"), "{}", said.err);
        shows_nothing(&said);
    }
    let said = teal(at, &[("SOPS_AGE_KEY", "AGE-SECRET-KEY-1HUNTER".into())], &["app", "--decrypt"]);
    assert!(
        said.err.contains("SOPS_AGE_KEY: line 1 is a damaged age identity") && !said.err.contains("1HUNTER"),
        "{}",
        said.err
    );
    let said = teal(at, &[], &["app", "--decrypt", "--age-key-file", "gone.txt"]);
    assert!(said.err.contains("gone.txt: No such file"), "{}", said.err);
    put(at, "home/.config/sops/age/keys.txt", fixture!("test-only.agekey"));
    assert_eq!(teal(at, &[], &["app", "--decrypt"]).code, 0, "the file where sops looks");
    // As kustomize: what is encrypted stays so, and no key is looked for.
    let said = teal(at, &[("SOPS_AGE_KEY", "nonsense".into())], &["app"]);
    assert!(said.code == 0 && said.out.contains("password: ENC["), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused_with_keys_as_without() {
    let folder = kustomization();
    let at = folder.path();
    fs::create_dir(at.join("outside")).unwrap();
    for file in ["secret.yaml", "app.env"] {
        fs::rename(at.join("app").join(file), at.join("outside").join(file)).unwrap();
        std::os::unix::fs::symlink(Path::new("../outside").join(file), at.join("app").join(file)).unwrap();
    }
    for more in [&[][..], &["--decrypt", "--age-key-file", "keys.txt"]] {
        let said = teal(at, &[], &[&["app"][..], more].concat());
        assert!(said.code == 1 && said.out.is_empty(), "{more:?}: {}", said.out);
        assert!(said.err.contains("is not in this folder or below"), "{more:?}: {}", said.err);
        let allowed = ["app", "--load-restrictor", "LoadRestrictionsNone"];
        assert_eq!(teal(at, &[], &[&allowed[..], more].concat()).code, 0, "{more:?}: where it is allowed");
    }
}

fn fleet() -> TempDir {
    folder(&[
        ("teal.yaml", FLEET),
        ("apps/db/secret.yaml", fixture!("encrypted/secret.yaml")),
        ("apps/map/map.yaml", MAP),
        ("apps/token/token.yaml", TOKEN),
        ("keys.txt", fixture!("test-only.agekey")),
        (
            "facts.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: facts, namespace: teal-system}\ndata: {REGION: west}\n",
        ),
        ("tokens.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: tokens}\nstringData: {TOKEN: canary-token}\n"),
        (".git", "gitdir: nowhere\n"),
    ])
}

#[test]
fn a_fleet_takes_values_of_the_cluster_from_files_and_flags() {
    let folder = fleet();
    let at = folder.path();
    let base = ["--fleet", "--age-key-file=keys.txt"];
    let run = |more: &[&str]| teal(at, &[], &[&base[..], more].concat());
    let said = run(&["--substitute-from=facts.yaml", "--substitute-from", "tokens.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("where: in west") && said.out.contains("note: '**SECRET**'"), "{}", said.out);
    assert!(!said.out.contains("canary") && !said.err.contains("canary"), "{} {}", said.out, said.err);
    assert!(said.err.contains("Warning: 2 objects hold"), "{}", said.err);
    shows_nothing(&said);

    let said = run(&["--substitute=REGION=east", "--substitute", "TOKEN=canary-token=1", "--show-secrets"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("where: in east") && said.out.contains("token: by canary-token=1"), "{}", said.out);
    assert!(said.out.contains("password: Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"), "{}", said.out);
    let said = run(&["--substitute=REGION=east", "--substitute=TOKEN=canary-token"]);
    assert!(said.code == 0 && !said.out.contains("canary"), "a Secret's value stays one: {}", said.out);
    // What is given last wins, as with later sources.
    let said = run(&["--substitute-from=facts.yaml", "--substitute=REGION=east", "--substitute=TOKEN=x"]);
    assert!(said.out.contains("where: in east"), "{}", said.out);

    // A source that was not given is missed by the unit that needs it, and by no other.
    let said = run(&["--substitute-from=facts.yaml"]);
    assert!(said.code == 1 && said.out.contains("where: in west"), "{}", said.out);
    assert!(said.err.contains("1 of 3 units are wrong") && said.err.contains("TOKEN"), "{}", said.err);
}

#[test]
fn what_is_given_in_vain_is_told_and_nothing_is_printed() {
    let folder = fleet();
    let at = folder.path();
    put(at, "wrong.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\ndata: {A: aHVudGVyMg==}\n");
    put(at, "pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n");
    let all =
        ["--substitute-from=wrong.yaml", "--substitute-from=pod.yaml", "--substitute=DOMAIN=x", "--substitute=NONE=x"];
    let said = teal(at, &[], &[&["--fleet"][..], &all].concat());
    assert!(said.code == 1 && said.out.is_empty(), "{}", said.out);
    for wanted in [
        "Error: 4 mistakes",
        "pod.yaml: is no manifest of a v1 ConfigMap or Secret",
        "wrong.yaml: Secret other is not among `substituteFrom` of teal.yaml, which names ConfigMap facts, Secret tokens",
        "--substitute DOMAIN: `substitute` of teal.yaml sets it",
        "--substitute NONE: no source",
    ] {
        assert!(said.err.contains(wanted), "{wanted}\n{}", said.err);
    }
    assert_eq!(teal(at, &[], &["--fleet", "--substitute", "1=x"]).code, 2);
    assert_eq!(teal(at, &[], &["apps/map", "--substitute", "A=x"]).code, 2, "needs --fleet");
    let said = teal(at, &[], &["--fleet"]);
    assert!(
        said.code == 1
            && said.err.contains("apps/db/secret.yaml")
            && said.err.contains("Keys are those that sops finds"),
        "{}",
        said.err
    );
}

const VAULT: &str = "contoso.vault.azure.net";

/// Unmodified `sops` and `teal`, both of the opinion that they speak with Azure's public cloud.
#[tokio::test(flavor = "multi_thread")]
async fn what_sops_encrypts_for_key_vault_is_decrypted() {
    let Some(sops) = teal_testkit::sops::program().unwrap() else { return };
    let names = vec![LOGIN.to_owned(), VAULT.to_owned()];
    let emulator = Emulator::start(Options { names, ..Options::default() }).await.unwrap();
    let azure = PublicAzure::at(emulator.arm, &emulator.ca_pem, VAULT).await.unwrap();
    let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
    let url = format!("{}/vault/contoso/keys/sops/create?api-version=7.4", emulator.url());
    let made = http.post(url).bearer_auth("any").json(&serde_json::json!({"kty": "RSA"})).send().await.unwrap();
    assert!(made.status().is_success());
    // Without a version: sops asks for the newest and writes it down.
    let key = format!("https://{VAULT}/keys/sops/");
    let encrypt = ["encrypt", "--azure-kv", &key, "--encrypted-regex", "^(data|stringData)$"];
    let encrypted = azure.sops(&sops, &encrypt, "secret.yaml", fixture!("plain/secret.yaml")).await.unwrap();
    assert!(encrypted.contains("vault_url: https://contoso.vault.azure.net"), "{encrypted}");
    assert!(!encrypted.contains("correct-horse"), "{encrypted}");
    let decrypted = azure.sops(&sops, &["decrypt"], "secret.yaml", &encrypted).await.unwrap();
    assert!(decrypted.contains("correct-horse-battery"), "sops itself opens it");

    let folder = folder(&[("app/kustomization.yaml", "resources: [secret.yaml]\n"), ("app/secret.yaml", &encrypted)]);
    let environment = azure.environment();
    let said =
        tokio::task::spawn_blocking(move || teal(folder.path(), &environment, &["app", "--decrypt", "--show-secrets"]));
    let said = said.await.unwrap();
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("password: correct-horse-battery"), "{}", said.out);
    assert_eq!(azure.tunnel().asked(), [VAULT, LOGIN], "and nobody else was asked for");
}
