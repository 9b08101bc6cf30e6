//! Reads `colors.yaml`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{Color, Colors, DrainSource, Executor, Inspect, InspectKind};
use crate::Mistakes;
use crate::reader::{Fields, Kind, Log, Spot, document, is_label};
use crate::switch::AzureAccess;
use crate::switch::azure::{access, is_guid};
use crate::switch::gates::{azure_monitor, prometheus};

/// What every color has unless it says otherwise; `inspect` adds up.
const SHARED: &[&str] = &["inspect", "drain", "retention", "scream", "executor"];
/// What is each color's own.
const OWN: &[&str] = &["cluster", "uid", "switches", "addresses", "resources"];

const HOUR: Duration = Duration::from_secs(3600);

impl Colors {
    /// Reads the text of a `colors.yaml`; `file` is its path, for messages.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let log = Log::new(file, text);
        let document = document(text, &Kind { name: "Colors", named: false }, &log);
        let colors = document.as_ref().and_then(|document| colors(&document.spec(&log)));
        log.finish(colors)
    }
}

fn colors(spec: &Spot<'_>) -> Option<Colors> {
    let known: Vec<&str> = ["azure", "colors"].iter().chain(SHARED).copied().collect();
    let fields = spec.fields(&known, &["provision"])?;
    let azure = fields.or("azure", access, AzureAccess::default());
    let shared = Shared::read(&fields);
    let mut found: BTreeMap<String, Color> = BTreeMap::new();
    let spot = fields.need("colors", "each color with its cluster: `blue: {cluster: <ARM id>, …}`")?;
    let entries = spot.map()?;
    if entries.is_empty() {
        spot.wrong("no colors; write at least one");
    }
    for (entry, value) in entries {
        if !is_label(&entry.key) {
            value.wrong(format!("`{}` is no name of a color; use lower-case letters, digits and `-`", entry.key));
        }
        let Some(color) = color(&value, &shared) else { continue };
        if let Some((other, _)) = found.iter().find(|(_, other)| other.cluster == color.cluster) {
            value.wrong(format!("has the same cluster as `{other}`; each color is a cluster of its own"));
        }
        found.insert(entry.key.clone(), color);
    }
    Some(Colors { azure, colors: found })
}

/// What may stand for all colors, or for one.
#[derive(Clone, Default)]
struct Shared {
    inspect: Vec<Inspect>,
    drain: Option<DrainSource>,
    /// A drain is written, right or wrong: it is not missing.
    drained: bool,
    retention: Option<Duration>,
    scream: Option<Duration>,
    executor: Option<Executor>,
}

impl Shared {
    fn read(fields: &Fields<'_>) -> Self {
        let list = |spot: &Spot<'_>| Some(spot.list()?.iter().filter_map(inspect).collect());
        Self {
            inspect: fields.or("inspect", list, Vec::new()),
            drain: fields.get("drain").and_then(|spot| drain(&spot)),
            drained: fields.get("drain").is_some(),
            retention: fields.get("retention").and_then(|spot| spot.duration()),
            scream: fields.get("scream").and_then(|spot| spot.duration()),
            executor: fields.get("executor").and_then(|spot| executor(&spot)),
        }
    }
}

