//! Reads `helm.yaml`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use teal_yaml::{Data, Node};

use super::{ChartRef, Helm, Lookup, Preserve, RemoteChart, Repository, ValuesFrom};
use crate::Mistakes;
use crate::reader::{Kind, Log, Spot, document};

/// The key that holds values when none is named.
const VALUES_KEY: &str = "values.yaml";
/// Longest name of a release, as Helm has it.
const LONGEST_RELEASE: usize = 53;

const FIELDS: &[&str] = &[
    "chart",
    "release",
    "namespace",
    "values",
    "valuesFiles",
    "valuesFrom",
    "colors",
    "includeCRDs",
    "hooks",
    "lookup",
    "kubeVersion",
    "apiVersions",
    "preserve",
];

impl Helm {
    /// Reads the text of `helm.yaml`; `file` is its path in the repository, for messages.
    ///
    /// # Errors
    /// Every mistake in it, in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let log = Log::new(file, text);
        let document = document(text, &Kind { name: "Helm", named: false }, &log);
        let helm = document.as_ref().and_then(|document| helm(document.name.clone(), &document.spec(&log)));
        log.finish(helm)
    }
}

fn helm(name: String, spec: &Spot<'_>) -> Option<Helm> {
    let fields = spec.fields(FIELDS, &[])?;
    let chart = fields.need(
        "chart",
        "`chart: {path: …}`, `chart: {oci: …, version: …}` or `chart: {repository: …, name: …, version: …}`",
    );
    let chart = chart.and_then(|spot| chart_ref(&spot));
    let words = |spot: &Spot<'_>| Some(spot.list()?.iter().filter_map(Spot::text).collect::<Vec<_>>());
    let helm = Helm {
        name,
        chart: ChartRef::Path(String::new()),
        release: fields.get("release").and_then(|spot| release(&spot)),
        namespace: fields.get("namespace").and_then(|spot| spot.label()),
        values_files: fields.or("valuesFiles", words, Vec::new()),
        values_from: fields.or(
            "valuesFrom",
            |spot| Some(spot.list()?.iter().filter_map(values_from).collect()),
            Vec::new(),
        ),
        values: fields.or("values", values, empty()),
        colors: fields.or("colors", colors, BTreeMap::new()),
        include_crds: fields.or("includeCRDs", Spot::truth, true),
        hooks: fields.or("hooks", Spot::truth, true),
        lookup: match fields.or("lookup", |spot| spot.word(&["refuse", "empty"]), "refuse") {
            "empty" => Lookup::Empty,
            _ => Lookup::Refuse,
        },
        kube_version: fields.get("kubeVersion").and_then(|spot| kube_version(&spot)),
        api_versions: fields.get("apiVersions").and_then(|spot| words(&spot)),
        preserve: fields.or("preserve", |spot| Some(spot.list()?.iter().filter_map(preserve).collect()), Vec::new()),
    };
    Some(Helm { chart: chart?, ..helm })
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn chart_ref(spot: &Spot<'_>) -> Option<ChartRef> {
    let known = ["path", "oci", "repository"];
    let given: Vec<&str> = known.iter().copied().filter(|key| spot.node.get(key).is_some()).collect();
    let allowed: &[&str] = match given.as_slice() {
        [] => {
            spot.fields(&["path", "oci", "repository", "name", "version", "digest", "secretRef"], &[])?;
            spot.wrong("says nowhere where the chart is; write one of `path`, `oci`, `repository`");
            return None;
        }
        ["path"] => &["path"],
        ["oci"] => &["oci", "version", "digest", "secretRef"],
        ["repository"] => &["repository", "name", "version", "digest", "secretRef"],
        several => {
            spot.wrong(format!("names the chart by {}; keep one of them", several.join(" and ")));
            return None;
        }
    };
    let fields = spot.fields(allowed, &[])?;
    if let Some(path) = fields.get("path") {
        return path.text().map(ChartRef::Path);
    }
    let version = fields.or("version", Spot::text, String::new());
    let digest = fields.get("digest").and_then(|spot| digest(&spot));
    let secret = fields.get("secretRef").and_then(|spot| {
        let fields = spot.fields(&["name"], &[])?;
        fields.need("name", "the name of a Secret in Teal's namespace")?.object_name()
    });
    let (repository, name) = match fields.get("oci") {
        Some(place) => {
            let place = oci(&place)?;
            let name = place.rsplit('/').next().unwrap_or_default().to_owned();
            (Repository::Oci(place), name)
        }
        None => {
            let name = fields.need("name", "the chart's name in the repository").and_then(|spot| chart_name(&spot));
            let address = fields.get("repository")?;
            if address.node.as_str().is_some_and(|text| text.starts_with("oci://")) {
                address.wrong("a registry; write `oci: oci://…/<chart>` instead of `repository` and `name`");
                return None;
            }
            (Repository::Http(address.url()?.trim_end_matches('/').to_owned()), name?)
        }
    };
    Some(ChartRef::Remote(RemoteChart { repository, name, version, digest, secret }))
}

/// Reads `sha256:` and 64 hex digits.
pub(super) fn digest(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return Some(text);
    }
    spot.wrong("is no digest; write `sha256:` and 64 lower-case hex digits");
    None
}

