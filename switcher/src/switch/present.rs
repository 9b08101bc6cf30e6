//! Turns what the loop knows into what a person sees.

use jiff::Timestamp;
use teal_switcher_core::plan::{PlanState, plan};
use teal_switcher_core::{Declaration, Ledger, Phase, Step, SyncSeen, Value};

use super::act::{Failures, Why};
use super::kit::Kit;
use super::observe::Look;
use super::tell::{Chronicle, place};
use crate::source::DeclaredSwitch;
use crate::status::{
    Attention, ClusterStatus, ColorStatus, FreezeFacts, Mood, PlanLine, StepState, SwitchStatus, TargetStatus, Wait,
    typed,
};

/// Everything a status is made of.
pub(crate) struct Facts<'a> {
    pub kit: &'a Kit,
    pub declared: &'a Declaration,
    pub look: &'a Look,
    pub step: &'a Step,
    pub failures: &'a Failures,
    pub write_failure: Option<&'a Why>,
    /// Why the newest declaration does not count yet.
    pub set_aside: Option<&'a Why>,
    pub chronicle: &'a Chronicle,
}

/// The status of a Switch that is acted on.
pub(crate) fn present(facts: &Facts<'_>) -> SwitchStatus {
    let ledger = facts.look.ledger();
    let live = match &facts.look.seen.record.value {
        Value::Color(color) => Some(color.to_string()),
        // Without a record of its own the ledger's word counts, as long as the targets agree with it.
        Value::LedgerOnly => {
            let agree = |color: &teal_switcher_core::Color| {
                facts.look.seen.targets.iter().all(|seen| seen.value == Value::Color(color.clone()))
            };
            ledger.map(|ledger| &ledger.active).filter(|color| agree(color)).map(ToString::to_string)
        }
        _ => None,
    };
    let wanted = facts.declared.active.to_string();
    let attention = attention(facts);
    let at_rest = ledger.is_some_and(|ledger| ledger.phase == Phase::Steady);
    let mood = if !attention.is_empty() || ledger.is_none_or(|ledger| ledger.phase == Phase::Parked) {
        Mood::Alarm
    } else if at_rest && live.as_ref() == Some(&wanted) {
        Mood::Calm
    } else {
        Mood::Busy
    };
    let kit = facts.kit;
    SwitchStatus {
        name: facts.declared.name.clone(),
        banner: banner(live.as_deref(), &wanted, ledger, &facts.look.seen.record.value),
        mood,
        live: live.clone(),
        desired: wanted,
        phase: ledger.map_or("Unknown", |ledger| ledger.phase.as_str()).to_owned(),
        stage: ledger.map_or("T0", |ledger| ledger.phase.stage()).to_owned(),
        wait: facts.step.wait.as_ref().map(|wait| Wait {
            reason: wait.reason.as_str().to_owned(),
            message: wait.message.clone(),
            until: wait.until_ms.and_then(time),
        }),
        overridden: ledger.and_then(|ledger| ledger.order.as_ref()).map(|order| {
            let until = time(order.expires_ms).map(|at| at.to_string()).unwrap_or_default();
            format!("`{}` by {}: {} (to be confirmed by a commit until {until})", order.verb, order.actor, order.reason)
        }),
        epoch: ledger.map(|ledger| ledger.epoch),
        holder: ledger.and_then(|ledger| ledger.holder.clone()),
        declaration: declaration(&kit.declared),
        colors: colors(facts, live.as_deref()),
        parity: kit.gates.parity(),
        freezes: freezes(kit),
        gates: kit.gates.statuses(),
        targets: targets(facts, ledger),
        dns: kit.outside.statuses(),
        plan: lines(facts.declared, ledger),
        attention,
        commands: commands(facts),
        history: facts.chronicle.entries(),
        double_run_seconds: facts.chronicle.lasting(),
    }
}

