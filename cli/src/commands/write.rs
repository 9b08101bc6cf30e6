//! The verbs that change something: commits in a checkout, and the emergency lane straight into the ledger.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use teal_api::switch::Switch;
use teal_switcher::azure::Azure;
use teal_switcher::secrets::Secrets;
use teal_switcher::switch::Route;
use teal_switcher_core::step::Write;
use teal_switcher_core::{Digest, Ledger, LedgerSeen, Order, Phase, Value, Verb};
use teal_targets::Routed;

use crate::checkout::Checkout;
use crate::exit::{FINE, Refused, Unreachable};
use crate::style::Style;

/// How often a lost race is run again.
const TRIES: usize = 5;

/// What the emergency lane needs: no switcher, no git, only the operator's own keys.
#[derive(Debug, clap::Args)]
pub(crate) struct Lane {
    /// Name of the Switch; the file's own when left out.
    pub(crate) switch: Option<String>,
    /// The declaration, from a checkout or from anywhere.
    #[arg(long, default_value = "switch.yaml")]
    pub(crate) file: PathBuf,
    /// Folder with the operator's own Secrets: <folder>/<secret>/secret and <folder>/<secret>/ledger.
    #[arg(long, env = "TEAL_SECRETS")]
    pub(crate) secrets: PathBuf,
}

/// Who orders, why, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Said {
    /// Why; everybody sees it.
    #[arg(long)]
    pub(crate) reason: String,
    /// Who; everybody sees it.
    #[arg(long, env = "USER", default_value = "operator")]
    pub(crate) actor: String,
    /// When it is to be confirmed by a commit; after that it holds its color and alerts.
    #[arg(long, default_value = "24h", value_parser = teal_api::duration::parse)]
    pub(crate) expires: std::time::Duration,
    /// Also commit and push what belongs to it, in the checkout that --file is in.
    #[arg(long)]
    pub(crate) push: bool,
}

struct Opened {
    switch: Switch,
    route: Route,
}

impl Lane {
    fn open(&self) -> Result<Opened> {
        let switch = named(self.switch.as_deref(), &self.file)?;
        let route = Route::new(&switch, &Secrets::new(&self.secrets), &Azure::default())?;
        Ok(Opened { switch, route })
    }
}

/// The file's declaration, which must be that of the Switch named.
fn named(name: Option<&str>, file: &std::path::Path) -> Result<Switch> {
    let switch = declaration(file)?;
    match name {
        Some(name) if name != switch.name => {
            bail!("{} declares the Switch {}, not {name}; name its own file with --file", file.display(), switch.name)
        }
        _ => Ok(switch),
    }
}

fn declaration(file: &std::path::Path) -> Result<Switch> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} can't be read; name it with --file", file.display()))?;
    Ok(Switch::parse(&file.display().to_string(), &text)?)
}

impl Opened {
    /// Reads the ledger, makes the next one of it, swaps it in; a lost race is run again. Returns what was and what is.
    async fn swap(&self, next: impl Fn(&Ledger, u64) -> Result<Ledger>) -> Result<(Ledger, Ledger)> {
        for _ in 0..TRIES {
            let (routed, found) = self.route.read(true).await.map_err(away)?;
            let ledger = self.known(&routed, found)?;
            let next = next(&ledger, now_ms())?;
            let write = Write { next: next.clone(), change: None };
            match self.route.write(&routed, &write).await {
                Ok(_) => return Ok((ledger, next)),
                Err(error) if error.raced() => {}
                Err(error) => return Err(away(error)),
            }
        }
        Err(Refused(format!("{TRIES} times someone else wrote first; look at `teal ledger show` and try again")).into())
    }

    /// The ledger, which every word of a person goes into; else what is known instead, and what to do.
    fn known(&self, routed: &Routed, found: LedgerSeen) -> Result<Ledger> {
        match found {
            LedgerSeen::Known(ledger) => Ok(*ledger),
            LedgerSeen::Missing { .. } => {
                let record = crate::style::tame(&pointed(&self.route.value(routed)));
                Err(Refused(unledgered(self.route.target.name(), &record)).into())
            }
            LedgerSeen::Unreadable(why) | LedgerSeen::Foreign(why) => Err(Refused(why).into()),
        }
    }
}

fn away(error: impl std::error::Error + Send + Sync + 'static) -> anyhow::Error {
    let told = error.to_string();
    anyhow::Error::new(error).context(Unreachable(told))
}