/// Reads `oci://host[:port]/path`; returns it without the scheme.
pub(super) fn oci(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let rest = text.strip_prefix("oci://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let inner =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
        bytes.iter().all(inner) && edge(bytes.first()) && edge(bytes.last())
    };
    let plain_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    if rest.contains('@') {
        spot.wrong("an address with `@`; credentials go into the Secret under `secretRef`, a digest under `digest`");
        return None;
    }
    if host.is_empty() || !plain_host || path.is_empty() || !path.split('/').all(part) {
        spot.wrong(
            "is no chart in a registry; write `oci://host/path/to/chart` in lower case, the version under `version`",
        );
        return None;
    }
    Some(rest.to_owned())
}

/// Names that are a folder and nothing else (attack case 7).
pub(super) fn chart_name(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if is_chart_name(&text) {
        return Some(text);
    }
    spot.wrong("is no name of a chart; use letters, digits, `-`, `_` and `.`, beginning with a letter or digit");
    None
}

/// Whether a text can be a chart's name and with it the name of a folder.
#[must_use]
pub fn is_chart_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.len() <= 250
        && text.bytes().all(inner)
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !text.contains("..")
}

fn release(spot: &Spot<'_>) -> Option<String> {
    let text = spot.object_name()?;
    if text.len() <= LONGEST_RELEASE {
        return Some(text);
    }
    spot.wrong(format!("Helm allows at most {LONGEST_RELEASE} characters for the name of a release"));
    None
}

fn kube_version(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let numbers = text.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    if (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.parse::<u32>().is_ok()) {
        return Some(text);
    }
    spot.wrong("is no version of Kubernetes; write one such as `\"1.33.0\"`");
    None
}

/// Reads values: a mapping of anything.
fn values(spot: &Spot<'_>) -> Option<Value> {
    spot.any_map()?;
    match spot.node.data {
        Data::Null => Some(empty()),
        _ => Some(Node::into_value(spot.node.clone())),
    }
}

fn colors(spot: &Spot<'_>) -> Option<BTreeMap<String, Value>> {
    let mut found = BTreeMap::new();
    for (entry, color) in spot.map()? {
        let Some(fields) = color.fields(&["values"], &[]) else { continue };
        found.insert(entry.key.clone(), fields.or("values", values, empty()));
    }
    Some(found)
}

fn values_from(spot: &Spot<'_>) -> Option<ValuesFrom> {
    let (which, inner) = spot.one_of("source of values", &["configMap", "secret"], &[])?;
    let fields = inner.fields(&["name", "key", "target", "optional"], &[])?;
    Some(ValuesFrom {
        secret: which == "secret",
        name: fields.need("name", "its name in Teal's namespace")?.object_name()?,
        key: fields.or("key", Spot::text, VALUES_KEY.to_owned()),
        target: fields.get("target").and_then(|spot| target(&spot)),
        optional: fields.or("optional", Spot::truth, false),
    })
}

fn target(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if text.split('.').all(|part| !part.is_empty() && !part.contains(['[', ']', '\\'])) {
        return Some(text);
    }
    spot.wrong("is no path of values; write keys with dots between them, such as `auth.password`");
    None
}

fn preserve(spot: &Spot<'_>) -> Option<Preserve> {
    let fields = spot.fields(&["group", "kind", "name", "namespace", "fields"], &[])?;
    let kind = fields.need("kind", "a kind such as `Secret`").and_then(|spot| spot.text());
    let name = fields.need("name", "the object's name").and_then(|spot| spot.text());
    let (group, namespace) =
        (fields.get("group").and_then(|spot| spot.any_text()), fields.get("namespace").and_then(|spot| spot.label()));
    let pointers = fields.need("fields", "at least one field: `fields: [/data/password]`")?;
    let list = pointers.list()?;
    if list.is_empty() {
        pointers.wrong("names no field; write at least one, such as `/data/password`");
    }
    let fields = list.iter().filter_map(pointer).collect();
    Some(Preserve { group, kind: kind?, name: name?, namespace, fields })
}

fn pointer(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let identity = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace", "/metadata", ""];
    if !text.starts_with('/') || text.contains(',') {
        spot.wrong("is no JSON pointer; write one such as `/data/password`, with `~1` for a slash in a key");
        return None;
    }
    if identity.contains(&text.as_str()) {
        spot.wrong("is what an object is known by; keep a field below it");
        return None;
    }
    Some(text)
}
