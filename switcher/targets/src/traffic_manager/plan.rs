//! Pure: what a profile's endpoints mean, and what they must be for a split.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teal_api::switch::Destination;
use teal_azure::traffic_manager::{Endpoint, ProfileFacts};

use super::{endpoint_of, off, settled};
use crate::flow::{Colors, Finding, RoutedNow, Split, shares};

/// How a profile chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Priority,
    Weighted,
}

fn method(facts: &ProfileFacts) -> Option<Method> {
    match facts.traffic_routing_method.to_ascii_lowercase().as_str() {
        "priority" => Some(Method::Priority),
        "weighted" => Some(Method::Weighted),
        _ => None,
    }
}

fn read(facts: &ProfileFacts) -> Vec<Endpoint> {
    facts.endpoints.iter().map(Endpoint::of).collect()
}

/// The endpoint's name of each color.
fn names(colors: &Colors) -> BTreeMap<&str, &str> {
    let named = colors.iter().filter_map(|(color, to)| match to {
        Destination::Named(name) => Some((color.as_str(), name.as_str())),
        _ => None,
    });
    named.collect()
}

fn color_of<'a>(names: &BTreeMap<&'a str, &str>, endpoint: &Endpoint) -> Option<&'a str> {
    names.iter().find(|(_, name)| endpoint.name.eq_ignore_ascii_case(name)).map(|(color, _)| *color)
}

/// Where the profile sends traffic, as it is configured.
pub(super) fn now(facts: &ProfileFacts, colors: &Colors) -> RoutedNow {
    let (endpoints, names) = (read(facts), names(colors));
    let live: Vec<&Endpoint> = endpoints.iter().filter(|endpoint| endpoint.enabled()).collect();
    let mut warnings = warnings(&endpoints, &names);
    let now = match method(facts) {
        None => RoutedNow::foreign(format!("whatever routing by {} chooses", facts.traffic_routing_method)),
        Some(Method::Priority) => match live.iter().min_by_key(|endpoint| endpoint.priority.unwrap_or(u32::MAX)) {
            None => RoutedNow::foreign("nothing: no endpoint is enabled"),
            Some(first) => {
                if first.monitor.eq_ignore_ascii_case("Degraded") && live.len() > 1 && !first.always_serve {
                    warnings.push(format!("{} is first but Degraded: the next one answers", first.name));
                }
                match color_of(&names, first) {
                    Some(color) => RoutedNow::all(color),
                    None => RoutedNow::foreign(format!("the endpoint {}, which is first", first.name)),
                }
            }
        },
        Some(Method::Weighted) => {
            let strange = live.iter().find(|endpoint| color_of(&names, endpoint).is_none());
            let weight = |endpoint: &&Endpoint| {
                color_of(&names, endpoint).map(|color| (color.to_owned(), endpoint.weight.unwrap_or(1)))
            };
            match (strange, live.is_empty()) {
                (Some(strange), _) => RoutedNow::foreign(format!("the endpoint {}, by its weight", strange.name)),
                (None, true) => RoutedNow::foreign("nothing: no endpoint is enabled"),
                (None, false) => {
                    let weights: BTreeMap<String, u32> = live.iter().filter_map(weight).collect();
                    RoutedNow { shares: shares(&weights), ..RoutedNow::all("") }
                }
            }
        }
    };
    RoutedNow { ttl: Some(facts.dns_config.ttl), settled: settled(facts), warnings, ..now }
}

fn warnings(endpoints: &[Endpoint], names: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut found = Vec::new();
    for endpoint in endpoints.iter().filter(|endpoint| color_of(names, endpoint).is_some()) {
        if endpoint.always_serve {
            found.push(format!("{} is always served (alwaysServe), whatever its probes say", endpoint.name));
        }
        if endpoint.enabled() && endpoint.monitor.eq_ignore_ascii_case("CheckingEndpoint") {
            found.push(format!("{} is answered before its first probe has ended (CheckingEndpoint)", endpoint.name));
        }
    }
    let judged: Vec<&Endpoint> = endpoints.iter().filter(|endpoint| endpoint.enabled()).collect();
    if !judged.is_empty() && judged.iter().all(|endpoint| endpoint.monitor.eq_ignore_ascii_case("Degraded")) {
        found.push("every endpoint is Degraded: all of them are answered".to_owned());
    }
    found
}

