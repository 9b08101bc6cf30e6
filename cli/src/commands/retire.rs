//! `teal retire COLOR`: guard, point of no return, stop, scream time, guard again, delete.

mod words;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use teal_api::colors::Colors;
use teal_retire::{Access, Consent, End, Event, RetireError, Retirement, Sources, documents};
use teal_switcher::azure::Azure;
use teal_switcher::secrets::Secrets;
use teal_switcher_core::retire::{Act, Finding};

use super::show::Output;
use crate::exit::{FINE, NOT_SO, REFUSED, Refused, Unreachable};
use crate::style::Style;
use words::{at, farewell, screen, shown};

/// Ends a color, with the credentials of whoever runs this.
#[derive(Debug, clap::Args)]
pub(crate) struct Retire {
    /// The color whose cluster goes.
    color: String,
    /// The declaration of the colors.
    #[arg(long, default_value = "colors.yaml")]
    colors: PathBuf,
    /// A folder with Switches, or one's file; may be repeated. The folder of --colors when left out.
    #[arg(long = "switches", value_name = "PATH")]
    switches: Vec<PathBuf>,
    /// The branch that the switchers follow, asked what it wants before each step (REMOTE/NAME where there are several
    /// remotes); the one that the checked out branch follows when left out.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Ask no remote what git wants now: you vouch that the files here are what is pushed.
    #[arg(long, conflicts_with = "branch")]
    no_fetch: bool,
    /// Folder with the Secrets of ledgers that are sealed: <folder>/<secret>/secret and <folder>/<secret>/ledger.
    #[arg(long, env = "TEAL_SECRETS", default_value = ".")]
    secrets: PathBuf,
    /// Who; everybody sees it.
    #[arg(long, env = "USER", default_value = "operator")]
    actor: String,
    /// Show guard and steps, and change nothing (exit 1 when something refuses).
    #[arg(long, visible_alias = "plan")]
    dry_run: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Wait through the scream time, too.
    #[arg(long)]
    wait: bool,
    /// Someone has screamed: start the cluster again and end the retirement. Too late once its deletion has begun.
    #[arg(long, conflicts_with_all = ["dry_run", "wait"])]
    revive: bool,
    /// text or json.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

/// 0 when the color is gone (or revived), 1 while it screams, or a pipeline or a question has its turn, 4 when something
/// refuses.
pub(crate) async fn retire(args: &Retire, style: Style) -> Result<u8> {
    let retirement = args.prepare()?;
    let text = args.output == Output::Text;
    if args.revive {
        confirm(args, &format!("starts {} again and ends its retirement", args.color))?;
        let mut events = Vec::new();
        let end = retirement.revive(&mut |event| told(&event, text, style, &mut events)).await.map_err(marked)?;
        return Ok(args.ended(&retirement, &end, &events, &[], style));
    }
    let look = retirement.look().await;
    if text {
        print!("{}", screen(&retirement, &look, style));
    }
    if args.dry_run {
        if !text {
            println!("{}", serde_json::to_string_pretty(&shown(&retirement, &look))?);
        }
        return Ok(if refuses(&look.act) { NOT_SO } else { FINE });
    }
    let mut events = Vec::new();
    // What was looked at is what is agreed to: nothing is looked at again where nothing was asked.
    let end = match &look.act {
        Act::Refuse => End::Refused { findings: look.findings.clone() },
        Act::Done => End::Done,
        Act::Wait { until_ms } if !args.wait => End::Screams { until_ms: *until_ms },
        act => {
            let consent = consent(act, args.yes, args.wait);
            confirm(args, &meaning(act, consent, retirement.cluster()))?;
            let mut tell = |event| told(&event, text, style, &mut events);
            retirement.run(args.wait, consent, &mut tell).await.map_err(marked)?
        }
    };
    Ok(args.ended(&retirement, &end, &events, &look.findings, style))
}

impl Retire {
    fn prepare(&self) -> Result<Retirement> {
        let text = std::fs::read_to_string(&self.colors)
            .with_context(|| format!("{} can't be read; name it with --colors", self.colors.display()))?;
        let colors = Colors::parse(&self.colors.display().to_string(), &text)?;
        let folder = self.colors.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let places = if self.switches.is_empty() { vec![folder.to_owned()] } else { self.switches.clone() };
        let git = (!self.no_fetch).then(|| Sources {
            colors: self.colors.clone(),
            places: places.clone(),
            branch: self.branch.clone(),
        });
        let access = Access {
            secrets: Secrets::new(&self.secrets),
            azure: Azure::default(),
            client_id: teal_retire::environment("AZURE_CLIENT_ID"),
            by: self.actor.clone(),
            git,
        };
        Ok(Retirement::new(&colors, &self.color, documents::switches(&places)?, access)?)
    }

