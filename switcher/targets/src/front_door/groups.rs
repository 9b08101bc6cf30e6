//! A route's origin group, swapped in one change; and what is cached, thrown away after it.

use std::sync::PoisonError;

use teal_api::switch::{Destination, FrontDoorBy};
use teal_azure::front_door::{Found, Origin, Route};
use teal_azure::{Request, ResourceId};

use super::FrontDoorTarget;
use crate::arm;
use crate::error::TargetError;
use crate::flow::{Op, RoutedNow, Settled, Split, Written};

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

    /// Swaps the group, if the route is as a color left it, is enabled and at rest, and the new group can answer.
    pub(super) async fn swap(&self, endpoint: &str, route: &str, split: &Split) -> Result<Written, TargetError> {
        let color = split.only().ok_or_else(|| {
            self.unfit(format!("a route sends all or nothing ({split}); declare the origins of one group to split"))
        })?;
        let read = self.read_route(endpoint, route).await?;
        let before = self.route_now(&read);
        if let Some(written) = arm::unneeded(&self.shown, &before, split)? {
            return Ok(written);
        }
        if read.facts.enabled_state.eq_ignore_ascii_case("Disabled") {
            return Err(self.unfit("the route is disabled: a change of it would move nothing; enable it first"));
        }
        let name = self.group_of(color).ok_or_else(|| self.unfit(format!("{color} names no origin group")))?;
        let origins: Vec<Found<Origin>> =
            self.client.find_all(&self.profile.list_origins(name)).await.map_err(|error| self.azure(error))?;
        if !origins.iter().any(|origin| origin.facts.enabled()) {
            return Err(self.unfit(format!("the origin group {name} has no enabled origin: nothing would answer")));
        }
        let group = self.profile.id.child("originGroups", name).map_err(|error| self.unfit(error.to_string()))?;
        let sent = self.client.start(&self.profile.patch_route(endpoint, route, &group)).await;
        let back = self.read_route(endpoint, route).await.map(|route| self.route_now(&route));
        arm::judged(&self.shown, self.server(), sent, back, |now| now.is(split))
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
        if op.id.is_empty() || known.as_ref() == Some(&op.id) {
            return Ok(written);
        }
        match self.client.start(&purge).await {
            Ok(operation) => {
                *self.purged.lock().unwrap_or_else(PoisonError::into_inner) = Some(op.id.clone());
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
