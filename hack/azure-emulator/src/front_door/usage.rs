//! What is in use: rules over a whole profile, checked before a write or a delete goes through.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rules::groups_of;
use crate::check::{is, list, text};

/// The resources of a profile by their ids in lower case.
pub(crate) type Resources = BTreeMap<String, Value>;

/// Routes and rules that name the group `id` (lower case).
pub(crate) fn users_of_group(resources: &Resources, id: &str) -> Vec<String> {
    resources
        .iter()
        .filter(|(user, body)| {
            let routed = user.contains("/routes/")
                && text(body, "/properties/originGroup/id").is_some_and(|used| used.eq_ignore_ascii_case(id));
            let ruled = user.contains("/rulesets/") && groups_of(body).iter().any(|used| used == id);
            routed || ruled
        })
        .map(|(user, _)| user.clone())
        .collect()
}

/// Routes that name `id` (lower case) among the references at `pointer` (`customDomains` or `ruleSets`).
pub(crate) fn routes_with(resources: &Resources, pointer: &str, id: &str) -> Vec<String> {
    resources
        .iter()
        .filter(|(user, body)| {
            user.contains("/routes/")
                && list(body, pointer)
                    .iter()
                    .any(|one| text(one, "/id").is_some_and(|used| used.eq_ignore_ascii_case(id)))
        })
        .map(|(user, _)| user.clone())
        .collect()
}

/// Why the origin `id` (lower case) may not be disabled or deleted: it is the last enabled one of a group that a route
/// or a rule names. `None` if it may.
pub(crate) fn last_origin(resources: &Resources, id: &str) -> Option<String> {
    let (group, _) = id.rsplit_once("/origins/")?;
    let enabled = |body: &Value| !is(body, "/properties/enabledState", "Disabled");
    if !resources.get(id).is_some_and(enabled) {
        return None;
    }
    let prefix = format!("{group}/origins/");
    let others = resources.iter().filter(|(other, body)| other.starts_with(&prefix) && *other != id && enabled(body));
    let users = users_of_group(resources, group);
    (others.count() == 0 && !users.is_empty()).then(|| {
        format!(
            "Cannot disable or delete the last origin when the origin group is still associated with a route or a rule. \
             Please disassociate the origin group first. Associated: {}.",
            users.join(", ")
        )
    })
}

