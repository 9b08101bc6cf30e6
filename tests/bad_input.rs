//! What people get wrong gets one clear answer, and nothing is lost.

use anyhow::Result;
use kube::api::{Api, DynamicObject};
use serde_json::json;
use teal_testkit::git_server::{Access, Fault};

use crate::agent_world::{TWO_UNITS, World, config_map, eventually, is_there, many, ready};

fn has_value(value: &'static str) -> impl Fn(Option<&DynamicObject>) -> bool {
    move |found| found.is_some_and(|found| found.data["data"]["value"] == value)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_repository_and_wrong_credentials_are_told_and_the_last_commit_stays() -> Result<()> {
    let world = World::new("bad-source").await?;
    let first = world.commit(&[("all.yaml", &many("bad-source", 1))]).await?;
    world.synced(&first).await?;
    world.git.require(Access::Basic("teal".into(), "hunter2".into()));
    let told = world.refused("Unauthorized").await?;
    assert!(
        told.contains("401") && told.contains("no credentials were sent") && told.contains("stays in force"),
        "{told}"
    );
    world.delete("v1/ConfigMap", "bad-source", "a0").await?;
    world.object("v1/ConfigMap", ("bad-source", "a0"), "is put right from the last commit", is_there).await?;

    let secret = |password: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad-source", "namespace": "teal-system"},
               "stringData": {"username": "teal", "password": password}})
    };
    let _exists = world
        .create("test", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "teal-system"}}))
        .await;
    world.create("test", secret("wrong")).await?;
    world.declare(json!({"source": {"secretRef": {"name": "bad-source"}}})).await?;
    let told = eventually("the wrong password is told", async || {
        let told = world.refused("Unauthorized").await?;
        Ok(if told.contains("user name and password were sent") { Ok(told) } else { Err(told) })
    })
    .await?;
    assert!(!told.contains("wrong") && !told.contains("hunter2"), "{told}");
    // Put right in the Secret alone: nobody touches the Sync.
    world
        .change("test", "v1/Secret", ("teal-system", "bad-source"), json!({"stringData": {"password": "hunter2"}}))
        .await?;
    world.synced(&first).await?;

    world.git.fail(Fault::Status(503));
    let told = world.refused("Unavailable").await?;
    assert!(told.contains("503") && told.contains("stays in force"), "{told}");
    world.git.heal();
    world.synced(&first).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_deletes_nothing() -> Result<()> {
    let world = World::new("bad-empty").await?;
    let told = world.refused("EmptyRepository").await?;
    assert!(told.contains("push a first commit"), "{told}");
    let first = world.commit(&[("fleet/all.yaml", &many("bad-empty", 2)), ("README.md", "x")]).await?;
    world.declare(json!({"source": {"path": "fleet"}})).await?;
    world.synced(&first).await?;
    world.commit_changes(&[("fleet/all.yaml", None), ("fleet/README.md", Some("nothing here"))]).await?;
    let told = world.refused("UnitsFailed").await?;
    assert!(told.contains("no manifests"), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-empty", "a0").await?.is_some(), "an emptied folder deletes nothing");
    world.commit_changes(&[("fleet/README.md", None)]).await?;
    let told = world.refused("MissingPath").await?;
    assert!(told.contains("spec.source.path `fleet` does not exist"), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-empty", "a1").await?.is_some(), "a missing path deletes nothing");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g8_one_bad_unit_and_one_bad_object_stop_only_themselves() -> Result<()> {
    let world = World::new("bad-unit").await?;
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n bad indent: [\n";
    let wrong = "---\napiVersion: v1\nkind: Service\nmetadata: {name: wrong, namespace: bad-unit}\nspec: {ports: [{port: 99999}]}\n";
    let commit = world
        .commit(&[
            ("teal.yaml", TWO_UNITS),
            ("units/broken/x.yaml", broken),
            ("units/good/all.yaml", &many("bad-unit", 3)),
            ("units/mixed/all.yaml", &(config_map("bad-unit", "fine", "1") + wrong)),
        ])
        .await?;
    world.object("v1/ConfigMap", ("bad-unit", "a2"), "of the good unit is applied", is_there).await?;
    world.object("v1/ConfigMap", ("bad-unit", "fine"), "beside the wrong one is applied", is_there).await?;
    world
        .until("two of three units are not ready", |status| {
            ready(status).is_some_and(|(_, why, told)| why == "UnitsFailed" && told.contains("2 of 3 units"))
        })
        .await?;
    let broken = eventually("the broken unit tells the place", async || {
        let status = world.unit("units/broken").await?.and_then(|unit| unit.status).unwrap_or_default();
        Ok(status.problems.first().map(|problem| problem.message.clone()).ok_or(format!("{status:#?}")))
    })
    .await?;
    assert!(broken.contains("units/broken/x.yaml:5:"), "file, line, column: {broken}");
    let told = world.problem("units/mixed", "Invalid").await?;
    assert!(
        told.contains("Service bad-unit/wrong") && told.contains("port") && told.contains("units/mixed/all.yaml"),
        "{told}"
    );
    let good = world.unit("units/good").await?.unwrap().status.unwrap();
    assert_eq!(good.state, teal_api::unit::UnitState::Ready);
    assert_eq!(good.revision, Some(commit));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_teal_yaml_changes_nothing_and_names_every_mistake() -> Result<()> {
    let world = World::new("bad-fleet").await?;
    let first = world.commit(&[("teal.yaml", TWO_UNITS), ("units/a/all.yaml", &many("bad-fleet", 1))]).await?;
    world.synced(&first).await?;
    let two_mistakes = TWO_UNITS.replace("paths: [units/*]", "paths: [units/*], after: [nowhere]") + "  colours: {}\n";
    world.commit(&[("teal.yaml", &two_mistakes), ("units/a/all.yaml", &many("bad-fleet", 2))]).await?;
    let told = world.refused("InvalidFleet").await?;
    assert!(told.contains("teal.yaml:") && told.contains("nowhere") && told.contains("colours"), "{told}");
    assert!(told.contains(&format!("commit {} stays in force", &first[..12])), "{told}");
    assert!(world.get("v1/ConfigMap", "bad-fleet", "a1").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_is_named_and_one_served_later_is_applied_then() -> Result<()> {
    let world = World::new("bad-kind").await?;
    let late = "---\napiVersion: later.example/v1\nkind: Thing\nmetadata: {name: t, namespace: bad-kind}\n";
    let misspelt = "apiVersion: apps/v1\nkind: Deploymentt\nmetadata: {name: x, namespace: bad-kind}\n";
    let old = "---\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: x, namespace: bad-kind}\n";
    world
        .commit(&[
            ("teal.yaml", TWO_UNITS),
            ("units/late/all.yaml", &(many("bad-kind", 1) + late)),
            ("units/wrong/all.yaml", &(misspelt.to_owned() + old)),
        ])
        .await?;
    world.object("v1/ConfigMap", ("bad-kind", "a0"), "beside it is applied", is_there).await?;
    let told = world.problem("units/wrong", "UnknownKind").await?;
    assert!(
        told.contains("Deploymentt") && told.contains("check the spelling") || told.contains("is served at v1"),
        "{told}"
    );
    let told = world.problem("units/late", "UnknownKind").await?;
    assert!(told.contains("later.example/Thing") && told.contains("an operator must"), "{told}");
    world
        .create("operator", json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.later.example"},
            "spec": {"group": "later.example", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
                     "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
        }))
        .await?;
    world.object("later.example/v1/Thing", ("bad-kind", "t"), "is applied once it is served", is_there).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_field_and_a_conflict_are_told_by_field_and_owner() -> Result<()> {
    let world = World::new("bad-fields").await?;
    let map = |immutable: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: fixed, namespace: bad-fields}}\nimmutable: true\ndata: {{value: {immutable:?}}}\n"
        )
    };
    let first = world.commit(&[("a.yaml", &many("bad-fields", 1)), ("b.yaml", &map("1"))]).await?;
    world.synced(&first).await?;
    world.commit(&[("b.yaml", &map("2"))]).await?;
    let told = world.problem("", "Immutable").await?;
    assert!(
        told.contains("ConfigMap bad-fields/fixed") && told.contains("data") && told.contains("b.yaml:1"),
        "{told}"
    );
    assert!(!told.contains("\"2\""), "values stay out: {told}");
    // Deleted by hand, as the message says: made anew without anyone asking again.
    world.delete("v1/ConfigMap", "bad-fields", "fixed").await?;
    world.object("v1/ConfigMap", ("bad-fields", "fixed"), "is made anew", has_value("2")).await?;

    // An operator owns a field of an object that git begins to declare.
    world
        .create(
            "some-operator",
            json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": "bad-fields"}, "data": {"value": "theirs"}}),
        )
        .await?;
    world.commit(&[("c.yaml", &config_map("bad-fields", "theirs", "ours"))]).await?;
    let told = world.problem("", "Conflict").await?;
    assert!(told.contains(".data.value") && told.contains("some-operator"), "field and owner: {told}");
    let map = world.get("v1/ConfigMap", "bad-fields", "theirs").await?.unwrap();
    assert_eq!(map.data["data"]["value"], "theirs", "nothing is taken by force");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_does_not_answer_for_one_group_holds_nothing_else() -> Result<()> {
    let world = World::new("bad-group").await?;
    world
        .create("test", json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.down.example"},
            "spec": {"group": "down.example", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 10,
                     "service": {"namespace": "default", "name": "nobody"}}}))
        .await?;
    let unknown = "---\napiVersion: down.example/v1\nkind: Metric\nmetadata: {name: m, namespace: bad-group}\n";
    world
        .commit(&[
            ("teal.yaml", TWO_UNITS),
            ("units/good/a.yaml", &many("bad-group", 3)),
            ("units/down/b.yaml", unknown),
        ])
        .await?;
    world.object("v1/ConfigMap", ("bad-group", "a2"), "of another group is applied", is_there).await?;
    world.problem("units/down", "UnknownKind").await?;
    world.commit(&[("units/good/a.yaml", &many("bad-group", 2))]).await?;
    world.until("the next commit is worked on", |status| status.layers.iter().any(|layer| layer.objects == 4)).await?;
    world.worked_through().await?;
    assert!(world.get("v1/ConfigMap", "bad-group", "a2").await?.is_some(), "while a kind is unknown nothing is pruned");
    world.delete("apiregistration.k8s.io/v1/APIService", "", "v1.down.example").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_a_secret_shows_nowhere_whatever_goes_wrong_with_it() -> Result<()> {
    const CANARY: &str = "canary-3f9c1";
    let world = World::new("bad-secret").await?;
    let secret = |value: &str| {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: bad-secret}}\nimmutable: true\nstringData: {{token: {value}}}\n"
        )
    };
    let first = world.commit(&[("a.yaml", &(many("bad-secret", 1) + &secret("first")))]).await?;
    world.synced(&first).await?;
    // Immutable, not base64, not a string: each is refused by somebody else.
    let plain = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: t, namespace: bad-secret}}\ndata: {{token: \"{CANARY}!\"}}\n"
    );
    let typed = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: u, namespace: bad-secret}}\ntype: {{wrong: {CANARY}}}\n"
    );
    world.commit(&[("a.yaml", &(many("bad-secret", 1) + &secret(CANARY) + &plain + &typed))]).await?;
    let told = world.problem("", "Immutable").await?;
    assert!(told.contains("Secret bad-secret/s"), "{told}");
    let units = Api::<teal_api::unit::UnitObject>::all(world.client.clone()).list(&Default::default()).await?;
    let inventories =
        Api::<teal_api::inventory::InventoryObject>::all(world.client.clone()).list(&Default::default()).await?;
    let events =
        Api::<k8s_openapi::api::events::v1::Event>::all(world.client.clone()).list(&Default::default()).await?;
    let everything = serde_json::to_string(&(world.status().await?, units.items, inventories.items, events.items))?;
    let encoded = base64_of(CANARY);
    assert!(everything.contains("bad-secret"), "it was looked at");
    assert!(
        !everything.contains(CANARY) && !everything.contains(encoded.trim_end_matches('=')),
        "a Secret's value leaked"
    );
    Ok(())
}

fn base64_of(text: &str) -> String {
    let bytes = k8s_openapi::ByteString(text.as_bytes().to_vec());
    serde_json::to_value(bytes).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