/// The status of a Switch that can't be acted on at all, such as when a Secret is missing.
pub(crate) fn broken(
    declared: &DeclaredSwitch,
    reason: &'static str,
    message: &str,
    chronicle: &Chronicle,
) -> SwitchStatus {
    let switch = &declared.switch;
    let color = |name: &String| ColorStatus {
        name: name.clone(),
        role: String::new(),
        live: false,
        proof: "unknown".to_owned(),
        proof_message: "not probed".to_owned(),
        addresses: Vec::new(),
        cluster: ClusterStatus { unknown: Some("not read".to_owned()), ..ClusterStatus::default() },
    };
    SwitchStatus {
        name: switch.name.clone(),
        banner: format!("nothing can be done for {}: {message}", switch.name),
        mood: Mood::Alarm,
        live: None,
        desired: switch.active.clone(),
        phase: "Unknown".to_owned(),
        stage: "T0".to_owned(),
        wait: None,
        overridden: None,
        epoch: None,
        holder: None,
        declaration: declaration(declared),
        colors: switch.colors.keys().map(color).collect(),
        parity: None,
        freezes: Vec::new(),
        gates: Vec::new(),
        targets: Vec::new(),
        dns: Vec::new(),
        plan: Vec::new(),
        attention: vec![Attention { reason: reason.to_owned(), message: message.to_owned(), hint: String::new() }],
        commands: Vec::new(),
        history: chronicle.entries(),
        double_run_seconds: 0,
    }
}

fn banner(live: Option<&str>, wanted: &str, ledger: Option<&Ledger>, value: &Value) -> String {
    let Some(live) = live else {
        return match value {
            Value::Gone => "no color is live: the record does not exist".to_owned(),
            Value::Mixed => "several colors are live at once".to_owned(),
            Value::Foreign(what) => format!("the record points to {what}, which is no color's"),
            Value::Unreadable(why) => format!("it is not known which color is live: {why}"),
            Value::Color(color) => format!("{color} is live"),
            Value::Split(_) => format!("several colors are live: {value}"),
            Value::LedgerOnly => "it is not known which color is live: the targets do not agree".to_owned(),
        };
    };
    let Some(ledger) = ledger else { return format!("{live} is live; {wanted} is wanted; the ledger is not known") };
    let to = ledger.course.as_ref().map_or(wanted, |course| course.to.as_str());
    match ledger.phase {
        Phase::Steady if live == wanted => format!("{live} is live, as git wants it"),
        Phase::Steady => format!("{live} is live; git wants {wanted}"),
        Phase::Preparing => format!("{live} is live; {to} is being made ready, as git wants it"),
        Phase::Shifting => format!("{live} is live; the world is learning it"),
        Phase::Draining => format!("{live} is live; what still goes the old way runs out"),
        Phase::Soaking => format!("{live} is live and proving itself"),
        Phase::RollingBack => format!("{live} is live again; the move to {to} is being taken back"),
        Phase::Parked => {
            let why =
                ledger.parked.as_ref().map(|parked| format!("{}: {}", parked.why, parked.note)).unwrap_or_default();
            format!("{live} is live; nothing moves until this Switch's declaration changes ({why})")
        }
        Phase::Retiring => {
            let color = ledger.retirement().map_or_else(|| "the old color".to_owned(), |one| one.color.to_string());
            format!("{live} is live; {color} is being retired")
        }
    }
}

pub(crate) fn declaration(declared: &DeclaredSwitch) -> crate::status::Declaration {
    crate::status::Declaration {
        file: declared.file.clone(),
        revision: declared.commit.id.to_string(),
        subject: declared.commit.subject.clone(),
        author: declared.commit.author.clone(),
        digest: declared.switch.digest.clone(),
        active: declared.switch.active.clone(),
        valid: declared.mistakes.is_empty(),
        mistakes: declared.mistakes.clone(),
    }
}