/// There is no ledger to write into. Only who has seen one knows whether there ever was.
fn unledgered(target: &str, record: &str) -> String {
    format!(
        "there is no ledger at {target}; the record itself: {record}. Nothing was written. If a switcher has been at work here, \
         the ledger was wiped, such as by a `terraform apply` or by deleting the record: put it back as it was noted, or restart \
         the switchers of both colors, which then begin anew with the record as it is, once it routes to one color. If none has \
         been, it begins by itself, and there is nothing to order before"
    )
}

fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// `teal undo | abort | hold | adopt | reassert`.
pub(crate) async fn order(verb: Verb, lane: &Lane, said: &Said, style: Style) -> Result<u8> {
    let opened = lane.open()?;
    let expires = u64::try_from(said.expires.as_millis()).unwrap_or(u64::MAX);
    let (before, next) = opened
        .swap(|ledger, now| {
            let order = Order {
                verb,
                actor: said.actor.clone(),
                reason: said.reason.clone(),
                expires_ms: now.saturating_add(expires),
                // Put in by the switcher, which knows the newest: the operator's file may be older.
                set_aside: Digest::default(),
            };
            ledger.ordered(order, None, now).map_err(|refusal| Refused(refusal.to_string()).into())
        })
        .await?;
    println!("{} `{verb}` is in the ledger of {} (epoch {})", style.good("✔"), opened.switch.name, next.epoch);
    println!("  {}", meaning(verb, &before));
    follow_up(verb, lane, said, &opened.switch, &before)?;
    Ok(FINE)
}

fn meaning(verb: Verb, before: &Ledger) -> String {
    let course = before.course.as_ref();
    match (verb, course) {
        (Verb::Hold, _) => {
            "nothing is written to the record until a commit changes this Switch, or `teal hold --end`".to_owned()
        }
        (Verb::Adopt, _) => "the record is taken as it is".to_owned(),
        (Verb::Promote, _) => format!("the next step of the move to {} begins when its gates pass", before.active),
        (Verb::Reassert, _) => format!("the record is written as the ledger has it: {}", before.active),
        (_, Some(course)) if before.phase.at_rest() || before.phase.shifted() => {
            format!("traffic goes back to {} as soon as it is proven healthy", course.from)
        }
        (_, Some(course)) => format!("traffic stays on {}", course.from),
        (_, None) => String::new(),
    }
}

/// The commit that makes git say the same; until it is made, git and traffic differ.
fn follow_up(verb: Verb, lane: &Lane, said: &Said, switch: &Switch, before: &Ledger) -> Result<()> {
    let Some(course) = before.course.as_ref().filter(|_| matches!(verb, Verb::Undo | Verb::Abort)) else {
        return Ok(());
    };
    let color = course.from.as_str();
    if switch.active == color {
        println!("  {} says `active: {color}` already", lane.file.display());
        return Ok(());
    }
    let message = format!("Set {} back to {color}\n\n{} by {}: {}", switch.name, verb, said.actor, said.reason);
    if !said.push {
        println!("  now commit `active: {color}` in {}, or repeat with --push", lane.file.display());
        return Ok(());
    }
    commit(&lane.file, &switch.name, &["spec", "active"], color, &message, true)
}

/// `teal hold --end`.
pub(crate) async fn release(lane: &Lane, style: Style) -> Result<u8> {
    let opened = lane.open()?;
    let (before, next) = opened
        .swap(|ledger, now| match &ledger.order {
            Some(order) if order.verb == Verb::Hold => Ok(ledger.released(now)),
            _ => Err(Refused("there is no hold to end".to_owned()).into()),
        })
        .await?;
    let actor = before.order.map(|order| order.actor).unwrap_or_default();
    println!("{} the hold of {actor} on {} is over (epoch {})", style.good("✔"), opened.switch.name, next.epoch);
    Ok(FINE)
}

