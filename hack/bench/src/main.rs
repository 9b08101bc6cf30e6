//! `cargo xtask bench`: what Teal costs, beside yardsticks of the same run.

mod fleet;
mod process;
mod server;
mod sync;
mod table;
mod yardstick;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The agent beside kubectl and a bare loop, over a synthetic fleet.
    Sync {
        /// Units.
        #[arg(default_value_t = 20)]
        apps: usize,
        /// Objects a unit.
        #[arg(default_value_t = 50)]
        per: usize,
    },
    /// Runs an agent; the benchmark starts itself like this.
    #[command(hide = true)]
    Agent { kubeconfig: PathBuf, sync: String, store: PathBuf },
}

#[tokio::main]
async fn main() -> Result<()> {
    teal_daemon::install_crypto_provider();
    match Arguments::parse().what {
        What::Sync { apps, per } => {
            let lines = sync::run(apps, per).await?;
            println!("{}", table::markdown(apps, per, &lines));
        }
        What::Agent { kubeconfig, sync, store } => process::run_agent(&kubeconfig, &sync, &store).await?,
    }
    Ok(())
}
