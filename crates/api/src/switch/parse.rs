//! Reads `switch.yaml`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::gates::{gates, probe};
use super::strategy::strategy;
use super::targets::{target, vantage};
use super::{
    AzureAccess, Cluster, Color, Failover, Fallback, FreezePolicy, Gates, Health, Rollback, Switch, Target, azure,
    checks, topology,
};
use crate::Mistakes;
use crate::duration::show;
use crate::reader::{Fields, Kind, Log, Spot, canonical, document, is_label, nearest};
use teal_yaml::Data;

/// Known to the design and not built yet.
const LATER: &[&str] = &["capacity", "notify", "standby", "rollbackWindow", "drain"];
const SPEC: &[&str] = &[
    "active",
    "attempt",
    "withFleet",
    "colors",
    "targets",
    "vantages",
    "strategy",
    "freeze",
    "gates",
    "rollback",
    "failover",
    "health",
    "ledger",
    "azure",
];

impl Switch {
    /// Reads the text of a `switch.yaml`; `file` is its path in the repository, for messages.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let log = Log::new(file, text);
        let document = document(text, &Kind { name: "Switch", named: true }, &log);
        let switch = document.as_ref().and_then(|document| {
            let spec = document.spec(&log);
            // Of the text as written, not of the values read: a newer Teal with more defaults sees no change (G5).
            let digest = digest(&document.name, &canonical(spec.node));
            switch(document.name.clone(), digest, &spec)
        });
        log.finish(switch)
    }
}

fn digest(name: &str, spec: &str) -> String {
    let text = format!("{{\"name\":{},\"spec\":{spec}}}", serde_json::Value::String(name.to_owned()));
    hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}

/// Gives every part its chance to speak before the first missing one ends it.
fn switch(name: String, digest: String, spec: &Spot<'_>) -> Option<Switch> {
    let fields = spec.fields(SPEC, LATER)?;
    let colors = fields.need("colors", "at least two colors with `cluster` and `probe`").and_then(|spot| colors(&spot));
    let names: Vec<&str> = colors.iter().flatten().map(|(name, _)| name.as_str()).collect();
    let active = fields.need("active", "the color that serves, such as `blue`").and_then(|spot| {
        let word = spot.text()?;
        if colors.is_some() && !names.contains(&word.as_str()) {
            spot.wrong(format!("`{word}` is no color of this Switch; {}", nearest(&word, &names)));
        }
        Some(word)
    });
    let targets = fields.need("targets", "at least one target").and_then(|spot| {
        let items = spot.list()?;
        if items.is_empty() {
            spot.wrong("no targets; write at least one");
        }
        Some(items.iter().map(|item| (item.clone(), target(item, &names))).collect::<Vec<_>>())
    });
    let vantages = fields.or("vantages", |spot| Some(spot.list()?.iter().filter_map(vantage).collect()), Vec::new());
    let attempt = fields.or("attempt", |spot| spot.whole(1, u32::MAX), 1);
    let with_fleet = fields.or("withFleet", Spot::truth, false);
    let (strategy, steps) = strategy(&fields);
    let freeze = freeze(&fields);
    let gates = fields.or("gates", |spot| gates(spot, &names), Gates::default());
    let rollback = rollback(&fields);
    let failover = fields.get("failover").and_then(|spot| spot.word(&["manual", "automatic"]).map(|word| (spot, word)));
    if let Some((spot, "automatic")) = failover {
        spot.wrong("`automatic` is not supported yet by this version; write `manual`");
    }
    let health = health(&fields);
    let azure = fields.or("azure", azure::access, AzureAccess::default());
    let placed = targets.as_deref().unwrap_or_default();
    checks::collisions(placed);
    checks::weights(steps.as_ref(), &strategy.steps, placed);
    checks::lane(spec, &rollback, placed);
    let known: Vec<(&str, &Color)> =
        colors.iter().flatten().filter_map(|(name, color)| Some((name.as_str(), color.as_ref()?))).collect();
    let ledger = checks::ledger(&fields, &known, placed);
    let colors: Option<BTreeMap<String, Color>> =
        colors.map(|all| all.into_iter().filter_map(|(name, color)| Some((name, color?))).collect());
    let targets: Option<Vec<Target>> = targets.map(|all| all.into_iter().filter_map(|(_, target)| target).collect());
    let mut gates = gates;
    topology::complete(&mut gates, colors.as_ref()?, targets.as_ref()?);
    Some(Switch {
        name,
        active: active?,
        attempt,
        with_fleet,
        colors: colors?,
        targets: targets?,
        ledger,
        azure,
        vantages,
        strategy,
        freeze,
        gates,
        rollback,
        failover: Failover::Manual,
        health,
        digest,
    })
}

