//! Who else decides where requests go: routes and rules that name the groups, affinity, caches, a profile at work.

use teal_api::switch::{Affinity, Destination, FrontDoorBy};
use teal_azure::front_door::{Endpoint, Found, OriginGroup, Route, Rule};
use teal_azure::{AzureError, ResourceId};

use super::{FrontDoorTarget, groups, origins};
use crate::error::TargetError;
use crate::flow::Finding;

/// Everything of a profile that may name an origin group.
struct Names {
    /// Endpoint and route.
    routes: Vec<(String, Found<Route>)>,
    /// Rule set, rule, and the groups it overrides a route's with.
    overrides: Vec<(String, String, ResourceId)>,
}

impl FrontDoorTarget {
    pub(super) async fn findings(&self) -> Result<Vec<Finding>, TargetError> {
        let mut found = Vec::new();
        let facts = self.client.front_door(&self.profile).await.map_err(|error| self.azure(error))?;
        if !facts.sku.to_ascii_lowercase().ends_with("_azurefrontdoor") {
            found.push(Finding::refuse(format!("the profile is a {}, no Front Door Standard or Premium", facts.sku)));
            return Ok(found);
        }
        if facts.resource_state.eq_ignore_ascii_case("Disabled") {
            found.push(Finding::refuse("the profile is disabled"));
        }
        let names = self.names().await?;
        match &self.by {
            FrontDoorBy::Groups { endpoint, route } => self.of_groups(endpoint, route, &names, &mut found).await?,
            FrontDoorBy::Origins { group } => self.of_origins(group, &names, &mut found).await?,
        }
        Ok(found)
    }

    /// Reads all endpoints, routes, rule sets and rules.
    async fn names(&self) -> Result<Names, TargetError> {
        let azure = |error| self.azure(error);
        let endpoints: Vec<Found<Endpoint>> =
            self.client.find_all(&self.profile.list_endpoints()).await.map_err(azure)?;
        let mut names = Names { routes: Vec::new(), overrides: Vec::new() };
        for endpoint in endpoints {
            let routes = self.client.find_all(&self.profile.list_routes(&endpoint.name)).await.map_err(azure)?;
            names.routes.extend(routes.into_iter().map(|route| (endpoint.name.clone(), route)));
        }
        let sets: Vec<Found<serde_json::Value>> =
            self.client.find_all(&self.profile.list_rule_sets()).await.map_err(azure)?;
        for set in sets {
            let rules: Vec<Found<Rule>> =
                self.client.find_all(&self.profile.list_rules(&set.name)).await.map_err(azure)?;
            for rule in rules {
                let overrides = rule.facts.overrides().into_iter();
                names.overrides.extend(overrides.map(|group| (set.name.clone(), rule.name.clone(), group)));
            }
        }
        Ok(names)
    }

    async fn of_groups(
        &self,
        endpoint: &str,
        route: &str,
        names: &Names,
        found: &mut Vec<Finding>,
    ) -> Result<(), TargetError> {
        let own = names
            .routes
            .iter()
            .find(|(of, one)| of.eq_ignore_ascii_case(endpoint) && one.name.eq_ignore_ascii_case(route))
            .map(|(_, own)| own);
        match own {
            None => found.push(Finding::refuse(format!("there is no route `{route}` of the endpoint `{endpoint}`"))),
            Some(own) => self.of_route(own, names, found),
        }
        for (of, other) in &names.routes {
            let group = other.facts.origin_group.as_ref().and_then(|group| group.resource());
            let ours = group.as_ref().is_some_and(|group| self.color_of(group).is_some());
            if ours && own.is_none_or(|own| other.id != own.id) {
                found.push(Finding::warn(format!(
                    "the route {} of {of} names a color's origin group too, and is not moved",
                    other.name
                )));
            }
        }
        for (color, to) in self.colors.iter() {
            let Destination::Named(group) = to else { continue };
            self.of_group(group, color, found).await?;
        }
        Ok(())
    }

    /// The route that is to be moved, and the rules that move its requests elsewhere.
    fn of_route(&self, own: &Found<Route>, names: &Names, found: &mut Vec<Finding>) {
        found.extend(groups::disabled(own));
        if own.facts.cache_configuration.is_some() && self.purge.is_empty() {
            found.push(Finding::warn("the route caches answers: name content paths under `purge`, or old ones stay"));
        }
        // Only rule sets that the route uses can override its group.
        let used: Vec<String> = own
            .facts
            .rule_sets
            .iter()
            .flatten()
            .filter_map(|set| set.resource())
            .map(|set| set.name().to_ascii_lowercase())
            .collect();
        for (set, rule, group) in &names.overrides {
            if used.contains(&set.to_ascii_lowercase()) {
                found.push(Finding::refuse(format!(
                    "the rule {rule} of the rule set {set} sends some of the route's requests to the origin group {} whatever the route says: they would not move",
                    group.name()
                )));
            }
        }
    }

    /// A group that a color names: there, with an enabled origin, and without affinity.
    async fn of_group(&self, name: &str, color: &str, found: &mut Vec<Finding>) -> Result<(), TargetError> {
        found.extend(self.unanswered(name, color).await?);
        let Some(group) = self.group(name).await? else { return Ok(()) };
        self.affinity(name, group.facts.session_affinity_state.as_deref(), found);
        if group.facts.health_probe_settings.is_none() {
            found.push(Finding::warn(format!("the origin group {name} is never probed: a dead origin stays in use")));
        }
        Ok(())
    }

    /// An origin group; `None` when there is none of this name.
    async fn group(&self, name: &str) -> Result<Option<Found<OriginGroup>>, TargetError> {
        match self.client.find(&self.profile.get_group(name)).await {
            Ok(group) => Ok(Some(group)),
            Err(AzureError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.azure(error)),
        }
    }

    async fn of_origins(&self, name: &str, names: &Names, found: &mut Vec<Finding>) -> Result<(), TargetError> {
        let Some(group) = self.group(name).await? else {
            found.push(Finding::refuse(format!("there is no origin group `{name}`")));
            return Ok(());
        };
        self.affinity(name, group.facts.session_affinity_state.as_deref(), found);
        if origins::latency(&group) == 0 {
            found.push(Finding::warn(
                "latency sensitivity is 0 ms: the fastest origin gets all while two are enabled, so that steps by weight are refused",
            ));
        }
        found.extend(origins::missing(&self.read_origins(name).await?, &self.colors));
        let uses = |group: &ResourceId| group.name().eq_ignore_ascii_case(name) && self.profile.id.holds(group);
        let routed = names.routes.iter().any(|(_, route)| {
            route.facts.enabled_state.eq_ignore_ascii_case("Enabled")
                && route.facts.origin_group.as_ref().and_then(|one| one.resource()).is_some_and(|one| uses(&one))
        });
        let ruled = names.overrides.iter().any(|(_, _, group)| uses(group));
        if !routed && !ruled {
            found.push(Finding::refuse(
                "no enabled route and no rule sends anything to this group: a change would move nothing",
            ));
        }
        Ok(())
    }

    fn affinity(&self, group: &str, state: Option<&str>, found: &mut Vec<Finding>) {
        if state.is_some_and(|state| state.eq_ignore_ascii_case("Enabled")) {
            let what =
                format!("session affinity is on in the origin group {group}: clients that have its cookie do not move");
            found.push(if self.affinity == Affinity::Refuse { Finding::refuse(what) } else { Finding::warn(what) });
        }
    }
}
