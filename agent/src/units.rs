//! `Unit` objects: read at the start, written, and watched for those that somebody takes away.

use std::collections::{BTreeMap, BTreeSet};

use futures::{Stream, StreamExt, future};
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource, ResourceExt};
use serde_json::json;
use teal_api::names::AGENT_MANAGER;
use teal_api::sync::SyncObject;
use teal_api::unit::{UnitObject, UnitSpec, UnitStatus};
use teal_cluster::ApiError;

use crate::reporting::Reporter;

/// What the watch of Units tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnitNews {
    /// A list of all is asked for.
    Listing,
    /// All that were in it, by name.
    Listed(BTreeSet<String>),
    /// This one was deleted.
    Gone(String),
}

/// Watches all Units of the cluster, to hear which go.
pub(crate) fn news(client: &Client) -> impl Stream<Item = UnitNews> + use<> {
    let events = watcher(Api::<UnitObject>::all(client.clone()), watcher::Config::default()).default_backoff();
    let mut listed = BTreeSet::new();
    events.filter_map(move |event| {
        future::ready(match event {
            Ok(Event::Init) => {
                listed.clear();
                Some(UnitNews::Listing)
            }
            Ok(Event::InitApply(unit)) => {
                listed.insert(unit.name_any());
                None
            }
            Ok(Event::InitDone) => Some(UnitNews::Listed(std::mem::take(&mut listed))),
            Ok(Event::Delete(unit)) => Some(UnitNews::Gone(unit.name_any())),
            Ok(Event::Apply(_)) | Err(_) => None,
        })
    })
}

/// What stands in the cluster of this Sync's Units. Those of a Sync that had its name before are on their way out with it:
/// what it achieved is none of this one's.
pub(crate) async fn of(
    client: &Client,
    sync: &SyncObject,
) -> Result<BTreeMap<String, (UnitSpec, UnitStatus)>, ApiError> {
    let name = sync.name_any();
    let units = Api::<UnitObject>::all(client.clone()).list(&Default::default()).await?.items.into_iter();
    let ours = units.filter(|unit| unit.spec.sync == name && !is_anothers(unit, sync));
    Ok(ours.map(|unit| (unit.name_any(), (unit.spec, unit.status.unwrap_or_default()))).collect())
}

/// Whether it goes with another Sync than this very one.
fn is_anothers(unit: &UnitObject, sync: &SyncObject) -> bool {
    let mut owners = unit.owner_references().iter().filter(|owner| owner.controller == Some(true));
    owners.any(|owner| Some(&owner.uid) != sync.metadata.uid.as_ref())
}

impl Reporter {
    /// Takes in what the watch of Units tells: whatever went is written again.
    pub(crate) fn hear(&mut self, news: UnitNews) {
        match news {
            UnitNews::Listing => self.known_before = self.written_units.keys().cloned().collect(),
            // What was written since the list was asked for need not be in it.
            UnitNews::Listed(there) => {
                for slug in std::mem::take(&mut self.known_before).difference(&there) {
                    self.forget_unit(slug);
                }
            }
            UnitNews::Gone(slug) => self.forget_unit(&slug),
        }
    }

    fn forget_unit(&mut self, slug: &str) {
        if self.written_units.remove(slug).is_some() {
            self.touch();
        }
    }

    /// Writes a Unit unless it stands there already, as far as is known.
    pub(crate) async fn write_unit(
        &mut self,
        sync: &SyncObject,
        slug: &str,
        spec: UnitSpec,
        status: UnitStatus,
    ) -> Result<(), ApiError> {
        let written = self.written_units.get(slug);
        if written == Some(&(spec.clone(), status.clone())) {
            return Ok(());
        }
        self.wrote = true;
        let sent = self.send_unit(sync, slug, &spec, &status).await;
        // It went, and its watch has not told yet.
        match sent {
            Err(ApiError::NotFound) if self.written_units.remove(slug).is_some() => {
                self.send_unit(sync, slug, &spec, &status).await?;
            }
            sent => sent?,
        }
        self.written_units.insert(slug.to_owned(), (spec, status));
        Ok(())
    }

    async fn send_unit(
        &self,
        sync: &SyncObject,
        slug: &str,
        spec: &UnitSpec,
        status: &UnitStatus,
    ) -> Result<(), ApiError> {
        let api: Api<UnitObject> = Api::all(self.client.clone());
        match self.written_units.get(slug) {
            None => make(&api, sync, slug, spec).await?,
            Some((before, _)) if before != spec => {
                let spec = json!({"spec": spec});
                api.patch(slug, &PatchParams::default(), &Patch::Merge(&spec)).await?;
            }
            Some(_) => {}
        }
        let patch = json!({"apiVersion": UnitObject::api_version(&()), "kind": "Unit", "metadata": {"name": slug}, "status": status});
        api.patch_status(slug, &PatchParams::apply(AGENT_MANAGER).force(), &Patch::Apply(&patch)).await?;
        Ok(())
    }

    pub(crate) async fn delete_unit(&mut self, slug: &str) -> Result<(), ApiError> {
        self.wrote = true;
        let api: Api<UnitObject> = Api::all(self.client.clone());
        match api.delete(slug, &Default::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
        self.written_units.remove(slug);
        Ok(())
    }
}

/// Makes a Unit, or takes one over that is there although nobody knew.
async fn make(api: &Api<UnitObject>, sync: &SyncObject, slug: &str, spec: &UnitSpec) -> Result<(), ApiError> {
    let metadata = ObjectMeta {
        name: Some(slug.to_owned()),
        owner_references: sync.controller_owner_ref(&()).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    };
    let unit = UnitObject { metadata, spec: spec.clone(), status: None };
    let params = PostParams { field_manager: Some(AGENT_MANAGER.to_owned()), ..PostParams::default() };
    match api.create(&params, &unit).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        made => return Ok(made.map(drop)?),
    }
    match api.get_opt(slug).await? {
        // Its owner is gone and it would follow at any time: it makes room at once. An object has one controller.
        Some(old) if is_anothers(&old, sync) => {
            let this = Preconditions { uid: old.uid(), resource_version: None };
            match api.delete(slug, &DeleteParams { preconditions: Some(this), ..DeleteParams::default() }).await {
                // Gone already, or another one by now, of which the server will tell.
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                deleted => drop(deleted?),
            }
            api.create(&params, &unit).await?;
        }
        Some(_) => drop(api.patch(slug, &PatchParams::apply(AGENT_MANAGER).force(), &Patch::Apply(&unit)).await?),
        None => drop(api.create(&params, &unit).await?),
    }
    Ok(())
}

#[cfg(test)]
#[path = "units_tests.rs"]
mod tests;
