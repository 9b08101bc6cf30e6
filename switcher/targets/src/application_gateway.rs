//! A backend pool of an Application Gateway: the whole gateway is read and put, since PATCH changes tags only. Open
//! requests end by the settings' connection draining. A gateway that a controller in a cluster writes is refused: its
//! next write would undo ours, or ours its.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use teal_api::switch::{ApplicationGateway, Destination};
use teal_azure::Client;
use teal_azure::gateway::{self, Gateway};

use crate::arm;
use crate::config::ConfigMistakes;
use crate::error::TargetError;
use crate::flow::{Colors, Finding, Op, Progress, RoutedNow, Split, Written};
use crate::routed::Truths;
use crate::target::Follower;

const SERVICE: &str = "applicationGateway";
/// How long a gateway works on a change; an assumption: Azure documents none, and updates one domain at a time.
const SETTLING: Duration = Duration::from_secs(15 * 60);
/// How long after a change is said to be done a new request may still go by the old pool; an assumption: Azure documents
/// none. Connection draining is no part of it: for up to an hour, as the gateway's settings say, it lets requests that are
/// *open* end where they are, as nothing ends open connections behind a DNS record either. A look tells how long.
const BOUND: Duration = Duration::from_secs(60);

/// A pool of a gateway.
pub(crate) struct ApplicationGatewayTarget {
    client: Client,
    gateway: Gateway,
    pool: String,
    colors: Arc<Colors>,
    shown: String,
}

impl ApplicationGatewayTarget {
    pub(crate) fn new(
        declared: &ApplicationGateway,
        colors: Arc<Colors>,
        client: Client,
    ) -> Result<Self, ConfigMistakes> {
        let ApplicationGateway { subscription, resource_group, gateway, pool } = declared;
        let shown = format!("pool {pool} of the Application Gateway {gateway}");
        let gateway = Gateway::new(subscription, resource_group, gateway).map_err(arm::place(SERVICE))?;
        Ok(Self { client, gateway, pool: pool.clone(), colors, shown })
    }

    async fn body(&self) -> Result<Value, TargetError> {
        self.client.gateway(&self.gateway).await.map_err(|error| TargetError::azure(&self.shown, error))
    }

    fn seen(&self, body: &Value) -> RoutedNow {
        let now = match gateway::pool(body, &self.pool) {
            None => RoutedNow::foreign("nothing: there is no such pool"),
            Some(found) if found.is_empty() => RoutedNow::foreign("nothing: the pool is empty"),
            Some(found) => match self.colors.iter().find(|(_, to)| addresses(to) == found) {
                Some((color, _)) => RoutedNow::all(color),
                None => RoutedNow::foreign(found.join(", ")),
            },
        };
        let state = body.pointer("/properties/provisioningState").and_then(Value::as_str).unwrap_or_default();
        RoutedNow { settled: arm::settled("the gateway", state), ..now }
    }

    fn findings(&self, body: &Value) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(mark) = gateway::controller(body) {
            found.push(Finding::refuse(format!(
                "an ingress controller in a cluster writes this gateway ({mark}): two writers would undo each other; move by DNS, or by a gateway of its own"
            )));
        }
        if gateway::pool(body, &self.pool).is_none() {
            found.push(Finding::refuse(format!("there is no backend address pool `{}`", self.pool)));
        }
        let state = body.pointer("/properties/operationalState").and_then(Value::as_str).unwrap_or_default();
        if state.eq_ignore_ascii_case("Stopped") {
            found.push(Finding::refuse("the gateway is stopped: start it first"));
        }
        match gateway::draining(body, &self.pool) {
            Some(seconds) => found.push(Finding::warn(format!(
                "open requests keep their old address for up to {seconds} s after a change (connection draining); new ones do not wait for them"
            ))),
            None => found.push(Finding::warn(
                "connection draining is off in a setting of this pool: open requests are cut by a change",
            )),
        }
        found
    }
}

/// A destination as a gateway writes it.
fn addresses(to: &Destination) -> Vec<String> {
    let mut list: Vec<String> = match to {
        Destination::Ip(list) => list.iter().map(ToString::to_string).collect(),
        Destination::Ipv6(list) => list.iter().map(ToString::to_string).collect(),
        Destination::Cname(name) | Destination::ResourceId(name) | Destination::Named(name) => vec![name.clone()],
    };
    list.sort();
    list.dedup();
    list
}

#[async_trait]
impl Follower for ApplicationGatewayTarget {
    fn name(&self) -> &str {
        &self.shown
    }

    fn truths(&self) -> Truths {
        Truths {
            kind: SERVICE,
            cas: false,
            ledger_limit: 0,
            weights: None,
            settling: SETTLING,
            propagation_bound: BOUND,
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

    async fn route(&self, split: &Split, _: &Op) -> Result<Written, TargetError> {
        let unfit = |why: String| TargetError::Unfit { target: self.shown.clone(), why };
        let color = split.only().ok_or_else(|| unfit(format!("a pool can't split traffic ({split})")))?;
        let body = self.body().await?;
        if let Some(why) = Finding::refusals(self.findings(&body)) {
            return Err(unfit(why));
        }
        let before = self.seen(&body);
        if let Some(written) = arm::unneeded(&self.shown, &before, split)? {
            return Ok(written);
        }
        let to = self.colors.get(color).map(addresses).unwrap_or_default();
        let changed =
            gateway::with_pool(body, &self.pool, &to).map_err(|error| TargetError::azure(&self.shown, error))?;
        let sent = self.client.start(&self.gateway.put(changed)).await;
        let back = self.now().await;
        arm::judged(&self.shown, &self.client.cloud().arm, sent, back, |now| now.is(split))
    }

    async fn poll(&self, operation: &str) -> Result<Progress, TargetError> {
        arm::poll(&self.client, SERVICE, &self.shown, self.gateway.get().needs, operation).await
    }

    async fn preflight(&self) -> Result<Vec<Finding>, TargetError> {
        Ok(self.findings(&self.body().await?))
    }

    fn clock_skew(&self) -> Option<i64> {
        self.client.clock_skew()
    }
}
