//! `azure-emulator`: flags in, the library's [`Emulator`] out.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result};
use azure_emulator::{Emulator, Options};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// An Azure on this machine: ARM, identity, DNS, Traffic Manager, Front Door.
#[derive(Debug, Parser)]
#[command(
    name = "azure-emulator",
    version,
    after_help = "Says on one line where it listens once it does. Ends on SIGTERM and SIGINT with 0; exits with 1 when it cannot start."
)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// What is logged to stderr, such as `info` or `azure_emulator=debug`.
    #[arg(long, default_value = "warn")]
    log: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("azure-emulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&args.log).with_context(|| format!("--log {}", args.log))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Before the first word, so that no signal is lost between it and the wait.
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut options = args.options;
    let free = SocketAddr::new(options.listen.ip(), 0);
    options.front_door.get_or_insert(free);
    options.front_door_tls.get_or_insert(free);
    let running = Emulator::start(options).await?;
    println!("{}", running.describe());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await
}
