//! A route's origin group, swapped in one change; and what is cached, thrown away after it.

use std::sync::PoisonError;

use teal_api::switch::{Destination, FrontDoorBy};
use teal_azure::front_door::{Found, Origin, Route};
use teal_azure::{AzureError, Request, ResourceId};

use super::FrontDoorTarget;
use crate::arm;
use crate::error::TargetError;
use crate::flow::{Finding, Op, RoutedNow, Settled, Split, Written};

/// Why a change of the route would move nothing.
pub(super) fn disabled(route: &Found<Route>) -> Option<Finding> {
    let off = route.facts.enabled_state.eq_ignore_ascii_case("Disabled");
    off.then(|| Finding::refuse("the route is disabled: a change of it would move nothing; enable it first"))
}

impl FrontDoorTarget {
    pub(super) async fn read_route(&self, endpoint: &str, route: &str) -> Result<Found<Route>, TargetError> {
        self.client.find(&self.profile.get_route(endpoint, route)).await.map_err(|error| self.azure(error))
    }

    /// The group's name of a color.
    fn group_of(&self, color: &str) -> Option<&str> {
        match self.colors.get(color) {
            Some(Destination::Named(name)) => Some(name),
            _ => None,
        }
    }

    /// The color whose group this is.
    pub(super) fn color_of(&self, group: &ResourceId) -> Option<&String> {
        let ours = self.profile.id.holds(group);
        let named =
            |to: &Destination| matches!(to, Destination::Named(name) if name.eq_ignore_ascii_case(group.name()));
        self.colors.iter().find(|(_, to)| ours && named(to)).map(|(color, _)| color)
    }

    /// Where a route sends requests.
    pub(super) fn route_now(&self, route: &Found<Route>) -> RoutedNow {
        let group = route.facts.origin_group.as_ref().and_then(|group| group.resource());
        let now = match &group {
            None => RoutedNow::foreign("nothing: the route has no origin group"),
            Some(group) => match self.color_of(group) {
                Some(color) => RoutedNow::all(color),
                None => RoutedNow::foreign(format!("the origin group {}", group.name())),
            },
        };
        let mut warnings = Vec::new();
        if route.facts.cache_configuration.is_some() && self.purge.is_empty() {
            warnings
                .push("the route caches answers and nothing is purged: old ones are served until they expire".into());
        }
        if route.facts.enabled_state.eq_ignore_ascii_case("Disabled") {
            warnings.push("the route is disabled: it gets no requests at all".into());
        }
        RoutedNow { settled: arm::settled("the route", &route.state), warnings, ..now }
    }

    /// Swaps the group, if the route is as a color left it and at rest, and nothing forbids it.
    pub(super) async fn swap(&self, endpoint: &str, route: &str, split: &Split) -> Result<Written, TargetError> {
        let read = self.read_route(endpoint, route).await?;
        let before = self.route_now(&read);
        if let Some(written) = arm::unneeded(&self.shown, &before, split)? {
            return Ok(written);
        }
        let group = self.wanted(&read, split).await?;
        let sent = self.client.start(&self.profile.patch_route(endpoint, route, &group)).await;
        let back = self.read_route(endpoint, route).await.map(|route| self.route_now(&route));
        arm::judged(&self.shown, self.server(), sent, back, |now| now.is(split))
    }

    /// The group that the route is to send to; else all that forbids it.
    async fn wanted(&self, route: &Found<Route>, split: &Split) -> Result<ResourceId, TargetError> {
        let mut found: Vec<Finding> = disabled(route).into_iter().collect();
        if split.only().is_none() {
            found.push(Finding::refuse(format!(
                "a route sends all or nothing ({split}); declare the origins of one group to split"
            )));
        }
        for color in split.0.keys() {
            if let Some(name) = self.group_of(color) {
                found.extend(self.unanswered(name, color).await?);
            }
        }
        if let Some(why) = Finding::refusals(found) {
            return Err(self.unfit(why));
        }
        let name = split.only().and_then(|color| self.group_of(color));
        let name = name.ok_or_else(|| self.unfit(format!("no origin group is declared for {split}")))?;
        self.profile.id.child("originGroups", name).map_err(|error| self.unfit(error.to_string()))
    }

    /// Why nothing would answer in a color's group.
    pub(super) async fn unanswered(&self, group: &str, color: &str) -> Result<Option<Finding>, TargetError> {
        let listed: Result<Vec<Found<Origin>>, AzureError> =
            self.client.find_all(&self.profile.list_origins(group)).await;
        match listed {
            Ok(origins) if origins.iter().any(|origin| origin.facts.enabled()) => Ok(None),
            Ok(_) => Ok(Some(Finding::refuse(format!(
                "the origin group {group} of {color} has no enabled origin: nothing would answer"
            )))),
            Err(AzureError::NotFound { .. }) => {
                Ok(Some(Finding::refuse(format!("there is no origin group `{group}` for {color}"))))
            }
            Err(error) => Err(self.azure(error)),
        }
    }

    /// The purge that is declared, if any; origins alone name no endpoint.
    pub(super) fn purges(&self) -> Option<Request> {
        match &self.by {
            FrontDoorBy::Groups { endpoint, .. } if !self.purge.is_empty() => {
                Some(self.profile.purge(endpoint, &self.purge, &[]))
            }
            _ => None,
        }
    }

    /// Once a change is done, throws away what is cached, once a move; and once more when the change has spread
    /// ([`Follower::clear`](crate::target::Follower::clear)). Purging gives no traffic: its failure is told and does not
    /// undo the change.
    pub(super) async fn purged(&self, written: Written, op: &Op) -> Result<Written, TargetError> {
        let (Written::Done(mut now), Some(purge)) = (written.clone(), self.purges()) else { return Ok(written) };
        let known = self.purged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let change = (op.id.clone(), op.back);
        if op.id.is_empty() || known.as_ref() == Some(&change) {
            return Ok(written);
        }
        match self.client.start(&purge).await {
            Ok(operation) => {
                *self.purged.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
                let Some(operation) = operation.map(|operation| operation.to_text()) else {
                    return Ok(Written::Done(now));
                };
                let what = "purging what is cached".to_owned();
                now.settled = Settled::Working { operation: Some(operation.clone()), what };
                Ok(Written::Working { operation: Some(operation), now })
            }
            Err(error) if error.transient() => Err(self.azure(error)),
            Err(error) => {
                now.warnings.push(format!("purging failed: {error}"));
                Ok(Written::Done(now))
            }
        }
    }
}
