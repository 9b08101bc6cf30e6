//! Encrypted files and values of the cluster on a real control plane: they converge, follow their keys and sources, render
//! no more than they must, and show nowhere (G9).

use anyhow::Result;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use teal_api::inventory::InventoryObject;
use teal_api::unit::UnitObject;

use crate::agent_world::{World, eventually};
use crate::listening::{Listening, leaked};

macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!("../crates/sops/tests/fixtures/", $path))
    };
}

/// Where Teal's own objects are.
const OWN: &str = "teal-system";
/// Texts that are secret, and how they look in a Secret's data.
const CANARIES: [&str; 5] =
    ["correct-horse-battery", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "hunter2", "canary-token", "Y2FuYXJ5LXRva2Vu"];

const FLEET: &str = "
apiVersion: teal.dev/v1alpha1
kind: Fleet
metadata: {name: secrets}
spec:
  layers: [{name: all, paths: [units/*]}]
  substitute: {DOMAIN: contoso.example}
  substituteFrom:
  - {kind: ConfigMap, name: secrets-facts}
  - {kind: Secret, name: secrets-tokens}
";
const APP: &str = "
namespace: secrets
resources: [namespace.yaml, secret.yaml, map.yaml]
patches: [{path: patch.yaml}]
secretGenerator: [{name: env, envs: [app.env], options: {disableNameSuffixHash: true}}]
";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: secrets}\n";

fn map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: secrets}}\ndata: {{value: '{value}'}}\n"
    )
}

/// Writes an object of the cluster's owner.
async fn put(world: &World, object: Value) -> Result<()> {
    let kind = format!("v1/{}", object["kind"].as_str().unwrap_or_default());
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let namespace = if kind == "v1/Namespace" { "" } else { OWN };
    let params = PatchParams::apply("owner").force();
    world.api(&kind, namespace).patch(&name, &params, &Patch::Apply(&object)).await?;
    Ok(())
}

async fn put_map(world: &World, region: &str) -> Result<()> {
    put(world, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "secrets-facts"}, "data": {"REGION": region}})).await
}

async fn put_secret(world: &World, name: &str, key: &str, text: &str) -> Result<()> {
    put(world, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: text}}))
        .await
}

fn value_is(expected: &str) -> impl Fn(Option<&DynamicObject>) -> bool {
    move |found| found.is_some_and(|found| found.data["data"]["value"] == expected)
}

fn data_is(key: &'static str, base64: &'static str) -> impl Fn(Option<&DynamicObject>) -> bool {
    move |found| found.is_some_and(|found| found.data["data"][key] == base64)
}

/// Everything that anybody could look at.
async fn everything(world: &World, log: &Listening) -> Result<String> {
    let units = Api::<UnitObject>::all(world.client.clone()).list(&Default::default()).await?;
    let inventories = Api::<InventoryObject>::all(world.client.clone()).list(&Default::default()).await?;
    let events =
        Api::<k8s_openapi::api::events::v1::Event>::all(world.client.clone()).list(&Default::default()).await?;
    let objects = serde_json::to_string(&(world.status().await?, units.items, inventories.items, events.items))?;
    Ok(objects + &world.scraped()? + &log.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_what_is_encrypted_or_comes_from_a_secret_converges_and_shows_nowhere() -> Result<()> {
    let mut world = World::prepared("secrets").await?;
    let log = Listening::begin();
    put(&world, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})).await?;
    put_secret(&world, "secrets-keys", "first.agekey", fixture!("test-only.agekey")).await?;
    put_secret(&world, "secrets-tokens", "TOKEN", "canary-token-1").await?;
    put_map(&world, "west").await?;
    world.declare(json!({"decryption": {"provider": "sops", "secretRef": {"name": "secrets-keys"}}})).await?;
    let files = [
        ("teal.yaml", FLEET),
        ("units/app/kustomization.yaml", APP),
        ("units/app/namespace.yaml", NAMESPACE),
        ("units/app/secret.yaml", fixture!("encrypted/secret.yaml")),
        ("units/app/map.yaml", &map("web", "plain").replace(", namespace: secrets", "")),
        ("units/app/patch.yaml", fixture!("encrypted/patch.yaml")),
        ("units/app/app.env", fixture!("encrypted/app.env")),
        ("units/region/map.yaml", &map("region", "in ${REGION}")),
        ("units/token/map.yaml", &map("token", "by ${TOKEN}")),
        ("units/still/map.yaml", &map("still", "the same")),
    ];
    world.repo.commit(&files.map(|(path, text)| (path, Some(text))), "First")?;
    world.start().await?;
    let first = world.repo.head().unwrap_or_default();
    let before = world.synced(&first).await?;
    let database = ("secrets", "database");
    world.object("v1/Secret", database, "is decrypted", data_is("password", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5")).await?;
    // postgres://shop:contoso.example
    let url = data_is("url", "cG9zdGdyZXM6Ly9zaG9wOmNvbnRvc28uZXhhbXBsZQ==");
    world.object("v1/Secret", database, "is substituted as well", url).await?;
    world.object("v1/Secret", ("secrets", "env"), "is generated", data_is("TOKEN", "aHVudGVyMg==")).await?;
    world.object("v1/ConfigMap", ("secrets", "region"), "has the region", value_is("in west")).await?;
    world.object("v1/ConfigMap", ("secrets", "token"), "has the token", value_is("by canary-token-1")).await?;
    assert_eq!(world.metrics.units_rendered.get(), 4, "each once");

    // Sources are watched, and only who uses them is rendered again.
    put_map(&world, "east").await?;
    world.object("v1/ConfigMap", ("secrets", "region"), "follows the ConfigMap", value_is("in east")).await?;
    put_secret(&world, "secrets-tokens", "TOKEN", "canary-token-2").await?;
    world.object("v1/ConfigMap", ("secrets", "token"), "follows the Secret", value_is("by canary-token-2")).await?;
    assert_eq!(world.metrics.units_rendered.get(), 6, "one unit for each");
    let other = before.fleet_digest.clone();
    world.until("another region is another fleet (SYNC §9)", |status| status.fleet_digest != other).await?;

    // Another key opens nothing; what is there stays. The right one puts it right, without a commit.
    put_secret(&world, "secrets-keys", "first.agekey", fixture!("test-only-second.agekey")).await?;
    let told = world.problem("units/app", "SopsNoKey").await?;
    assert!(told.contains("units/app/") && told.contains("age1"), "{told}");
    // Told of the Sync as well, which comes after: what is awaited below is not how it was before.
    world.refused("UnitsFailed").await?;
    assert!(world.get("v1/Secret", "secrets", "database").await?.is_some());
    put_secret(&world, "secrets-keys", "first.agekey", fixture!("test-only.agekey")).await?;
    world.synced(&first).await?;
    assert_eq!(world.metrics.units_rendered.get(), 8, "the unit with encrypted files, twice");

    // A file that somebody changed without the key, one that stays encrypted, and a value that the server refuses.
    let changed = fixture!("encrypted/secret.yaml").replace("name: database", "name: other");
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: secrets}\nspec: {type: '${TOKEN}', ports: [{port: 80}]}\n";
    let still = "apiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: secrets}\nstringData: {a: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'}\n";
    world
        .commit(&[
            ("units/app/secret.yaml", &changed),
            ("units/still/secret.yaml", still),
            ("units/token/service.yaml", service),
        ])
        .await?;
    let told = world.problem("units/app", "SopsMac").await?;
    assert!(told.contains("units/app/secret.yaml"), "{told}");
    let told = world.problem("units/still", "StillEncrypted").await?;
    assert!(told.contains("units/still/secret.yaml:1") && told.contains("`stringData.a`"), "{told}");
    let told = world.problem("units/token", "Invalid").await?;
    assert!(told.contains("spec.type"), "{told}");

    let shown = everything(&world, &log).await?;
    assert!(shown.contains("units/app") && log.text().contains("Revision rendered"), "it was looked at");
    let leaked = leaked(&shown, &CANARIES);
    let lines = shown.lines().filter(|line| leaked.iter().any(|canary| line.contains(canary)));
    assert!(leaked.is_empty(), "leaked: {leaked:?} in\n{}", lines.take(5).collect::<Vec<_>>().join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_there_stops_only_who_could_need_it_until_it_comes() -> Result<()> {
    let world = World::new("secrets-late").await?;
    put(&world, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})).await?;
    let fleet = FLEET.replace("secrets-facts", "secrets-late").replace(
        "  - {kind: Secret, name: secrets-tokens}\n",
        "  - {kind: ConfigMap, name: x, namespace: kube-system}\n",
    );
    let namespace = NAMESPACE.replace("name: secrets", "name: secrets-late");
    let of = |name: &str, value: &str| map(name, value).replace("namespace: secrets", "namespace: secrets-late");
    world
        .commit(&[
            ("teal.yaml", &fleet),
            ("units/a/all.yaml", &(namespace + "---\n" + &of("plain", "fine"))),
            ("units/b/all.yaml", &of("region", "${REGION}")),
        ])
        .await?;
    let told = world.problem("units/b", "SubstituteMissing").await?;
    assert!(told.contains("units/b/all.yaml") && told.contains("ConfigMap secrets-late"), "{told}");
    assert!(told.contains("kube-system/x") && told.contains("spec.substituteNamespaces"), "{told}");
    world.object("v1/ConfigMap", ("secrets-late", "plain"), "is applied all the same", |found| found.is_some()).await?;
    // It comes, and the Sync allows the other namespace.
    let late = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "secrets-late"}, "data": {"REGION": "late"}});
    put(&world, late).await?;
    world
        .create(
            "owner",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "kube-system"}}),
        )
        .await?;
    world.declare(json!({"substituteNamespaces": ["kube-system"]})).await?;
    world.object("v1/ConfigMap", ("secrets-late", "region"), "is applied now", value_is("late")).await?;
    // A key that holds nothing else is never given away.
    let greedy =
        fleet.replace("{kind: ConfigMap, name: x, namespace: kube-system}", "{kind: Secret, name: secrets-late-git}");
    world.declare(json!({"parityKeyRef": null, "decryption": {"secretRef": {"name": "secrets-late-git"}}})).await?;
    world.commit(&[("teal.yaml", &greedy), ("units/b/all.yaml", &of("region", "${AGE}"))]).await?;
    eventually("Teal's own keys are refused", async || {
        let told = world.problem("units/b", "SubstituteMissing").await?;
        Ok(if told.contains("Teal's own keys") { Ok(()) } else { Err(told) })
    })
    .await?;
    assert_eq!(
        world.get("v1/ConfigMap", "secrets-late", "region").await?.map(|found| found.name_any()),
        Some("region".into())
    );
    Ok(())
}