/// Each target: what it is, where it routes to and should, and how long going back by it takes.
fn targets(facts: &Facts<'_>, ledger: Option<&Ledger>) -> Vec<TargetStatus> {
    let kit = facts.kit;
    let ttl = facts.declared.policy.ttl_moving;
    let switch = &kit.declared.switch;
    let status = |target: &teal_targets::Target, routes: String, wanted: String, warnings: Vec<String>| {
        let truths = target.truths();
        TargetStatus {
            name: target.name().to_owned(),
            kind: truths.kind.to_owned(),
            routes,
            wanted,
            compares: truths.cas,
            weighs: truths.weights.is_some(),
            rollback_lane: truths.rollback_lane,
            way_back_seconds: truths.way_back(ttl).as_secs(),
            unproven: target.unproven().or_else(|| unproven(truths.kind, !switch.vantages.is_empty())),
            warnings,
        }
    };
    let wanted = |follower: Option<&teal_switcher_core::Follower>| match (ledger, follower) {
        (Some(ledger), Some(follower)) => teal_switcher_core::wanted(ledger, follower).to_string(),
        (Some(ledger), None) => ledger.lead().to_string(),
        (None, _) => facts.declared.active.to_string(),
    };
    let mut list = Vec::new();
    if kit.route.leads {
        let routes = facts.look.seen.record.value.to_string();
        list.push(status(&kit.route.target, routes, wanted(None), kit.inspection.found().words().collect()));
    }
    let known = kit.followers.known();
    for ((target, known), follower) in known.iter().zip(&facts.declared.followers) {
        let routes = match &known.read {
            None => "not read yet".to_owned(),
            Some((_, Err(why))) => format!("unknown: {why}"),
            Some((_, Ok(now))) => super::followers::value(now).to_string(),
        };
        list.push(status(target, routes, wanted(Some(follower)), known.warnings()));
    }
    list
}

/// Why nobody outside can see a change of such a target. A zone's own servers are asked without being declared; a
/// private zone answers only inside its networks, and what is no record is not asked for at all.
fn unproven(kind: &str, vantages: bool) -> Option<String> {
    match kind {
        "rfc2136" | "azureDns" => None,
        "azurePrivateDns" if vantages => None,
        "azurePrivateDns" => Some(
            "a private zone answers only inside its networks: declare a resolver there under `vantages`, one for each"
                .to_owned(),
        ),
        _ => Some("it is no record that could be asked for: its provider's word and bound count".to_owned()),
    }
}

fn colors(facts: &Facts<'_>, live: Option<&str>) -> Vec<ColorStatus> {
    let ledger = facts.look.ledger();
    let seen = &facts.look.seen.colors;
    let one = |(color, seen): (&teal_switcher_core::Color, &teal_switcher_core::ColorSeen)| ColorStatus {
        name: color.to_string(),
        role: ledger.map(|ledger| ledger.role_of(color).as_str().to_owned()).unwrap_or_default(),
        live: live == Some(color.as_str()),
        proof: seen.proof.as_str().to_owned(),
        proof_message: seen.message.clone(),
        addresses: facts.kit.route.addresses(color.as_str()),
        cluster: cluster(facts.kit, color.as_str(), &seen.sync),
    };
    seen.iter().map(one).collect()
}

fn cluster(kit: &Kit, color: &str, seen: &SyncSeen) -> ClusterStatus {
    let known = kit.clusters.get(color).map(|cluster| cluster.known()).unwrap_or_default();
    let unknown = match seen {
        SyncSeen::Unreachable(why) => Some(why.clone()),
        SyncSeen::Known(_) => None,
    };
    let Some(view) = known.view else { return ClusterStatus { unknown, ..ClusterStatus::default() } };
    let mut status = ClusterStatus {
        unknown,
        version: view.version.clone(),
        nodes: view.nodes,
        nodes_ready: view.nodes_ready,
        ..ClusterStatus::default()
    };
    if let Ok(sync) = &view.sync {
        let told = sync.status.clone().unwrap_or_default();
        status.sync = sync.metadata.name.clone().unwrap_or_default();
        status.revision = told.revision.unwrap_or_default();
        status.pin = sync.spec.pin.clone().unwrap_or_default();
        status.role = told.role.map(|role| role.as_str().to_owned()).unwrap_or_default();
        status.objects = told.layers.iter().map(|layer| layer.objects).sum();
        if let SyncSeen::Known(facts) = seen {
            status.sync_ready = facts.ready;
            status.sync_message.clone_from(&facts.message);
        }
    }
    status
}