/// Why a route may not be written as `body`: it names what isn't there, or a group without an enabled origin, or takes
/// a domain and path that another route of the same endpoint has. `id` is the route's own, lower case.
pub(crate) fn route_refused(resources: &Resources, id: &str, body: &Value) -> Option<String> {
    let group = text(body, "/properties/originGroup/id").unwrap_or_default().to_ascii_lowercase();
    if !resources.contains_key(&group) {
        return Some(format!("The origin group '{group}' doesn't exist in this profile."));
    }
    let prefix = format!("{group}/origins/");
    if !resources.iter().any(|(o, body)| o.starts_with(&prefix) && !is(body, "/properties/enabledState", "Disabled")) {
        return Some(format!(
            "The origin group '{group}' needs at least one enabled origin before a route can use it."
        ));
    }
    for pointer in ["/properties/customDomains", "/properties/ruleSets"] {
        for used in list(body, pointer).iter().filter_map(|one| text(one, "/id")) {
            if !resources.contains_key(&used.to_ascii_lowercase()) {
                return Some(format!("'{used}' doesn't exist in this profile."));
            }
        }
    }
    let (routes, _) = id.rsplit_once('/')?;
    let domains = |body: &Value| {
        let custom = list(body, "/properties/customDomains").iter().filter_map(|one| text(one, "/id"));
        let mut all: Vec<String> = custom.map(str::to_ascii_lowercase).collect();
        if is(body, "/properties/linkToDefaultDomain", "Enabled") {
            all.push(String::new());
        }
        all
    };
    let patterns = |body: &Value| {
        let all = list(body, "/properties/patternsToMatch").iter().filter_map(Value::as_str);
        all.map(str::to_ascii_lowercase).collect::<Vec<_>>()
    };
    let prefix = format!("{routes}/");
    let (own_domains, own_patterns) = (domains(body), patterns(body));
    let clash = resources.iter().find(|(other, body)| {
        other.starts_with(&prefix)
            && *other != id
            && domains(body).iter().any(|domain| own_domains.contains(domain))
            && patterns(body).iter().any(|pattern| own_patterns.contains(pattern))
    });
    clash.map(|(other, _)| format!("The route '{other}' has the same domain and path already."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const P: &str = "/subscriptions/s/resourcegroups/g/providers/microsoft.cdn/profiles/p";

    fn resources(parts: &[(&str, Value)]) -> Resources {
        parts.iter().map(|(path, properties)| (format!("{P}/{path}"), json!({ "properties": properties }))).collect()
    }

    fn fleet() -> Resources {
        resources(&[
            ("origingroups/blue", json!({})),
            ("origingroups/blue/origins/one", json!({"enabledState": "Enabled"})),
            ("origingroups/blue/origins/two", json!({"enabledState": "Disabled"})),
            ("origingroups/green", json!({})),
            ("origingroups/green/origins/one", json!({"enabledState": "Enabled"})),
            ("afdendpoints/e", json!({})),
            (
                "afdendpoints/e/routes/r",
                json!({"originGroup": {"id": format!("{P}/originGroups/Blue")},
                "linkToDefaultDomain": "Enabled", "patternsToMatch": ["/*"]}),
            ),
        ])
    }

    #[test]
    fn the_last_origin_of_a_group_in_use_stays() {
        let mut all = fleet();
        let one = format!("{P}/origingroups/blue/origins/one");
        assert!(last_origin(&all, &one).is_some_and(|m| m.starts_with("Cannot disable or delete the last origin")));
        assert_eq!(last_origin(&all, &format!("{P}/origingroups/blue/origins/two")), None, "disabled already");
        assert_eq!(last_origin(&all, &format!("{P}/origingroups/green/origins/one")), None, "nothing uses it");
        all.insert(format!("{P}/origingroups/blue/origins/three"), json!({"properties": {"enabledState": "Enabled"}}));
        assert_eq!(last_origin(&all, &one), None, "another one is enabled");
    }

    #[test]
    fn a_rule_uses_a_group_too() {
        let mut all = fleet();
        let green = format!("{P}/origingroups/green");
        assert!(users_of_group(&all, &green).is_empty());
        let over = json!({"originGroupOverride": {"originGroup": {"id": format!("{P}/originGroups/GREEN")}}});
        let actions = json!([{"name": "RouteConfigurationOverride", "parameters": over}]);
        all.insert(format!("{P}/rulesets/s/rules/r"), json!({"properties": {"actions": actions}}));
        assert_eq!(users_of_group(&all, &green), [format!("{P}/rulesets/s/rules/r")]);
        assert!(last_origin(&all, &format!("{green}/origins/one")).is_some());
    }

    #[test]
    fn routes_need_what_they_name() {
        let all = fleet();
        let id = format!("{P}/afdendpoints/e/routes/new");
        let route = |patch: Value| {
            let mut properties = json!({"originGroup": {"id": format!("{P}/originGroups/green")},
                "linkToDefaultDomain": "Enabled", "patternsToMatch": ["/new/*"]});
            crate::check::merge(&mut properties, &patch);
            json!({ "properties": properties })
        };
        assert_eq!(route_refused(&all, &id, &route(json!({}))), None);
        for (patch, expected) in [
            (json!({"originGroup": {"id": format!("{P}/originGroups/none")}}), "doesn't exist"),
            (json!({"customDomains": [{"id": format!("{P}/customDomains/none")}]}), "doesn't exist"),
            (json!({"patternsToMatch": ["/other", "/*"]}), "same domain and path"),
        ] {
            let refused = route_refused(&all, &id, &route(patch.clone()));
            assert!(refused.as_deref().is_some_and(|m| m.contains(expected)), "{patch}: {refused:?}");
        }
        let mut empty = fleet();
        empty.remove(&format!("{P}/origingroups/green/origins/one"));
        assert!(route_refused(&empty, &id, &route(json!({}))).is_some_and(|m| m.contains("at least one enabled")));
    }
}
