//! `teal` (also `kubectl-teal`): what is, why, and the verbs that change it.

mod checkout;
mod commands;
mod edit;
mod exit;
mod remote;
mod style;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use commands::get::Kind;
use commands::show::Output;
use commands::write::{Lane, Said};
use commands::{build, check, get, helm, retire, show, write};
use style::Style;
use teal_switcher_core::Verb;

/// Moves whole Kubernetes clusters from blue to green.
#[derive(Debug, Parser)]
#[command(name = "teal", version, after_help = exit::HELP)]
struct Args {
    /// A switcher's address, for status, plan, explain and history.
    #[arg(long, global = true, env = "TEAL_SWITCHER", default_value = "http://127.0.0.1:8080")]
    switcher: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One screen: which color is live, which should be, what is awaited (exit 1 unless all is as wanted).
    Status {
        /// Name of the Switch; all when left out.
        switch: Option<String>,
        /// Show every change until interrupted.
        #[arg(short, long)]
        watch: bool,
        /// text or json.
        #[arg(short, long, default_value = "text")]
        output: Output,
    },
    /// All steps with their times, before anything starts.
    Plan {
        /// Name of the Switch; all when left out.
        switch: Option<String>,
    },
    /// Why the last steps were taken, with evidence.
    Explain {
        /// Name of the Switch; all when left out.
        switch: Option<String>,
        /// How many steps.
        #[arg(long, default_value_t = 3)]
        steps: usize,
    },
    /// What happened, newest first.
    History {
        /// Name of the Switch; all when left out.
        switch: Option<String>,
        /// text or json.
        #[arg(short, long, default_value = "text")]
        output: Output,
    },
    /// What a cluster's agent says of its Syncs or Units (exit 1 unless all are Ready).
    Get {
        /// syncs or units.
        kind: Kind,
        /// Context of the kubeconfig; the current one when left out.
        #[arg(long)]
        context: Option<String>,
        /// Print the objects as JSON.
        #[arg(long)]
        json: bool,
    },
    /// What kustomize build prints, from a folder or a git revision; with --fleet every unit as an agent renders it
    /// (exit 1 when anything is wrong).
    Build(Box<build::Build>),
    /// Charts that a unit fetches.
    Helm {
        #[command(subcommand)]
        command: HelmCommand,
    },
    /// All mistakes of switch.yaml, colors.yaml, teal.yaml or unit.yaml (exit 1 when there are any).
    Check {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write the commit that names this color, and push it.
    Switch {
        /// The color that should be live.
        color: String,
        #[command(flatten)]
        commit: Commit,
    },
    /// Write the commit that tries a parked move again (raises `attempt`), and push it.
    Retry {
        /// Name of the Switch; the file's own when left out.
        switch: Option<String>,
        #[command(flatten)]
        commit: Commit,
    },
    /// Emergency lane: take the move back, also after it was finished. Needs no switcher and no git.
    Undo(Emergency),
    /// Emergency lane: stop the move; after the shift this takes it back.
    Abort(Emergency),
    /// Emergency lane: the kill switch; nothing is written until a commit changes this Switch.
    Hold {
        #[command(flatten)]
        lane: Lane,
        /// Why; everybody sees it.
        #[arg(long, required_unless_present = "end")]
        reason: Option<String>,
        /// Who; everybody sees it.
        #[arg(long, env = "USER", default_value = "operator")]
        actor: String,
        /// When it is to be confirmed by a commit; after that it still holds, and alerts.
        #[arg(long, default_value = "24h", value_parser = teal_api::duration::parse)]
        expires: std::time::Duration,
        /// End the hold instead.
        #[arg(long)]
        end: bool,
    },
    /// Emergency lane: take the record as someone else left it.
    Adopt(Emergency),
    /// Emergency lane: write the record as the ledger has it, over what someone else left.
    Reassert(Emergency),
    /// Go on with the next step of a gradual move, before its time or after a pause. Gates still decide.
    Promote(Emergency),
    /// End a color: prove that nothing needs it, stop its cluster, wait for screams, delete it. Run it again to go on.
    Retire(Box<retire::Retire>),
    /// The ledger itself.
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
}

#[derive(Debug, clap::Args)]
struct Emergency {
    #[command(flatten)]
    lane: Lane,
    #[command(flatten)]
    said: Said,
}

#[derive(Debug, clap::Args)]
struct Commit {
    /// The declaration, in a git checkout.
    #[arg(long, default_value = "switch.yaml")]
    file: PathBuf,
    /// Commit, and leave the push to you.
    #[arg(long)]
    no_push: bool,
}

#[derive(Debug, Subcommand)]
enum HelmCommand {
    /// Write helm.lock: version and digest of every chart that the unit fetches. Charts that need a Secret are not reached.
    Lock {
        /// Folder of the unit.
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// A host that charts may come from although its address is private; `http://host` without TLS.
        #[arg(long = "helm-host", value_name = "HOST")]
        hosts: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Print what the ledger says (exit 1 unless Steady).
    Show {
        #[command(flatten)]
        lane: Lane,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    match &args.command {
        // Reads files and prints; a run time for the network would only cost time.
        Command::Build(build) => ExitCode::from(build::run(build)),
        // Its requests block, which a run time does not allow.
        Command::Helm { command: HelmCommand::Lock { dir, hosts } } => match helm::lock(dir, hosts) {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                eprintln!("teal: {}", told(&error));
                exit::code(&error)
            }
        },
        _ => talk(args),
    }
}

/// Everything that asks somebody else.
#[tokio::main]
async fn talk(args: Args) -> ExitCode {
    teal_daemon::install_crypto_provider();
    let style = Style::of_this_terminal();
    match run(args, style).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("teal: {}", told(&error));
            exit::code(&error)
        }
    }
}

