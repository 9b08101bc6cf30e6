//! G7 on a real API server: when a freeze reports active, no ordinary change is admitted any more; every exemption is by
//! identity; it is lifted in every path.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{Api, DeleteParams, EvictParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, Resource, ResourceExt};
use serde_json::{Value, json};
use teal_api::freeze::{FreezeObject, FreezeState, FreezeStatus};
use tokio::sync::{Mutex, MutexGuard};

use crate::agent_world::{World, config_map, eventually, namespace, plane};

/// There is one freeze a cluster: these tests take turns.
static TURN: Mutex<()> = Mutex::const_new(());

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: frozen}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
";

fn fleet(replicas: &str) -> String {
    [namespace("frozen"), DEPLOYMENT.replace("REPLICAS", replicas), config_map("frozen", "a", "1")].join("---\n")
}

/// A frozen-to-be cluster with an agent that realises freezes.
async fn frozen_world(name: &str) -> Result<(World, MutexGuard<'static, ()>)> {
    let turn = TURN.lock().await;
    let mut world = World::prepared(name).await?.freezing().await?;
    for user in ["alice", "bob", "carol"] {
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": format!("test-{user}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]});
        let api = world.api("rbac.authorization.k8s.io/v1/ClusterRoleBinding", "");
        api.patch(&format!("test-{user}"), &PatchParams::apply("test"), &Patch::Apply(&binding)).await?;
    }
    world.repo.commit(&[("all.yaml", Some(&fleet("1")))], "First")?;
    world.declare(json!({})).await?;
    world.start().await?;
    let commit = world.repo.head().context("there is a commit")?;
    world.synced(&commit).await?;
    Ok((world, turn))
}

async fn ask(world: &World, name: &str, lasts: Duration, exempt: &[&str]) -> Result<()> {
    let until = jiff::Timestamp::now().checked_add(jiff::SignedDuration::try_from(lasts)?)?;
    let freeze = json!({"apiVersion": "teal.dev/v1alpha1", "kind": "Freeze", "metadata": {"name": name},
        "spec": {"reason": "moving to green", "until": until.to_string(), "exempt": {"users": exempt}}});
    let api: Api<FreezeObject> = Api::all(world.client.clone());
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(&freeze)).await?;
    Ok(())
}

async fn reaches(world: &World, name: &str, state: FreezeState) -> Result<FreezeStatus> {
    let api: Api<FreezeObject> = Api::all(world.client.clone());
    eventually(&format!("the freeze is {state:?}"), async || {
        let status = api.get(name).await?.status.unwrap_or_default();
        Ok(if status.state == state { Ok(status) } else { Err(format!("{status:#?}")) })
    })
    .await
    .inspect(|status| {
        if status.state == FreezeState::Active {
            eprintln!("freeze {name} active after {} ms, {} probes", status.took_ms.unwrap_or_default(), status.probes);
        }
    })
}

async fn lift(world: &World, name: &str) -> Result<()> {
    let api: Api<FreezeObject> = Api::all(world.client.clone());
    let begun = Instant::now();
    api.delete(name, &DeleteParams::default()).await?;
    eventually("the freeze is gone", async || {
        Ok(if api.get_opt(name).await?.is_none() { Ok(()) } else { Err("still there".to_owned()) })
    })
    .await?;
    eprintln!("freeze lifted {:?} after its deletion", begun.elapsed());
    Ok(())
}

/// Where an object's last change stands in the API server's history.
fn version(object: &impl Resource) -> Option<u64> {
    object.meta().resource_version.as_deref()?.parse().ok()
}

fn web(client: &Client) -> Api<Deployment> {
    Api::namespaced(client.clone(), "frozen")
}

fn label(value: &str) -> Patch<Value> {
    Patch::Merge(json!({"metadata": {"labels": {"touched": value}}}))
}