/// Reads the colors; a wrong one keeps its name, so that `active` and `to` are judged rightly.
fn colors(spot: &Spot<'_>) -> Option<BTreeMap<String, Option<Color>>> {
    let mut found: BTreeMap<String, Option<Color>> = BTreeMap::new();
    let entries = spot.map()?;
    if entries.len() < 2 {
        spot.wrong(format!(
            "{}; a Switch needs at least two",
            if entries.is_empty() { "no colors" } else { "one color only" }
        ));
    }
    for (entry, value) in entries {
        if !is_label(&entry.key) {
            value.wrong(format!("`{}` is no name of a color; use lower-case letters, digits and `-`", entry.key));
        }
        let color = color(&value);
        let same = color.as_ref().and_then(|new| {
            found.iter().find(|(_, other)| other.as_ref().is_some_and(|other| other.cluster == new.cluster))
        });
        if let Some((other, _)) = same {
            value.wrong(format!("has the same cluster as `{other}`; each color is a cluster of its own"));
        }
        found.insert(entry.key.clone(), color);
    }
    Some(found)
}

fn color(spot: &Spot<'_>) -> Option<Color> {
    let fields = spot.fields(&["cluster", "probe"], &["drain", "addresses"])?;
    let cluster =
        fields.need("cluster", "`cluster: {kubeconfig: <Secret>}` or `cluster: {aks: <ARM id>}`").and_then(|spot| {
            match spot.one_of("way to reach the cluster", &["kubeconfig", "aks"], &["push"])? {
                ("aks", value) => value.resource_id("Microsoft.ContainerService/managedClusters").map(Cluster::Aks),
                (_, value) => value.object_name().map(Cluster::Kubeconfig),
            }
        });
    let probe = fields
        .need("probe", "`probe: {url: …, host: …}`: health is proved without the API server")
        .and_then(|spot| probe(&spot));
    Some(Color { cluster: cluster?, probe: probe? })
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn freeze(fields: &Fields<'_>) -> Option<FreezePolicy> {
    let policy = FreezePolicy { max: 120 * MINUTE, exempt_users: Vec::new(), exempt_groups: Vec::new() };
    let Some(spot) = fields.get("freeze") else { return Some(policy) };
    match &spot.node.data {
        // YAML reads `off` as false.
        Data::Bool(false) => return None,
        Data::Bool(true) => return Some(policy),
        Data::String(word) if word == "off" => return None,
        Data::Mapping(_) => {}
        _ => {
            spot.wrong("write `off`, or a mapping such as `{}` or `{max: 2h}`");
            return Some(policy);
        }
    }
    let fields = spot.fields(&["max", "exempt"], &["windows", "serviceAccounts"])?;
    let max = fields.or("max", |spot| spot.duration_from(MINUTE), policy.max);
    let exempt = fields.get("exempt").and_then(|spot| spot.fields(&["users", "groups"], &[]));
    let texts = |key: &str| -> Vec<String> {
        let list = exempt.as_ref().and_then(|fields| fields.get(key)).and_then(|spot| spot.list());
        list.into_iter().flatten().filter_map(|spot| spot.text()).collect()
    };
    Some(FreezePolicy { max, exempt_users: texts("users"), exempt_groups: texts("groups") })
}

fn rollback(fields: &Fields<'_>) -> Rollback {
    let mut rollback = Rollback {
        automatic: true,
        fallback: Fallback::Hold,
        unknown_deadline: 5 * MINUTE,
        last_resort_other: false,
        objective: None,
    };
    let known = ["automatic", "fallback", "unknownDeadline", "lastResort", "objective"];
    let Some(fields) = fields.get("rollback").and_then(|spot| spot.fields(&known, &["window"])) else {
        return rollback;
    };
    rollback.automatic = fields.or("automatic", Spot::truth, true);
    if fields.get("fallback").and_then(|spot| spot.word(&["hold", "back"])) == Some("back") {
        rollback.fallback = Fallback::Back;
    }
    rollback.unknown_deadline =
        fields.or("unknownDeadline", |spot| spot.duration_from(SECOND), rollback.unknown_deadline);
    rollback.last_resort_other =
        fields.get("lastResort").and_then(|spot| spot.word(&["other", "none"])) == Some("other");
    rollback.objective = fields.get("objective").and_then(|spot| spot.duration_from(SECOND));
    rollback
}

fn health(fields: &Fields<'_>) -> Health {
    let mut health = Health { freshness: 15 * SECOND, interval: 5 * SECOND, threshold: 2, control: None };
    let known = ["freshness", "interval", "threshold", "control"];
    let Some(fields) = fields.get("health").and_then(|spot| spot.fields(&known, &[])) else { return health };
    health.freshness = fields.or("freshness", |spot| spot.duration_from(SECOND), health.freshness);
    let interval = fields.get("interval");
    let default = health.freshness / 3;
    health.interval = fields.or("interval", |spot| spot.duration_from(Duration::from_millis(100)), default);
    if let Some(interval) = interval.filter(|_| health.interval > health.freshness) {
        interval.wrong(format!(
            "`{}` is above `freshness` (`{}`); evidence would be outdated before the next probe",
            show(health.interval),
            show(health.freshness)
        ));
    }
    health.threshold = fields.or("threshold", |spot| spot.whole(1, 100), health.threshold);
    health.control = fields.get("control").and_then(|spot| probe(&spot));
    health
}