/// What forbids a move, and what should be known.
pub(super) fn findings(facts: &ProfileFacts, colors: &Colors) -> Vec<Finding> {
    let (endpoints, names) = (read(facts), names(colors));
    let mut found: Vec<Finding> = warnings(&endpoints, &names).into_iter().map(Finding::warn).collect();
    if off(facts) {
        found.push(Finding::refuse("the profile is disabled: its name does not exist; enable it first"));
    }
    let method = method(facts);
    if method.is_none() {
        found.push(Finding::refuse(format!(
            "it routes by {}; Teal moves profiles that route by Priority or Weighted",
            facts.traffic_routing_method
        )));
    }
    for (color, name) in &names {
        if endpoint_of(&endpoints, name).is_none() {
            found.push(Finding::refuse(format!("there is no endpoint `{name}` for {color}")));
        }
    }
    let mut by_priority: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for endpoint in &endpoints {
        if let Some(priority) = endpoint.priority {
            by_priority.entry(priority).or_default().push(&endpoint.name);
        }
    }
    for (priority, same) in by_priority.iter().filter(|(_, same)| same.len() > 1) {
        let same = same.join(" and ");
        found.push(Finding::refuse(format!("{same} have the same priority {priority}: give each its own first")));
    }
    let unnamed = endpoints.iter().filter(|endpoint| endpoint.priority.is_none()).count();
    if method == Some(Method::Priority) && unnamed > 0 {
        found.push(Finding::refuse("an endpoint has no priority: give each its own first"));
    }
    if method == Some(Method::Priority) {
        found.push(Finding::warn(
            "routing by Priority goes to the next endpoint by itself when the first is Degraded, without Teal",
        ));
    }
    found
}

/// The whole endpoint list for a split, from the list as it was read; untouched ones are as they were.
pub(super) fn endpoints(facts: &ProfileFacts, colors: &Colors, split: &Split) -> Result<Vec<Value>, String> {
    let names = names(colors);
    let mut list = facts.endpoints.clone();
    match method(facts) {
        None => return Err(format!("it routes by {}", facts.traffic_routing_method)),
        Some(Method::Priority) => {
            let color = split.only().ok_or_else(|| format!("routing by Priority can't split traffic ({split})"))?;
            by_priority(&mut list, &names, color)?;
        }
        Some(Method::Weighted) => {
            for value in &mut list {
                let Some(color) = color_of(&names, &Endpoint::of(value)) else { continue };
                let share = split.share(color);
                value["properties"]["endpointStatus"] = json!(if share > 0 { "Enabled" } else { "Disabled" });
                if share > 0 {
                    value["properties"]["weight"] = json!(share.saturating_mul(10).clamp(1, 1000));
                }
            }
        }
    }
    Ok(list)
}

/// The color gets the smallest of the colors' priorities; the others keep their order behind it.
fn by_priority(list: &mut [Value], names: &BTreeMap<&str, &str>, color: &str) -> Result<(), String> {
    let mut ours: Vec<(usize, u32, bool)> = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let endpoint = Endpoint::of(value);
        if let Some(found) = color_of(names, &endpoint) {
            let priority = endpoint.priority.ok_or_else(|| format!("{} has no priority", endpoint.name))?;
            ours.push((at, priority, found == color));
        }
    }
    let mut priorities: Vec<u32> = ours.iter().map(|(_, priority, _)| *priority).collect();
    priorities.sort_unstable();
    ours.sort_by_key(|(_, priority, wanted)| (!wanted, *priority));
    if ours.first().is_none_or(|(_, _, wanted)| !wanted) {
        return Err(format!("there is no endpoint for {color}"));
    }
    for ((at, _, wanted), priority) in ours.into_iter().zip(priorities) {
        list[at]["properties"]["priority"] = json!(priority);
        if wanted {
            list[at]["properties"]["endpointStatus"] = json!("Enabled");
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
