//! Two control planes for all tests of this process, and the one run time they live in.

use std::future::Future;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{CustomResourceExt, ResourceExt};
use teal_api::freeze::FreezeObject;
use teal_api::inventory::InventoryObject;
use teal_api::sync::SyncObject;
use teal_api::unit::UnitObject;
use teal_testkit::control_plane::ControlPlane;
use tokio::runtime::Runtime;
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Blue and green.
pub(crate) struct Pair {
    pub(crate) blue: ControlPlane,
    pub(crate) green: ControlPlane,
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static PAIR: OnceCell<RwLock<Pair>> = OnceCell::const_new();

/// Runs a test in the run time that outlives every test: the control planes' own tasks live in it.
pub(crate) fn run(test: impl Future<Output = Result<()>>) -> Result<()> {
    teal_daemon::install_crypto_provider();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().expect("a run time")
    });
    runtime.block_on(test)
}

/// Both clusters, to be worked with as they are.
pub(crate) async fn pair() -> Result<RwLockReadGuard<'static, Pair>> {
    Ok(PAIR.get_or_try_init(start).await?.read().await)
}

/// Both clusters alone, to be broken and put right again.
pub(crate) async fn pair_alone() -> Result<RwLockWriteGuard<'static, Pair>> {
    Ok(PAIR.get_or_try_init(start).await?.write().await)
}

async fn start() -> Result<RwLock<Pair>> {
    let (blue, green) = tokio::try_join!(ControlPlane::start("switch-blue"), ControlPlane::start("switch-green"))?;
    tokio::try_join!(install(&blue), install(&green))?;
    Ok(RwLock::new(Pair { blue, green }))
}

async fn install(cluster: &ControlPlane) -> Result<()> {
    let api = Api::<CustomResourceDefinition>::all(cluster.client().await?);
    for crd in [SyncObject::crd(), UnitObject::crd(), InventoryObject::crd(), FreezeObject::crd()] {
        let params = PatchParams::apply("teal-tests").force();
        api.patch(&crd.name_any(), &params, &Patch::Apply(&crd)).await.context("install a CRD")?;
        await_condition(api.clone(), &crd.name_any(), conditions::is_crd_established()).await?;
    }
    Ok(())
}
