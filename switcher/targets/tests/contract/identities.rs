//! Identities that are found by the process's own environment: managed identity by both of its protocols, against the
//! emulator's, and the Azure CLI's login, by an `az` that prints what the real one prints. A process's variables can't be
//! changed while others read them, so that each test runs this binary again with variables of its own.

use std::path::Path;
use std::process::Stdio;

use azure_emulator::Options;
use serde_json::{Value, json};
use teal_azure::client::environment;
use teal_azure::dns::{Zone, ZoneKind};
use teal_azure::{Client, Settings};

use crate::azure::{Azure, GROUP, SUBSCRIPTION, TENANT, id, patience};

const ZONE: &str = "contoso.test";
const IDENTITY: &str = "55555555-5555-5555-5555-555555555555";

/// Where the inner half finds a metadata service: the real one has one address, which is nowhere but in Azure.
const METADATA: &str = "TEST_METADATA";

/// The inner half: whoever the environment says we are reads a zone.
#[tokio::test]
#[ignore = "run by the tests of this file, with variables of their own"]
async fn whoever_the_environment_says() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut settings = Settings::from_environment(&environment).unwrap().patient(patience());
    settings.metadata = environment(METADATA);
    println!("credential: {}", settings.credential().kind());
    let zone = Zone::new(ZoneKind::Public, SUBSCRIPTION, GROUP, ZONE).unwrap();
    let client = Client::new(settings).unwrap();
    for _ in 0..2 {
        match client.zone(&zone).await {
            Ok(_) => println!("read"),
            Err(error) => println!("refused: {}: {error}", error.reason()),
        }
    }
}

/// An Azure with a zone, whose managed identity is served by plain HTTP.
async fn azure() -> Azure {
    let options = Options { msi: Some(([127, 0, 0, 1], 0).into()), ..Options::default() };
    let azure = Azure::with(options).await;
    azure.put(&id(&format!("Microsoft.Network/dnsZones/{ZONE}")), "2018-05-01", json!({"location": "global"})).await;
    azure
}