/// `teal ledger show`.
pub(crate) async fn show(lane: &Lane, style: Style) -> Result<u8> {
    let opened = lane.open()?;
    let (routed, found) = opened.route.read(false).await.map_err(away)?;
    println!(
        "{} {}: {}, TTL {} s",
        style.strong("record"),
        opened.route.target.name(),
        crate::style::tame(&pointed(&opened.route.value(&routed))),
        routed.ttl
    );
    let ledger = opened.known(&routed, found)?;
    let at = |ms: u64| {
        i64::try_from(ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .map(|at| at.to_string())
            .unwrap_or_default()
    };
    let mut lines = vec![
        ("phase", format!("{} ({}), stage {}", ledger.phase, ledger.task.as_str(), ledger.phase.stage())),
        ("active", ledger.active.to_string()),
        ("epoch", format!("{} of lineage {}", ledger.epoch, ledger.lineage)),
        ("declaration", format!("{} at commit {}, attempt {}", ledger.digest, ledger.revision, ledger.attempt)),
        ("written", at(ledger.times.written_ms)),
        ("entered", format!("{} in epoch {}", at(ledger.times.entered_ms), ledger.times.entered)),
        ("TTL", format!("caches may hold up to {} s", ledger.ttl.largest)),
    ];
    if let Some(retirement) = ledger.retirement() {
        let until =
            if retirement.until_ms > 0 { format!(", until {}", at(retirement.until_ms)) } else { String::new() };
        lines.push(("retires", format!("{} by {}: {}{until}", retirement.color, retirement.by, ledger.task.as_str())));
    } else if let Some(course) = &ledger.course {
        lines.push((
            "move",
            format!("{} → {}, opId {}", course.from, course.to, if ledger.op.is_empty() { "none" } else { &ledger.op }),
        ));
    }
    if let Some(holder) = &ledger.holder {
        lines.push(("holder", holder.clone()));
    }
    if let Some(fleet) = &ledger.fleet {
        lines.push(("F", format!("{} (digest {})", fleet.commit, fleet.digest)));
    }
    if let Some(until) = ledger.freeze_until_ms {
        lines.push(("freeze", format!("until {}", at(until))));
    }
    if let Some(order) = &ledger.order {
        lines.push((
            "order",
            format!("{} by {} until {}: {}", order.verb, order.actor, at(order.expires_ms), order.reason),
        ));
    }
    if let Some(parked) = &ledger.parked {
        lines.push(("parked", format!("{}: {}", parked.why, parked.note)));
    }
    for (name, value) in lines {
        println!("{:<12} {}", name, crate::style::tame(&value));
    }
    Ok(if ledger.phase == Phase::Steady { FINE } else { crate::exit::NOT_SO })
}

/// Where a record leads, in words.
fn pointed(value: &Value) -> String {
    match value {
        Value::Foreign(what) => format!("{what}, which no color declares"),
        Value::Mixed | Value::Split(_) | Value::Color(_) | Value::Unreadable(_) => value.to_string(),
        Value::LedgerOnly => "keeps the ledger, routes nothing".to_owned(),
        Value::Gone => "there is no such record".to_owned(),
    }
}

/// `teal switch COLOR`: writes the commit.
pub(crate) fn switch(file: &std::path::Path, color: &str, push: bool) -> Result<u8> {
    let declared = declaration(file)?;
    if declared.active == color {
        println!("{} says `active: {color}` already", file.display());
        return Ok(FINE);
    }
    if !declared.colors.contains_key(color) {
        let colors: Vec<&str> = declared.colors.keys().map(String::as_str).collect();
        bail!("{} has no color {color}; it has {}", declared.name, colors.join(", "));
    }
    let message = format!("Switch {} to {color}", declared.name);
    commit(file, &declared.name, &["spec", "active"], color, &message, push)?;
    Ok(FINE)
}

/// `teal retry`: raises `attempt`, so that a parked move is tried again.
pub(crate) fn retry(name: Option<&str>, file: &std::path::Path, push: bool) -> Result<u8> {
    let declared = named(name, file)?;
    let attempt = (declared.attempt + 1).to_string();
    let message = format!("Retry {} (attempt {attempt})", declared.name);
    commit(file, &declared.name, &["spec", "attempt"], &attempt, &message, push)?;
    Ok(FINE)
}

fn commit(file: &std::path::Path, switch: &str, path: &[&str], value: &str, message: &str, push: bool) -> Result<()> {
    let checkout = Checkout::open(file)?;
    let old = checkout.commit(switch, path, value, message)?;
    let head = checkout.head()?;
    let field = path.join(".");
    let old = old.map(|old| format!("{old} → ")).unwrap_or_default();
    println!("  committed {}: {field}: {old}{value} in {}", head.get(..12).unwrap_or(&head), checkout.path()?);
    if push {
        checkout.push()?;
        println!("  pushed");
    } else {
        println!("  not pushed; `git push` makes it count");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_record_leads_is_told_in_words() {
        let alias = "an alias of /subscriptions/s/resourcegroups/g/providers/microsoft.network/publicipaddresses/x";
        let split = [("blue".into(), 90), ("green".into(), 10)].into();
        for (value, want) in [
            (Value::Color("blue".into()), "blue".to_owned()),
            (Value::Split(split), "90 % blue, 10 % green".to_owned()),
            (Value::Foreign(alias.to_owned()), format!("{alias}, which no color declares")),
            (Value::Mixed, "several colors at once".to_owned()),
            (Value::LedgerOnly, "keeps the ledger, routes nothing".to_owned()),
            (Value::Gone, "there is no such record".to_owned()),
        ] {
            assert_eq!(pointed(&value), want);
        }
    }
}
