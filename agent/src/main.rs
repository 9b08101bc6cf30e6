//! The agent's process: flags, log, admin server, Lease, then [`teal_agent::Agent`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use prometheus_client::registry::Registry;
use teal_agent::{Agent, AgentConfig, FreezeConfig, HelmConfig, Metrics};
use teal_api::names::TEAL_NAMESPACE;
use teal_daemon::{
    Admin, LeaseConfig, LogFormat, Readiness, hold_lease, init_log, install_crypto_provider, shutdown_on_signal,
};

/// Longest that a connection to the API server may say nothing. Above the 290 s after which a server ends a watch itself.
const SILENCE: Duration = Duration::from_secs(300);

/// Makes one cluster equal to git.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Args {
    /// Name of the Sync to follow; the only one there is when not given.
    #[arg(long, env = "TEAL_SYNC")]
    sync: Option<String>,
    /// Directory for the git store, on a volume with a size limit.
    #[arg(long, env = "TEAL_STORE", default_value = "/var/lib/teal")]
    store: PathBuf,
    /// Address of /livez, /readyz and /metrics.
    #[arg(long, env = "TEAL_LISTEN", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,
    /// Namespace of Teal: its Lease, the Secrets that the Sync names, the freeze's parameter.
    #[arg(long, env = "POD_NAMESPACE", default_value = TEAL_NAMESPACE)]
    namespace: String,
    /// Name of this process in the Lease and in Events.
    #[arg(long, env = "POD_NAME")]
    instance: Option<String>,
    /// User names that pass every freeze besides the agent's own, such as the switcher's service account.
    #[arg(long = "freeze-exempt-user", env = "TEAL_FREEZE_EXEMPT_USERS", value_delimiter = ',',
          default_values_t = ["system:serviceaccount:teal-system:teal-switcher".to_owned()])]
    freeze_exempt_users: Vec<String>,
    /// The helm program that charts are rendered with; without it, units that are charts fail and say so.
    #[arg(long, env = "TEAL_HELM")]
    helm: Option<PathBuf>,
    /// A folder in memory where helm runs.
    #[arg(long, env = "TEAL_HELM_SCRATCH", default_value = "/dev/shm")]
    helm_scratch: PathBuf,
    /// How log lines look.
    #[arg(long, env = "TEAL_LOG_FORMAT", default_value = "json")]
    log_format: LogFormat,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    install_crypto_provider();
    init_log(args.log_format);
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "Agent ended");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "Agent starts");
    let shutdown = shutdown_on_signal().context("listen for signals")?;
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    // Whoever waits for the Lease is ready as well: a rollout would else wait for the process that it is to replace.
    let readiness = Readiness::new(&["client"]);
    let admin = Admin::bind(args.listen).await?;
    tracing::info!(address = %admin.address(), "Admin server listens");
    tokio::spawn(admin.serve(readiness.clone(), Arc::new(registry), axum::Router::new(), shutdown.clone()));

    // 429 is answered by the agent's own limiter, which also slows down what it has not sent yet.
    let mut kube = kube::Config::infer().await.context("find the cluster")?;
    kube.default_retry = false;
    // An answer that never comes ends as an error: the loop waits for each, and without this for ever.
    (kube.read_timeout, kube.reset_reader_on_write) = (Some(SILENCE), true);
    let client = kube::Client::try_from(kube.clone()).context("make a client")?;
    readiness.done("client");
    let instance = args.instance.unwrap_or_else(|| format!("teal-agent-{}", std::process::id()));
    let config = AgentConfig {
        sync: args.sync,
        namespace: args.namespace.clone(),
        instance: Some(instance.clone()),
        helm: HelmConfig { program: args.helm, scratch: args.helm_scratch },
        freeze: Some(FreezeConfig {
            users: args.freeze_exempt_users,
            connections: Some(Box::new(kube)),
            ..FreezeConfig::default()
        }),
        ..AgentConfig::new(args.store)
    };
    let lease = LeaseConfig::new(args.namespace, "teal-agent", instance);
    let work = |held| Agent::run_with(config, client.clone(), metrics, held);
    match hold_lease(client.clone(), lease, shutdown, work).await? {
        Some(done) => done.context("sync"),
        None => Ok(()),
    }
}