fn freezes(kit: &Kit) -> Vec<FreezeFacts> {
    let mut found = Vec::new();
    for (color, cluster) in kit.clusters.iter() {
        let known = cluster.known();
        for freeze in known.view.iter().flat_map(|view| &view.freezes) {
            let status = freeze.status.clone().unwrap_or_default();
            found.push(FreezeFacts {
                color: color.clone(),
                state: format!("{:?}", status.state),
                reason: freeze.spec.reason.clone(),
                since: status.since.unwrap_or_default(),
                until: freeze.spec.until.clone(),
            });
        }
    }
    found
}

fn lines(declared: &Declaration, ledger: Option<&Ledger>) -> Vec<PlanLine> {
    let line = |step: teal_switcher_core::plan::PlanStep| PlanLine {
        text: step.text,
        state: match step.state {
            PlanState::Done => StepState::Done,
            PlanState::Now => StepState::Now,
            PlanState::Next => StepState::Next,
        },
        takes: step.takes.map(duration).unwrap_or_default(),
    };
    plan(declared, ledger).into_iter().map(line).collect()
}

fn duration(takes: std::time::Duration) -> String {
    let seconds = takes.as_secs();
    match seconds {
        0 if takes.is_zero() => "at once".to_owned(),
        0 => "under 1 s".to_owned(),
        1..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

fn attention(facts: &Facts<'_>) -> Vec<Attention> {
    let item = |reason: &str, message: String, hint: String| Attention { reason: reason.to_owned(), message, hint };
    let mut list = Vec::new();
    if let Some((reason, message)) = facts.set_aside {
        let hint = "what was declared before stays in force".to_owned();
        list.push(item(reason, message.clone(), hint));
    }
    let hint = |alert: &teal_switcher_core::Alert| alert.hint.clone();
    match (&facts.look.routed, &facts.step.alert) {
        // The alert repeats the error; the error has the closer reason.
        (Err(error), alert) => {
            list.push(item(error.reason(), error.to_string(), alert.as_ref().map(hint).unwrap_or_default()));
        }
        (Ok(_), Some(alert)) => list.push(item(alert.reason, alert.message.clone(), hint(alert))),
        (Ok(_), None) => {}
    }
    if let Some((reason, message)) = facts.write_failure {
        list.push(item(reason, message.clone(), String::new()));
    }
    for (color, (reason, message)) in facts.failures {
        list.push(item(reason, format!("{color}: {message}"), "it is tried again".to_owned()));
    }
    if !facts.kit.declared.mistakes.is_empty() {
        let count = facts.kit.declared.mistakes.len();
        let mistakes = if count == 1 { "mistake" } else { "mistakes" };
        let message = format!(
            "the newest commit of {} has {count} {mistakes}; what was declared before stays in force",
            facts.kit.declared.file
        );
        list.push(item("DeclarationInvalid", message, facts.kit.declared.mistakes.join("; ")));
    }
    let uids: Vec<String> =
        facts.kit.clusters.values().filter_map(|cluster| cluster.known().view.map(|view| view.uid.clone())).collect();
    if uids.len() > 1 && uids.iter().all(|uid| *uid == uids[0]) {
        let hint = "give each color the kubeconfig of its own cluster".to_owned();
        list.push(item("SameCluster", "all colors are one and the same cluster".to_owned(), hint));
    }
    for (color, seen) in &facts.look.seen.colors {
        if let SyncSeen::Unreachable(why) = &seen.sync {
            list.push(item(
                "ClusterUnknown",
                format!("{color}: {why}"),
                "traffic can go back without it; preparing waits".to_owned(),
            ));
        }
    }
    list
}

fn commands(facts: &Facts<'_>) -> Vec<String> {
    let wait = facts.step.wait.iter().flat_map(|wait| wait.commands.iter());
    wait.map(|command| typed(command, &facts.declared.name)).collect()
}

fn time(ms: u64) -> Option<Timestamp> {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())
}

/// For the log: where a ledger is.
pub(crate) fn whereabouts(ledger: Option<&Ledger>) -> String {
    ledger.map_or_else(|| "no ledger".to_owned(), place)
}