fn color(spot: &Spot<'_>, shared: &Shared) -> Option<Color> {
    let known: Vec<&str> = OWN.iter().chain(SHARED).copied().collect();
    let fields = spot.fields(&known, &["provision"])?;
    let cluster = fields
        .need("cluster", "the ARM id of its managed cluster")
        .and_then(|spot| spot.resource_id("Microsoft.ContainerService/managedClusters"));
    let uid = fields.get("uid").and_then(|spot| uid(&spot));
    let switches = fields.need("switches", "the Switches that name it: `switches: [contoso]`").and_then(|spot| {
        let items = spot.list()?;
        if items.is_empty() {
            spot.wrong("no Switches; its end is written into the ledgers of the Switches that name it");
        }
        Some(items.iter().filter_map(Spot::label).collect())
    });
    let (mut ips, mut hosts) = (Vec::new(), Vec::new());
    if let Some(spot) =
        fields.need("addresses", "what traffic is sent to: `addresses: [10.1.0.4, aks-blue.contoso.com]`")
    {
        let items = spot.list().unwrap_or_default();
        if items.is_empty() {
            spot.wrong("no addresses; without one nothing can be found that points at it");
        }
        items.iter().for_each(|item| address(item, &mut ips, &mut hosts));
    }
    let ids = |spot: &Spot<'_>| Some(spot.list()?.iter().filter_map(|one| one.resource_id("")).collect());
    let resources: Vec<String> = fields.or("resources", ids, Vec::new());
    let own = Shared::read(&fields);
    let mut inspect: Vec<Inspect> = shared.inspect.iter().chain(&own.inspect).cloned().collect();
    inspect.sort();
    inspect.dedup();
    if inspect.is_empty() && fields.get("inspect").is_none() {
        spot.wrong("`inspect` is missing, here and for all colors; list the zones, profiles and gateways that must not point at it");
    }
    if !own.drained && !shared.drained {
        spot.wrong("`drain` is missing, here and for all colors; write a measurement that proves that traffic is away: `drain: {prometheus: …}` or `drain: {azureMonitor: …}`");
    }
    Some(Color {
        cluster: cluster?,
        uid,
        switches: switches?,
        ips,
        hosts,
        resources,
        inspect,
        drain: own.drain.or_else(|| shared.drain.clone())?,
        retention: own.retention.or(shared.retention).unwrap_or(72 * HOUR),
        scream: own.scream.or(shared.scream).unwrap_or(24 * HOUR),
        executor: own.executor.or(shared.executor).unwrap_or_default(),
    })
}

fn uid(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if is_guid(&text) {
        return Some(text.to_ascii_lowercase());
    }
    spot.wrong(format!(
        "`{text}` is no UID; `kubectl get namespace kube-system -o jsonpath={{.metadata.uid}}` tells it"
    ));
    None
}

fn address(spot: &Spot<'_>, ips: &mut Vec<IpAddr>, hosts: &mut Vec<String>) {
    match spot.text().map(|text| text.parse::<IpAddr>()) {
        Some(Ok(ip)) => ips.push(ip),
        Some(Err(_)) => hosts.extend(spot.dns_name()),
        None => {}
    }
}

fn inspect(spot: &Spot<'_>) -> Option<Inspect> {
    let id = spot.resource_id("")?;
    let parts: Vec<&str> = id.split('/').collect();
    let found = match parts.as_slice() {
        [_, _, _, _, _, _, provider, kind, _] => format!("{provider}/{kind}"),
        _ => String::new(),
    };
    let kind = InspectKind::ALL.iter().find(|(_, known)| *known == found).map(|(kind, _)| *kind);
    if kind.is_none() {
        let known: Vec<&str> = InspectKind::ALL.iter().map(|(_, known)| *known).collect();
        spot.wrong(format!("is nothing that is searched; write the id of one of {}", known.join(", ")));
    }
    Some(Inspect { kind: kind?, id })
}

fn drain(spot: &Spot<'_>) -> Option<DrainSource> {
    match spot.one_of("drain source", &["prometheus", "azureMonitor"], &["webhook", "exec"])? {
        ("prometheus", value) => prometheus(&value).map(DrainSource::Prometheus),
        (_, value) => {
            let source = azure_monitor(&value)?;
            if source.baseline.is_some() || source.success.is_none() {
                value.wrong("a baseline proves no drain; write `success: \"value < 1\"`");
            }
            Some(DrainSource::AzureMonitor(source))
        }
    }
}

fn executor(spot: &Spot<'_>) -> Option<Executor> {
    match spot.word(&["pipeline", "arm"])? {
        "arm" => Some(Executor::Arm),
        _ => Some(Executor::Pipeline),
    }
}