/// The refusal's words, or nothing when it went through.
fn refusal<T>(outcome: kube::Result<T>) -> Result<Option<String>> {
    match outcome {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Some(status.message)),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_a_freeze_refuses_every_ordinary_change_and_lets_the_exempt_pass() -> Result<()> {
    let (world, _turn) = frozen_world("freeze-all").await?;
    let alice = plane().await?.client_as("alice", &["devs"]).await?;
    let params = PatchParams::default();
    assert_eq!(refusal(web(&alice).patch("web", &params, &label("before")).await)?, None, "not frozen yet");

    ask(&world, "move", Duration::from_secs(600), &["carol"]).await?;
    let status = reaches(&world, "move", FreezeState::Active).await?;
    assert!(status.probes >= 5 && status.enforced_by.is_some() && status.probed_at.is_some(), "{status:#?}");

    let pods: Api<Pod> = Api::namespaced(alice.clone(), "frozen");
    let pod = pods.list(&ListParams::default()).await?.items.pop().context("the Deployment has a Pod")?.name_any();
    let maps: Api<ConfigMap> = Api::namespaced(alice.clone(), "frozen");
    let namespaces: Api<Namespace> = Api::all(alice.clone());
    let one_more = Patch::Merge(json!({"spec": {"replicas": 2}}));
    let fresh = |name: &str| {
        serde_json::from_value(json!({"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "c"}]}}}}))
    };
    let gone = DeleteParams::default();
    for (what, outcome) in [
        ("edit", refusal(web(&alice).patch("web", &params, &label("now")).await)?),
        ("scale", refusal(web(&alice).patch_scale("web", &params, &one_more).await)?),
        ("create", refusal(web(&alice).create(&PostParams::default(), &fresh("more")?).await)?),
        ("delete", refusal(web(&alice).delete("web", &gone).await)?),
        ("delete all", refusal(web(&alice).delete_collection(&gone, &ListParams::default()).await)?),
        ("delete a Pod", refusal(pods.delete(&pod, &gone).await)?),
        ("evict a Pod", refusal(pods.evict(&pod, &EvictParams::default()).await)?),
        ("edit a kind the fleet declares", refusal(maps.patch("a", &params, &label("now")).await)?),
        ("delete the Namespace", refusal(namespaces.delete("frozen", &gone).await)?),
        (
            "make a Namespace",
            refusal(
                namespaces
                    .create(&PostParams::default(), &serde_json::from_value(json!({"metadata": {"name": "new"}}))?)
                    .await,
            )?,
        ),
    ] {
        let told = outcome.with_context(|| format!("{what} went through"))?;
        assert!(told.contains("frozen by Teal: moving to green, until 20"), "{what}: {told}");
    }

    let bob = plane().await?.client_as("bob", &["teal:break-glass"]).await?;
    assert_eq!(refusal(web(&bob).patch("web", &params, &label("bob")).await)?, None, "break-glass passes");
    let carol = plane().await?.client_as("carol", &[]).await?;
    assert_eq!(refusal(web(&carol).patch("web", &params, &label("carol")).await)?, None, "the exempt passes");
    // Teal applies, Kubernetes' controllers follow with ReplicaSets and Pods.
    let commit = world.commit(&[("all.yaml", &fleet("3"))]).await?;
    world.synced(&commit).await?;
    let ready = web(&alice).get("web").await?.status.and_then(|status| status.ready_replicas);
    assert_eq!(ready, Some(3), "agent and controllers pass");

    lift(&world, "move").await?;
    eventually("changes pass again", async || {
        Ok(refusal(web(&alice).patch("web", &params, &label("after")).await)?.map_or(Ok(()), Err))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_nothing_is_admitted_after_active_even_under_load() -> Result<()> {
    let (world, _turn) = frozen_world("freeze-load").await?;
    let (stop, last, sent) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut writers = Vec::new();
    for writer in 0..4 {
        let alice = plane().await?.client_as("alice", &["devs"]).await?;
        let (stop, last, sent) = (stop.clone(), last.clone(), sent.clone());
        writers.push(tokio::spawn(async move {
            let (mut admitted, mut round) = (0_u32, 0_u32);
            while !stop.load(Ordering::Relaxed) {
                round += 1;
                sent.fetch_add(1, Ordering::Relaxed);
                let patch = label(&format!("{writer}-{round}"));
                if let Ok(changed) = web(&alice).patch("web", &PatchParams::default(), &patch).await {
                    admitted += 1;
                    last.fetch_max(version(&changed).unwrap_or(u64::MAX), Ordering::Relaxed);
                }
            }
            (admitted, round)
        }));
    }
    eventually("changes flow", async || Ok(if last.load(Ordering::Relaxed) > 0 { Ok(()) } else { Err("none".into()) }))
        .await?;
    ask(&world, "load", Duration::from_secs(600), &[]).await?;
    let status = reaches(&world, "load", FreezeState::Active).await?;
    // The API server's own order of things: no clock of a machine that may stall at any time.
    let freeze = Api::<FreezeObject>::all(world.client.clone()).get("load").await?;
    let active = version(&freeze).context("the freeze has no version")?;
    let wanted = sent.load(Ordering::Relaxed) + 200;
    eventually("two hundred more changes are tried", async || {
        let now = sent.load(Ordering::Relaxed);
        Ok(if now >= wanted { Ok(()) } else { Err(format!("{now} of {wanted}")) })
    })
    .await?;
    stop.store(true, Ordering::Relaxed);
    let (mut admitted, mut tried) = (0, 0);
    for writer in writers {
        let (some, all) = writer.await?;
        (admitted, tried) = (admitted + some, tried + all);
    }
    let last = last.load(Ordering::Relaxed);
    eprintln!(
        "under load: active after {} ms; {admitted} of {tried} changes admitted, none after version {active}",
        status.took_ms.unwrap_or_default(),
    );
    assert!(admitted > 0 && tried > admitted, "the load was real");
    assert!(last <= active, "a change was admitted after the freeze was active: {last} after {active}");
    lift(&world, "load").await
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_a_freeze_is_lifted_in_every_path() -> Result<()> {
    let (mut world, _turn) = frozen_world("freeze-paths").await?;
    let alice = plane().await?.client_as("alice", &["devs"]).await?;
    let params = PatchParams::default();
    let passes = async |what: &str| {
        eventually(what, async || {
            Ok(refusal(web(&alice).patch("web", &PatchParams::default(), &label("x")).await)?.map_or(Ok(()), Err))
        })
        .await
    };
    // Its time ends.
    ask(&world, "short", Duration::from_secs(600), &[]).await?;
    reaches(&world, "short", FreezeState::Active).await?;
    assert!(refusal(web(&alice).patch("web", &params, &label("x")).await)?.is_some());
    // Only now it is made to end soon: however slow this machine is, it was seen to be active.
    ask(&world, "short", Duration::from_secs(3), &[]).await?;
    reaches(&world, "short", FreezeState::Lifted).await?;
    passes("after its time changes pass").await?;
    lift(&world, "short").await?;

    // The agent dies while frozen; the Freeze goes meanwhile; the next agent lifts.
    ask(&world, "orphan", Duration::from_secs(600), &[]).await?;
    let status = reaches(&world, "orphan", FreezeState::Active).await?;
    // The policy has stood for seconds now, so only the parameter and the proof take time.
    eprintln!("active after {} ms", status.took_ms.expect("an active freeze says how long it took"));
    world.stop().await?;
    assert!(refusal(web(&alice).patch("web", &params, &label("x")).await)?.is_some(), "a dead agent's freeze holds");
    Api::<FreezeObject>::all(world.client.clone()).delete("orphan", &DeleteParams::default()).await?;
    world.start().await?;
    passes("the next agent lifts what was let go of").await?;

    // A parameter that nobody asks for, as a crash between two steps could leave it.
    world.stop().await?;
    world.change("crash", "v1/ConfigMap", ("teal-system", "teal-freeze"), json!({"data": {"frozen": "true"}})).await?;
    eventually("it holds", async || {
        let outcome = refusal(web(&alice).patch("web", &PatchParams::default(), &label("x")).await)?;
        Ok(outcome.map(|_| ()).ok_or("admitted".to_owned()))
    })
    .await?;
    world.start().await?;
    passes("the next agent lifts what nobody asks for").await?;

    // The way out without any agent: the parameter goes.
    ask(&world, "gone", Duration::from_secs(600), &[]).await?;
    reaches(&world, "gone", FreezeState::Active).await?;
    world.stop().await?;
    world.delete("v1/ConfigMap", "teal-system", "teal-freeze").await?;
    passes("without its parameter nobody is refused").await?;
    world.start().await?;
    lift(&world, "gone").await
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_a_leak_is_noticed_told_and_closed() -> Result<()> {
    let (world, _turn) = frozen_world("freeze-leak").await?;
    ask(&world, "leak", Duration::from_secs(600), &[]).await?;
    reaches(&world, "leak", FreezeState::Active).await?;
    world
        .change("mallory", "v1/ConfigMap", ("teal-system", "teal-freeze"), json!({"data": {"frozen": "false"}}))
        .await?;
    eventually("the leak is told", async || {
        let events =
            Api::<k8s_openapi::api::events::v1::Event>::all(world.client.clone()).list(&ListParams::default()).await?;
        let told = events.items.iter().any(|event| event.reason.as_deref() == Some("FreezeLeaked"));
        Ok(if told { Ok(()) } else { Err("not yet".to_owned()) })
    })
    .await?;
    let alice = plane().await?.client_as("alice", &["devs"]).await?;
    eventually("it holds again", async || {
        let outcome = refusal(web(&alice).patch("web", &PatchParams::default(), &label("x")).await)?;
        Ok(outcome.map(|_| ()).ok_or("admitted".to_owned()))
    })
    .await?;
    lift(&world, "leak").await
}
