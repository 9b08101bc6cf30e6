//! Two control planes for all tests of this process, and the one run time they live in.

use std::future::Future;
use std::sync::OnceLock;

use anyhow::Result;
use teal_testkit::control_plane::ControlPlane;
use teal_testkit::install::install_kinds;
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
    let (at_blue, at_green) = (blue.client().await?, green.client().await?);
    tokio::try_join!(install_kinds(&at_blue), install_kinds(&at_green))?;
    Ok(RwLock::new(Pair { blue, green }))
}