    /// `shown`: the findings that are on the screen already.
    fn ended(&self, of: &Retirement, end: &End, events: &[Event], shown: &[Finding], style: Style) -> u8 {
        if self.output == Output::Json {
            let mut value = serde_json::to_value(end).unwrap_or(Value::Null);
            value["color"] = json!(self.color);
            value["cluster"] = json!(of.cluster());
            value["events"] = serde_json::to_value(events).unwrap_or(Value::Null);
            println!("{value:#}");
        } else {
            print!("{}", farewell(&self.color, end, events.is_empty(), shown, style));
        }
        match end {
            End::Done | End::Revived => FINE,
            End::Screams { .. } | End::YourTurn { .. } | End::Unconfirmed { .. } => NOT_SO,
            End::Refused { .. } => REFUSED,
        }
    }
}

/// Marks an error with its exit code.
fn marked(error: RetireError) -> anyhow::Error {
    let (told, away, refused) = (error.to_string(), error.away(), error.refused());
    let error = anyhow::Error::new(error);
    match (away, refused) {
        (true, _) => error.context(Unreachable(told)),
        (_, true) => error.context(Refused(told)),
        _ => error,
    }
}

/// Does nothing go on here until someone has looked?
fn refuses(act: &Act) -> bool {
    matches!(act, Act::Refuse | Act::Reopen(_))
}

/// How far the answer to one question reaches: what it names, and nothing beyond.
fn consent(act: &Act, yes: bool, wait: bool) -> Consent {
    match act {
        Act::Condemn(_) | Act::Delete => Consent::Delete,
        _ if yes || wait => Consent::Delete,
        Act::Enter(_) => Consent::NoWayBack,
        _ => Consent::GoOn,
    }
}

fn confirm(args: &Retire, what: &str) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    let mut answer = String::new();
    if std::io::stdin().is_terminal() {
        eprint!("This {what}. Type `{}` to go on: ", args.color);
        std::io::stderr().flush().ok();
        std::io::stdin().lock().read_line(&mut answer)?;
    }
    if answer.trim() != args.color {
        bail!("nothing was done: this {what}; say --yes where nobody can be asked");
    }
    Ok(())
}

/// What is asked. It names the deletion whenever `consent` reaches there.
fn meaning(act: &Act, consent: Consent, cluster: &str) -> String {
    let begins = match act {
        Act::Condemn(_) | Act::Delete => return format!("deletes {cluster}, for ever"),
        Act::Enter(names) => {
            format!(
                "is the point of no return for {}: `undo` refuses after it, and {cluster} is stopped",
                names.join(", ")
            )
        }
        Act::Reopen(_) => format!("notes that {cluster} was started again, and refuses"),
        _ => format!("goes on with the retirement of {cluster}"),
    };
    if consent < Consent::Delete { begins } else { format!("{begins}; after the scream time it is deleted, for ever") }
}

fn told(event: &Event, text: bool, style: Style, events: &mut Vec<Event>) {
    events.push(event.clone());
    if !text {
        return;
    }
    let (done, words) = match event {
        Event::NoWayBack { switch } => (true, format!("{switch}: no way back any more")),
        Event::Stopping => (false, "the cluster is asked to stop".to_owned()),
        Event::Stopped { switch, until_ms } => {
            (true, format!("{switch}: stopped; scream time until {}", at(*until_ms)))
        }
        Event::Reopened { switch } => (true, format!("{switch}: the stop before does not count any more")),
        Event::Proved { switch } => (true, format!("{switch}: drained, proved anew")),
        Event::Condemned { switch } => (true, format!("{switch}: the cluster is about to be deleted")),
        Event::Deleting => (false, "the cluster is asked to go".to_owned()),
        Event::Starting => (false, "the cluster is asked to start".to_owned()),
        Event::Awaiting => (false, "an operation is at work on the cluster; waiting for its end".to_owned()),
        Event::Steady { switch } => (true, format!("{switch}: Steady")),
    };
    println!("{} {words}", if done { style.good("✔") } else { style.busy("…") });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_as_far_as_its_question_and_a_deletion_is_always_named() {
        let names = || vec!["contoso".to_owned()];
        for (act, yes, wait, want) in [
            (Act::Enter(names()), false, false, Consent::NoWayBack),
            (Act::Enter(names()), false, true, Consent::Delete),
            (Act::Enter(names()), true, false, Consent::Delete),
            (Act::Prove(names()), false, false, Consent::GoOn),
            (Act::Stop, false, false, Consent::GoOn),
            (Act::NoteStopped { switches: names(), until_ms: 0 }, false, false, Consent::GoOn),
            (Act::Wait { until_ms: 9 }, false, true, Consent::Delete),
            (Act::Reopen(names()), false, false, Consent::GoOn),
            (Act::Condemn(names()), false, false, Consent::Delete),
            (Act::Delete, false, false, Consent::Delete),
        ] {
            let found = consent(&act, yes, wait);
            assert_eq!(found, want, "{act:?} {yes} {wait}");
            let asked = meaning(&act, found, "aks-blue");
            assert_eq!(asked.contains("for ever"), found == Consent::Delete, "{act:?}: {asked}");
            assert!(asked.contains("aks-blue"), "{asked}");
        }
    }
}
