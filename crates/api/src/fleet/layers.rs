//! Layers: names once, folders inside the fleet, an order without a cycle.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Layer;
use crate::reader::{Spot, nearest};

/// Most layers of a fleet: their order is compared each with each.
const MOST: usize = 100;

/// Reads the layers in the order of the file.
pub(super) fn layers(spot: &Spot<'_>, timeout: Duration) -> Vec<Layer> {
    let Some(items) = spot.list() else { return Vec::new() };
    if items.is_empty() {
        spot.wrong("no layers; write at least one");
    }
    let mut found: Vec<Layer> = Vec::new();
    let mut waits: Vec<(String, Spot<'_>)> = Vec::new();
    if items.len() > MOST {
        spot.wrong(format!("{} layers; write at most {MOST}, with globs for many folders", items.len()));
        return Vec::new();
    }
    for item in &items {
        let Some((layer, after)) = layer(item, timeout) else { continue };
        if let Some(first) = found.iter().position(|other| other.name == layer.name) {
            item.wrong(format!(
                "layer `{}` is declared twice, first as number {}; name each once",
                layer.name,
                first + 1
            ));
        }
        waits.extend(after.into_iter().map(|spot| (layer.name.clone(), spot)));
        found.push(layer);
    }
    check_order(&found, &waits);
    found
}

fn layer<'a>(item: &Spot<'a>, default: Duration) -> Option<(Layer, Vec<Spot<'a>>)> {
    let fields = item.fields(&["name", "paths", "after", "timeout", "continueOnTimeout", "prune"], &["readiness"])?;
    let name = fields.need("name", "a name such as `apps`").and_then(|spot| spot.label());
    let paths = fields.need("paths", "folders: `paths: [apps/*]`").and_then(|spot| {
        let items = spot.list()?;
        if items.is_empty() {
            spot.wrong("no folders; write at least one, such as `apps/*`");
        }
        Some(items.iter().filter_map(folder).collect())
    });
    let after = fields.get("after").and_then(|spot| spot.list()).unwrap_or_default();
    let timeout = fields.or("timeout", |spot| spot.duration_from(Duration::from_secs(1)), default);
    let continue_on_timeout = fields.or("continueOnTimeout", Spot::truth, false);
    let max_share_percent = fields.get("prune").and_then(|spot| {
        let share = spot.fields(&["maxShare"], &[])?.get("maxShare")?;
        let percent = share.percent()?;
        // Whole percents suffice for a ceiling; rounding down never allows more than was written.
        Some(percent.floor() as u8)
    });
    let after_names = after.iter().filter_map(|spot| spot.text()).collect();
    let layer = Layer {
        name: name?,
        paths: paths.unwrap_or_default(),
        after: after_names,
        timeout,
        continue_on_timeout,
        max_share_percent,
    };
    Some((layer, after))
}

/// Reads a folder or a glob over folders, relative and inside the fleet.
pub(super) fn folder(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let path = text.trim_start_matches("./").trim_end_matches('/');
    if text.starts_with('/') || path.split('/').any(|part| part == ".." || part.eq_ignore_ascii_case(".git")) {
        spot.wrong(format!("`{text}` leaves the fleet; write a folder relative to the one of `teal.yaml`"));
        return None;
    }
    if path.is_empty() || path.split('/').any(str::is_empty) || path.contains('\\') {
        spot.wrong(format!("`{text}` is no folder; write one such as `apps/*`"));
        return None;
    }
    Some(path.to_owned())
}

fn check_order(layers: &[Layer], waits: &[(String, Spot<'_>)]) {
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    let mut told: Vec<Vec<String>> = Vec::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (name, spot) in waits {
        let Some(earlier) = spot.node.as_str() else { continue };
        if !seen.insert((name, earlier)) {
            spot.wrong(format!("`{earlier}` is named twice; name it once"));
            continue;
        }
        if !names.contains(&earlier) {
            spot.wrong(format!("no layer is called `{earlier}`; {}", nearest(earlier, &names)));
            continue;
        }
        let Some(cycle) = path(layers, earlier, name) else { continue };
        let mut members = cycle.clone();
        members.sort();
        if !told.contains(&members) {
            told.push(members);
            let ring: Vec<&str> = std::iter::once(name.as_str()).chain(cycle.iter().map(String::as_str)).collect();
            spot.wrong(format!("layers wait for each other: {}; remove one of these", ring.join(" after ")));
        }
    }
}

/// Returns the layers from `from` to `to` along `after`, both included; `None` when there is no way.
fn path(layers: &[Layer], from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = vec![from.to_owned()];
    while let Some(way) = ways.pop() {
        let last = way.last()?.clone();
        if last == to {
            return Some(way);
        }
        for next in layers.iter().filter(|layer| layer.name == last).flat_map(|layer| &layer.after) {
            if !seen.contains(next) {
                seen.push(next.clone());
                let mut longer = way.clone();
                longer.push(next.clone());
                ways.push(longer);
            }
        }
    }
    None
}