/// Runs the inner half with these variables and no other of Azure's; what it printed.
async fn run_with(azure: &Azure, variables: &[(&str, String)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &azure.emulator.ca_pem).unwrap();
    let url = azure.emulator.url();
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "identities::whoever_the_environment_says", "--ignored", "--nocapture"]);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("TEAL_AZURE_CLOUD", "custom");
    command.env("TEAL_AZURE_ARM_ENDPOINT", &url).env("AZURE_AUTHORITY_HOST", &url).env("TEAL_AZURE_CA_FILE", &ca);
    command.envs(variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn msi(azure: &Azure) -> String {
    format!("http://{}", azure.emulator.msi.unwrap())
}

/// Who asked for calls of a type.
async fn clients(azure: &Azure, kind: &str) -> Vec<String> {
    let calls = azure.calls("GET", kind).await;
    calls.iter().map(|call| call["client"].as_str().unwrap_or_default().to_owned()).collect()
}

const ARM: &str = "Microsoft.Network/dnsZones";

#[tokio::test]
async fn the_identity_of_an_app_service_asks_its_endpoint_and_is_who_arm_sees() {
    let azure = azure().await;
    let variables = [
        ("IDENTITY_ENDPOINT", format!("{}/msi/token", msi(&azure))),
        ("IDENTITY_HEADER", "a-secret".to_owned()),
        ("AZURE_CLIENT_ID", IDENTITY.to_owned()),
    ];
    let told = run_with(&azure, &variables).await;
    assert!(told.contains("credential: managedIdentity") && told.matches("read\n").count() == 2, "{told}");
    assert_eq!(clients(&azure, "msi").await, [IDENTITY], "one token for both reads");
    assert_eq!(clients(&azure, ARM).await, [IDENTITY, IDENTITY]);
    let paths: Vec<Value> = azure.calls("GET", "msi").await.iter().map(|call| call["path"].clone()).collect();
    assert_eq!(paths, ["/msi/token"]);
}

#[tokio::test]
async fn the_identity_of_a_machine_asks_its_metadata_service() {
    let azure = azure().await;
    for (who, wanted) in [(None, None), (Some(IDENTITY), Some(IDENTITY))] {
        let mut variables = vec![(METADATA, msi(&azure)), ("TEAL_AZURE_CREDENTIAL", "managedIdentity".to_owned())];
        variables.extend(who.map(|id| ("AZURE_CLIENT_ID", id.to_owned())));
        let told = run_with(&azure, &variables).await;
        assert!(told.contains("credential: managedIdentity") && told.matches("read\n").count() == 2, "{told}");
        let (asked, seen) = (clients(&azure, "msi").await, clients(&azure, ARM).await);
        assert!(!asked.last().unwrap().is_empty() && asked.last() == seen.last(), "{asked:?} {seen:?}");
        assert!(wanted.is_none_or(|wanted| asked.last().unwrap() == wanted), "{asked:?}");
        let last = azure.calls("GET", "msi").await.pop().unwrap();
        assert_eq!(last["path"], "/metadata/identity/oauth2/token");
    }
}

/// Both protocols answer whoever stands beside them: a proxy that the environment names for plain HTTP would answer as
/// another machine, or not at all.
#[tokio::test]
async fn a_managed_identity_is_asked_for_by_no_proxy_of_the_environment() {
    let azure = azure().await;
    // Nobody is called through it: that would be a connection.
    let proxy = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    proxy.set_nonblocking(true).unwrap();
    let named = format!("http://{}", proxy.local_addr().unwrap());
    let app = [("IDENTITY_ENDPOINT", format!("{}/msi/token", msi(&azure))), ("IDENTITY_HEADER", "a-secret".to_owned())];
    let machine = [(METADATA, msi(&azure)), ("TEAL_AZURE_CREDENTIAL", "managedIdentity".to_owned())];
    for variables in [app, machine] {
        let proxied = ["http_proxy", "HTTP_PROXY"].map(|name| (name, named.clone()));
        let told = run_with(&azure, &[variables, proxied].concat()).await;
        assert!(told.contains("credential: managedIdentity") && told.matches("read\n").count() == 2, "{told}");
    }
    assert_eq!(clients(&azure, "msi").await.len(), 2);
    assert!(proxy.accept().is_err(), "the proxy was called");
}

#[tokio::test]
async fn an_identity_that_is_not_assigned_is_told_with_what_to_check() {
    let azure = azure().await;
    azure.only(&[]).await;
    let variables = [
        ("IDENTITY_ENDPOINT", format!("{}/msi/token", msi(&azure))),
        ("IDENTITY_HEADER", "a-secret".to_owned()),
        ("AZURE_CLIENT_ID", IDENTITY.to_owned()),
    ];
    let machine = [
        (METADATA, msi(&azure)),
        ("TEAL_AZURE_CREDENTIAL", "managedIdentity".to_owned()),
        ("AZURE_CLIENT_ID", IDENTITY.to_owned()),
    ];
    for variables in [variables, machine] {
        let told = run_with(&azure, &variables).await;
        assert_eq!(told.matches("refused: NoToken: ").count(), 2, "{told}");
        assert!(told.contains("no such managed identity is assigned to this machine: check AZURE_CLIENT_ID"), "{told}");
        assert!(!told.contains("a-secret"), "{told}");
    }
    assert_eq!(clients(&azure, ARM).await.len(), 0, "nothing is asked of ARM");
}

/// An `az` that writes down how it was called.
fn cli(folder: &Path, does: &str) -> (&'static str, String) {
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n{does}\n", folder.join("calls").display());
    teal_testkit::script::write(&folder.join("az"), &script).unwrap();
    ("PATH", format!("{}:/usr/bin:/bin", folder.display()))
}

/// What `az account get-access-token` prints, as of 2.54 and newer.
fn printed(token: &str) -> String {
    let answer = json!({"accessToken": token, "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4_070_908_800_i64,
        "subscription": SUBSCRIPTION, "tenant": TENANT, "tokenType": "Bearer"});
    format!("cat <<'END'\n{answer:#}\nEND")
}

#[tokio::test]
async fn the_azure_clis_login_is_used_and_asked_for_a_token_of_arm() {
    let azure = azure().await;
    let folder = tempfile::tempdir().unwrap();
    let path = cli(folder.path(), &printed("what-az-printed"));
    let told = run_with(&azure, &[path.clone(), ("AZURE_TENANT_ID", TENANT.to_owned())]).await;
    assert!(told.contains("credential: azureCli") && told.matches("read\n").count() == 2, "{told}");
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    let scope = format!("{}/.default", azure.emulator.url());
    assert_eq!(calls, format!("account get-access-token -o json --scope {scope} --tenant {TENANT}\n"), "once");
    assert_eq!(clients(&azure, ARM).await.len(), 2);

    // Logged in as somebody who may not: strict Azure knows no such token.
    azure.only(&[]).await;
    let told = run_with(&azure, &[path]).await;
    assert_eq!(
        told.matches("refused: Unauthenticated: ").count(),
        2,
        "the token that az printed is what ARM sees: {told}"
    );
    assert!(!told.contains("what-az-printed"), "{told}");
}

#[tokio::test]
async fn a_cli_that_has_no_token_is_told_with_what_to_do() {
    let azure = azure().await;
    let folder = tempfile::tempdir().unwrap();
    let named = || ("TEAL_AZURE_CREDENTIAL", "azureCli".to_owned());
    for (does, hint) in [
        ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", "log in with `az login`"),
        ("echo '{\"accessToken\": \"half\", \"tokenType\": \"Bearer\"}'", "Azure CLI 2.54.0 or newer"),
        ("echo 'no json, and a token-that-leaks'", "check the identity's settings"),
    ] {
        let told = run_with(&azure, &[cli(folder.path(), does), named()]).await;
        assert_eq!(told.matches("refused: NoToken: ").count(), 2, "{told}");
        assert!(told.contains(hint), "{hint}: {told}");
        assert!(!told.contains("half") && !told.contains("token-that-leaks"), "{told}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let told = run_with(&azure, &[("PATH", nowhere.path().display().to_string()), named()]).await;
    assert!(told.contains("refused: NoToken: ") && told.contains("az"), "{told}");
    assert_eq!(clients(&azure, ARM).await.len(), 0, "nothing is asked of ARM");
}
