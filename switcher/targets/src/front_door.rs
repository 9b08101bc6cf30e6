//! Azure Front Door Standard and Premium, where it is itself what moves (SWITCH §8): a route's origin group in one
//! PATCH, or the origins of one group by weight, one change at a time.
//!
//! There is no compare-and-set: everything is read again before a write and after it. Every change takes many minutes
//! and queues behind others; the answer's `provisioningState` says that it was taken, never that all edges have it.

mod groups;
mod origins;
mod preflight;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use teal_api::switch::{Affinity, FrontDoor, FrontDoorBy};
use teal_azure::front_door::Profile;
use teal_azure::{AzureError, Client};

use crate::arm;
use crate::config::ConfigMistakes;
use crate::error::TargetError;
use crate::flow::{Colors, Finding, Op, Progress, RoutedNow, Split, Written};
use crate::routed::{Truths, Weights};
use crate::target::Follower;

pub(super) const SERVICE: &str = "frontDoor";
/// Microsoft's own figure was up to 45 minutes for a change, later 20; a change queues behind another.
const SETTLING: Duration = Duration::from_secs(45 * 60);

/// A route, or a group of origins.
pub(crate) struct FrontDoorTarget {
    client: Client,
    profile: Profile,
    by: FrontDoorBy,
    purge: Vec<String>,
    affinity: Affinity,
    colors: Arc<Colors>,
    shown: String,
    /// The opId for which the cache has been purged, and whether on the way back, which has the same; lost with the process,
    /// and then purged once more.
    purged: Mutex<Option<(String, bool)>>,
}

impl FrontDoorTarget {
    pub(crate) fn new(declared: &FrontDoor, colors: Arc<Colors>, client: Client) -> Result<Self, ConfigMistakes> {
        let FrontDoor { subscription, resource_group, profile, by, purge, affinity } = declared;
        let shown = match by {
            FrontDoorBy::Groups { endpoint, route } => {
                format!("route {route} of {endpoint} in the Front Door {profile}")
            }
            FrontDoorBy::Origins { group } => format!("origin group {group} of the Front Door {profile}"),
        };
        let profile = Profile::new(subscription, resource_group, profile).map_err(arm::place(SERVICE))?;
        let (by, purge, affinity, purged) = (by.clone(), purge.clone(), *affinity, Mutex::default());
        Ok(Self { client, profile, by, purge, affinity, colors, shown, purged })
    }

    fn azure(&self, error: AzureError) -> TargetError {
        TargetError::azure(&self.shown, error)
    }

    fn unfit(&self, why: impl Into<String>) -> TargetError {
        TargetError::Unfit { target: self.shown.clone(), why: why.into() }
    }

    fn server(&self) -> &str {
        &self.client.cloud().arm
    }
}

#[async_trait]
impl Follower for FrontDoorTarget {
    fn name(&self) -> &str {
        &self.shown
    }

    fn truths(&self) -> Truths {
        let weights = match self.by {
            FrontDoorBy::Groups { .. } => None,
            FrontDoorBy::Origins { .. } => Some(Weights { least: 1, most: 1000 }),
        };
        Truths {
            kind: SERVICE,
            cas: false,
            ledger_limit: 0,
            weights,
            settling: SETTLING,
            propagation_bound: SETTLING,
            copies: self.purges().is_some(),
            named: false,
            rollback_lane: false,
            request_life: arm::request_life(&self.client),
            late_write: arm::LATE,
        }
    }

    async fn now(&self) -> Result<RoutedNow, TargetError> {
        match &self.by {
            FrontDoorBy::Groups { endpoint, route } => Ok(self.route_now(&self.read_route(endpoint, route).await?)),
            FrontDoorBy::Origins { group } => self.origins_now(group).await,
        }
    }

    async fn route(&self, split: &Split, op: &Op) -> Result<Written, TargetError> {
        let written = match &self.by {
            FrontDoorBy::Groups { endpoint, route } => self.swap(endpoint, route, split).await?,
            FrontDoorBy::Origins { group } => self.step(group, split, op.back).await?,
        };
        self.purged(written, op).await
    }

    async fn poll(&self, operation: &str) -> Result<Progress, TargetError> {
        arm::poll(&self.client, SERVICE, &self.shown, self.profile.get().needs, operation).await
    }

    async fn clear(&self) -> Result<Option<String>, TargetError> {
        let Some(purge) = self.purges() else { return Ok(None) };
        let started = self.client.start(&purge).await.map_err(|error| self.azure(error))?;
        Ok(started.map(|operation| operation.to_text()))
    }

    async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        self.findings().await
    }

    fn clock_skew(&self) -> Option<i64> {
        self.client.clock_skew()
    }
}
