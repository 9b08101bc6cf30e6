//! A backend pool of a Front Door (classic): the whole resource is read and put. It ends on 2027-03-31; every look
//! says so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use teal_api::switch::{Destination, FrontDoorClassic};
use teal_azure::Client;
use teal_azure::front_door_classic::{self as classic, Classic, END};

use crate::arm;
use crate::config::ConfigMistakes;
use crate::error::TargetError;
use crate::flow::{Colors, Finding, Op, Progress, RoutedNow, Split, Written, needed, shares};
use crate::routed::{Truths, Weights};
use crate::target::Follower;

const SERVICE: &str = "frontDoorClassic";
/// How long a change takes to reach all edges, and as long again for one that was queued before it.
const SETTLING: Duration = Duration::from_secs(45 * 60);

/// A pool of a classic Front Door.
pub(crate) struct ClassicTarget {
    client: Client,
    classic: Classic,
    pool: String,
    colors: Arc<Colors>,
    shown: String,
}

impl ClassicTarget {
    pub(crate) fn new(
        declared: &FrontDoorClassic,
        colors: Arc<Colors>,
        client: Client,
    ) -> Result<Self, ConfigMistakes> {
        let FrontDoorClassic { subscription, resource_group, front_door, pool } = declared;
        let shown = format!("pool {pool} of the classic Front Door {front_door}");
        let classic = Classic::new(subscription, resource_group, front_door).map_err(arm::place(SERVICE))?;
        Ok(Self { client, classic, pool: pool.clone(), colors, shown })
    }

    async fn body(&self) -> Result<Value, TargetError> {
        self.client.classic(&self.classic).await.map_err(|error| TargetError::azure(&self.shown, error))
    }

    /// The color whose address this is.
    fn color_of(&self, address: &str) -> Option<&String> {
        let address = address.trim_end_matches('.').to_ascii_lowercase();
        self.colors.iter().find(|(_, to)| own(to).contains(&address)).map(|(color, _)| color)
    }

    /// What each backend of a color gets, so that together they get the color's share.
    fn weight(&self, color: &str, split: &Split) -> u32 {
        let backends = self.colors.get(color).map_or(1, |to| own(to).len().max(1));
        let (share, backends) = (split.share(color), u32::try_from(backends).unwrap_or(u32::MAX));
        if share == 0 { 0 } else { (share.saturating_mul(10) / backends).clamp(1, 1000) }
    }

    fn seen(&self, body: &Value) -> RoutedNow {
        let Some(backends) = classic::backends(body, &self.pool) else {
            return RoutedNow::foreign("nothing: there is no such pool");
        };
        let on: Vec<_> = backends.iter().filter(|one| one.enabled_state.eq_ignore_ascii_case("Enabled")).collect();
        // Only the smallest priority gets traffic while it is healthy.
        let first = on.iter().map(|one| one.priority.unwrap_or(1)).min();
        let live: Vec<_> = on.into_iter().filter(|one| Some(one.priority.unwrap_or(1)) == first).collect();
        let now = match live.iter().find(|one| self.color_of(&one.address).is_none()) {
            Some(strange) => RoutedNow::foreign(format!("the backend {}", strange.address)),
            None if live.is_empty() => RoutedNow::foreign("nothing: no backend is enabled"),
            None => {
                let mut weights: BTreeMap<String, u32> = BTreeMap::new();
                for one in &live {
                    if let Some(color) = self.color_of(&one.address) {
                        *weights.entry(color.clone()).or_default() += one.weight.unwrap_or(50);
                    }
                }
                RoutedNow { shares: shares(&weights), ..RoutedNow::all("") }
            }
        };
        let state = body.pointer("/properties/provisioningState").or_else(|| body.pointer("/properties/resourceState"));
        let state = state.and_then(Value::as_str).unwrap_or_default();
        RoutedNow { settled: arm::settled("the Front Door", state), warnings: vec![ends()], ..now }
    }

    /// What forbids a change that needs these colors, and what should be known.
    fn findings(&self, body: &Value, needed: &Colors) -> Vec<Finding> {
        let mut found = vec![Finding::warn(ends())];
        match classic::backends(body, &self.pool) {
            None => found.push(Finding::refuse(format!("there is no backend pool `{}`", self.pool))),
            Some(backends) => {
                for (color, to) in needed {
                    let there = |address: &String| backends.iter().any(|one| one.address.eq_ignore_ascii_case(address));
                    let missing: Vec<String> = own(to).into_iter().filter(|address| !there(address)).collect();
                    if !missing.is_empty() {
                        let missing = missing.join(", ");
                        found.push(Finding::refuse(format!("the pool has no backend {missing} for {color}")));
                    }
                }
            }
        }
        let state = body.pointer("/properties/enabledState").and_then(Value::as_str).unwrap_or_default();
        if state.eq_ignore_ascii_case("Disabled") {
            found.push(Finding::refuse("the Front Door is disabled: enable it first"));
        }
        found
    }
}

fn ends() -> String {
    format!("Front Door (classic) ends on {END}: migrate to Standard or Premium before that")
}

/// A destination's addresses as a classic Front Door writes them.
fn own(to: &Destination) -> Vec<String> {
    match to {
        Destination::Ip(list) => list.iter().map(ToString::to_string).collect(),
        Destination::Ipv6(list) => list.iter().map(ToString::to_string).collect(),
        Destination::Cname(name) | Destination::ResourceId(name) | Destination::Named(name) => vec![name.clone()],
    }
}

#[async_trait]
impl Follower for ClassicTarget {
    fn name(&self) -> &str {
        &self.shown
    }

    fn truths(&self) -> Truths {
        Truths {
            kind: SERVICE,
            cas: false,
            ledger_limit: 0,
            weights: Some(Weights { least: 1, most: 1000 }),
            settling: SETTLING,
            propagation_bound: SETTLING,
            copies: false,
            named: false,
            rollback_lane: false,
            request_life: arm::request_life(&self.client),
            late_write: arm::LATE,
        }
    }

    async fn now(&self) -> Result<RoutedNow, TargetError> {
        Ok(self.seen(&self.body().await?))
    }

    async fn route(&self, split: &Split, op: &Op) -> Result<Written, TargetError> {
        let body = self.body().await?;
        if let Some(why) = Finding::refusals(self.findings(&body, &needed(&self.colors, split, op.back))) {
            return Err(TargetError::Unfit { target: self.shown.clone(), why });
        }
        let before = self.seen(&body);
        if let Some(written) = arm::unneeded(&self.shown, &before, split)? {
            return Ok(written);
        }
        let weight = |address: &str| self.color_of(address).map(|color| self.weight(color, split));
        let changed = classic::with_weights(body, &self.pool, weight);
        let changed = changed.map_err(|error| TargetError::azure(&self.shown, error))?;
        let sent = self.client.start(&self.classic.put(changed)).await;
        let back = self.now().await;
        arm::judged(&self.shown, &self.client.cloud().arm, sent, back, |now| now.is(split))
    }

    async fn poll(&self, operation: &str) -> Result<Progress, TargetError> {
        arm::poll(&self.client, SERVICE, &self.shown, self.classic.get().needs, operation).await
    }

    async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        Ok(self.findings(&self.body().await?, &self.colors))
    }

    fn clock_skew(&self) -> Option<i64> {
        self.client.clock_skew()
    }
}
