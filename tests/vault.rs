//! A whole agent on a real control plane that opens what real `sops` encrypted for a key in Azure Key Vault.

use std::time::Duration;

use anyhow::{Result, ensure};
use azure_emulator::{Emulator, Options, Running};
use serde_json::json;
use teal_azure::credential::Hidden;
use teal_azure::{Client, Cloud, Credential, RetryPolicy, Settings};
use teal_testkit::sops::{LOGIN, PublicAzure};

use crate::agent_world::World;
use crate::listening::{Listening, leaked};

const VAULT: &str = "contoso.vault.azure.net";
const CANARY: [&str; 2] = ["vault-canary-31", "dmF1bHQtY2FuYXJ5LTMx"];
const PLAIN: &str = "
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: vault}
stringData: {password: vault-canary-31}
";

/// A client of the emulator as the agent's identity.
fn client(emulator: &Running) -> Result<Client> {
    let cloud = Cloud::custom(&emulator.url(), &emulator.url(), None, "localhost")?;
    let tenant = "22222222-2222-2222-2222-222222222222".into();
    let credential = Credential::ClientSecret { tenant, client: "agent".into(), secret: Hidden::new("s") };
    let retry = RetryPolicy { attempts: 2, first_wait: Duration::from_millis(5), ..RetryPolicy::default() };
    Ok(Client::new(Settings::new(cloud, credential).trusting(emulator.ca_pem.clone()).patient(retry))?)
}

async fn call(emulator: &Running, method: &str, path: &str, body: serde_json::Value) -> Result<()> {
    let root = reqwest::Certificate::from_pem(emulator.ca_pem.as_bytes())?;
    let http = reqwest::Client::builder().tls_certs_only([root]).build()?;
    let request = http.request(method.parse()?, format!("{}/{path}", emulator.url())).bearer_auth("any");
    let status = request.json(&body).send().await?.status();
    ensure!(status.is_success(), "{method} {path}: {status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_what_sops_encrypted_for_key_vault_is_applied_and_shows_nowhere() -> Result<()> {
    let Some(sops) = teal_testkit::sops::program()? else { return Ok(()) };
    let log = Listening::begin();
    let names = vec![LOGIN.to_owned(), VAULT.to_owned()];
    let emulator = Emulator::start(Options { names, ..Options::default() }).await?;
    call(&emulator, "POST", "vault/contoso/keys/sops/create?api-version=7.4", json!({"kty": "RSA"})).await?;
    let azure = PublicAzure::at(emulator.arm, &emulator.ca_pem, VAULT).await?;
    let key = format!("https://{VAULT}/keys/sops/");
    let encrypt = ["encrypt", "--azure-kv", &key, "--encrypted-regex", "^(data|stringData)$"];
    let encrypted = azure.sops(&sops, &encrypt, "secret.yaml", PLAIN).await?;
    // The agent knows no proxy: the same vault below the emulator's own name. What sops signed is not touched.
    let here = format!("vault_url: {}/vault/contoso", emulator.url());
    let encrypted = encrypted.replace(&format!("vault_url: https://{VAULT}"), &here);
    ensure!(encrypted.contains(&here), "{encrypted}");

    let fault = json!({"type": "Microsoft.KeyVault/vaults/keys/*", "fault": {"kind": "error", "status": 403}});
    call(&emulator, "POST", "_emulator/faults", fault).await?;
    let mut world = World::prepared("vault").await?.asking(client(&emulator)?);
    world.declare(json!({"decryption": {"provider": "sops", "azure": {}}})).await?;
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: vault}\n";
    world.repo.commit(&[("namespace.yaml", Some(namespace)), ("secret.yaml", Some(&encrypted))], "First")?;
    world.start().await?;
    let role =
        format!("grant `Key Vault Crypto Service Encryption User` on {}/vault/contoso/keys/sops", emulator.url());
    world.problem_in_words("", "SopsNoKey", &role).await?;

    // The role is granted; whoever does not want to wait for the agent to ask again tells it to.
    call(&emulator, "DELETE", "_emulator/faults", json!({})).await?;
    world.request().await?;
    let data = |found: Option<&kube::api::DynamicObject>| {
        found.is_some_and(|found| found.data["data"]["password"] == CANARY[1])
    };
    world.object("v1/Secret", ("vault", "database"), "is decrypted", data).await?;
    let head = world.repo.head().unwrap_or_default();
    world.synced(&head).await?;
    let shown = serde_json::to_string(&world.status().await?)? + &log.text();
    assert!(shown.contains("Revision rendered"), "it was looked at");
    assert_eq!(leaked(&shown, &CANARY), [""; 0]);
    Ok(())
}