/// The chain without repetitions: a context often says what its source says.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for link in error.chain() {
        let link = link.to_string();
        if text.is_empty() {
            text = link;
        } else if !text.contains(&link) {
            text = format!("{text}: {link}");
        }
    }
    text
}

async fn run(args: Args, style: Style) -> Result<u8> {
    let url = args.switcher.as_str();
    match args.command {
        Command::Status { switch, watch, output } => show::status(url, switch.as_deref(), watch, output, style).await,
        Command::Plan { switch } => show::plan(url, switch.as_deref(), style).await,
        Command::Explain { switch, steps } => show::explain(url, switch.as_deref(), steps, style).await,
        Command::History { switch, output } => show::history(url, switch.as_deref(), output).await,
        Command::Get { kind, context, json } => get::get(kind, context, json).await,
        Command::Build(build) => Ok(build::run(&build)),
        Command::Helm { command: HelmCommand::Lock { dir, hosts } } => helm::lock(&dir, &hosts),
        Command::Check { files } => check::check(&files, style),
        Command::Switch { color, commit } => write::switch(&commit.file, &color, !commit.no_push),
        Command::Retry { switch, commit } => write::retry(switch.as_deref(), &commit.file, !commit.no_push),
        Command::Undo(order) => write::order(Verb::Undo, &order.lane, &order.said, style).await,
        Command::Abort(order) => write::order(Verb::Abort, &order.lane, &order.said, style).await,
        Command::Adopt(order) => write::order(Verb::Adopt, &order.lane, &order.said, style).await,
        Command::Reassert(order) => write::order(Verb::Reassert, &order.lane, &order.said, style).await,
        Command::Promote(order) => write::order(Verb::Promote, &order.lane, &order.said, style).await,
        Command::Hold { lane, end: true, .. } => write::release(&lane, style).await,
        Command::Hold { lane, reason, actor, expires, end: false } => {
            let said = Said { reason: reason.unwrap_or_default(), actor, expires, push: false };
            write::order(Verb::Hold, &lane, &said, style).await
        }
        Command::Retire(args) => retire::retire(&args, style).await,
        Command::Ledger { command: LedgerCommand::Show { lane } } => write::show(&lane, style).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_offered_can_be_typed() {
        for command in teal_switcher_core::step::TYPED {
            let typed = teal_switcher::status::typed(command, "contoso");
            // Where the operator's own Secrets are is an operator's setting, TEAL_SECRETS.
            let secrets = ["--secrets", "/x"].into_iter().filter(|_| {
                ["abort", "adopt", "hold", "promote", "reassert", "undo", "ledger"]
                    .iter()
                    .any(|verb| typed.contains(verb))
            });
            let words = typed.split(' ').chain(secrets);
            if let Err(error) = Args::try_parse_from(words) {
                panic!("{typed}: {error}");
            }
        }
    }
}
