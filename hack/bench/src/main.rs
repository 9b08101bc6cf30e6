//! `cargo xtask bench`: what Teal costs, beside yardsticks of the same run.

mod fleet;
mod page;
mod process;
mod render;
mod server;
mod switch;
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
    /// The agent's time and memory over a fleet of your own, such as one with megabytes of CRDs.
    Fleet {
        /// Folder that holds teal.yaml.
        folder: PathBuf,
        /// Color to render for.
        #[arg(long, default_value = "blue")]
        color: String,
    },
    /// `teal build` beside `kustomize build`: time, memory, growth.
    Render {
        /// The measured program; the one built beside this one when left out.
        #[arg(long)]
        teal: Option<PathBuf>,
        /// The yardstick.
        #[arg(long)]
        kustomize: PathBuf,
        /// Most objects that the yardstick gets; it needs minutes beyond this.
        #[arg(long, default_value_t = 5_000)]
        kustomize_up_to: usize,
        /// Turns.
        #[arg(long, default_value_t = 3)]
        turns: usize,
        /// Put the table into the rendering section of this page.
        #[arg(long)]
        write: Option<PathBuf>,
        /// Numbers of objects.
        #[arg(default_values_t = [500, 1_000, 2_000, 5_000, 10_000])]
        sizes: Vec<usize>,
    },
    /// Switches in the DNS topology, on Azure's emulator: what they ask of it, how long a way back is written, and what
    /// clients notice.
    Switch {
        /// Requests that each kind of client sends at least, while traffic moves to and fro.
        #[arg(long, default_value_t = 2_000)]
        requests: u64,
        /// Clients of each kind, each with a cache of its own.
        #[arg(long, default_value_t = 16)]
        clients: usize,
        /// How long a client that ignores the TTL keeps an answer, such as 5s.
        #[arg(long, default_value = "5s", value_parser = teal_api::duration::parse)]
        keep: std::time::Duration,
        /// Ways back whose writing is measured.
        #[arg(long, default_value_t = 200)]
        writes: usize,
        /// Put the tables into the switching section of this page.
        #[arg(long)]
        write: Option<PathBuf>,
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
            println!("{}", table::markdown(&format!("{apps} units of {per} objects"), Some(apps * per), &lines));
        }
        What::Fleet { folder, color } => {
            let lines = sync::fleet(&folder, &color).await?;
            println!("{}", table::markdown(&format!("{} as {color}", folder.display()), None, &lines));
        }
        What::Render { teal, kustomize, kustomize_up_to, turns, write, sizes } => {
            let teal = match teal {
                Some(teal) => teal.canonicalize()?,
                None => std::env::current_exe()?.with_file_name("teal"),
            };
            let kustomize = kustomize.canonicalize()?;
            let section = render::run(&render::Plan { teal, kustomize, kustomize_up_to, turns, sizes })?;
            println!("{section}");
            if let Some(page) = write {
                page::put(&page, render::HEADING, &section)?;
            }
        }
        What::Switch { requests, clients, keep, writes, write } => {
            let section = switch::run(&switch::Plan { requests, clients, keep, writes }).await?;
            println!("{section}");
            if let Some(page) = write {
                page::put(&page, switch::HEADING, &section)?;
            }
        }
        What::Agent { kubeconfig, sync, store } => process::run_agent(&kubeconfig, &sync, &store).await?,
    }
    Ok(())
}
