//! Files for a key in a vault, opened through the emulator's Key Vault, whose keys are real RSA keys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use azure_emulator::{Emulator, Options, Running};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use teal_azure::credential::Hidden;
use teal_azure::vault::Algorithm;
use teal_azure::{Client, Cloud, Credential, RetryPolicy, Settings};
use teal_sops::{Decrypted, SopsError, decrypt};
use teal_vault::Vault;
use tokio::runtime::Handle;

const ENCRYPTED: &str = include_str!("../../sops/tests/fixtures/encrypted/secret.yaml");
const DECRYPTED: &[u8] = include_bytes!("../../sops/tests/fixtures/decrypted/secret.yaml");
const IDENTITY: &str = include_str!("../../sops/tests/fixtures/test-only.agekey");
const TENANT: &str = "22222222-2222-2222-2222-222222222222";
const AGENT: &str = "33333333-3333-3333-3333-333333333333";
const SUBJECT: &str = "system:serviceaccount:teal-system:teal-agent";

/// An emulator with a vault, the key `sops` in it, and a file that is encrypted for that key.
struct World {
    emulator: Running,
    http: reqwest::Client,
    version: String,
    file: String,
}

impl World {
    async fn start() -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        let mut world = Self { emulator, http, version: String::new(), file: String::new() };
        let made = world.call("POST", "keys/sops/create", json!({"kty": "RSA", "key_size": 2048})).await;
        world.version = made["key"]["kid"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        world.file = world.encrypted(&world.url(), &world.version).await;
        world
    }

    fn url(&self) -> String {
        self.emulator.url()
    }

    /// The vault's own API, as its owner.
    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}?api-version=7.4", self.url());
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth("any");
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        self.call(method, &format!("_emulator/{path}"), body).await
    }

    /// From now on only the agent may call, with these actions on keys.
    async fn allow(&self, role: Option<&str>, actions: &[&str]) {
        let assignment = match role {
            Some(role) => json!({"principal": AGENT, "role": role, "scope": "/"}),
            None => json!({"principal": AGENT, "actions": actions, "scope": "/"}),
        };
        let client = json!({"tenant": TENANT, "id": AGENT, "secret": "s", "federatedSubject": SUBJECT});
        let access =
            json!({"strict": true, "tenants": [{"id": TENANT}], "clients": [client], "assignments": [assignment]});
        self.admin("PUT", "access", access).await;
    }

    /// Calls of a type that the vault has answered, as their statuses.
    async fn statuses(&self, kind: &str) -> Vec<u64> {
        let log = self.admin("GET", "requests", Value::Null).await;
        let wanted = format!("Microsoft.KeyVault/vaults/keys/{kind}");
        let all = log["value"].as_array().unwrap().iter().filter(|one| one["type"] == wanted.as_str());
        all.filter_map(|one| one["status"].as_u64()).collect()
    }

    /// The stanza of the committed file for another recipient: a key of a vault in place of the age identity.
    async fn encrypted(&self, named: &str, version: &str) -> String {
        let (begin, end) = ("-----BEGIN AGE", "-----END AGE ENCRYPTED FILE-----");
        let (begin, end) = (ENCRYPTED.find(begin).unwrap(), ENCRYPTED.find(end).unwrap() + end.len());
        let armored: String = ENCRYPTED[begin..end].lines().map(|line| format!("{}\n", line.trim())).collect();
        let line = IDENTITY.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
        let identity: age::x25519::Identity = line.parse().unwrap();
        let decryptor = age::Decryptor::new_buffered(age::armor::ArmoredReader::new(armored.as_bytes())).unwrap();
        let mut key = Vec::new();
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).unwrap().read_to_end(&mut key).unwrap();
        let body = json!({"alg": Algorithm::RsaOaep256.as_str(), "value": URL_SAFE_NO_PAD.encode(key)});
        let made = self.call("POST", &format!("keys/sops/{}/encrypt", self.version), body).await;
        let enc = made["value"].as_str().unwrap();
        let before = &ENCRYPTED[..ENCRYPTED.find("    age:\n").unwrap()];
        let after = &ENCRYPTED[ENCRYPTED.find("    encrypted_regex:").unwrap()..];
        format!(
            "{before}    azure_kv:\n        - created_at: \"2026-01-01T00:00:00Z\"\n          enc: {enc}\n          name: sops\n          vault_url: {named}\n          version: {version}\n{after}"
        )
    }

    fn client(&self, credential: Credential) -> Client {
        let cloud = Cloud::custom(&self.url(), &self.url(), None, "localhost").unwrap();
        let retry = RetryPolicy { attempts: 2, first_wait: Duration::from_millis(5), ..RetryPolicy::default() };
        Client::new(Settings::new(cloud, credential).trusting(self.emulator.ca_pem.clone()).patient(retry)).unwrap()
    }

    fn vault(&self) -> Arc<Vault> {
        let credential =
            Credential::ClientSecret { tenant: TENANT.into(), client: AGENT.into(), secret: Hidden::new("s") };
        Arc::new(Vault::new(self.client(credential), Handle::current()))
    }

    /// Opens the file by a client that has asked nothing yet.
    async fn open(&self) -> Result<Option<Decrypted>, SopsError> {
        open(&self.vault(), &self.file).await
    }

    async fn opens(&self, why: &str) {
        let opened = self.open().await.unwrap_or_else(|error| panic!("{why}: {error}"));
        assert_eq!(*opened.unwrap().content, DECRYPTED, "{why}");
    }

    /// What is told when it does not open; never anything of the file.
    async fn refused(&self) -> String {
        let error = self.open().await.unwrap_err();
        assert_eq!(error.reason(), "SopsNoKey", "{error}");
        let told = error.to_string();
        assert!(told.contains(&format!("{}/keys/sops/{}", self.url(), self.version)), "{told}");
        assert!(!told.contains("correct-horse"), "{told}");
        told
    }
}

