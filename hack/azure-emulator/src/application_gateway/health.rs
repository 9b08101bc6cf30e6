//! The health of what is behind a gateway, by real probes.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::GATEWAY;
use crate::check::{is, list, number, text};
use crate::probe::{Ask, Job, Known, Probing};
use crate::world::{Resource, World};

/// What probes found of one server.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u64,
    answered: bool,
    why: Option<String>,
}

/// The pool and the settings that a server is behind.
#[derive(Clone, Debug)]
pub(super) struct Of {
    pool: String,
    settings: String,
    tolerated: u64,
}

/// All servers of a gateway that rules lead to; pools without a rule are probed with each of the settings, as nothing
/// else says how.
fn jobs(gateway: &Resource) -> Vec<Job<Of>> {
    let body = Value::Object(gateway.body.clone());
    let mut all = Vec::new();
    for pool in list(&body, "/properties/backendAddressPools") {
        let pool_id = text(pool, "/id").unwrap_or_default();
        let used: Vec<&str> = list(&body, "/properties/requestRoutingRules")
            .iter()
            .filter(|rule| is(rule, "/properties/backendAddressPool/id", pool_id))
            .filter_map(|rule| text(rule, "/properties/backendHttpSettings/id"))
            .collect();
        for settings in list(&body, "/properties/backendHttpSettingsCollection") {
            let settings_id = text(settings, "/id").unwrap_or_default();
            if !used.is_empty() && !used.iter().any(|used| used.eq_ignore_ascii_case(settings_id)) {
                continue;
            }
            for address in list(pool, "/properties/backendAddresses") {
                if let Some(address) = text(address, "/fqdn").or_else(|| text(address, "/ipAddress")) {
                    all.push(job(gateway, &body, pool_id, settings, address));
                }
            }
        }
    }
    all
}

fn job(gateway: &Resource, body: &Value, pool: &str, settings: &Value, address: &str) -> Job<Of> {
    let settings_id = text(settings, "/id").unwrap_or_default();
    let probe = list(body, "/properties/probes")
        .iter()
        .find(|probe| text(settings, "/properties/probe/id").is_some_and(|wanted| is(probe, "/id", wanted)))
        .unwrap_or(&Value::Null);
    let port = number(settings, "/properties/port").and_then(|port| u16::try_from(port).ok()).unwrap_or(80);
    let host = text(probe, "/properties/host")
        .filter(|host| !host.is_empty())
        .or_else(|| text(settings, "/properties/hostName"))
        .unwrap_or(if address.parse::<std::net::IpAddr>().is_ok() { "127.0.0.1" } else { address });
    let codes: Vec<(u16, u16)> = list(probe, "/properties/match/statusCodes").iter().filter_map(codes).collect();
    let ask = if is(settings, "/properties/protocol", "Tcp") || is(settings, "/properties/protocol", "Tls") {
        Ask::Tcp
    } else {
        Ask::Http {
            https: text(probe, "/properties/protocol")
                .or_else(|| text(settings, "/properties/protocol"))
                .is_some_and(|p| p.eq_ignore_ascii_case("Https")),
            method: Method::GET,
            host: host.to_owned(),
            path: text(probe, "/properties/path").unwrap_or("/").to_owned(),
            headers: Vec::new(),
            good: if codes.is_empty() { vec![(200, 399)] } else { codes },
        }
    };
    let seconds = |pointer: &str| Duration::from_secs(number(probe, pointer).unwrap_or(30).max(1));
    Job {
        key: format!("{}|{pool}|{settings_id}|{address}", gateway.id.key()),
        host: address.to_owned(),
        port,
        ask,
        interval: seconds("/properties/interval"),
        timeout: seconds("/properties/timeout"),
        of: Of {
            pool: pool.to_owned(),
            settings: settings_id.to_owned(),
            tolerated: number(probe, "/properties/unhealthyThreshold").unwrap_or(3),
        },
    }
}

/// `200-399` or `200`.
fn codes(text: &Value) -> Option<(u16, u16)> {
    let text = text.as_str()?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// Answers of `backendhealth`.
pub(super) fn all(world: &mut World, gateway: &Resource) -> Value {
    /// Settings' ids with their servers.
    type OfPool = Vec<(String, Vec<Value>)>;
    let mut pools: Vec<(String, OfPool)> = Vec::new();
    let body = Value::Object(gateway.body.clone());
    for pool in list(&body, "/properties/backendAddressPools") {
        pools.push((text(pool, "/id").unwrap_or_default().to_owned(), Vec::new()));
    }
    for job in jobs(gateway) {
        let server = server(world, gateway, &job);
        let Some((_, settings)) = pools.iter_mut().find(|(pool, _)| *pool == job.of.pool) else { continue };
        match settings.iter_mut().find(|(id, _)| *id == job.of.settings) {
            Some((_, servers)) => servers.push(server),
            None => settings.push((job.of.settings, vec![server])),
        }
    }
    let shown: Vec<Value> = pools
        .into_iter()
        .map(|(pool, settings)| {
            let settings: Vec<Value> = settings
                .into_iter()
                .map(|(id, servers)| json!({"backendHttpSettings": {"id": id}, "servers": servers}))
                .collect();
            json!({"backendAddressPool": {"id": pool}, "backendHttpSettingsCollection": settings})
        })
        .collect();
    json!({ "backendAddressPools": shown })
}

/// The part of the answer for one pool and settings.
pub(super) fn of_pool(world: &mut World, gateway: &Resource, pool: &str, settings: &str) -> Value {
    let servers: Vec<Value> = jobs(gateway)
        .into_iter()
        .filter(|job| job.of.pool.eq_ignore_ascii_case(pool) && job.of.settings.eq_ignore_ascii_case(settings))
        .map(|job| server(world, gateway, &job))
        .collect();
    json!({"backendHttpSettings": {"id": settings}, "servers": servers})
}

/// One server: Unknown until a probe has answered, or while the gateway is stopped.
fn server(world: &mut World, gateway: &Resource, job: &Job<Of>) -> Value {
    let known = world.runtime::<Known<Health>>().of(job).filter(|_| !is_stopped(gateway));
    let health = match known {
        Some(state) if state.failures == 0 && state.answered => "Up",
        Some(state) if state.failures >= job.of.tolerated || (state.failures > 0 && !state.answered) => "Down",
        Some(state) if state.answered => "Up",
        _ => "Unknown",
    };
    let mut shown = json!({"address": job.host, "health": health});
    if let Some(why) = known.and_then(|state| state.why.clone()).filter(|_| health == "Down") {
        shown["healthProbeLog"] = why.into();
    }
    shown
}

fn is_stopped(gateway: &Resource) -> bool {
    gateway.property("operationalState").as_str().is_some_and(|state| state.eq_ignore_ascii_case("Stopped"))
}

impl Probing for Health {
    type Of = Of;

    fn servers(world: &mut World) -> (Vec<Job<Of>>, Timestamp) {
        let gateways = world.store.all().filter(|one| one.id.is(GATEWAY) && !is_stopped(one));
        (gateways.flat_map(|gateway| jobs(gateway)).collect(), Timestamp::MAX)
    }

    fn probed(&mut self, _: &Job<Of>, outcome: &Result<Duration, String>) {
        match outcome {
            Ok(_) => (self.failures, self.answered, self.why) = (0, true, None),
            Err(why) => (self.failures, self.why) = (self.failures + 1, Some(why.clone())),
        }
    }
}
