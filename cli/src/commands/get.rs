//! `teal get syncs|units`: the answer of a cluster's agent to "is it fine, and if not, why".

use anyhow::{Context, Result};
use kube::api::{Api, ListParams};
use kube::config::{Config, KubeConfigOptions};
use kube::{Client, ResourceExt};
use teal_api::conditions::{READY, holds};
use teal_api::sync::SyncObject;
use teal_api::unit::UnitObject;

use crate::exit::{FINE, NOT_SO, Unreachable};
use crate::style::{table, tame};

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// One a cluster.
    #[value(alias = "sync")]
    Syncs,
    /// One a directory of the fleet.
    #[value(alias = "unit")]
    Units,
}

/// Prints a table. 0 when all are Ready, 1 otherwise.
pub(crate) async fn get(kind: Kind, context: Option<String>, json: bool) -> Result<u8> {
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    let config =
        Config::from_kubeconfig(&options).await.context("no kubeconfig can be used; set KUBECONFIG or --context")?;
    let client = Client::try_from(config)?;
    let all = ListParams::default();
    let away = || Unreachable("the API server does not answer".to_owned());
    let (rows, objects, ready) = match kind {
        Kind::Syncs => {
            let items = Api::<SyncObject>::all(client).list(&all).await.with_context(away)?.items;
            (
                items.iter().map(sync_row).collect::<Vec<_>>(),
                serde_json::to_value(&items)?,
                items.iter().all(sync_ready),
            )
        }
        Kind::Units => {
            let items = Api::<UnitObject>::all(client).list(&all).await.with_context(away)?.items;
            (items.iter().map(unit_row).collect(), serde_json::to_value(&items)?, items.iter().all(unit_ready))
        }
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&objects)?);
    } else if rows.is_empty() {
        println!("none found");
    } else {
        let heading: &[&str] = match kind {
            Kind::Syncs => &["NAME", "COLOR", "ROLE", "READY", "REVISION", "PIN", "STATUS"],
            Kind::Units => &["NAME", "LAYER", "PATH", "READY", "OBJECTS", "STATUS"],
        };
        print!("{}", table(heading, &rows));
    }
    Ok(if ready { FINE } else { NOT_SO })
}

fn sync_ready(sync: &SyncObject) -> bool {
    sync.status.as_ref().is_some_and(|status| holds(&status.conditions, READY))
}

fn unit_ready(unit: &UnitObject) -> bool {
    unit.status.as_ref().is_some_and(|status| holds(&status.conditions, READY))
}

fn word(ready: bool) -> String {
    if ready { "True" } else { "False" }.to_owned()
}

fn told(conditions: &[teal_api::conditions::Condition]) -> String {
    conditions.iter().find(|one| one.type_ == READY).map(|one| tame(&one.message)).unwrap_or_default()
}

fn short(id: Option<&String>) -> String {
    id.map(|id| id.get(..8).unwrap_or(id).to_owned()).unwrap_or_else(|| "-".to_owned())
}

fn sync_row(sync: &SyncObject) -> Vec<String> {
    let status = sync.status.clone().unwrap_or_default();
    let role = status.role.map_or("-", teal_api::sync::Role::as_str).to_owned();
    let (ready, pin) = (word(sync_ready(sync)), short(sync.spec.pin.as_ref()));
    vec![
        sync.name_any(),
        sync.spec.color.clone(),
        role,
        ready,
        short(status.revision.as_ref()),
        pin,
        told(&status.conditions),
    ]
}

fn unit_row(unit: &UnitObject) -> Vec<String> {
    let status = unit.status.clone().unwrap_or_default();
    let objects = format!("{}/{}", status.ready, status.objects);
    vec![
        unit.name_any(),
        unit.spec.layer.clone(),
        unit.spec.path.clone(),
        word(unit_ready(unit)),
        objects,
        told(&status.conditions),
    ]
}