/// As rendering does: on a thread of its own.
async fn open(vault: &Arc<Vault>, file: &str) -> Result<Option<Decrypted>, SopsError> {
    let (vault, file) = (vault.clone(), file.to_owned());
    tokio::task::spawn_blocking(move || decrypt("secret.yaml", file.as_bytes(), &vault)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_opens_its_file_once_and_no_stranger_is_asked() {
    let world = World::start().await;
    let stranger = world.encrypted("https://vault.evil.example", &world.version).await;
    let vault = world.vault();
    let error = open(&vault, &stranger).await.unwrap_err();
    assert_eq!(error.reason(), "SopsNoKey");
    assert!(error.to_string().contains("is not sent to vault.evil.example"), "{error}");

    for _ in 0..2 {
        assert_eq!(*open(&vault, &world.file).await.unwrap().unwrap().content, DECRYPTED);
    }
    assert_eq!(world.statuses("decrypt").await, [200], "asked once, and remembered");
    let shown = format!("{vault:?}");
    assert!(!shown.contains("known"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_that_is_enough_for_sops_is_enough_and_so_is_the_narrower_one() {
    let world = World::start().await;
    world.allow(None, &["Microsoft.KeyVault/vaults/keys/decrypt/action"]).await;
    world.opens("by what sops needs").await;
    assert!(world.statuses("unwrap").await.is_empty(), "decrypting was enough");
    world.allow(Some("Key Vault Crypto User"), &[]).await;
    world.opens("by the role that sops is given").await;
    world.allow(Some("Key Vault Crypto Service Encryption User"), &[]).await;
    world.opens("by unwrapping").await;
    assert_eq!(world.statuses("unwrap").await, [200]);

    world.allow(Some("Reader"), &[]).await;
    let told = world.refused().await;
    assert_eq!(world.refused().await, told, "the same refusal is the same text");
    let scope = format!("grant `Key Vault Crypto Service Encryption User` on {}/keys/sops ", world.url());
    assert!(told.contains(&scope) && told.contains("keys/unwrap/action"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_identity_opens_and_another_service_account_does_not() {
    let world = World::start().await;
    world.allow(Some("Key Vault Crypto User"), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let opened = async |subject: &str| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = json!({"sub": subject, "exp": 4_000_000_000_i64, "aud": "api://AzureADTokenExchange"});
        std::fs::write(&file, format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(token))).unwrap();
        let credential = Credential::WorkloadIdentity {
            tenant: Some(TENANT.into()),
            client: Some(AGENT.into()),
            token_file: Some(file.clone()),
        };
        open(&Arc::new(Vault::new(world.client(credential), Handle::current())), &world.file).await
    };
    assert_eq!(*opened(SUBJECT).await.unwrap().unwrap().content, DECRYPTED);
    let error = opened("system:serviceaccount:default:other").await.unwrap_err();
    assert_eq!(error.reason(), "SopsNoKey");
    assert!(error.to_string().contains("AADSTS700213"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_vault_is_asked_again_and_a_key_that_is_gone_is_named() {
    let mut world = World::start().await;
    let throttled = |times: u32| {
        let fault = json!({"kind": "error", "status": 429, "retryAfter": 0});
        json!({"type": "Microsoft.KeyVault/vaults/keys/decrypt", "times": times, "fault": fault})
    };
    world.admin("POST", "faults", throttled(1)).await;
    world.opens("throttled once").await;
    assert_eq!(world.statuses("decrypt").await, [429, 200]);
    world.admin("POST", "faults", throttled(9)).await;
    let told = world.refused().await;
    assert!(told.contains("throttled (429 Throttled"), "{told}");
    world.admin("DELETE", "faults", Value::Null).await;

    world.call("PATCH", "keys/sops", json!({"attributes": {"enabled": false}})).await;
    let told = world.refused().await;
    assert!(told.contains("disabled key"), "{told}");
    world.call("PATCH", "keys/sops", json!({"attributes": {"enabled": true}})).await;

    world.call("DELETE", "keys/sops", Value::Null).await;
    let told = world.refused().await;
    assert!(told.contains("not found (404 KeyNotFound"), "{told}");
    world.call("POST", "deletedkeys/sops/recover", Value::Null).await;
    world.opens("recovered").await;

    // The newest version is not the one that wrapped.
    let newer = world.call("POST", "keys/sops/create", json!({"kty": "RSA"})).await;
    world.opens("there is a newer version").await;
    let newer = newer["key"]["kid"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    world.file = world.encrypted(&world.url(), &newer).await;
    world.version = newer.clone();
    let told = world.refused().await;
    assert!(told.contains("was rejected (400"), "{told}");
    world.version = "0123456789abcdef0123456789abcdef".to_owned();
    world.file = world.file.replace(&newer, &world.version);
    let told = world.refused().await;
    assert!(told.contains("not found (404"), "{told}");
}
