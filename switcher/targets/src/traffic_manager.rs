//! A Traffic Manager profile: all endpoints in one PATCH, so that priorities never collide on the way.
//!
//! Routing by `Priority` moves all or nothing: the color that is to be live gets the smallest of the colors'
//! priorities. Routing by `Weighted` splits: weights are ten times the percent, and a color without any is disabled.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use teal_api::switch::TrafficManager;
use teal_azure::Client;
use teal_azure::traffic_manager::{Endpoint, Profile, ProfileFacts};

use crate::arm;
use crate::config::ConfigMistakes;
use crate::error::TargetError;
use crate::flow::{Colors, Finding, Op, Progress, RoutedNow, Settled, Split, Written, needed};
use crate::routed::{Truths, Weights};
use crate::target::Follower;

const SERVICE: &str = "trafficManager";
/// How long its name servers take to answer a change; an assumption: Azure documents none.
const BOUND: Duration = Duration::from_secs(90);

/// A profile.
pub(crate) struct TrafficManagerTarget {
    client: Client,
    profile: Profile,
    colors: Arc<Colors>,
    shown: String,
}

impl TrafficManagerTarget {
    pub(crate) fn new(declared: &TrafficManager, colors: Arc<Colors>, client: Client) -> Result<Self, ConfigMistakes> {
        let TrafficManager { subscription, resource_group, profile } = declared;
        let shown = format!("Traffic Manager {profile}");
        let profile = Profile::new(subscription, resource_group, profile).map_err(arm::place(SERVICE))?;
        Ok(Self { client, profile, colors, shown })
    }

    async fn facts(&self) -> Result<ProfileFacts, TargetError> {
        self.client.traffic_manager(&self.profile).await.map_err(|error| TargetError::azure(&self.shown, error))
    }

    fn seen(&self, facts: &ProfileFacts) -> RoutedNow {
        plan::now(facts, &self.colors)
    }

    fn unfit(&self, why: String) -> TargetError {
        TargetError::Unfit { target: self.shown.clone(), why }
    }
}

#[async_trait]
impl Follower for TrafficManagerTarget {
    fn name(&self) -> &str {
        &self.shown
    }

    fn truths(&self) -> Truths {
        Truths {
            kind: SERVICE,
            cas: false,
            ledger_limit: 0,
            weights: Some(Weights { least: 1, most: 1000 }),
            settling: Duration::ZERO,
            propagation_bound: BOUND,
            copies: false,
            named: true,
            rollback_lane: true,
            request_life: arm::request_life(&self.client),
            late_write: arm::LATE,
        }
    }

    async fn now(&self) -> Result<RoutedNow, TargetError> {
        Ok(self.seen(&self.facts().await?))
    }

    async fn route(&self, split: &Split, op: &Op) -> Result<Written, TargetError> {
        let facts = self.facts().await?;
        if let Some(why) = Finding::refusals(plan::findings(&facts, &needed(&self.colors, split, op.back))) {
            return Err(self.unfit(why));
        }
        let before = self.seen(&facts);
        let ttl = op.ttl.filter(|ttl| *ttl != facts.dns_config.ttl);
        match arm::unneeded(&self.shown, &before, split)? {
            Some(Written::Done(_)) if ttl.is_some() => {}
            Some(written) => return Ok(written),
            None => {}
        }
        let endpoints = plan::endpoints(&facts, &self.colors, split).map_err(|why| self.unfit(why))?;
        let request = self.profile.patch_endpoints(&endpoints, ttl);
        let sent = self.client.send(&request).await.map(|_| None);
        let back = self.now().await;
        let asked = |now: &RoutedNow| now.is(split) && op.ttl.is_none_or(|ttl| now.ttl == Some(ttl));
        arm::judged(&self.shown, &self.client.cloud().arm, sent, back, asked)
    }

    async fn poll(&self, _: &str) -> Result<Progress, TargetError> {
        // All its calls are synchronous.
        Ok(Progress::Succeeded)
    }

    async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        Ok(plan::findings(&self.facts().await?, &self.colors))
    }

    fn clock_skew(&self) -> Option<i64> {
        self.client.clock_skew()
    }
}

/// The endpoint of a color.
fn endpoint_of<'a>(endpoints: &'a [Endpoint], name: &str) -> Option<&'a Endpoint> {
    endpoints.iter().find(|endpoint| endpoint.name.eq_ignore_ascii_case(name))
}

/// A profile that is off answers that its name does not exist.
fn off(facts: &ProfileFacts) -> bool {
    facts.profile_status.eq_ignore_ascii_case("Disabled")
}

/// All is in force with the answer; a profile that is off is in force nowhere.
fn settled(facts: &ProfileFacts) -> Settled {
    if off(facts) {
        return Settled::Failed { why: "the profile is disabled: its name does not exist".to_owned() };
    }
    Settled::Yes
}
